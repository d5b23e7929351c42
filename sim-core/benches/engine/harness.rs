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

    /// Times `run`, which takes `events` events of another engine.
    pub fn of_other(events: u64, run: impl FnOnce()) -> Self {
        let start = Instant::now();
        run();
        Self {
            elapsed: start.elapsed(),
            events,
            fingerprint: None,
        }
    }

    fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64() / 1e6
    }
}

type Contender = Box<dyn Fn() -> Run>;

/// A load and who runs it.
pub struct Workload {
    pub name: String,
    rounds: usize,
    floor: Contender,
    engine: Contender,
    /// Take part in the first [`PEER_ROUNDS`] rounds.
    peers: [Option<Contender>; 2],
}

const PEER_ROUNDS: usize = 3;

pub const HEADER: &str = "\
| workload | floor M/s | sim-core M/s | x floor | simcore M/s | x simcore | nexosim M/s | x nexosim |
|---|---|---|---|---|---|---|---|";

impl Workload {
    pub fn new(
        name: impl Into<String>,
        rounds: usize,
        floor: impl Fn() -> Run + 'static,
        engine: impl Fn() -> Run + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            rounds,
            floor: Box::new(floor),
            engine: Box::new(engine),
            peers: [None, None],
        }
    }

    pub fn simcore(mut self, run: impl Fn() -> Run + 'static) -> Self {
        self.peers[0] = Some(Box::new(run));
        self
    }

    pub fn nexosim(mut self, run: impl Fn() -> Run + 'static) -> Self {
        self.peers[1] = Some(Box::new(run));
        self
    }

    /// One row of the table: rates in millions of events per second, and how many
    /// times as fast this engine is.
    pub fn measure(&self) -> String {
        let mut floors = Vec::new();
        let mut engines = Vec::new();
        let mut peers = [Vec::new(), Vec::new()];
        for round in 0..self.rounds {
            // In turns, so that neither always comes first.
            if round % 2 == 0 {
                floors.push((self.floor)());
                engines.push((self.engine)());
            } else {
                engines.push((self.engine)());
                floors.push((self.floor)());
            }
            if round < PEER_ROUNDS {
                for (peer, runs) in self.peers.iter().zip(&mut peers) {
                    runs.extend(peer.iter().map(|run| run()));
                }
            }
        }
        for run in floors.iter().chain(&engines) {
            assert_eq!(
                run.fingerprint, floors[0].fingerprint,
                "{}: the engine executes other events than the floor",
                self.name
            );
        }
        let mut row = format!("| {} | {:.2} |", self.name, median_rate(&floors));
        row += &format!(" {:.2} |", median_rate(&engines));
        row += &format!(" {:.2} |", median_ratio(&engines, &floors));
        for runs in peers {
            row += &match runs.is_empty() {
                true => " | |".to_owned(),
                false => {
                    let (rate, ratio) = (median_rate(&runs), median_ratio(&engines, &runs));
                    format!(" {rate:.2} | {ratio:.1} |")
                }
            };
        }
        row
    }
}

fn median_rate(runs: &[Run]) -> f64 {
    median(runs.iter().map(Run::rate))
}

fn median_ratio(ours: &[Run], theirs: &[Run]) -> f64 {
    median(
        ours.iter()
            .zip(theirs)
            .map(|(our, their)| our.rate() / their.rate()),
    )
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
