//! The executor: runs what is not finished yet, on all cores, and keeps it at once.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use analysis::Metric;

use super::experiment::{Experiment, Layout};
use super::findings::Verdict;
use super::journal::{Journal, JournalError, write_finished, write_layout, write_point};
use super::moments::Moments;
use super::store::{Store, journal_of, journals_in};
use super::study::{Replications, Selector};
use crate::run::Progress;

/// Replications are written to the journal after this time, or when they are over.
const HOLD: Duration = Duration::from_millis(10);

/// A part of a sweep: the units whose number leaves `number - 1` when divided by `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u32,
    /// How many parts there are.
    pub of: u32,
}

/// Why a sweep cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The working folder cannot be read.
    #[error("{}: cannot be read: {source}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Results cannot be written.
    #[error(transparent)]
    Results(#[from] analysis::FolderError),
    /// Parts of a sweep do not fit together.
    #[error("{0}")]
    Parts(String),
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Points of the study.
    pub points: usize,
    /// Points that are finished.
    pub finished_points: usize,
    /// Replications that are finished, of those that are wanted so far.
    pub finished: u64,
    /// Replications that are to be run, as far as it is known.
    pub missing: u64,
    /// Mean time that a finished replication took, if any is.
    pub mean: Option<Duration>,
    /// Lines of the journal that were damaged and are run again.
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

/// A point that is over.
#[derive(Clone, Copy, Debug)]
pub struct PointDone {
    /// The point.
    pub point: usize,
    /// How many replications it has.
    pub replications: u32,
    /// How many of them failed.
    pub failed: u32,
    /// The largest relative half-width of the metrics that must be precise.
    pub precision: Option<f64>,
}

/// A sweep of an experiment and what is finished of it.
pub struct Sweep<'e, E> {
    experiment: &'e E,
    metrics: &'static [&'static Metric],
    pub(super) replications: Replications,
    shard: Option<Shard>,
    journal: Option<PathBuf>,
    pub(super) store: Store,
    /// How many replications each point is to have, as far as it is known.
    pub(super) targets: Vec<u32>,
    /// Replications that failed, in order.
    pub failures: Vec<Failed>,
    /// What came out of the claims of the study, once its results were written.
    pub verdicts: Vec<Verdict>,
}

impl<'e, E: Experiment> Sweep<'e, E> {
    /// A sweep that keeps its work in `folder`, and what is there already. Nothing is
    /// written before it runs.
    ///
    /// # Errors
    /// If what is there cannot be read.
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

    /// A sweep whose parts were run elsewhere.
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
                let message = format!("{}: there is no journal in this folder", part.display());
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
                "point {point}, replication {replication} is missing{}",
                more(missing.len())
            )));
        }
        Ok(())
    }

    /// How far it is, with what the own journal holds.
    ///
    /// # Errors
    /// If that cannot be read.
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

    /// Runs one replication without keeping it, to see how long it takes.
    ///
    /// # Errors
    /// Why it cannot be run.
    pub fn probe(&self, point: usize, progress: &Progress) -> Result<Duration, String> {
        let started = Instant::now();
        self.experiment
            .replicate(point, 0, &mut E::Worker::default(), progress)?;
        Ok(started.elapsed())
    }

    /// Runs everything that is not finished, and tells of each point that is over.
    /// Returns whether it was interrupted.
    ///
    /// Replications that fail are noted in [`failures`](Self::failures).
    ///
    /// # Errors
    /// If the journal cannot be read or written.
    pub fn run(
        &mut self,
        threads: Option<usize>,
        progress: &Progress,
        wanted: impl FnOnce(Status),
        done: impl Fn(PointDone) + Sync,
    ) -> Result<bool, SweepError> {
        let Some(path) = self.journal.take() else {
            return Ok(false);
        };
        let mut journal = Journal::open(&path)?;
        let scanned = self.store.add(&path, self.metrics)?;
        journal.start_after(scanned.end)?;
        let status = self.status()?;
        let numbered = self.store.last().map(|source| source.numbered());
        let (next_number, next_layout) = numbered.unwrap_or_default();
        let points = self.targets.len();
        let mut queue = VecDeque::new();
        let left = (0..points)
            .map(|point| self.enqueue(point, 0, &mut queue))
            .collect();
        wanted(status);
        let mut builder = rayon::ThreadPoolBuilder::new();
        if let Some(threads) = threads {
            builder = builder.num_threads(threads);
        }
        let pool = builder.build()?;
        let threads = pool.current_num_threads();
        let state = State {
            sweep: self,
            journal,
            queue,
            left,
            units: status.missing,
            working: 0,
            numbers: vec![None; points],
            next_number,
            layouts: Vec::new(),
            next_layout,
            pending: Vec::new(),
            interrupted: false,
            error: None,
        };
        let shared = Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            progress,
            threads: threads as u64,
        };
        pool.broadcast(|_| shared.work(&done));
        let state = shared
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let (interrupted, error) = (state.interrupted, state.error);
        self.failures
            .sort_by_key(|failed| (failed.point, failed.replication));
        match error {
            Some(error) => Err(error),
            None => Ok(interrupted),
        }
    }

    /// Whether all replications of a point are over.
    fn is_complete(&self, point: usize) -> bool {
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

    /// Raises the target of a complete point, if it is not precise; the old target.
    fn grow(&mut self, point: usize) -> Result<Option<u32>, SweepError> {
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

    /// The largest relative half-width of the metrics that must be precise.
    fn precision(&mut self, point: usize) -> Result<f64, SweepError> {
        let mut moments: Vec<((usize, String), Moments)> = Vec::new();
        for replication in 0..self.targets[point] {
            let Some(finished) = self.store.read(point, replication)? else {
                continue;
            };
            let mut at = 0;
            for column in &finished.layout.columns {
                let value = finished.values[at];
                at += column.width();
                let of = &self.replications.of;
                let selects =
                    |selector: &Selector| selector.selects(column.metric.name, &column.entity);
                let Some(selector) = of.iter().position(selects) else {
                    continue;
                };
                if column.at.is_some() || column.pooled {
                    continue;
                }
                let known = moments.iter().position(|((known, entity), _)| {
                    *known == selector && *entity == column.entity
                });
                let place = known.unwrap_or_else(|| {
                    moments.push(((selector, column.entity.clone()), Moments::default()));
                    moments.len() - 1
                });
                moments[place].1.add(value);
            }
        }
        let relative = moments.iter().map(|(_, moments)| {
            let interval = moments.interval()?;
            match interval.half_width {
                Some(0.0) => Some(0.0),
                _ => interval.relative_half_width(),
            }
        });
        // What has no interval is not precise, and neither is what nobody reports.
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

    /// Adds what is missing of a point from a replication on; how much that is.
    fn enqueue(&self, point: usize, from: u32, queue: &mut VecDeque<Task>) -> u32 {
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

/// Replications of a point that are to be run.
#[derive(Clone, Copy, Debug)]
struct Task {
    point: usize,
    from: u32,
    to: u32,
}

/// What all threads work on.
struct Shared<'s, 'e, E> {
    state: Mutex<State<'s, 'e, E>>,
    changed: Condvar,
    progress: &'s Progress,
    threads: u64,
}

struct State<'s, 'e, E> {
    sweep: &'s mut Sweep<'e, E>,
    journal: Journal,
    queue: VecDeque<Task>,
    /// Replications of each point that are not over.
    left: Vec<u32>,
    /// Replications that nobody has begun.
    units: u64,
    /// Threads that are at work.
    working: usize,
    /// The number in the journal and the layout of each point.
    numbers: Vec<Option<(u64, Arc<Layout>)>>,
    next_number: u64,
    /// Layouts that were numbered meanwhile.
    layouts: Vec<(u64, Arc<Layout>)>,
    next_layout: u64,
    /// Lines that go before the next replication.
    pending: Vec<u8>,
    interrupted: bool,
    error: Option<SweepError>,
}

/// What a thread has finished and not yet written.
#[derive(Default)]
struct Held {
    lines: Vec<u8>,
    /// Replications with the place of their line.
    finished: Vec<(u32, u64)>,
    failed: Vec<(u32, String)>,
}

impl<'s, 'e, E: Experiment> Shared<'s, 'e, E> {
    fn lock(&self) -> MutexGuard<'_, State<'s, 'e, E>> {
        // What may panic, an experiment, never runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every thread does.
    fn work(&self, done: &(impl Fn(PointDone) + Sync)) {
        let mut worker = E::Worker::default();
        let mut mean = Duration::ZERO;
        while let Some(task) = self.next(mean) {
            mean = self.replicate(task, &mut worker, done);
            self.lock().working -= 1;
            self.changed.notify_all();
        }
    }

    /// Some replications of one point; waits while others may still find that more are
    /// needed.
    fn next(&self, mean: Duration) -> Option<Task> {
        let mut state = self.lock();
        loop {
            if state.interrupted || state.error.is_some() {
                return None;
            }
            if let Some(task) = state.take(mean, self.threads) {
                return Some(task);
            }
            if state.working == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Runs replications of one point and returns what each took.
    fn replicate(
        &self,
        task: Task,
        worker: &mut E::Worker,
        done: &(impl Fn(PointDone) + Sync),
    ) -> Duration {
        let experiment = self.lock().sweep.experiment;
        let mut held = Held::default();
        let mut known: Option<(u64, Arc<Layout>)> = None;
        let began = Instant::now();
        let (mut last, mut written) = (began, began);
        for replication in task.from..task.to {
            let run = AssertUnwindSafe(|| {
                experiment.replicate(task.point, replication, worker, self.progress)
            });
            let report = match catch_unwind(run) {
                Ok(report) => report,
                Err(panic) => {
                    *worker = E::Worker::default();
                    Err(panic_text(&*panic))
                }
            };
            let now = Instant::now();
            let nanoseconds = (now - last).as_nanos() as u64;
            last = now;
            match report {
                Ok(Some(report)) => {
                    let number = match &known {
                        Some((number, layout)) if Arc::ptr_eq(layout, &report.layout) => *number,
                        _ => {
                            let number = self.lock().number(task.point, &report.layout);
                            known = Some((number, report.layout));
                            number
                        }
                    };
                    held.finished.push((replication, held.lines.len() as u64));
                    write_finished(
                        number,
                        replication,
                        nanoseconds,
                        report.fingerprint,
                        &report.values,
                        &mut held.lines,
                    );
                }
                Ok(None) => {
                    self.lock().interrupted = true;
                    break;
                }
                Err(reason) => held.failed.push((replication, reason)),
            }
            if now - written > HOLD {
                written = now;
                self.keep(task.point, &mut held, done);
            }
            if self.progress.interrupted.load(Relaxed) {
                self.lock().interrupted = true;
                break;
            }
        }
        self.keep(task.point, &mut held, done);
        began.elapsed() / (task.to - task.from).max(1)
    }

    /// Writes what is held to the journal.
    fn keep(&self, point: usize, held: &mut Held, done: &(impl Fn(PointDone) + Sync)) {
        if held.finished.is_empty() && held.failed.is_empty() {
            return;
        }
        let over = self.lock().keep(point, held);
        held.lines.clear();
        held.finished.clear();
        held.failed.clear();
        match over {
            Some(over) => done(over),
            None => self.changed.notify_all(),
        }
    }
}

impl<E: Experiment> State<'_, '_, E> {
    /// Takes replications for about the time in which they may be held, but leaves enough
    /// for the other threads.
    fn take(&mut self, mean: Duration, threads: u64) -> Option<Task> {
        let mut task = self.queue.pop_front()?;
        let share = self.units / (4 * threads) + 1;
        let fitting = HOLD.as_nanos().checked_div(mean.as_nanos()).unwrap_or(1);
        let count = u64::from(task.to - task.from)
            .min(share)
            .min(u64::try_from(fitting).unwrap_or(u64::MAX).max(1)) as u32;
        let split = task.from + count;
        if split < task.to {
            self.queue.push_front(Task {
                from: split,
                ..task
            });
            task.to = split;
        }
        self.units = self.units.saturating_sub(u64::from(count));
        self.working += 1;
        Some(task)
    }

    /// The number in the journal of a point with such reports.
    fn number(&mut self, point: usize, layout: &Arc<Layout>) -> u64 {
        if let Some((number, known)) = &self.numbers[point]
            && is_same(known, layout)
        {
            return *number;
        }
        let known = self
            .layouts
            .iter()
            .find(|(_, known)| is_same(known, layout));
        let (layout_number, layout) = match known {
            Some((number, known)) => (*number, Arc::clone(known)),
            None => {
                let number = self.next_layout;
                self.next_layout += 1;
                write_layout(number, layout, &mut self.pending);
                self.layouts.push((number, Arc::clone(layout)));
                (number, Arc::clone(layout))
            }
        };
        let number = self.next_number;
        self.next_number += 1;
        let key = &self.sweep.store.keys[point];
        write_point(number, layout_number, key, &mut self.pending);
        if let Some(source) = self.sweep.store.last() {
            source.learn(number, &layout);
        }
        self.numbers[point] = Some((number, layout));
        number
    }

    /// Writes what a thread holds, and looks whether the point is over.
    fn keep(&mut self, point: usize, held: &mut Held) -> Option<PointDone> {
        if !held.finished.is_empty() {
            let before = self.pending.len() as u64;
            self.pending.extend_from_slice(&held.lines);
            let written = self.journal.append(&self.pending);
            self.pending.clear();
            match written {
                Ok(start) => {
                    let start = start + before;
                    for (replication, place) in &held.finished {
                        self.sweep
                            .store
                            .finished(point, *replication, start + place);
                    }
                }
                Err(error) => {
                    self.error.get_or_insert(error.into());
                    return None;
                }
            }
        }
        for (replication, reason) in held.failed.drain(..) {
            self.sweep.store.failed(point, replication);
            self.sweep.failures.push(Failed {
                point,
                replication,
                reason,
            });
            self.left[point] -= 1;
        }
        self.left[point] -= held.finished.len() as u32;
        if self.left[point] > 0 || !self.sweep.is_complete(point) {
            return None;
        }
        match self.more(point) {
            Ok(0) => {}
            Ok(_) => return None,
            Err(error) => {
                self.error.get_or_insert(error);
                return None;
            }
        }
        let failed = self
            .sweep
            .failures
            .iter()
            .filter(|failed| failed.point == point);
        let failed = failed.count() as u32;
        let precision = match self.sweep.replications.precision {
            Some(_) => self.sweep.precision(point).ok(),
            None => None,
        };
        Some(PointDone {
            point,
            replications: self.sweep.targets[point],
            failed,
            precision,
        })
    }

    /// Queues more replications of a complete point if it is not precise; how many.
    fn more(&mut self, point: usize) -> Result<u32, SweepError> {
        while let Some(from) = self.sweep.grow(point)? {
            let count = self.sweep.enqueue(point, from, &mut self.queue);
            if count > 0 {
                self.left[point] = count;
                self.units += u64::from(count);
                return Ok(count);
            }
        }
        Ok(0)
    }
}

/// Whether two layouts are the same, which they are as a rule because they are one.
fn is_same(one: &Arc<Layout>, other: &Arc<Layout>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// A panic in words.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "of unknown reason".to_owned());
    format!("panicked: {}", text.lines().next().unwrap_or_default())
}
