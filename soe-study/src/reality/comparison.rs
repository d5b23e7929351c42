//! Metrics of live runs against those of simulations.

use analysis::{Difference, Metric, mean, sample_deviation};
use soe_model::deployment::Deployment;
use soe_sim::METRICS;

use super::Trial;

/// What is compared, and what decides.
const LATENCIES: [(&str, bool); 5] = [
    ("latency_mean", true),
    ("latency_p50", false),
    ("latency_p90", false),
    ("latency_p95", true),
    ("latency_p99", false),
];

/// A simulated duration may be off by this share, or by this many nanoseconds.
const SHARE: f64 = 0.05;
const NANOS: f64 = 1e6;
/// A share of calls may be off by this much.
const POINTS: f64 = 0.03;
/// The live runs' own spread counts up to this share of their mean.
const WIDEST_SPREAD: f64 = 0.10;
/// Confidence with which two samples are said to differ.
const CONFIDENCE: f64 = 0.99;

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The simulation is close to the live runs, or as close as they are to each other.
    Agrees,
    /// Neither: too few live runs to tell.
    Unclear,
    /// They are from different distributions.
    Differs,
}

impl Outcome {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Unclear => "unclear",
            Self::Differs => "differs",
        }
    }
}

/// How much weight a metric has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It decides on the scenario.
    Decides,
    /// It is shown.
    Shown,
}

/// One metric of one entity, live and simulated.
#[derive(Clone, Debug)]
pub struct MetricComparison {
    /// The metric.
    pub metric: &'static Metric,
    /// Whose.
    pub entity: String,
    /// Its weight.
    pub level: Level,
    /// Of each live run, in the unit of the metric.
    pub live: Vec<f64>,
    /// Of each simulation.
    pub simulated: Vec<f64>,
    /// What came out.
    pub outcome: Outcome,
    /// How many live runs would tell, if these do not.
    pub needed: Option<u32>,
}

impl MetricComparison {
    fn new(name: &str, entity: &str, level: Level, trials: (&[Trial], &[Trial])) -> Option<Self> {
        let metric = METRICS.iter().find(|metric| metric.name == name)?;
        let values = |trials: &[Trial]| -> Vec<f64> {
            trials.iter().map(|it| it.metric(name, entity)).collect()
        };
        let (live, simulated) = (values(trials.0), values(trials.1));
        let mut compared = Self {
            metric,
            entity: entity.to_owned(),
            level,
            live,
            simulated,
            outcome: Outcome::Differs,
            needed: None,
        };
        compared.judge();
        Some(compared)
    }

    /// The mean of the live runs.
    pub fn real(&self) -> f64 {
        mean(&self.live).unwrap_or(f64::NAN)
    }

    /// The mean of the simulations.
    pub fn expected(&self) -> f64 {
        mean(&self.simulated).unwrap_or(f64::NAN)
    }

    /// How far the simulation is off, as a share of the live mean; for shares of calls, the
    /// difference.
    pub fn error(&self) -> f64 {
        let off = self.expected() - self.real();
        match self.is_share() {
            true => off,
            false => off / self.real(),
        }
    }

    /// The smallest and the largest of the live runs.
    pub fn range(&self) -> (f64, f64) {
        let live = || self.live.iter().copied();
        (
            live().fold(f64::INFINITY, f64::min),
            live().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    fn is_share(&self) -> bool {
        self.metric.name == "share"
    }

    /// By how much the simulation may be off.
    fn allowed(&self) -> f64 {
        match self.is_share() {
            true => POINTS,
            false if self.metric.unit == analysis::Unit::Nanoseconds => {
                (SHARE * self.real()).max(NANOS)
            }
            false => SHARE * self.real(),
        }
    }

    fn judge(&mut self) {
        let (real, expected) = (self.real(), self.expected());
        // A number that is missing agrees with nothing.
        let off = (expected - real).abs();
        let close = off <= self.allowed();
        let (low, high) = self.range();
        let reach = match self.is_share() {
            true => POINTS,
            false => WIDEST_SPREAD / 2.0 * real,
        };
        let inside = expected >= low.max(real - reach) && expected <= high.min(real + reach);
        if close || inside {
            self.outcome = Outcome::Agrees;
            return;
        }
        let difference = Difference::independent(&self.live, &self.simulated);
        let difference = difference.map(|it| it.with_confidence(CONFIDENCE).interval);
        let differs = difference.is_none_or(|it| match it.half_width {
            Some(half) => it.mean.abs() > half || !it.mean.is_finite(),
            None => true,
        });
        if differs {
            return;
        }
        self.outcome = Outcome::Unclear;
        // As many as make two standard errors of the live mean what is allowed.
        let deviation = sample_deviation(&self.live).unwrap_or(0.0);
        let needed = (2.0 * deviation / self.allowed()).powi(2).ceil();
        self.needed = Some(needed.clamp(2.0, 1e6) as u32);
    }
}

/// All metrics of live runs and simulations of one scenario.
#[derive(Clone, Debug)]
pub struct Comparison(Vec<MetricComparison>);

impl Comparison {
    /// Compares live runs with simulations.
    pub fn of(deployment: &Deployment, live: &[Trial], simulated: &[Trial]) -> Self {
        let mut metrics = Vec::new();
        let trials = (live, simulated);
        for (name, decides) in LATENCIES {
            let level = match decides {
                true => Level::Decides,
                false => Level::Shown,
            };
            metrics.extend(MetricComparison::new(name, "all", level, trials));
        }
        let throughput = MetricComparison::new("throughput", "all", Level::Decides, trials);
        metrics.extend(throughput);
        for computer in &deployment.computers {
            let share = MetricComparison::new("share", &computer.name, Level::Decides, trials);
            metrics.extend(share);
        }
        Self(metrics)
    }

    /// The metrics.
    pub fn metrics(&self) -> &[MetricComparison] {
        &self.0
    }

    /// The worst outcome of those that decide.
    pub fn outcome(&self) -> Outcome {
        let deciding = self.0.iter().filter(|it| it.level == Level::Decides);
        let worst = deciding.map(|it| it.outcome).max();
        worst.unwrap_or(Outcome::Differs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use soe_sim::MetricValue;

    fn trial(latency_ms: f64) -> Trial {
        let metric = METRICS.iter().find(|it| it.name == "latency_mean").unwrap();
        Trial {
            metrics: vec![MetricValue {
                metric,
                entity: "all".to_owned(),
                value: latency_ms * 1e6,
            }],
            calls: Vec::new(),
        }
    }

    fn judged(live: &[f64], simulated: &[f64]) -> MetricComparison {
        let trials = |values: &[f64]| -> Vec<Trial> { values.iter().copied().map(trial).collect() };
        let (live, simulated) = (trials(live), trials(simulated));
        let trials = (live.as_slice(), simulated.as_slice());
        MetricComparison::new("latency_mean", "all", Level::Decides, trials).unwrap()
    }

    #[test]
    fn close_is_within_five_percent_or_a_millisecond() {
        let live = [100.0, 100.1, 99.9];
        assert_eq!(judged(&live, &[104.9; 3]).outcome, Outcome::Agrees);
        assert_eq!(judged(&live, &[106.0; 3]).outcome, Outcome::Differs);
        assert_eq!(judged(&live, &[94.0; 3]).outcome, Outcome::Differs);
        assert_eq!(judged(&[2.0, 2.0], &[2.9; 2]).outcome, Outcome::Agrees);
        assert_eq!(judged(&[2.0, 2.0], &[3.1; 2]).outcome, Outcome::Differs);
    }

    #[test]
    fn the_spread_of_live_runs_counts_up_to_a_tenth_of_their_mean() {
        // Six runs between 92 and 108: the simulation at 107 is inside their range, but that
        // counts only to 105.
        let live = [92.0, 108.0, 95.0, 105.0, 98.0, 102.0];
        assert_eq!(judged(&live, &[105.0; 4]).outcome, Outcome::Agrees);
        assert_ne!(judged(&live, &[107.0; 4]).outcome, Outcome::Agrees);
    }

    #[test]
    fn what_varies_much_is_unclear_and_says_how_many_runs_would_tell() {
        let compared = judged(&[60.0, 140.0, 100.0], &[112.0; 30]);
        assert_eq!(compared.outcome, Outcome::Unclear);
        // Two standard errors of a deviation of 40 are 5 with 256 runs.
        assert_eq!(compared.needed, Some(256));
    }

    #[test]
    fn what_is_missing_agrees_with_nothing() {
        assert_eq!(
            judged(&[100.0, 101.0], &[f64::NAN; 3]).outcome,
            Outcome::Differs
        );
        assert_eq!(
            judged(&[f64::NAN; 2], &[100.0; 3]).outcome,
            Outcome::Differs
        );
    }
}
