//! Distributions of durations: how long an instance of a function takes to start.
//!
//! The exponential and the lognormal distribution are drawn by [`Stream`] itself. Gamma,
//! Weibull and triangular come from `rand_distr`, whose version is fixed in the lock file;
//! a test guards the bits of their draws.

mod empirical;
mod exponential;
mod fixed;
mod gamma;
mod lognormal;
mod triangular;
mod uniform;
mod weibull;

use std::fmt;
use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use crate::catalogue::{ArgumentError, Arguments, Catalogue, Configured};

/// A distribution of durations.
pub trait DurationDistribution: fmt::Debug + Send + Sync {
    /// Draws one duration.
    fn draw(&self, stream: &mut Stream) -> SimDuration;

    /// The mean.
    fn mean(&self) -> SimDuration;
}

/// Makes a distribution from its arguments.
///
/// Fails with [`ArgumentError::Conflict`] if the arguments contradict each other.
pub type BuildDuration = fn(&Arguments) -> Result<Arc<dyn DurationDistribution>, ArgumentError>;

/// A distribution with its arguments.
pub type DurationSpec = Configured<BuildDuration>;

/// All distributions of durations.
pub static DURATIONS: Catalogue<BuildDuration> = Catalogue::new(
    "duration distribution",
    "durations",
    &[
        &fixed::KIND,
        &uniform::KIND,
        &triangular::KIND,
        &exponential::KIND,
        &lognormal::KIND,
        &gamma::KIND,
        &weibull::KIND,
        &empirical::KIND,
    ],
);

/// Always the same duration.
pub fn fixed(duration: SimDuration) -> Arc<dyn DurationDistribution> {
    Arc::new(fixed::Fixed(duration))
}

/// A continuous draw in seconds as a duration; what is negative counts as zero.
fn seconds(secs: f64) -> SimDuration {
    SimDuration::from_secs_f64(secs.max(0.0))
}

/// That arguments of a kind contradict each other.
fn conflict(kind: &'static str, reason: String) -> ArgumentError {
    ArgumentError::Conflict { kind, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Value;
    use sim_core::Streams;

    fn build(name: &str, given: &[(&str, Value)]) -> Arc<dyn DurationDistribution> {
        let given = given.iter();
        let given = given.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let spec = DURATIONS.configure(name, given.collect()).unwrap();
        (spec.kind.build)(&spec.arguments).unwrap()
    }

    fn all() -> Vec<(&'static str, Arc<dyn DurationDistribution>)> {
        let ms = |ms| Value::Duration(SimDuration::from_millis(ms));
        let list = [100, 200, 900].map(SimDuration::from_millis);
        vec![
            ("fixed", build("fixed", &[("duration", ms(250))])),
            (
                "uniform",
                build("uniform", &[("min", ms(100)), ("max", ms(300))]),
            ),
            (
                "triangular",
                build(
                    "triangular",
                    &[("min", ms(100)), ("mode", ms(200)), ("max", ms(600))],
                ),
            ),
            ("exponential", build("exponential", &[("mean", ms(250))])),
            ("lognormal", build("lognormal", &[("mean", ms(250))])),
            (
                "gamma",
                build("gamma", &[("mean", ms(250)), ("shape", Value::Number(2.5))]),
            ),
            (
                "weibull",
                build(
                    "weibull",
                    &[("mean", ms(250)), ("shape", Value::Number(1.5))],
                ),
            ),
            (
                "empirical",
                build("empirical", &[("values", Value::DurationList(list.into()))]),
            ),
        ]
    }

    /// The first draws of each distribution, in nanoseconds: results of published runs
    /// depend on them, and a new version of `rand_distr` must not change them unnoticed.
    #[test]
    fn the_bits_of_draws_stay_as_they_are() {
        let draws = all().into_iter().map(|(name, distribution)| {
            let mut stream = Streams::new(42, 0).stream("computer", "start time");
            let draws = [(); 3].map(|()| distribution.draw(&mut stream).as_nanos());
            format!("{name} {draws:?}")
        });
        let draws: Vec<_> = draws.collect();
        assert_eq!(draws, GOLDEN);
    }

    const GOLDEN: [&str; 8] = [
        "fixed [250000000, 250000000, 250000000]",
        "uniform [163835851, 252486362, 236763705]",
        "triangular [230995733, 382023767, 348531721]",
        "exponential [96114057, 359325144, 287859735]",
        "lognormal [187139507, 118093748, 605577802]",
        "gamma [205409654, 127696485, 370101096]",
        "weibull [302565535, 116041399, 145304239]",
        "empirical [100000000, 900000000, 900000000]",
    ];

    #[test]
    fn the_mean_of_many_draws_is_the_mean() {
        for (name, distribution) in all() {
            let mut stream = Streams::new(1, 0).stream("computer", name);
            let draws = 200_000;
            let sum: f64 = (0..draws)
                .map(|_| distribution.draw(&mut stream).as_secs_f64())
                .sum();
            let (mean, expected) = (sum / f64::from(draws), distribution.mean().as_secs_f64());
            assert!(
                (mean / expected - 1.0).abs() < 0.01,
                "{name}: {mean} {expected}"
            );
        }
    }

    #[test]
    fn bounds_that_contradict_each_other_are_refused() {
        let ms = |ms| Value::Duration(SimDuration::from_millis(ms));
        let given = |list: &[(&str, u64)]| {
            list.iter()
                .map(|&(name, value)| (name.to_owned(), ms(value)))
                .collect()
        };
        for (kind, arguments) in [
            ("uniform", given(&[("min", 3), ("max", 2)])),
            ("triangular", given(&[("min", 3), ("mode", 2), ("max", 5)])),
        ] {
            let spec = DURATIONS.configure(kind, arguments).unwrap();
            assert!((spec.kind.build)(&spec.arguments).is_err(), "{kind}");
        }
    }
}
