//! Progress of a run on the terminal.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use sim_core::SimDuration;
use soe_model::deployment::RunControl;
use soe_sim::Progress;
use std::sync::Arc;

/// How often the line is drawn anew.
const REFRESH: Duration = Duration::from_millis(200);

/// Shows the progress of a run; nothing if standard error is
/// not a terminal.
pub struct Watch {
    done: Sender<()>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// Starts to watch.
    pub fn start(progress: Arc<Progress>, control: &RunControl) -> Self {
        let replications = u64::from(control.replications);
        // Calls or simulated time, whichever the run is limited by; in parts of a
        // thousand per replication.
        let (calls, duration) = (control.calls, control.duration);
        let (done, ended) = channel::<()>();
        let thread = std::thread::spawn(move || {
            let bar = ProgressBar::new(replications * 1000).with_style(style());
            while ended.recv_timeout(REFRESH) == Err(RecvTimeoutError::Timeout) {
                let part = |done: u64, of: u64| (done as f64 / of.max(1) as f64 * 1000.0) as u64;
                let by_calls = calls.map(|calls| part(progress.calls.load(Relaxed), calls));
                let simulated = progress.simulated.load(Relaxed);
                let by_time = duration.map(|time| part(simulated, time.as_nanos()));
                bar.set_position(by_calls.max(by_time).unwrap_or(0));
                let seconds = bar.elapsed().as_secs_f64().max(1e-3);
                let rate = progress.events.load(Relaxed) as f64 / seconds;
                bar.set_message(format!(
                    "{}/{replications} replications, {} calls, {} simulated, {:.1} M events/s",
                    progress.replications.load(Relaxed),
                    HumanCount(progress.calls.load(Relaxed)),
                    SimDuration::from_secs(simulated / 1_000_000_000),
                    rate / 1e6,
                ));
            }
            bar.finish_and_clear();
        });
        Self { done, thread }
    }

    /// Clears the line.
    pub fn finish(self) {
        drop(self.done);
        // Nothing depends on how the drawing ended.
        let _ = self.thread.join();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("[{elapsed}] {wide_bar} {percent} %, {eta} left\n{msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
