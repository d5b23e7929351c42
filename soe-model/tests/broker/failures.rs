//! What is held against a destination, and what reaches the caller.

use super::*;

fn both_kinds() -> [BrokerKind; 2] {
    [
        router("type=round-robin", "type=async,alpha=0"),
        dispatcher("type=rtt"),
    ]
}

#[test]
fn an_error_that_a_destination_answers_reaches_the_caller_and_condemns_nobody() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.arrive();
        let (attempt, _) = bench.forward();
        bench.fail(attempt, Failure::Application);
        assert!(matches!(bench.response(), (1, Outcome::Refused { .. })));
        assert_eq!(bench.broker.poll(), None);
        assert!(bench.sizes().into_iter().all(|size| size == 2));
    }
}

#[test]
fn a_destination_that_refuses_at_once_does_not_attract_all_calls() {
    for kind in [
        router("type=least-impedance", "type=async,alpha=0"),
        dispatcher("type=rtt"),
    ] {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        let mut refused = 0;
        for _ in 0..100 {
            bench.arrive();
            let (attempt, destination) = bench.forward();
            bench.wait(10);
            if destination == "a" {
                refused += 1;
                bench.fail(attempt, Failure::Application);
            } else {
                bench.answer(attempt);
            }
            bench.response();
        }
        assert_eq!(refused, 1);
    }
}

#[test]
fn the_original_condemns_every_destination_for_a_poisonous_call() {
    let mut original = spec(router("type=random", "type=none"), &["a", "b"]);
    original.compatibility = Compatibility::Original;
    let mut bench = Bench::new(&original);
    bench.arrive();
    for _ in 0..2 {
        let (attempt, _) = bench.forward();
        bench.fail(attempt, Failure::Application);
        let report = bench.broker.poll();
        assert!(matches!(report, Some(Action::ReportFailure { .. })));
    }
    let rejected = Outcome::Rejected(Rejection::NoDestination);
    assert_eq!(bench.response(), (1, rejected));
    assert_eq!(bench.sizes(), [0, 0]);
}

#[test]
fn a_destination_that_cannot_be_reached_is_removed_reported_and_replaced() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.arrive();
        let (attempt, destination) = bench.forward();
        assert_eq!((attempt.number(), destination.as_str()), (1, "a"));
        bench.fail(attempt, Failure::Transport);
        let destination = bench.endpoints.intern("a");
        let report = Action::ReportFailure { destination };
        assert_eq!(bench.broker.poll(), Some(report));
        assert!(bench.sizes().into_iter().all(|size| size == 1));
        let (attempt, destination) = bench.forward();
        assert_eq!((attempt.number(), destination.as_str()), (2, "b"));
        bench.fail(attempt, Failure::Transport);
        bench.broker.poll();
        let last = bench.endpoints.intern("b");
        let rejected = Outcome::Rejected(Rejection::AllFailed { last });
        assert_eq!(bench.response(), (1, rejected));
        bench.arrive();
        let rejected = Outcome::Rejected(Rejection::NoDestination);
        assert_eq!(bench.response(), (2, rejected));
    }
}

#[test]
fn a_busy_destination_stays_and_the_caller_gets_its_answer() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.arrive();
        let (attempt, destination) = bench.forward();
        bench.fail(attempt, Failure::Busy);
        let destination = bench.endpoints.intern(&destination);
        assert_eq!(bench.response(), (1, Outcome::Refused { destination }));
        assert!(bench.sizes().into_iter().all(|size| size == 2));
        assert_eq!(bench.broker.poll(), None);
    }
}

#[test]
fn a_lost_call_goes_elsewhere_once_and_its_destination_stays() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.arrive();
        let (first, one) = bench.forward();
        bench.fail(first, Failure::Lost);
        let (second, other) = bench.forward();
        assert_ne!(one, other);
        bench.fail(second, Failure::Lost);
        let last = bench.endpoints.intern(&other);
        let rejected = Outcome::Rejected(Rejection::AllFailed { last });
        assert_eq!(bench.response(), (1, rejected));
        assert!(bench.sizes().into_iter().all(|size| size == 2));
    }
}

#[test]
fn a_destination_that_came_back_does_not_get_the_same_call_again() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a"]));
        let dry = CallHeader {
            dry: true,
            ..bench.header()
        };
        for header in [bench.header(), dry] {
            bench.arrive_with(&header);
            let (attempt, _) = bench.forward();
            bench.remove("a");
            bench.change("a", 1.0, true).unwrap();
            bench.fail(attempt, Failure::Transport);
            assert!(matches!(bench.response().1, Outcome::Rejected(_)));
        }
    }
}

#[test]
fn failover_decides_which_calls_may_go_elsewhere() {
    use Failure::{Application, Busy, Lost, Transport, Unreachable};
    let all = [Application, Busy, Lost, Transport, Unreachable];
    for (failover, dry, elsewhere) in [
        (Failover::Never, false, &[][..]),
        (Failover::Never, true, &[]),
        (Failover::Idempotent, false, &[Unreachable]),
        (Failover::Idempotent, true, &[Lost, Transport, Unreachable]),
        (Failover::Always, false, &[Lost, Transport, Unreachable]),
    ] {
        for kind in both_kinds() {
            for failure in all {
                let mut spec = spec(kind.clone(), &["a", "b"]);
                spec.failover = failover;
                spec.controller = None;
                let mut bench = Bench::new(&spec);
                let header = CallHeader {
                    dry,
                    ..bench.header()
                };
                bench.arrive_with(&header);
                let (attempt, _) = bench.forward();
                bench.fail(attempt, failure);
                let again = matches!(bench.broker.poll(), Some(Action::Forward { .. }));
                assert_eq!(
                    again,
                    elsewhere.contains(&failure),
                    "{failover:?} {failure:?}"
                );
                let left = match failure {
                    Transport | Unreachable => 1,
                    _ => 2,
                };
                assert!(bench.sizes().into_iter().all(|size| size == left));
            }
        }
    }
}

#[test]
fn a_success_counts_although_the_destination_was_removed_meanwhile() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.arrive();
        let (attempt, destination) = bench.forward();
        bench.remove(&destination);
        bench.change(&destination, 7.0, true).unwrap();
        bench.wait(10);
        bench.answer(attempt);
        assert!(matches!(bench.response(), (1, Outcome::Answered { .. })));
        assert_eq!(bench.broker.poll(), None);
        // The one that came back is another entry: nothing was measured of it.
        assert!(bench.weights().iter().all(|weight| *weight >= 1.0));
        // Nor is it removed for a failure of its predecessor.
        bench.arrive();
        let (attempt, destination) = bench.forward();
        bench.remove(&destination);
        bench.change(&destination, 7.0, true).unwrap();
        bench.fail(attempt, Failure::Transport);
        assert!(bench.sizes().into_iter().all(|size| size == 2));
    }
}

#[test]
fn late_and_repeated_answers_are_ignored() {
    for kind in both_kinds() {
        let mut bench = Bench::new(&spec(kind, &["a", "b"]));
        bench.arrive();
        let (first, _) = bench.forward();
        bench.fail(first, Failure::Transport);
        bench.broker.poll();
        let (second, _) = bench.forward();
        bench.answer(first);
        assert_eq!(bench.broker.poll(), None);
        bench.answer(second);
        bench.response();
        bench.answer(second);
        bench.fail(second, Failure::Transport);
        assert_eq!(bench.broker.poll(), None);
        assert!(bench.sizes().into_iter().all(|size| size == 1));
    }
}
