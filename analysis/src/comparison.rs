//! Comparison of alternatives: which differences are significant, and how large they are.
//!
//! Alternatives are result folders, or the values of one axis of a sweep. Alternatives with the same seed have the same
//! random numbers in each replication. Differences are then taken within replications, which is far more precise than
//! comparing overlapping intervals.

mod regression;
mod selection;

pub use regression::{Regression, RegressionRow, Verdict};
pub use selection::Selection;

use crate::results::{MetricValues, ResultSet};
use crate::statistics::{Pair, Ranking};
use crate::text::TextTable;
use crate::unit::Unit;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Most that are named of what was left out for the same reason.
const SHOWN: usize = 3;

/// Alternatives, compared metric by metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Their names.
    pub alternatives: Vec<String>,
    /// Whether differences are within replications, on common random numbers.
    pub paired: bool,
    /// One row per point, metric and entity that at least two alternatives have.
    pub rows: Vec<ComparisonRow>,
    /// What has a value in one alternative only, such as `throughput of all, rate=10`.
    pub alone: Vec<String>,
}

/// One metric of one entity, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonRow {
    /// What all alternatives have in common here, such as `rate=10`; empty if there are no points.
    pub context: String,
    /// What was measured.
    pub metric: String,
    /// Whose metric it is.
    pub entity: String,
    /// Unit of the values.
    pub unit: Unit,
    /// The order of the alternatives, and which differ.
    pub ranking: Ranking,
}

impl ComparisonRow {
    /// What is compared, and where: `latency_mean of all, rate=10`.
    fn subject(&self) -> String {
        let at = match self.context.as_str() {
            "" => String::new(),
            context => format!(", {context}"),
        };
        format!("{} of {}{at}", self.metric, self.entity)
    }
}

/// What is compared: a name, where its results are, and the point in each context.
struct Alternative<'a> {
    name: String,
    results: &'a ResultSet,
    points: Vec<Option<u32>>,
}

impl Comparison {
    /// Compares result folders, point by point: points with the same parameters belong together.
    ///
    /// # Errors
    /// If there are fewer than two folders, or nothing that two of them have.
    pub fn of_folders(folders: &[&ResultSet], selection: &Selection) -> Result<Self, String> {
        if folders.len() < 2 {
            return Err("at least two alternatives are needed".to_owned());
        }
        let contexts = contexts(folders);
        let names: Vec<String> = folders.iter().map(|it| it.name()).collect();
        let alternatives: Vec<Alternative<'_>> = folders
            .iter()
            .enumerate()
            .map(|(index, results)| {
                let unique = names.iter().filter(|name| **name == names[index]).count() == 1;
                Alternative {
                    name: match unique {
                        true => names[index].clone(),
                        false => results.path.display().to_string(),
                    },
                    results,
                    points: contexts.iter().map(|it| it.1[index]).collect(),
                }
            })
            .collect();
        let seed = folders[0].manifest.seed;
        let paired = folders.iter().all(|it| it.manifest.seed == seed);
        let labels: Vec<String> = contexts.into_iter().map(|it| it.0).collect();
        Self::of(&alternatives, &labels, paired, selection)
    }

    /// Compares the values of one axis of a sweep, all other parameters being equal.
    ///
    /// # Errors
    /// If there is no such axis, or it has fewer than two values.
    pub fn over_axis(
        results: &ResultSet,
        key: &str,
        selection: &Selection,
    ) -> Result<Self, String> {
        let points = &results.points;
        let wrong = |reason: String| format!("{}: {reason}", results.path.display());
        let Some(axis) = points.axis(key) else {
            let known: Vec<&str> = points.axes.iter().map(|axis| axis.key.as_str()).collect();
            return Err(wrong(match known.is_empty() {
                true => format!("no axis `{key}`: these are not results of a sweep"),
                false => format!("no axis `{key}`; there are {}", known.join(", ")),
            }));
        };
        let values = points.axes[axis].distinct();
        if values.len() < 2 {
            return Err(wrong(format!("axis `{key}` has only one value")));
        }
        let mut labels: Vec<String> = Vec::new();
        let mut alternatives: Vec<Alternative<'_>> = values
            .iter()
            .map(|value| Alternative {
                name: (*value).to_owned(),
                results,
                points: Vec::new(),
            })
            .collect();
        for (at, &number) in points.numbers.iter().enumerate() {
            let label = points.label(number, |other| other == axis);
            let context = labels.iter().position(|it| *it == label);
            let context = context.unwrap_or_else(|| {
                labels.push(label);
                let missing = |it: &mut Alternative<'_>| it.points.push(None);
                alternatives.iter_mut().for_each(missing);
                labels.len() - 1
            });
            let value = &points.axes[axis].values[at];
            if let Some(which) = values.iter().position(|it| it == value) {
                alternatives[which].points[context] = Some(number);
            }
        }
        Self::of(&alternatives, &labels, true, selection)
    }

    fn of(
        alternatives: &[Alternative<'_>],
        contexts: &[String],
        paired: bool,
        selection: &Selection,
    ) -> Result<Self, String> {
        let (mut rows, mut alone) = (Vec::new(), Vec::new());
        for (context, label) in contexts.iter().enumerate() {
            let mut seen = std::collections::HashSet::new();
            for alternative in alternatives {
                let Some(point) = alternative.points[context] else {
                    continue;
                };
                for of in alternative.results.at(point) {
                    let wanted = selection.holds(&of.metric, &of.entity);
                    if !wanted || !seen.insert((&of.metric, &of.entity)) {
                        continue;
                    }
                    let found: Vec<Option<&MetricValues>> = alternatives
                        .iter()
                        .map(|it| it.results.find(it.points[context]?, &of.metric, &of.entity))
                        .collect();
                    let ranking = Ranking::of(&by_replication(&found), paired);
                    let row = ComparisonRow {
                        context: label.clone(),
                        metric: of.metric.clone(),
                        entity: of.entity.clone(),
                        unit: of.unit,
                        ranking,
                    };
                    match row.ranking.places.len() {
                        0 => {}
                        1 => alone.push(row.subject()),
                        _ => rows.push(row),
                    }
                }
            }
        }
        if rows.is_empty() {
            return Err("the alternatives have no metric in common at any point".to_owned());
        }
        Ok(Self {
            alternatives: alternatives.iter().map(|it| it.name.clone()).collect(),
            paired,
            rows,
            alone,
        })
    }

    /// What could not be compared since alternatives have no value there, in a few lines; empty if nothing was left
    /// out.
    pub fn left_out(&self) -> String {
        let mut text = String::new();
        let some = |all: &[String]| {
            let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>();
            match all.len().saturating_sub(SHOWN) {
                0 => shown.join("; "),
                more => format!("{}; and {more} more", shown.join("; ")),
            }
        };
        for (index, name) in self.alternatives.iter().enumerate() {
            let lacks = |row: &&ComparisonRow| {
                let mut places = row.ranking.places.iter();
                !places.any(|it| it.alternative == index)
            };
            let without: Vec<String> = self
                .rows
                .iter()
                .filter(lacks)
                .map(|it| it.subject())
                .collect();
            if without.len() == self.rows.len() {
                text += &format!("no value of {name} anywhere: it is not compared\n");
            } else if !without.is_empty() {
                text += &format!("no value of {name}: {}\n", some(&without));
            }
        }
        if !self.alone.is_empty() {
            text += &format!("only one alternative has a value: {}\n", some(&self.alone));
        }
        text
    }

    /// The comparison for a person. Two alternatives are a table of differences; more are rankings, with the letters of
    /// groups that cannot be told apart, and `pairs` adds the difference of every pair.
    pub fn to_text(&self, pairs: bool) -> String {
        let body = match self.alternatives.len() {
            2 => self.differences(),
            _ => self.rankings(pairs),
        };
        let left_out = self.left_out();
        let gap = if left_out.is_empty() { "" } else { "\n" };
        body + gap + &left_out + "\n" + &self.basis() + "\n"
    }

    fn differences(&self) -> String {
        let contexts = self.rows.iter().any(|row| !row.context.is_empty());
        let mut table = TextTable::new();
        if contexts {
            table = table.left("point");
        }
        let change = format!("{} - {}", self.alternatives[1], self.alternatives[0]);
        let mut table = table
            .left("metric")
            .left("entity")
            .right(&self.alternatives[0])
            .right(&self.alternatives[1])
            .right(&change)
            .right("relative")
            .right("p")
            .left("verdict");
        for row in &self.rows {
            let Some(pair) = row.ranking.pairs.first() else {
                continue;
            };
            let interval = |alternative: usize| {
                let mut places = row.ranking.places.iter();
                let place = places.find(|it| it.alternative == alternative);
                place.map_or_else(String::new, |it| row.unit.format_interval(&it.interval))
            };
            // A pair is ordered by its means; the table by its columns.
            let sign = if pair.first == 0 { 1.0 } else { -1.0 };
            let mut difference = pair.difference.interval;
            difference.mean *= sign;
            let base = row.ranking.places.iter().find(|it| it.alternative == 0);
            let verdict = match (pair.is_real(), pair.p_value) {
                (_, None) => "too few replications",
                (false, _) => "no difference found",
                (true, _) if difference.mean > 0.0 => "higher",
                (true, _) => "lower",
            };
            let cells = [
                row.metric.clone(),
                row.entity.clone(),
                interval(0),
                interval(1),
                row.unit.format_interval(&difference),
                relative(difference.mean, base.map_or(0.0, |it| it.interval.mean)),
                p_text(pair.p_value),
                verdict.to_owned(),
            ];
            let context = contexts.then(|| row.context.clone());
            table.row(context.into_iter().chain(cells));
        }
        table.render()
    }

    fn rankings(&self, pairs: bool) -> String {
        let mut text = String::new();
        for row in &self.rows {
            text += &row.subject();
            text.push('\n');
            let mut table = TextTable::new()
                .right("")
                .left("alternative")
                .right("mean ± 95 %")
                .left("group");
            for (rank, place) in row.ranking.places.iter().enumerate() {
                let groups: String = place.groups.iter().map(|group| letter(*group)).collect();
                table.row([
                    (rank + 1).to_string(),
                    self.alternatives[place.alternative].clone(),
                    row.unit.format_interval(&place.interval),
                    groups,
                ]);
            }
            text += &table.render();
            if pairs {
                text += &self.pairs(row);
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }

    fn pairs(&self, row: &ComparisonRow) -> String {
        let mut table = TextTable::new()
            .left("difference")
            .right("all at once 95 %")
            .right("p (Holm)")
            .left("");
        for pair in &row.ranking.pairs {
            let Pair { first, second, .. } = *pair;
            table.row([
                format!(
                    "{} - {}",
                    self.alternatives[second], self.alternatives[first]
                ),
                row.unit.format_interval(&pair.difference.interval),
                p_text(pair.p_value),
                if pair.is_real() { "real" } else { "" }.to_owned(),
            ]);
        }
        table.render()
    }

    /// What the verdicts rest on, in a few lines.
    pub fn basis(&self) -> String {
        let replications = self.rows.iter().flat_map(|row| &row.ranking.pairs);
        let counts: BTreeSet<usize> = replications.map(|it| it.difference.interval.n).collect();
        let over = match (counts.first(), counts.last()) {
            (Some(least), Some(most)) if least != most => format!("{least} to {most} replications"),
            (Some(&1), _) => "1 replication (too few to tell)".to_owned(),
            (Some(n), _) => format!("{n} replications"),
            _ => "no replications".to_owned(),
        };
        let how = match self.paired {
            true => "differences within replications, on common random numbers (paired t)",
            false => "differences between independent replications: the seeds differ (Welch's t)",
        };
        match self.alternatives.len() {
            2 => format!(
                "{how}, over {over}; each metric by itself; a difference is significant where p < 0.05"
            ),
            _ => format!(
                "{how}, over {over}; smallest mean first. Alternatives that share a letter cannot be distinguished: \
                 Holm's procedure, 5 % for all pairs of a ranking together; intervals of pairs hold simultaneously (Bonferroni)"
            ),
        }
    }

    /// Writes every pair as CSV with a header line.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn write_csv(&self, writer: impl Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            context: &'a str,
            metric: &'a str,
            entity: &'a str,
            unit: Unit,
            first: &'a str,
            second: &'a str,
            first_mean: Option<f64>,
            second_mean: Option<f64>,
            difference: f64,
            low: Option<f64>,
            high: Option<f64>,
            p_value: Option<f64>,
            real: bool,
            n: usize,
        }
        let mut writer = csv::Writer::from_writer(writer);
        for row in &self.rows {
            let mean = |alternative: usize| {
                let mut places = row.ranking.places.iter();
                let place = places.find(|it| it.alternative == alternative);
                place.map(|it| it.interval.mean)
            };
            for pair in &row.ranking.pairs {
                let difference = pair.difference.interval;
                writer.serialize(Line {
                    context: &row.context,
                    metric: &row.metric,
                    entity: &row.entity,
                    unit: row.unit,
                    first: &self.alternatives[pair.first],
                    second: &self.alternatives[pair.second],
                    first_mean: mean(pair.first),
                    second_mean: mean(pair.second),
                    difference: difference.mean,
                    low: difference.low(),
                    high: difference.high(),
                    p_value: pair.p_value,
                    real: pair.is_real(),
                    n: difference.n,
                })?;
            }
        }
        writer.flush()
    }
}

/// Points of several folders that belong together.
struct Context<'a> {
    parameters: Vec<(&'a str, &'a str)>,
    label: String,
    /// The number of each folder's point, if it has one.
    points: Vec<Option<u32>>,
}

/// The points of all folders that have the same parameters: what they are, and the number of each folder's point.
fn contexts(folders: &[&ResultSet]) -> Vec<(String, Vec<Option<u32>>)> {
    let mut contexts: Vec<Context<'_>> = Vec::new();
    for (index, folder) in folders.iter().enumerate() {
        for &number in &folder.points.numbers {
            let parameters = folder.points.parameters(number);
            // Without parameters, points are told apart by their numbers.
            let label = match parameters.is_empty() {
                true => number.to_string(),
                false => folder.points.label(number, |_| false),
            };
            let same = |it: &Context<'_>| {
                it.parameters == parameters && (!parameters.is_empty() || it.label == label)
            };
            let place = contexts.iter().position(same).unwrap_or_else(|| {
                contexts.push(Context {
                    parameters,
                    label,
                    points: vec![None; folders.len()],
                });
                contexts.len() - 1
            });
            contexts[place].points[index] = Some(number);
        }
    }
    let single = contexts.len() == 1;
    let shown = contexts.into_iter().map(|it| match single {
        // One point needs no name.
        true => (String::new(), it.points),
        false => (it.label, it.points),
    });
    shown.collect()
}

/// One list per alternative; the same index is the same replication, NaN where it is missing.
fn by_replication(found: &[Option<&MetricValues>]) -> Vec<Vec<f64>> {
    let all = found.iter().flatten().flat_map(|it| &it.values);
    let replications: BTreeSet<u32> = all.map(|(replication, _)| *replication).collect();
    let list = |values: &Option<&MetricValues>| {
        let of = |&replication: &u32| values.and_then(|it| it.of_replication(replication));
        replications
            .iter()
            .map(|it| of(it).unwrap_or(f64::NAN))
            .collect()
    };
    found.iter().map(list).collect()
}

/// A change as a share of what it started from.
fn relative(difference: f64, base: f64) -> String {
    let share = difference / base.abs();
    match share.is_finite() {
        true => format!("{:+.2} %", share * 100.0),
        false => "n/a".to_owned(),
    }
}

fn p_text(p_value: Option<f64>) -> String {
    match p_value {
        None => "n/a".to_owned(),
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    }
}

/// The name of a group: a, b, ... z, then a1, b1 and so on.
fn letter(group: usize) -> String {
    let letter = char::from(b'a' + (group % 26) as u8);
    match group / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}
