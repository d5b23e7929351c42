//! Where the time goes, how well two threads do, and how time and memory grow.
//!
//! ```sh
//! cargo bench -p statesim                # all of it
//! cargo bench -p statesim -- phases      # one part: phases, threads or growth
//! ```
//!
//! With `SOE_DATA` the first two parts are the heaviest point of study 002 on the
//! published inputs (ProcNet, seven execution policies, 500 jobs, 50 replications),
//! without it the same on inputs made here.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use soe_model::topology::Topology;
use soe_model::topology::generate::UrbanSensing;
use statesim::output::{Format, Results, native};
use statesim::trace::{self, Layout};
use statesim::{
    Cloud, Corrections, Evaluation, Factors, Jobs, Network, Outcome, Pool, Worker, allocation,
    execution, workload,
};

const FACTORS: Factors = Factors {
    operations: 1e5,
    argument: 1e6,
    state: 1e6,
};
const CLOUD: Cloud = Cloud {
    latency: 0.06,
    rate_mbps: 50.0,
};
const FUNCTIONS: usize = 10;
const JOBS: usize = 500;
const REPLICATIONS: u64 = 50;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    if let [part, nodes, jobs] = &arguments[..]
        && part == "grow"
    {
        grow(nodes.parse().unwrap(), jobs.parse().unwrap());
        return;
    }
    let wanted = |part: &str| arguments.is_empty() || arguments.iter().any(|a| a == part);
    if wanted("phases") {
        phases();
    }
    if wanted("threads") {
        threads();
    }
    if wanted("growth") {
        growth();
    }
}

/// The inputs of both studied networks, read anew.
fn inputs(name: &str) -> (Topology, Jobs) {
    match std::env::var_os("SOE_DATA") {
        Some(folder) => {
            let data = PathBuf::from(folder).join("data");
            let file = |kind| data.join(format!("topologies/000/{name}.{kind}"));
            let topology = Topology::read(file("nodes"), file("links"), file("edges")).unwrap();
            (
                topology,
                trace::read(data.join("spar/batch_task.csv"), Layout::Spar).unwrap(),
            )
        }
        None => {
            let text = workload::generate(15_478, 1);
            let jobs = trace::parse("generated", text.as_bytes(), Layout::Spar).unwrap();
            (UrbanSensing::default().generate(1).unwrap(), jobs)
        }
    }
}

/// Runs something a few times; the shortest time counts, as others may use the machine.
fn shortest<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut best: Option<(Duration, T)> = None;
    for _ in 0..5 {
        let start = Instant::now();
        let result = black_box(run());
        let time = start.elapsed();
        if best.as_ref().is_none_or(|(shortest, _)| time < *shortest) {
            best = Some((time, result));
        }
    }
    best.unwrap()
}

fn phases() {
    println!("phases, one thread, {JOBS} jobs, {REPLICATIONS} replications, ProcNet, 7 policies");
    for name in ["urban_sensing.0", "iiot.0"] {
        let (reading, (topology, jobs)) = shortest(|| inputs(name));
        let (preparing, (network, pool)) = shortest(|| {
            let network = Network::new(topology.clone(), Corrections::NONE).unwrap();
            (
                network,
                Pool::new(&jobs, FACTORS, FUNCTIONS, Corrections::NONE),
            )
        });
        let evaluation = Evaluation::new(&network, &pool, CLOUD).unwrap();
        let proc_net = allocation::by_name("ProcNet").unwrap();
        let mut worker = Worker::default();
        // The routes, once.
        evaluation
            .replicate(proc_net, &execution::ALL, JOBS, 1, &mut worker)
            .unwrap();
        let (allocating, placed) = shortest(|| {
            let place =
                |seed| evaluation.place(proc_net, execution::ALL[0], JOBS, seed, &mut worker);
            (1..=REPLICATIONS)
                .map(place)
                .collect::<Result<Vec<_>, _>>()
                .unwrap()
        });
        let (evaluating, outcomes) = shortest(|| {
            let mut outcomes = Vec::new();
            for placed in &placed {
                for policy in execution::ALL {
                    outcomes.push(evaluation.execute(placed, policy, &mut worker).unwrap());
                }
            }
            outcomes
        });
        let (formatting, bytes) = shortest(|| format(&outcomes));
        let folder = tempfile::tempdir().unwrap();
        let mut written = 0;
        let (writing, ()) = shortest(|| {
            written += 1;
            write(
                &outcomes,
                &network,
                &folder.path().join(written.to_string()),
            );
        });
        println!("  {name}");
        let all = reading + preparing + allocating + evaluating + writing;
        for (phase, time) in [
            ("reading", reading),
            ("preparing", preparing),
            ("allocating", allocating),
            ("evaluating", evaluating),
            ("formatting and writing", writing),
            ("  of it formatting", formatting),
            ("all", all),
        ] {
            println!("    {phase:<24} {:8.2} ms", time.as_secs_f64() * 1e3);
        }
        println!("    {bytes} bytes in {} files", 2 * outcomes.len());
    }
}

fn format(outcomes: &[Outcome]) -> usize {
    let mut text = Vec::new();
    let mut bytes = 0;
    for outcome in outcomes {
        text.clear();
        native::write_jobs(outcome, &mut text);
        native::write_nodes(outcome, &mut text);
        bytes += black_box(&text).len();
    }
    bytes
}

fn write(outcomes: &[Outcome], network: &Network, folder: &Path) {
    let results = Results::create(folder, Format::Native).unwrap();
    for outcomes in outcomes.chunks(execution::ALL.len()) {
        results.encoder().encode(outcomes, network).unwrap();
    }
    results.finish().unwrap();
}

/// Speed-up of the evaluation against that of two loops that share nothing, measured in
/// turn so that both see the same machine.
fn threads() {
    let (topology, jobs) = inputs("urban_sensing.0");
    let network = Network::new(topology, Corrections::NONE).unwrap();
    let pool = Pool::new(&jobs, FACTORS, FUNCTIONS, Corrections::NONE);
    let evaluation = Evaluation::new(&network, &pool, CLOUD).unwrap();
    let proc_net = allocation::by_name("ProcNet").unwrap();
    let pools = [1, 2].map(|n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap()
    });
    let evaluate = |pool: &rayon::ThreadPool| {
        let start = Instant::now();
        let jobs_of = |outcomes: Vec<Outcome>| outcomes.iter().map(|o| o.jobs.len()).sum::<usize>();
        let run = || evaluation.replicate_all(proc_net, &execution::ALL, JOBS, 1..=400, jobs_of);
        black_box(pool.install(run).unwrap());
        start.elapsed().as_secs_f64()
    };
    evaluate(&pools[0]);
    println!("speed-up of two threads over one, 400 replications");
    for _ in 0..3 {
        let best = |run: &dyn Fn() -> f64| (0..3).map(|_| run()).fold(f64::INFINITY, f64::min);
        let loops = [best(&|| loop_on(1)), best(&|| loop_on(2))];
        let times = [best(&|| evaluate(&pools[0])), best(&|| evaluate(&pools[1]))];
        let of_loops = 2.0 * loops[0] / loops[1];
        let of_evaluation = times[0] / times[1];
        println!(
            "  two loops {of_loops:.2}, evaluation {of_evaluation:.2} ({:.0} ms to {:.0} ms): {:.2} of it",
            times[0] * 1e3,
            times[1] * 1e3,
            of_evaluation / of_loops
        );
    }
}

/// The time that an arithmetic loop takes on each of so many threads, in seconds.
fn loop_on(threads: usize) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut x = 1.0f64;
                for i in 0..80_000_000u32 {
                    x = x * 0.999_999 + f64::from(i) * 1e-9;
                }
                black_box(x);
            });
        }
    });
    start.elapsed().as_secs_f64()
}

/// Each size in a process of its own, so that its memory is its own.
fn growth() {
    println!("growth: ProcNet, seven policies, one replication, one thread");
    println!("  nodes    jobs   routes s  replication s   peak MB");
    let program = std::env::current_exe().unwrap();
    for (nodes, jobs) in [
        (100, 1000),
        (1000, 1000),
        (1000, 10_000),
        (3000, 30_000),
        (10_000, 100_000),
    ] {
        let arguments = ["grow".to_owned(), nodes.to_string(), jobs.to_string()];
        std::process::Command::new(&program)
            .args(arguments)
            .status()
            .unwrap();
    }
}

fn grow(nodes: usize, wanted: usize) {
    let parameters = UrbanSensing {
        cells: nodes / 22,
        racks: nodes / 50 + 1,
        ..UrbanSensing::default()
    };
    let topology = parameters.generate(1).unwrap();
    let nodes = topology.processing().len();
    // Three jobs in ten have states.
    let text = workload::generate(wanted * 34 / 10, 1);
    let jobs = trace::parse("generated", text.as_bytes(), Layout::Spar).unwrap();
    drop(text);
    let network = Network::new(topology, Corrections::NONE).unwrap();
    let pool = Pool::new(&jobs, FACTORS, FUNCTIONS, Corrections::NONE);
    drop(jobs);
    let evaluation = Evaluation::new(&network, &pool, CLOUD).unwrap();
    let proc_net = allocation::by_name("ProcNet").unwrap();
    let mut worker = Worker::default();
    let mut run = || {
        let start = Instant::now();
        evaluation
            .replicate(proc_net, &execution::ALL, wanted, 1, &mut worker)
            .unwrap();
        start.elapsed().as_secs_f64()
    };
    let first = run();
    let second = run();
    println!(
        "  {nodes:>5} {wanted:>7} {:>10.2} {second:>14.2} {:>9}",
        first - second,
        peak_memory()
    );
}

/// The most memory that this process had, in megabytes, where the system tells.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.map_or("?".into(), |kilobytes| format!("{:.0}", kilobytes / 1024.0))
}
