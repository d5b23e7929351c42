//! Whether results have changed since an earlier run of the same study.

use super::{Selection, by_replication, contexts, p_text, relative};
use crate::results::ResultSet;
use crate::statistics::{CONFIDENCE, Difference, Interval, holm};
use crate::text::TextTable;
use crate::unit::Unit;
use std::collections::HashSet;

/// The results of a study, metric by metric, against earlier ones of the same study.
///
/// With as many metrics as a study has, some would differ by chance; Holm's procedure over all of them keeps the
/// probability of even one false alarm below 5 %.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// Whether differences are within replications: the seeds are the same.
    pub paired: bool,
    /// Relative change up to which a difference does not matter, even if it is real.
    pub tolerance: f64,
    /// Every metric that was compared.
    pub rows: Vec<RegressionRow>,
}

/// One metric of one entity in new and old results.
#[derive(Clone, Debug, PartialEq)]
pub struct RegressionRow {
    /// The point, such as `rate=10`; empty if there are no points.
    pub context: String,
    /// What was measured.
    pub metric: String,
    /// Whose metric it is.
    pub entity: String,
    /// Unit of the values.
    pub unit: Unit,
    /// What it was; `None` if it did not exist or had no value.
    pub old: Option<Interval>,
    /// What it is.
    pub new: Option<Interval>,
    /// New minus old; `None` if either does not exist.
    pub difference: Option<Difference>,
    /// Adjusted p-value; `None` with fewer than two replications.
    pub p_value: Option<f64>,
    /// What that means.
    pub verdict: Verdict,
}

/// The result for a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every replication has the same value as before.
    Same,
    /// It differs, but no more than chance explains, or within the tolerance.
    Within,
    /// It changed.
    Changed,
    /// It is missing in the new results.
    Missing,
    /// It was not there before.
    New,
}

impl Verdict {
    /// Whether it needs attention.
    pub fn is_alarm(self) -> bool {
        matches!(self, Self::Changed | Self::Missing)
    }

    /// The verdict in one word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Within => "within",
            Self::Changed => "CHANGED",
            Self::Missing => "MISSING",
            Self::New => "new",
        }
    }
}

impl Regression {
    /// Compares new results with old ones. With fewer than two replications there is no interval, and every change
    /// beyond the tolerance counts.
    ///
    /// # Errors
    /// If the results have no metric in common at any point.
    pub fn of(
        old: &ResultSet,
        new: &ResultSet,
        tolerance: f64,
        selection: &Selection,
    ) -> Result<Self, String> {
        let paired = old.manifest.seed == new.manifest.seed;
        let mut rows = Vec::new();
        for (context, points) in contexts(&[old, new]) {
            let sides = [(old, points[0]), (new, points[1])];
            let listed = sides
                .iter()
                .filter_map(|(it, point)| Some(it.at((*point)?)));
            let mut seen = HashSet::new();
            for of in listed.flatten() {
                let wanted = selection.holds(&of.metric, &of.entity);
                if wanted && seen.insert((&of.metric, &of.entity)) {
                    let find = |(it, point): (&ResultSet, Option<u32>)| {
                        let found = it.find(point?, &of.metric, &of.entity)?;
                        (!found.finite().is_empty()).then(|| found.clone())
                    };
                    let (before, after) = (find(sides[0]), find(sides[1]));
                    let both = by_replication(&[before.as_ref(), after.as_ref()]);
                    let difference = match paired {
                        true => {
                            let pairs = both[0].iter().copied().zip(both[1].iter().copied());
                            Difference::paired(&pairs.collect::<Vec<_>>())
                        }
                        false => Difference::independent(&both[0], &both[1]),
                    };
                    // Equal replication by replication, including which have no value.
                    let same = both[0].iter().zip(&both[1]).all(|(a, b)| {
                        a.to_bits() == b.to_bits() || a == b || (a.is_nan() && b.is_nan())
                    });
                    let verdict = match (&before, &after) {
                        _ if same => Verdict::Same,
                        (Some(_), None) => Verdict::Missing,
                        (None, _) => Verdict::New,
                        _ => Verdict::Within,
                    };
                    rows.push(RegressionRow {
                        context: context.clone(),
                        metric: of.metric.clone(),
                        entity: of.entity.clone(),
                        unit: of.unit,
                        old: before.and_then(|it| it.interval()),
                        new: after.and_then(|it| it.interval()),
                        p_value: difference.and_then(|it| it.p_value),
                        difference,
                        verdict,
                    });
                }
            }
        }
        if !rows
            .iter()
            .any(|row| row.old.is_some() && row.new.is_some())
        {
            return Err("the results have no metric in common at any point".to_owned());
        }
        judge(&mut rows, tolerance);
        Ok(Self {
            paired,
            tolerance,
            rows,
        })
    }

    /// The rows that need attention.
    pub fn alarms(&self) -> impl Iterator<Item = &RegressionRow> {
        self.rows.iter().filter(|row| row.verdict.is_alarm())
    }

    /// What changed, for a person; with `all`, also what did not.
    pub fn to_text(&self, all: bool) -> String {
        let mut table = TextTable::new()
            .left("verdict")
            .left("point")
            .left("metric")
            .left("entity")
            .right("old")
            .right("new")
            .right("change")
            .right("p (Holm)");
        for row in &self.rows {
            let shown = all || row.verdict.is_alarm() || row.verdict == Verdict::New;
            if !shown {
                continue;
            }
            let interval = |it: Option<Interval>| {
                it.map_or_else(|| "n/a".to_owned(), |it| row.unit.format_interval(&it))
            };
            let change = row.difference.zip(row.old);
            table.row([
                row.verdict.label().to_owned(),
                row.context.clone(),
                row.metric.clone(),
                row.entity.clone(),
                interval(row.old),
                interval(row.new),
                change.map_or_else(String::new, |(change, old)| {
                    relative(change.interval.mean, old.mean)
                }),
                p_text(row.p_value),
            ]);
        }
        let mut text = String::new();
        if !table.is_empty() {
            text += &table.render();
            text.push('\n');
        }
        text + &self.conclusion() + "\n"
    }

    /// The result in one line.
    pub fn conclusion(&self) -> String {
        let count = |verdict| self.rows.iter().filter(|it| it.verdict == verdict).count();
        let how = match self.paired {
            true => "paired by replication",
            false => "independent, since the seeds differ",
        };
        format!(
            "{} metrics: {} same, {} within, {} changed, {} missing, {} new ({how}; 5 % for all together, tolerance {} %)",
            self.rows.len(),
            count(Verdict::Same),
            count(Verdict::Within),
            count(Verdict::Changed),
            count(Verdict::Missing),
            count(Verdict::New),
            self.tolerance * 100.0
        )
    }
}

/// Decides for all rows together which changes are real and large enough.
fn judge(rows: &mut [RegressionRow], tolerance: f64) {
    let tested: Vec<usize> = (0..rows.len())
        .filter(|&index| rows[index].p_value.is_some())
        .collect();
    let p_values: Vec<f64> = tested.iter().filter_map(|&it| rows[it].p_value).collect();
    for (&index, adjusted) in tested.iter().zip(holm(&p_values)) {
        rows[index].p_value = Some(adjusted);
    }
    for row in rows.iter_mut().filter(|row| row.verdict == Verdict::Within) {
        let Some((difference, old)) = row.difference.zip(row.old) else {
            // Values, but not in the same replications: nothing can be paired.
            row.verdict = Verdict::Missing;
            continue;
        };
        let real = row.p_value.is_none_or(|p| p < 1.0 - CONFIDENCE);
        let large = difference.interval.mean.abs() > tolerance * old.mean.abs();
        if real && large {
            row.verdict = Verdict::Changed;
        }
    }
}
