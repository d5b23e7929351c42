//! Decisions of the histogram policy, computed by the definition in another language.

use super::*;
use crate::instances::keep_alive::{FunctionUse, KEEP_ALIVES};
use sim_core::SimTime;

fn secs(secs: f64) -> SimDuration {
    SimDuration::from_secs_f64(secs)
}

/// The windows after these idle times in seconds.
fn decide(times: impl IntoIterator<Item = f64>, min_samples: u64) -> Window {
    let given = vec![(
        "min-samples".to_owned(),
        crate::catalogue::Value::Count(min_samples),
    )];
    let spec = KEEP_ALIVES.configure("histogram", given).unwrap();
    let mut policy = (spec.kind.build)(&spec.arguments);
    for time in times {
        policy.idle_time(0, secs(time));
    }
    policy.window(&idle(true))
}

fn idle(is_function_idle: bool) -> Idle {
    Idle {
        now: SimTime::ZERO,
        first: SimTime::ZERO,
        is_function_idle,
        function: FunctionUse {
            function: 0,
            uses: 1,
            start_ms: 100.0,
            megabytes: 100.0,
        },
    }
}

fn prewarm(after: f64, keep: f64) -> Window {
    Window {
        keep: Some(SimDuration::ZERO),
        prewarm: Some(Prewarm {
            after: secs(after),
            keep: secs(keep),
        }),
    }
}

const RANGE: Window = Window::of(SimDuration::from_secs(240 * 60));

#[test]
fn regular_times_are_prewarmed_before_the_head_and_kept_until_behind_the_tail() {
    assert_eq!(decide([1800.0; 10], 5), prewarm(1620.0, 426.0));
    let spread = (0..20).map(|i| 1810.0 + 60.0 * f64::from(i));
    assert_eq!(decide(spread, 5), prewarm(1620.0, 1680.0));
    let mixed = [20_000.0; 4].into_iter().chain([90.0; 6]);
    assert_eq!(decide(mixed, 5), prewarm(54.0, 78.0));
}

#[test]
fn with_a_head_of_zero_nothing_is_unloaded() {
    let one = [30.0; 99].into_iter().chain([3000.0]);
    assert_eq!(decide(one, 5), Window::of(secs(66.0)));
    let two = [30.0; 98].into_iter().chain([3000.0; 2]);
    assert_eq!(decide(two, 5), Window::of(secs(3366.0)));
}

#[test]
fn half_of_the_times_out_of_bounds_are_forecast() {
    let half = [20_000.0; 5].into_iter().chain([60.0; 5]);
    let Window {
        keep: Some(SimDuration::ZERO),
        prewarm: Some(prewarm),
    } = decide(half, 5)
    else {
        panic!("no forecast");
    };
    let ratio = prewarm.keep.as_secs_f64() / prewarm.after.as_secs_f64();
    assert!((ratio - 0.30 / 0.85).abs() < 1e-6, "{ratio}");
    let constant = decide([20_000.0; 8], 5);
    assert_eq!(constant, super::prewarmed(17_000.0, 6000.0));
}

#[test]
fn counts_that_vary_little_are_not_trusted() {
    let bins = |count: u32| (0..count).map(|bin| 60.0 * f64::from(bin) + 1.0);
    // The coefficient of variation is 1.9743 with 49 bins and exactly 2 with 48.
    assert_eq!(decide(bins(49), 5), RANGE);
    assert_ne!(decide(bins(48), 5), RANGE);
}

#[test]
fn few_times_and_none_keep_an_instance_for_the_range() {
    assert_eq!(decide([], 5), RANGE);
    assert_eq!(decide([], 0), RANGE);
    assert_eq!(decide([1800.0; 4], 5), RANGE);
    assert_eq!(decide([1800.0; 1], 1), prewarm(1620.0, 426.0));
}

#[test]
fn an_instance_beside_busy_ones_is_kept_until_the_tail() {
    let spec = KEEP_ALIVES.configure("histogram", Vec::new()).unwrap();
    let mut policy = (spec.kind.build)(&spec.arguments);
    for _ in 0..10 {
        policy.idle_time(0, secs(1800.0));
    }
    assert_eq!(policy.window(&idle(false)), Window::of(secs(2046.0)));
}
