//! Checks that need the whole study: whether every point can be run, and whether the metrics
//! and entities exist that it names.

use std::collections::BTreeSet;

use scenarios::reader::diagnostic::{Diagnostics, Place, Report, hint, quote};
use scenarios::reader::tree::Node;
use soe_model::deployment::Deployment;
use soe_sim::ALL;

use super::plan::Plan;
use super::selector::Selector;
use super::subject::{ScenarioSubject, Subject};

/// Looks at every point; what is wrong is reported at the value of the axis.
pub(super) fn check(plan: &Plan, report: &mut Report<'_>) {
    let before = report.is_clean();
    // Whatever reports metrics at some point.
    let mut entities = BTreeSet::from([ALL.to_owned()]);
    let names_some = plan
        .named()
        .any(|selector| selector.entity.as_deref().unwrap_or(ALL) != ALL);
    match &plan.subject {
        Subject::Scenario(subject) => {
            let mut seen = BTreeSet::new();
            for number in 0..plan.points.len() {
                let deployment = scenario(subject, plan, number, &mut seen, report);
                if let Some(deployment) = deployment.filter(|_| names_some) {
                    entities.extend(soe_sim::entities(&deployment));
                }
            }
        }
        Subject::Statesim(subject) => {
            for number in 0..plan.points.len() {
                if let Some(parameters) = subject.at(plan, number, report) {
                    entities.extend(parameters.entities());
                }
            }
        }
        Subject::Lambdamu(subject) => {
            for number in 0..plan.points.len() {
                // The entity is `all` at every point; what is wrong is reported.
                let _ = subject.at(plan, number, report);
            }
        }
    }
    if before && report.is_clean() {
        check_metrics(plan, &entities, report);
    }
}

/// Whether the metrics exist that the study names, and the entities.
fn check_metrics(plan: &Plan, entities: &BTreeSet<String>, report: &mut Report<'_>) {
    let known = plan.subject.metrics();
    let names = || known.iter().map(|metric| metric.name);
    let exists = |selector: &Selector| names().any(|name| name == selector.metric);
    let kept_exist = plan.metrics.iter().all(exists);
    let check = |selector: &Selector| {
        let place = selector.place;
        if !names().any(|name| name == selector.metric) {
            let hint = hint(&selector.metric, names());
            let message = format!("unknown metric `{}`{hint}", quote(&selector.metric));
            report.wrong(place, message);
        } else if let Some(entity) = &selector.entity
            && !entities.contains(entity)
        {
            let hint = hint(entity, entities.iter().map(String::as_str));
            let message = format!(
                "`{}`: no entity is called `{}`{hint}",
                quote(&selector.to_string()),
                quote(entity)
            );
            report.wrong(place, message);
        } else if kept_exist
            && !plan.metrics.is_empty()
            && !plan.metrics.iter().any(|kept| kept.meets(selector))
        {
            let message = format!(
                "metric `{}` is not among `metrics`",
                quote(&selector.to_string())
            );
            report.wrong(place, message);
        }
    };
    plan.named().for_each(check);
}

/// Reports what is wrong at a point, each mistake at the first point that has it.
fn scenario(
    subject: &ScenarioSubject,
    plan: &Plan,
    number: usize,
    seen: &mut BTreeSet<String>,
    report: &mut Report<'_>,
) -> Option<Deployment> {
    let wrong = match subject.at(plan, number).map(|scenario| scenario.resolve()) {
        Ok(Ok(deployment)) => return Some(deployment),
        Err(wrong) => {
            for (place, message) in wrong {
                if seen.insert(message.clone()) {
                    report.wrong(place, message);
                }
            }
            return None;
        }
        Ok(Err(Diagnostics(wrong))) => wrong,
    };
    for wrong in wrong {
        if !seen.insert(format!("{}: {}", wrong.place, wrong.message)) {
            continue;
        }
        let key = wrong.place.strip_prefix("--set ");
        let known = |(known, _): &(&str, &Node)| key == Some(quote(known).as_str());
        match subject.changes(plan, number).filter(known).last() {
            Some((key, node)) => {
                report.wrong(node.place, format!("{}: {}", quote(key), wrong.message));
            }
            None => {
                let message = format!("{} (at {})", wrong.message, plan.describe(number));
                report.wrong_in(Place::File(0), &wrong.place, message);
            }
        }
    }
    None
}
