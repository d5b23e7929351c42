//! How dispatchers predict and ask.

use super::*;

/// One call, answered after `millis` with the given processing time and load.
fn call(bench: &mut Bench, input: u64, millis: u64, processing: u64, load1: u32) -> String {
    let header = CallHeader {
        input: Bytes(input),
        ..bench.header()
    };
    bench.arrive_with(&header);
    let (attempt, destination) = bench.forward();
    bench.wait(millis);
    let answer = Answer {
        processing: SimDuration::from_millis(processing),
        load1,
        ..Answer::default()
    };
    bench.broker.answered(bench.now, attempt, &answer);
    destination
}

fn prediction(bench: &mut Bench) -> Option<estimator::Prediction> {
    match bench.response().1 {
        Outcome::Answered { prediction, .. } => prediction,
        other => panic!("{other:?}"),
    }
}

#[test]
fn untested_destinations_are_tried_in_the_order_of_their_names() {
    for estimator in ["type=rtt", "type=util", "type=delay"] {
        let mut bench = Bench::new(&spec(dispatcher(estimator), &["c", "a", "b"]));
        assert_eq!(bench.calls(3, &IDLE), ["a", "b", "c"], "{estimator}");
    }
}

#[test]
fn a_destination_on_trial_gets_one_call_until_it_answers() {
    let mut bench = Bench::new(&spec(dispatcher("type=rtt"), &["a", "b"]));
    assert_eq!(bench.calls(1, &[("a", 10)]), ["a"]);
    let mut destinations = Vec::new();
    for _ in 0..5 {
        bench.arrive();
        destinations.push(bench.forward().1);
    }
    assert_eq!(destinations, ["b", "a", "a", "a", "a"]);

    let mut original = spec(dispatcher("type=rtt"), &["a", "b"]);
    original.compatibility = Compatibility::Original;
    let mut bench = Bench::new(&original);
    for _ in 0..5 {
        bench.arrive();
        assert_eq!(bench.forward().1, "a");
    }
}

#[test]
fn the_network_is_a_line_through_the_sizes_seen() {
    let mut bench = Bench::new(&spec(dispatcher("type=rtt"), &["a"]));
    for (input, latency) in [(1000, 120), (3000, 140)] {
        call(&mut bench, input, latency, 100, 0);
        bench.response();
    }
    call(&mut bench, 5000, 1, 0, 0);
    let predicted = prediction(&mut bench).unwrap();
    assert!((predicted.network - 0.06).abs() < 1e-12, "{predicted:?}");
    assert_eq!(predicted.processing, 0.0);
}

#[test]
fn predictions_are_never_negative() {
    let mut bench = Bench::new(&spec(dispatcher("type=util"), &["a"]));
    for (input, latency, load) in [(1000, 120, 90), (3000, 20, 90), (3000, 500, 10)] {
        call(&mut bench, input, latency, latency, load);
        bench.response();
    }
    call(&mut bench, 100_000, 1, 1, 99);
    let predicted = prediction(&mut bench).unwrap();
    assert!(predicted.network >= 0.0 && predicted.processing >= 0.0);
}

#[test]
fn processing_is_a_line_through_the_loads_seen() {
    let mut bench = Bench::new(&spec(dispatcher("type=util"), &["a"]));
    for (processing, load) in [(100, 0), (200, 50)] {
        call(&mut bench, 1000, processing + 10, processing, load);
        bench.response();
    }
    call(&mut bench, 1000, 1, 1, 0);
    let predicted = prediction(&mut bench).unwrap();
    assert!((predicted.processing - 0.2).abs() < 1e-12, "{predicted:?}");
    assert!((predicted.network - 0.01).abs() < 1e-12, "{predicted:?}");
    assert_eq!(predicted.load, 50);
}

#[test]
fn measurements_of_the_network_go_stale_all_at_once() {
    let mut bench = Bench::new(&spec(dispatcher("type=rtt,stale-period=10"), &["a"]));
    for _ in 0..4 {
        call(&mut bench, 1000, 100, 0, 0);
        bench.response();
    }
    bench.wait(20_000);
    call(&mut bench, 1000, 100, 0, 0);
    assert_eq!(prediction(&mut bench), None);
}

#[test]
fn a_load_not_heard_of_for_long_counts_as_idle() {
    let mut bench = Bench::new(&spec(dispatcher("type=delay"), &["a"]));
    for load in [80, 80] {
        call(&mut bench, 1000, 100, 100, load);
        bench.response();
    }
    bench.wait(9_000);
    call(&mut bench, 1000, 100, 100, 80);
    assert_eq!(prediction(&mut bench).unwrap().load, 80);
    bench.wait(10_000);
    call(&mut bench, 1000, 100, 100, 80);
    assert_eq!(prediction(&mut bench).unwrap().load, 0);
}

#[test]
fn the_smallest_prediction_wins() {
    let mut bench = Bench::new(&spec(dispatcher("type=delay"), &["a", "b", "c"]));
    let picks = bench.calls(100, &[("a", 30), ("b", 10), ("c", 20)]);
    assert_eq!(share(&picks, "b"), 98);
}

/// The questions that are asked next.
fn questions(bench: &mut Bench) -> Vec<(ProbeId, String)> {
    let mut questions = Vec::new();
    while let Some(action) = bench.broker.poll() {
        match action {
            Action::Probe {
                probe,
                destination,
                header,
                ..
            } => {
                assert!(header.dry && header.forward && header.hops == 1);
                questions.push((probe, bench.endpoints.name(destination).to_owned()));
            }
            other => panic!("{other:?}"),
        }
    }
    questions
}

fn reply(bench: &mut Bench, probe: ProbeId, millis: u64) {
    let reply = ProbeReply::Answered(SimDuration::from_millis(millis).into());
    bench.broker.probe_replied(bench.now, probe, reply);
}

#[test]
fn all_destinations_are_asked_and_the_best_answer_wins() {
    let mut bench = Bench::new(&spec(dispatcher("type=probe"), &["c", "b", "a"]));
    bench.arrive();
    let asked = questions(&mut bench);
    let names: Vec<_> = asked.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    reply(&mut bench, asked[2].0, 5);
    reply(&mut bench, asked[1].0, 5);
    assert_eq!(bench.broker.poll(), None);
    reply(&mut bench, asked[0].0, 9);
    let (attempt, destination) = bench.forward();
    assert_eq!(destination, "b");
    bench.answer(attempt);
    assert_eq!(prediction(&mut bench).unwrap().processing, 0.005);
    // Late replies change nothing.
    reply(&mut bench, asked[0].0, 1);
    assert_eq!(bench.broker.poll(), None);
}

#[test]
fn the_dead_are_removed_and_the_silent_skipped_when_asked() {
    let mut bench = Bench::new(&spec(dispatcher("type=probe"), &["a", "b", "c", "d"]));
    bench.arrive();
    let asked = questions(&mut bench);
    let replies = [
        ProbeReply::Failed(Failure::Transport),
        ProbeReply::Failed(Failure::Application),
        ProbeReply::TimedOut,
        ProbeReply::Answered(SimDuration::from_millis(50).into()),
    ];
    for (&(probe, _), reply) in asked.iter().zip(replies) {
        bench.broker.probe_replied(bench.now, probe, reply);
    }
    let report = bench.broker.poll();
    assert!(matches!(report, Some(Action::ReportFailure { .. })));
    assert_eq!(bench.forward().1, "d");
    assert_eq!(bench.sizes(), [3]);
}

#[test]
fn if_nobody_replies_the_caller_is_told() {
    let mut bench = Bench::new(&spec(dispatcher("type=probe"), &["a"]));
    bench.arrive();
    let asked = questions(&mut bench);
    bench
        .broker
        .probe_replied(bench.now, asked[0].0, ProbeReply::TimedOut);
    let outcome = bench.response().1;
    assert!(matches!(
        outcome,
        Outcome::Rejected(Rejection::AllFailed { .. })
    ));
}

#[test]
fn questions_beyond_the_limit_wait_and_pointless_ones_are_not_asked() {
    let kind = dispatcher("type=probe,max-clients=1");
    let mut bench = Bench::new(&spec(kind, &["a"]));
    let tickets: Vec<_> = (0..3).map(|_| bench.arrive()).collect();
    let first = questions(&mut bench);
    assert_eq!(first.len(), 1);
    bench.broker.cancel(bench.now, tickets[1]);
    reply(&mut bench, first[0].0, 1);
    assert_eq!(bench.forward().1, "a");
    let third = questions(&mut bench);
    assert_eq!(third.len(), 1);
    // The only destination goes while it is asked.
    bench.remove("a");
    reply(&mut bench, third[0].0, 1);
    let outcome = bench.response();
    assert_eq!(outcome, (3, Outcome::Rejected(Rejection::NoDestination)));
}
