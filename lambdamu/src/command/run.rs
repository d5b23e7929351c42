//! Runs the command.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

use analysis::{Interval, TextTable, WholeFile, console};
use indicatif::{ProgressBar, ProgressDrawTarget};
use rayon::prelude::*;
use soe_model::topology::Topology;

use super::args::Kind;
use super::{Args, CommandError};
use crate::output::{self, COLUMNS, INPUTS, Inputs};
use crate::{
    DynamicLoad, Error, Network, Outcome, Periods, Setting, SnapshotLoad, Worker, dynamic, example,
    snapshot,
};

/// More than that are a slip of the keyboard.
const MAX_APPS: u64 = 100_000;
const MAX_THREADS: usize = 1024;
/// How many replications are simulated before their rows are written, per thread.
const BATCH: u64 = 64;

/// Simulates what the options say, writes the results and prints a summary.
///
/// # Errors
/// If an option or an input makes no sense, or results cannot be written. The file of the
/// results is as it was before, then.
pub fn run(args: &Args) -> Result<(), CommandError> {
    if args.explain_output {
        return print(&explanation());
    }
    if args.print_header {
        return print(&output::header());
    }
    let setting = setting(args)?;
    let last_seed = last_seed(args)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.num_threads.unwrap_or(cores);
    if !(1..=MAX_THREADS).contains(&threads) {
        return Err(CommandError::Usage(format!(
            "--num-threads is {threads}, expected 1 to {MAX_THREADS}"
        )));
    }
    let (network, is_example) = network(args)?;
    let load = load(args)?;
    let mut out = Output::start(&args.out_file, args.append)?;
    if is_example {
        console::tell(
            "note: no network given and none of nodes, links, edges is here: this is the built-in example",
        );
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.min(usize::try_from(args.num_replications).unwrap_or(threads)))
        .build()?;
    let inputs = Inputs {
        setting: &setting,
        cloud_distance_factor: args.cloud_distance_factor,
        epoch: args.epoch,
        min_periods: args.min_periods,
        averages: [args.avg_apps, args.avg_lambda, args.avg_mu],
    };
    let one = |worker: &mut Worker, seed: u64| -> Result<(String, Outcome), Error> {
        let outcome = match &load {
            Load::Snapshot(load) => snapshot(&network, &setting, *load, seed, worker),
            Load::Dynamic(load, periods) => {
                dynamic(&network, &setting, *load, periods, seed, worker)?
            }
        };
        Ok((output::row(seed, &inputs, &outcome), outcome))
    };
    let bar = bar(args.num_replications);
    let mut outcomes = Vec::new();
    let mut next = Some(args.seed_starting);
    while let Some(first) = next {
        let last = first
            .saturating_add(BATCH * threads as u64 - 1)
            .min(last_seed);
        next = last.checked_add(1).filter(|&seed| seed <= last_seed);
        let finished: Vec<_> = pool.install(|| {
            let seeds = (first..=last).into_par_iter();
            seeds.map_init(Worker::default, one).collect()
        });
        for replication in finished {
            let (row, outcome) = replication?;
            out.add(&row)?;
            outcomes.push(outcome);
        }
        bar.inc(last - first + 1);
    }
    bar.finish_and_clear();
    out.finish()?;
    print(&format!(
        "{}results: {}\n",
        summary(&outcomes),
        args.out_file.display()
    ))
}

/// What is simulated.
enum Load {
    Snapshot(SnapshotLoad),
    Dynamic(DynamicLoad, Periods),
}

fn setting(args: &Args) -> Result<Setting, CommandError> {
    let setting = Setting {
        alpha: args.alpha,
        beta: args.beta,
        storage_local: args.cloud_storage_cost_local,
        storage_remote: args.cloud_storage_cost_remote,
        applications: args.app_model.clone(),
        mu: args.mu_algorithm,
        lambda: args.lambda_algorithm,
        poisson: args.poisson,
    };
    setting.check()?;
    for (option, number) in [
        ("--avg-apps", args.avg_apps),
        ("--avg-lambda", args.avg_lambda),
        ("--avg-mu", args.avg_mu),
    ] {
        if number > MAX_APPS {
            return Err(CommandError::Usage(format!(
                "{option} is {number}, expected at most {MAX_APPS}"
            )));
        }
    }
    Ok(setting)
}

fn last_seed(args: &Args) -> Result<u64, CommandError> {
    let number = args.num_replications;
    number
        .checked_sub(1)
        .and_then(|further| args.seed_starting.checked_add(further))
        .ok_or_else(|| {
            CommandError::Usage(format!(
                "--num-replications is {number} from seed {}, expected at least 1 and seeds \
                 below 2^64",
                args.seed_starting
            ))
        })
}

/// The network, and whether it is the example.
fn network(args: &Args) -> Result<(Network, bool), CommandError> {
    let given = [&args.nodes_path, &args.links_path, &args.edges_path];
    let defaults = ["nodes", "links", "edges"];
    let is_example = given.iter().all(|file| file.is_none())
        && defaults.iter().all(|file| !Path::new(file).exists());
    if is_example {
        let network = example::city(example::CELLS, args.cloud_distance_factor)?;
        return Ok((network, true));
    }
    let file = |at: usize| {
        given[at]
            .clone()
            .unwrap_or_else(|| PathBuf::from(defaults[at]))
    };
    let topology = Topology::read(file(0), file(1), file(2))?;
    let network = Network::of_topology(&topology, args.cloud_distance_factor)?;
    Ok((network, false))
}

fn load(args: &Args) -> Result<Load, CommandError> {
    if args.kind == Kind::Snapshot {
        return Ok(Load::Snapshot(SnapshotLoad {
            lambda: args.avg_lambda,
            mu: args.avg_mu,
        }));
    }
    let load = DynamicLoad {
        apps: args.avg_apps,
        duration: args.duration,
        warm_up: args.warm_up,
        epoch: args.epoch,
    };
    load.check()?;
    let periods = Periods::read(&args.apps_path, args.min_periods)?;
    Ok(Load::Dynamic(load, periods))
}

/// The file of the results, which changes when all rows are there.
struct Output<'a> {
    path: &'a Path,
    file: WholeFile,
}

impl<'a> Output<'a> {
    fn start(path: &'a Path, append: bool) -> Result<Self, CommandError> {
        let failed = |cause| CommandError::Place {
            path: path.to_owned(),
            cause,
        };
        let mut file = WholeFile::create(path).map_err(failed)?;
        if append {
            match File::open(path) {
                Ok(before) => {
                    io::copy(&mut BufReader::new(before), &mut file).map_err(failed)?;
                }
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => return Err(failed(cause)),
            }
        }
        Ok(Self { path, file })
    }

    fn failed(&self) -> impl Fn(io::Error) -> CommandError + use<> {
        let path = self.path.to_owned();
        move |cause| CommandError::Write {
            path: path.clone(),
            cause,
        }
    }

    fn add(&mut self, row: &str) -> Result<(), CommandError> {
        let failed = self.failed();
        self.file.write_all(row.as_bytes()).map_err(failed)
    }

    fn finish(self) -> Result<(), CommandError> {
        let failed = self.failed();
        self.file.finish().map_err(failed)
    }
}

/// The table of columns, in the original's form with the meaning at the end of each line.
fn explanation() -> String {
    let mut text = String::new();
    for (at, (name, meaning)) in COLUMNS.iter().enumerate() {
        let kind = if at < INPUTS { "[in]  " } else { "[out] " };
        // Writing to a string does not fail.
        let _ = writeln!(text, "#{}\t{kind}{name}\t{meaning}", at + 1);
    }
    text
}

fn summary(outcomes: &[Outcome]) -> String {
    type Measure = (&'static str, fn(&Outcome) -> f64);
    const SHOWN: [Measure; 9] = [
        ("num-lambda", |outcome| outcome.num_lambda),
        ("num-mu", |outcome| outcome.num_mu),
        ("lambda-cost", |outcome| outcome.lambda_cost),
        ("lambda-service-cloud", |outcome| {
            outcome.lambda_service_cloud
        }),
        ("mu-cost", |outcome| outcome.mu_cost),
        ("mu-cloud", |outcome| outcome.mu_cloud),
        ("mu-service-cloud", |outcome| outcome.mu_service_cloud),
        ("mu-migrations", |outcome| outcome.mu_migrations as f64),
        ("num-optimizations", |outcome| {
            outcome.num_optimizations as f64
        }),
    ];
    let mut table = TextTable::new()
        .left("result")
        .right("mean")
        .right("± 95 %");
    for (name, measure) in SHOWN {
        let values: Vec<f64> = outcomes.iter().map(measure).collect();
        let values: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        let cells = match Interval::of(&values) {
            Some(interval) => [
                format!("{:.4}", interval.mean),
                interval
                    .half_width
                    .map_or("-".into(), |half| format!("{half:.4}")),
            ],
            None => ["-".into(), "-".into()],
        };
        let [mean, half] = cells;
        table.row(vec![name.to_owned(), mean, half]);
    }
    format!("{}{} replications\n", table.render(), outcomes.len())
}

fn bar(steps: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(10))
}

fn print(text: &str) -> Result<(), CommandError> {
    console::print(text).map_err(CommandError::Print)
}
