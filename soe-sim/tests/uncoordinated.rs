//! Uncoordinated access against its analysis: the Markov chain of Cicconetti, Conti and
//! Passarella, "Uncoordinated access to serverless computing in MEC systems for IoT"
//! (Computer Networks 2020).
//!
//! Each of *n* clients has two computers, of which it prefers one. A state of the chain says
//! which (2ⁿ states, the first client being the most significant bit, 0 the computer with the
//! lower number). In a state every computer is a shared processor with Poisson arrivals: the
//! calls of those that prefer it and a share χ, the probes, of those that do not. A client wants
//! to change if the other computer would answer a probe sooner; any set of the clients that want
//! to change is equally likely to be the next that does.

#![allow(clippy::unwrap_used)]

use scenarios::format::Scenario;
use soe_sim::{ALL, Progress, RunOptions, run_replication};

/// Rates and works in any unit of time.
struct Chain<'a> {
    /// The two computers of each client.
    computers: &'a [[usize; 2]],
    /// Latency between clients and computers.
    network: &'a [&'a [f64]],
    /// The time a call of each client takes alone on a computer.
    work: &'a [f64],
    /// Calls of each client per unit of time.
    rates: &'a [f64],
    /// Calls that each computer can execute per unit of time.
    speeds: &'a [f64],
    /// The share of calls that are probes, too.
    probing: f64,
}

impl Chain<'_> {
    fn clients(&self) -> usize {
        self.computers.len()
    }

    /// The computer that a client prefers, and the other one.
    fn places(&self, state: usize, client: usize) -> (usize, usize) {
        let [low, high] = self.computers[client];
        match state >> (self.clients() - 1 - client) & 1 {
            0 => (low, high),
            _ => (high, low),
        }
    }

    /// The mean time until a client's calls are answered by the computer that it prefers, or its
    /// probes by the other; none if that computer has more work than it can do.
    fn delay(&self, state: usize, client: usize, preferred: bool) -> Option<f64> {
        let (first, second) = self.places(state, client);
        let (at, own) = match preferred {
            true => (first, self.rates[client]),
            false => (second, self.probing * self.rates[client]),
        };
        let others = (0..self.clients()).filter(|&other| other != client);
        let others = others.map(|other| {
            let (first, second) = self.places(state, other);
            let share = f64::from(first == at) + self.probing * f64::from(second == at);
            self.rates[other] * share
        });
        let left = self.speeds[at] - own - others.sum::<f64>();
        let here = self.network[client][at];
        (left > 0.0).then(|| here + self.work[client] * self.speeds[at] / left)
    }

    /// The clients that want to change, as bits of the state.
    fn willing(&self, state: usize) -> usize {
        let wants = |client: &usize| {
            let here = self.delay(state, *client, true);
            let there = self.delay(state, *client, false);
            match (here, there) {
                // Equal computers are a tie, which rounding must not decide.
                (Some(here), Some(there)) => there < here * (1.0 - 1e-12),
                (Some(_), None) => false,
                (None, _) => true,
            }
        };
        let willing = (0..self.clients()).filter(wants);
        willing.fold(0, |bits, client| bits | 1 << (self.clients() - 1 - client))
    }

    /// States in which nobody wants to change.
    fn absorbing(&self) -> Vec<usize> {
        let states = 0..1 << self.clients();
        states.filter(|&state| self.willing(state) == 0).collect()
    }

    /// The probability of each state after a long time, all being equally likely at first.
    fn long_run(&self) -> Vec<f64> {
        let states = 1_usize << self.clients();
        let mut now = vec![1.0 / states as f64; states];
        for _ in 0..20_000 {
            let mut next = vec![0.0; states];
            for (state, &probability) in now.iter().enumerate() {
                let willing = self.willing(state);
                if willing == 0 {
                    next[state] += probability;
                    continue;
                }
                // Half of the time nothing happens, so that nothing alternates for ever.
                next[state] += probability / 2.0;
                let ways = (1_u64 << willing.count_ones()) - 1;
                let mut changed = willing;
                while changed != 0 {
                    next[state ^ changed] += probability / 2.0 / ways as f64;
                    changed = (changed - 1) & willing;
                }
            }
            now = next;
        }
        now
    }

    /// The mean delay of a client over the states.
    fn mean_delay(&self, client: usize) -> f64 {
        let states = self.long_run();
        let delays = states.iter().enumerate().filter(|(_, p)| **p > 0.0);
        let delays = delays.map(|(state, p)| p * self.delay(state, client, true).unwrap());
        delays.sum()
    }
}

/// Three computers, the middle one twice as fast, and two clients that share it.
#[test]
fn the_chain_has_the_published_values() {
    let chain = Chain {
        computers: &[[0, 1], [1, 2]],
        network: &[&[1.0, 1.0, 3.0], &[2.0, 2.0, 1.0]],
        work: &[1.0, 1.0],
        rates: &[0.2, 0.2],
        speeds: &[1.0, 2.0, 1.0],
        probing: 0.5,
    };
    assert!(chain.absorbing().is_empty());
    assert!(
        (chain.mean_delay(0) - 2.213).abs() < 5e-4,
        "{}",
        chain.mean_delay(0)
    );
    assert!(
        (chain.mean_delay(1) - 2.250).abs() < 5e-4,
        "{}",
        chain.mean_delay(1)
    );
}

#[test]
fn all_end_up_at_the_computer_that_is_much_faster() {
    let ends = |speeds: &[f64]| {
        let chain = Chain {
            computers: &[[0, 1], [0, 1]],
            network: &[&[0.0, 0.0], &[0.0, 0.0]],
            work: &[1.0, 1.0],
            rates: &[0.1, 0.1],
            speeds,
            probing: 0.1,
        };
        chain.absorbing()
    };
    assert_eq!(ends(&[1.0, 12.0]), [3]);
    assert_eq!(ends(&[12.0, 1.0]), [0]);
}

/// Two clients and two equal computers, whose service time is one unit.
fn pair(rate: f64, probing: f64) -> Chain<'static> {
    // Tests may leak a few numbers.
    let rates: &'static [f64] = vec![rate, rate].leak();
    Chain {
        computers: &[[0, 1], [0, 1]],
        network: &[&[0.0, 0.0], &[0.0, 0.0]],
        work: &[1.0, 1.0],
        rates,
        speeds: &[1.0, 1.0],
        probing,
    }
}

/// The same, simulated: the mean latency of all calls, in service times.
fn simulated(rate: f64, probing: f64) -> f64 {
    let text = format!(
        "version = 1\n[run]\nduration = \"2000 s\"\nwarm-up = \"20 s\"\n[function.f]\noperations = \"10 Mop\"\n\
         [computer.edge]\ncount = 2\nspeed = \"1 Gop/s\"\nfunctions = {{ f = 1000 }}\n[client.user]\ncount = 2\n\
         function = \"f\"\ndestinations = [\"edge\"]\npersistence = {probing}\n\
         arrivals = {{ type = \"poisson\", rate = {} }}\n",
        rate * 100.0
    );
    let scenario = Scenario::parse(&text, "pair.toml").unwrap();
    let deployment = scenario.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
    let (options, progress) = (RunOptions::default(), Progress::default());
    let result = run_replication(&deployment, 0, &options, &progress, None);
    let metrics = result.unwrap().unwrap().metrics;
    let latency = metrics
        .iter()
        .find(|value| value.metric.name == "latency_mean" && value.entity == ALL);
    latency.unwrap().value / 10e6
}

/// The chain compares means and so stays apart for good; simulated clients compare one answer
/// with another, go together by chance now and then and part again. With few probes the chain is
/// therefore below what is simulated, and nearer to it than both together at one computer are.
/// With many, that the first of two answers counts makes up for it.
#[test]
fn simulated_clients_stay_apart_nearly_as_well_as_the_chain() {
    for rate in [0.1, 0.2, 0.3, 0.4] {
        for probing in [0.01, 0.05, 0.1, 0.3] {
            let chain = pair(rate, probing);
            assert_eq!(chain.absorbing(), [1, 2], "{rate} {probing}");
            let apart = chain.mean_delay(0);
            let together = chain.delay(0, 0, true).unwrap();
            let found = simulated(rate, probing);
            println!(
                "{rate} {probing}: chain {apart:.3}, simulated {found:.3}, together {together:.3}"
            );
            let nearer = found < apart.midpoint(together);
            let above = (found > apart) == (probing < 0.2);
            assert!(
                nearer && above,
                "rate {rate}, probing {probing}: {apart} {found} {together}"
            );
        }
    }
}
