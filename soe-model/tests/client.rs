//! What a client promises, checked through its public interface.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;
use sim_core::{SimDuration, SimTime, Stream, Streams};
use soe_model::catalogue::{Timetable, Value};
use soe_model::client::arrival::ARRIVALS;
use soe_model::client::size::SIZES;
use soe_model::client::{Call, Client, ClientSpec, Generator, Protocol, Verdict};
use soe_model::units::Bytes;

type Arguments<'a> = &'a [(&'a str, Value)];

fn given(arguments: Arguments) -> Vec<(String, Value)> {
    let owned = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
    arguments.iter().map(owned).collect()
}

fn spec(arrivals: &str, arguments: Arguments) -> ClientSpec {
    ClientSpec {
        name: "client".into(),
        node: "node".into(),
        function: "clambda0".into(),
        destinations: vec!["a".into()],
        context: None,
        persistence: 0.0,
        arrivals: ARRIVALS.configure(arrivals, given(arguments)).unwrap(),
        sizes: SIZES.configure("fixed", Vec::new()).unwrap(),
        start: SimTime::ZERO,
        stop: None,
        max_calls: None,
        generator: Generator::Named,
        protocol: Protocol::Grpc,
    }
}

fn client(spec: &ClientSpec) -> Client {
    Client::new(spec, &Streams::new(0, 0)).unwrap()
}

fn millis(millis: u64) -> Value {
    Value::Duration(SimDuration::from_millis(millis))
}

fn at(millis: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(millis)
}

/// Lets a client with one destination issue up to `count` calls, each of which is
/// answered after `latency`; returns when each was issued.
fn run(client: &mut Client, count: usize, latency: SimDuration) -> Vec<(SimTime, Call)> {
    let mut issued = Vec::new();
    let mut answers = std::collections::VecDeque::new();
    while issued.len() < count {
        let wake = client.next_wake();
        let answer = answers.front().map(|&(at, _)| at);
        let now = match (wake, answer) {
            (Some(wake), Some(answer)) => wake.min(answer),
            (Some(time), None) | (None, Some(time)) => time,
            (None, None) => break,
        };
        if answer == Some(now) {
            let (_, call) = answers.pop_front().unwrap();
            assert_eq!(client.answered(now, call, 0, true), Verdict::Won);
        } else if let Some(call) = client.wake(now) {
            issued.push((now, call));
            answers.push_back((now + latency, call.number));
        }
    }
    issued
}

fn times(issued: &[(SimTime, Call)]) -> Vec<f64> {
    issued.iter().map(|(at, _)| at.as_secs_f64()).collect()
}

fn intervals(issued: &[(SimTime, Call)]) -> Vec<f64> {
    times(issued)
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .collect()
}

fn mean_and_variation(numbers: &[f64]) -> (f64, f64) {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares = numbers.iter().map(|x| (x - mean) * (x - mean));
    let deviation = (squares.sum::<f64>() / numbers.len() as f64).sqrt();
    (mean, deviation / mean)
}

#[track_caller]
fn assert_close(observed: f64, expected: f64, tolerance: f64) {
    let difference = (observed - expected).abs();
    assert!(
        difference <= tolerance,
        "{observed} is not {expected} +- {tolerance}"
    );
}

#[test]
fn a_closed_loop_keeps_an_ideal_schedule_and_catches_up() {
    let mut client = client(&spec("closed-loop", &[("interval", millis(100))]));
    assert_eq!(client.wake(at(0)), None);
    let mut expect = |wake, latency| {
        assert_eq!(client.next_wake(), Some(at(wake)));
        let now = at(wake);
        let call = client.wake(now).unwrap();
        assert_eq!(client.next_wake(), None, "one at a time");
        let answered = now + SimDuration::from_millis(latency);
        assert_eq!(
            client.answered(answered, call.number, 0, true),
            Verdict::Won
        );
        client.next_wake().unwrap()
    };
    assert_eq!(expect(100, 10), at(200));
    assert_eq!(expect(200, 150), at(350));
    // Due at 300 and late; the next is due at 400 as planned.
    let mut client_at = |now: SimTime| {
        let call = client.wake(now).unwrap();
        assert_eq!(client.answered(now, call.number, 0, true), Verdict::Won);
        (call.due, client.next_wake())
    };
    assert_eq!(client_at(at(350)), (at(300), Some(at(400))));
    assert_eq!(client_at(at(400)), (at(400), Some(at(500))));
}

#[test]
fn a_closed_loop_without_interval_sends_when_the_answer_came() {
    let mut client = client(&spec("closed-loop", &[]));
    let issued = run(&mut client, 5, SimDuration::from_millis(30));
    assert_eq!(times(&issued), [0.0, 0.03, 0.06, 0.09, 0.12]);
}

#[test]
fn closed_loop_intervals_have_the_stated_distribution() {
    for (distribution, variation) in [("uniform", 1.0 / 3f64.sqrt()), ("exponential", 1.0)] {
        let arguments = [
            ("interval", millis(100)),
            ("distribution", Value::Word(distribution)),
        ];
        let mut client = client(&spec("closed-loop", &arguments));
        let issued = run(&mut client, 50_000, SimDuration::ZERO);
        let (mean, observed) = mean_and_variation(&intervals(&issued));
        assert_close(mean, 0.1, 0.002);
        assert_close(observed, variation, 0.02);
    }
}

#[test]
fn a_poisson_process_has_independent_exponential_intervals() {
    let arguments = [("rate", Value::Number(20.0))];
    let mut client = client(&spec("poisson", &arguments));
    let gaps = intervals(&run(&mut client, 100_000, SimDuration::ZERO));
    let (mean, variation) = mean_and_variation(&gaps);
    assert_close(mean, 0.05, 0.0005);
    assert_close(variation, 1.0, 0.02);
    let products = gaps
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean));
    let covariance = products.sum::<f64>() / gaps.len() as f64;
    assert_close(covariance / (mean * mean), 0.0, 0.02);
}

#[test]
fn open_processes_do_not_wait_for_answers() {
    for (kind, arguments) in [
        ("poisson", [("interval", millis(10))]),
        ("periodic", [("interval", millis(10))]),
    ] {
        let spec = spec(kind, &arguments);
        let quick = run(&mut client(&spec), 100, SimDuration::ZERO);
        let slow = run(&mut client(&spec), 100, SimDuration::from_secs(1000));
        assert_eq!(quick, slow, "{kind}");
    }
}

#[test]
fn periodic_calls_start_where_the_phase_says() {
    let first_two = |phase| {
        let arguments = [("interval", millis(10)), ("phase", Value::Word(phase))];
        let issued = run(
            &mut client(&spec("periodic", &arguments)),
            2,
            SimDuration::ZERO,
        );
        (issued[0].0, issued[1].0 - issued[0].0)
    };
    let interval = SimDuration::from_millis(10);
    assert_eq!(first_two("interval"), (at(10), interval));
    assert_eq!(first_two("zero"), (at(0), interval));
    let (first, between) = first_two("random");
    assert!(first < at(10));
    assert_eq!(between, interval);
}

#[test]
fn on_off_clients_have_the_duty_cycle_of_their_phases() {
    // Gaps g, exponential active phases of mean m: an active phase has
    // 1 / (1 - exp(-g/m)) calls on average and ends with the last of them.
    let gap = 0.01;
    let arguments = [
        ("on-mean", millis(300)),
        ("off-mean", millis(700)),
        ("min-gap", millis(10)),
        ("max-gap", millis(10)),
    ];
    let mut client = client(&spec("ipp", &arguments));
    let issued = run(&mut client, 400_000, SimDuration::ZERO);
    let calls = 1.0 / (1.0 - libm::exp(-gap / 0.3));
    let active = (calls - 1.0) * gap;
    let rate = issued.len() as f64 / issued.last().unwrap().0.as_secs_f64();
    let expected = calls / (active + 0.7);
    assert_close(rate / expected, 1.0, 0.02);
    // With dense calls the duty cycle is that of the phases.
    assert_close(rate * gap, 0.3, 0.01);
}

#[test]
fn bursts_have_the_stated_size_and_distance() {
    let arguments = [
        ("period-mean", millis(5000)),
        ("size-mean", Value::Number(5.0)),
        ("max-gap", millis(1)),
    ];
    let mut client = client(&spec("burst", &arguments));
    let issued = run(&mut client, 200_000, SimDuration::ZERO);
    let rate = issued.len() as f64 / issued.last().unwrap().0.as_secs_f64();
    assert_close(rate, 1.0, 0.02);
    let within = intervals(&issued)
        .iter()
        .filter(|&&gap| gap <= 0.001)
        .count();
    // A burst that has any calls has 5 / (1 - exp(-5)) of them.
    let calls = 5.0 / (1.0 - libm::exp(-5.0));
    let share = within as f64 / issued.len() as f64;
    assert_close(share, 1.0 - 1.0 / calls, 0.01);
}

#[test]
fn a_trace_is_played_on_time_from_the_start_of_the_client() {
    let timetable = Timetable::parse("trace", "0.5 f e 7\n0.5 f e 8\n2 f e 9").unwrap();
    let arguments = [("file", Value::Timetable(Arc::new(timetable)))];
    let mut spec = spec("trace", &arguments);
    spec.start = at(1000);
    let mut client = client(&spec);
    let issued = run(&mut client, 10, SimDuration::from_secs(100));
    let issued: Vec<_> = issued.iter().map(|(at, call)| (*at, call.size.0)).collect();
    assert_eq!(issued, [(at(1500), 7), (at(1500), 8), (at(3000), 9)]);
}

#[test]
fn the_original_sequences_are_available() {
    let arguments = [
        ("interval", millis(1000)),
        ("distribution", Value::Word("exponential")),
    ];
    let sizes = [
        ("min", Value::Bytes(Bytes(100))),
        ("max", Value::Bytes(Bytes(500))),
    ];
    let mut spec = spec("closed-loop", &arguments);
    spec.sizes = SIZES.configure("uniform", given(&sizes)).unwrap();
    spec.generator = Generator::Original { index: 0 };
    let issued = run(&mut client(&spec), 6, SimDuration::ZERO);
    let sizes: Vec<_> = issued.iter().map(|(_, call)| call.size.0).collect();
    assert_eq!(sizes, [433, 425, 331, 333, 192, 437]);
    assert_close(times(&issued)[0], 0.719_484_080_569_626, 1e-9);
    assert_close(intervals(&issued)[0], 3.911_141_590_484_555, 1e-9);
    // Index and seed select the sequence; replications use the following seeds.
    spec.generator = Generator::Original { index: 3 };
    let seeded = |seed, replication| {
        let mut client = Client::new(&spec, &Streams::new(seed, replication)).unwrap();
        run(&mut client, 20, SimDuration::ZERO)
    };
    assert_eq!(seeded(42, 1), seeded(43, 0));
    assert_ne!(seeded(42, 1), seeded(42, 0));
}

#[test]
fn lists_of_sizes_repeat_the_original_choice() {
    let sizes = [10, 20, 30].map(Bytes);
    let arguments = [("sizes", Value::ByteList(sizes.into()))];
    let mut spec = spec("closed-loop", &[]);
    spec.sizes = SIZES.configure("list", given(&arguments)).unwrap();
    spec.generator = Generator::Original { index: 0 };
    let issued = run(&mut client(&spec), 50, SimDuration::ZERO);
    let mut stream = Stream::original(0, 0, 0);
    for (_, call) in issued {
        assert_eq!(call.size, sizes[stream.integer(0..=2) as usize]);
    }
}

#[test]
fn another_size_distribution_leaves_the_arrivals_as_they_were() {
    let mut spec = spec("poisson", &[("interval", millis(10))]);
    let fixed = times(&run(&mut client(&spec), 100, SimDuration::ZERO));
    let mean = [("mean", Value::Bytes(Bytes(1000)))];
    spec.sizes = SIZES.configure("exponential", given(&mean)).unwrap();
    spec.destinations.push("b".into());
    spec.persistence = 0.5;
    let mut client = client(&spec);
    let issued = std::iter::from_fn(|| {
        let now = client.next_wake()?;
        Some(client.wake(now).map(|_| now.as_secs_f64()))
    });
    let drawn: Vec<_> = issued.flatten().take(100).collect();
    assert_eq!(drawn, fixed);
}

#[test]
fn sizes_have_the_stated_mean_and_variation() {
    let bytes = |bytes| Value::Bytes(Bytes(bytes));
    let cases: [(&str, Arguments, f64, f64); 7] = [
        ("fixed", &[("size", bytes(5000))], 5000.0, 0.0),
        (
            "uniform",
            &[("min", bytes(0)), ("max", bytes(10_000))],
            5000.0,
            1.0 / 3f64.sqrt(),
        ),
        (
            "list",
            &[("sizes", Value::ByteList([1000, 9000].map(Bytes).into()))],
            5000.0,
            0.8,
        ),
        ("exponential", &[("mean", bytes(5000))], 5000.0, 1.0),
        (
            "lognormal",
            &[("mean", bytes(5000)), ("variation", Value::Number(0.5))],
            5000.0,
            0.5,
        ),
        (
            "bimodal",
            &[("small", bytes(1000)), ("large", bytes(11_000))],
            2000.0,
            1.5,
        ),
        (
            "bimodal",
            &[
                ("small", bytes(1000)),
                ("large", bytes(11_000)),
                ("phases", Value::Word("exponential")),
            ],
            2000.0,
            5.5f64.sqrt(),
        ),
    ];
    for (kind, arguments, mean, variation) in cases {
        let configured = SIZES.configure(kind, given(arguments)).unwrap();
        let sizes = (configured.kind.build)(&configured.arguments).unwrap();
        let mut stream = Streams::new(1, 0).stream("client", "sizes");
        let draws: Vec<_> = (0..200_000)
            .map(|_| sizes.draw(&mut stream).0 as f64)
            .collect();
        let observed = mean_and_variation(&draws);
        assert_close(observed.0 / mean, 1.0, 0.02);
        assert_close(observed.1, variation, 0.03);
    }
}

#[test]
fn bounded_pareto_sizes_have_the_stated_mean_and_stay_within_bounds() {
    let (min, max, shape) = (100.0, 1e6, 1.5);
    let arguments = [
        ("min", Value::Bytes(Bytes(100))),
        ("max", Value::Bytes(Bytes(1_000_000))),
        ("shape", Value::Number(shape)),
    ];
    let configured = SIZES.configure("pareto", given(&arguments)).unwrap();
    let sizes = (configured.kind.build)(&configured.arguments).unwrap();
    let mut stream = Streams::new(1, 0).stream("client", "sizes");
    let draws: Vec<_> = (0..500_000)
        .map(|_| sizes.draw(&mut stream).0 as f64)
        .collect();
    assert!(draws.iter().all(|draw| (min..=max).contains(draw)));
    let powers = |exponent: f64| libm::pow(min, exponent) - libm::pow(max, exponent);
    let mean = shape / (shape - 1.0) * powers(1.0 - shape) / powers(-shape);
    assert_close(mean_and_variation(&draws).0 / mean, 1.0, 0.05);
}

#[test]
fn arguments_that_contradict_each_other_are_refused() {
    let bytes = |bytes| Value::Bytes(Bytes(bytes));
    let arrivals = |kind, arguments| {
        let spec = spec(kind, arguments);
        Client::new(&spec, &Streams::new(0, 0))
            .unwrap_err()
            .to_string()
    };
    let sizes = |kind, arguments| {
        let mut spec = spec("closed-loop", &[]);
        spec.sizes = SIZES.configure(kind, given(arguments)).unwrap();
        Client::new(&spec, &Streams::new(0, 0))
            .unwrap_err()
            .to_string()
    };
    let rate = ("rate", Value::Number(1.0));
    for (message, expected) in [
        (
            arrivals("poisson", &[]),
            "`poisson` needs `rate` or `interval`, more than 0",
        ),
        (
            arrivals("periodic", &[rate, ("interval", millis(1))]),
            "`periodic` has both `rate` and `interval`, give one of them",
        ),
        (
            arrivals("ipp", &[("min-gap", millis(200))]),
            "`ipp` has gaps from 200 ms to 100 ms: the maximum must be more than 0 and at least \
             the minimum",
        ),
        (
            arrivals("ipp", &[("on-mean", millis(0))]),
            "`ipp` has active phases of length 0, `on-mean` must be more than 0",
        ),
        (
            sizes("uniform", &[("min", bytes(600))]),
            "`uniform` has `min` = 600 B above `max` = 500 B",
        ),
        (
            sizes("pareto", &[("min", bytes(0)), ("max", bytes(1))]),
            "`pareto` has sizes from 0 B to 1 B: needs 0 B < `min` <= `max`",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn clients_stop_after_their_last_call_or_at_their_time() {
    let mut limited = spec("periodic", &[("interval", millis(10))]);
    limited.max_calls = Some(3);
    assert_eq!(run(&mut client(&limited), 10, SimDuration::ZERO).len(), 3);
    let mut timed = spec("periodic", &[("interval", millis(10))]);
    timed.start = at(100);
    timed.stop = Some(at(130));
    let issued = run(&mut client(&timed), 10, SimDuration::ZERO);
    assert_eq!(times(&issued), [0.11, 0.12]);
}

#[test]
fn clients_can_be_stopped_and_started_while_running() {
    let mut client = client(&spec("periodic", &[("interval", millis(10))]));
    run(&mut client, 2, SimDuration::ZERO);
    client.stop();
    assert_eq!(client.next_wake(), None);
    client.start(at(1000));
    assert_eq!(client.next_wake(), Some(at(1010)));
    assert_eq!(client.wake(at(1010)).map(|call| call.number), Some(2));
}

/// A closed-loop client without pauses and with three destinations.
fn uncoordinated(persistence: f64) -> Client {
    let mut spec = spec("closed-loop", &[]);
    spec.destinations = ["a", "b", "c"].map(String::from).to_vec();
    spec.persistence = persistence;
    let mut client = client(&spec);
    assert_eq!(client.wake(at(0)).map(|call| call.number), Some(0));
    client
}

#[test]
fn without_persistence_only_the_preferred_destination_is_called() {
    let mut client = uncoordinated(0.0);
    assert_eq!(client.targets(), [0]);
    assert_eq!(client.answered(at(1), 0, 0, false), Verdict::Failed);
    assert_eq!(client.wake(at(1)).map(|call| call.number), Some(1));
    assert_eq!(client.targets(), [0], "a failure changes no preference");
}

#[test]
fn the_first_good_answer_wins_and_its_sender_becomes_preferred() {
    let mut client = uncoordinated(1.0);
    assert_eq!(client.targets(), [0, 1, 2]);
    assert_eq!(client.answered(at(1), 0, 1, false), Verdict::Pending);
    assert_eq!(client.answered(at(2), 0, 2, true), Verdict::Won);
    assert_eq!(client.next_wake(), None, "a slower answer is missing");
    assert_eq!(client.wake(at(2)), None);
    assert_eq!(client.answered(at(3), 0, 0, true), Verdict::Late);
    assert_eq!(client.next_wake(), Some(at(3)));
    assert_eq!(client.wake(at(3)).map(|call| call.number), Some(1));
    assert_eq!(client.targets(), [2, 0, 1]);
    assert_eq!(client.answered(at(3), 0, 0, true), Verdict::Unknown);
}

#[test]
fn a_call_fails_when_no_destination_gave_a_good_answer() {
    let mut client = uncoordinated(1.0);
    assert_eq!(client.answered(at(1), 0, 0, false), Verdict::Pending);
    assert_eq!(client.answered(at(2), 0, 2, false), Verdict::Pending);
    assert_eq!(client.answered(at(3), 0, 1, false), Verdict::Failed);
    assert_eq!(client.preferred(), 0);
    assert_eq!(client.next_wake(), Some(at(3)), "the next call may leave");
}

#[test]
fn open_clients_keep_many_calls_to_several_destinations_apart() {
    let mut spec = spec("periodic", &[("interval", millis(10))]);
    spec.destinations.push("b".into());
    spec.persistence = 1.0;
    let mut client = client(&spec);
    assert_eq!(client.wake(at(0)), None);
    for number in 1..=3 {
        assert!(client.wake(at(number * 10)).is_some());
        assert_eq!(client.targets(), [0, 1]);
    }
    assert_eq!(client.answered(at(31), 1, 1, true), Verdict::Won);
    assert_eq!(client.answered(at(32), 0, 1, false), Verdict::Pending);
    assert_eq!(client.answered(at(33), 1, 0, true), Verdict::Late);
    assert_eq!(client.answered(at(33), 1, 0, true), Verdict::Unknown);
    assert_eq!(client.answered(at(34), 0, 0, false), Verdict::Failed);
    assert_eq!(client.answered(at(35), 2, 1, true), Verdict::Won);
    assert_eq!(client.answered(at(36), 3, 1, true), Verdict::Unknown);
    assert_eq!(client.next_wake(), Some(at(40)));
    assert!(client.wake(at(40)).is_some());
    assert_eq!(client.targets(), [1, 0]);
}

#[test]
fn each_other_destination_is_probed_with_the_stated_probability() {
    let mut client = uncoordinated(0.3);
    let mut probes = [0u32; 3];
    for call in 0..20_000u64 {
        let targets = client.targets().to_vec();
        for &target in &targets[1..] {
            probes[target as usize] += 1;
        }
        for target in targets {
            // Only the preferred destination answers well and stays preferred.
            client.answered(at(call), call, target, target == 0);
        }
        client.wake(at(call));
    }
    assert_eq!(probes[0], 0);
    assert_close(f64::from(probes[1]) / 20_000.0, 0.3, 0.01);
    assert_close(f64::from(probes[2]) / 20_000.0, 0.3, 0.01);
}

proptest! {
    #[test]
    fn closed_processes_never_have_two_calls_outstanding(
        kind in prop::sample::select(vec!["closed-loop", "ipp", "burst"]),
        latencies in prop::collection::vec(0..3_000u64, 1..200),
    ) {
        let mut client = client(&spec(kind, &[]));
        for latency in latencies {
            let (now, call) = loop {
                let now = client.next_wake().unwrap();
                if let Some(call) = client.wake(now) {
                    break (now, call);
                }
            };
            prop_assert!(call.due <= now);
            prop_assert_eq!(client.next_wake(), None);
            prop_assert_eq!(client.wake(now + SimDuration::from_secs(1000)), None);
            let good = latency % 7 != 0;
            let verdict = if good { Verdict::Won } else { Verdict::Failed };
            let answered = now + SimDuration::from_millis(latency);
            prop_assert_eq!(client.answered(answered, call.number, 0, good), verdict);
            prop_assert!(client.next_wake().is_some_and(|wake| wake >= answered));
        }
    }
}
