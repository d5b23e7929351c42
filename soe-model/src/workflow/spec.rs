//! Workflows as part of a deployment.

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::{SimDuration, Stream};

use super::graph::GraphError;
use super::matter::JoinRule;
use super::plan::Plan;
use crate::units::Bytes;

/// A workflow that clients run: by its name they ask for it as for a function.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowSpec {
    /// Its name.
    pub name: String,
    /// For each step the functions among which each run draws one.
    pub steps: Vec<Vec<String>>,
    /// For each step but the last the steps that follow it; nothing if each is
    /// followed by the next.
    pub successors: Option<Vec<Vec<u64>>>,
    /// Its states.
    pub states: Vec<WorkflowState>,
    /// Whether the computers call each other, or the client calls them all.
    pub hop_by_hop: bool,
    /// Whether states stay on servers and references travel.
    pub remote: bool,
    /// What functions with several predecessors receive.
    pub join: JoinRule,
    /// How long the client waits for the result.
    pub deadline: SimDuration,
    /// Whether a run finds its states where the last one of the same client left
    /// them; otherwise each has its own states.
    pub keep: bool,
}

/// A state of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowState {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size: Bytes,
    /// The functions that need it.
    pub needed_by: Vec<String>,
    /// Whether each run draws which of these functions need it: of the *n* steps
    /// that execute one of them, as many as a number drawn from 0 to *n* - 1.
    pub drawn: bool,
    /// The computer on whose state server it lies first, or that of the client.
    pub at: Option<String>,
}

/// What a computer contributes to workflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowHost {
    /// The computer.
    pub computer: String,
    /// The broker through which it calls the next functions; without one it only
    /// executes synchronously.
    pub companion: Option<String>,
    /// Where the states are that its functions work on.
    pub state_server: StateServer,
}

/// Where the states are that the functions of a computer work on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StateServer {
    /// On its own server, to which they move.
    #[default]
    Own,
    /// On the server of this computer, where they stay.
    Of(String),
    /// Nowhere: it cannot work on remote states.
    None,
}

impl WorkflowSpec {
    /// What one run is to do. `state` says how its states are called.
    ///
    /// # Errors
    /// If the steps cannot be put in order.
    pub fn draw(
        &self,
        stream: &mut Stream,
        state: impl Fn(&str) -> String,
    ) -> Result<Arc<Plan>, GraphError> {
        let mut functions = Vec::with_capacity(self.steps.len());
        for choices in &self.steps {
            let chosen = match choices.as_slice() {
                [] => "",
                [one] => one,
                several => &several[stream.index(several.len())],
            };
            functions.push(chosen.to_owned());
        }
        let needs = |spec: &WorkflowState, stream: &mut Stream| {
            if !spec.drawn {
                return spec.needed_by.clone();
            }
            let needs = |function: &&String| spec.needed_by.contains(function);
            let mut steps: Vec<_> = functions.iter().filter(needs).cloned().collect();
            if steps.is_empty() {
                return Vec::new();
            }
            let count = stream.index(steps.len());
            for place in 0..count {
                let other = place + stream.index(steps.len() - place);
                steps.swap(place, other);
            }
            steps.truncate(count);
            steps
        };
        let mut states = BTreeMap::new();
        for spec in &self.states {
            states.insert(state(&spec.name), needs(spec, stream));
        }
        let plan = match &self.successors {
            None => Plan::chain(functions)?,
            Some(successors) => Plan::dag(functions, successors)?,
        };
        Ok(Arc::new(plan.with_states(states)))
    }

    /// Whether all runs are alike.
    pub fn is_fixed(&self) -> bool {
        let one = |choices: &Vec<String>| choices.len() == 1;
        self.steps.iter().all(one) && !self.states.iter().any(|state| state.drawn)
    }

    /// What results call it: its functions joined by hyphens, as the original's
    /// clients do, or its name if runs differ.
    pub fn display_name(&self) -> String {
        if self.steps.iter().all(|choices| choices.len() == 1) {
            self.steps.concat().join("-")
        } else {
            self.name.clone()
        }
    }
}
