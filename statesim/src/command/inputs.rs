//! The inputs of an evaluation, from the options.

use std::path::{Path, PathBuf};

use soe_model::topology::Topology;

use super::{Args, CommandError};
use crate::allocation::{self, AllocationPolicy};
use crate::execution::{self, ExecutionPolicy};
use crate::jobs::Jobs;
use crate::meter::Cloud;
use crate::pool::Factors;
use crate::{example, trace};

/// The options, checked and complete.
pub(super) struct Parameters {
    pub(super) is_example: bool,
    pub(super) cloud: Cloud,
    pub(super) factors: Factors,
    pub(super) functions: usize,
    pub(super) jobs: usize,
    pub(super) first_seed: u64,
    pub(super) last_seed: u64,
    pub(super) allocations: Vec<&'static dyn AllocationPolicy>,
    pub(super) executions: Vec<&'static dyn ExecutionPolicy>,
    pub(super) threads: usize,
    pub(super) outdir: Option<PathBuf>,
}

const DEFAULT_FILES: [&str; 4] = ["nodes", "links", "edges", "tasks"];

/// More than that are a slip of the keyboard.
const MAX_FUNCTIONS: usize = 1_000_000;
const MAX_THREADS: usize = 1024;

impl Parameters {
    /// How many replications there are of each pair of policies.
    pub(super) fn replications(&self) -> usize {
        let seeds = (self.last_seed - self.first_seed).saturating_add(1);
        usize::try_from(seeds).unwrap_or(usize::MAX)
    }

    pub(super) fn of(args: &Args) -> Result<Self, CommandError> {
        let given = [
            &args.nodes_file,
            &args.links_file,
            &args.edges_file,
            &args.tasks_file,
        ];
        let is_example = given.iter().all(|file| file.is_none())
            && DEFAULT_FILES.iter().all(|file| !Path::new(file).exists());
        let default = Defaults::of(is_example);
        let replications = args.num_replications.unwrap_or(default.replications);
        let last_seed = replications
            .checked_sub(1)
            .and_then(|further| args.seed_starting.checked_add(further))
            .ok_or_else(|| {
                CommandError::Usage(format!(
                    "--num-replications is {replications} from seed {}, expected at least 1 and \
                     seeds below 2^64",
                    args.seed_starting
                ))
            })?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let factors = Factors {
            operations: factor("--ops-factor", args.ops_factor, default.factors.operations)?,
            argument: factor("--arg-factor", args.arg_factor, default.factors.argument)?,
            state: factor("--state-factor", args.state_factor, default.factors.state)?,
        };
        let outdir = match &args.outdir {
            Some(folder) if folder.is_empty() => None,
            Some(folder) => Some(PathBuf::from(folder)),
            None => default.outdir.map(PathBuf::from),
        };
        Ok(Self {
            is_example,
            cloud: Cloud {
                latency: args.cloud_latency.unwrap_or(default.cloud.latency),
                rate_mbps: args.cloud_rate.unwrap_or(default.cloud.rate_mbps),
            },
            factors,
            functions: number(
                "--num-functions",
                args.num_functions.map(|number| number as usize),
                default.functions,
                MAX_FUNCTIONS,
            )?,
            jobs: number(
                "--num-jobs",
                args.num_jobs.map(|number| number as usize),
                default.jobs,
                u32::MAX as usize,
            )?,
            first_seed: args.seed_starting,
            last_seed,
            allocations: policies(
                "--alloc-policies",
                args.alloc_policies
                    .as_deref()
                    .unwrap_or(default.allocations),
                &allocation::ALL,
                |policy| policy.name(),
            )?,
            executions: policies(
                "--exec-policies",
                args.exec_policies.as_deref().unwrap_or(default.executions),
                &execution::ALL,
                |policy| policy.name(),
            )?,
            threads: number("--num-threads", args.num_threads, cores, MAX_THREADS)?,
            outdir,
        })
    }

    /// Reads the network and the jobs.
    pub(super) fn read(&self, args: &Args) -> Result<(Topology, Jobs), CommandError> {
        if self.is_example {
            return Ok((example::topology()?, example::jobs()?));
        }
        let file = |given: &Option<PathBuf>, default: usize| {
            given
                .clone()
                .unwrap_or_else(|| PathBuf::from(DEFAULT_FILES[default]))
        };
        let topology = Topology::read(
            file(&args.nodes_file, 0),
            file(&args.links_file, 1),
            file(&args.edges_file, 2),
        )?;
        let jobs = trace::read(file(&args.tasks_file, 3), args.row_layout)?;
        Ok((topology, jobs))
    }
}

/// What holds where an option is not given.
struct Defaults {
    cloud: Cloud,
    factors: Factors,
    functions: usize,
    jobs: usize,
    replications: u64,
    allocations: &'static str,
    executions: &'static str,
    outdir: Option<&'static str>,
}

impl Defaults {
    fn of(is_example: bool) -> Self {
        if is_example {
            // As in study 002 of the original, on a smaller scale.
            return Self {
                cloud: Cloud {
                    latency: 0.06,
                    rate_mbps: 50.0,
                },
                factors: Factors {
                    operations: 1e5,
                    argument: 1e6,
                    state: 1e6,
                },
                functions: 10,
                jobs: 50,
                replications: 30,
                allocations: "ProcOnly,ProcNet",
                executions: "PureFaaS,StatePropagate,StateLocal,UnchainedExternal,\
                             UnchainedInEdge,UnchainedInFunction,UnchainedInClient",
                outdir: None,
            };
        }
        Self {
            cloud: Cloud::default(),
            factors: Factors::default(),
            functions: 5,
            jobs: 10,
            replications: 1,
            allocations: "ProcOnly",
            executions: "PureFaaS",
            outdir: Some("data"),
        }
    }
}

fn number(
    name: &str,
    given: Option<usize>,
    default: usize,
    most: usize,
) -> Result<usize, CommandError> {
    let number = given.unwrap_or(default);
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    Err(CommandError::Usage(format!(
        "{name} is {number}, expected 1 to {most}"
    )))
}

fn factor(name: &str, given: Option<f64>, default: f64) -> Result<f64, CommandError> {
    let factor = given.unwrap_or(default);
    if factor.is_finite() && factor >= 0.0 {
        return Ok(factor);
    }
    Err(CommandError::Usage(format!(
        "{name} is {factor}, expected a number, 0 or more"
    )))
}

/// The policies of a list of names, each once and in the order of all.
fn policies<P: Copy>(
    option: &str,
    list: &str,
    all: &[P],
    name_of: impl Fn(&P) -> &'static str,
) -> Result<Vec<P>, CommandError> {
    let names: Vec<&str> = list.split(',').filter(|name| !name.is_empty()).collect();
    let known = || all.iter().map(&name_of).collect::<Vec<_>>().join(", ");
    let unknown = names
        .iter()
        .find(|name| all.iter().all(|policy| name_of(policy) != **name));
    if let Some(unknown) = unknown {
        return Err(CommandError::Usage(format!(
            "{option} has `{unknown}`, expected some of {}",
            known()
        )));
    }
    if names.is_empty() {
        return Err(CommandError::Usage(format!(
            "{option} is empty, expected some of {}",
            known()
        )));
    }
    let chosen = all.iter().filter(|policy| names.contains(&name_of(policy)));
    Ok(chosen.copied().collect())
}
