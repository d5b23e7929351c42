//! Reasons to distrust the numbers of a result folder.

use crate::calls::CallStudy;
use crate::results::{MetricValues, ResultSet};
use crate::unit::Unit;
use crate::verdict::is_evidence;

/// Relative half-width above which an interval counts as wide.
const WIDE: f64 = 0.1;
/// Points that are not steady, listed at most.
const LISTED: usize = 5;
/// Replications below which intervals are worth little.
const FEW: usize = 5;

/// Everything about some metrics of a folder, and about its calls if it has them, that calls for caution; one sentence
/// each.
pub fn cautions(
    results: &ResultSet,
    metrics: &[MetricValues],
    calls: Option<&CallStudy>,
) -> Vec<String> {
    let mut cautions: Vec<String> = results
        .verdicts()
        .into_iter()
        .filter(|it| !it.verdict.is_steady())
        .map(|judgement| {
            let at = match results.points.label(judgement.point, |_| false) {
                label if label.is_empty() => String::new(),
                label => format!(" ({label})"),
            };
            format!("{}{at}: {}", judgement.verdict, judgement.reason)
        })
        .collect();
    let more = cautions.len().saturating_sub(LISTED);
    if more > 0 {
        cautions.truncate(LISTED);
        cautions.push(format!(
            "{more} more points are not steady: replications.csv has all verdicts"
        ));
    }
    let replications = results.replications();
    if replications < FEW {
        let is_sweep = results.points.are_many() || results.path.join("study.toml").is_file();
        let command = if is_sweep { "sweep" } else { "run" };
        cautions.push(format!(
            "intervals over {replications} replication(s) are wide or missing; more: soe {command} --replications 30"
        ));
    }
    let relative = |it: &&MetricValues| it.interval()?.relative_half_width();
    let is_wide = |it: &&MetricValues| {
        !is_evidence(&it.metric) && relative(it).is_some_and(|relative| relative > WIDE)
    };
    let wide = metrics.iter().filter(is_wide).count();
    if let Some(first) = metrics.iter().find(is_wide) {
        let at = match results.points.label(first.point, |_| false) {
            label if label.is_empty() => String::new(),
            label => format!(" at {label}"),
        };
        cautions.push(format!(
            "{wide} of {} intervals are wider than ± {} %, the first that of {} of {}{at}",
            metrics.len(),
            WIDE * 100.0,
            first.metric,
            first.entity
        ));
    }
    let Some(calls) = calls else {
        return cautions;
    };
    if let Some(transient) = &calls.transient {
        if !transient.warm_up.settled {
            cautions.push("the latency does not settle: the run may be too short".to_owned());
        } else if transient.ends_ns > calls.cut_ns {
            cautions.push(format!(
                "the warm-up lasts until {}, longer than the cut; check it with: soe plot {} --kind warm-up",
                Unit::Nanoseconds.format(transient.ends_ns as f64),
                results.path.display()
            ));
        }
    }
    let batches = calls.batch_means.iter().flatten();
    let doubtful = batches.filter(|it| it.is_doubtful()).count();
    let all = calls.batch_means.len();
    if doubtful > 0 && all == 1 {
        cautions.push(
            "the means of 8 batches are still correlated: the interval of the single replication is too narrow"
                .to_owned(),
        );
    } else if doubtful * 20 > all {
        cautions.push(format!(
            "in {doubtful} of {all} replications the means of 8 batches are still correlated: a single replication is not reliable"
        ));
    }
    cautions
}
