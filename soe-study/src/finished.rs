//! A finished sweep: the results of its points.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::SweepError;
use crate::executor::Sweep;
use crate::moments::{Moments, PairMoments};
use crate::runner::{Column, Layout, Prepared};
use crate::study::Plan;

/// One quantity at one point, over its replications.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// What it is.
    pub column: Column,
    /// Its moments, over replications or, if it is pooled, over all observations.
    pub moments: Moments,
}

/// Everything that is known of the points of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Estimates {
    /// For each point, its quantities in the order in which they are reported.
    pub points: Vec<Vec<Estimate>>,
    /// For each point, how many replications it has and how many of them failed.
    pub counts: Vec<(u32, u32)>,
    /// For each point, a digest of the fingerprints of its replications; 0 if they have none.
    pub fingerprints: Vec<u64>,
}

impl Estimates {
    /// A quantity that has one value at a point.
    pub fn find(&self, point: usize, metric: &str, entity: &str) -> Option<&Estimate> {
        self.points[point].iter().find(|estimate| {
            let column = &estimate.column;
            column.at.is_none() && column.metric.name == metric && column.entity == entity
        })
    }
}

/// A finished sweep, ready for analysis.
pub struct Finished<'s, 'e> {
    pub(crate) sweep: &'s mut Sweep<'e, Prepared>,
    pub(crate) plan: &'s Plan,
    pub(crate) estimates: Estimates,
}

impl<'s, 'e> Finished<'s, 'e> {
    /// Estimates everything from what the journals hold, point by point and in the order
    /// of the replications; `each` sees every replication.
    ///
    /// # Errors
    /// If a journal cannot be read.
    pub(crate) fn new(
        sweep: &'s mut Sweep<'e, Prepared>,
        plan: &'s Plan,
        mut each: impl FnMut(usize, u32, &Arc<Layout>, &[f64]) -> Result<(), SweepError>,
    ) -> Result<Self, SweepError> {
        let mut estimates = Estimates::default();
        for point in 0..sweep.targets.len() {
            let mut fold = Fold::default();
            let (mut failed, mut fingerprint) = (0, 0);
            // Points of the same content have the same number of replications.
            let target = sweep.targets[sweep.store.same[point]];
            for replication in 0..target {
                let Some(report) = sweep.store.read(point, replication)? else {
                    failed += 1;
                    continue;
                };
                fold.add(&report.layout, &report.values);
                fingerprint = mix(fingerprint, report.fingerprint);
                each(point, replication, &report.layout, &report.values)?;
            }
            estimates.points.push(fold.estimates);
            estimates.counts.push((target, failed));
            estimates.fingerprints.push(fingerprint);
        }
        Ok(Self {
            sweep,
            plan,
            estimates,
        })
    }

    /// The values of a metric of an entity at a point, by replication; not a number where
    /// there is none.
    pub(crate) fn values(
        &mut self,
        point: usize,
        metric: &str,
        entity: &str,
    ) -> Result<Vec<f64>, SweepError> {
        let mut values = Vec::new();
        for replication in 0..self.estimates.counts[point].0 {
            let report = self.sweep.store.read(point, replication)?;
            values.push(report.map_or(f64::NAN, |report| report.plain(metric, entity)));
        }
        Ok(values)
    }

    /// The ratio of the means of a metric of two entities at a point, paired by
    /// replication.
    pub(crate) fn ratio(
        &mut self,
        point: usize,
        metric: &str,
        (over, under): (&str, &str),
    ) -> Result<Option<analysis::Interval>, SweepError> {
        let mut pairs = PairMoments::default();
        for replication in 0..self.estimates.counts[point].0 {
            let Some(report) = self.sweep.store.read(point, replication)? else {
                continue;
            };
            pairs.add(report.plain(metric, over), report.plain(metric, under));
        }
        Ok(pairs.ratio())
    }
}

/// Digests of replications in their order.
fn mix(digest: u64, next: u64) -> u64 {
    (digest ^ next)
        .wrapping_mul(0x100_0000_01b3)
        .rotate_left(23)
}

/// Quantities of a point in the order in which they first appear.
#[derive(Default)]
pub(crate) struct Fold {
    pub(crate) estimates: Vec<Estimate>,
    places: HashMap<(&'static str, String, Option<u64>), usize>,
    /// The layout of the last report, and where its quantities are.
    last: Option<(Arc<Layout>, Vec<usize>)>,
}

impl Fold {
    /// Adds what a replication reported.
    pub(crate) fn add(&mut self, layout: &Arc<Layout>, values: &[f64]) {
        let is_last = |(last, _): &(Arc<Layout>, Vec<usize>)| Arc::ptr_eq(last, layout);
        let places = match self.last.take_if(|last| is_last(last)) {
            Some((_, places)) => places,
            None => layout
                .columns
                .iter()
                .map(|column| self.place(column))
                .collect(),
        };
        let mut at = 0;
        for (column, &place) in layout.columns.iter().zip(&places) {
            let moments = &mut self.estimates[place].moments;
            if column.pooled {
                moments.merge(values[at] as u64, values[at + 1], values[at + 2]);
            } else {
                moments.add(values[at]);
            }
            at += column.width();
        }
        self.last = Some((Arc::clone(layout), places));
    }

    fn place(&mut self, column: &Column) -> usize {
        let key = (
            column.metric.name,
            column.entity.clone(),
            column.at.map(f64::to_bits),
        );
        *self.places.entry(key).or_insert_with(|| {
            self.estimates.push(Estimate {
                column: column.clone(),
                moments: Moments::default(),
            });
            self.estimates.len() - 1
        })
    }
}
