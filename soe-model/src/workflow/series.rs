//! The runs that one client makes of a workflow.

use std::sync::Arc;

use sim_core::{Stream, Streams};

use super::graph::GraphError;
use super::meeting::uuid;
use super::plan::Plan;
use super::spec::WorkflowSpec;

/// Draws what each run of one client is to do. Simulated and live clients with the
/// same seed draw the same.
#[derive(Clone, Debug)]
pub struct Series {
    client: String,
    spec: WorkflowSpec,
    stream: Stream,
    /// The plan of every run, if all are alike.
    plan: Option<Arc<Plan>>,
}

impl Series {
    /// The runs of the client called `client`.
    ///
    /// # Errors
    /// If the steps of the workflow cannot be put in order.
    pub fn new(client: &str, spec: &WorkflowSpec, streams: &Streams) -> Result<Self, GraphError> {
        let mut series = Self {
            client: client.to_owned(),
            spec: spec.clone(),
            stream: streams.stream(client, "workflow"),
            plan: None,
        };
        // Shows that every run can be drawn, without touching what it will draw.
        let mut trial = streams.stream(client, "workflow trial");
        let plan = series.plan(&mut trial, 0)?;
        if spec.is_fixed() && spec.keep {
            series.plan = Some(plan);
        }
        Ok(series)
    }

    /// The workflow.
    pub fn spec(&self) -> &WorkflowSpec {
        &self.spec
    }

    /// What identifies run number `run`, and its plan.
    ///
    /// # Errors
    /// Never, if there is a series at all.
    pub fn draw(&mut self, run: u64) -> Result<(String, Arc<Plan>), GraphError> {
        let uuid = uuid(&mut self.stream);
        if let Some(plan) = &self.plan {
            return Ok((uuid, plan.clone()));
        }
        let mut stream = self.stream.clone();
        let plan = self.plan(&mut stream, run);
        self.stream = stream;
        Ok((uuid, plan?))
    }

    /// How a state is called in run number `run`: states have no owners on servers,
    /// so their names say whose they are.
    pub fn state(&self, name: &str, run: u64) -> String {
        match self.spec.keep {
            true => format!("{}/{name}", self.client),
            false => format!("{}/{run}/{name}", self.client),
        }
    }

    fn plan(&self, stream: &mut Stream, run: u64) -> Result<Arc<Plan>, GraphError> {
        self.spec.draw(stream, |state| self.state(state, run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Bytes;
    use crate::workflow::{JoinRule, WorkflowState};
    use sim_core::SimDuration;

    fn spec(keep: bool) -> WorkflowSpec {
        let choices = |names: [&str; 3]| names.map(str::to_owned).to_vec();
        WorkflowSpec {
            name: "app".to_owned(),
            steps: vec![choices(["f1", "f2", "f3"]); 4],
            successors: None,
            states: vec![WorkflowState {
                name: "s".to_owned(),
                size: Bytes(1),
                needed_by: choices(["f1", "f2", "f3"]),
                drawn: true,
                at: None,
            }],
            hop_by_hop: false,
            remote: false,
            join: JoinRule::All,
            deadline: SimDuration::from_secs(1),
            keep,
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_runs_and_clients_draw_different_ones() {
        let streams = Streams::new(7, 0);
        let draw = |client: &str| {
            let mut series = Series::new(client, &spec(false), &streams).unwrap();
            let runs = (0..20).map(|run| series.draw(run).unwrap());
            runs.collect::<Vec<_>>()
        };
        let runs = draw("one");
        assert_eq!(runs, draw("one"));
        assert_ne!(runs, draw("two"));
        let plans = runs.iter().map(|(_, plan)| plan.name());
        let plans: std::collections::BTreeSet<_> = plans.collect();
        assert!(plans.len() > 10, "runs differ: {plans:?}");
    }

    #[test]
    fn states_of_runs_have_names_of_their_own_unless_they_are_kept() {
        let streams = Streams::new(7, 0);
        let name = |keep, run| {
            let series = Series::new("one", &spec(keep), &streams).unwrap();
            series.state("s", run)
        };
        assert_eq!(name(false, 3), "one/3/s");
        assert_eq!(
            (name(true, 3), name(true, 4)),
            ("one/s".into(), "one/s".into())
        );
    }
}
