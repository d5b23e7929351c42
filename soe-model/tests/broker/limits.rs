//! Limits, waiting, forwarding time and cancellation.

use super::*;

fn computer_a() -> BrokerSpec {
    spec(router("type=random", "type=async,alpha=0"), &["a"])
}

#[test]
fn calls_beyond_the_limit_wait_in_order_of_arrival() {
    let mut limited = computer_a();
    limited.limits.calls_in_progress = Some(2);
    let mut bench = Bench::new(&limited);
    for _ in 0..4 {
        bench.arrive();
    }
    let (first, second) = (bench.forward().0, bench.forward().0);
    assert_eq!(bench.broker.poll(), None);
    let broker = &bench.broker;
    assert_eq!((broker.calls_in_progress(), broker.calls_queued()), (2, 2));
    for (attempt, call, next) in [(second, 2, 3), (first, 1, 4)] {
        bench.answer(attempt);
        assert_eq!(bench.response().0, call);
        let forward = bench.broker.poll();
        assert!(matches!(forward, Some(Action::Forward { call, .. }) if call.0 == next));
    }
}

#[test]
fn pending_calls_wait_for_their_turn_and_the_wait_counts_as_latency() {
    let mut limited = computer_a();
    limited.limits.pending_per_destination = Some(1);
    let mut bench = Bench::new(&limited);
    for _ in 0..3 {
        bench.arrive();
    }
    let (first, _) = bench.forward();
    assert_eq!(bench.broker.poll(), None);
    assert_eq!(bench.broker.pending(EndpointId(0)), (1, 2));
    bench.wait(10);
    bench.answer(first);
    bench.response();
    let (second, _) = bench.forward();
    bench.wait(10);
    bench.answer(second);
    let (_, Outcome::Answered { latency, .. }) = bench.response() else {
        panic!("it was answered");
    };
    assert_eq!(latency, SimDuration::from_millis(20));
    assert_eq!(bench.weights(), [0.02]);
    // A failure gives the place back, too.
    let (third, _) = bench.forward();
    bench.fail(third, Failure::Transport);
    assert_eq!(bench.broker.pending(EndpointId(0)), (0, 0));
}

#[test]
fn calls_that_wait_for_a_destination_choose_again_when_it_goes() {
    let mut limited = spec(router("type=round-robin", "type=none"), &["a", "b"]);
    limited.limits.pending_per_destination = Some(1);
    let mut bench = Bench::new(&limited);
    for _ in 0..4 {
        bench.arrive();
    }
    let (on_a, destination) = bench.forward();
    assert_eq!(destination, "a");
    let (on_b, _) = bench.forward();
    assert_eq!(bench.broker.poll(), None);
    bench.fail(on_a, Failure::Transport);
    bench.broker.poll();
    assert_eq!(bench.broker.poll(), None);
    assert_eq!(bench.broker.pending(EndpointId(1)), (1, 3));
    bench.answer(on_b);
    assert_eq!(bench.response().0, 2);
    for _ in 0..3 {
        let (attempt, destination) = bench.forward();
        assert_eq!(destination, "b");
        bench.answer(attempt);
        bench.response();
    }
    assert_eq!(bench.broker.calls_in_progress(), 0);
}

#[test]
fn forwarding_takes_the_time_it_is_given() {
    let mut slow = computer_a();
    slow.forwarding_time = ForwardingTime {
        min: SimDuration::from_millis(2),
        max: SimDuration::from_millis(4),
    };
    let mut bench = Bench::new(&slow);
    let mut sum = 0.0;
    for _ in 0..1000 {
        bench.arrive();
        let Some(Action::Forward { attempt, after, .. }) = bench.broker.poll() else {
            panic!("it is forwarded");
        };
        assert!(after >= slow.forwarding_time.min && after <= slow.forwarding_time.max);
        sum += after.as_millis_f64();
        bench.now += after;
        bench.wait(10);
        bench.answer(attempt);
        bench.response();
        // The forwarding time is no part of the latency of the destination.
        assert_eq!(bench.weights(), [0.01]);
    }
    // Standard deviation of the mean: 0.018.
    assert!((sum / 1000.0 - 3.0).abs() < 0.09);
}

#[test]
fn with_a_limit_the_forwarding_time_passes_before_the_turn_is_taken() {
    let mut slow = computer_a();
    slow.forwarding_time.min = SimDuration::from_millis(5);
    slow.limits.pending_per_destination = Some(1);
    let mut bench = Bench::new(&slow);
    bench.arrive();
    bench.wait(1);
    bench.arrive();
    assert_eq!(bench.broker.poll(), None);
    let due = bench.broker.next_wake().unwrap();
    assert_eq!(due, SimTime::ZERO + SimDuration::from_millis(5));
    bench.broker.wake(due);
    assert_eq!(bench.broker.pending(EndpointId(0)), (1, 0));
    let (first, _) = bench.forward();
    bench.now = bench.broker.next_wake().unwrap();
    bench.broker.wake(bench.now);
    assert_eq!(bench.broker.pending(EndpointId(0)), (1, 1));
    bench.wait(10);
    bench.answer(first);
    bench.response();
    bench.forward();
    assert_eq!(bench.broker.next_wake(), None);
}

#[test]
fn cancelled_calls_get_no_response_and_give_their_place_away() {
    let mut limited = computer_a();
    limited.limits = Limits {
        calls_in_progress: Some(2),
        pending_per_destination: Some(1),
    };
    let mut bench = Bench::new(&limited);
    let tickets: Vec<_> = (0..4).map(|_| bench.arrive()).collect();
    let (sent, _) = bench.forward();
    // The second waits for its turn, the last for admission, the first is sent.
    for ticket in [tickets[1], tickets[3], tickets[0]] {
        bench.broker.cancel(bench.now, ticket);
    }
    let forward = bench.broker.poll();
    assert!(matches!(forward, Some(Action::Forward { call, .. }) if call.0 == 3));
    bench.answer(sent);
    bench.broker.cancel(bench.now, tickets[0]);
    assert_eq!(bench.broker.poll(), None);
    assert_eq!(bench.broker.calls_in_progress(), 1);
    assert_eq!(bench.broker.pending(EndpointId(0)), (1, 0));
}
