//! Shuttle's channels, but for what becomes of what nobody has received when the receiver goes: it
//! is discarded then, as the standard library does it. So whoever waits for an answer to it is told
//! that there will be none.

use std::time::Duration;

use shuttle::sync::mpsc;
use shuttle::sync::mpsc::RecvError;
pub(crate) use shuttle::sync::mpsc::{RecvTimeoutError, Sender, SyncSender, TryRecvError};

/// A receiver that discards what it has not received.
#[derive(Debug)]
pub(crate) struct Receiver<T>(mpsc::Receiver<T>);

pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel();
    (sender, Receiver(receiver))
}

pub(crate) fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::sync_channel(bound);
    (sender, Receiver(receiver))
}

impl<T> Receiver<T> {
    pub(crate) fn recv(&self) -> Result<T, RecvError> {
        self.0.recv()
    }

    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv()
    }

    /// Time does not pass here.
    pub(crate) fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.0.recv_timeout(timeout)
    }

    pub(crate) fn try_iter(&self) -> impl Iterator<Item = T> {
        self.0.try_iter()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // Nobody goes on between the last look and the end: it is seen to be empty until then.
        while !std::thread::panicking() && self.0.try_recv().is_ok() {}
    }
}
