//! A table of the results for people.

use analysis::{Interval, TextTable};

use crate::evaluation::Outcome;
use crate::statistics::{Estimate, Metric, Statistics};

const METRICS: [Metric; 3] = [Metric::Processing, Metric::Network, Metric::Traffic];

/// Mean and quantiles of the metrics of one replication, `None` without jobs.
pub(super) type Measured = Option<[Statistics; 3]>;

pub(super) fn measure(outcome: &Outcome) -> Measured {
    let [processing, network, traffic] = METRICS.map(|metric| Statistics::of(outcome, metric));
    Some([processing?, network?, traffic?])
}

/// A row per allocation and execution policy.
pub(super) struct Summary {
    table: TextTable,
    replications: usize,
}

impl Summary {
    pub(super) fn new() -> Self {
        let columns = [
            "processing ms",
            "95 %",
            "network ms",
            "95 %",
            "traffic MB",
            "95 %",
        ];
        let table = TextTable::new().left("allocation").left("execution");
        Self {
            table: columns.into_iter().fold(table, TextTable::right),
            replications: 0,
        }
    }

    pub(super) fn row(
        &mut self,
        allocation: &str,
        execution: &str,
        replications: &[[Statistics; 3]],
    ) {
        self.replications = self.replications.max(replications.len());
        let mut cells = vec![allocation.to_owned(), execution.to_owned()];
        for (i, scale) in [1e3, 1e3, 1e-6].into_iter().enumerate() {
            let statistics: Vec<Statistics> = replications.iter().map(|all| all[i]).collect();
            let Some(estimate) = Estimate::over(&statistics) else {
                cells.extend(["-".to_owned(), "-".to_owned()]);
                continue;
            };
            cells.push(cell(estimate.mean, scale));
            cells.push(cell(estimate.p95(), scale));
        }
        self.table.row(cells);
    }

    pub(super) fn render(&self) -> String {
        let note = match self.replications {
            1 => "one replication, which has no interval".to_owned(),
            n => format!("± 95 % interval over {n} replications (Student's t)"),
        };
        format!(
            "{}per job: mean and 95th percentile; traffic is bytes times links; {note}\n",
            self.table.render()
        )
    }
}

/// Four digits of the mean, more where there are more before the point; as many after
/// the point for the interval.
fn cell(interval: Interval, scale: f64) -> String {
    let mean = interval.mean * scale;
    let digits = if mean == 0.0 {
        0
    } else {
        3 - mean.abs().log10().floor() as i32
    };
    let digits = digits.clamp(0, 6) as usize;
    match interval.half_width {
        Some(half) => format!("{mean:.digits$} ± {:.digits$}", half * scale),
        None => format!("{mean:.digits$}"),
    }
}
