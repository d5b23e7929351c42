//! The command as a value, to which kinds can be added.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use lambdamu::command::blob;
use soe_model::broker::estimator::{ESTIMATORS, EstimatorBuilder};
use soe_model::broker::optimizer::{OPTIMIZERS, OptimizerBuilder};
use soe_model::broker::policy::{POLICIES, PolicyBuilder};
use soe_model::catalogue::{Catalogue, Kind, RegisterError};
use soe_model::client::arrival::{ARRIVALS, BuildArrivals};
use soe_model::client::size::{BuildSizes, SIZES};
use statesim::command;

use crate::cli::{BlobCommand, Cli, Command, LiveCommand, TraceCommand, ValidateCommand};
use crate::failure::Failure;
use crate::{
    analyze, check, compare, completions, export, list, live, new, plot, report, run, scenario,
    sweep, validate,
};

/// The `soe` command, with kinds of one's own.
#[derive(Debug, Default)]
#[must_use = "a program does nothing until `main` is called"]
pub struct Program {
    policies: Vec<&'static Kind<PolicyBuilder>>,
    optimizers: Vec<&'static Kind<OptimizerBuilder>>,
    estimators: Vec<&'static Kind<EstimatorBuilder>>,
    arrivals: Vec<&'static Kind<BuildArrivals>>,
    sizes: Vec<&'static Kind<BuildSizes>>,
}

impl Program {
    /// The command as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a policy of routers.
    pub fn policy(mut self, kind: Kind<PolicyBuilder>) -> Self {
        self.policies.push(lasting(kind));
        self
    }

    /// Adds an optimizer of routers.
    pub fn optimizer(mut self, kind: Kind<OptimizerBuilder>) -> Self {
        self.optimizers.push(lasting(kind));
        self
    }

    /// Adds an estimator of dispatchers.
    pub fn estimator(mut self, kind: Kind<EstimatorBuilder>) -> Self {
        self.estimators.push(lasting(kind));
        self
    }

    /// Adds an arrival process of clients.
    pub fn arrivals(mut self, kind: Kind<BuildArrivals>) -> Self {
        self.arrivals.push(lasting(kind));
        self
    }

    /// Adds a distribution of the sizes of inputs.
    pub fn sizes(mut self, kind: Kind<BuildSizes>) -> Self {
        self.sizes.push(lasting(kind));
        self
    }

    /// Makes the kinds known to the whole process, for programs that use the crates
    /// without the command. To be called once, before scenarios are read or kinds are
    /// looked up.
    ///
    /// # Errors
    /// If it is too late for that, or a declaration is impossible.
    pub fn register(self) -> Result<(), RegisterError> {
        register(&POLICIES, self.policies)?;
        register(&OPTIMIZERS, self.optimizers)?;
        register(&ESTIMATORS, self.estimators)?;
        register(&ARRIVALS, self.arrivals)?;
        register(&SIZES, self.sizes)
    }

    /// Makes the kinds known and does what the command line says. The exit status is
    /// that of `soe`; 2 if a declaration is impossible.
    pub fn main(self) -> ExitCode {
        match self.register() {
            Ok(()) => execute(),
            Err(error) => Failure::input(error).report(),
        }
    }
}

/// A kind for as long as the process lasts, as catalogues need it.
fn lasting<B>(kind: Kind<B>) -> &'static Kind<B> {
    Box::leak(Box::new(kind))
}

fn register<B>(
    catalogue: &Catalogue<B>,
    kinds: Vec<&'static Kind<B>>,
) -> Result<(), RegisterError> {
    match kinds.is_empty() {
        true => Ok(()),
        false => catalogue.register(kinds),
    }
}

fn execute() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Study(args) => sweep::study(&args),
        Command::Scenario(args) => scenario::run(&args),
        Command::New(args) => new::run(&args),
        Command::List(args) => list::run(&args),
        Command::Statesim(args) => command::run(&args).map_err(Failure::from),
        Command::Lambdamu(args) => lambdamu::command::run(&args).map_err(Failure::from),
        Command::Trace(TraceCommand::Blob(args)) => match args {
            BlobCommand::Inspect(args) => blob::inspect(&args),
            BlobCommand::Convert(args) => blob::convert(&args),
            BlobCommand::Cost(args) => blob::cost(&args),
        }
        .map_err(Failure::from),
        Command::Topology(args) => command::topology(&args).map_err(Failure::from),
        Command::Workload(args) => command::workload(&args).map_err(Failure::from),
        Command::Live(LiveCommand::Up(args)) => live::up(&args),
        Command::Live(LiveCommand::Serve(args)) => live::serve(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Compare(args) => match compare::run(&args) {
            Ok(status) => return status,
            Err(failure) => Err(failure),
        },
        Command::Validate(ValidateCommand::Theory(args)) => validate::theory(&args),
        Command::Validate(ValidateCommand::Live(args)) => match validate::live(&args) {
            Ok(status) => return status,
            Err(failure) => Err(failure),
        },
        Command::Check(args) => check::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Completions { shell } => completions::run(shell, &mut Cli::command()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
