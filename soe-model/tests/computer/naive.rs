//! The computer as one would write it down without a thought of speed, in exact
//! fractions: what the real one is compared with.

use std::collections::VecDeque;

use soe_model::computer::Completion;

/// Whole for every number of tasks up to 12.
const PARTS: i128 = 27_720;

#[derive(Clone, Debug)]
struct Task {
    number: u64,
    container: usize,
    input: u64,
    started: u64,
    left: i128,
}

/// One processor of 10^9 op/s on which a byte of input costs an operation and a
/// byte of memory.
pub struct Computer {
    cores: i128,
    memory: u64,
    workers: Vec<u32>,
    now: u64,
    queues: Vec<VecDeque<Task>>,
    waiting: VecDeque<Task>,
    // In order of start.
    running: Vec<Task>,
    done: Vec<(u64, u64, u64)>,
}

impl Computer {
    pub fn new(cores: u32, memory: u64, workers: &[u32]) -> Self {
        Self {
            cores: i128::from(cores),
            memory,
            workers: workers.to_vec(),
            now: 0,
            queues: vec![VecDeque::new(); workers.len()],
            waiting: VecDeque::new(),
            running: Vec::new(),
            done: Vec::new(),
        }
    }

    pub fn submit(&mut self, now: u64, number: u64, container: u32, input: u64) {
        self.advance(now);
        self.queues[container as usize].push_back(Task {
            number,
            container: container as usize,
            input,
            started: 0,
            left: i128::from(input) * PARTS,
        });
        self.start();
    }

    /// Number, start and end of every task, in order of completion.
    pub fn run(mut self) -> Vec<(u64, u64, u64)> {
        self.advance(u64::MAX);
        self.done
    }

    fn start(&mut self) {
        for (container, queue) in self.queues.iter_mut().enumerate() {
            let holds = |task: &&Task| task.container == container;
            let mut occupied = self.running.iter().filter(holds).count()
                + self.waiting.iter().filter(holds).count();
            while occupied < self.workers[container] as usize {
                let Some(task) = queue.pop_front() else { break };
                self.waiting.push_back(task);
                occupied += 1;
            }
        }
        while let Some(task) = self.waiting.front() {
            let used: u64 = self.running.iter().map(|task| task.input).sum();
            if used + task.input > self.memory {
                break;
            }
            let mut task = self.waiting.pop_front().unwrap();
            task.started = self.now;
            self.running.push(task);
        }
    }

    fn advance(&mut self, until: u64) {
        loop {
            let tasks = self.running.len() as i128;
            let rate = self.cores.min(tasks);
            let first = self
                .running
                .iter()
                .enumerate()
                .min_by_key(|(_, task)| task.left);
            let Some((first, task)) = first else { break };
            let left = task.left.max(0) * tasks;
            let time = (left + rate * PARTS - 1) / (rate * PARTS);
            if i128::from(self.now) + time > i128::from(until) {
                self.serve(until - self.now);
                break;
            }
            self.serve(time as u64);
            let task = self.running.remove(first);
            self.done.push((task.number, task.started, self.now));
            self.start();
        }
        if until < u64::MAX {
            self.now = until;
        }
    }

    fn serve(&mut self, time: u64) {
        let tasks = self.running.len() as i128;
        let share = i128::from(time) * self.cores.min(tasks) * PARTS / tasks;
        for task in &mut self.running {
            task.left -= share;
        }
        self.now += time;
    }
}

/// Nanoseconds of cores that were in use during a second of a run.
pub fn cores_used(completions: &[Completion], cores: u32, second: u64) -> u128 {
    let (begins, ends) = (second * 1_000_000_000, (second + 1) * 1_000_000_000);
    let clip = |time: sim_core::SimTime| time.as_nanos().clamp(begins, ends);
    let spans = completions
        .iter()
        .map(|c| (clip(c.started), clip(c.finished)));
    let mut changes: Vec<(u64, i64)> = spans.flat_map(|(a, b)| [(a, 1), (b, -1)]).collect();
    changes.sort();
    let (mut used, mut tasks, mut last) = (0, 0i64, begins);
    for (time, change) in changes {
        used += u128::from(time - last) * tasks.min(i64::from(cores)) as u128;
        tasks += change;
        last = time;
    }
    used
}
