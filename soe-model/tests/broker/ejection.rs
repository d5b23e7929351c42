//! Ejection, slow start and the penalty of failures, for every policy.

use std::collections::BTreeMap;

use proptest::prelude::*;
use soe_model::broker::safeguards::{EJECTIONS, Ejection, SlowStart};

use super::*;

fn outliers() -> Ejection {
    spy::register();
    let conf = Conf::parse("type=outliers").unwrap();
    let configured = conf.configure(&EJECTIONS).unwrap();
    (configured.kind.build)(&configured.arguments).unwrap()
}

fn policies() -> impl Iterator<Item = BrokerKind> {
    spy::register();
    cases::routers().unwrap().into_iter().map(|(_, kind)| kind)
}

fn ejecting(kind: BrokerKind, destinations: &[&str]) -> BrokerSpec {
    let mut spec = spec(kind, destinations);
    spec.safeguards.ejection = Some(outliers());
    spec
}

/// One call, which fails at these destinations; where it went.
fn call(bench: &mut Bench, failing: &[&str]) -> String {
    bench.arrive();
    let mut forwarded = None;
    while let Some(action) = bench.broker.poll() {
        if let Action::Forward {
            attempt,
            destination,
            ..
        } = action
        {
            forwarded = Some((attempt, destination));
        }
    }
    let (attempt, destination) = forwarded.unwrap();
    let destination = bench.endpoints.name(destination).to_owned();
    bench.wait(10);
    match failing.contains(&destination.as_str()) {
        true => bench.fail(attempt, Failure::Application),
        false => bench.answer(attempt),
    }
    let mut responses = 0;
    while let Some(action) = bench.broker.poll() {
        responses += u32::from(matches!(action, Action::Respond { .. }));
    }
    assert_eq!(responses, 1);
    destination
}

fn is_ejected(bench: &Bench, name: &str) -> bool {
    let endpoint = bench.endpoints.find(name).unwrap();
    bench.broker.is_ejected(endpoint)
}

#[test]
fn no_policy_calls_an_ejected_destination_until_one_call_tries_it() {
    for kind in policies() {
        let mut bench = Bench::new(&ejecting(kind.clone(), &["a", "b", "c", "d"]));
        let home = call(&mut bench, &[]);
        // The one that hash policies prefer fails.
        let failing = [home.as_str()];
        let mut tries = 0;
        for _ in 0..3000 {
            let ejected = is_ejected(&bench, &home);
            tries += u32::from(call(&mut bench, &failing) == home && ejected);
        }
        if !is_ejected(&bench, &home) {
            // It was not called five times in a row, which bandits may not do.
            assert_eq!(tries, 0, "{kind:?}");
            continue;
        }
        // 30 s: at 1, 3, 7 and 15 s, and then 16 s later.
        assert!((1..=5).contains(&tries), "{kind:?}: {tries}");
        // It recovers, and returns with the next call that tries it.
        for _ in 0..4000 {
            call(&mut bench, &[]);
        }
        assert!(!is_ejected(&bench, &home), "{kind:?}");
        assert_eq!(bench.broker.panics(), 0);
    }
}

#[test]
fn errors_of_functions_eject_and_calls_that_wait_choose_again() {
    let kind = router("type=round-robin", "type=none");
    let mut spec = ejecting(kind, &["a", "b"]);
    spec.limits.pending_per_destination = Some(1);
    let mut bench = Bench::new(&spec);
    let mut attempts = BTreeMap::new();
    // One at each, others wait.
    for _ in 0..12 {
        bench.arrive();
    }
    while let Some(action) = bench.broker.poll() {
        if let Action::Forward {
            attempt,
            destination,
            ..
        } = action
        {
            attempts.insert(bench.endpoints.name(destination).to_owned(), attempt);
        }
    }
    assert_eq!(attempts.len(), 2);
    for failed in 1..=5 {
        bench.fail(attempts["a"], Failure::Application);
        assert!(matches!(bench.response().1, Outcome::Refused { .. }));
        if failed < 5 {
            let (attempt, destination) = bench.forward();
            assert_eq!(destination, "a");
            attempts.insert(destination, attempt);
        }
    }
    assert!(is_ejected(&bench, "a"));
    let pending = |bench: &Bench, name: &str| {
        let endpoint = bench.endpoints.find(name).unwrap();
        bench.broker.pending(endpoint)
    };
    assert_eq!(
        (pending(&bench, "a"), pending(&bench, "b")),
        ((0, 0), (1, 6))
    );
}

#[test]
fn when_all_are_ejected_all_are_called_and_counted() {
    for kind in policies() {
        // Two functions: f only at a and b, which are half of all.
        let mut spec = ejecting(kind, &["a", "b"]);
        for destination in ["c", "d"] {
            spec.table.push(TableEntrySpec {
                function: "g".into(),
                destination: destination.into(),
                weight: 1.0,
                is_final: true,
            });
        }
        let mut bench = Bench::new(&spec);
        for _ in 0..1000 {
            call(&mut bench, &["a", "b"]);
        }
        if !is_ejected(&bench, "a") || !is_ejected(&bench, "b") {
            continue;
        }
        assert!(bench.broker.panics() > 0);
        // A trial among them brings them back.
        for _ in 0..8000 {
            call(&mut bench, &[]);
        }
        assert!(!is_ejected(&bench, "a") || !is_ejected(&bench, "b"));
    }
}

#[test]
fn a_new_destination_gets_its_share_gradually() {
    for policy in ["type=random", "type=least-connections", "type=two-choices"] {
        let mut spec = spec(router(policy, "type=none"), &["a", "b", "c"]);
        spec.safeguards.slow_start = SlowStart {
            window: SimDuration::from_secs(60),
            aggression: 1.0,
        };
        let mut bench = Bench::new(&spec);
        bench.wait(100_000);
        bench.change("new", 1.0, true).unwrap();
        let mut share = |seconds: u64| {
            let calls = seconds * 100;
            let picks = (0..calls).map(|_| call(&mut bench, &[]));
            picks.filter(|pick| pick == "new").count() as f64 / calls as f64
        };
        // Its weight among the four is 0.1 in the first 6 s, then 0.55 on average, then 1: with
        // random choice it gets 0.1 of 3.1, 0.55 of 3.55, and a quarter.
        let (first, ramp, end) = (share(6), share(54), share(60));
        assert!((0.003..0.05).contains(&first), "{policy} {first}");
        assert!((0.06..0.18).contains(&ramp), "{policy} {ramp}");
        assert!((end - 0.25).abs() < 0.03, "{policy} {end}");
    }
}

#[test]
fn a_start_with_all_destinations_is_not_slow() {
    let mut spec = spec(
        router("type=least-impedance", "type=none"),
        &["a", "b", "c"],
    );
    spec.safeguards.slow_start.window = SimDuration::from_secs(60);
    let mut bench = Bench::new(&spec);
    for _ in 0..20 {
        assert_eq!(call(&mut bench, &[]), "a");
    }
}

#[test]
fn a_failure_can_count_as_a_long_latency() {
    for (penalty, weights) in [(0, [0.01, 0.01]), (5, [5.0, 0.01])] {
        let mut spec = spec(router("type=random", "type=async,alpha=0"), &["a", "b"]);
        spec.safeguards.failure_penalty = SimDuration::from_secs(penalty);
        let mut bench = Bench::new(&spec);
        for _ in 0..20 {
            call(&mut bench, &[]);
        }
        while call(&mut bench, &["a"]) != "a" {}
        let found = bench.weights();
        let near = |(one, other): (&f32, &f32)| (one - other).abs() < 1e-4;
        assert!(found.iter().zip(&weights).all(near), "{found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever fails: no call is lost, and no more are ejected than may be.
    #[test]
    fn good_destinations_remain(
        fails in prop::collection::vec((0u8..16, 1u16..2000, 0u8..8), 1..150),
        number in 0usize..64,
    ) {
        let kinds: Vec<_> = policies().collect();
        let kind = kinds[number % kinds.len()].clone();
        let names = ["a", "b", "c", "d"];
        let mut bench = Bench::new(&ejecting(kind, &names));
        let mut since = BTreeMap::new();
        for (failing, wait, member) in fails {
            bench.wait(wait.into());
            match member {
                0 => bench.change("d", 1.0, true).unwrap(),
                1 => bench.remove("d"),
                _ => {}
            }
            let failing = (0..4).filter(|&i| failing & (1 << i) != 0).map(|i| names[i]);
            let failing: Vec<_> = failing.collect();
            let (now, panics) = (bench.now, bench.broker.panics());
            let picked = call(&mut bench, &failing);
            if let Some(since) = since.get_mut(&picked)
                && bench.broker.panics() == panics
            {
                // A call tries it, not before its time.
                prop_assert!(now.since(*since) >= outliers().base);
                *since = bench.now;
            }
            for name in names {
                if is_ejected(&bench, name) {
                    since.entry(name.to_owned()).or_insert(bench.now);
                } else {
                    since.remove(name);
                }
            }
            let there = bench.sizes()[0];
            let ejected = names.into_iter().filter(|name| is_ejected(&bench, name)).count();
            // One more, if a good one was removed since.
            prop_assert!(ejected <= outliers().room(there) + 1 && there >= 3);
        }
    }
}
