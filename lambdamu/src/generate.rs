//! Made-up accesses of applications to storage, for simulations over time without a
//! published trace.
//!
//! They are not fitted to any trace. Each application is busy and idle by turns for two
//! weeks: while busy it accesses its state every half minute on average, for about an
//! hour; while idle every two hours, for several hours. Applications differ in how long
//! they are idle.

use sim_core::{Stream, Streams};

use crate::timestamps::AppAccesses;

const DAY: f64 = 86_400_000.0;
const HOUR: f64 = 3_600_000.0;

/// How long the accesses go on, in milliseconds.
const SPAN: f64 = 14.0 * DAY;
/// Median and logarithmic deviation of the time that an application is busy.
const BUSY: (f64, f64) = (HOUR, 0.5);
/// The same of the time that it is idle, within one application and between them.
const IDLE: (f64, f64) = (4.0 * HOUR, 0.5);
const IDLE_BETWEEN: f64 = 0.4;
/// Mean time between accesses, busy and idle.
const BUSY_GAP: f64 = 30_000.0;
const IDLE_GAP: f64 = 2.0 * HOUR;
/// Share of the accesses that are writes.
const WRITES: f64 = 0.3;

/// The accesses of so many applications. The same number and seed give the same accesses,
/// and those of an application do not depend on how many others there are.
pub fn accesses(apps: usize, seed: u64) -> impl Iterator<Item = AppAccesses> {
    (0..apps).map(move |app| {
        let key = format!("user{:04},app{app:05}", app / 4);
        let mut stream = Streams::new(seed, 0).stream(&key, "accesses");
        let idle = IDLE.0 * libm::exp(IDLE_BETWEEN * stream.normal());
        AppAccesses {
            accesses: of_one(idle, &mut stream),
            key,
        }
    })
}

fn of_one(median_idle: f64, stream: &mut Stream) -> Vec<(f64, bool)> {
    let mut accesses = Vec::new();
    let mut is_busy = false;
    let mut clock = stream.uniform() * median_idle;
    let mut until = clock;
    while clock < SPAN {
        if clock >= until {
            is_busy = !is_busy;
            let (median, deviation) = if is_busy { BUSY } else { (median_idle, IDLE.1) };
            until = clock + median * libm::exp(deviation * stream.normal());
        }
        accesses.push((clock, stream.uniform() < WRITES));
        let gap = if is_busy { BUSY_GAP } else { IDLE_GAP };
        let next = clock - libm::log(1.0 - stream.uniform()) * gap;
        // The first access of a busy time is at its begin.
        clock = if is_busy || next < until { next } else { until };
    }
    accesses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Periods;

    #[test]
    fn applications_change_phase_often_and_do_not_depend_on_each_other() {
        let apps: Vec<AppAccesses> = accesses(40, 1).collect();
        let periods = Periods::of_apps(apps.iter().cloned(), 50).unwrap();
        assert!(periods.len() > 20, "{}", periods.len());
        for app in &apps {
            let times = app.accesses.windows(2);
            assert!(times.into_iter().all(|pair| pair[0].0 <= pair[1].0));
        }
        assert!(accesses(3, 1).eq(apps.into_iter().take(3)));
    }
}
