//! Analyses of the table of calls beyond the metrics of a run: distributions by function, computer or client, the end
//! of the warm-up, and the dependence of consecutive calls.

mod course;
mod latencies;

pub(crate) use course::Course;
pub use course::Transient;
pub(crate) use latencies::Latencies;

use crate::results::{CallRow, MetricValues, ReadError, ResultSet};
use crate::statistics::{BatchMeans, QuantileRule, Sorted, mean};
use crate::unit::Unit;
use std::collections::{BTreeMap, BTreeSet};

/// What calls are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// All calls together.
    #[default]
    All,
    /// The function called.
    Function,
    /// The client that called.
    Client,
    /// The computer that executed the call. Calls that none did are in no group.
    Computer,
    /// The brokers passed, `none` if the computer was called directly. Calls without a response are in no group.
    Path,
}

impl GroupBy {
    /// The group of a call; `None` if it belongs to none: neither the computer nor the path of a call that was
    /// not executed is known.
    fn of<'a>(self, call: &CallRow<'a>) -> Option<&'a str> {
        let group = match self {
            Self::All => "all",
            Self::Function => call.function,
            Self::Client => call.client,
            Self::Computer => call.computer,
            Self::Path => call.path,
        };
        match group {
            "" => call.is_completed().then_some("none"),
            group => Some(group),
        }
    }
}

/// Which calls belong to the warm-up and are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// Those that the run itself did not count.
    #[default]
    AsRun,
    /// Those sent before this time, nanoseconds.
    At(u64),
    /// Those that [`WarmUp`](crate::WarmUp) finds.
    Automatic,
}

/// The calls of a result folder after the warm-up.
#[derive(Clone, Debug)]
pub struct CallStudy {
    /// The groups, in the order of their names.
    pub groups: Vec<CallGroup>,
    /// Calls sent before this time were cut, nanoseconds.
    pub cut_ns: u64,
    /// Calls after it that belong to no group: with [`GroupBy::Computer`] and [`GroupBy::Path`] those that no computer
    /// executed.
    pub ungrouped: u64,
    /// The warm-up as the calls show it; `None` of too few calls.
    pub transient: Option<Transient>,
    /// The mean latency in each replication by itself, with an interval by batch means; `None` of too few calls.
    pub batch_means: Vec<Option<BatchMeans>>,
    /// Correlation of the latency of a call with that of the next, mean over replications; `None` of too few calls.
    pub correlation: Option<f64>,
}

/// The calls of one group after the warm-up.
#[derive(Clone, Debug, Default)]
pub struct CallGroup {
    /// Name of the function, computer or whatever calls are grouped by.
    pub name: String,
    /// Latencies of completed calls in each replication, nanoseconds.
    pub latencies: Vec<Sorted>,
    /// Processing times of completed calls in each replication, nanoseconds.
    pub processing: Vec<Sorted>,
    /// Calls in each replication, completed or not.
    pub sent: Vec<u64>,
}

impl CallStudy {
    /// Reads the calls of a folder and keeps the times of all.
    ///
    /// # Errors
    /// If the table of calls is missing, a row is invalid, or the rows of a replication are not contiguous.
    pub fn of(results: &ResultSet, by: GroupBy, cut: Cut) -> Result<Self, ReadError> {
        let mut kept: Vec<Vec<OfGroup>> = Vec::new();
        let (mut study, names) = study(results, by, cut, |groups| kept.push(groups))?;
        study.groups = names
            .into_iter()
            .map(|(name, group)| {
                let of_group = kept.iter_mut().map(|groups| match groups.get_mut(group) {
                    Some(found) => std::mem::take(found),
                    None => OfGroup::default(),
                });
                let mut whole = CallGroup {
                    name,
                    ..CallGroup::default()
                };
                for replication in of_group {
                    whole.latencies.push(Sorted::new(replication.latencies));
                    whole.processing.push(Sorted::new(replication.processing));
                    whole.sent.push(replication.sent);
                }
                whole
            })
            .collect();
        study
            .groups
            .retain(|group| group.sent.iter().any(|sent| *sent > 0));
        Ok(study)
    }

    /// Reads the calls of a folder and keeps, of each replication, nothing but its [metrics](Self::metrics): memory is
    /// that of the replication with most calls. The study that is returned has no groups.
    ///
    /// # Errors
    /// As [`CallStudy::of`].
    pub fn measure(
        results: &ResultSet,
        by: GroupBy,
        cut: Cut,
        quantiles: &[f64],
    ) -> Result<(Self, Vec<MetricValues>), ReadError> {
        let mut kept: Vec<Vec<(u64, Vec<f64>)>> = Vec::new();
        let (study, names) = study(results, by, cut, |groups| {
            let measured = groups
                .into_iter()
                .map(|group| (group.sent, group.measures(quantiles)));
            kept.push(measured.collect());
        })?;
        let nothing = (0, OfGroup::default().measures(quantiles));
        let metrics = names.iter().flat_map(|(name, group)| {
            let rows: Vec<_> = kept
                .iter()
                .map(|groups| groups.get(*group).unwrap_or(&nothing))
                .collect();
            match rows.iter().any(|(sent, _)| *sent > 0) {
                true => as_metrics(name, rows.iter().map(|(_, row)| row.as_slice()), quantiles),
                false => Vec::new(),
            }
        });
        let metrics = metrics.collect();
        Ok((study, metrics))
    }

    /// Mean and quantiles of latency and processing time and the share of completed calls, for each group and
    /// replication, as metrics.
    pub fn metrics(&self, quantiles: &[f64]) -> Vec<MetricValues> {
        let of_group = |group: &CallGroup| {
            let replications = group
                .latencies
                .iter()
                .zip(&group.processing)
                .zip(&group.sent);
            let rows: Vec<_> = replications
                .map(|((latencies, processing), sent)| {
                    measures(latencies, processing, *sent, quantiles)
                })
                .collect();
            as_metrics(&group.name, rows.iter().map(Vec::as_slice), quantiles)
        };
        self.groups.iter().flat_map(of_group).collect()
    }
}

/// The calls of a group in one replication.
#[derive(Debug, Default)]
struct OfGroup {
    /// Nanoseconds, in any order, as are the following.
    latencies: Vec<f64>,
    processing: Vec<f64>,
    sent: u64,
}

impl OfGroup {
    fn add(&mut self, row: &CallRow<'_>) {
        self.sent += 1;
        self.latencies
            .extend(row.completed_in().map(|ns| ns as f64));
        let processing = row.processing_ns.filter(|_| row.is_completed());
        self.processing.extend(processing.map(|ns| ns as f64));
    }

    fn measures(self, quantiles: &[f64]) -> Vec<f64> {
        let (latencies, processing) = (Sorted::new(self.latencies), Sorted::new(self.processing));
        measures(&latencies, &processing, self.sent, quantiles)
    }
}

/// The numbers of one group in one replication, in the order of [`names_of_measures`].
fn measures(latencies: &Sorted, processing: &Sorted, sent: u64, quantiles: &[f64]) -> Vec<f64> {
    let mut numbers = vec![latencies.len() as f64 / sent as f64];
    for times in [latencies, processing] {
        numbers.push(mean(times.values()).unwrap_or(f64::NAN));
        let quantile = |q: &f64| times.quantile(*q, QuantileRule::Interpolated);
        numbers.extend(quantiles.iter().map(|q| quantile(q).unwrap_or(f64::NAN)));
    }
    numbers
}

fn names_of_measures(quantiles: &[f64]) -> Vec<(String, Unit)> {
    let mut names = vec![("completed".to_owned(), Unit::Ratio)];
    for what in ["latency", "processing"] {
        names.push((format!("{what}_mean"), Unit::Nanoseconds));
        let name = |q: &f64| format!("{what}_p{}", (q * 1e6).round() / 1e4);
        names.extend(quantiles.iter().map(|q| (name(q), Unit::Nanoseconds)));
    }
    names
}

/// The rows of a group, one for each replication, as metrics.
fn as_metrics<'a>(
    entity: &str,
    rows: impl Iterator<Item = &'a [f64]>,
    quantiles: &[f64],
) -> Vec<MetricValues> {
    let mut metrics: Vec<_> = names_of_measures(quantiles)
        .into_iter()
        .map(|(metric, unit)| MetricValues {
            point: 0,
            metric,
            entity: entity.to_owned(),
            unit,
            values: Vec::new(),
        })
        .collect();
    for (replication, row) in (0..).zip(rows) {
        for (metric, value) in metrics.iter_mut().zip(row) {
            metric.values.push((replication, *value));
        }
    }
    metrics
}

/// Everything but the groups, whose calls are handed to `keep` replication by replication, by the number of the group.
/// Returns the groups' names in their order, too.
fn study(
    results: &ResultSet,
    by: GroupBy,
    cut: Cut,
    mut keep: impl FnMut(Vec<OfGroup>),
) -> Result<(CallStudy, BTreeMap<String, usize>), ReadError> {
    let (cut_ns, known, course) = match cut {
        Cut::AsRun => (results.warm_up_ns, None, Course::settling()),
        Cut::At(ns) => (ns, None, Course::settling()),
        Cut::Automatic => {
            // Nothing else can be said before it is known what is cut.
            let mut course = Course::settling();
            visit_replications(results, |part| match part {
                Part::Call(row) => course.add(row),
                Part::End => course.end(),
            })?;
            let (transient, _) = course.found();
            let ends_ns = transient.as_ref().map_or(0, |it| it.ends_ns);
            (ends_ns, transient, Course::unsettled())
        }
    };
    let mut course = course.and_dependence(cut_ns);
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<OfGroup> = Vec::new();
    let mut ungrouped = 0;
    visit_replications(results, |part| match part {
        Part::Call(row) => {
            course.add(row);
            if row.sent_ns < cut_ns {
                return;
            }
            let Some(name) = by.of(row) else {
                ungrouped += 1;
                return;
            };
            let group = names.get(name).copied().unwrap_or_else(|| {
                let next = names.len();
                names.insert(name.to_owned(), next);
                next
            });
            if group >= groups.len() {
                groups.resize_with(group + 1, OfGroup::default);
            }
            groups[group].add(row);
        }
        Part::End => {
            course.end();
            keep(std::mem::take(&mut groups));
        }
    })?;
    let (transient, dependence) = course.found();
    let study = CallStudy {
        groups: Vec::new(),
        cut_ns,
        ungrouped,
        transient: known.or(transient),
        correlation: dependence.correlation(),
        batch_means: dependence.batch_means,
    };
    Ok((study, names))
}

/// A part of the table of calls.
pub(crate) enum Part<'a> {
    /// A call.
    Call(&'a CallRow<'a>),
    /// The end of a replication.
    End,
}

/// Hands the table of calls to `visit`, part by part.
pub(crate) fn visit_replications(
    results: &ResultSet,
    mut visit: impl FnMut(Part<'_>),
) -> Result<(), ReadError> {
    let mut over = BTreeSet::new();
    let mut current = None;
    let mut torn = None;
    results.visit_calls(|row| {
        if current != Some(row.replication) {
            if let Some(last) = current {
                over.insert(last);
                visit(Part::End);
            }
            current = Some(row.replication);
            if over.contains(&row.replication) {
                torn.get_or_insert(row.replication);
            }
        }
        visit(Part::Call(row));
    })?;
    if current.is_some() {
        visit(Part::End);
    }
    match torn {
        None => Ok(()),
        Some(replication) => Err(ReadError::of(format!(
            "{}: the rows of replication {replication} do not stand together",
            results.path.join("calls.csv").display()
        ))),
    }
}
