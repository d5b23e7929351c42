//! The list of all metrics for the documentation.

use analysis::{Better, Metric, Unit};

/// Every metric of simulated scenarios, of StateSim and of LambdaMuSim with its unit and meaning, as
/// Markdown: the content of `docs/metrics.md`.
pub fn metrics_reference() -> String {
    let mut text = "\
# Metrics

The metrics of a replication: the columns `metric`, `entity` and `unit` of `metrics.csv`, `summary.csv` and
`profiles.csv` ([all columns](../analysis/TABLES.md)), what `--metric` of `soe analyze`, `compare`, `plot` and `report`
takes, and `metrics` and `[[figure]]` of a study. `columns.json` in each result folder describes the metrics in it.
This page is made from the code: `UPDATE_DOCS=1 cargo test -p soe-study --test reference`.

The column `better` says whether lower or higher values are better. In files, values are in the base unit given here; `1`
is a ratio from 0 to 1, and no unit is a count. In a replication without observations (the mean latency of no calls), the
value is missing.

## Of simulated scenarios and the live system

The entity is `all`; for the metrics of calls, if the scenario calls several functions, also each function; for `share`
each computer; for `utilization` each processor, as `COMPUTER/PROCESSOR`. Only calls that are issued after the warm-up
count. The metrics from `cold_share` on exist where containers are not always warm; their entity is `all` and, if there are
several, each function with instances.

"
    .to_owned();
    text += &table(soe_sim::METRICS);
    text += "
## Of StateSim

The entity is a pair of policies, `ALLOCATION/EXECUTION`. Times are those of whole jobs, along their chain of functions.
Metrics by chain length or by delay have their own axis: their values are in `profiles.csv`, and figures show them with
`x = \"within\"`.

";
    text += &table(crate::statesim_metrics::METRICS);
    text += "
## Of LambdaMuSim

The entity is `all`. Metrics whose name ends with `_cdf` have a value at each place of an axis of their own, as those of
StateSim; they are kept only where a study asks for them.

";
    text += &table(crate::lambdamu_metrics::METRICS);
    text
}

fn table(metrics: &[&Metric]) -> String {
    let mut text = "| metric | unit | better | meaning |\n|---|---|---|---|\n".to_owned();
    for metric in metrics {
        let unit = match metric.unit {
            Unit::Count => "",
            unit => unit.symbol(),
        };
        let better = match metric.better {
            Better::Lower => "lower",
            Better::Higher => "higher",
            Better::Neither => "",
        };
        let (name, description) = (metric.name, metric.description);
        text += &format!("| `{name}` | {unit} | {better} | {description} |\n");
    }
    text
}
