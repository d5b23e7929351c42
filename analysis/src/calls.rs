//! What the table of calls tells beyond the metrics of a run: distributions by function, computer or client, where the
//! warm-up ended, and whether consecutive calls depend on each other.

use crate::results::{CallRow, MetricValues, ReadError, ResultSet};
use crate::statistics::{BatchMeans, QuantileRule, Sorted, WarmUp, autocorrelation, mean};
use crate::unit::Unit;
use std::collections::{BTreeMap, HashMap};

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

struct Call {
    number: u64,
    sent_ns: u64,
    latency_ns: Option<u64>,
    processing_ns: Option<u64>,
    group: usize,
}

impl CallStudy {
    /// Reads the calls of a folder.
    ///
    /// # Errors
    /// If there is no table of calls, or a row of it is not one.
    pub fn of(results: &ResultSet, by: GroupBy, cut: Cut) -> Result<Self, ReadError> {
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut replications: BTreeMap<u32, Vec<Call>> = BTreeMap::new();
        results.visit_calls(|row| {
            let name = by.of(row);
            let next = names.len();
            let group = match names.get(name) {
                Some(&group) => group,
                None => *names.entry(name.to_owned()).or_insert(next),
            };
            let completed = row.is_completed();
            let calls = replications.entry(row.replication).or_default();
            calls.push(Call {
                number: row.call,
                sent_ns: row.sent_ns,
                latency_ns: row.latency_ns.filter(|_| completed),
                processing_ns: row.processing_ns.filter(|_| completed),
                group,
            });
        })?;
        let mut replications: Vec<Vec<Call>> = replications.into_values().collect();
        for calls in &mut replications {
            calls.sort_by_key(|call| call.number);
        }
        let transient = transient(&replications);
        let cut_ns = match cut {
            Cut::AsRun => results.warm_up_ns,
            Cut::At(ns) => ns,
            Cut::Automatic => transient.as_ref().map_or(0, |it| it.ends_ns),
        };
        for calls in &mut replications {
            calls.retain(|call| call.sent_ns >= cut_ns);
        }
        let series: Vec<Vec<f64>> = replications.iter().map(|calls| latencies(calls)).collect();
        let correlations: Vec<f64> = series
            .iter()
            .filter_map(|series| autocorrelation(series, 1))
            .collect();
        Ok(Self {
            groups: groups(names, &replications),
            cut_ns,
            transient,
            batch_means: series.iter().map(|series| BatchMeans::of(series)).collect(),
            correlation: mean(&correlations),
        })
    }

    /// Mean and quantiles of latency and processing time and the share of completed calls, for each group and
    /// replication, as metrics.
    pub fn metrics(&self, quantiles: &[f64]) -> Vec<MetricValues> {
        let mut metrics = Vec::new();
        for group in &self.groups {
            let mut push = |metric: String, unit, values: Vec<f64>| {
                metrics.push(MetricValues {
                    point: 0,
                    metric,
                    entity: group.name.clone(),
                    unit,
                    values: (0..).zip(values).collect(),
                });
            };
            let completed = group.latencies.iter().zip(&group.sent);
            let share = completed.map(|(calls, sent)| calls.len() as f64 / *sent as f64);
            push("completed".to_owned(), Unit::Ratio, share.collect());
            for (what, times) in [
                ("latency", &group.latencies),
                ("processing", &group.processing),
            ] {
                let mean = |sample: &Sorted| mean(sample.values()).unwrap_or(f64::NAN);
                let values = times.iter().map(mean).collect();
                push(format!("{what}_mean"), Unit::Nanoseconds, values);
                for &q in quantiles {
                    let quantile = |sample: &Sorted| {
                        let value = sample.quantile(q, QuantileRule::Interpolated);
                        value.unwrap_or(f64::NAN)
                    };
                    let values = times.iter().map(quantile).collect();
                    let name = format!("{what}_p{}", (q * 1e6).round() / 1e4);
                    push(name, Unit::Nanoseconds, values);
                }
            }
        }
        metrics
    }
}

fn latencies(calls: &[Call]) -> Vec<f64> {
    let completed = calls.iter().filter_map(|call| call.latency_ns);
    completed.map(|ns| ns as f64).collect()
}

fn groups(names: HashMap<String, usize>, replications: &[Vec<Call>]) -> Vec<CallGroup> {
    let mut names: Vec<(String, usize)> = names.into_iter().collect();
    names.sort_unstable_by_key(|(_, group)| *group);
    let mut groups: Vec<CallGroup> = names
        .into_iter()
        .map(|(name, _)| CallGroup {
            name,
            ..CallGroup::default()
        })
        .collect();
    for calls in replications {
        let mut latencies = vec![Vec::new(); groups.len()];
        let mut processing = vec![Vec::new(); groups.len()];
        let mut sent = vec![0; groups.len()];
        for call in calls {
            sent[call.group] += 1;
            latencies[call.group].extend(call.latency_ns.map(|ns| ns as f64));
            processing[call.group].extend(call.processing_ns.map(|ns| ns as f64));
        }
        let found = latencies.into_iter().zip(processing).zip(sent);
        for (group, ((latencies, processing), sent)) in groups.iter_mut().zip(found) {
            group.latencies.push(Sorted::new(latencies));
            group.processing.push(Sorted::new(processing));
            group.sent.push(sent);
        }
    }
    groups.retain(|group| group.sent.iter().any(|sent| *sent > 0));
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

fn transient(replications: &[Vec<Call>]) -> Option<Transient> {
    let completed: Vec<Vec<(f64, f64)>> = replications
        .iter()
        .map(|calls| {
            let place = |call: &Call| Some((call.sent_ns as f64, call.latency_ns? as f64));
            calls.iter().filter_map(place).collect()
        })
        .collect();
    let length = completed.iter().map(Vec::len).min()?;
    let series: Vec<(f64, f64)> = (0..length)
        .map(|at| {
            let all = completed.iter().map(|calls| calls[at]);
            let (times, latencies): (Vec<f64>, Vec<f64>) = all.unzip();
            let mean = |values: &[f64]| mean(values).unwrap_or(f64::NAN);
            (mean(&times), mean(&latencies))
        })
        .collect();
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
