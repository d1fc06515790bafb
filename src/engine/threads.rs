//! The threads of the engine and what they share: the standard library's; in a build with
//! `--cfg holdline_orders` shuttle's, which tries one order after the other in which they go on.
//!
//! The engine relies on what is not received to be discarded with its receiver: whoever asked a
//! thread that has ended is told so by that.

#[cfg(holdline_orders)]
pub(crate) mod mpsc;

#[cfg(holdline_orders)]
pub(crate) use shuttle::{
    sync::{Mutex, MutexGuard, atomic},
    thread,
};
#[cfg(not(holdline_orders))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, atomic, mpsc},
    thread,
};

#[cfg(all(test, not(holdline_orders)))]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel, sync_channel};
    use std::time::Duration;

    #[test]
    fn what_nobody_receives_is_discarded_with_the_receiver() {
        let (bounded, waiting) = sync_channel(4);
        let (free, also_waiting) = channel();
        let (ask, answer) = channel::<()>();
        assert!(bounded.send(ask.clone()).is_ok() && free.send(ask).is_ok());
        drop((waiting, also_waiting));
        // The senders are still there.
        let told = answer.recv_timeout(Duration::from_secs(30));
        assert_eq!(told, Err(RecvTimeoutError::Disconnected));
        drop((bounded, free));
    }
}
