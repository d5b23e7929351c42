//! Plans: the functions, their order, and their states.

use std::collections::BTreeMap;

use super::graph::{Graph, GraphError};

/// What a workflow looks like to those who speak about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// One function, called asynchronously.
    Single,
    /// One function after the other.
    Chain,
    /// A directed acyclic graph with one entry and one exit.
    Dag,
}

/// Which functions run in which order, and which state each of them needs.
///
/// A step is one execution of a function; the same function may be executed by
/// several steps. Steps are numbered from 0, the entry, to the last, the exit.
///
/// ```
/// use soe_model::workflow::Plan;
///
/// let needs = [("s0", vec!["f1"]), ("s1", vec!["f1", "f2"])];
/// let plan = Plan::chain(["f1", "f2", "f1"])?.with_states(needs);
/// assert_eq!(plan.name(), "f1-f2-f1");
/// assert_eq!(plan.successors(1), [2]);
/// assert_eq!(plan.needed_by(1).collect::<Vec<_>>(), ["s1"]);
/// # Ok::<(), soe_model::workflow::GraphError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    shape: Shape,
    functions: Vec<String>,
    graph: Graph,
    dependencies: BTreeMap<String, Vec<String>>,
}

impl Plan {
    /// A single function.
    pub fn single(function: impl Into<String>) -> Self {
        Self {
            shape: Shape::Single,
            functions: vec![function.into()],
            graph: one_step(),
            dependencies: BTreeMap::new(),
        }
    }

    /// One function after the other. An empty chain is a chain of the function
    /// without a name.
    ///
    /// # Errors
    /// If there are too many.
    pub fn chain<F: Into<String>>(
        functions: impl IntoIterator<Item = F>,
    ) -> Result<Self, GraphError> {
        let mut functions: Vec<_> = functions.into_iter().map(Into::into).collect();
        if functions.is_empty() {
            functions.push(String::new());
        }
        Ok(Self {
            shape: Shape::Chain,
            graph: Graph::line(functions.len())?,
            functions,
            dependencies: BTreeMap::new(),
        })
    }

    /// Step *n* executes `functions[n]` and is followed by the steps
    /// `successors[n]`; the last one is followed by nothing and has no list.
    /// Functions that are missing have no name.
    ///
    /// # Errors
    /// If the steps cannot be put in order, or not all of them lie between the
    /// first and the last.
    pub fn dag<F: Into<String>>(
        functions: impl IntoIterator<Item = F>,
        successors: &[Vec<u64>],
    ) -> Result<Self, GraphError> {
        let graph = Graph::new(successors)?;
        let mut functions: Vec<String> = functions.into_iter().map(Into::into).collect();
        functions.resize(graph.len(), String::new());
        Ok(Self {
            shape: Shape::Dag,
            functions,
            graph,
            dependencies: BTreeMap::new(),
        })
    }

    /// The same with state: its name, and the functions that need it.
    #[must_use]
    pub fn with_states<S: Into<String>, F: Into<String>>(
        mut self,
        states: impl IntoIterator<Item = (S, Vec<F>)>,
    ) -> Self {
        for (state, functions) in states {
            let functions = functions.into_iter().map(Into::into).collect();
            self.dependencies.insert(state.into(), functions);
        }
        self
    }

    /// The same with other names of states.
    #[must_use]
    pub fn renamed(&self, name: impl Fn(&str) -> String) -> Self {
        let dependencies = self.dependencies.iter();
        let dependencies = dependencies.map(|(state, functions)| (name(state), functions.clone()));
        Self {
            dependencies: dependencies.collect(),
            ..self.clone()
        }
    }

    /// What it looks like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How many steps there are, at least 1.
    pub fn steps(&self) -> u32 {
        self.functions.len() as u32
    }

    /// The function of each step.
    pub fn functions(&self) -> &[String] {
        &self.functions
    }

    /// The function of a step; the empty name if there is no such step.
    pub fn function(&self, step: u32) -> &str {
        self.functions.get(step as usize).map_or("", String::as_str)
    }

    /// The steps that follow `step`, in the order in which they were listed.
    pub fn successors(&self, step: u32) -> &[u32] {
        self.graph.successors(step)
    }

    /// The steps that `step` follows, in ascending order.
    pub fn predecessors(&self, step: u32) -> &[u32] {
        self.graph.predecessors(step)
    }

    /// All steps, each after its predecessors.
    pub fn order(&self) -> &[u32] {
        self.graph.order()
    }

    /// Whether `step` ends the workflow.
    pub fn is_last(&self, step: u32) -> bool {
        step + 1 >= self.steps()
    }

    /// Whether `step` waits for several others.
    pub fn is_join(&self, step: u32) -> bool {
        self.predecessors(step).len() > 1
    }

    /// The functions that need each state, by name of the state.
    pub fn dependencies(&self) -> &BTreeMap<String, Vec<String>> {
        &self.dependencies
    }

    /// Whether the function of a step needs a state.
    pub fn needs(&self, step: u32, state: &str) -> bool {
        let function = self.function(step);
        let functions = self.dependencies.get(state);
        functions.is_some_and(|functions| functions.iter().any(|needing| needing == function))
    }

    /// The states that the function of a step needs, by name.
    pub fn needed_by(&self, step: u32) -> impl Iterator<Item = &str> {
        let names = self.dependencies.keys();
        names
            .filter(move |name| self.needs(step, name))
            .map(String::as_str)
    }

    /// Whether some function needs a state.
    pub fn is_needed(&self, state: &str) -> bool {
        self.dependencies
            .get(state)
            .is_some_and(|functions| !functions.is_empty())
    }

    /// The functions of all steps, joined by hyphens: how clients call it.
    pub fn name(&self) -> String {
        self.functions.join("-")
    }

    /// A single step of this plan as a separate chain, with the states that it
    /// needs: what a client sends that calls the functions one by one.
    ///
    /// It is a chain, also for a step of a DAG: brokers of the original drop a
    /// DAG of one function together with its dependencies, but keep a chain.
    #[must_use]
    pub fn only(&self, step: u32) -> Self {
        let function = self.function(step).to_owned();
        let needed = self.needed_by(step);
        let dependencies = needed.map(|state| (state.to_owned(), vec![function.clone()]));
        Self {
            shape: Shape::Chain,
            graph: one_step(),
            dependencies: dependencies.collect(),
            functions: vec![function],
        }
    }

    /// For each step that is at or before `step`, in order: the last one whose
    /// function needs the state, as its place in [`Self::order`]; `None` if there
    /// is none.
    pub(super) fn last_touched(&self, step: u32, state: &str) -> Option<usize> {
        let mut before = vec![false; self.functions.len()];
        let mut waiting = vec![step];
        while let Some(step) = waiting.pop() {
            let seen = &mut before[step as usize];
            if !std::mem::replace(seen, true) {
                waiting.extend(self.predecessors(step));
            }
        }
        let touches = |step: &u32| before[*step as usize] && self.needs(*step, state);
        self.order().iter().rposition(touches)
    }
}

fn one_step() -> Graph {
    // A graph of one step is always in order.
    Graph::new(&[]).unwrap_or_else(|_| unreachable!("one step has nothing to wait for"))
}
