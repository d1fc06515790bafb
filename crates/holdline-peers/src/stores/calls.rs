//! How a server is called: several groups in flight, each over a connection of its own.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use holdline_workloads::callers::IN_FLIGHT;

use super::{Failure, Ground};

/// Works all groups off, each queue of them over one connection; what they answer is added up.
pub(crate) fn queues<C: Send, G: Send>(
    connections: Vec<C>,
    mut queues: Vec<VecDeque<G>>,
    ground: &Ground,
    work: impl Fn(&mut C, G) -> Result<u64, Failure> + Sync,
) -> Result<(u64, Duration), Failure> {
    queues.resize_with(connections.len(), VecDeque::new);
    let pairs = connections.into_iter().zip(queues).collect();
    at_once(pairs, |(connection, queue): &mut (C, VecDeque<G>)| {
        let Some(group) = queue.pop_front() else {
            return Ok(None);
        };
        ground.check()?;
        work(connection, group).map(Some)
    })
}

/// The groups dealt out to as many queues as are in flight.
pub(crate) fn dealt<G>(groups: impl IntoIterator<Item = G>) -> Vec<VecDeque<G>> {
    let mut queues: Vec<VecDeque<G>> = (0..IN_FLIGHT).map(|_| VecDeque::new()).collect();
    for (at, group) in groups.into_iter().enumerate() {
        if let Some(queue) = queues.get_mut(at % IN_FLIGHT) {
            queue.push_back(group);
        }
    }
    queues
}

/// Calls each again and again in a thread of its own, until it has nothing more to do.
pub(crate) fn at_once<C: Send>(
    callers: Vec<C>,
    work: impl Fn(&mut C) -> Result<Option<u64>, Failure> + Sync,
) -> Result<(u64, Duration), Failure> {
    let sum = Mutex::new(0);
    let began = Instant::now();
    let call = |mut caller: C| {
        let mut own = 0;
        while let Some(done) = work(&mut caller)? {
            own += done;
        }
        *sum.lock().unwrap_or_else(PoisonError::into_inner) += own;
        Ok::<(), Failure>(())
    };
    let call = &call;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            callers.into_iter().map(|caller| scope.spawn(move || call(caller))).collect();
        let joined = threads.into_iter().map(|it| it.join().unwrap_or(Err("a caller died".into())));
        joined.collect::<Vec<_>>().into_iter().collect::<Result<(), Failure>>()
    })?;
    let took = began.elapsed();
    Ok((sum.into_inner().unwrap_or_else(PoisonError::into_inner), took))
}
