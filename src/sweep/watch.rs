//! Progress of a sweep: a bar on a terminal, otherwise one line per point.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::failure::tell;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use soe_sim::Progress;
use soe_study::{Plan, PointDone, Status};

/// How often the bar is drawn anew.
const REFRESH: Duration = Duration::from_millis(200);

/// Shows the progress of a sweep.
pub struct Watch<'p> {
    plan: &'p Plan,
    points: Arc<AtomicUsize>,
    bar: Option<ProgressBar>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl<'p> Watch<'p> {
    /// Starts to watch.
    pub fn new(progress: Arc<Progress>, plan: &'p Plan) -> Self {
        let points = Arc::new(AtomicUsize::new(0));
        let is_terminal = std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| ProgressBar::new(0).with_style(style()));
        let thread = bar.clone().map(|bar| {
            let (done, ended) = channel::<()>();
            let points = Arc::clone(&points);
            let of = plan.points.len();
            let thread = std::thread::spawn(move || {
                while ended.recv_timeout(REFRESH) == Err(RecvTimeoutError::Timeout) {
                    let finished = u64::from(progress.replications.load(Relaxed));
                    if bar.length().is_some_and(|length| finished > length) {
                        bar.set_length(finished);
                    }
                    bar.set_position(finished);
                    let seconds = bar.elapsed().as_secs_f64().max(1e-3);
                    let events = progress.events.load(Relaxed) as f64;
                    let rate = match events {
                        0.0 => String::new(),
                        events => format!(", {:.1} M events/s", events / seconds / 1e6),
                    };
                    bar.set_message(format!(
                        "{}/{of} points, {} replications{rate}",
                        points.load(Relaxed),
                        HumanCount(finished),
                    ));
                }
                bar.finish_and_clear();
            });
            (done, thread)
        });
        Self {
            plan,
            points,
            bar,
            thread,
        }
    }

    /// Learns what is to be run.
    pub fn start(&self, status: Status) {
        self.points.store(status.finished_points, Relaxed);
        let damaged = match status.damaged {
            0 => String::new(),
            1 => "; one range of the journal is damaged and was skipped".to_owned(),
            places => format!("; {places} ranges of the journal are damaged and were skipped"),
        };
        if status.finished > 0 || status.damaged > 0 {
            tell(format_args!(
                "{} replications are finished already{damaged}",
                status.finished
            ));
        }
        if let Some(bar) = &self.bar {
            bar.set_length(status.missing);
        }
    }

    /// Reports a finished point.
    pub fn point(&self, done: PointDone) {
        let points = done.points as usize;
        let number = self.points.fetch_add(points, Relaxed) + points;
        let precision = match done.precision {
            Some(precision) if precision.is_finite() => {
                format!(", intervals within {:.1} %", precision * 100.0)
            }
            Some(_) => ", no interval".to_owned(),
            None => String::new(),
        };
        let failed = match done.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let line = format!(
            "{number}/{} {}: {} replications{precision}{failed}",
            self.plan.points.len(),
            self.plan.describe(done.point),
            done.replications
        );
        match &self.bar {
            Some(bar) if done.precision.is_some() || done.failed > 0 => bar.println(line),
            Some(_) => {}
            None => tell(line),
        }
    }

    /// Clears the bar.
    pub fn finish(self) {
        if let Some((done, thread)) = self.thread {
            drop(done);
            // Nothing depends on how the drawing ended.
            let _ = thread.join();
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("[{elapsed}] {wide_bar} {percent} %, {eta} left\n{msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
