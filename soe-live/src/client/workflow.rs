//! Running workflows: chains and graphs of functions, and single functions whose
//! result is sent to a callback.
//!
//! [`Workflow`] drives a [`Run`] of the model for each call of a client. It sends the
//! requests of the run over the network, one after the other or in parallel, and
//! reports the responses, which decide the next requests.

mod conf;
mod results;
mod shelf;

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sim_core::SimDuration;
use soe_model::workflow::{
    Argument, Contents, JoinRule, Outcome, Plan, Run, RunAction, RunSpec, States, Style,
};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::call::{CallError, Caller};
use crate::clock::Clock;
use crate::rpc::{self, LambdaResponse};
use crate::timer::until;
use crate::workflow::{response, to_request};

pub use conf::WorkflowConf;
pub(super) use conf::{Asked, write_template};
pub use results::Results;
pub(crate) use shelf::Shelf;

/// Runs a workflow for each call of a client.
#[derive(Debug)]
pub struct Workflow {
    /// Where the functions are called.
    pub caller: Caller,
    /// Where results come to, if the computers call each other; otherwise the
    /// client calls all functions.
    pub results: Option<Arc<Results>>,
    /// What functions with several predecessors receive, if the client calls them.
    pub join: JoinRule,
    /// How long a run may take.
    pub deadline: SimDuration,
    /// Whether answers name who executed the last function, and its loads, also if
    /// the client has called several; the original's do not.
    pub names_last: bool,
    /// What to run.
    pub source: Box<dyn Source>,
}

/// What one run is to do.
#[derive(Clone, Debug)]
pub struct Job {
    /// The functions.
    pub plan: Arc<Plan>,
    /// The states, or where they are.
    pub states: States<Contents>,
    /// Identifies the run.
    pub uuid: String,
}

/// Says what each run is to do.
#[tonic::async_trait]
pub trait Source: std::fmt::Debug + Send + Sync {
    /// What the next run is to do.
    ///
    /// # Errors
    /// If its states cannot be put where they belong.
    async fn begin(&self) -> Result<Job, String>;

    /// A run has ended; `states` are the known locations of its states.
    async fn end(&self, states: States<Contents>);
}

/// The same plan for each run, which finds its states as the last one left them.
#[derive(Debug)]
pub struct Same {
    plan: Arc<Plan>,
    states: Mutex<States<Contents>>,
}

impl Same {
    /// This plan with these states.
    pub fn new(plan: Arc<Plan>, states: States<Contents>) -> Self {
        let states = Mutex::new(states);
        Self { plan, states }
    }
}

#[tonic::async_trait]
impl Source for Same {
    async fn begin(&self) -> Result<Job, String> {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Job {
            plan: self.plan.clone(),
            states: states.clone(),
            uuid: Uuid::new_v4().to_string(),
        })
    }

    async fn end(&self, states: States<Contents>) {
        *self.states.lock().unwrap_or_else(PoisonError::into_inner) = states;
    }
}

impl Workflow {
    /// Runs the workflow once, and returns what comes of it as the answer of a
    /// call: hops and processing time of all calls together; responder and loads
    /// only if there was no other function.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn run(&self, text: String) -> Result<LambdaResponse, CallError> {
        let job = self.source.begin().await.map_err(CallError::Refused)?;
        let named = self.names_last || job.plan.steps() == 1;
        let clock = Clock::start();
        let (mut result, style) = match &self.results {
            None => (None, Style::ClientDriven),
            Some(results) => {
                let callback = results.endpoint().to_owned();
                let result = results.expect(&job.uuid);
                (Some(result), Style::HopByHop { callback })
            }
        };
        let argument = Argument {
            text,
            data: Vec::new(),
        };
        let mut run: Run<Contents> = Run::new(
            clock.now(),
            RunSpec {
                plan: job.plan,
                style,
                argument,
                states: job.states,
                uuid: job.uuid,
                join: self.join,
                deadline: self.deadline,
            },
        );
        let mut calls = FuturesUnordered::new();
        let mut last = Last::default();
        let mut error = None;
        loop {
            while let Some(action) = run.poll() {
                match action {
                    RunAction::Call { step, request } => {
                        let message = to_request(&request);
                        let called = self.caller.call(message);
                        calls.push(async move { (step, called.await) });
                    }
                    RunAction::Done(outcome) => {
                        self.source.end(outcome.states.clone()).await;
                        let last = if named { last } else { Last::default() };
                        return done(outcome, last, error);
                    }
                }
            }
            let due = run.next_wake().and_then(|due| clock.instant(due));
            tokio::select! {
                Some((step, answer)) = calls.next(), if !calls.is_empty() => match answer {
                    Ok(answer) if answer.asynchronous => run.acknowledged(),
                    Ok(answer) => {
                        last.loads = [answer.load1, answer.load10, answer.load30];
                        last.responder.clone_from(&answer.responder);
                        let processing = SimDuration::from_millis(answer.ptime.into());
                        run.answered(step, Ok(response(answer)), processing);
                    }
                    Err(problem) => {
                        run.answered(step, Err(problem.to_string()), SimDuration::ZERO);
                        error = Some(problem);
                    }
                },
                Some(result) = came(&mut result) => {
                    run.called_back(&response(result));
                }
                () = until(due) => run.wake(clock.now()),
            }
        }
    }
}

/// What is known about the function that was executed last.
#[derive(Default)]
struct Last {
    loads: [u32; 3],
    responder: String,
}

/// What comes of a run, as the answer of a call.
fn done(
    outcome: Outcome<Contents>,
    last: Last,
    error: Option<CallError>,
) -> Result<LambdaResponse, CallError> {
    let output = match outcome.result {
        Ok(output) => output,
        // The problem itself if it is the reason, and not only its text.
        Err(text) => {
            let same = |error: &CallError| error.to_string() == text;
            return Err(error.filter(same).unwrap_or(CallError::Refused(text)));
        }
    };
    let milliseconds = (outcome.processing.as_nanos() + 500_000) / 1_000_000;
    let [load1, load10, load30] = last.loads;
    let responder = match outcome.responder.as_str() {
        "" => last.responder,
        _ => outcome.responder,
    };
    Ok(LambdaResponse {
        retcode: rpc::OK.to_owned(),
        output: output.text,
        dataout: output.data.into(),
        responder,
        ptime: u32::try_from(milliseconds).unwrap_or(u32::MAX),
        load1,
        load10,
        load30,
        hops: outcome.hops,
        ..LambdaResponse::default()
    })
}

/// The result when it comes, once; for ever if none is expected.
async fn came(result: &mut Option<oneshot::Receiver<LambdaResponse>>) -> Option<LambdaResponse> {
    let Some(receiver) = result else {
        return std::future::pending().await;
    };
    let came = receiver.await.ok();
    *result = None;
    came
}
