//! Decisions and timelines computed by the definition in another language.

use super::*;
use crate::catalogue::Value;
use crate::instances::autoscaler::AUTOSCALERS;

fn rule(given: &[(&str, Value)], concurrency: u32) -> Box<dyn Autoscaler> {
    let given = given.iter();
    let given = given.map(|(name, value)| ((*name).to_owned(), value.clone()));
    let spec = AUTOSCALERS.configure("knative", given.collect()).unwrap();
    (spec.kind.build)(&spec.arguments, concurrency)
}

fn at(secs: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(secs)
}

#[test]
fn both_windows_are_clamped_by_the_ready_instances() {
    for (stable, panic, ready, target, expected) in [
        (10.0, 10.0, 1, 0.7, (15, 15, true)),
        (10.0, 10.0, 15, 0.7, (15, 15, false)),
        (7.0, 14.0, 10, 0.7, (10, 20, true)),
        (0.0, 0.0, 8, 0.7, (4, 4, false)),
        (3.0, 20.0, 5, 70.0, (2, 2, false)),
        (300.0, 700.0, 4, 70.0, (5, 10, true)),
    ] {
        let rule = Rule {
            rps: false,
            target,
            tick: SimDuration::from_secs(2),
            stable: SimDuration::from_secs(60),
            stable_seconds: 60,
            panic_seconds: 6,
            threshold: 2.0,
            up: 1000.0,
            down: 2.0,
            delay: SimDuration::ZERO,
            min: 0,
            max: u32::MAX,
            initial: 0,
            grace: SimDuration::ZERO,
            pokes: true,
        };
        let wanted = rule.wanted(stable, panic, ready);
        let found = (wanted.stable, wanted.panic, wanted.is_too_much);
        assert_eq!(found, expected, "{stable} {panic} {ready} {target}");
    }
}

/// The decisions of an autoscaler whose instances are ready at once, from none, each
/// change of them with its time. `load` is the concurrency in tenths during a second.
fn timeline(load: impl Fn(u64) -> u64, until: u64) -> Vec<(u64, u32)> {
    let target = Value::Number(7.0);
    let mut scaler = rule(&[("initial-scale", Value::Count(0)), ("target", target)], 1);
    let (mut ready, mut changes) = (0, Vec::new());
    for second in 1..=until {
        scaler.in_progress(at((second - 1) as f64), load(second) as u32);
        if second % 2 == 0 {
            let desired = scaler.decide(at(second as f64), ready);
            if changes.last().is_none_or(|&(_, last)| last != desired) {
                changes.push((second, desired));
            }
            ready = desired;
        }
    }
    changes
}

#[test]
fn a_burst_from_nothing_ends_in_halving_steps() {
    let found = timeline(|t| if t <= 30 { 100 } else { 0 }, 100);
    let expected = [
        (2, 15),
        (64, 7),
        (66, 6),
        (70, 5),
        (74, 4),
        (78, 3),
        (82, 2),
        (86, 1),
        (90, 0),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_burst_of_ten_seconds_keeps_instances_for_a_minute() {
    let found = timeline(|t| if 100 < t && t <= 110 { 200 } else { 10 }, 260);
    let expected = [
        (2, 2),
        (102, 11),
        (104, 20),
        (106, 29),
        (164, 14),
        (166, 7),
        (168, 3),
        (170, 2),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_ramp_is_followed_in_panic_and_out_of_it() {
    let found = timeline(|t| t, 120);
    let expected = [
        (2, 1),
        (10, 2),
        (18, 3),
        (24, 4),
        (32, 5),
        (38, 6),
        (46, 7),
        (52, 8),
        (60, 9),
        (66, 10),
        (72, 7),
        (80, 8),
        (86, 9),
        (94, 10),
        (100, 11),
        (108, 12),
        (114, 13),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_target_follows_from_concurrency_and_metric() {
    let desired = |given: &[(&str, Value)], concurrency, calls| {
        let mut scaler = rule(given, concurrency);
        scaler.in_progress(at(0.0), calls);
        scaler.decide(at(2.0), 1)
    };
    assert_eq!(desired(&[], 10, 70), 10);
    assert_eq!(desired(&[("max-scale", Value::Count(4))], 10, 70), 4);
    assert_eq!(desired(&[("min-scale", Value::Count(3))], 10, 0), 3);
    let mut scaler = rule(&[("metric", Value::Word("rps"))], 1);
    (0..2800).for_each(|_| scaler.arrived(at(0.5)));
    assert_eq!(scaler.decide(at(2.0), 1), 10);
}

#[test]
fn the_last_instance_stays_for_a_stable_window_and_the_grace() {
    let gone = |grace: u64| {
        let grace = Value::Duration(SimDuration::from_secs(grace));
        let mut scaler = rule(&[("grace", grace)], 1);
        let ticks = (1..).map(|tick| at(2.0 * f64::from(tick)));
        let (mut ready, mut gone) = (1, at(0.0));
        for now in ticks {
            ready = scaler.decide(now, ready);
            if ready == 0 {
                gone = now;
                break;
            }
        }
        assert!(scaler.is_settled());
        gone
    };
    assert_eq!(gone(0), at(60.0));
    assert_eq!(gone(30), at(90.0));
}

#[test]
fn scaling_down_waits_for_its_delay() {
    let delay = Value::Duration(SimDuration::from_secs(20));
    let mut scaler = rule(
        &[
            ("scale-down-delay", delay),
            ("initial-scale", Value::Count(1)),
            ("max-scale-down", Value::Number(1e9)),
        ],
        1,
    );
    scaler.in_progress(at(0.0), 1);
    assert_eq!(scaler.decide(at(2.0), 2), 2);
    scaler.in_progress(at(2.0), 0);
    // The windows are empty at 62 s and want none; 2 were wanted before.
    let mut last = 2;
    for tick in 2..60 {
        last = scaler.decide(at(2.0 * f64::from(tick)), last);
        if last == 0 {
            // 20 s after the last decision for 2, at 60 s.
            assert_eq!(tick, 40);
            return;
        }
    }
    panic!("never scaled down");
}
