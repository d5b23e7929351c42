//! How much of the processors this process uses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the counters of the system are read.
const PERIOD: Duration = Duration::from_secs(1);
/// The seconds of the longest mean.
const KEPT: usize = 30;
/// Ticks of the counters in a second, on Linux.
const TICKS: f64 = 100.0;

/// The use of the processors by this process, second by second.
#[derive(Debug)]
pub struct ProcessUsage {
    workers: f64,
    seconds: Mutex<Seconds>,
}

#[derive(Debug, Default)]
struct Seconds {
    last: Option<(Instant, Times)>,
    /// Shares of a processor, the latest first.
    shares: VecDeque<Times>,
    /// Time since the start, in seconds.
    busy: Times,
}

/// Time in the process and in the system for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// In the process.
    pub user: f64,
    /// In the system.
    pub system: f64,
}

impl ProcessUsage {
    /// Nothing yet, of a process with so many workers.
    pub fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            workers: workers.max(1) as f64,
            seconds: Mutex::default(),
        })
    }

    /// Reads the counters every second, for ever.
    pub async fn watch(&self) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(times) = read() {
                self.note(Instant::now(), times);
            }
        }
    }

    fn note(&self, now: Instant, times: Times) {
        let mut seconds = self.seconds();
        if let Some((before, last)) = seconds.last.replace((now, times)) {
            let elapsed = now.saturating_duration_since(before).as_secs_f64();
            let more = Times {
                user: times.user - last.user,
                system: times.system - last.system,
            };
            seconds.busy.user += more.user;
            seconds.busy.system += more.system;
            if elapsed > 0.0 {
                seconds.shares.push_front(Times {
                    user: more.user / elapsed,
                    system: more.system / elapsed,
                });
            }
            seconds.shares.truncate(KEPT);
        }
    }

    /// The share of the workers in use, in percent, in the last second, 10 and 30
    /// seconds; as in the original, the time in the process counts.
    pub fn loads(&self) -> [u8; 3] {
        let seconds = self.seconds();
        [1, 10, KEPT].map(|last| {
            let shares = seconds.shares.iter().take(last);
            let count = shares.len();
            let sum: f64 = shares.map(|share| share.user).sum();
            let mean = sum / count.max(1) as f64 / self.workers;
            (mean * 100.0).round().clamp(0.0, 100.0) as u8
        })
    }

    /// The share of the workers in use in the last second.
    pub fn last_second(&self) -> Times {
        let share = self.seconds().shares.front().copied().unwrap_or_default();
        self.each(share)
    }

    /// The time in use since the start, for each worker.
    pub fn busy(&self) -> Times {
        let busy = self.seconds().busy;
        self.each(busy)
    }

    fn each(&self, times: Times) -> Times {
        Times {
            user: times.user / self.workers,
            system: times.system / self.workers,
        }
    }

    fn seconds(&self) -> MutexGuard<'_, Seconds> {
        self.seconds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The counters of the system.
fn read() -> Option<Times> {
    parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

fn parse(stat: &str) -> Option<Times> {
    // After the name, which may have blanks: user and system time are the 12th and 13th.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let mut next = || Some(fields.next()?.parse::<f64>().ok()? / TICKS);
    Some(Times {
        user: next()?,
        system: next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_behind_any_name() {
        let stat = "1 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 75 0 0";
        let times = Times {
            user: 2.5,
            system: 0.75,
        };
        assert_eq!(parse(stat), Some(times));
        assert_eq!(parse("1 (a"), None);
    }

    #[test]
    fn loads_are_means_over_the_workers() {
        let usage = ProcessUsage::new(2);
        let start = Instant::now();
        assert_eq!(usage.loads(), [0; 3]);
        let mut user = 0.0;
        // Ten seconds of one processor, then one of both.
        for second in 0..=11u32 {
            usage.note(
                start + Duration::from_secs(second.into()),
                Times { user, system: 0.0 },
            );
            user += if second < 10 { 1.0 } else { 2.0 };
        }
        assert_eq!(usage.loads(), [100, 55, 55]);
        assert_eq!(usage.busy().user, 6.0);
        assert_eq!(usage.last_second().user, 1.0);
    }
}
