//! What a computer promises, checked through its public interface.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sim_core::{SimDuration, SimTime};
use soe_model::computer::platform::PLATFORMS;
use soe_model::computer::{
    Completion, Computer, ComputerError, ComputerSpec, ContainerSpec, Load, ProcessorKind,
    ProcessorSpec, Refusal, TaskId,
};
use soe_model::function::{FunctionSpec, Output, Requirements};
use soe_model::names::{FunctionId, Names};
use soe_model::units::{Bytes, OpsPerSecond};

mod instances;
mod naive;

/// A computer with one processor, on which one byte of input means one operation
/// and one byte of memory, and one container for each entry of `workers`.
fn computer_spec(speed: f64, cores: u32, memory: u64, workers: &[u32]) -> ComputerSpec {
    let container = |(number, &workers): (usize, &u32)| ContainerSpec {
        name: format!("container{number}"),
        processor: "cpu".into(),
        function: FunctionSpec {
            name: format!("f{number}"),
            requirements: Requirements {
                op_coeff: 1.0,
                op_offset: 0.0,
                mem_coeff: 1.0,
                mem_offset: 0.0,
            },
            output: Output::CopyInput,
        },
        workers,
        lifecycle: None,
    };
    ComputerSpec {
        name: "host:6473".into(),
        node: "node".into(),
        controller: None,
        processors: vec![ProcessorSpec {
            name: "cpu".into(),
            kind: ProcessorKind::GenericCpu,
            speed: OpsPerSecond(speed),
            cores,
            memory: Bytes(memory),
        }],
        containers: workers.iter().enumerate().map(container).collect(),
    }
}

fn computer(speed: f64, cores: u32, memory: u64, workers: &[u32]) -> Computer {
    let spec = computer_spec(speed, cores, memory, workers);
    Computer::new(&spec, &mut Names::default()).unwrap()
}

fn raspberry() -> Computer {
    let platform = PLATFORMS.configure("raspberry", Vec::new()).unwrap();
    let platform = (platform.kind.build)(&platform.arguments);
    let spec = platform.computer("host:6473".into(), "node".into(), None);
    Computer::new(&spec, &mut Names::default()).unwrap()
}

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

fn secs(secs: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(secs)
}

fn submit(computer: &mut Computer, now: SimTime, task: u64, function: u32, input: u64) -> Load {
    let function = FunctionId(function);
    computer
        .submit(now, TaskId(task), function, Bytes(input))
        .unwrap()
}

/// Runs until nothing is left.
fn drain(computer: &mut Computer) -> Vec<Completion> {
    let mut completions = Vec::new();
    while let Some(now) = computer.next_wake() {
        completions.extend(std::iter::from_fn(|| computer.wake(now)));
    }
    completions
}

fn finish_times(computer: &mut Computer) -> Vec<(u64, u64)> {
    let completions = drain(computer);
    let times = completions
        .iter()
        .map(|c| (c.task.0, c.finished.as_nanos()));
    times.collect()
}

#[test]
fn a_call_of_the_readme_takes_100_ms() {
    let mut computer = raspberry();
    submit(&mut computer, SimTime::ZERO, 1, 0, 10_000);
    let completion = drain(&mut computer)[0];
    assert_eq!(completion.processing(), SimDuration::from_micros(100_040));
    let (estimate, _) = computer
        .estimate(completion.finished, FunctionId(0), Bytes(100_000))
        .unwrap();
    assert_eq!(estimate.as_nanos() / 1_000_000, 1000);
}

#[test]
fn tasks_share_the_cores_equally_and_use_at_most_one_each() {
    // Two cores: alone or in pairs at full speed, three at two thirds.
    let mut computer = computer(1e9, 2, 1000, &[3]);
    for task in 0..3 {
        submit(&mut computer, SimTime::ZERO, task, 0, 100 + task);
    }
    // 150 ns for the first; then the others go on alone.
    assert_eq!(finish_times(&mut computer), [(0, 150), (1, 151), (2, 152)]);
}

#[test]
fn completions_are_exact_whatever_the_number_of_tasks() {
    // 29 equal tasks on one core, each 1 ns of work, submitted in the same
    // instant: all are done after 29 ns, though shares of 1/29 have no finite
    // binary or decimal expansion.
    let mut computer = computer(1e9, 1, 1000, &[29]);
    for task in 0..29 {
        submit(&mut computer, SimTime::ZERO, task, 0, 1);
    }
    let times = finish_times(&mut computer);
    assert!(
        times.iter().all(|&(_, finished)| finished == 29),
        "{times:?}"
    );
    assert_eq!(times.len(), 29);
}

#[test]
fn a_completion_is_rounded_up_to_the_next_nanosecond() {
    let mut computer = computer(3e9, 1, 1000, &[1]);
    submit(&mut computer, SimTime::ZERO, 0, 0, 1);
    assert_eq!(finish_times(&mut computer), [(0, 1)]);
    submit(&mut computer, at(10), 1, 0, 3);
    assert_eq!(finish_times(&mut computer), [(1, 11)]);
    submit(&mut computer, at(20), 2, 0, 0);
    assert_eq!(finish_times(&mut computer), [(2, 20)]);
}

#[test]
fn memory_released_by_one_container_wakes_a_task_of_another() {
    let mut computer = computer(1e9, 2, 100, &[1, 1]);
    submit(&mut computer, SimTime::ZERO, 0, 0, 80);
    submit(&mut computer, SimTime::ZERO, 1, 1, 50);
    assert_eq!((computer.running(), computer.queued()), (1, 1));
    assert_eq!(finish_times(&mut computer), [(0, 80), (1, 130)]);
}

#[test]
fn nothing_overtakes_a_task_that_waits_for_memory() {
    let mut computer = computer(1e9, 4, 100, &[1, 1, 2]);
    submit(&mut computer, SimTime::ZERO, 0, 0, 80);
    submit(&mut computer, SimTime::ZERO, 1, 1, 50);
    // Would fit, but comes later.
    submit(&mut computer, at(1), 2, 2, 10);
    assert_eq!((computer.running(), computer.queued()), (1, 2));
    let order: Vec<_> = drain(&mut computer)
        .iter()
        .map(|c| (c.task.0, c.started))
        .collect();
    assert_eq!(order, [(0, at(0)), (2, at(80)), (1, at(80))]);
}

#[test]
fn a_task_that_waits_for_a_worker_does_not_hold_up_other_containers() {
    let mut computer = computer(1e9, 4, 100, &[1, 1]);
    submit(&mut computer, SimTime::ZERO, 0, 0, 30);
    submit(&mut computer, SimTime::ZERO, 1, 0, 30);
    submit(&mut computer, SimTime::ZERO, 2, 1, 10);
    assert_eq!(finish_times(&mut computer), [(2, 10), (0, 30), (1, 60)]);
}

#[test]
fn a_refused_task_disturbs_nothing() {
    let mut computer = computer(1e9, 1, 1_000_000_000, &[2]);
    submit(&mut computer, SimTime::ZERO, 0, 0, 800_000_000);
    let refused = computer.submit(secs(0.4), TaskId(1), FunctionId(0), Bytes(1_100_000_000));
    assert!(matches!(refused, Err(Refusal::TooLarge { .. })));
    assert_eq!(finish_times(&mut computer), [(0, 800_000_000)]);
}

#[test]
fn refusals_speak_like_the_original() {
    let mut names = Names::default();
    let spec = computer_spec(1e9, 1, 100, &[1]);
    let mut computer = Computer::new(&spec, &mut names).unwrap();
    let unknown = names.intern("resize");
    let mut refusal = |function, input| {
        let refused = computer.submit(SimTime::ZERO, TaskId(0), function, Bytes(input));
        computer.explain(refused.unwrap_err(), &names)
    };
    assert_eq!(
        refusal(unknown, 1),
        "No container for lambda resize found in computer computer@host:6473"
    );
    assert_eq!(
        refusal(FunctionId(0), 101),
        "Container container0 cannot handle request f0 since the memory requirements exceed the \
         total available in the processor: 100 <= 101"
    );
}

#[test]
fn computers_that_do_not_fit_together_are_refused_like_in_the_original() {
    let good = computer_spec(1e9, 1, 100, &[1, 1]);
    let error = |change: fn(&mut ComputerSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        Computer::new(&spec, &mut Names::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(|spec| spec.processors.push(spec.processors[0].clone())),
        "Duplicate processor cpu added to computer computer@host:6473"
    );
    assert_eq!(
        error(|spec| spec.containers[1].processor = "gpu".into()),
        "No processor gpu found in computer computer@host:6473"
    );
    assert_eq!(
        error(|spec| spec.containers[1].name = "container0".into()),
        "Duplicate container container0 hosted by processor cpu added to computer \
         computer@host:6473"
    );
    assert_eq!(
        error(|spec| spec.containers[1].function.name = "f0".into()),
        "Duplicate lambda f0 added to computer computer@host:6473"
    );
    assert_eq!(
        error(|spec| spec.containers[1].workers = 0),
        "Zero workers used for container container1"
    );
    let mut spec = good.clone();
    spec.processors[0].cores = 0;
    let cores = ComputerError::NoCores {
        processor: "cpu".into(),
    };
    assert_eq!(spec.check(), Err(cores));
    spec.processors[0].cores = 1;
    spec.processors[0].speed = OpsPerSecond(f64::NAN);
    assert!(matches!(
        spec.check(),
        Err(ComputerError::InvalidSpeed { .. })
    ));
}

#[test]
fn estimates_are_those_of_the_original() {
    let mut computer = computer(42.0, 1, 1000, &[5]);
    for queued in 0..20u64 {
        let (estimate, _) = computer
            .estimate(SimTime::ZERO, FunctionId(0), Bytes(1))
            .unwrap();
        let expected = match queued {
            0..=4 => (queued + 1) as f64 / 42.0,
            _ => 5.0 * (queued - 3) as f64 / 42.0,
        };
        let difference = (estimate.as_secs_f64() - expected).abs();
        assert!(difference < 2e-9, "{queued}: {estimate} for {expected}");
        submit(&mut computer, SimTime::ZERO, queued, 0, 1);
    }
    // Two of four workers busy with tasks of 125 ms.
    let mut computer = computer_with_four_workers();
    for task in 0..2 {
        submit(&mut computer, SimTime::ZERO, task, 0, 125_000_000);
    }
    let (estimate, load) = computer
        .estimate(SimTime::ZERO, FunctionId(0), Bytes(125_000_000))
        .unwrap();
    assert_eq!(estimate, SimDuration::from_millis(375));
    assert_eq!(load, Load::default());
}

#[test]
fn a_processor_in_full_use_for_ten_thousand_days_is_in_full_use() {
    for cores in [1, 100, 1_000_000] {
        let days = 10_000.0 * 86_400.0;
        let mut computer = computer(1.0, cores, 1 << 62, &[cores]);
        for task in 0..cores.min(100) {
            submit(&mut computer, SimTime::ZERO, task.into(), 0, days as u64);
        }
        let usage = computer.usage(secs(days), 0);
        let expected = f64::from(cores.min(100)) / f64::from(cores);
        assert_eq!(usage.utilization(secs(days)), expected, "{cores}");
    }
}

#[test]
fn there_is_no_utilization_of_no_time() {
    let mut computer = computer(1e9, 1, 1 << 40, &[1]);
    assert!(
        computer
            .usage(SimTime::ZERO, 0)
            .utilization(SimTime::ZERO)
            .is_nan()
    );
}

fn computer_with_four_workers() -> Computer {
    computer(1e9, 1, 1 << 40, &[4])
}

#[test]
fn an_estimate_changes_nothing() {
    let run = |estimates: bool| {
        let mut computer = computer(1e9, 2, 100, &[1, 2]);
        for task in 0..20 {
            let now = at(task * 7);
            let _ = estimates.then(|| computer.estimate(now, FunctionId(0), Bytes(10)));
            submit(&mut computer, now, task, task as u32 % 2, 10 + task);
        }
        drain(&mut computer)
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn load_counts_cores_in_use_not_tasks() {
    // Half a second of one core, shared by four tasks.
    let mut computer = computer(1e9, 1, 1 << 40, &[4]);
    for task in 0..4 {
        submit(&mut computer, SimTime::ZERO, task, 0, 125_000_000);
    }
    drain(&mut computer);
    let usage = computer.usage(secs(1.0), 0);
    assert_eq!(
        usage.load,
        Load {
            one: 50,
            ten: 50,
            thirty: 50
        }
    );
    assert_eq!(usage.last_second, 0.5);
    assert_eq!(usage.utilization(secs(1.0)), 0.5);
    assert_eq!(computer.usage(secs(2.0), 0).load.one, 0);
    assert_eq!(computer.usage(secs(2.0), 0).load.ten, 25);
}

#[test]
fn load_is_that_of_the_arrival() {
    let mut computer = computer(1e9, 2, 1 << 40, &[1]);
    assert_eq!(
        submit(&mut computer, secs(0.5), 0, 0, 500_000_000),
        Load::default()
    );
    let load = submit(&mut computer, secs(1.0), 1, 0, 1);
    assert_eq!(
        load,
        Load {
            one: 25,
            ten: 25,
            thirty: 25
        }
    );
    assert_eq!(drain(&mut computer)[1].load, load);
}

#[test]
fn a_change_of_speed_applies_to_what_is_left() {
    let mut computer = computer(1e9, 1, 1000, &[2]);
    submit(&mut computer, SimTime::ZERO, 0, 0, 100);
    submit(&mut computer, SimTime::ZERO, 1, 0, 200);
    computer.set_speed(at(100), 0, OpsPerSecond(0.5e9));
    // 50 operations left of the first, 150 of the second.
    assert_eq!(finish_times(&mut computer), [(0, 300), (1, 500)]);
    submit(&mut computer, at(500), 2, 0, 100);
    computer.set_speed(at(600), 0, OpsPerSecond(1e9));
    assert_eq!(finish_times(&mut computer), [(2, 650)]);
}

#[test]
fn a_failure_loses_all_tasks_in_order_of_submission_and_frees_the_memory() {
    let mut computer = computer(1e9, 1, 100, &[1, 1, 1]);
    for (task, (function, input)) in [(0, 60), (1, 60), (0, 1), (2, 30)].into_iter().enumerate() {
        submit(&mut computer, at(task as u64), task as u64, function, input);
    }
    let lost = computer.fail(at(10));
    assert_eq!(lost, [TaskId(0), TaskId(1), TaskId(2), TaskId(3)]);
    assert_eq!((computer.running(), computer.queued()), (0, 0));
    assert_eq!(computer.next_wake(), None);
    submit(&mut computer, at(20), 9, 0, 100);
    assert_eq!(finish_times(&mut computer), [(9, 120)]);
}

#[test]
fn processors_work_independently_of_each_other() {
    let mut computer = raspberry();
    submit(&mut computer, SimTime::ZERO, 0, 0, 10_000);
    submit(&mut computer, SimTime::ZERO, 1, 1, 10_000);
    submit(&mut computer, SimTime::ZERO, 2, 1, 10_000);
    let times = finish_times(&mut computer);
    assert_eq!(
        times,
        [(0, 100_040_000), (1, 200_020_000), (2, 200_020_000)]
    );
}

#[test]
fn extreme_numbers_never_panic() {
    for speed in [1e-9, 0.3, 1.5, 7e13, 1e300] {
        for cores in [1, 3, u32::MAX] {
            let mut computer = computer(speed, cores, u64::MAX, &[2, u32::MAX]);
            for task in 0..50 {
                let now = at(task * 1_000_000_007);
                let input = if task % 3 == 0 { u64::MAX >> 8 } else { task };
                let function = FunctionId(task as u32 % 2);
                let _ = computer.submit(now, TaskId(task), function, Bytes(input));
                while computer.next_wake().is_some_and(|wake| wake <= now) {
                    computer.wake(now);
                }
                let _ = computer.estimate(now, function, Bytes(input));
            }
            computer.set_speed(secs(1e3), 0, OpsPerSecond(0.7));
            computer.set_speed(secs(2e3), 0, OpsPerSecond(1e15));
            drain(&mut computer);
            computer.usage(SimTime::MAX, 0);
        }
    }
}

/// Tasks as (time since the last one, container, input).
fn workload() -> impl Strategy<Value = Vec<(u64, u32, u64)>> {
    prop::collection::vec((0..60u64, 0..3u32, 0..100u64), 1..80)
}

proptest! {
    #[test]
    fn order_and_times_are_those_of_exact_arithmetic(
        cores in 1..5u32,
        workers in prop::array::uniform3(1..5u32),
        memory in 100..300u64,
        tasks in workload(),
    ) {
        let mut computer = computer(1e9, cores, memory, &workers);
        let mut naive = naive::Computer::new(cores, memory, &workers);
        let mut completions = Vec::new();
        let mut now = 0;
        for (task, &(gap, container, input)) in tasks.iter().enumerate() {
            now += gap;
            while let Some(wake) = computer.next_wake().filter(|&wake| wake <= at(now)) {
                completions.extend(computer.wake(wake));
            }
            naive.submit(now, task as u64, container, input);
            submit(&mut computer, at(now), task as u64, container, input);
        }
        completions.extend(drain(&mut computer));
        let observed: Vec<_> = completions
            .iter()
            .map(|c| (c.task.0, c.started.as_nanos(), c.finished.as_nanos()))
            .collect();
        prop_assert_eq!(&observed, &naive.run());

        // Everything was served, in order within each container, within memory.
        prop_assert_eq!(completions.len(), tasks.len());
        let mut by_task = completions.clone();
        by_task.sort_by_key(|c| c.task);
        for container in 0..3 {
            let of_container = by_task.iter().filter(|c| tasks[c.task.0 as usize].1 == container);
            let starts: Vec<_> = of_container.map(|c| c.started).collect();
            prop_assert!(starts.is_sorted());
        }
        for instant in completions.iter().map(|c| c.started) {
            let held = completions
                .iter()
                .filter(|c| c.started <= instant && instant < c.finished)
                .map(|c| tasks[c.task.0 as usize].2);
            prop_assert!(held.sum::<u64>() <= memory);
        }

        // Work is neither lost nor invented: one completion wastes less than a
        // nanosecond of each core.
        let end = completions.iter().map(|c| c.finished).max().unwrap_or_default();
        let busy = computer.usage(end, 0).busy.as_nanos();
        let work: u64 = tasks.iter().map(|&(_, _, input)| input).sum();
        prop_assert!(busy >= u128::from(work));
        prop_assert!(busy <= u128::from(work + u64::from(cores) * tasks.len() as u64));
    }

    #[test]
    fn a_late_driver_sees_the_same_completions(tasks in workload(), cores in 1..4u32) {
        let run = |late: bool| {
            let mut computer = computer(1e9, cores, 200, &[1, 2, 3]);
            let mut completions = Vec::new();
            let mut now = 0;
            for (task, &(gap, container, input)) in tasks.iter().enumerate() {
                now += gap;
                // Completions of this very instant come after the submission.
                let due = |computer: &Computer| {
                    computer.next_wake().is_some_and(|wake| wake < at(now))
                };
                while !late && due(&computer) {
                    completions.extend(computer.wake(at(now)));
                }
                submit(&mut computer, at(now), task as u64, container, input);
            }
            completions.extend(std::iter::from_fn(|| computer.wake(secs(1e6))));
            completions
        };
        prop_assert_eq!(run(true), run(false));
    }

    #[test]
    fn loads_are_those_of_a_sampler_that_ticks_every_second(
        cores in 1..4u32,
        tasks in prop::collection::vec((0..4_000u64, 1..3_000u64), 1..60),
        looks in prop::collection::vec(0..20_000u64, 1..20),
    ) {
        let millis = |millis: u64| SimTime::ZERO + SimDuration::from_millis(millis);
        let mut computer = computer(1e3, cores, 1 << 40, &[3]);
        let mut events: Vec<(u64, Option<u64>)> = Vec::new();
        let mut now = 0;
        for &(gap, input) in &tasks {
            now += gap;
            events.push((now, Some(input)));
        }
        events.extend(looks.iter().map(|&look| (look, None)));
        events.sort();

        // The loads seen, and when how many tasks ran.
        let mut seen = Vec::new();
        let mut completions = Vec::new();
        for (number, &(time, input)) in events.iter().enumerate() {
            while let Some(wake) = computer.next_wake().filter(|&wake| wake <= millis(time)) {
                completions.extend(computer.wake(wake));
            }
            seen.push((time, match input {
                Some(input) => submit(&mut computer, millis(time), number as u64, 0, input),
                None => computer.usage(millis(time), 0).load,
            }));
        }
        completions.extend(drain(&mut computer));

        for (time, load) in seen {
            let samples: Vec<u128> = (0..time / 1000)
                .map(|second| naive::cores_used(&completions, cores, second))
                .collect();
            let mean = |window: usize| {
                let window = &samples[samples.len().saturating_sub(window)..];
                let full = u128::from(cores) * 1_000_000_000 * window.len().max(1) as u128;
                ((200 * window.iter().sum::<u128>() + full) / (2 * full)) as u8
            };
            let expected = Load { one: mean(1), ten: mean(10), thirty: mean(30) };
            prop_assert_eq!(load, expected, "at {} ms", time);
        }
    }
}
