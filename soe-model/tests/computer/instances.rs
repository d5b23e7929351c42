//! Computers whose containers are not always warm.

use proptest::prelude::*;
use soe_model::catalogue::Value;
use soe_model::computer::LifecycleSpec;
use soe_model::duration::DURATIONS;
use soe_model::instances::keep_alive::KEEP_ALIVES;
use soe_model::instances::{
    Binding, InstancesSpec, Overflow, PoolSpec, Scaling, StartSpec, WarmChoice, Warmth,
};

use super::*;

/// Instances that take `start` seconds to start and expire after 10 s.
fn lifecycle(start: f64, overflow: Overflow) -> LifecycleSpec {
    let duration = |secs| Value::Duration(SimDuration::from_secs_f64(secs));
    let given = |name: &str, secs| vec![(name.to_owned(), duration(secs))];
    LifecycleSpec {
        pool: PoolSpec {
            keep_alive: KEEP_ALIVES.configure("fixed", given("ttl", 10.0)).unwrap(),
            overflow,
            images: None,
        },
        instances: InstancesSpec {
            scaling: Scaling::PerRequest,
            binding: Binding::Early,
            warm_choice: WarmChoice::Mru,
            concurrency: 1,
            min: 0,
            max: 4,
            queue: usize::MAX,
            memory: Bytes(100),
            start: StartSpec {
                init: Some(
                    DURATIONS
                        .configure("fixed", given("duration", start))
                        .unwrap(),
                ),
                ..StartSpec::default()
            },
            teardown: SimDuration::ZERO,
            autoscaler: None,
        },
    }
}

/// [`computer_spec`] whose containers have this life cycle.
fn with(mut spec: ComputerSpec, lifecycle: &LifecycleSpec) -> ComputerSpec {
    for container in &mut spec.containers {
        container.lifecycle = Some(Box::new(lifecycle.clone()));
    }
    spec
}

fn build(spec: &ComputerSpec) -> Computer {
    Computer::new(spec, &mut Names::default()).unwrap()
}

#[test]
fn a_task_waits_for_the_start_of_an_instance_and_the_next_finds_it() {
    let spec = computer_spec(10.0, 4, 1000, &[1]);
    let mut computer = build(&with(spec, &lifecycle(2.0, Overflow::Queue)));
    let function = FunctionId(0);
    let estimate = computer.estimate(secs(0.0), function, Bytes(10)).unwrap();
    assert_eq!(estimate.0, SimDuration::from_secs(3));
    submit(&mut computer, secs(0.0), 1, 0, 10);
    assert_eq!((computer.running(), computer.queued()), (0, 1));
    assert_eq!(computer.next_wake(), Some(secs(2.0)));
    assert_eq!(computer.wake(secs(2.0)), None);
    assert_eq!((computer.running(), computer.queued()), (1, 0));
    let first = computer.wake(secs(3.0)).unwrap();
    assert_eq!((first.started, first.finished), (secs(2.0), secs(3.0)));
    assert_eq!(first.warmth, Warmth::ColdCaused);
    assert_eq!(first.start, SimDuration::from_secs(2));

    let estimate = computer.estimate(secs(4.0), function, Bytes(10)).unwrap();
    assert_eq!(estimate.0, SimDuration::from_secs(1));
    submit(&mut computer, secs(4.0), 2, 0, 10);
    let second = computer.wake(secs(5.0)).unwrap();
    assert_eq!((second.started, second.warmth), (secs(4.0), Warmth::Warm));
    assert_eq!(second.start, SimDuration::ZERO);
    assert_eq!(computer.instance_memory(), Bytes(100));
    // It expires at 15 s, and nothing is left.
    assert_eq!(computer.next_wake(), Some(secs(13.0)));
    while let Some(next) = computer.next_wake() {
        assert_eq!(computer.wake(next), None);
    }
    assert_eq!(computer.instance_memory(), Bytes(0));
    let (_, tally, alive) = computer.instances(secs(20.0)).next().unwrap();
    assert_eq!((tally.warm, tally.cold_caused, tally.expired), (1, 1, 1));
    assert_eq!((tally.starting, tally.busy), (2_000_000_000, 2_000_000_000));
    assert_eq!((tally.idle, alive), (11_000_000_000, (0, 0, 0)));
}

#[test]
fn a_task_without_an_instance_is_refused_in_words() {
    let spec = computer_spec(10.0, 4, 1000, &[1]);
    let mut cycle = lifecycle(0.0, Overflow::Reject);
    cycle.instances.max = 1;
    let mut functions = Names::default();
    let mut computer = Computer::new(&with(spec, &cycle), &mut functions).unwrap();
    submit(&mut computer, secs(0.0), 1, 0, 10);
    let refused = computer.submit(secs(0.5), TaskId(2), FunctionId(0), Bytes(10));
    let refusal = refused.unwrap_err();
    assert_eq!(refusal, Refusal::NoInstance(FunctionId(0)));
    let text = "No instance for lambda f0 available in computer computer@host:6473";
    assert_eq!(computer.explain(refusal, &functions), text);
    // At the same time, a task is done before another arrives.
    submit(&mut computer, secs(1.0), 3, 0, 10);
    let done: Vec<_> = drain(&mut computer).iter().map(|it| it.task.0).collect();
    assert_eq!(done, [1, 3]);
}

#[test]
fn a_failure_returns_tasks_in_every_state_in_their_order() {
    let spec = computer_spec(10.0, 4, 1000, &[1]);
    let mut cycle = lifecycle(1.0, Overflow::Queue);
    cycle.instances.max = 2;
    let mut computer = build(&with(spec, &cycle));
    for (task, at) in [(7, 0.0), (5, 0.5), (6, 0.6), (4, 0.7)] {
        submit(&mut computer, secs(at), task, 0, 100);
    }
    // One runs, one starts, two wait.
    assert_eq!(computer.wake(secs(1.2)), None);
    let lost = computer.fail(secs(1.2));
    assert_eq!(lost, [7, 5, 6, 4].map(TaskId));
    assert_eq!((computer.running(), computer.queued()), (0, 0));
    assert_eq!(computer.next_wake(), None);
    submit(&mut computer, secs(2.0), 8, 0, 10);
    assert_eq!(drain(&mut computer)[0].started, secs(3.0));
}

#[test]
fn life_cycles_that_contradict_themselves_are_refused() {
    let refused = |memory, change: &dyn Fn(&mut LifecycleSpec)| {
        let mut cycle = lifecycle(1.0, Overflow::Queue);
        change(&mut cycle);
        let spec = with(computer_spec(10.0, 4, memory, &[1, 1]), &cycle);
        let error = Computer::new(&spec, &mut Names::default()).unwrap_err();
        assert_eq!(spec.check(), Err(error.clone()));
        error
    };
    let queue = refused(1000, &|it| it.instances.scaling = Scaling::Queue);
    assert!(
        matches!(queue, ComputerError::NoInstances { .. }),
        "{queue}"
    );
    let small = refused(99, &|_| {});
    assert!(matches!(small, ComputerError::NoRoom { .. }), "{small}");
    // Two of each are always there, and leave no room.
    let full = refused(399, &|it| it.instances.min = 2);
    assert!(matches!(full, ComputerError::NoRoom { .. }), "{full}");
    let mut spec = with(
        computer_spec(10.0, 4, 1000, &[1, 1]),
        &lifecycle(1.0, Overflow::Queue),
    );
    spec.containers[1].lifecycle = Some(Box::new(lifecycle(1.0, Overflow::Reject)));
    let pools = spec.check().unwrap_err();
    assert!(matches!(pools, ComputerError::Pools { .. }), "{pools}");
}

proptest! {
    /// One instance that never goes is what an always-warm container is.
    #[test]
    fn an_instance_that_never_goes_is_an_always_warm_container(
        tasks in prop::collection::vec((1..3_000u64, 0..3u32, 1..2_000u64), 1..60),
        workers in prop::collection::vec(1..4u32, 3),
        memory in 2_000..6_000u64,
    ) {
        let warm = computer_spec(1e3, 2, memory, &workers);
        let mut cycle = lifecycle(0.0, Overflow::Queue);
        cycle.instances.scaling = Scaling::Queue;
        cycle.instances.min = 1;
        cycle.instances.memory = Bytes(0);
        let instances = with(warm.clone(), &cycle);
        let [mut one, mut other] = [warm, instances].map(|spec| build(&spec));
        // No two things at the same time, for which the order may differ.
        let mut now = 0;
        for (number, &(gap, function, size)) in (0..).zip(&tasks) {
            now += gap * 1_000_003 + 17;
            let task = (TaskId(number), FunctionId(function), Bytes(size));
            let first = one.submit(at(now), task.0, task.1, task.2);
            let second = other.submit(at(now), task.0, task.1, task.2);
            prop_assert_eq!(first, second);
            prop_assert_eq!(one.running(), other.running());
            prop_assert_eq!(one.queued(), other.queued());
        }
        let key = |it: &Completion| (it.finished, it.task, it.started, it.submitted);
        let done = [one, other].map(|mut computer| {
            let mut done: Vec<_> = drain(&mut computer).iter().map(key).collect();
            done.sort_unstable();
            done
        });
        prop_assert_eq!(&done[0], &done[1]);
    }
}
