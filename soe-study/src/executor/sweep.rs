//! A sweep: which replications it needs, and which of them are finished.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analysis::Metric;
use analysis::verdict::judge;
use soe_sim::Progress;

use crate::error::SweepError;
use crate::finished::{Estimate, Fold};
use crate::journal::store::{Store, journal_of, journals_in};
use crate::runner::Runner;
use crate::study::Replications;
use crate::verdict::Verdict;

/// A part of a sweep: the units whose number modulo `of` is `number - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u32,
    /// The number of parts.
    pub of: u32,
}

/// The progress of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Points of the study.
    pub points: usize,
    /// Points that are finished.
    pub finished_points: usize,
    /// Finished replications, of those needed so far.
    pub finished: u64,
    /// Replications still to be run, as far as known.
    pub missing: u64,
    /// The mean time of finished replications, if any.
    pub mean: Option<Duration>,
    /// Damaged ranges of the journal, whose replications are run again.
    pub damaged: u64,
}

/// A replication that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The point.
    pub point: usize,
    /// The replication.
    pub replication: u32,
    /// Why, in one line.
    pub reason: String,
}

/// A finished point.
#[derive(Clone, Copy, Debug)]
pub struct PointDone {
    /// The point.
    pub point: usize,
    /// The number of points finished with it: those of the same content are included.
    pub points: u32,
    /// Number of replications.
    pub replications: u32,
    /// Number of failed replications.
    pub failed: u32,
    /// The largest relative half-width of the metrics that must be precise.
    pub precision: Option<f64>,
}

/// A sweep with its finished replications.
pub struct Sweep<'e, E> {
    pub(super) experiment: &'e E,
    pub(super) metrics: &'static [&'static Metric],
    pub(crate) replications: Replications,
    shard: Option<Shard>,
    pub(super) journal: Option<PathBuf>,
    pub(crate) store: Store,
    /// The number of replications of each point, as far as known.
    pub(crate) targets: Vec<u32>,
    /// Replications that failed, in order.
    pub failures: Vec<Failed>,
    /// The verdicts on the claims of the study, after its results were written.
    pub verdicts: Vec<Verdict>,
    /// What the study selects and the results lack, one line each, after they were
    /// written.
    pub notes: Vec<String>,
}

impl<'e, E: Runner> Sweep<'e, E> {
    /// A sweep that keeps its work in `folder` and continues the work found there.
    /// Nothing is written before it runs.
    ///
    /// # Errors
    /// If the work in the folder cannot be read.
    pub fn open(
        experiment: &'e E,
        metrics: &'static [&'static Metric],
        replications: &Replications,
        folder: &Path,
        shard: Option<Shard>,
    ) -> Result<Self, SweepError> {
        let mut sweep = Self::empty(experiment, metrics, replications);
        sweep.shard = shard;
        let own = journal_of(folder, shard.map(|shard| (shard.number, shard.of)));
        if folder.is_dir() {
            let journals = journals_in(folder).map_err(|source| SweepError::Folder {
                path: folder.to_owned(),
                source,
            })?;
            // The own one comes last, when it is open for writing.
            for path in journals.iter().filter(|path| **path != own) {
                sweep.store.add(path, metrics)?;
            }
        }
        sweep.journal = Some(own);
        Ok(sweep)
    }

    /// A sweep whose parts were run separately.
    ///
    /// # Errors
    /// If a part cannot be read, or a replication is missing or in more than one of them.
    pub fn merge(
        experiment: &'e E,
        metrics: &'static [&'static Metric],
        replications: &Replications,
        parts: &[PathBuf],
    ) -> Result<Self, SweepError> {
        let mut sweep = Self::empty(experiment, metrics, replications);
        for part in parts {
            let journals = journals_in(part).map_err(|source| SweepError::Folder {
                path: part.clone(),
                source,
            })?;
            if journals.is_empty() {
                let message = format!("{}: the folder has no journal", part.display());
                return Err(SweepError::Parts(message));
            }
            for path in journals {
                sweep.store.add(&path, metrics)?;
            }
        }
        sweep.verify()?;
        Ok(sweep)
    }

    fn empty(
        experiment: &'e E,
        metrics: &'static [&'static Metric],
        replications: &Replications,
    ) -> Self {
        Self {
            experiment,
            metrics,
            replications: replications.clone(),
            shard: None,
            journal: None,
            store: Store::new(experiment),
            targets: vec![replications.min; experiment.points()],
            failures: Vec::new(),
            verdicts: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn verify(&mut self) -> Result<(), SweepError> {
        let more = |count: usize| match count {
            0 | 1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let doubled = self.store.doubled.len();
        if let Some((point, replication, one, other)) = self.store.doubled.first() {
            return Err(SweepError::Parts(format!(
                "point {point}, replication {replication} is in both {} and {}{}",
                one.display(),
                other.display(),
                more(doubled)
            )));
        }
        self.grow_targets()?;
        let missing: Vec<_> = self.missing().collect();
        if let Some((point, replication)) = missing.first() {
            return Err(SweepError::Parts(format!(
                "point {point}, replication {replication} is missing{}: it was not run or it \
                 failed",
                more(missing.len())
            )));
        }
        Ok(())
    }

    /// The progress, including its own journal.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn status(&mut self) -> Result<Status, SweepError> {
        let path = self.journal.take_if(|path| path.is_file());
        if let Some(path) = &path {
            self.store.add(path, self.metrics)?;
        }
        self.grow_targets()?;
        let wanted: u64 = self.own_units().count() as u64;
        let missing = self.missing().count() as u64;
        let finished_points = (0..self.targets.len()).filter(|&point| self.is_complete(point));
        Ok(Status {
            points: self.targets.len(),
            finished_points: finished_points.count(),
            finished: wanted - missing,
            missing,
            mean: self
                .store
                .nanoseconds
                .checked_div(self.store.known)
                .map(Duration::from_nanos),
            damaged: self.store.damaged,
        })
    }

    /// Runs one replication without storing it, to measure its time.
    ///
    /// # Errors
    /// If it fails: the reason.
    pub fn probe(&self, point: usize, progress: &Progress) -> Result<Duration, String> {
        let started = Instant::now();
        self.experiment
            .replicate(point, 0, &mut E::Worker::default(), progress)?;
        Ok(started.elapsed())
    }

    /// Whether all replications of a point are finished.
    pub(super) fn is_complete(&self, point: usize) -> bool {
        (0..self.targets[point]).all(|replication| self.store.is_over(point, replication))
    }

    /// Raises the targets of points that are complete, but not yet precise.
    fn grow_targets(&mut self) -> Result<(), SweepError> {
        for point in 0..self.targets.len() {
            while self.is_complete(point) {
                if self.grow(point)?.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Raises the target of a complete point that is not precise; returns the old target.
    pub(super) fn grow(&mut self, point: usize) -> Result<Option<u32>, SweepError> {
        let target = self.targets[point];
        let Some(bound) = self.replications.precision else {
            return Ok(None);
        };
        if target >= self.replications.max || self.precision(point)? <= bound {
            return Ok(None);
        }
        self.targets[point] = self.replications.next(target);
        Ok(Some(target))
    }

    /// The largest relative half-width of the metrics that must be precise; infinite if
    /// the point is not steady, since its means are then not those of anything.
    pub(super) fn precision(&mut self, point: usize) -> Result<f64, SweepError> {
        let mut fold = Fold::default();
        for replication in 0..self.targets[point] {
            if let Some(finished) = self.store.read(point, replication)? {
                fold.add(&finished.layout, &finished.values);
            }
        }
        let single = fold.estimates.iter().filter(|Estimate { column, .. }| {
            // What is said of each replication as a whole.
            column.at.is_none() && !column.pooled
        });
        let metrics = single.map(|Estimate { column, moments }| {
            (column.metric.name, &*column.entity, moments.interval())
        });
        if judge(point as u32, metrics.clone()).is_some_and(|it| !it.verdict.is_steady()) {
            return Ok(f64::INFINITY);
        }
        let of = &self.replications.of;
        let must_be_precise = metrics.filter(|(metric, entity, _)| {
            of.iter().any(|selector| selector.selects(metric, entity))
        });
        let relative = must_be_precise.map(|(_, _, interval)| {
            let interval = interval?;
            match interval.half_width {
                Some(0.0) => Some(0.0),
                _ => interval.relative_half_width(),
            }
        });
        // A metric without interval, or without values, has not reached the precision.
        let largest = relative
            .map(|half| half.unwrap_or(f64::INFINITY))
            .reduce(f64::max);
        Ok(largest.unwrap_or(f64::INFINITY))
    }

    /// Whether a replication belongs to this part of the sweep.
    fn is_own(&self, point: usize, replication: u32) -> bool {
        if self.store.same[point] != point {
            return false;
        }
        let Some(shard) = self.shard else {
            return true;
        };
        let unit = match self.replications.precision {
            // Whether a point needs more depends on all of its replications.
            Some(_) => point as u64,
            None => point as u64 * u64::from(self.replications.max) + u64::from(replication),
        };
        unit % u64::from(shard.of.max(1)) == u64::from(shard.number.saturating_sub(1))
    }

    /// All replications of this part of the sweep, as far as they are known.
    fn own_units(&self) -> impl Iterator<Item = (usize, u32)> {
        let points = self.targets.iter().enumerate();
        let units = points.flat_map(|(point, &target)| (0..target).map(move |of| (point, of)));
        units.filter(|&(point, replication)| self.is_own(point, replication))
    }

    fn missing(&self) -> impl Iterator<Item = (usize, u32)> {
        self.own_units()
            .filter(|&(point, replication)| !self.store.is_over(point, replication))
    }

    /// Adds the missing replications of a point from a number on; returns how many.
    pub(super) fn enqueue(&self, point: usize, from: u32, queue: &mut VecDeque<Task>) -> u32 {
        let mut count = 0;
        for replication in from..self.targets[point] {
            if !self.is_own(point, replication) || self.store.is_over(point, replication) {
                continue;
            }
            count += 1;
            match queue.back_mut() {
                Some(task) if task.point == point && task.to == replication => task.to += 1,
                _ => queue.push_back(Task {
                    point,
                    from: replication,
                    to: replication + 1,
                }),
            }
        }
        count
    }
}

/// Replications of a point to be run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) point: usize,
    pub(super) from: u32,
    pub(super) to: u32,
}
