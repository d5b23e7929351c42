//! What protects the calls of a router, whatever its policy: ejection of destinations that
//! fail, a slow start of new ones, and failures that count as long latencies.
//!
//! All are off by default.

use sim_core::{SimDuration, SimTime};

use crate::catalogue::{Arguments, Catalogue, Configured, Kind, Parameter, Quantity};

/// What protects the calls of a router.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Safeguards {
    /// Which destinations get no calls for a while, if any.
    pub ejection: Option<Ejection>,
    /// How calls to new destinations increase.
    pub slow_start: SlowStart,
    /// The least latency that the optimizer learns from a failed call whose destination
    /// stays; zero if it learns nothing.
    pub failure_penalty: SimDuration,
}

/// When a destination gets no calls for a while.
///
/// A destination is ejected after some failures in a row, or if its share of successes is far
/// below that of the others, as in Envoy's outlier detection. After a time that doubles with each
/// ejection, one call tries it: it returns if that succeeds, as in Linkerd's failure
/// accrual. Errors with which functions answer are failures too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ejection {
    /// The number of failures in a row; 0 for any number.
    pub consecutive: u64,
    /// The time of the first ejection.
    pub base: SimDuration,
    /// The longest time. A destination that was good for as long starts again from `base`.
    pub most: SimDuration,
    /// The largest share of the destinations that are ejected at the same time; one always
    /// may be, but never all.
    pub share: f64,
    /// How often shares of successes are compared.
    pub interval: SimDuration,
    /// How many standard deviations below the mean of all destinations the share of
    /// successes may be; 0 if they are not compared.
    pub deviations: f64,
    /// The least number of calls in an interval for a destination to be compared.
    pub calls: u64,
    /// The least number of such destinations.
    pub destinations: u64,
}

impl Ejection {
    /// The largest number of ejected destinations of `count`.
    pub fn room(&self, count: usize) -> usize {
        // Truncates.
        let room = (self.share * count as f64) as usize;
        room.max(1).min(count.saturating_sub(1))
    }

    /// The time of an ejection after as many others.
    pub(super) fn time(&self, before: u32) -> SimDuration {
        let factor = 1u64 << before.min(62);
        let nanos = self.base.as_nanos().saturating_mul(factor);
        SimDuration::from_nanos(nanos.min(self.most.as_nanos().max(self.base.as_nanos())))
    }
}

/// The least share of successes that is not an outlier: the mean minus as many standard
/// deviations (of the population).
pub(super) fn threshold(rates: &[f64], deviations: f64) -> f64 {
    let count = rates.len() as f64;
    let mean = rates.iter().sum::<f64>() / count;
    let square = |rate: &f64| (rate - mean) * (rate - mean);
    let variance = rates.iter().map(square).sum::<f64>() / count;
    mean - deviations * variance.sqrt()
}

/// How calls to a destination increase after it has joined or returned.
///
/// As in Envoy: after a time `t` it gets the share `max(0.1, (max(t, 1 s) / window)^(1 /
/// aggression))` of the calls that the policy assigns to it. The others go to other
/// destinations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowStart {
    /// How long it takes; zero if a new destination gets all calls at once.
    pub window: SimDuration,
    /// One of [`AGGRESSION`]: 1 for a linear increase, a greater number for a faster one.
    pub aggression: f64,
}

impl Default for SlowStart {
    fn default() -> Self {
        Self {
            window: SimDuration::ZERO,
            aggression: 1.0,
        }
    }
}

impl SlowStart {
    /// The share after a time.
    pub fn share(&self, after: SimDuration) -> f64 {
        if after >= self.window {
            return 1.0;
        }
        let ratio = after.as_secs_f64().max(1.0) / self.window.as_secs_f64();
        libm::pow(ratio, 1.0 / self.aggression).clamp(0.1, 1.0)
    }

    /// The share of a destination that has been here since then.
    pub(super) fn share_since(&self, now: SimTime, since: SimTime) -> f64 {
        self.share(now.since(since))
    }
}

/// The allowed values of [`SlowStart::aggression`].
pub const AGGRESSION: std::ops::RangeInclusive<f64> = 0.1..=100.0;

/// Makes the rules of ejection.
pub type EjectionBuilder = fn(&Arguments) -> Option<Ejection>;
/// The rules of ejection with their parameters.
pub type EjectionSpec = Configured<EjectionBuilder>;

/// All rules of ejection.
pub static EJECTIONS: Catalogue<EjectionBuilder> =
    Catalogue::new("ejection", "ejections", &[&NONE, &OUTLIERS]);

static NONE: Kind<EjectionBuilder> = Kind::new("none", "No destination is ejected.", |_| None);

static OUTLIERS: Kind<EjectionBuilder> = Kind {
    name: "outliers",
    help: "A destination is ejected for a while after failures in a row, or if it fails far more often than others; then one call tries it.",
    parameters: &[
        Parameter {
            name: "consecutive",
            quantity: Quantity::Count { min: 0 },
            default: Some("5"),
            help: "The number of failures in a row, errors of functions included; 0 for any number. The default is that of Envoy.",
        },
        Parameter {
            name: "base",
            quantity: Quantity::Duration,
            default: Some("1 s"),
            help: "The time of the first ejection, which doubles with each further one; the default is that of Linkerd.",
        },
        Parameter {
            name: "most",
            quantity: Quantity::Duration,
            default: Some("30 s"),
            help: "The longest time, and how long a destination must be good to start from `base` again; the default is that of prequal-rs.",
        },
        Parameter {
            name: "share",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.5"),
            help: "The largest share of destinations that are ejected at the same time; one always may be, but never all.",
        },
        Parameter {
            name: "interval",
            quantity: Quantity::Duration,
            default: Some("10 s"),
            help: "How often the shares of successes are compared, if they are; the default is that of Envoy.",
        },
        Parameter {
            name: "deviations",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("0"),
            help: "How many standard deviations below the mean the share of successes may be; 0 if it is not compared, 1.9 in Envoy.",
        },
        Parameter {
            name: "calls",
            quantity: Quantity::Count { min: 1 },
            default: Some("20"),
            help: "The least number of calls in an interval for a destination to be compared; 100 in Envoy.",
        },
        Parameter {
            name: "destinations",
            quantity: Quantity::Count { min: 2 },
            default: Some("3"),
            help: "The least number of destinations with as many calls; 5 in Envoy.",
        },
    ],
    version: 1,
    build: |arguments| {
        Some(Ejection {
            consecutive: arguments.count("consecutive"),
            base: arguments.duration("base"),
            most: arguments.duration("most"),
            share: arguments.number("share"),
            interval: arguments.duration("interval"),
            deviations: arguments.number("deviations"),
            calls: arguments.count("calls"),
            destinations: arguments.count("destinations"),
        })
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    fn outliers() -> Ejection {
        let configured = EJECTIONS.configure("outliers", vec![]).unwrap();
        (configured.kind.build)(&configured.arguments).unwrap()
    }

    #[test]
    fn the_share_after_a_start_is_that_of_envoy() {
        let window = SimDuration::from_secs(60);
        for (millis, linear, fast) in [
            (500, 0.1, 0.129_099),
            (6000, 0.1, 0.316_228),
            (15_000, 0.25, 0.5),
            (30_000, 0.5, std::f64::consts::FRAC_1_SQRT_2),
            (60_000, 1.0, 1.0),
        ] {
            for (aggression, expected) in [(1.0, linear), (2.0, fast)] {
                let slow = SlowStart { window, aggression };
                let share = slow.share(SimDuration::from_millis(millis));
                assert!((share - expected).abs() < 5e-7, "{millis} {share}");
            }
        }
        assert_eq!(SlowStart::default().share(SimDuration::ZERO), 1.0);
    }

    #[test]
    fn outliers_are_those_of_envoy() {
        for (rates, limit, out) in [
            (&[100.0, 100.0, 100.0, 100.0, 50.0][..], 52.0, 1),
            (
                &[99.0, 99.0, 99.0, 99.0, 99.0, 99.0, 99.0, 99.0, 99.0, 90.0],
                92.97,
                1,
            ),
            (&[100.0, 98.0, 99.0, 97.0, 60.0, 99.0], 64.7773, 1),
            (&[90.0; 6], 90.0, 0),
        ] {
            let found = threshold(rates, 1.9);
            assert!((found - limit).abs() < 5e-5, "{found}");
            assert_eq!(rates.iter().filter(|&&rate| rate < found).count(), out);
        }
    }

    #[test]
    fn few_are_ejected_at_a_time_and_for_at_most_a_while() {
        let with = |share| Ejection {
            share,
            ..outliers()
        };
        for (share, count, room) in [
            (0.1, 3, 1),
            (0.1, 10, 1),
            (0.1, 25, 2),
            (0.5, 4, 2),
            (0.5, 1, 0),
            (1.0, 1, 0),
            (1.0, 4, 3),
        ] {
            assert_eq!(with(share).room(count), room, "{share} {count}");
        }
        let times = [0, 1, 2, 4, 5, 63, u32::MAX].map(|before| outliers().time(before));
        let secs = [1, 2, 4, 16, 30, 30, 30].map(SimDuration::from_secs);
        assert_eq!(times, secs);
    }
}
