//! Being asked to stop: what was started is ended first, and a second time ends us at once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use holdline_peers::stores::Failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Listens from here on; the flag is raised at the first Ctrl-C or SIGTERM.
pub(super) fn listen() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal arms what the second one meets.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}
