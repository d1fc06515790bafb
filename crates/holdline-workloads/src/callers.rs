//! How everything is called: by two threads, in groups of a thousand, with four groups in flight.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Commands or events of one group.
pub const GROUP: usize = 1_000;
/// Threads that call.
pub const CALLERS: usize = 2;
/// Groups that are in flight: half of them of each caller.
pub const IN_FLIGHT: usize = 4;

/// What came of calling.
#[derive(Clone, Debug)]
pub struct Driven {
    /// From the first call to the last answer.
    pub took: Duration,
    /// From each call to its answer, in no order.
    pub waits: Vec<Duration>,
}

/// Calls with every group, and hands every answer on. Groups go out in their order, whichever
/// caller has them, so that what comes of it depends on no race.
///
/// `submit` hands a group over and returns what to wait for; whatever answers at once does all of
/// it there.
///
/// # Errors
/// The first error of a call or an answer. What is in flight then is still waited for.
pub fn drive<G, P, A, E>(
    groups: impl Iterator<Item = G> + Send,
    submit: impl Fn(G) -> Result<P, E> + Sync,
    wait: impl Fn(P) -> Result<A, E> + Sync,
    answered: impl FnMut(A) -> Result<(), E> + Send,
) -> Result<Driven, E>
where
    G: Send,
    P: Send,
    A: Send,
    E: Send,
{
    let groups = Mutex::new(groups);
    let answered = Mutex::new(answered);
    let began = Instant::now();
    let caller = || {
        let mut waits = Vec::new();
        let mut flying = VecDeque::with_capacity(IN_FLIGHT / CALLERS);
        let mut more = true;
        while more || !flying.is_empty() {
            if more && flying.len() < IN_FLIGHT / CALLERS {
                let mut groups = locked(&groups);
                let Some(group) = groups.next() else {
                    more = false;
                    continue;
                };
                let called = Instant::now();
                flying.push_back((called, submit(group)?));
            } else if let Some((called, pending)) = flying.pop_front() {
                let answer = wait(pending)?;
                waits.push(called.elapsed());
                (*locked(&answered))(answer)?;
            }
        }
        Ok(waits)
    };
    let waits = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        let mut all = Vec::new();
        for caller in callers {
            match caller.join() {
                Ok(waits) => all.extend(waits?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })?;
    Ok(Driven { took: began.elapsed(), waits })
}

/// Whoever panicked with a lock ends the run when it is joined; the others may go on until then.
fn locked<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn groups_go_out_in_order_and_no_more_than_four_are_in_flight() {
        let (flying, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let order = Mutex::new(Vec::new());
        let mut sum = 0_usize;
        let driven = drive(
            0..500_usize,
            |group| {
                order.lock().unwrap().push(group);
                let now = flying.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                Ok::<_, String>(group)
            },
            |group| {
                flying.fetch_sub(1, Ordering::SeqCst);
                Ok(group)
            },
            |group| {
                sum += group;
                Ok(())
            },
        );
        assert_eq!(driven.unwrap().waits.len(), 500);
        assert_eq!(sum, (0..500).sum::<usize>());
        assert_eq!(order.into_inner().unwrap(), (0..500).collect::<Vec<_>>());
        assert!((2..=IN_FLIGHT).contains(&most.into_inner()));
    }

    #[test]
    fn the_first_error_ends_it() {
        let refuse = |group| if group == 7 { Err("seven") } else { Ok(group) };
        let driven = drive(0..100, refuse, Ok, |_| Ok(()));
        assert_eq!(driven.unwrap_err(), "seven");
    }
}
