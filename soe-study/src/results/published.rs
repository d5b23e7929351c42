//! The averages of StateSim studies in the format of the original's scripts.

use crate::finished::Estimates;
use crate::study::{Plan, StatesimSubject};
use scenarios::reader::diagnostic::Report;

/// One row per point, pair of policies and metric: means over replications of the mean
/// and the quantiles over jobs, in seconds and bytes, with six digits; nothing if the
/// study keeps none of these metrics.
pub(super) fn table(
    plan: &Plan,
    subject: &StatesimSubject,
    estimates: &Estimates,
) -> Option<String> {
    let mut text =
        "net,alloc,exec,jobs,ops_factor,state_factor,metric,mean,q50,q90,q95,q99\n".to_owned();
    let empty = text.len();
    let mut report = Report::new("", "", &[]);
    for point in 0..plan.points.len() {
        let parameters = subject.at(plan, point, &mut report)?;
        for (name, stem, scale) in [
            ("proclat_s", "processing", 1e-9),
            ("netlat_s", "network", 1e-9),
            ("traffic_B", "traffic", 1.0),
        ] {
            for allocation in &parameters.allocations {
                for execution in &parameters.executions {
                    let entity = format!("{}/{}", allocation.name(), execution.name());
                    let value = |statistic| {
                        let estimate =
                            estimates.find(point, &format!("{stem}_{statistic}"), &entity);
                        let mean = estimate?.moments.mean()?;
                        Some(statesim::output::format_general(mean * scale))
                    };
                    let values: Option<Vec<_>> = ["mean", "p50", "p90", "p95", "p99"]
                        .into_iter()
                        .map(value)
                        .collect();
                    let Some(values) = values else { continue };
                    text += &format!(
                        "{},{},{},{},{},{},{name},{}\n",
                        subject.networks[parameters.network].0,
                        allocation.name(),
                        execution.name(),
                        parameters.jobs,
                        parameters.factors.operations,
                        parameters.factors.state,
                        values.join(",")
                    );
                }
            }
        }
    }
    (text.len() > empty).then_some(text)
}
