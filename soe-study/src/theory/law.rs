//! Laws: what a scenario must measure, whatever the seed.

use std::convert::Infallible;

use analysis::{CallRecord, Interval, Names, SampleRecord, Unit};
use scenarios::format::Scenario;
use soe_model::deployment::Deployment;
use soe_sim::{ALL, Observer, Progress, ReplicationResult, RunOptions, run};

/// A theorem, and the scenarios in which the simulator must obey it.
#[derive(Clone, Debug)]
pub struct Law {
    /// A short name, unique among the laws.
    pub name: &'static str,
    /// What it says.
    pub statement: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// Where it must hold.
    pub cases: Vec<Case>,
    /// How the model is broken on purpose, to see that the law finds out.
    pub sabotage: Sabotage,
}

/// A scenario, and what it must measure.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is special about it; empty if it is the only case.
    pub name: &'static str,
    /// The scenario (TOML).
    pub scenario: String,
    /// What it must measure.
    pub claims: Vec<Claim>,
}

/// A number that theory predicts.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What it is, for people.
    pub what: String,
    /// Its unit.
    pub unit: Unit,
    /// How it is measured.
    pub quantity: Quantity,
    /// What theory says, in the unit.
    pub expected: f64,
    /// By how much theory itself is off, as a share of what it says: 0 for exact laws.
    pub tolerance: f64,
}

/// A quantity of one replication.
#[derive(Clone, Copy, Debug)]
pub enum Quantity {
    /// A metric of an entity.
    Metric(&'static str, &'static str),
    /// The sum of a metric over all its entities.
    Sum(&'static str),
    /// Computed from what was measured.
    Computed(fn(&Measured<'_>) -> f64),
    /// Computed from every call.
    OfCalls(fn(&Measured<'_>) -> f64),
}

/// What one replication measured.
#[derive(Debug)]
pub struct Measured<'a> {
    /// What was simulated.
    pub deployment: &'a Deployment,
    /// Its metrics.
    pub result: &'a ReplicationResult,
    /// Its calls, in order of their end, if a claim needs them.
    pub calls: &'a [CallRecord],
}

impl Measured<'_> {
    /// A metric of an entity; not a number if there is none.
    pub fn metric(&self, name: &str, entity: &str) -> f64 {
        let mut values = self.result.metrics.iter();
        let found = values.find(|value| value.metric.name == name && value.entity == entity);
        found.map_or(f64::NAN, |found| found.value)
    }

    /// A metric of all calls.
    pub fn overall(&self, name: &str) -> f64 {
        self.metric(name, ALL)
    }

    /// The sum of a metric over all entities.
    pub fn sum(&self, name: &str) -> f64 {
        let values = self.result.metrics.iter();
        let of_metric = values.filter(|value| value.metric.name == name);
        of_metric.map(|value| value.value).sum()
    }
}

/// How the model is broken on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Sabotage {
    /// What is wrong then, for people.
    pub what: &'static str,
    /// How it is done.
    pub how: Fault,
}

/// A fault that theory must find.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The scenario is changed (as `--set` does), what theory says is not.
    Scenario(&'static [&'static str]),
    /// A metric is reported this many times too large.
    Meter(&'static str, f64),
}

/// How much work goes into a law.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Seed of all random draws.
    pub seed: u64,
    /// Replications of each case, at least 2.
    pub replications: u32,
    /// Confidence of the interval of one claim, such as 0.9999.
    pub confidence: f64,
    /// Threads; all cores if not given.
    pub threads: Option<usize>,
}

/// Whether measurement and theory agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Theory lies in the interval, and that is narrow enough to tell.
    Agrees,
    /// Theory lies outside.
    Differs,
    /// The interval is too wide to tell.
    Unclear,
}

impl Agreement {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "DIFFERS",
            Self::Unclear => "UNCLEAR",
        }
    }
}

/// A claim, and what came out.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The law.
    pub law: &'static str,
    /// The case of the law.
    pub case: &'static str,
    /// The claim.
    pub claim: Claim,
    /// What was measured, over replications.
    pub measured: Interval,
    /// Whether they agree.
    pub agreement: Agreement,
}

/// An interval that is wider than this share of its centre tells nothing.
const WIDEST: f64 = 0.05;

impl Checked {
    fn of(law: &Law, case: &Case, claim: &Claim, values: &[f64], confidence: f64) -> Option<Self> {
        let measured = Interval::with_confidence(values, confidence)?;
        let half = measured.half_width.unwrap_or(f64::INFINITY);
        // What floating point adds to numbers that are equal.
        let rounding = 1e-9 * claim.expected.abs();
        let allowed = half + claim.tolerance * claim.expected.abs() + rounding;
        let off = (measured.mean - claim.expected).abs();
        // A number that is missing agrees with nothing.
        let agreement = match off <= allowed {
            true if half > WIDEST * claim.expected.abs() && half > 0.0 => Agreement::Unclear,
            true => Agreement::Agrees,
            false => Agreement::Differs,
        };
        Some(Self {
            law: law.name,
            case: case.name,
            claim: claim.clone(),
            measured,
            agreement,
        })
    }

    /// What was measured over what theory says; 1 where both are 0.
    pub fn ratio(&self) -> f64 {
        match self.claim.expected {
            0.0 if self.measured.mean == 0.0 => 1.0,
            expected => self.measured.mean / expected,
        }
    }
}

/// Keeps all calls.
#[derive(Default)]
struct Log(Vec<CallRecord>);

impl Observer for Log {
    fn call(&mut self, call: &CallRecord, _: &Names) {
        self.0.push(*call);
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

impl Law {
    /// Simulates all cases, with the model as it is or broken on purpose, and compares.
    ///
    /// # Errors
    /// If a scenario is invalid or cannot be run; the message says why.
    pub fn check(
        &self,
        effort: &Effort,
        broken: bool,
        progress: &Progress,
    ) -> Result<Vec<Checked>, String> {
        let mut checked = Vec::new();
        for case in &self.cases {
            let place = format!("law {}", self.name);
            let fault = broken.then_some(self.sabotage.how);
            let deployment = case.deployment(&place, effort, fault)?;
            let needs_calls = |claim: &Claim| matches!(claim.quantity, Quantity::OfCalls(_));
            let observes = case.claims.iter().any(needs_calls);
            let observe = |_| Ok::<_, Infallible>(observes.then(Log::default));
            let options = RunOptions {
                threads: effort.threads,
                sample_period: None,
            };
            let runs = run(&deployment, &options, progress, observe);
            let mut runs = runs.map_err(|error| format!("{place}: {error}"))?;
            if let Some(Fault::Meter(name, factor)) = fault {
                let values = runs.iter_mut().flat_map(|(run, _)| &mut run.metrics);
                let wrong = values.filter(|value| value.metric.name == name);
                wrong.for_each(|value| value.value *= factor);
            }
            let measured: Vec<Measured<'_>> = runs
                .iter()
                .map(|(result, log)| Measured {
                    deployment: &deployment,
                    result,
                    calls: log.as_ref().map_or(&[], |log| &log.0),
                })
                .collect();
            for claim in &case.claims {
                let values: Vec<f64> = measured.iter().map(|it| claim.quantity.of(it)).collect();
                let compared = Checked::of(self, case, claim, &values, effort.confidence);
                checked.extend(compared);
            }
        }
        Ok(checked)
    }
}

impl Case {
    fn deployment(
        &self,
        place: &str,
        effort: &Effort,
        fault: Option<Fault>,
    ) -> Result<Deployment, String> {
        let named = |error: &dyn std::fmt::Display| format!("{place}: {error}");
        let mut scenario = Scenario::parse(&self.scenario, place).map_err(|error| named(&error))?;
        let changes: &[&str] = match fault {
            Some(Fault::Scenario(changes)) => changes,
            _ => &[],
        };
        for change in changes {
            scenario.set(change).map_err(|error| named(&error))?;
        }
        let mut deployment = scenario.resolve().map_err(|error| named(&error))?;
        deployment.run.seed = effort.seed;
        deployment.run.replications = effort.replications;
        Ok(deployment)
    }
}

impl Quantity {
    fn of(self, measured: &Measured<'_>) -> f64 {
        match self {
            Self::Metric(name, entity) => measured.metric(name, entity),
            Self::Sum(name) => measured.sum(name),
            Self::Computed(of) | Self::OfCalls(of) => of(measured),
        }
    }
}
