//! Rules of scaling, waiting, binding, pre-warming and autoscaling, on small examples.

use proptest::prelude::*;

use super::*;

const SECOND: SimDuration = SimDuration::from_secs(1);

/// How so many calls at time 0 are served, by begin in seconds and warmth.
fn burst(spec: InstancesSpec, calls: usize, service: f64) -> (Vec<(f64, Warmth)>, Tally) {
    let pool = ttl(100.0, Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, u64::MAX, &[spec]));
    for _ in 0..calls {
        driver.call(at(0.0), 0, SimDuration::from_secs_f64(service));
    }
    driver.run(at(50.0));
    let fates = driver.fates.iter().map(|fate| {
        let fate = fate.unwrap();
        (fate.begun.as_secs_f64(), fate.warmth)
    });
    (fates.collect(), driver.tally())
}

#[test]
fn each_rule_of_scaling_serves_a_burst_in_its_own_way() {
    use Warmth::{ColdCaused as Caused, ColdJoined as Joined, QueuedBehindCold as Behind};
    let spec = |scaling: Scaling, concurrency| InstancesSpec {
        scaling,
        binding: scaling.usual_binding(),
        concurrency,
        max: 3,
        ..function(2.0)
    };
    let (fates, tally) = burst(spec(Scaling::PerRequest, 2), 3, 1.0);
    assert_eq!(fates, [(2.0, Caused); 3]);
    assert_eq!((tally.created, tally.peak), (3, 3));

    let (fates, tally) = burst(spec(Scaling::Join, 2), 3, 1.0);
    assert_eq!(fates, [(2.0, Caused), (2.0, Joined), (2.0, Caused)]);
    assert_eq!(tally.created, 2);

    let (fates, tally) = burst(spec(Scaling::MaxOnePending, 1), 3, 1.0);
    assert_eq!(
        fates,
        [(2.0, Caused), (3.0, Joined), (4.0, Behind)].map(joined)
    );
    assert_eq!(tally.created, 1);

    let queue = InstancesSpec {
        min: 1,
        ..spec(Scaling::Queue, 1)
    };
    let (fates, tally) = burst(queue, 3, 1.0);
    let queued = Warmth::Queued;
    assert_eq!(fates, [(0.0, Warmth::Warm), (1.0, queued), (2.0, queued)]);
    assert_eq!(tally.created, 1);
}

/// All three of the burst arrive before the only start is over.
fn joined((begun, warmth): (f64, Warmth)) -> (f64, Warmth) {
    match warmth {
        Warmth::QueuedBehindCold => (begun, Warmth::ColdJoined),
        other => (begun, other),
    }
}

#[test]
fn a_call_behind_others_that_waited_for_a_start_counts_apart() {
    let spec = InstancesSpec {
        max: 1,
        ..function(2.0)
    };
    let pool = ttl(100.0, Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, u64::MAX, &[spec]));
    for arrival in [0.0, 1.0, 2.5, 3.5, 10.0, 10.5] {
        driver.call(at(arrival), 0, SECOND);
    }
    driver.run(at(20.0));
    use Warmth::{ColdCaused, ColdJoined, Queued, QueuedBehindCold, Warm};
    let expected = [
        ColdCaused,
        ColdJoined,
        QueuedBehindCold,
        QueuedBehindCold,
        Warm,
        Queued,
    ];
    for (call, expected) in expected.into_iter().enumerate() {
        assert_eq!(driver.warmth(call), expected, "{call}");
    }
    let starts = [2.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    for (call, start) in starts.into_iter().enumerate() {
        assert_eq!(driver.fates[call].unwrap().start.as_secs_f64(), start);
    }
}

#[test]
fn a_late_call_takes_the_slot_that_is_free_first() {
    let spec = |binding| InstancesSpec {
        binding,
        ..function(2.0)
    };
    let begun = |binding| {
        let pool = ttl(100.0, Overflow::Queue);
        let mut driver = Driver::new(machine(&pool, u64::MAX, &[spec(binding)]));
        driver.call(at(0.0), 0, SECOND);
        driver.call(at(2.5), 0, SECOND);
        driver.run(at(20.0));
        let tally = driver.tally();
        (driver.fates[1].unwrap(), tally.created)
    };
    let (early, created) = begun(Binding::Early);
    assert_eq!((early.begun, early.warmth), (at(4.5), Warmth::ColdCaused));
    assert_eq!(created, 2);
    // The first instance is free at 3 s; the second one is never used.
    let (late, created) = begun(Binding::Late);
    assert_eq!(
        (late.begun, late.warmth),
        (at(3.0), Warmth::QueuedBehindCold)
    );
    assert_eq!(created, 2);
}

#[test]
fn an_idle_time_of_exactly_the_window_has_expired() {
    let mut driver = Driver::new(machine(&ttl(10.0, Overflow::Queue), 0, &[function(0.0)]));
    let calls = [0.0, 11.0, 21.999];
    let calls = calls.map(|time| driver.call(at(time), 0, SECOND).unwrap());
    let warmths = calls.map(|call| driver.warmth(call));
    use Warmth::{ColdCaused, Warm};
    assert_eq!(warmths, [ColdCaused, ColdCaused, Warm]);
}

#[test]
fn a_completion_comes_before_an_arrival_at_the_same_time() {
    let spec = InstancesSpec {
        max: 1,
        ..function(0.0)
    };
    let mut driver = Driver::new(machine(&ttl(10.0, Overflow::Reject), 0, &[spec]));
    for time in 0..10 {
        assert!(driver.call(at(f64::from(time)), 0, SECOND).is_some());
    }
}

#[test]
fn calls_for_which_there_is_no_memory_wait_in_order_and_overtake_where_a_slot_is_free() {
    let spec = InstancesSpec {
        memory: Bytes(100),
        ..function(1.0)
    };
    let pool = pool("lru", &[], Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 100, &[spec.clone(), spec]));
    let first = driver.call(at(0.0), 0, SECOND * 5).unwrap();
    let other = driver.call(at(1.0), 1, SECOND).unwrap();
    // Behind the other function's call, but for a slot that only it can use.
    let same = driver.call(at(2.0), 0, SECOND).unwrap();
    driver.run(at(30.0));
    let begun = [first, other, same].map(|call| driver.fates[call].unwrap().begun);
    assert_eq!(begun, [at(1.0), at(8.0), at(6.0)]);
    assert_eq!(driver.machine.alive(0), (0, 0, 0));
}

#[test]
fn memory_is_held_until_the_teardown_is_over() {
    let spec = InstancesSpec {
        memory: Bytes(100),
        teardown: SECOND * 3,
        ..function(1.0)
    };
    let pool = pool("lru", &[], Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 100, &[spec.clone(), spec]));
    driver.call(at(0.0), 0, SECOND);
    let call = driver.call(at(10.0), 1, SECOND).unwrap();
    driver.run(at(30.0));
    assert_eq!(driver.fates[call].unwrap().begun, at(14.0));
    assert_eq!(driver.fates[call].unwrap().start, SECOND);
    assert_eq!(driver.warmth(call), Warmth::ColdCaused);
}

#[test]
fn a_full_queue_rejects() {
    let spec = InstancesSpec {
        max: 1,
        queue: 2,
        ..function(0.0)
    };
    let mut driver = Driver::new(machine(&ttl(10.0, Overflow::Queue), 0, &[spec]));
    let accepted = (0..5).map(|_| driver.call(at(0.0), 0, SECOND).is_some());
    assert_eq!(
        accepted.collect::<Vec<_>>(),
        [true, true, true, false, false]
    );
    driver.run(at(10.0));
    let tally = driver.tally();
    assert_eq!((tally.served(), tally.rejected), (3, 2));
}

#[test]
fn a_regular_function_is_created_before_its_call() {
    let mut driver = Driver::new(machine(
        &pool("histogram", &[], Overflow::Queue),
        0,
        &[function(5.0)],
    ));
    let every = 3600.0;
    for hour in 0..20 {
        driver.call(at(every * f64::from(hour)), 0, SECOND);
    }
    driver.run(at(19.0 * every + 600.0));
    let tally = driver.tally();
    // The first call is cold; four more find the instance of the range; then those
    // that were created before: 15 idle times are known when they are decided.
    assert_eq!((tally.cold(), tally.warm), (1, 19));
    assert_eq!((tally.prewarmed, tally.prewarm_hits), (14, 14));
    // Nothing is wasted for long: an idle instance lives about 6 min of each hour.
    let last: u32 = driver.machine.alive(0).2;
    assert_eq!(last, 0);
    driver.run(at(22.0 * every));
    let tally = driver.tally();
    assert_eq!((tally.prewarmed, tally.prewarm_wasted), (15, 1));
}

#[test]
fn a_window_that_is_not_renewed_ends_with_the_call_that_runs() {
    let given = [("ttl", duration(10.0)), ("renew", Value::Word("no"))];
    let pool = pool("fixed", &given, Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 0, &[function(0.0)]));
    driver.call(at(0.0), 0, SECOND);
    driver.call(at(9.0), 0, SECOND * 5);
    driver.run(at(13.9));
    assert_eq!(driver.machine.alive(0), (0, 1, 0));
    driver.run(at(14.0));
    assert_eq!(driver.machine.alive(0), (0, 0, 0));
}

#[test]
fn a_failure_loses_everything_and_the_next_call_is_cold() {
    let spec = InstancesSpec {
        min: 1,
        memory: Bytes(10),
        ..function(1.0)
    };
    let mut driver = Driver::new(machine(&ttl(10.0, Overflow::Queue), 10, &[spec]));
    driver.call(at(0.0), 0, SECOND * 9);
    driver.call(at(0.0), 0, SECOND * 9);
    driver.run(at(1.0));
    driver.machine.fail(at(1.0));
    driver.running.clear();
    assert_eq!(driver.machine.memory_held(), Bytes(0));
    assert_eq!(driver.machine.next_wake(), SimTime::MAX);
    let call = driver.call(at(2.0), 0, SECOND).unwrap();
    driver.run(at(5.0));
    assert_eq!(driver.warmth(call), Warmth::ColdCaused);
    assert_eq!(driver.tally().lost, 1);
}

fn scaled(given: &[(&str, Value)], start: f64) -> InstancesSpec {
    let given = given.iter();
    let given = given.map(|(name, value)| ((*name).to_owned(), value.clone()));
    InstancesSpec {
        scaling: Scaling::Queue,
        binding: Binding::Late,
        autoscaler: Some(AUTOSCALERS.configure("knative", given.collect()).unwrap()),
        ..function(start)
    }
}

/// The machine's instances follow what the autoscaler alone decides.
#[test]
fn instances_follow_the_autoscaler() {
    let given = [
        ("initial-scale", Value::Count(0)),
        ("poke", Value::Word("no")),
    ];
    let spec = scaled(&given, 0.0);
    let pool = pool("none", &[], Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 0, std::slice::from_ref(&spec)));
    // They wait until the first tick and run for 30 s.
    (0..10).for_each(|_| {
        driver.call(at(0.0), 0, SECOND * 30);
    });
    let scaler = spec.autoscaler.unwrap();
    let mut alone = (scaler.kind.build)(&scaler.arguments, 1);
    let mut ready = 0;
    for second in 1..=120 {
        alone.in_progress(at(f64::from(second - 1)), if second <= 32 { 10 } else { 0 });
        driver.run(at(f64::from(second)));
        if second % 2 == 0 {
            ready = alone.decide(at(f64::from(second)), ready);
            let (starting, busy, idle) = driver.machine.alive(0);
            assert_eq!(starting + busy + idle, ready, "{second}");
        }
    }
    assert_eq!(ready, 0);
    // Nothing is due any more, until a call arrives.
    assert_eq!(driver.machine.next_wake(), SimTime::MAX);
    driver.call(at(1000.5), 0, SECOND);
    assert_eq!(driver.machine.next_wake(), at(1002.0));
}

#[test]
fn a_call_to_nothing_creates_the_first_instance_at_once() {
    let spec = scaled(&[("initial-scale", Value::Count(0))], 1.5);
    let pool = pool("none", &[], Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 0, &[spec]));
    let call = driver.call(at(10.0), 0, SECOND).unwrap();
    driver.run(at(300.0));
    let fate = driver.fates[call].unwrap();
    assert_eq!((fate.begun, fate.warmth), (at(11.5), Warmth::ColdJoined));
    assert_eq!(driver.machine.alive(0), (0, 0, 0));
}

#[test]
fn the_initial_instances_are_ready_and_go_if_no_call_comes() {
    let spec = scaled(&[("initial-scale", Value::Count(3))], 1.5);
    let pool = pool("none", &[], Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 0, &[spec]));
    assert_eq!(driver.machine.alive(0), (0, 0, 3));
    driver.run(at(300.0));
    assert_eq!(driver.machine.alive(0), (0, 0, 0));
    assert_eq!(driver.machine.next_wake(), SimTime::MAX);
}

#[test]
fn calls_of_one_instance_share_it_up_to_its_concurrency() {
    for (choice, expected) in [
        (WarmChoice::Fullest, [2, 1]),
        (WarmChoice::Emptiest, [1, 2]),
    ] {
        let spec = InstancesSpec {
            concurrency: 3,
            min: 2,
            warm_choice: choice,
            ..function(0.0)
        };
        let mut driver = Driver::new(machine(&ttl(10.0, Overflow::Queue), 0, &[spec]));
        let mut used = Vec::new();
        for _ in 0..3 {
            driver.call(at(0.0), 0, SECOND * 100);
            used.push(driver.running.iter().map(|it| it.0.1).collect::<Vec<_>>());
        }
        let mut last = used.pop().unwrap();
        last.sort_unstable();
        let mut counts = [0, 0];
        last.iter().for_each(|&slot| counts[slot as usize] += 1);
        match choice {
            WarmChoice::Fullest => assert_eq!(counts.iter().max(), Some(&3)),
            _ => assert_eq!(counts.iter().max(), Some(&expected[1])),
        }
    }
}

proptest! {
    /// Whatever comes: numbers and memory stay within their limits, every accepted call
    /// begins exactly once, calls of a function with late binding begin in order, and
    /// timers do not pile up.
    #[test]
    fn limits_hold_and_no_call_is_forgotten(
        calls in prop::collection::vec((0..4000u64, 0..3u32, 0..3000u64), 1..120),
        scaling in prop::sample::select(vec![
            Scaling::PerRequest, Scaling::Join, Scaling::Queue, Scaling::MaxOnePending,
        ]),
        binding in prop::sample::select(vec![Binding::Early, Binding::Late]),
        overflow in prop::sample::select(vec![Overflow::Queue, Overflow::Reject]),
        choice in prop::sample::select(vec![
            WarmChoice::Mru, WarmChoice::Lru, WarmChoice::Newest, WarmChoice::Oldest,
            WarmChoice::Random, WarmChoice::Fullest, WarmChoice::Emptiest,
        ]),
        policy in 0..11usize,
        concurrency in 1..4u32,
        max in 1..5u32,
        teardown in 0..2u64,
        start in 0..3u64,
        autoscaled in any::<bool>(),
    ) {
        let spec = |memory| {
            let min = u32::from(scaling == Scaling::Queue && !autoscaled);
            let base = match scaling == Scaling::Queue && autoscaled {
                true => scaled(&[], start as f64),
                false => function(start as f64),
            };
            InstancesSpec {
                scaling,
                binding,
                warm_choice: choice,
                concurrency,
                min,
                max,
                memory: Bytes(memory),
                teardown: SECOND * teardown,
                ..base
            }
        };
        let examples = KEEP_ALIVES.examples().unwrap();
        let pool = PoolSpec {
            keep_alive: examples[policy].clone(),
            overflow,
            images: None,
        };
        let functions = [spec(100), spec(150), spec(200)];
        let mut driver = Driver::new(machine(&pool, 500, &functions));
        let mut calls = calls;
        calls.sort();
        let mut accepted = Vec::new();
        for &(time, function, service) in &calls {
            let now = SimTime::ZERO + SimDuration::from_millis(time * 10);
            let service = SimDuration::from_millis(service);
            let call = driver.call(now, function, service);
            accepted.extend(call.map(|call| (call, function)));
            prop_assert!(driver.machine.memory_held().0 <= 500);
            for function in 0..3 {
                let (starting, busy, idle) = driver.machine.alive(function);
                prop_assert!(starting + busy + idle <= max);
            }
        }
        driver.run(at(100_000.0));
        let mut last = [SimTime::ZERO; 3];
        for &(call, function) in &accepted {
            let Some(fate) = driver.fates[call] else {
                return Err(TestCaseError::fail(format!("call {call} never began")));
            };
            if binding == Binding::Late {
                prop_assert!(fate.begun >= last[function as usize]);
                last[function as usize] = fate.begun;
            }
        }
        let begun = driver.fates.iter().flatten().count();
        prop_assert_eq!(begun, accepted.len());
        let now = driver.now;
        let tallies = [0, 1, 2].map(|function| driver.machine.tally(now, function).clone());
        let served: u64 = tallies.iter().map(Tally::served).sum();
        prop_assert_eq!(served as usize, accepted.len());
        for function in 0..3 {
            prop_assert_eq!(driver.machine.waiting(function), 0);
        }
    }
}
