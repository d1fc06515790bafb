//! Being asked to stop: the first time what is in hand is finished and the directory closed, the
//! second time the process ends at once, for the journal is safe anyway.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::{Exit, Failure};
use crate::screen::tell;

/// How long whoever waits may take to see that it is asked to stop.
pub const STEP: Duration = Duration::from_millis(100);
/// What a shell adds to the number of a signal that ended a command.
const BY_SIGNAL: i32 = 128;

/// Whether somebody asked to stop.
#[derive(Debug, Default)]
pub struct Stop {
    /// The signal; 0 if there was none.
    by: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens from here on.
    pub fn listen() -> Result<Self, Failure> {
        let stop = Self::default();
        stop.register().map_err(|error| {
            Failure::input(format_args!("signals cannot be listened to: {error}"))
        })?;
        Ok(stop)
    }

    fn register(&self) -> io::Result<()> {
        let once = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal arms what the second one meets.
            flag::register_conditional_shutdown(signal, BY_SIGNAL + signal, Arc::clone(&once))?;
            flag::register(signal, Arc::clone(&once))?;
            let number = usize::try_from(signal).map_err(io::Error::other)?;
            flag::register_usize(signal, Arc::clone(&self.by), number)?;
        }
        Ok(())
    }

    /// Whether somebody did.
    pub fn is_asked(&self) -> bool {
        self.by.load(Ordering::Relaxed) != 0
    }

    /// Says what was done and how to go on, and how the command ends.
    pub fn told(&self, done: impl Display) -> Exit {
        let by_hand = usize::try_from(SIGINT) == Ok(self.by.load(Ordering::Relaxed));
        let (by, exit) =
            if by_hand { ("Ctrl-C", Exit::Interrupted) } else { ("SIGTERM", Exit::Terminated) };
        tell(format_args!("stopped by {by}: {done}"));
        exit
    }
}
