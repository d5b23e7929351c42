//! Describes traces.

use std::fmt;

use analysis::{Axis, Chart, QuantileRule, Series, Sorted, TextTable, mean};

use crate::jobs::Jobs;
use crate::jobs::TraceCounts;

/// What a trace holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// How many rows and jobs there are.
    pub counts: TraceCounts,
    /// The distributions of its quantities, over the jobs that have states.
    pub quantities: Vec<Quantity>,
}

/// The distribution of one quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// What it is, with its unit.
    pub name: &'static str,
    /// Its values.
    pub values: Sorted,
}

/// Looks into a trace.
pub fn inspect(jobs: &Jobs) -> Profile {
    let tasks = || jobs.tasks.iter();
    let per_chain =
        |value: &dyn Fn(&crate::jobs::JobChain) -> f64| jobs.chains.iter().map(value).collect();
    let quantity = |name, values: Vec<f64>| Quantity {
        name,
        values: Sorted::new(values),
    };
    Profile {
        counts: jobs.counts(),
        quantities: vec![
            quantity(
                "tasks per chain",
                per_chain(&|chain| chain.tasks.len() as f64),
            ),
            quantity(
                "states per chain",
                per_chain(&|chain| chain.states.len() as f64),
            ),
            quantity(
                "states per task",
                tasks().map(|task| task.needs.len() as f64).collect(),
            ),
            quantity(
                "duration of a task, s",
                tasks().map(|task| task.record.duration.into()).collect(),
            ),
            quantity(
                "cpu of a task, %",
                tasks().map(|task| task.record.cpu).collect(),
            ),
            quantity(
                "memory of a task",
                tasks().map(|task| task.record.memory).collect(),
            ),
            quantity("memory of a state", jobs.states.clone()),
            quantity(
                "work per chain, core s",
                per_chain(&|chain| {
                    let tasks = jobs.tasks[chain.tasks.clone()].iter();
                    tasks
                        .map(|task| f64::from(task.record.duration) * task.record.cpu / 100.0)
                        .sum()
                }),
            ),
            quantity(
                "memory of all states of a chain",
                per_chain(&|chain| jobs.states[chain.states.clone()].iter().sum()),
            ),
        ],
    }
}

impl Quantity {
    fn cells(&self) -> Vec<String> {
        let quantile = |q| {
            self.values
                .quantile(q, QuantileRule::Interpolated)
                .unwrap_or(0.0)
        };
        let values = [mean(self.values.values()).unwrap_or(0.0)];
        let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0].map(quantile);
        let numbers = values.into_iter().chain(quantiles);
        numbers.map(|number| format!("{number:.2}")).collect()
    }
}

fn table() -> TextTable {
    let names = ["mean", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %", "max"];
    names
        .into_iter()
        .fold(TextTable::new().left("quantity"), TextTable::right)
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        writeln!(f, "{} rows", counts.rows)?;
        for (number, what) in [
            (counts.foreign_rows, "not of this layout, skipped"),
            (
                counts.independent_rows,
                "of tasks without dependencies in their name, skipped",
            ),
            (counts.unfinished_rows, "of tasks that never ended, skipped"),
        ] {
            if number > 0 {
                writeln!(f, "  {number} {what}")?;
            }
        }
        let stateful = counts.jobs - counts.stateless_jobs;
        writeln!(f, "{} jobs, {stateful} of them with states", counts.jobs)?;
        if stateful == 0 {
            return Ok(());
        }
        writeln!(f)?;
        let mut table = table();
        for quantity in &self.quantities {
            table.row(
                [quantity.name.to_owned()]
                    .into_iter()
                    .chain(quantity.cells()),
            );
        }
        f.write_str(&table.render())
    }
}

impl Profile {
    /// The distribution functions of its quantities as figures, each with a name for a
    /// file; in them any number of traces with their names.
    pub fn figures(traces: &[(&str, &Self)]) -> Vec<(String, String)> {
        let Some((_, first)) = traces.first() else {
            return Vec::new();
        };
        let figure = |(number, quantity): (usize, &Quantity)| {
            let (label, unit) = quantity
                .name
                .split_once(", ")
                .unwrap_or((quantity.name, ""));
            // What spans orders of magnitude.
            let x = match unit {
                "s" | "core s" => Axis::logarithmic(label, unit),
                _ => Axis::linear(label, unit),
            };
            let chart = Chart::new(
                x,
                Axis::linear("cumulative distribution", "").range(0.0, 1.0),
            );
            let chart = traces.iter().fold(chart, |chart, (name, profile)| {
                chart.series(Series::cdf(name, &profile.quantities[number].values))
            });
            (label.replace(' ', "-"), chart.to_svg())
        };
        first.quantities.iter().enumerate().map(figure).collect()
    }

    /// Two traces side by side: each quantity of both, one below the other.
    pub fn beside(&self, name: &str, other: &Self, other_name: &str) -> String {
        let mut table = table();
        for (own, others) in self.quantities.iter().zip(&other.quantities) {
            table.row(
                [format!("{}: {name}", own.name)]
                    .into_iter()
                    .chain(own.cells()),
            );
            table.row(
                [format!("  {other_name}")]
                    .into_iter()
                    .chain(others.cells()),
            );
        }
        table.render()
    }
}
