//! Runs the missing replications of a sweep on several threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use soe_sim::Progress;

use super::sweep::{PointDone, Status, Sweep};
use super::work::{Ending, Held, Shared, State};
use crate::error::SweepError;
use crate::journal::Journal;
use crate::runner::Runner;

impl<E: Runner> Sweep<'_, E> {
    /// Runs everything that is not finished, and reports each finished point.
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
            // More would find nothing to do.
            let work = usize::try_from(status.missing).unwrap_or(usize::MAX);
            builder = builder.num_threads(threads.min(work.max(points)).max(1));
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
            held: (0..threads).map(|_| Mutex::new(Held::new())).collect(),
            over: Mutex::new(false),
            ended: Condvar::new(),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| shared.write_regularly(&done));
            let _ending = Ending(&shared);
            pool.broadcast(|context| shared.work(context.index(), &done));
        });
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
}
