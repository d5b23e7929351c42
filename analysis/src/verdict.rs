//! Whether the numbers of a run describe a steady state: the verdict, and the metrics on which it rests.
//!
//! A run of an overloaded system has a mean latency like any other, and a narrow interval around it; both say nothing,
//! since they grow with the length of the run. Therefore every replication reports a few metrics about itself, in
//! constant memory and without a table of calls, and [`judge`] turns those of a point into a [`Verdict`]:
//!
//! | verdict | meaning | rule |
//! |---|---|---|
//! | `empty` | nothing to judge | no call was completed after the warm-up |
//! | `overloaded` | more arrives than can be done | a processor is [offered](OFFERED_LOAD) more than it can do and the calls under way [grow](GROWTH), or they grow and more than 5 % are [unfinished](UNFINISHED) |
//! | `transient` | the run has not reached, or has left, a steady state | the calls under way grow or shrink, or the latency [drifts](DRIFT) and [settles](UNSETTLED) only after a fifth of the measured time |
//! | `too short` | too few observations | fewer than 30 [effective](EFFECTIVE) calls in all, more than 10 % unfinished, or a single replication whose batches [depend](CORRELATION) on each other |
//! | `steady` | none of these | |
//!
//! To grow or drift means: with two or more replications, that the 95 % interval of the mean over replications
//! excludes zero, and that the mean exceeds 25 % (growth) or 5 % (drift); with one replication, that the value exceeds
//! 75 % or 20 %.

use crate::statistics::Interval;
use crate::table::{Better, Metric};
use crate::unit::Unit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many independent calls the completed ones are worth.
pub static EFFECTIVE: Metric = Metric::new(
    "calls_effective",
    Unit::Count,
    "Number of independent calls whose mean latency would be as precise as that of the completed calls, by batch means",
)
.words("effective calls");

/// The share of calls that the end of the run cut off.
pub static UNFINISHED: Metric = Metric::new(
    "calls_unfinished",
    Unit::Ratio,
    "Share of the calls sent after the warm-up that were under way when the run ended",
)
.words("unfinished calls")
.better(Better::Lower);

/// The trend of the number of calls under way.
pub static GROWTH: Metric = Metric::new(
    "calls_growth",
    Unit::Ratio,
    "Growth of the number of calls under way over the measured time (least squares), divided by their mean number",
)
.words("growth of calls under way");

/// The trend of the latency.
pub static DRIFT: Metric = Metric::new(
    "latency_drift",
    Unit::Ratio,
    "Mean latency of the second half of the measured calls minus that of the first half, divided by the mean of all",
)
.words("drift of latency");

/// How much of the measured time is still warm-up.
pub static UNSETTLED: Metric = Metric::new(
    "latency_unsettled",
    Unit::Ratio,
    "Share of the measured time that passes before the latency settles (MSER-5); 1 if it does not settle",
)
.words("time before latency settles");

/// The dependence of consecutive batches.
pub static CORRELATION: Metric = Metric::new(
    "latency_correlation",
    Unit::Ratio,
    "Correlation of the mean latency of a batch of calls with that of the next batch (8 to 32 batches)",
)
.words("correlation of batches");

/// What arrives, over what can be done.
pub static OFFERED_LOAD: Metric = Metric::new(
    "offered_load",
    Unit::Ratio,
    "Work that arrived at this processor after the warm-up, divided by what it can do in that time",
)
.words("offered load");

/// The metrics on which verdicts rest.
pub static EVIDENCE: [&Metric; 7] = [
    &EFFECTIVE,
    &UNFINISHED,
    &GROWTH,
    &DRIFT,
    &UNSETTLED,
    &CORRELATION,
    &OFFERED_LOAD,
];

/// Whether verdicts rest on a metric of this name.
pub fn is_evidence(metric: &str) -> bool {
    EVIDENCE.iter().any(|declared| declared.name == metric)
}

/// Effective calls that are enough, over all replications.
const ENOUGH: f64 = 30.0;
/// Unfinished calls that are too many, beside growth and without.
const MANY_UNFINISHED: (f64, f64) = (0.05, 0.1);
/// Growth that matters: with replications, and of a single one.
const GROWS: (f64, f64) = (0.25, 0.75);
/// Drift that matters: with replications, and of a single one.
const DRIFTS: (f64, f64) = (0.05, 0.2);
/// The share of the measured time that may pass before the latency settles.
const SETTLES: f64 = 0.2;
/// Correlation at which the batches of a single replication depend on each other.
const DEPENDENT: f64 = 0.7;

/// What a run shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A steady state: means and intervals describe the system.
    Steady,
    /// A system on its way to or from a steady state.
    Transient,
    /// More arrives than can be done: the numbers grow with the length of the run.
    Overloaded,
    /// Too few observations to judge.
    #[serde(rename = "too short")]
    TooShort,
    /// No observation.
    Empty,
}

impl Verdict {
    /// Its name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Transient => "transient",
            Self::Overloaded => "overloaded",
            Self::TooShort => "too short",
            Self::Empty => "empty",
        }
    }

    /// Whether means and intervals describe the system.
    pub fn is_steady(self) -> bool {
        self == Self::Steady
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The verdict on one point, and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Point of the parameter grid, from 0; 0 where there is no grid.
    pub point: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words and numbers.
    pub reason: String,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.verdict, self.reason)
    }
}

/// Judges a point by its metrics: their name, entity and interval over replications. `None` without the metrics of
/// [`EVIDENCE`], as in StateSim, which has no time in which something could grow.
///
/// ```
/// use analysis::Interval;
/// use analysis::verdict::{Verdict, judge};
///
/// let judgement = judge(0, [
///     ("calls_effective", "all", Interval::of(&[500.0, 450.0])),
///     ("calls_unfinished", "all", Interval::of(&[0.2, 0.19])),
///     ("calls_growth", "all", Interval::of(&[1.7, 1.6])),
///     ("offered_load", "edge/cpu", Interval::of(&[1.42, 1.44])),
/// ]).unwrap();
/// assert_eq!(judgement.verdict, Verdict::Overloaded);
/// assert_eq!(
///     judgement.reason,
///     "edge/cpu is offered 143 % of what it can do, 19.5 % of the calls are unfinished"
/// );
/// ```
pub fn judge<'a>(
    point: u32,
    metrics: impl IntoIterator<Item = (&'a str, &'a str, Option<Interval>)>,
) -> Option<Judgement> {
    let mut evidence = Evidence::default();
    for (metric, entity, interval) in metrics {
        evidence.add(metric, entity, interval);
    }
    let (verdict, reason) = evidence.judge()?;
    Some(Judgement {
        point,
        verdict,
        reason,
    })
}

/// The metrics of one point, over replications; entries are missing where no replication has a value.
#[derive(Debug, Default)]
struct Evidence<'a> {
    effective: Option<f64>,
    unfinished: Option<Interval>,
    growth: Option<Interval>,
    drift: Option<Interval>,
    unsettled: Option<f64>,
    correlation: Option<Interval>,
    busiest: Option<(&'a str, f64)>,
}

impl<'a> Evidence<'a> {
    fn add(&mut self, metric: &str, entity: &'a str, interval: Option<Interval>) {
        let is = |declared: &Metric| metric == declared.name;
        if is(&EFFECTIVE) {
            self.effective = interval.map(|it| it.mean * it.n as f64);
        } else if is(&UNFINISHED) {
            self.unfinished = interval;
        } else if is(&GROWTH) {
            self.growth = interval;
        } else if is(&DRIFT) {
            self.drift = interval;
        } else if is(&UNSETTLED) {
            self.unsettled = interval.map(|it| it.mean);
        } else if is(&CORRELATION) {
            self.correlation = interval;
        } else if is(&OFFERED_LOAD)
            && let Some(load) = interval
            && self.busiest.is_none_or(|(_, most)| load.mean > most)
        {
            self.busiest = Some((entity, load.mean));
        }
    }

    fn judge(&self) -> Option<(Verdict, String)> {
        let effective = self.effective?;
        if effective <= 0.0 {
            let reason = "no call was completed after the warm-up".to_owned();
            return Some((Verdict::Empty, reason));
        }
        let unfinished = self.unfinished.map_or(0.0, |it| it.mean);
        let growth = self.growth.filter(|it| matters(it, GROWS));
        let grows = growth.is_some_and(|it| it.mean > 0.0);
        let load = self.busiest.map_or(0.0, |(_, load)| load);
        let unfinished_text = format!("{} of the calls are unfinished", percent(unfinished));
        if grows && (load > 1.0 || unfinished > MANY_UNFINISHED.0) {
            let mut reasons = Vec::new();
            if let Some((processor, load)) = self.busiest.filter(|(_, load)| *load > 1.0) {
                let load = percent(load);
                reasons.push(format!("{processor} is offered {load} of what it can do"));
            } else if let Some(growth) = growth {
                let growth = percent(growth.mean);
                reasons.push(format!(
                    "the calls under way grow by {growth} of their mean"
                ));
            }
            reasons.push(unfinished_text);
            return Some((Verdict::Overloaded, reasons.join(", ")));
        }
        if effective < ENOUGH {
            let reason = format!(
                "the calls are worth {effective:.0} independent ones, and {ENOUGH} are needed"
            );
            return Some((Verdict::TooShort, reason));
        }
        if let Some(growth) = growth {
            let verb = if growth.mean > 0.0 { "grow" } else { "shrink" };
            let growth = percent(growth.mean.abs());
            let reason = format!("the calls under way {verb} by {growth} of their mean");
            return Some((Verdict::Transient, reason));
        }
        let drift = self.drift.filter(|it| matters(it, DRIFTS));
        if let (Some(drift), Some(unsettled)) = (drift, self.unsettled.filter(|it| *it > SETTLES)) {
            let more = if drift.mean > 0.0 {
                "longer"
            } else {
                "shorter"
            };
            let drift = percent(drift.mean.abs());
            let settles = match unsettled >= 1.0 {
                true => "does not settle".to_owned(),
                false => format!("settles after {} of the measured time", percent(unsettled)),
            };
            let reason = format!(
                "the latency is {drift} {more} in the second half of the run and {settles}"
            );
            return Some((Verdict::Transient, reason));
        }
        if unfinished > MANY_UNFINISHED.1 {
            return Some((Verdict::TooShort, unfinished_text));
        }
        let dependent = |it: &Interval| it.n == 1 && it.mean > DEPENDENT;
        if self.correlation.as_ref().is_some_and(dependent) {
            let reason = "the batches of the single replication depend on each other".to_owned();
            return Some((Verdict::TooShort, reason));
        }
        let reason = match self.busiest {
            Some((processor, load)) => {
                format!(
                    "the busiest processor, {processor}, is offered {}",
                    percent(load)
                )
            }
            None => format!("{} of the calls are unfinished", percent(unfinished)),
        };
        Some((Verdict::Steady, reason))
    }
}

/// Whether a trend matters and is no accident.
fn matters(trend: &Interval, (over_replications, alone): (f64, f64)) -> bool {
    match trend.half_width {
        Some(half_width) => trend.mean.abs() > over_replications && trend.mean.abs() > half_width,
        None => trend.mean.abs() > alone,
    }
}

fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    match percent >= 99.95 || percent == 0.0 {
        true => format!("{percent:.0} %"),
        false => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evidence of a steady run of two replications, with some of it changed.
    fn judged(changes: &[(&Metric, &[f64])]) -> (Verdict, String) {
        let mut metrics: Vec<(&str, Vec<f64>)> = vec![
            (EFFECTIVE.name, vec![500.0, 400.0]),
            (UNFINISHED.name, vec![0.001, 0.002]),
            (GROWTH.name, vec![0.02, -0.03]),
            (DRIFT.name, vec![0.01, -0.02]),
            (UNSETTLED.name, vec![0.0, 0.05]),
            (CORRELATION.name, vec![0.1, 0.0]),
            (OFFERED_LOAD.name, vec![0.6, 0.62]),
        ];
        for (metric, values) in changes {
            metrics.retain(|(name, _)| *name != metric.name);
            metrics.push((metric.name, values.to_vec()));
        }
        let metrics = metrics.iter();
        let judged = judge(
            0,
            metrics.map(|(name, values)| (*name, "c/cpu", Interval::of(values))),
        );
        judged.map(|it| (it.verdict, it.reason)).unwrap()
    }

    #[test]
    fn a_run_without_trends_is_steady() {
        let (verdict, reason) = judged(&[]);
        assert_eq!(verdict, Verdict::Steady);
        assert_eq!(reason, "the busiest processor, c/cpu, is offered 61.0 %");
    }

    #[test]
    fn a_loaded_processor_alone_is_no_overload_and_neither_is_growth_alone() {
        // A closed loop keeps its processors at 100 %, and nothing grows.
        assert_eq!(judged(&[(&OFFERED_LOAD, &[1.01, 1.0])]).0, Verdict::Steady);
        assert_eq!(judged(&[(&GROWTH, &[0.55, 0.56])]).0, Verdict::Transient);
        let both = judged(&[(&OFFERED_LOAD, &[1.01, 1.0]), (&GROWTH, &[0.55, 0.56])]);
        assert_eq!(both.0, Verdict::Overloaded);
    }

    #[test]
    fn where_the_load_is_unknown_growth_and_unfinished_calls_tell() {
        let changes: [(&Metric, &[f64]); 3] = [
            (&OFFERED_LOAD, &[]),
            (&GROWTH, &[1.5, 1.6]),
            (&UNFINISHED, &[0.2, 0.3]),
        ];
        let (verdict, reason) = judged(&changes);
        assert_eq!(verdict, Verdict::Overloaded);
        assert!(
            reason.contains("grow by 155 % of their mean, 25.0 % of the calls"),
            "{reason}"
        );
    }

    #[test]
    fn a_trend_counts_only_if_replications_agree_on_it() {
        assert_eq!(judged(&[(&GROWTH, &[1.5, -0.9])]).0, Verdict::Steady);
        assert_eq!(judged(&[(&GROWTH, &[-0.5, -0.51])]).0, Verdict::Transient);
        assert_eq!(judged(&[(&GROWTH, &[0.5])]).0, Verdict::Steady);
        assert_eq!(judged(&[(&GROWTH, &[0.9])]).0, Verdict::Transient);
    }

    #[test]
    fn a_latency_that_settles_late_is_a_transient_if_it_drifts() {
        let late: (&Metric, &[f64]) = (&UNSETTLED, &[1.0, 1.0]);
        assert_eq!(judged(&[late]).0, Verdict::Steady);
        let (verdict, reason) = judged(&[late, (&DRIFT, &[0.3, 0.31])]);
        assert_eq!(verdict, Verdict::Transient);
        assert!(
            reason.contains("30.5 % longer") && reason.contains("does not settle"),
            "{reason}"
        );
    }

    #[test]
    fn few_observations_are_too_few() {
        assert_eq!(judged(&[(&EFFECTIVE, &[0.0, 0.0])]).0, Verdict::Empty);
        assert_eq!(judged(&[(&EFFECTIVE, &[12.0, 14.0])]).0, Verdict::TooShort);
        assert_eq!(judged(&[(&UNFINISHED, &[0.15, 0.15])]).0, Verdict::TooShort);
        assert_eq!(judged(&[(&CORRELATION, &[0.9])]).0, Verdict::TooShort);
        assert_eq!(judged(&[(&CORRELATION, &[0.9, 0.9])]).0, Verdict::Steady);
    }

    #[test]
    fn without_evidence_there_is_no_verdict() {
        assert_eq!(
            judge(0, [("latency_mean", "all", Interval::of(&[1.0]))]),
            None
        );
    }
}
