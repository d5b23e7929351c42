//! What holds for every policy: no preference for a place in the table, no memory of what
//! does not concern it.

use std::collections::BTreeMap;

use super::*;

/// Every policy with its defaults, and the variants that work differently.
fn policies() -> Vec<String> {
    spy::register();
    let known = POLICIES.kinds().filter(|kind| kind.name != "spy");
    let mut policies: Vec<_> = known.map(|kind| format!("type={}", kind.name)).collect();
    for policy in &mut policies {
        if policy == "type=proportional-fairness" {
            *policy += ",alpha=1,beta=1";
        }
    }
    policies.push("type=peak-ewma,choices=0".into());
    policies.push("type=rendezvous,weights=inverse".into());
    policies
}

/// A router in a closed world: a call every millisecond, and each destination answers after
/// a time of its own, with a load that it reports.
struct Trial {
    bench: Bench,
    /// By the time when they are due, and the number of the call.
    answers: BTreeMap<(u64, u64), (Attempt, u32)>,
    millis: u64,
    picks: Vec<String>,
}

impl Trial {
    fn new(policy: &str, destinations: &[&str]) -> Self {
        let kind = router(policy, "type=async,alpha=0.5");
        Self {
            bench: Bench::new(&spec(kind, destinations)),
            answers: BTreeMap::new(),
            millis: 0,
            picks: Vec::new(),
        }
    }

    /// One more millisecond.
    fn step(&mut self, latency: impl Fn(&str) -> u64) {
        self.bench.wait(1);
        self.millis += 1;
        while let Some(first) = self.answers.first_entry() {
            if first.key().0 > self.millis {
                break;
            }
            let (attempt, load1) = first.remove();
            let answer = Answer {
                load1,
                ..Answer::default()
            };
            self.bench.broker.answered(self.bench.now, attempt, &answer);
        }
        self.bench.arrive();
        while let Some(action) = self.bench.broker.poll() {
            let Action::Forward {
                attempt,
                destination,
                ..
            } = action
            else {
                continue;
            };
            let name = self.bench.endpoints.name(destination);
            let latency = latency(name);
            let due = (self.millis + latency, self.bench.calls);
            self.answers.insert(due, (attempt, latency as u32));
            self.picks.push(name.to_owned());
        }
    }

    fn shares(&self) -> BTreeMap<&str, f64> {
        let mut shares = BTreeMap::new();
        for pick in &self.picks {
            *shares.entry(pick.as_str()).or_default() += 1.0 / self.picks.len() as f64;
        }
        shares
    }
}

fn unequal(name: &str) -> u64 {
    match name {
        "a" => 3,
        "b" => 6,
        "c" => 12,
        _ => 24,
    }
}

#[test]
fn a_permutation_of_the_table_permutes_the_shares() {
    for policy in policies() {
        let shares = |order: [&str; 4]| {
            let mut trial = Trial::new(&policy, &order);
            (0..20_000).for_each(|_| trial.step(unequal));
            let shares = trial.shares();
            ["a", "b", "c", "d"].map(|name| shares.get(name).copied().unwrap_or_default())
        };
        let first = shares(["a", "b", "c", "d"]);
        for order in [["d", "c", "b", "a"], ["c", "a", "d", "b"]] {
            let other = shares(order);
            for (one, other) in first.iter().zip(&other) {
                assert!((one - other).abs() < 0.02, "{policy}: {first:?} {order:?}");
            }
        }
    }
}

#[test]
fn equal_destinations_get_equal_shares_of_policies_that_balance() {
    for policy in [
        "type=random",
        "type=round-robin",
        "type=two-choices",
        "type=two-choices,choices=3",
        "type=least-connections",
        "type=peak-ewma",
        "type=peak-ewma,choices=0",
        "type=peak-ewma,choices=3",
    ] {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let mut trial = Trial::new(policy, &names);
        (0..100_000).for_each(|_| trial.step(|_| 7));
        let shares = trial.shares();
        let square = |name: &&str| {
            let share = shares.get(name).copied().unwrap_or_default();
            (share - 0.1) * (share - 0.1) / 0.1 * 1e5
        };
        let statistic: f64 = names.iter().map(square).sum();
        // Chi-square with 9 degrees of freedom exceeds 33.7 once in 10 000 times.
        assert!(statistic < 33.7, "{policy}: {statistic} {shares:?}");
    }
}

#[test]
fn a_destination_that_comes_and_goes_leaves_what_is_known_of_the_others() {
    for policy in policies() {
        let picks = |visited: bool| {
            let mut trial = Trial::new(&policy, &["a", "b", "c", "d"]);
            for call in 0..2000 {
                if visited && call % 500 == 499 {
                    trial.bench.change("visitor", 1.0, true).unwrap();
                    trial.bench.remove("visitor");
                }
                trial.step(unequal);
            }
            trial.picks
        };
        assert!(picks(false) == picks(true), "{policy}");
    }
}

#[test]
fn reading_changes_nothing() {
    for policy in policies() {
        let picks = |reads: bool| {
            let mut trial = Trial::new(&policy, &["a", "b", "c", "d"]);
            if reads {
                // An unrelated function at an unrelated destination, and one of these.
                let function = trial.bench.functions.intern("g");
                for destination in ["stranger", "a"] {
                    let command = Command::Change {
                        function,
                        destination: trial.bench.endpoints.intern(destination),
                        weight: 0.5,
                        is_final: true,
                    };
                    trial.bench.configure(&command).unwrap();
                }
            }
            for _ in 0..2000 {
                if reads {
                    let broker = &trial.bench.broker;
                    let names = trial.bench.endpoints.iter();
                    let pending = names.map(|(name, _)| broker.peers().get(name).pending);
                    assert!(pending.sum::<u32>() >= broker.calls_in_progress());
                    let entries = broker.tables().map(|table| table.keys().count());
                    assert_eq!(entries.sum::<usize>(), 12);
                    assert_eq!(broker.next_wake(), broker.next_wake());
                }
                trial.step(unequal);
            }
            trial.picks
        };
        assert!(picks(false) == picks(true), "{policy}");
    }
}
