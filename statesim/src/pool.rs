//! The pool of chains from which every replication takes its jobs.

use std::ops::Range;

use crate::draws::Draws;
use crate::jobs::{JobTask, Jobs};
use crate::model::Corrections;

/// How work and sizes follow from a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// Operations for each second of duration on a full core.
    pub operations: f64,
    /// Bytes of argument for each unit of memory.
    pub argument: f64,
    /// Bytes of state for each unit of memory.
    pub state: f64,
}

impl Default for Factors {
    fn default() -> Self {
        Self {
            operations: 1000.0,
            argument: 1000.0,
            state: 1000.0,
        }
    }
}

/// All chains, with operations, sizes and functions.
#[derive(Clone, Debug)]
pub struct Pool {
    chains: Vec<ChainParts>,
    tasks: Vec<Task>,
    needs: Vec<u32>,
    states: Vec<u64>,
    functions: usize,
}

#[derive(Clone, Debug)]
struct ChainParts {
    tasks: Range<usize>,
    states: Range<usize>,
    all_states: u64,
}

/// A function invocation of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) operations: u64,
    /// Size of the argument, in bytes.
    pub(crate) argument: u64,
    /// Which function it invokes, in the byte order of their names.
    pub(crate) function: u32,
    /// Size of all states that it depends on, in bytes.
    pub(crate) state: u64,
    needs: (u32, u32),
}

/// One chain of the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain<'a> {
    pub(crate) tasks: &'a [Task],
    /// Sizes of the states, in bytes.
    pub(crate) states: &'a [u64],
    /// Size of all states together, in bytes.
    pub(crate) all_states: u64,
    needs: &'a [u32],
}

impl Pool {
    /// Scales the jobs and draws a function for each task.
    ///
    /// Functions are `f0`, `f1`, ... and equally likely; in the byte order of their
    /// names `f10` comes before `f2`. `functions` is more than 0.
    pub fn new(jobs: &Jobs, factors: Factors, functions: usize, corrections: Corrections) -> Self {
        let mut draws = Draws::functions(corrections);
        let mut tasks = Vec::with_capacity(jobs.tasks.len());
        let mut chains = Vec::with_capacity(jobs.len());
        let states: Vec<u64> = jobs
            .states
            .iter()
            .map(|memory| rounded(factors.state * memory))
            .collect();
        for chain in &jobs.chains {
            let sizes = &states[chain.states.clone()];
            let first = tasks.len();
            for task in &jobs.tasks[chain.tasks.clone()] {
                let needs = &jobs.needs[task.needs.clone()];
                let function = draws.real() * functions as f64;
                tasks.push(Task {
                    operations: operations(task, factors.operations),
                    argument: rounded(factors.argument * task.record.memory),
                    function: (function as usize).min(functions.saturating_sub(1)) as u32,
                    state: total(needs.iter().map(|&state| sizes[state as usize])),
                    needs: (task.needs.start as u32, task.needs.end as u32),
                });
            }
            if corrections.chain_order {
                put_in_order(&mut tasks[first..], &jobs.tasks[chain.tasks.clone()]);
            }
            chains.push(ChainParts {
                tasks: chain.tasks.clone(),
                states: chain.states.clone(),
                all_states: total(sizes.iter().copied()),
            });
        }
        Self {
            chains,
            tasks,
            needs: jobs.needs.clone(),
            states,
            functions,
        }
    }

    /// The number of chains.
    pub fn len(&self) -> usize {
        self.chains.len()
    }

    /// Whether there is no chain.
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
    }

    /// The number of functions.
    pub fn functions(&self) -> usize {
        self.functions
    }

    pub(crate) fn chain(&self, index: u32) -> Chain<'_> {
        let parts = &self.chains[index as usize];
        Chain {
            tasks: &self.tasks[parts.tasks.clone()],
            states: &self.states[parts.states.clone()],
            all_states: parts.all_states,
            needs: &self.needs,
        }
    }
}

impl<'a> Chain<'a> {
    /// Size of what a task returns, in bytes: the argument of the next, and from the
    /// last as much as the first was given.
    pub(crate) fn result(&self, task: usize) -> u64 {
        let next = self.tasks.get(task + 1).or_else(|| self.tasks.first());
        next.map_or(0, |task| task.argument)
    }

    /// The states that a task depends on.
    pub(crate) fn needs(&self, task: usize) -> &'a [u32] {
        let (start, end) = self.tasks[task].needs;
        &self.needs[start as usize..end as usize]
    }
}

fn operations(task: &JobTask, factor: f64) -> u64 {
    let record = &task.record;
    rounded(f64::from(record.duration) * record.cpu / 100.0 * factor)
}

/// To the nearest whole number; no less than 0, no more than fits.
fn rounded(value: f64) -> u64 {
    (0.5 + value) as u64
}

pub(crate) fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

fn put_in_order(tasks: &mut [Task], ranks: &[JobTask]) {
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.sort_by_key(|&task| ranks[task].rank);
    let ordered: Vec<Task> = order.iter().map(|&task| tasks[task].clone()).collect();
    tasks.clone_from_slice(&ordered);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{self, Layout};

    fn arguments(rows: &[&str], corrections: Corrections) -> Vec<u64> {
        let text: String = rows.iter().map(|row| format!("0,j_1,{row},1\n")).collect();
        let jobs = trace::parse("trace", text.as_bytes(), Layout::Spar).unwrap();
        let factors = Factors {
            argument: 10.0,
            ..Factors::default()
        };
        let pool = Pool::new(&jobs, factors, 3, corrections);
        pool.chain(0)
            .tasks
            .iter()
            .map(|task| task.argument)
            .collect()
    }

    #[test]
    fn tasks_run_in_the_order_of_numbers_unless_that_is_corrected() {
        let rows = [
            "M1,5,100,0.1",
            "R2_3,5,100,0.2",
            "J3_1_4,5,100,0.3",
            "M4,5,100,0.4",
        ];
        let topological = Corrections {
            chain_order: true,
            ..Corrections::NONE
        };
        assert_eq!(arguments(&rows, Corrections::NONE), [1, 2, 3]);
        assert_eq!(arguments(&rows, topological), [1, 3, 2]);
    }

    #[test]
    fn of_tasks_in_a_circle_the_lowest_number_runs_first() {
        let rows = [
            "R1_3,5,100,0.1",
            "R2_1,5,100,0.2",
            "J3_2_4,5,100,0.3",
            "M4,5,100,0.4",
        ];
        let topological = Corrections {
            chain_order: true,
            ..Corrections::NONE
        };
        assert_eq!(arguments(&rows, topological), [1, 2, 3]);
    }

    #[test]
    fn a_repeated_task_keeps_its_dependencies_and_takes_the_new_sizes() {
        let rows = [
            "M1,5,100,0.1",
            "J2_1_3,5,100,0.2",
            "R2_1,9,100,0.7",
            "M3,5,100,0.4",
        ];
        assert_eq!(arguments(&rows, Corrections::NONE), [1, 7]);
    }

    #[test]
    fn what_is_said_about_a_number_is_rounded_half_up() {
        assert_eq!(
            [0.0, 0.49, 0.5, 1.5, 1e300].map(rounded),
            [0, 0, 1, 2, u64::MAX]
        );
    }
}
