//! What routers learn from measured latencies, and how they explore.

use super::*;

#[test]
fn untried_destinations_are_tried_first_whatever_their_declared_weight() {
    for policy in ["type=random", "type=least-impedance", "type=round-robin"] {
        let kind = router(policy, "type=async,alpha=0.95");
        let mut bench = Bench::new(&spec(kind, &["a", "b", "c"]));
        assert_eq!(bench.calls(3, &IDLE), ["a", "b", "c"], "{policy}");
        bench.change("d", 1000.0, true).unwrap();
        let latency = [IDLE.as_slice(), &[("d", 10)]].concat();
        let next = bench.calls(4, &latency);
        assert!(next.contains(&"d".to_owned()), "{policy}: {next:?}");
    }
}

#[test]
fn idle_equals_share_the_calls() {
    let kind = router("type=random", "type=async,alpha=0.95");
    let picks = Bench::new(&spec(kind, &["a", "b", "c"])).calls(3000, &IDLE);
    for destination in ["a", "b", "c"] {
        // 1000 expected, standard deviation 26.
        assert!((880..1120).contains(&share(&picks, destination)));
    }
}

#[test]
fn least_impedance_finds_the_fastest_and_notices_when_another_becomes_faster() {
    let kind = router("type=least-impedance", "type=async,alpha=0.5");
    let mut bench = Bench::new(&spec(kind, &["a", "b", "c"]));
    let picks = bench.calls(1000, &[("a", 30), ("b", 10), ("c", 20)]);
    assert!(share(&picks, "b") >= 990, "{}", share(&picks, "b"));
    // Neglected for 30 s, the others get a call again.
    let picks = bench.calls(5000, &[("a", 30), ("b", 10), ("c", 5)]);
    assert!(share(&picks, "c") > 1000, "{}", share(&picks, "c"));
    assert_eq!(picks.last().map(String::as_str), Some("c"));
}

#[test]
fn rare_calls_are_not_all_spent_on_trials() {
    let kind = router("type=least-impedance", "type=async,alpha=0.5");
    let mut bench = Bench::new(&spec(kind, &["a", "b", "c"]));
    let picks = bench.calls(300, &[("a", 60_000), ("b", 100_000), ("c", 200_000)]);
    assert!(share(&picks, "a") >= 260, "{}", share(&picks, "a"));
}

#[test]
fn the_original_never_leaves_the_first_destination_with_a_small_weight() {
    let kind = router("type=least-impedance", "type=async,alpha=0.95");
    let mut original = spec(kind, &["a", "b", "c"]);
    original.compatibility = Compatibility::Original;
    let picks = Bench::new(&original).calls(100, &IDLE);
    assert_eq!(share(&picks, "a"), 100);
}

#[test]
fn alpha_is_the_share_of_the_old_weight_for_five_seconds() {
    let kind = router("type=least-impedance", "type=async,alpha=0.95");
    let mut bench = Bench::new(&spec(kind, &["a"]));
    bench.calls(1, &[("a", 100)]);
    assert_eq!(bench.weights(), [0.1]);
    bench.calls(1, &[("a", 1000)]);
    assert!((bench.weights()[0] - 0.145).abs() < 1e-6);
    bench.wait(4500);
    bench.calls(1, &[("a", 500)]);
    assert_eq!(bench.weights(), [0.5]);
}

#[test]
fn a_periodic_optimizer_sets_the_statistic_of_each_period() {
    for (stat, weight) in [("mean", 0.2), ("min", 0.1), ("max", 0.3)] {
        let optimizer = format!("type=trivial,period=5,stat={stat}");
        let mut bench = Bench::new(&spec(router("type=random", &optimizer), &["a"]));
        assert_eq!(bench.broker.next_wake(), None);
        bench.wait(12_000);
        for latency in [100, 300, 200] {
            bench.calls(1, &[("a", latency)]);
        }
        assert_eq!(bench.weights(), [1.0]);
        let due = bench.broker.next_wake();
        assert_eq!(due, Some(SimTime::ZERO + SimDuration::from_secs(15)));
        bench.broker.wake(due.unwrap());
        assert_eq!(bench.weights(), [weight]);
        assert_eq!(bench.broker.next_wake(), None);
    }
}

#[test]
fn fixed_weights_decide_alone_if_nothing_is_measured() {
    let kind = router("type=least-impedance", "type=none");
    let mut bench = Bench::new(&spec(kind, &["a", "b"]));
    bench.change("b", 0.5, true).unwrap();
    assert_eq!(share(&bench.calls(50, &IDLE), "b"), 50);
    assert_eq!(bench.weights(), [1.0, 0.5]);
}

#[test]
fn an_acknowledgement_teaches_nothing() {
    let kind = router("type=random", "type=async,alpha=0");
    let mut bench = Bench::new(&spec(kind, &["a"]));
    bench.arrive();
    let (attempt, _) = bench.forward();
    let answer = Answer {
        acknowledgement: true,
        ..Answer::default()
    };
    bench.broker.answered(bench.now, attempt, &answer);
    assert_eq!(bench.weights(), [1.0]);
}

#[test]
fn each_table_learns_from_its_own_calls() {
    let kind = router("type=random", "type=async,alpha=0");
    let mut bench = Bench::new(&spec(kind, &["a"]));
    let header = CallHeader {
        forward: true,
        ..bench.header()
    };
    bench.arrive_with(&header);
    let (attempt, _) = bench.forward();
    bench.wait(10);
    bench.answer(attempt);
    let weight = |table: &table::Table| {
        let key = table.row(FunctionId(0))[0];
        table.entry(key).unwrap().weight
    };
    let weights: Vec<_> = bench.broker.tables().map(weight).collect();
    assert_eq!(weights, [1.0, 0.01]);
}
