//! How work in the background shares the machine with commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How work in the background shares the machine.
#[derive(Clone, Debug)]
pub enum Pace {
    /// It is waited for.
    Fast,
    /// Commands go on meanwhile: it rests longer than it works, so that none waits long behind it.
    /// No longer so once this says that it is waited for.
    Gentle(Arc<AtomicBool>),
}

/// What is worked at a time, at a gentle pace.
const WORK: Duration = Duration::from_millis(2);
/// How many times as long as it works it rests.
const REST: u32 = 3;

/// Has whoever works rest now and then.
#[derive(Debug)]
pub struct Rests {
    since: Instant,
    pace: Pace,
}

impl Rests {
    /// For work that begins now.
    #[must_use]
    pub fn new(pace: &Pace) -> Self {
        Self { since: Instant::now(), pace: pace.clone() }
    }

    /// Rests, if it is time to. To be called after each little piece of work.
    pub fn rest(&mut self) {
        let Pace::Gentle(awaited) = &self.pace else {
            return;
        };
        let worked = self.since.elapsed();
        if worked >= WORK && !awaited.load(Ordering::Relaxed) {
            std::thread::sleep(worked * REST);
            self.since = Instant::now();
        }
    }
}
