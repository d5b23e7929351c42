//! Generates traces.

use std::fmt::Write;

use sim_core::{Stream, Streams};

use super::fit::{self, Role};

/// How long the jobs of a generated trace arrive, in seconds.
const SPAN: f64 = 3600.0;

/// A trace of so many jobs in the layout of Spar, three in ten of them with states.
///
/// The same number and seed give the same text.
pub fn generate(jobs: usize, seed: u64) -> String {
    let mut generator = Generator::new(seed);
    let mut text = String::with_capacity(jobs * 160);
    let mut arrival = 0.0;
    for number in 1..=jobs {
        arrival += generator.arrivals.exponential(SPAN / jobs as f64);
        generator.write_job(number, arrival, &mut text);
    }
    text
}

struct Generator {
    arrivals: Stream,
    structure: Stream,
    resources: Stream,
}

/// A task in the making; its number is its place in the job.
struct Draft {
    role: Role,
    /// What it needs, as keys of other drafts.
    needs: Vec<usize>,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let stream = |purpose| Streams::new(seed, 0).stream("workload", purpose);
        Self {
            arrivals: stream("arrivals"),
            structure: stream("structure"),
            resources: stream("resources"),
        }
    }

    fn write_job(&mut self, number: usize, arrival: f64, text: &mut String) {
        let (stateful, stateless) = fit::STATEFUL;
        let is_stateful =
            self.structure.uniform() * f64::from(stateful + stateless) < f64::from(stateful);
        let (drafts, order, half_core) = if is_stateful {
            self.stateful()
        } else {
            self.stateless()
        };
        let whole_core = self.structure.uniform() >= half_core;
        // Numbers from 1, in the order in which the tasks are written.
        let mut numbers = vec![0; drafts.len()];
        for (place, &key) in order.iter().enumerate() {
            numbers[key] = place + 1;
        }
        let (duration, memory) = (self.resources.normal(), self.resources.normal());
        for &key in &order {
            let draft = &drafts[key];
            let kind = match draft.needs.len() {
                0 => 'M',
                1 => 'R',
                _ => 'J',
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "{arrival:.1},j_{number},{kind}{}", numbers[key]);
            let mut needs: Vec<usize> = draft.needs.iter().map(|&need| numbers[need]).collect();
            needs.sort_unstable();
            for need in needs {
                let _ = write!(text, "_{need}");
            }
            let score = self.mixed(duration, fit::DURATION_BETWEEN_JOBS);
            let seconds = fit::duration(draft.role, whole_core, score);
            let share = if whole_core {
                0.0
            } else {
                fit::MEMORY_BETWEEN_JOBS
            };
            let hundredths = fit::memory(draft.role, whole_core, self.mixed(memory, share));
            let instances = fit::instances(self.mixed(score, 0.3));
            let cpu = if whole_core { "100.0" } else { "50.0" };
            let (units, rest) = (hundredths / 100, hundredths % 100);
            let _ = writeln!(text, ",{seconds},{cpu},{units}.{rest:02},{instances}");
        }
    }

    /// A straight line of tasks.
    fn stateless(&mut self) -> (Vec<Draft>, Vec<usize>, f64) {
        let length = fit::pick(fit::STATELESS_LENGTH, self.structure.uniform()) as usize;
        let draft = |task: usize| Draft {
            role: Role::Stateless,
            needs: task.checked_sub(1).into_iter().collect(),
        };
        let drafts = (0..length).map(draft).collect();
        (drafts, (0..length).collect(), fit::STATELESS_HALF_CORE)
    }

    /// A chain with states, and tasks on which the states depend.
    fn stateful(&mut self) -> (Vec<Draft>, Vec<usize>, f64) {
        let length = fit::pick(fit::CHAIN_LENGTH, self.structure.uniform());
        let group = fit::group(length, 2);
        let states = fit::pick(fit::STATES[group], self.structure.uniform());
        let others = fit::pick(fit::OTHERS[fit::group(states, 1)], self.structure.uniform());
        let (length, states) = (length as usize, states as usize);
        let mut drafts: Vec<Draft> = (0..length)
            .map(|task| Draft {
                role: Role::Chain,
                needs: self.needs_in_chain(task),
            })
            .collect();
        // The states and what they need, by the first task of the chain that needs them.
        let mut before = vec![Vec::new(); length];
        let mut first_needed_by = Vec::new();
        for state in length..length + states {
            let user = self.user(length);
            drafts[user].needs.push(state);
            let mut first = user;
            if self.structure.uniform() < fit::NEEDED_TWICE {
                let second = self.user(length);
                if second != user {
                    drafts[second].needs.push(state);
                    first = user.min(second);
                }
            }
            drafts.push(Draft {
                role: Role::Rest,
                needs: Vec::new(),
            });
            first_needed_by.push(first);
        }
        // Each other task belongs to a state; `last` is the one that came last.
        let mut last: Vec<usize> = (length..length + states).collect();
        for _ in 0..others {
            let state = self.below(states);
            let other = drafts.len();
            drafts.push(Draft {
                role: Role::Rest,
                needs: Vec::new(),
            });
            let user = match self.structure.uniform() < fit::OTHERS_IN_LINE {
                true => last[state],
                false => length + state,
            };
            drafts[user].needs.push(other);
            last[state] = other;
            before[first_needed_by[state]].push(other);
        }
        // A task that is needed gets a lower number than the one that needs it, except
        // by the first task of the chain, which is always number 1.
        for (state, &first) in first_needed_by.iter().enumerate() {
            before[first].reverse();
            before[first].push(length + state);
            before[first].reverse();
        }
        let mut order = vec![0];
        for (task, needed) in before.iter().enumerate() {
            order.extend(needed.iter().rev());
            if task > 0 {
                order.push(task);
            }
        }
        (drafts, order, fit::HALF_CORE[group])
    }

    fn needs_in_chain(&mut self, task: usize) -> Vec<usize> {
        if task == 0 {
            return Vec::new();
        }
        let mut needs = vec![task - 1];
        if self.structure.uniform() >= fit::NEEDS_PREVIOUS {
            needs = vec![self.below(task)];
        }
        if self.structure.uniform() < fit::NEEDS_ANOTHER {
            let another = self.below(task);
            if !needs.contains(&another) {
                needs.push(another);
            }
        }
        needs
    }

    /// The task of a chain that needs a state.
    fn user(&mut self, length: usize) -> usize {
        let draw = self.structure.uniform();
        if length == 2 {
            let [first, last] = fit::USER_OF_TWO.map(f64::from);
            return usize::from(draw * (first + last) >= first);
        }
        let [first, between, last] = fit::USER.map(f64::from);
        let place = draw * (first + between + last);
        if place < first {
            0
        } else if place < first + between {
            1 + self.below(length - 2)
        } else {
            length - 1
        }
    }

    fn below(&mut self, count: usize) -> usize {
        (self.structure.uniform() * count as f64) as usize
    }

    /// A score of which that part of the variance is common to the job.
    fn mixed(&mut self, common: f64, share: f64) -> f64 {
        libm::sqrt(share) * common + libm::sqrt(1.0 - share) * self.resources.normal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{self, Layout};

    #[test]
    fn the_seed_decides_the_trace() {
        assert_eq!(generate(50, 1), generate(50, 1));
        assert_ne!(generate(50, 1), generate(50, 2));
    }

    #[test]
    fn generated_jobs_are_as_often_stateful_and_as_long_as_in_the_real_trace() {
        let text = generate(20_000, 5);
        let jobs = trace::parse("generated", text.as_bytes(), Layout::Spar).unwrap();
        let counts = jobs.counts();
        assert_eq!(
            (counts.jobs, counts.foreign_rows, counts.independent_rows),
            (20_000, 0, 0)
        );
        let share = jobs.len() as f64 / 20_000.0;
        assert!((share - 0.309).abs() < 0.01, "{share}");
        let length = jobs.tasks.len() as f64 / jobs.len() as f64;
        assert!((length - 3.71).abs() < 0.1, "{length}");
        let states = jobs.states.len() as f64 / jobs.len() as f64;
        assert!((states - 2.15).abs() < 0.15, "{states}");
    }
}
