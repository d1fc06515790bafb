//! How far a long run is: a line that is written over, for a person who waits, and for nobody else.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::screen::is_watched;

/// Nobody needs to know of anything shorter.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the line changes.
const PACE: Duration = Duration::from_millis(200);

/// A line that says how far something is.
#[derive(Debug)]
pub struct Progress {
    watched: bool,
    next: Instant,
    shown: bool,
}

impl Progress {
    /// Starts to wait.
    pub fn start() -> Self {
        Self { watched: is_watched(), next: Instant::now() + PATIENCE, shown: false }
    }

    /// Shows where things are, if it is time to.
    pub fn at(&mut self, line: impl FnOnce() -> String) {
        if !self.watched || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + PACE;
        self.shown = true;
        Self::write(&format!("\r\u{1b}[K{}", line()));
    }

    fn write(text: &str) {
        let mut out = std::io::stderr().lock();
        // There is nobody to tell if it fails.
        let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            Self::write("\r\u{1b}[K");
        }
    }
}
