//! Analyses of time series: averages over time, and the series for figures.

use crate::results::{MetricValues, ReadError, ResultSet, SampleRow};
use crate::statistics::{TimeAverage, time_average};
use crate::unit::Unit;
use std::collections::{BTreeMap, HashMap};

/// The time series of a result folder.
#[derive(Clone, Debug)]
pub struct SampleStudy {
    /// One per metric and entity, in the order of the file.
    pub series: Vec<TimeSeries>,
}

/// One quantity of one entity over time, in each replication.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeSeries {
    /// Observed quantity.
    pub metric: String,
    /// Observed entity.
    pub entity: String,
    /// Unit of the values.
    pub unit: Unit,
    /// By replication: time (nanoseconds) and value, not a number where there was none.
    pub replications: BTreeMap<u32, Vec<(f64, f64)>>,
}

impl SampleStudy {
    /// Reads the samples of a folder.
    ///
    /// # Errors
    /// If the table of samples is missing, or a row is invalid.
    pub fn of(results: &ResultSet) -> Result<Self, ReadError> {
        Self::of_rows(results, |_| true)
    }

    /// Reads the samples for which `wanted` holds. The other series are there without values.
    pub(crate) fn of_rows(
        results: &ResultSet,
        wanted: impl Fn(&SampleRow<'_>) -> bool,
    ) -> Result<Self, ReadError> {
        let mut series: Vec<TimeSeries> = Vec::new();
        let mut places = Places::default();
        results.visit_samples(|row| {
            let place = places.of(row);
            if place == series.len() {
                series.push(TimeSeries {
                    metric: row.metric.to_owned(),
                    entity: row.entity.to_owned(),
                    unit: row.unit,
                    replications: BTreeMap::new(),
                });
            }
            if wanted(row) {
                let of_replication = series[place].replications.entry(row.replication);
                let value = row.value.unwrap_or(f64::NAN);
                of_replication
                    .or_default()
                    .push((row.time_ns as f64, value));
            }
        })?;
        for values in series
            .iter_mut()
            .flat_map(|it| it.replications.values_mut())
        {
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        Ok(Self { series })
    }

    /// The average over time of each series of a folder from a time on, in each replication, as metrics. The samples
    /// are read once, and of those of a replication that are in order of time none is kept.
    ///
    /// The average ends at the last sample of the replication.
    ///
    /// # Errors
    /// If the table of samples is missing, or a row is invalid.
    pub fn averages(results: &ResultSet, from_ns: u64) -> Result<Vec<MetricValues>, ReadError> {
        let mut found: Vec<(MetricValues, BTreeMap<u32, TimeAverage>)> = Vec::new();
        let mut places = Places::default();
        let mut in_order = true;
        results.visit_samples(|row| {
            let place = places.of(row);
            if place == found.len() {
                let metric = MetricValues {
                    point: 0,
                    metric: row.metric.to_owned(),
                    entity: row.entity.to_owned(),
                    unit: row.unit,
                    values: Vec::new(),
                };
                found.push((metric, BTreeMap::new()));
            }
            let of_replication = found[place].1.entry(row.replication);
            let average =
                of_replication.or_insert_with(|| TimeAverage::new(from_ns as f64, f64::INFINITY));
            in_order &= average.observe(row.time_ns as f64, row.value.unwrap_or(f64::NAN));
        })?;
        if !in_order {
            return Ok(Self::of(results)?.time_averages(from_ns));
        }
        let metric = |(metric, averages): (MetricValues, BTreeMap<u32, TimeAverage>)| {
            let averages = averages.into_iter();
            MetricValues {
                values: averages
                    .map(|(replication, it)| (replication, it.found().unwrap_or(f64::NAN)))
                    .collect(),
                ..metric
            }
        };
        Ok(found.into_iter().map(metric).collect())
    }

    /// The same, of samples that were read.
    pub fn time_averages(&self, from_ns: u64) -> Vec<MetricValues> {
        let average = |values: &Vec<(f64, f64)>| {
            let end = values.last().map_or(0.0, |it| it.0);
            let found = time_average(values.iter().copied(), from_ns as f64, end);
            found.unwrap_or(f64::NAN)
        };
        let metric = |series: &TimeSeries| MetricValues {
            point: 0,
            metric: series.metric.clone(),
            entity: series.entity.clone(),
            unit: series.unit,
            values: series
                .replications
                .iter()
                .map(|(replication, values)| (*replication, average(values)))
                .collect(),
        };
        self.series.iter().map(metric).collect()
    }

    /// The series of a metric.
    pub fn of_metric<'a>(&'a self, metric: &'a str) -> impl Iterator<Item = &'a TimeSeries> {
        self.series.iter().filter(move |it| it.metric == metric)
    }
}

/// Numbers of series, from 0 in the order in which they appear.
#[derive(Default)]
struct Places {
    known: HashMap<String, HashMap<String, usize>>,
    count: usize,
}

impl Places {
    fn of(&mut self, row: &SampleRow<'_>) -> usize {
        let known = self.known.get(row.metric).and_then(|it| it.get(row.entity));
        known.copied().unwrap_or_else(|| {
            let of_metric = self.known.entry(row.metric.to_owned()).or_default();
            of_metric.insert(row.entity.to_owned(), self.count);
            self.count += 1;
            self.count - 1
        })
    }
}
