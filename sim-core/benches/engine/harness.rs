//! Measures contenders in alternation.

use std::time::{Duration, Instant};

use sim_core::{Stream, Streams};

/// What one run of a contender gives.
#[derive(Clone, Copy)]
pub struct Run {
    pub elapsed: Duration,
    pub events: u64,
    /// Of the executed events, if the contender can tell.
    pub fingerprint: Option<u64>,
}

impl Run {
    /// Times `run`, which gives the number of events and their digest.
    pub fn time(run: impl FnOnce() -> (u64, u64)) -> Self {
        let start = Instant::now();
        let (events, fingerprint) = run();
        Self {
            elapsed: start.elapsed(),
            events,
            fingerprint: Some(fingerprint),
        }
    }

    fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64() / 1e6
    }
}

pub type Contender = (&'static str, Box<dyn Fn() -> Run>);

/// A workload and its contenders, of which the first is the floor and the second
/// this engine.
pub struct Workload {
    pub name: String,
    pub rounds: usize,
    pub contenders: Vec<Contender>,
}

impl Workload {
    pub fn new(name: impl Into<String>, rounds: usize) -> Self {
        Self {
            name: name.into(),
            rounds,
            contenders: Vec::new(),
        }
    }

    pub fn contender(mut self, name: &'static str, run: impl Fn() -> Run + 'static) -> Self {
        self.contenders.push((name, Box::new(run)));
        self
    }

    /// One row of the table.
    pub fn measure(&self) -> String {
        let mut runs: Vec<Vec<Run>> = vec![Vec::new(); self.contenders.len()];
        for round in 0..self.rounds {
            for turn in 0..self.contenders.len() {
                // Every contender takes every place in the order.
                let place = (turn + round) % self.contenders.len();
                runs[place].push(self.contenders[place].1());
            }
        }
        let expected = runs[0][0].fingerprint;
        for (contender, runs) in self.contenders.iter().zip(&runs) {
            for fingerprint in runs.iter().filter_map(|run| run.fingerprint) {
                assert_eq!(
                    Some(fingerprint),
                    expected,
                    "{}: {} executes other events than the floor",
                    self.name,
                    contender.0
                );
            }
        }
        let mut row = format!("| {} |", self.name);
        for (place, runs_of) in runs.iter().enumerate() {
            row += &format!(" {:.2} |", median(runs_of.iter().map(Run::rate)));
            if place > 0 {
                let ratios = runs_of
                    .iter()
                    .zip(&runs[0])
                    .map(|(run, floor)| run.rate() / floor.rate());
                row += &format!(" {:.2} |", median(ratios));
            }
        }
        row
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The stream that all contenders of a workload draw from alike.
pub fn stream(purpose: &str) -> Stream {
    Streams::new(1, 0).stream("bench", purpose)
}
