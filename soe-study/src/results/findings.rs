//! Verdicts on the expected findings of a study.
//!
//! A comparison uses the ratio of two means, paired by replication, and its 95 %
//! interval. If the interval contains 1, the data neither supports nor contradicts the
//! claim, except that equal numbers are not more.

use analysis::Interval;

use super::tables::field;
use crate::error::SweepError;
use crate::finished::Finished;
use crate::moments::PairMoments;
use crate::study::{Claimed, FindingSpec, Plan};
use crate::verdict::Verdict;

/// The table of verdicts.
pub(super) fn table(verdicts: &[Verdict]) -> String {
    let mut text = "finding,reproduced,places,less,more,claim,numbers\n".to_owned();
    for verdict in verdicts {
        text += &format!(
            "{},{},{},{},{},{},{}\n",
            field(&verdict.name),
            verdict.reproduced,
            verdict.places,
            verdict.less,
            verdict.more,
            field(&verdict.claim),
            field(&verdict.numbers)
        );
    }
    text
}

/// Decides all findings of a study.
pub(super) fn decide(finished: &mut Finished<'_, '_>) -> Result<Vec<Verdict>, SweepError> {
    let plan = finished.plan;
    let mut verdicts = Vec::new();
    for finding in &plan.findings {
        verdicts.push(verdict(finished, plan, finding)?);
    }
    Ok(verdicts)
}

/// A ratio at one place.
struct Place {
    name: String,
    ratio: Interval,
}

fn verdict(
    finished: &mut Finished<'_, '_>,
    plan: &Plan,
    finding: &FindingSpec,
) -> Result<Verdict, SweepError> {
    let mut places = Vec::new();
    for (over, point) in plan.points.iter().enumerate() {
        let first = finding.along.is_none_or(|along| point[along] == 0);
        let kept = finding.filters.iter();
        if point[finding.axis] != finding.value
            || !first
            || !kept.clone().all(|filter| filter.keeps(&plan.axes, point))
        {
            continue;
        }
        let ratio = match finding.along {
            None => ratio(finished, plan, finding, over)?,
            Some(along) => change(finished, plan, finding, over, along)?,
        };
        if let Some(ratio) = ratio {
            let others = plan.axes.iter().zip(point).enumerate();
            let others = others.filter(|(number, (axis, _))| {
                *number != finding.axis && Some(*number) != finding.along && axis.items.len() > 1
            });
            let names = others
                .map(|(_, (axis, item))| format!("{} {}", axis.label, axis.items[*item].label));
            let name = names.collect::<Vec<_>>().join(", ");
            places.push(Place { name, ratio });
        }
    }
    Ok(judge(plan, finding, &places))
}

/// The ratio of the metric at a point to that at the point with the other value.
fn ratio(
    finished: &mut Finished<'_, '_>,
    plan: &Plan,
    finding: &FindingSpec,
    over: usize,
) -> Result<Option<Interval>, SweepError> {
    let mut other = plan.points[over].clone();
    other[finding.axis] = finding.than;
    let Some(under) = plan.points.iter().position(|point| *point == other) else {
        return Ok(None);
    };
    let entity = finding.metric.entity.as_deref().unwrap_or_default();
    let (ours, theirs) = (
        finished.values(over, &finding.metric.metric, entity)?,
        finished.values(under, &finding.metric.metric, entity)?,
    );
    let mut pairs = PairMoments::default();
    for (one, other) in ours.into_iter().zip(theirs) {
        pairs.add(one, other);
    }
    Ok(pairs.ratio())
}

/// How that ratio changes from the first value of another axis to the last: the last
/// over the first.
fn change(
    finished: &mut Finished<'_, '_>,
    plan: &Plan,
    finding: &FindingSpec,
    first: usize,
    along: usize,
) -> Result<Option<Interval>, SweepError> {
    let mut other = plan.points[first].clone();
    other[along] = plan.axes[along].items.len() - 1;
    let Some(last) = plan.points.iter().position(|point| *point == other) else {
        return Ok(None);
    };
    let begin = ratio(finished, plan, finding, first)?;
    let end = ratio(finished, plan, finding, last)?;
    let (Some(begin), Some(end)) = (begin, end) else {
        return Ok(None);
    };
    // Relative errors of independent factors add up by squares; what both share only
    // makes the interval wider than it need be.
    let relative = |it: &Interval| it.half_width.unwrap_or(0.0) / it.mean;
    let mean = end.mean / begin.mean;
    let half_width = mean * libm::hypot(relative(&begin), relative(&end));
    Ok(Some(Interval {
        half_width: begin.half_width.map(|_| half_width),
        mean,
        ..begin
    }))
}

fn judge(plan: &Plan, finding: &FindingSpec, places: &[Place]) -> Verdict {
    let bounds = |place: &Place| {
        let half = place.ratio.half_width.unwrap_or(0.0);
        (place.ratio.mean - half, place.ratio.mean + half)
    };
    let less = places.iter().filter(|place| bounds(place).1 < 1.0).count();
    let more = places.iter().filter(|place| bounds(place).0 > 1.0).count();
    let all = places.len();
    let reproduced = all > 0
        && match finding.claimed {
            Claimed::Less => less == all,
            Claimed::NotMore => more == 0,
            Claimed::Depends => less > 0 && more > 0,
        };
    let mean = |place: &&Place| place.ratio.mean;
    let compare = |one: &&Place, other: &&Place| mean(one).total_cmp(&mean(other));
    let least = places.iter().min_by(compare);
    let greatest = places.iter().max_by(compare);
    let axis = &plan.axes[finding.axis];
    let (value, than) = (
        &axis.items[finding.value].label,
        &axis.items[finding.than].label,
    );
    let what = match finding.along {
        None => format!("{} of {value} over {than}", finding.metric),
        Some(along) => format!(
            "{} of {value} over {than}, at the last {} over the first",
            finding.metric, plan.axes[along].label
        ),
    };
    let shown = |place: &Place| {
        let half = place.ratio.half_width.unwrap_or(0.0);
        let name = match place.name.as_str() {
            "" => String::new(),
            name => format!(" at {name}"),
        };
        format!("{:.3} ± {half:.3}{name}", place.ratio.mean)
    };
    let numbers = match (least, greatest) {
        (Some(least), Some(greatest)) if all > 1 => format!(
            "{what}: from {} to {}; less in {less}, more in {more} of {all} places",
            shown(least),
            shown(greatest)
        ),
        (Some(only), _) => format!("{what}: {}", shown(only)),
        _ => format!("{what}: no values to compare"),
    };
    Verdict {
        name: finding.name.clone(),
        claim: finding.claim.clone(),
        reproduced,
        places: all,
        less,
        more,
        numbers,
    }
}
