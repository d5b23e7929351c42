//! One run of a workflow, on the side of its client.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use sim_core::{SimDuration, SimTime};

use super::matter::{JoinRule, Matter};
use super::message::{Request, Response, States};
use super::plan::Plan;

/// Who calls the functions after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Style {
    /// The client.
    ClientDriven,
    /// The computers, in sequence; the last one calls back.
    HopByHop {
        /// The endpoint that receives the result.
        callback: String,
    },
}

/// What to run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpec<M: Matter> {
    /// The workflow.
    pub plan: Arc<Plan>,
    /// Who calls the functions.
    pub style: Style,
    /// What the first function receives.
    pub argument: M::Argument,
    /// All states of the workflow.
    pub states: States<M>,
    /// Identifies this run.
    pub uuid: String,
    /// What functions with several predecessors receive, if the client calls
    /// them.
    pub join: JoinRule,
    /// How long the client waits for the result.
    pub deadline: SimDuration,
}

/// What a client wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum RunAction<M: Matter> {
    /// Send a request, and report what comes back.
    Call {
        /// The step it is about; the request may speak of this step alone.
        step: u32,
        /// The request.
        request: Request<M>,
    },
    /// The run has ended.
    Done(Outcome<M>),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<M: Matter> {
    /// What the last function returned, or what went wrong.
    pub result: Result<M::Argument, String>,
    /// The states, as far as the client was told.
    pub states: States<M>,
    /// Nodes passed, over all calls of the client.
    pub hops: u32,
    /// Time at computers, over all calls of the client.
    pub processing: SimDuration,
    /// Who sent the result, if the client did not call several functions.
    pub responder: String,
}

/// A run of a workflow, from the first call to the result.
///
/// ```
/// use std::sync::Arc;
/// use sim_core::{SimDuration, SimTime};
/// use soe_model::units::Bytes;
/// use soe_model::workflow::*;
///
/// let plan = Arc::new(Plan::chain(["f1", "f2"])?);
/// let mut run = Run::<Sizes>::new(SimTime::ZERO, RunSpec {
///     plan,
///     style: Style::ClientDriven,
///     argument: Bytes(100),
///     states: States::new(),
///     uuid: "24f79f9d-3e30-4a37-8b43-bd5f5c1a6d12".into(),
///     join: JoinRule::All,
///     deadline: SimDuration::from_secs(60),
/// });
/// for (step, function) in ["f1", "f2"].into_iter().enumerate() {
///     let Some(RunAction::Call { step: called, request }) = run.poll() else { panic!() };
///     assert_eq!(request.function(), function);
///     assert_eq!((called, run.poll()), (step as u32, None));
///     let response = Response {
///         retcode: OK.into(),
///         output: Some(Bytes(7)),
///         states: States::new(),
///         responder: "host".into(),
///         hops: 2,
///         uuid: None,
///     };
///     run.answered(step as u32, Ok(response), SimDuration::from_millis(27));
/// }
/// let Some(RunAction::Done(outcome)) = run.poll() else { panic!() };
/// assert_eq!(outcome.result, Ok(Bytes(7)));
/// assert_eq!(outcome.hops, 4);
/// assert_eq!(outcome.processing, SimDuration::from_millis(54));
/// # Ok::<(), GraphError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Run<M: Matter> {
    spec: RunSpec<M>,
    until: SimTime,
    /// Steps that were called and not answered.
    running: BTreeSet<u32>,
    /// Steps whose predecessors are done and that wait for a state in use.
    ready: BTreeSet<u32>,
    /// Of each step that is done, what it returned, and which came last.
    outputs: BTreeMap<u32, (M::Argument, u32)>,
    hops: u32,
    processing: SimDuration,
    responder: String,
    over: bool,
    actions: VecDeque<RunAction<M>>,
}

impl<M: Matter> Run<M> {
    /// Starts a run.
    pub fn new(now: SimTime, spec: RunSpec<M>) -> Self {
        let mut run = Self {
            until: now + spec.deadline,
            spec,
            running: BTreeSet::new(),
            ready: BTreeSet::new(),
            outputs: BTreeMap::new(),
            hops: 0,
            processing: SimDuration::ZERO,
            responder: String::new(),
            over: false,
            actions: VecDeque::new(),
        };
        match &run.spec.style {
            Style::ClientDriven => {
                run.ready.insert(0);
                run.call_ready();
            }
            Style::HopByHop { callback } => {
                let callback = Some(callback.clone());
                run.call_first(callback);
            }
        }
        run
    }

    /// What it wants done next, if anything.
    pub fn poll(&mut self) -> Option<RunAction<M>> {
        self.actions.pop_front()
    }

    /// Whether it has ended; its outcome may still have to be polled.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The request that identifies itself by this is part of the run.
    pub fn uuid(&self) -> &str {
        &self.spec.uuid
    }

    /// The call of a step was answered with a response, which took `processing`
    /// at the computer, or there was no response, with the reason.
    pub fn answered(
        &mut self,
        step: u32,
        answer: Result<Response<M>, String>,
        processing: SimDuration,
    ) {
        if self.over || !self.running.remove(&step) {
            return;
        }
        let response = match answer {
            Ok(response) => response,
            Err(text) => return self.end(Err(text)),
        };
        self.hops = self.hops.saturating_add(response.hops);
        self.processing += processing;
        self.learn(&response.states);
        if self.spec.plan.steps() == 1 {
            self.responder.clone_from(&response.responder);
        }
        match response.output {
            Some(output) if response.retcode == super::OK => self.step_done(step, output),
            _ => self.end(Err(response.retcode)),
        }
    }

    /// The first call of a run from hop to hop was acknowledged: the result will
    /// come by the callback.
    pub fn acknowledged(&mut self) {
        if matches!(self.spec.style, Style::HopByHop { .. }) {
            self.running.clear();
        }
    }

    /// A result has arrived at the callback; returns whether it belongs to this run.
    pub fn called_back(&mut self, response: &Response<M>) -> bool {
        let other = |uuid: &String| *uuid != self.spec.uuid;
        if self.over
            || self.spec.style == Style::ClientDriven
            || response.uuid.as_ref().is_some_and(other)
        {
            return false;
        }
        self.hops = response.hops;
        self.responder.clone_from(&response.responder);
        self.learn(&response.states);
        match &response.output {
            Some(output) if response.is_ok() => self.end(Ok(output.clone())),
            _ => self.end(Err(response.retcode.clone())),
        }
        true
    }

    /// When it gives up.
    pub fn next_wake(&self) -> Option<SimTime> {
        (!self.over).then_some(self.until)
    }

    /// It is now at least that time.
    pub fn wake(&mut self, now: SimTime) {
        if !self.over && self.until <= now {
            self.end(Err(format!("no result within {}", self.spec.deadline)));
        }
    }

    fn call_first(&mut self, callback: Option<String>) {
        let plan = &self.spec.plan;
        let needed = self.spec.states.iter();
        let needed = needed.filter(|(name, _)| plan.is_needed(name));
        let states = needed.map(|(name, state)| (name.clone(), state.clone()));
        let request = Request {
            plan: plan.clone(),
            step: 0,
            from: None,
            argument: self.spec.argument.clone(),
            states: states.collect(),
            uuid: self.spec.uuid.clone(),
            callback,
            hops: 0,
        };
        self.running.insert(0);
        let step = 0;
        self.actions.push_back(RunAction::Call { step, request });
    }

    /// Calls all steps that are ready and whose states are not in use.
    fn call_ready(&mut self) {
        for step in self.ready.clone() {
            let plan = &self.spec.plan;
            let taken = |state: &str| self.running.iter().any(|&other| plan.needs(other, state));
            if plan.needed_by(step).any(taken) {
                continue;
            }
            self.ready.remove(&step);
            self.running.insert(step);
            let states = plan.needed_by(step);
            let states = states.filter_map(|name| {
                let state = self.spec.states.get(name)?;
                Some((name.to_owned(), state.clone()))
            });
            let request = Request {
                states: states.collect(),
                plan: Arc::new(plan.only(step)),
                step: 0,
                from: None,
                argument: self.argument(step),
                uuid: self.spec.uuid.clone(),
                callback: None,
                hops: 0,
            };
            self.actions.push_back(RunAction::Call { step, request });
        }
    }

    /// What a step receives.
    fn argument(&self, step: u32) -> M::Argument {
        let predecessors = self.spec.plan.predecessors(step);
        let outputs = predecessors
            .iter()
            .filter_map(|step| self.outputs.get(step));
        match predecessors.len() {
            0 => self.spec.argument.clone(),
            1 => outputs
                .map(|(output, _)| output.clone())
                .next()
                .unwrap_or_else(|| self.spec.argument.clone()),
            _ if self.spec.join == JoinRule::Last => outputs
                .max_by_key(|(_, order)| *order)
                .map(|(output, _)| output.clone())
                .unwrap_or_else(|| self.spec.argument.clone()),
            _ => M::join(outputs.map(|(output, _)| output.clone()).collect()),
        }
    }

    fn step_done(&mut self, step: u32, output: M::Argument) {
        if self.spec.style != Style::ClientDriven || self.spec.plan.is_last(step) {
            return self.end(Ok(output));
        }
        let order = self.outputs.len() as u32;
        self.outputs.insert(step, (output, order));
        let plan = &self.spec.plan;
        for &next in plan.successors(step) {
            let done = |step: &u32| self.outputs.contains_key(step);
            if plan.predecessors(next).iter().all(done) {
                self.ready.insert(next);
            }
        }
        self.call_ready();
    }

    /// Notes the new places of states.
    fn learn(&mut self, states: &States<M>) {
        for (name, state) in states {
            if let Some(known) = self.spec.states.get_mut(name) {
                known.clone_from(state);
            }
        }
    }

    fn end(&mut self, result: Result<M::Argument, String>) {
        self.over = true;
        self.running.clear();
        self.ready.clear();
        let states = std::mem::take(&mut self.spec.states);
        self.actions.clear();
        self.actions.push_back(RunAction::Done(Outcome {
            result,
            states,
            hops: self.hops,
            processing: self.processing,
            responder: std::mem::take(&mut self.responder),
        }));
    }
}
