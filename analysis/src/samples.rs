//! What time series tell: averages over time, and the series themselves for figures.

use crate::results::{MetricValues, ReadError, ResultSet};
use crate::statistics::time_average;
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
    /// What was observed.
    pub metric: String,
    /// What it was observed of.
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
    /// If there are no samples, or a row of their table is not one.
    pub fn of(results: &ResultSet) -> Result<Self, ReadError> {
        let mut series: Vec<TimeSeries> = Vec::new();
        let mut places: HashMap<String, HashMap<String, usize>> = HashMap::new();
        results.visit_samples(|row| {
            let known = places.get(row.metric).and_then(|it| it.get(row.entity));
            let place = known.copied().unwrap_or_else(|| {
                let of_metric = places.entry(row.metric.to_owned()).or_default();
                of_metric.insert(row.entity.to_owned(), series.len());
                series.push(TimeSeries {
                    metric: row.metric.to_owned(),
                    entity: row.entity.to_owned(),
                    unit: row.unit,
                    replications: BTreeMap::new(),
                });
                series.len() - 1
            });
            let value = row.value.unwrap_or(f64::NAN);
            let of_replication = series[place].replications.entry(row.replication);
            of_replication
                .or_default()
                .push((row.time_ns as f64, value));
        })?;
        for values in series
            .iter_mut()
            .flat_map(|it| it.replications.values_mut())
        {
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        Ok(Self { series })
    }

    /// The average over time of each series from a time on, in each replication, as metrics.
    ///
    /// The average ends at the last sample of the replication.
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
