//! How well sweeps use the cores, and what the executor costs.
//!
//! The speed-up on two threads is compared with that of two independent loops of plain
//! arithmetic in the same run, which is what the machine has to offer. The cost of the
//! executor is what a sweep takes on one thread beyond the simulations themselves, of the
//! shipped scenario whose replication takes the least time.
//!
//! Without argument all is measured; with `overhead`, `speed-up` or `memory` that alone.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use scenarios::format::Scenario;
use soe_model::deployment::Deployment;
use soe_sim::{Progress, RunOptions, run_replication};
use soe_study::{Plan, Prepared, Runner, Study, Sweep};

const README: &str = include_str!("../../scenarios/readme.toml");

/// Points and replications of the sweep.
const POINTS: u32 = 200;
const REPLICATIONS: u32 = 30;

fn main() {
    let only: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    if wanted("overhead") {
        overhead(&cheapest());
    }
    if wanted("speed-up") {
        // The scenario of the README as it is, 10 calls; and ten times as long.
        for (name, calls) in [("as shipped, 10 calls", 10), ("100 calls", 100)] {
            let plan = plan(calls);
            let prepared = plan.prepare().expect("the study is sound");
            println!("readme scenario, {name}: {POINTS} points x {REPLICATIONS} replications");
            speed_up(&plan, &prepared);
        }
    }
    if wanted("memory") {
        memory();
    }
}

/// The README's scenario over 200 rates of calls.
fn plan(calls: u32) -> Plan {
    let scenario = README
        .lines()
        .map(|line| match line.strip_prefix('[') {
            Some(section) => format!("[scenario.{section}\n"),
            None => format!("{line}\n"),
        })
        .collect::<String>()
        .replace("version = 1\n", "");
    let text = format!(
        "version = 1\nkind = \"scenario\"\nreplications = {REPLICATIONS}\n{scenario}\n\
         [set]\n\"run.calls\" = {calls}\n[[axis]]\nkey = \"client.client-1.arrivals.interval\"\n\
         from = 101\nto = 1000\nsteps = {POINTS}\nunit = \"ms\"\n"
    );
    let study = Study::parse(&text, "bench.toml").expect("the study is TOML");
    study.resolve().unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// What a sweep takes on so many threads; its work goes to a folder of its own.
fn sweep(plan: &Plan, prepared: &Prepared, threads: usize) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = plan.metrics_known();
    let opened = Sweep::open(prepared, metrics, &plan.replications, folder.path(), None);
    let mut sweep = opened.expect("a sweep");
    let started = Instant::now();
    let ended = sweep.run(Some(threads), &Progress::default(), |_| {}, |_| {});
    ended.expect("nothing fails");
    started.elapsed()
}

/// The shipped scenario whose replication takes the least time, whole duration.
fn cheapest() -> PathBuf {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the scenarios are there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .filter(|path| !path.ends_with("Cargo.toml"))
        .collect();
    files.sort();
    let mut times: Vec<_> = files
        .into_iter()
        .filter_map(|path| {
            let scenario = Scenario::load(&path).expect("shipped scenarios are read");
            let deployment = scenario.resolve().expect("shipped scenarios are sound");
            Some((shortest(&deployment)?, path))
        })
        .collect();
    times.sort();
    for (time, path) in times.iter().take(3) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!(
            "{name}: {:.1} us for a replication",
            time.as_secs_f64() * 1e6
        );
    }
    times.swap_remove(0).1
}

/// What the fastest of some replications takes; nothing if one takes more than a tenth of a
/// second.
fn shortest(deployment: &Deployment) -> Option<Duration> {
    let one = std::slice::from_ref(deployment);
    let (progress, over) = (Progress::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            progress.interrupted.store(!over.load(Relaxed), Relaxed);
        });
        let first = simulate(one, 0..1, &progress)?;
        over.store(true, Relaxed);
        let began = Instant::now();
        let others = (1..)
            .take_while(|_| began.elapsed() < Duration::from_millis(300))
            .filter_map(|number| simulate(one, number..number + 1, &Progress::default()));
        Some(others.fold(first, Duration::min))
    })
}

/// What the simulations alone take, one after the other; nothing if they are interrupted.
fn simulate(
    deployments: &[Deployment],
    replications: std::ops::Range<u32>,
    progress: &Progress,
) -> Option<Duration> {
    let options = RunOptions::default();
    // In a thread of its own, as in a sweep, with what that means for the allocator.
    std::thread::scope(|scope| {
        let all = scope.spawn(|| {
            let started = Instant::now();
            for deployment in deployments {
                for replication in replications.clone() {
                    let result = run_replication(deployment, replication, &options, progress, None);
                    black_box(result.expect("nothing fails")?);
                }
            }
            Some(started.elapsed())
        });
        all.join().expect("nothing panics")
    })
}

/// What a sweep over 200 latencies of the network adds to each replication of a scenario.
///
/// More replications than for the speed-up: threads, pool and journal are made once for each
/// sweep, whatever it runs.
fn overhead(file: &Path) {
    const ROUNDS: u32 = 30;
    const REPLICATIONS: u32 = 120;
    let scenario = Scenario::load(file).expect("shipped scenarios are read");
    let deployments: Vec<_> = (0..POINTS)
        .map(|point| {
            let mut scenario = scenario.clone();
            let latency = format!("network.latency={} us", 100 + point);
            scenario.set(&latency).expect("every scenario has it");
            scenario.resolve().expect("shipped scenarios are sound")
        })
        .collect();
    let text = format!(
        "version = 1\nkind = \"scenario\"\nseed = {}\nbase = '{}'\nreplications = {REPLICATIONS}\n\
         [[axis]]\nkey = \"network.latency\"\nfrom = 100\nto = {}\nsteps = {POINTS}\nunit = \"us\"\n",
        deployments[0].run.seed,
        file.display(),
        99 + POINTS
    );
    let study = Study::parse(&text, "bench.toml").expect("the study is TOML");
    let plan = study.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
    let prepared = plan.prepare().expect("the study is sound");
    // Alternating, so that both meet the same machine. The fastest of each: what else the
    // machine does only ever slows. And the processor's time of all, in which waiting for
    // others does not count.
    let progress = Progress::default();
    let ways: [(&str, &dyn Fn() -> Duration); 3] = [
        ("as `soe run` simulates it", &|| {
            simulate(&deployments, 0..REPLICATIONS, &progress).unwrap_or_default()
        }),
        ("as a sweep simulates it", &|| {
            measure(&prepared, REPLICATIONS, 1)
        }),
        ("in a sweep, one thread", &|| sweep(&plan, &prepared, 1)),
    ];
    let mut times = [(Duration::MAX, 0.0); 3];
    for _ in 0..ROUNDS {
        for ((_, way), time) in ways.iter().zip(&mut times) {
            let before = processor_time();
            time.0 = time.0.min(way());
            time.1 += processor_time() - before;
        }
    }
    let per = |seconds: f64| seconds / f64::from(POINTS * REPLICATIONS) * 1e6;
    for ((what, _), (least, processor)) in ways.iter().zip(&times) {
        println!(
            "{what}: {:.2} us in the fastest round, {:.2} us of processors' time in the mean",
            per(least.as_secs_f64()),
            per(processor / f64::from(ROUNDS))
        );
    }
    for (how, [alone, measured, swept]) in [
        ("fastest rounds", times.map(|time| time.0.as_secs_f64())),
        ("processors' time", times.map(|time| time.1)),
    ] {
        println!(
            "overhead by {how}: {:+.1} % of what a sweep simulates, {:+.1} % of what a run takes",
            (swept / measured - 1.0) * 100.0,
            (swept / alone - 1.0) * 100.0
        );
    }
}

/// The replications of a sweep without the executor, the points dealt out to so many threads.
fn measure(prepared: &Prepared, replications: u32, threads: usize) -> Duration {
    let part = |first: usize| {
        let (mut worker, progress) = (Default::default(), Progress::default());
        for point in (first..prepared.points()).step_by(threads) {
            for replication in 0..replications {
                let report = prepared.replicate(point, replication, &mut worker, &progress);
                black_box(report.expect("nothing fails"));
            }
        }
    };
    let started = Instant::now();
    std::thread::scope(|scope| {
        for first in 0..threads {
            let part = &part;
            scope.spawn(move || part(first));
        }
    });
    started.elapsed()
}

/// What this process has used of processors so far, in seconds, where the system tells.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    // A hundred ticks a second on every Linux.
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn speed_up(plan: &Plan, prepared: &Prepared) {
    const ROUNDS: usize = 25;
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let (one, two) = (sweep(plan, prepared, 1), sweep(plan, prepared, 2));
            let swept = one.as_secs_f64() / two.as_secs_f64();
            let measure = |threads| measure(prepared, REPLICATIONS, threads);
            let (one, two) = (measure(1), measure(2));
            let bare = one.as_secs_f64() / two.as_secs_f64();
            let possible = arithmetic();
            [swept / possible, swept / bare, swept, bare, possible]
        })
        .collect();
    // Others use the machine, too, so that single rounds say little.
    for (column, what) in [
        "ratio to two loops of arithmetic",
        "ratio to two threads that simulate without the executor",
        "speed-up of the sweep",
        "speed-up of simulating without the executor",
        "speed-up of two loops of arithmetic",
    ]
    .iter()
    .enumerate()
    {
        rounds.sort_by(|a, b| a[column].total_cmp(&b[column]));
        println!(
            "  {what}: median {:.2}, quartiles {:.2} and {:.2}",
            rounds[ROUNDS / 2][column],
            rounds[ROUNDS / 4][column],
            rounds[ROUNDS - 1 - ROUNDS / 4][column]
        );
    }
}

/// The speed-up of two independent loops of arithmetic over one after the other.
fn arithmetic() -> f64 {
    let work = || {
        let mut state = black_box(1_u64);
        for _ in 0..100_000_000_u64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
        }
        black_box(state);
    };
    let started = Instant::now();
    work();
    work();
    let one = started.elapsed();
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    one.as_secs_f64() / started.elapsed().as_secs_f64()
}

/// Memory against the number of replications.
fn memory() {
    let mut plan = plan(10);
    plan.points.truncate(4);
    let prepared = plan.prepare().expect("the study is sound");
    for replications in [1_000, 10_000, 100_000] {
        plan.replications = soe_study::Replications::fixed(replications);
        let time = sweep(&plan, &prepared, 2);
        println!(
            "4 points x {replications} replications: {:.2} s, peak memory of the process so far {}",
            time.as_secs_f64(),
            peak_memory()
        );
    }
}

/// From the accounting of the operating system, where it has one.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.map_or("?".to_owned(), |kb| format!("{:.1} MB", kb / 1024.0))
}
