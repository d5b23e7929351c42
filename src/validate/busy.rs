//! Whether the machine has time for what is measured on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a timer is tried.
const PERIOD: Duration = Duration::from_millis(5);
/// 99 of 100 timers may be late by this much.
const LATEST: Duration = Duration::from_millis(2);
/// The share of processor time that a hypervisor may take.
const STOLEN: f64 = 0.02;

/// Watches how late timers are while something else runs.
pub struct Watchman {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
    before: Option<(u64, u64)>,
}

impl Watchman {
    /// Starts to watch.
    pub fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut late = Vec::new();
            while !ended.load(Relaxed) {
                let began = Instant::now();
                std::thread::sleep(PERIOD);
                late.push(began.elapsed().saturating_sub(PERIOD));
            }
            late
        });
        Self {
            over,
            thread,
            before: processor_time(),
        }
    }

    /// Ends; returns why what was measured meanwhile means little, if it does.
    pub fn finish(self) -> Option<String> {
        self.over.store(true, Relaxed);
        let late = self.thread.join().unwrap_or_default();
        let stolen = self.before.zip(processor_time()).map(|(before, after)| {
            let all = after.1.saturating_sub(before.1).max(1);
            after.0.saturating_sub(before.0) as f64 / all as f64
        });
        judge(late, stolen.unwrap_or(0.0))
    }
}

fn judge(mut late: Vec<Duration>, stolen: f64) -> Option<String> {
    late.sort_unstable();
    let p99 = late.get(late.len() * 99 / 100).copied().unwrap_or_default();
    if p99 > LATEST {
        return Some(format!(
            "one timer in a hundred is late by {:.1} ms or more, at most {} ms are allowed",
            p99.as_secs_f64() * 1e3,
            LATEST.as_millis()
        ));
    }
    (stolen > STOLEN).then(|| {
        format!(
            "the hypervisor took {:.1} % of the processor time, at most {:.0} % are allowed",
            stolen * 100.0,
            STOLEN * 100.0
        )
    })
}

/// Processor time that a hypervisor has taken, and all, in ticks; unknown on systems without
/// `/proc`.
fn processor_time() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    // user nice system idle iowait irq softirq steal; what follows is counted in these.
    let ticks = text.lines().next()?.split_whitespace().skip(1).take(8);
    let ticks: Vec<u64> = ticks.map_while(|tick| tick.parse().ok()).collect();
    Some((*ticks.get(7)?, ticks.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_timer_in_a_hundred_is_enough() {
        let on_time = vec![Duration::from_micros(80); 990];
        assert_eq!(judge(on_time.clone(), 0.0), None);
        let late = [vec![Duration::from_millis(7); 20], on_time.clone()].concat();
        let why = judge(late, 0.0).unwrap_or_default();
        assert!(why.contains("late by 7.0 ms"), "{why}");
        assert!(judge(on_time, 0.03).is_some_and(|why| why.contains("3.0 %")));
        assert_eq!(judge(Vec::new(), 0.0), None);
    }
}
