//! The threads of a sweep: they take replications, run them and write the results.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::journal::{Block, Head, Journal, write_layout, write_point};
use crate::runner::{Layout, Runner};
use soe_sim::Progress;

use super::sweep::{Failed, PointDone, Sweep, Task};
use crate::error::SweepError;

/// A replication that took this long is written to the journal immediately: that is one
/// per cent of its time.
const AT_ONCE: Duration = Duration::from_micros(200);
/// Shorter ones are written together after this time.
const HOLD: Duration = Duration::from_millis(10);

/// The state shared by all threads.
pub(crate) struct Shared<'s, 'e, E> {
    pub(crate) state: Mutex<State<'s, 'e, E>>,
    pub(crate) changed: Condvar,
    pub(crate) progress: &'s Progress,
    /// The finished results of each thread that are not written yet.
    pub(crate) held: Vec<Mutex<Held>>,
    /// Whether all threads have ended.
    pub(crate) over: Mutex<bool>,
    pub(crate) ended: Condvar,
}

pub(crate) struct State<'s, 'e, E> {
    pub(crate) sweep: &'s mut Sweep<'e, E>,
    pub(crate) journal: Journal,
    pub(crate) queue: VecDeque<Task>,
    /// Unfinished replications of each point.
    pub(crate) left: Vec<u32>,
    /// Replications that no thread has started.
    pub(crate) units: u64,
    /// Threads that are running, or hold results that are not written.
    pub(crate) working: usize,
    /// The number in the journal and the layout of each point.
    pub(crate) numbers: Vec<Option<(u32, Arc<Layout>)>>,
    pub(crate) next_number: u32,
    /// Layouts that got a number meanwhile.
    pub(crate) layouts: Vec<(u32, Arc<Layout>)>,
    pub(crate) next_layout: u32,
    /// Records that go before the next replication.
    pub(crate) pending: Vec<u8>,
    pub(crate) interrupted: bool,
    pub(crate) error: Option<SweepError>,
}

/// Finished replications that are not written yet. Threads do not share cache
/// lines.
#[repr(align(128))]
pub(crate) struct Held {
    block: Block,
    /// Points and replications with their place in the block.
    finished: Vec<(usize, u32, u64)>,
    failed: Vec<(usize, u32, String)>,
    /// When the first of these was finished.
    since: Option<Instant>,
}

impl Held {
    /// Allocated at full size, so that it never moves and is separate from the memory of
    /// simulations.
    pub(crate) fn new() -> Self {
        Self {
            block: Block::with_capacity(1 << 18),
            finished: Vec::with_capacity(1 << 13),
            failed: Vec::new(),
            since: None,
        }
    }

    /// Whether the first of these has waited for this time.
    fn is_older_than(&self, age: Duration) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= age)
    }

    fn is_empty(&self) -> bool {
        self.finished.is_empty() && self.failed.is_empty()
    }
}

/// Ends [`Shared::write_regularly`] when it is dropped, also after a panic.
pub(crate) struct Ending<'a, 's, 'e, E>(pub(super) &'a Shared<'s, 'e, E>);

impl<E> Drop for Ending<'_, '_, '_, E> {
    fn drop(&mut self) {
        *lock(&self.0.over) = true;
        self.0.ended.notify_all();
    }
}

/// A panic cannot leave locked state half-changed: experiments run without a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'s, 'e, E: Runner> Shared<'s, 'e, E> {
    fn lock(&self) -> MutexGuard<'_, State<'s, 'e, E>> {
        lock(&self.state)
    }

    /// The loop of each thread.
    pub(crate) fn work(&self, thread: usize, done: &(impl Fn(PointDone) + Sync)) {
        let mut worker = E::Worker::default();
        let mut mean = Duration::ZERO;
        let mut is_busy = false;
        let held = &self.held[thread];
        loop {
            if lock(held).is_older_than(HOLD) {
                self.keep(held, done);
            }
            if let Some(task) = self.next(mean, &mut is_busy) {
                mean = self.replicate(task, &mut worker, held, done);
            } else if !self.keep(held, done) && !self.wait(&mut is_busy) {
                // What was written might have shown that more is needed.
                break;
            }
        }
    }

    /// Writes what the threads have finished and not written themselves, until they end:
    /// a thread that runs a long replication cannot write what it finished before.
    pub(crate) fn write_regularly(&self, done: &(impl Fn(PointDone) + Sync)) {
        let mut over = lock(&self.over);
        while !*over {
            let waited = self.ended.wait_timeout(over, HOLD);
            over = waited.unwrap_or_else(PoisonError::into_inner).0;
            drop(over);
            for held in &self.held {
                // The thread is not disturbed as long as it writes by itself.
                if lock(held).is_older_than(2 * HOLD) {
                    self.keep(held, done);
                }
            }
            over = lock(&self.over);
        }
    }

    /// Some replications of one point, if any are left.
    fn next(&self, mean: Duration, is_busy: &mut bool) -> Option<Task> {
        let mut state = self.lock();
        if state.interrupted || state.error.is_some() {
            return None;
        }
        let task = state.take(mean, self.held.len() as u64)?;
        state.working += usize::from(!*is_busy);
        *is_busy = true;
        Some(task)
    }

    /// Waits while other threads may still add work; `false` if none can.
    fn wait(&self, is_busy: &mut bool) -> bool {
        let mut state = self.lock();
        if *is_busy {
            state.working -= 1;
            *is_busy = false;
            self.changed.notify_all();
        }
        let is_over = |state: &State<'_, '_, E>| {
            state.interrupted || state.error.is_some() || state.working == 0
        };
        while state.queue.is_empty() {
            if is_over(&state) {
                return false;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        !state.interrupted && state.error.is_none()
    }

    /// Runs replications of one point and returns the time of each.
    fn replicate(
        &self,
        task: Task,
        worker: &mut E::Worker,
        held: &Mutex<Held>,
        done: &(impl Fn(PointDone) + Sync),
    ) -> Duration {
        let experiment = self.lock().sweep.experiment;
        let mut known: Option<(u32, Arc<Layout>)> = None;
        let began = Instant::now();
        let mut last = began;
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
            let took = now - last;
            let nanoseconds = took.as_nanos() as u64;
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
                    let mut held = lock(held);
                    held.since.get_or_insert(now);
                    let head = Head {
                        point: number,
                        replication,
                        nanoseconds,
                        fingerprint: report.fingerprint,
                    };
                    let place = held.block.push(head, &report.values);
                    held.finished.push((task.point, replication, place));
                }
                Ok(None) => {
                    self.lock().interrupted = true;
                    break;
                }
                Err(reason) => {
                    let mut held = lock(held);
                    held.since.get_or_insert(now);
                    held.failed.push((task.point, replication, reason));
                }
            }
            if took >= AT_ONCE {
                self.keep(held, done);
            }
            if self.progress.interrupted.load(Relaxed) {
                self.lock().interrupted = true;
                break;
            }
        }
        last.duration_since(began) / (task.to - task.from).max(1)
    }

    /// Writes the held results to the journal; returns whether there were any.
    fn keep(&self, held: &Mutex<Held>, done: &(impl Fn(PointDone) + Sync)) -> bool {
        let over = {
            let mut held = lock(held);
            if held.is_empty() {
                return false;
            }
            let over = self.lock().keep(&mut held);
            held.block.clear();
            held.finished.clear();
            held.failed.clear();
            held.since = None;
            over
        };
        self.changed.notify_all();
        over.into_iter().for_each(done);
        true
    }
}

impl<E: Runner> State<'_, '_, E> {
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
        Some(task)
    }

    /// The number in the journal of a point with such reports.
    fn number(&mut self, point: usize, layout: &Arc<Layout>) -> u32 {
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

    /// Writes the results that a thread holds, and returns the points finished by them.
    fn keep(&mut self, held: &mut Held) -> Vec<PointDone> {
        if !held.finished.is_empty() {
            let before = self.pending.len() as u64;
            let block = held.block.end();
            let written = if self.pending.is_empty() {
                self.journal.append(block)
            } else {
                self.pending.extend_from_slice(block);
                self.journal.append(&self.pending)
            };
            self.pending.clear();
            match written {
                Ok(start) => {
                    for &(point, replication, place) in &held.finished {
                        let place = start + before + place;
                        self.sweep.store.finished(point, replication, place);
                    }
                }
                Err(error) => {
                    self.error.get_or_insert(error.into());
                    return Vec::new();
                }
            }
        }
        let mut touched = Vec::new();
        for &(point, _, _) in &held.finished {
            self.left[point] -= 1;
            if touched.last() != Some(&point) {
                touched.push(point);
            }
        }
        for (point, replication, reason) in held.failed.drain(..) {
            self.sweep.store.failed(point, replication);
            self.sweep.failures.push(Failed {
                point,
                replication,
                reason,
            });
            self.left[point] -= 1;
            touched.push(point);
        }
        touched.sort_unstable();
        touched.dedup();
        touched
            .into_iter()
            .filter_map(|point| self.look_at(point))
            .collect()
    }

    /// Whether the point that was just written is finished.
    fn look_at(&mut self, point: usize) -> Option<PointDone> {
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
            points: self.sweep.store.sharing[point],
            replications: self.sweep.targets[point],
            failed,
            precision,
        })
    }

    /// Queues more replications of a complete point that is not precise; returns how many.
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

/// Whether two layouts are equal; usually they are the same object.
fn is_same(one: &Arc<Layout>, other: &Arc<Layout>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// The message of a panic.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "of unknown reason".to_owned());
    format!("panicked: {}", text.lines().next().unwrap_or_default())
}
