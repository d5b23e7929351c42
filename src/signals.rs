//! Signal handling of commands that compute.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use soe_sim::Progress;

use crate::failure::Failure;

/// The exit status after a second signal, as shells expect after Ctrl-C.
const IMPATIENT: i32 = 130;

/// The first SIGINT, SIGTERM or SIGHUP ends the run in order; the second ends the process
/// at once, whatever it does.
pub fn interrupts(progress: &Arc<Progress>) -> Result<(), Failure> {
    let progress = Arc::clone(progress);
    let handler = move || {
        if progress.interrupted.swap(true, Relaxed) {
            std::process::exit(IMPATIENT);
        }
    };
    ctrlc::set_handler(handler).map_err(Failure::run)
}
