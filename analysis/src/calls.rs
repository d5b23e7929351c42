//! What the table of calls tells beyond the metrics of a run: distributions by function, computer or client, where the
//! warm-up ended, and whether consecutive calls depend on each other.

use crate::results::{CallRow, MetricValues, ReadError, ResultSet};
use crate::statistics::{BatchMeans, QuantileRule, Sorted, WarmUp, autocorrelation, mean};
use crate::unit::Unit;
use std::collections::BTreeMap;

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
    /// The computer that executed the call.
    Computer,
    /// The brokers passed.
    Path,
}

impl GroupBy {
    fn of<'a>(self, call: &CallRow<'a>) -> &'a str {
        match self {
            Self::All => "all",
            Self::Function => call.function,
            Self::Client => call.client,
            Self::Computer => call.computer,
            Self::Path => call.path,
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
    /// Those that [`WarmUp`] finds.
    Automatic,
}

/// The calls of a result folder after the warm-up.
#[derive(Clone, Debug)]
pub struct CallStudy {
    /// The groups, in the order of their names.
    pub groups: Vec<CallGroup>,
    /// Calls sent before this time were cut, nanoseconds.
    pub cut_ns: u64,
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

/// Where the latency of calls settles: the n-th call of each replication is averaged over replications, and [`WarmUp`]
/// applied to that.
#[derive(Clone, Debug, PartialEq)]
pub struct Transient {
    /// Number of calls to cut, and what else the rule found.
    pub warm_up: WarmUp,
    /// When the first call that is kept was sent, nanoseconds, mean over replications.
    pub ends_ns: u64,
    /// Time (nanoseconds) and latency (nanoseconds) of each call, mean over replications.
    pub series: Vec<(f64, f64)>,
}

/// A call of the replication that is being read. [`NONE`] stands for a time that there is not.
struct Call {
    number: u64,
    sent_ns: u64,
    latency_ns: u64,
    processing_ns: u64,
    group: u32,
}

const NONE: u64 = u64::MAX;

impl CallStudy {
    /// Reads the calls of a folder and keeps the times of all.
    ///
    /// # Errors
    /// If there is no table of calls, a row of it is not one, or the rows of a replication do not stand together.
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
                    whole.latencies.push(replication.latencies);
                    whole.processing.push(replication.processing);
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
                .iter()
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
    latencies: Sorted,
    processing: Sorted,
    sent: u64,
}

impl OfGroup {
    fn measures(&self, quantiles: &[f64]) -> Vec<f64> {
        measures(&self.latencies, &self.processing, self.sent, quantiles)
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
    let mut transient = MeanCourse::default();
    let mut names = BTreeMap::new();
    let automatic = cut == Cut::Automatic;
    if automatic {
        // Nothing else can be said before it is known what is cut.
        visit_replications(results, by, &mut names, |calls| transient.add(&calls))?;
    }
    let mut found = automatic.then(|| transient.settle());
    let cut_ns = match (cut, &found) {
        (Cut::AsRun, _) => results.warm_up_ns,
        (Cut::At(ns), _) => ns,
        (Cut::Automatic, found) => found.iter().flatten().map(|it| it.ends_ns).sum(),
    };
    let (mut batch_means, mut correlations) = (Vec::new(), Vec::new());
    let mut count = 0;
    visit_replications(results, by, &mut names, |mut calls| {
        if !automatic {
            transient.add(&calls);
        }
        calls.retain(|call| call.sent_ns >= cut_ns);
        let series = latencies(&calls);
        correlations.extend(autocorrelation(&series, 1));
        batch_means.push(BatchMeans::of(&series));
        drop(series);
        count = calls
            .iter()
            .map(|call| call.group as usize + 1)
            .fold(count, usize::max);
        keep(groups(&calls, count));
    })?;
    let study = CallStudy {
        groups: Vec::new(),
        cut_ns,
        transient: found.take().unwrap_or_else(|| transient.settle()),
        batch_means,
        correlation: mean(&correlations),
    };
    Ok((study, names))
}

/// Hands the calls of each replication to `visit`, in the order of their numbers.
fn visit_replications(
    results: &ResultSet,
    by: GroupBy,
    names: &mut BTreeMap<String, usize>,
    mut visit: impl FnMut(Vec<Call>),
) -> Result<(), ReadError> {
    let mut calls: Vec<Call> = Vec::new();
    let mut over: Vec<u32> = Vec::new();
    let mut current = None;
    let mut torn = None;
    let mut end = |calls: &mut Vec<Call>| {
        calls.sort_unstable_by_key(|call| call.number);
        visit(std::mem::take(calls));
    };
    results.visit_calls(|row| {
        if current != Some(row.replication) {
            if let Some(last) = current {
                over.push(last);
                end(&mut calls);
            }
            current = Some(row.replication);
            if over.contains(&row.replication) {
                torn.get_or_insert(row.replication);
            }
        }
        let name = by.of(row);
        let group = match names.get(name) {
            Some(&group) => group,
            None => {
                let next = names.len();
                names.insert(name.to_owned(), next);
                next
            }
        };
        let time = |ns: Option<u64>| ns.filter(|_| row.is_completed()).unwrap_or(NONE);
        calls.push(Call {
            number: row.call,
            sent_ns: row.sent_ns,
            latency_ns: time(row.latency_ns),
            processing_ns: time(row.processing_ns),
            group: group as u32,
        });
    })?;
    if current.is_some() {
        end(&mut calls);
    }
    match torn {
        None => Ok(()),
        Some(replication) => Err(ReadError::of(format!(
            "{}: the rows of replication {replication} do not stand together",
            results.path.join("calls.csv").display()
        ))),
    }
}

/// The latencies of completed calls.
fn latencies(calls: &[Call]) -> Vec<f64> {
    let times = calls.iter().map(|call| call.latency_ns);
    times.filter(|ns| *ns != NONE).map(|ns| ns as f64).collect()
}

/// The calls of a replication by group.
fn groups(calls: &[Call], count: usize) -> Vec<OfGroup> {
    let mut latencies = vec![Vec::new(); count];
    let mut processing = vec![Vec::new(); count];
    let mut sent = vec![0; count];
    for call in calls {
        let group = call.group as usize;
        sent[group] += 1;
        if call.latency_ns != NONE {
            latencies[group].push(call.latency_ns as f64);
        }
        if call.processing_ns != NONE {
            processing[group].push(call.processing_ns as f64);
        }
    }
    let found = latencies.into_iter().zip(processing).zip(sent);
    found
        .map(|((latencies, processing), sent)| OfGroup {
            latencies: Sorted::new(latencies),
            processing: Sorted::new(processing),
            sent,
        })
        .collect()
}

/// The sums over replications of when the n-th completed call was sent, and of its latency.
#[derive(Default)]
struct MeanCourse {
    replications: u64,
    sums: Vec<(f64, f64)>,
}

impl MeanCourse {
    fn add(&mut self, calls: &[Call]) {
        let completed = calls.iter().filter(|call| call.latency_ns != NONE);
        let each = completed.map(|call| (call.sent_ns as f64, call.latency_ns as f64));
        if self.replications == 0 {
            self.sums = each.collect();
        } else {
            let mut length = 0;
            for (sum, (sent, latency)) in self.sums.iter_mut().zip(each) {
                *sum = (sum.0 + sent, sum.1 + latency);
                length += 1;
            }
            // As far as all replications go.
            self.sums.truncate(length);
        }
        self.replications += 1;
    }

    fn settle(&mut self) -> Option<Transient> {
        let count = self.replications as f64;
        let mut series = std::mem::take(&mut self.sums);
        for (sent, latency) in &mut series {
            (*sent, *latency) = (*sent / count, *latency / count);
        }
        let latencies: Vec<f64> = series.iter().map(|it| it.1).collect();
        let warm_up = WarmUp::of(&latencies)?;
        let ends_ns = match warm_up.cut {
            0 => 0.0,
            cut => series[cut].0,
        };
        Some(Transient {
            warm_up,
            ends_ns: ends_ns as u64,
            series,
        })
    }
}
