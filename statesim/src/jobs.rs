//! Turns the directed acyclic graph of a job into a chain of functions with states.
//!
//! The chain consists of the first task of the job and all tasks that depend on it,
//! directly or indirectly. A task outside the chain on which a task of the chain
//! depends represents a state; its memory is the size of the state. Jobs without states
//! are dropped.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// The chains of all stateful jobs of a trace, before sizes and work are scaled.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    pub(crate) chains: Vec<JobChain>,
    pub(crate) tasks: Vec<JobTask>,
    /// States of all tasks of all chains; each task knows its range.
    pub(crate) needs: Vec<u32>,
    /// Memory of all states of all chains; each chain knows its range.
    pub(crate) states: Vec<f64>,
    counts: TraceCounts,
}

/// Where the parts of one chain are.
#[derive(Clone, Debug)]
pub(crate) struct JobChain {
    pub(crate) tasks: Range<usize>,
    pub(crate) states: Range<usize>,
}

/// A task of a chain; within a chain, tasks are in the order of their numbers.
#[derive(Clone, Debug)]
pub(crate) struct JobTask {
    pub(crate) record: TaskRecord,
    pub(crate) needs: Range<usize>,
    /// The place of the task in a topological order of the chain, from 0.
    pub(crate) rank: u32,
}

impl Jobs {
    /// The number of stateful jobs.
    pub fn len(&self) -> usize {
        self.chains.len()
    }

    /// Whether there is no stateful job.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// How many rows and jobs were read, skipped and dropped.
    pub fn counts(&self) -> TraceCounts {
        self.counts
    }
}

/// What was found in a trace besides the chains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceCounts {
    /// Rows that were read.
    pub rows: usize,
    /// Rows skipped because they are not of the layout or not of a job.
    pub foreign_rows: usize,
    /// Rows skipped because the task's name says nothing about dependencies.
    pub independent_rows: usize,
    /// Rows skipped because the task never ended (Alibaba's layout only).
    pub unfinished_rows: usize,
    /// Jobs with at least one row that was not skipped.
    pub jobs: usize,
    /// Jobs in whose chain no task depends on a state.
    pub stateless_jobs: usize,
}

/// A task as the trace describes it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TaskRecord {
    /// How long it ran, in seconds.
    pub(crate) duration: u32,
    /// How much of a core it had, in per cent.
    pub(crate) cpu: f64,
    /// Memory it had, normalised.
    pub(crate) memory: f64,
}

/// Collects the rows of one job after the other.
#[derive(Debug, Default)]
pub(crate) struct JobsBuilder {
    pub(crate) counts: TraceCounts,
    jobs: Jobs,
    current: Option<u64>,
    records: Vec<TaskRecord>,
    /// (task, task that it needs), both indices within the job.
    dependencies: Vec<(u32, u32)>,
    chain: ChainFinder,
    /// The number of each job and the line of its first row, in the order of the rows.
    begun: Vec<(u64, usize)>,
}

/// A job whose rows do not follow each other: read one after the other they would be
/// several jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Split {
    /// Its number.
    pub(crate) job: u64,
    /// The line of its first row.
    pub(crate) first: usize,
    /// The line of its first row after rows of other jobs.
    pub(crate) second: usize,
}

impl JobsBuilder {
    /// Says which job the next tasks belong to, and on which line.
    pub(crate) fn job(&mut self, number: u64, line: usize) {
        if self.current != Some(number) {
            self.finish_job();
            self.current = Some(number);
            self.begun.push((number, line));
        }
    }

    /// Adds a task; one with the same number replaces the earlier, but keeps its
    /// dependencies. Numbers left out are tasks without work, size and dependencies.
    pub(crate) fn task(&mut self, index: u32, record: TaskRecord) {
        self.ensure(index);
        self.records[index as usize] = record;
    }

    /// Makes a task depend on another, which need not exist.
    pub(crate) fn dependency(&mut self, task: u32, on: u32) {
        self.ensure(on);
        self.dependencies.push((task, on));
    }

    /// All jobs.
    ///
    /// # Errors
    /// The first row that continues a job after rows of others.
    pub(crate) fn finish(mut self) -> Result<Jobs, Split> {
        self.finish_job();
        self.begun.sort_unstable();
        let split = self.begun.windows(2).filter_map(|pair| match *pair {
            [(job, first), (other, second)] if job == other => Some(Split { job, first, second }),
            _ => None,
        });
        // Where a job has more than two parts, the second part comes first.
        if let Some(split) = split.min_by_key(|split| split.second) {
            return Err(split);
        }
        self.jobs.counts = self.counts;
        Ok(self.jobs)
    }

    fn ensure(&mut self, index: u32) {
        let size = self.records.len().max(index as usize + 1);
        self.records.resize(size, TaskRecord::default());
    }

    fn finish_job(&mut self) {
        if self.current.is_none() {
            return;
        }
        self.counts.jobs += 1;
        self.dependencies.sort_unstable();
        self.dependencies.dedup();
        self.chain.find(self.records.len(), &self.dependencies);
        if !self.add_chain() {
            self.counts.stateless_jobs += 1;
        }
        self.records.clear();
        self.dependencies.clear();
    }

    /// Adds the chain that was found; whether it has states.
    fn add_chain(&mut self) -> bool {
        let ChainFinder { member, rank, .. } = &self.chain;
        let outside = |&(task, on): &(u32, u32)| member[task as usize] && !member[on as usize];
        let mut states: Vec<u32> = self
            .dependencies
            .iter()
            .filter(|d| outside(d))
            .map(|d| d.1)
            .collect();
        states.sort_unstable();
        states.dedup();
        if states.is_empty() {
            return false;
        }
        let jobs = &mut self.jobs;
        let (first_task, first_state) = (jobs.tasks.len(), jobs.states.len());
        let mut dependencies = &self.dependencies[..];
        for (task, record) in self.records.iter().enumerate() {
            // Both lists are in the order of tasks.
            let own = dependencies.partition_point(|d| d.0 as usize <= task);
            let (own, rest) = dependencies.split_at(own);
            dependencies = rest;
            if !member[task] {
                continue;
            }
            let first_need = jobs.needs.len();
            let needed = own.iter().filter(|d| outside(d));
            jobs.needs
                .extend(needed.filter_map(|d| Some(states.binary_search(&d.1).ok()? as u32)));
            jobs.tasks.push(JobTask {
                record: *record,
                needs: first_need..jobs.needs.len(),
                rank: rank[task],
            });
        }
        let memory = |&state: &u32| self.records[state as usize].memory;
        jobs.states.extend(states.iter().map(memory));
        jobs.chains.push(JobChain {
            tasks: first_task..jobs.tasks.len(),
            states: first_state..jobs.states.len(),
        });
        true
    }
}

/// Finds the descendants of the first task and a topological order of them.
#[derive(Debug, Default)]
struct ChainFinder {
    /// Whether a task is in the chain.
    member: Vec<bool>,
    /// The place of a member in the topological order.
    rank: Vec<u32>,
    /// Where the tasks that need a task start in `dependents`.
    first: Vec<u32>,
    dependents: Vec<u32>,
    /// Members on which a member still waits.
    waiting: Vec<u32>,
    ready: BinaryHeap<Reverse<u32>>,
}

impl ChainFinder {
    fn find(&mut self, size: usize, dependencies: &[(u32, u32)]) {
        self.index_dependents(size, dependencies);
        self.mark_members(size);
        self.order(dependencies);
    }

    fn index_dependents(&mut self, size: usize, dependencies: &[(u32, u32)]) {
        self.first.clear();
        self.first.resize(size + 2, 0);
        for &(_, on) in dependencies {
            self.first[on as usize + 2] += 1;
        }
        for i in 2..self.first.len() {
            self.first[i] += self.first[i - 1];
        }
        self.dependents.resize(dependencies.len(), 0);
        for &(task, on) in dependencies {
            let place = &mut self.first[on as usize + 1];
            self.dependents[*place as usize] = task;
            *place += 1;
        }
    }

    fn dependents(&self, task: u32) -> Range<usize> {
        self.first[task as usize] as usize..self.first[task as usize + 1] as usize
    }

    fn mark_members(&mut self, size: usize) {
        self.member.clear();
        self.member.resize(size, false);
        self.member[0] = true;
        let mut reached = vec![0];
        while let Some(task) = reached.pop() {
            for i in self.dependents(task) {
                let dependent = self.dependents[i];
                if !self.member[dependent as usize] {
                    self.member[dependent as usize] = true;
                    reached.push(dependent);
                }
            }
        }
    }

    /// Kahn's algorithm, always taking the lowest number; where tasks wait for each
    /// other in a circle, the lowest of them goes first.
    fn order(&mut self, dependencies: &[(u32, u32)]) {
        let size = self.member.len();
        self.rank.clear();
        self.rank.resize(size, u32::MAX);
        self.waiting.clear();
        self.waiting.resize(size, 0);
        for &(task, on) in dependencies {
            if self.member[on as usize] && self.member[task as usize] {
                self.waiting[task as usize] += 1;
            }
        }
        self.ready.clear();
        let is_member = |&task: &u32| self.member[task as usize];
        let members: Vec<u32> = (0..size as u32).filter(is_member).collect();
        let free = members
            .iter()
            .filter(|&&task| self.waiting[task as usize] == 0);
        self.ready.extend(free.map(|&task| Reverse(task)));
        let mut lowest = members.iter().copied();
        let mut next_rank = 0;
        while next_rank < members.len() as u32 {
            let ready = self
                .ready
                .pop()
                .map(|Reverse(task)| task)
                .or_else(|| lowest.next());
            let Some(task) = ready else { break };
            if self.rank[task as usize] != u32::MAX {
                continue;
            }
            self.rank[task as usize] = next_rank;
            next_rank += 1;
            for i in self.dependents(task) {
                let dependent = self.dependents[i] as usize;
                self.waiting[dependent] = self.waiting[dependent].saturating_sub(1);
                if self.waiting[dependent] == 0 {
                    self.ready.push(Reverse(dependent as u32));
                }
            }
        }
    }
}
