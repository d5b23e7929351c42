//! What becomes of the rows of a trace.

#![allow(clippy::unwrap_used)]

use soe_model::topology::{Source, Topology};
use statesim::trace::{self, Layout};
use statesim::workload::{self, Profile};
use statesim::{
    Cloud, Corrections, Evaluation, Factors, Jobs, Network, Outcome, Pool, Worker, allocation,
    execution,
};

fn spar(rows: &[&str]) -> Result<Jobs, String> {
    let text: String = rows.iter().map(|row| format!("0,{row},1\n")).collect();
    trace::parse("trace", text.as_bytes(), Layout::Spar).map_err(|error| error.to_string())
}

fn profile(rows: &[&str]) -> Profile {
    workload::inspect(&spar(rows).unwrap())
}

fn values(profile: &Profile, name: &str) -> Vec<f64> {
    let quantity = profile
        .quantities
        .iter()
        .find(|quantity| quantity.name.starts_with(name));
    quantity.unwrap().values.values().to_vec()
}

/// Two nodes: what is sent crosses `up`, what comes back crosses `down`.
fn pair() -> Topology {
    Topology::parse(
        Source::new(
            "nodes",
            "0;a;1000;4000;arm32;sbc;rpi3b+\n1;s;1000;88000;x86;server;server\n",
        ),
        Source::new("links", "0;10;up;uplink;3\n1;100;down;downlink;2\n"),
        Source::new(
            "edges",
            "a up\nup internet\ninternet s\ns internet\ninternet down\ndown a\n",
        ),
    )
    .unwrap()
}

fn evaluate(
    topology: Topology,
    jobs: &Jobs,
    wanted: usize,
    corrections: Corrections,
) -> Vec<Outcome> {
    let network = Network::new(topology, corrections).unwrap();
    // No work: both nodes are as good, the first by name is taken.
    let factors = Factors {
        operations: 1e9,
        argument: 1e5,
        state: 1e5,
    };
    let pool = Pool::new(jobs, factors, 1, corrections);
    let evaluation = Evaluation::new(&network, &pool, Cloud::default()).unwrap();
    let proc_only = allocation::by_name("ProcOnly").unwrap();
    evaluation
        .replicate(
            proc_only,
            &execution::ALL,
            wanted,
            1,
            &mut Worker::default(),
        )
        .unwrap()
}

fn of<'a>(outcomes: &'a [Outcome], execution: &str) -> &'a Outcome {
    outcomes
        .iter()
        .find(|outcome| outcome.execution == execution)
        .unwrap()
}

/// One chain of two tasks on the server; the second needs a state of 0.4.
const CHAIN: [&str; 3] = [
    "j_1,M1,5,100,0.1",
    "j_1,M2,5,100,0.4",
    "j_1,J3_1_2,5,100,0.2",
];

#[test]
fn a_chain_is_the_first_task_and_what_depends_on_it() {
    let profile = profile(&CHAIN);
    assert_eq!(values(&profile, "tasks per chain"), [2.0]);
    assert_eq!(values(&profile, "states per chain"), [1.0]);
    assert_eq!(values(&profile, "memory of a state"), [0.4]);
}

#[test]
fn jobs_without_states_are_dropped() {
    let profile = profile(&["j_1,M1,5,100,0.1", "j_1,R2_1,5,100,0.1", "j_2,M1,5,100,0.1"]);
    assert_eq!((profile.counts.jobs, profile.counts.stateless_jobs), (2, 2));
}

#[test]
fn a_number_left_out_is_a_task_without_size() {
    // 2 is never defined, 9 is beyond the last: both are states of no size.
    for row in ["j_1,J3_1_2,5,100,0.2", "j_1,J3_1_9,5,100,0.2"] {
        let profile = profile(&["j_1,M1,5,100,0.1", row]);
        assert_eq!(values(&profile, "memory of a state"), [0.0]);
    }
}

#[test]
fn the_first_job_may_have_the_number_zero() {
    let rows = CHAIN.map(|row| row.replace("j_1", "j_0"));
    let profile = profile(&rows.each_ref().map(String::as_str));
    assert_eq!(profile.counts.jobs, 1);
}

#[test]
fn tasks_that_wait_for_each_other_are_a_chain_all_the_same() {
    let rows = [
        "j_1,R1_3,5,100,0.1",
        "j_1,R2_1,5,100,0.1",
        "j_1,J3_2_4,5,100,0.1",
        "j_1,M4,5,100,0.1",
    ];
    let profile = profile(&rows);
    assert_eq!(values(&profile, "tasks per chain"), [3.0]);
}

#[test]
fn rows_that_tell_nothing_are_skipped_and_counted() {
    let mut rows = vec![
        "j_1,task_Nzg,5,100,0.1",
        "j_1,MergeTask,5,100,0.1",
        "j_1,M1_Stg2,5,100,0.1",
        "x",
    ];
    rows.extend(CHAIN);
    let counts = profile(&rows).counts;
    assert_eq!(
        (counts.independent_rows, counts.foreign_rows, counts.jobs),
        (3, 1, 1)
    );
}

#[test]
fn reading_stops_at_an_empty_line_and_the_last_needs_no_end() {
    let rows: Vec<String> = CHAIN.iter().map(|row| format!("0,{row},1")).collect();
    let text = format!("{}\n\n0,j_2,M1,x,100,0.1,1", rows.join("\n"));
    let jobs = trace::parse("trace", text.as_bytes(), Layout::Spar).unwrap();
    assert_eq!((jobs.counts().rows, jobs.len()), (3, 1));
    let jobs = trace::parse("trace", rows.join("\n").as_bytes(), Layout::Spar).unwrap();
    assert_eq!(jobs.len(), 1);
}

#[test]
fn numbers_that_make_no_sense_are_named_with_their_line() {
    for (row, expected) in [
        ("j_1,M0,5,100,0.1", "task number"),
        ("j_1,M1,-5,100,0.1", "duration is `-5`"),
        ("j_1,M1,5,fast,0.1", "cpu is `fast`"),
        ("j_1,M1,5,100,-1", "memory is `-1`"),
        ("j_1,M,5,100,0.1", "`M`"),
        ("j_1,M99999,5,100,0.1", "expected 1 to 65536"),
        ("j_x,M1,5,100,0.1", "job is `j_x`"),
        ("j_1a,M1,5,100,0.1", "job is `j_1a`"),
        ("j_1,M1a,5,100,0.1", "the number `1a`"),
        ("j_1,12,5,100,0.1", "task is `12`"),
        ("j_1,M1,5 s,100,0.1", "duration is `5 s`"),
        ("j_1,M1,inf,100,0.1", "duration is `inf`"),
    ] {
        let message = spar(&[CHAIN[0], row]).unwrap_err();
        let expected = expected.replace("task number", "`M0`");
        assert!(
            message.starts_with("trace:2: ") && message.contains(&expected),
            "{message}"
        );
    }
}

#[test]
fn durations_are_read_in_every_notation_of_a_number() {
    for (text, expected) in [
        ("150", 150.0),
        ("1.5E+02", 150.0),
        ("15e1", 150.0),
        (" +150.9", 150.0),
    ] {
        let row = format!("j_1,M1,{text},100,0.5");
        let profile = profile(&[&row, "j_1,M2,1,100,0.4", "j_1,J3_1_2,150,100,0.2"]);
        assert_eq!(values(&profile, "duration of a task"), [expected, 150.0]);
    }
}

#[test]
fn a_job_whose_rows_do_not_follow_each_other_is_refused_with_both_places() {
    let rows = [
        "j_1,M1,5,100,0.1",
        "j_2,M1,5,100,0.1",
        "j_3,M1,5,100,0.1",
        "j_2,R2_1,5,100,0.1",
        "j_1,R2_1,5,100,0.1",
    ];
    assert_eq!(
        spar(&rows).unwrap_err(),
        "trace:4: job `j_2` has rows at line 2 and, after rows of other jobs, here: sort the rows \
         by job, for example with `sort -s -t, -k2,2`"
    );
    assert!(spar(&rows[..3]).is_ok());
}

#[test]
fn the_layout_of_alibaba_gives_the_time_between_start_and_end() {
    let text = "M1,1,j_1,1,Terminated,100,107,100.0,0.1\n\
                M2,1,j_1,1,Terminated,100,103,100.0,0.4\n\
                J3_1_2,1,j_1,1,Terminated,107,112,100.0,0.2\n\
                M4,1,j_1,1,Running,107,0,100.0,0.2\n\
                M1,1,j_2,1,Failed,107,108,,\n";
    let jobs = trace::parse("trace", text.as_bytes(), Layout::Alibaba).unwrap();
    let profile = workload::inspect(&jobs);
    assert_eq!(values(&profile, "duration of a task"), [5.0, 7.0]);
    assert_eq!(
        (profile.counts.unfinished_rows, profile.counts.foreign_rows),
        (1, 1)
    );
}

#[test]
fn each_policy_moves_what_its_definition_says() {
    // Arguments 10 and 20 kB, result 10 kB, state 40 kB; every transfer crosses one link.
    let outcomes = evaluate(pair(), &spar(&CHAIN).unwrap(), 1, Corrections::NONE);
    let traffic = |name| of(&outcomes, name).jobs[0].traffic;
    assert_eq!(of(&outcomes, "PureFaaS").loads, [0, 2]);
    assert_eq!(
        traffic("PureFaaS"),
        4 * 40_000 + 10_000 + 20_000 + 20_000 + 10_000
    );
    assert_eq!(traffic("StatePropagate"), 2 * 40_000 + 10_000 + 10_000);
    assert_eq!(traffic("StateLocal"), 10_000 + 40_000 + 10_000);
    assert_eq!(traffic("UnchainedExternal"), 60_000 + 2 * 40_000);
    assert_eq!(traffic("UnchainedInEdge"), 60_000);
    assert_eq!(traffic("UnchainedInFunction"), 60_000);
    assert_eq!(traffic("UnchainedInClient"), 60_000 + 2 * 40_000);
}

#[test]
fn corrected_data_crosses_the_links_of_its_own_direction_with_their_latency() {
    // There 10 + 20 kB at 10 Mb/s and 3 ms each; back 20 + 10 kB at 100 Mb/s and 2 ms.
    let corrected = evaluate(pair(), &spar(&CHAIN).unwrap(), 1, Corrections::ALL);
    let network = of(&corrected, "UnchainedInFunction").jobs[0].network;
    assert!(
        (network - (0.024 + 0.006 + 0.0024 + 0.004)).abs() < 1e-12,
        "{network}"
    );
    // The original goes against the direction of the links and knows no latency.
    let original = evaluate(pair(), &spar(&CHAIN).unwrap(), 1, Corrections::NONE);
    let network = of(&original, "UnchainedInFunction").jobs[0].network;
    assert!((network - (0.0024 + 0.024)).abs() < 1e-8, "{network}");
}

#[test]
fn corrected_cloud_traffic_is_counted_on_every_link_of_the_node_that_asks() {
    // The server is at the exchange point: no link but that to the cloud, both ways.
    let corrected = evaluate(pair(), &spar(&CHAIN).unwrap(), 1, Corrections::ALL);
    assert_eq!(
        of(&corrected, "UnchainedExternal").jobs[0].traffic,
        60_000 + 2 * 40_000
    );
}

#[test]
fn corrected_replications_have_as_many_jobs_as_asked_for() {
    let text = workload::generate(300, 3);
    let jobs = trace::parse("generated", text.as_bytes(), Layout::Spar).unwrap();
    let exact = evaluate(pair(), &jobs, 50, Corrections::ALL);
    assert_eq!(exact[0].jobs.len(), 50);
    let all = evaluate(pair(), &jobs, jobs.len() + 1, Corrections::NONE);
    assert_eq!(all[0].jobs.len(), jobs.len());
}

#[test]
fn factors_beyond_all_bounds_overflow_nothing() {
    let jobs = spar(&CHAIN).unwrap();
    let network = Network::new(pair(), Corrections::NONE).unwrap();
    let factors = Factors {
        operations: 1e300,
        argument: 1e300,
        state: 1e300,
    };
    let pool = Pool::new(&jobs, factors, 1, Corrections::NONE);
    let evaluation = Evaluation::new(&network, &pool, Cloud::default()).unwrap();
    for policy in allocation::ALL {
        let outcomes = evaluation.replicate(policy, &execution::ALL, 1, 1, &mut Worker::default());
        for outcome in outcomes.unwrap() {
            assert!(outcome.jobs[0].total().is_finite());
        }
    }
}

#[test]
fn every_policy_gives_every_task_to_one_node() {
    let text = workload::generate(600, 3);
    let jobs = trace::parse("generated", text.as_bytes(), Layout::Spar).unwrap();
    for corrections in [Corrections::NONE, Corrections::ALL] {
        let network = Network::new(statesim::example::topology().unwrap(), corrections).unwrap();
        let factors = Factors {
            operations: 1e5,
            argument: 1e6,
            state: 1e6,
        };
        let pool = Pool::new(&jobs, factors, 10, corrections);
        let evaluation = Evaluation::new(&network, &pool, Cloud::default()).unwrap();
        for policy in allocation::ALL {
            let outcomes =
                evaluation.replicate(policy, &execution::ALL, 100, 9, &mut Worker::default());
            for outcome in outcomes.unwrap() {
                let tasks: u32 = outcome.jobs.iter().map(|job| job.chain).sum();
                assert_eq!(outcome.loads.iter().sum::<u32>(), tasks);
            }
        }
    }
}

#[test]
fn a_chain_priced_as_executed_is_never_dearer_alone_than_priced_otherwise() {
    // One chain on an idle network, one step: the price is then the whole cost.
    let rows = ["j_1,M1,5,100,0.1", "j_1,R1_2,5,100,0.1", "j_1,M2,5,100,0.4"];
    let jobs = spar(&rows).unwrap();
    let total = |corrections| {
        let network = Network::new(statesim::example::topology().unwrap(), corrections).unwrap();
        let factors = Factors {
            operations: 1e7,
            argument: 1e6,
            state: 1e6,
        };
        let pool = Pool::new(&jobs, factors, 1, corrections);
        let evaluation = Evaluation::new(&network, &pool, Cloud::default()).unwrap();
        let proc_net = allocation::by_name("ProcNet").unwrap();
        let outcomes = evaluation
            .replicate(proc_net, &execution::ALL, 1, 1, &mut Worker::default())
            .unwrap();
        outcomes
            .iter()
            .map(|outcome| outcome.jobs[0].total())
            .collect::<Vec<_>>()
    };
    let pricing = Corrections {
        pricing: true,
        ..Corrections::NONE
    };
    for (priced, original) in total(pricing).into_iter().zip(total(Corrections::NONE)) {
        assert!(priced <= original, "{priced} {original}");
    }
}
