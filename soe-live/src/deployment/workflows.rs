//! The parts of computers and clients of a deployment that workflows need.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sim_core::Streams;
use soe_model::client::ClientSpec;
use soe_model::deployment::Deployment;
use soe_model::workflow::{
    Contents, Series, StateRef, StateRequest, StateServer, States, WorkflowSpec,
};

use super::places::Places;
use crate::client::Caller;
use crate::client::workflow::{Job, Results, Shelf, Source, Workflow};
use crate::command::{Endpoint, Failure, Stop};
use crate::computer::WorkflowOptions;
use crate::security::Security;
use crate::workflow::{Keeper, Servers, StateService};

/// How long clients wait for an answer.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(600);

/// What the computer called `name` can do for workflows.
pub fn options(deployment: &Deployment, places: &Places, name: &str) -> WorkflowOptions {
    if deployment.workflows.is_empty() {
        return WorkflowOptions::default();
    }
    let host = deployment.workflow_host(name);
    let deadline = deployment.workflow_deadline();
    let states = |name: &str| places.get(name).map(|place| place.states.clone());
    let companion = host.companion.as_deref().and_then(|name| places.get(name));
    WorkflowOptions {
        asynchronous: false,
        companion_endpoint: companion.map(|place| place.endpoint.clone()),
        state_endpoint: match &host.state_server {
            StateServer::Own => states(name),
            StateServer::Of(other) => states(other),
            StateServer::None => None,
        },
        no_state_server: matches!(host.state_server, StateServer::Of(_)),
        join: deployment.join_rule(),
        deadline,
        patience: deadline,
        watch: None,
    }
}

/// The workflow that a client runs, if it runs one. Its destinations are
/// endpoints; its servers run until told to stop.
///
/// # Errors
/// If they cannot start, or its states cannot be put where they belong.
pub async fn of_client(
    deployment: &Deployment,
    places: &Places,
    client: &ClientSpec,
    streams: &Streams,
    stop: &Stop,
) -> Result<Option<Arc<Workflow>>, Failure> {
    let mut workflows = deployment.workflows.iter();
    let Some(spec) = workflows.find(|spec| spec.name == client.function) else {
        return Ok(None);
    };
    let security = Security::Plaintext;
    let local: Endpoint = "127.0.0.1:0".parse().map_err(Failure::run)?;
    let results = match spec.hop_by_hop {
        true => Some(Results::listen(&local, &security, stop.clone()).await?),
        false => None,
    };
    let store = Arc::new(crate::States::default());
    let listening = StateService::listen(store.clone(), &local, &security, stop.clone());
    let own = listening.await.map_err(Failure::run)?.to_string();

    let at = spec.states.iter().filter_map(|state| {
        let place = places.get(state.at.as_deref()?)?;
        Some((state.name.clone(), place.states.to_string()))
    });
    let series = Series::new(&client.name, spec, streams).map_err(Failure::input)?;
    let source = Drawn {
        spec: spec.clone(),
        next: Mutex::new((series, 0)),
        at: at.collect(),
        own,
        store,
        servers: Arc::new(Servers::new(security.clone(), CALL_TIMEOUT)),
        kept: Mutex::default(),
    };
    if spec.keep {
        let states = source.place(0).await.map_err(Failure::run)?;
        *lock(&source.kept) = states;
    }
    let destination = client.destinations.first().map_or("", String::as_str);
    Ok(Some(Arc::new(Workflow {
        caller: Caller::new(destination, &security, CALL_TIMEOUT)?,
        results,
        join: spec.join,
        deadline: spec.deadline,
        names_last: true,
        source: Box::new(source),
    })))
}

/// The runs that a client of a deployment makes.
#[derive(Debug)]
struct Drawn {
    spec: WorkflowSpec,
    /// What is drawn, and the number of the next run.
    next: Mutex<(Series, u64)>,
    /// The state server of a computer where a state lies first.
    at: BTreeMap<String, String>,
    /// The state server of the client.
    own: String,
    store: Arc<crate::States>,
    servers: Arc<Servers>,
    /// Where its states are, as far as it knows, if they outlive runs.
    kept: Mutex<States<Contents>>,
}

impl Drawn {
    /// Creates the states of run number `run`.
    async fn place(&self, run: u64) -> Result<States<Contents>, String> {
        let mut states = States::new();
        for state in &self.spec.states {
            let shelf = match self.at.get(&state.name) {
                _ if !self.spec.remote => Shelf::Messages,
                None => Shelf::Own(self.own.clone(), self.store.clone()),
                Some(at) => Shelf::Elsewhere(at.clone(), self.servers.clone()),
            };
            let name = lock(&self.next).0.state(&state.name, run);
            let placed = shelf.put(&name, state.size).await?;
            states.insert(name, placed);
        }
        Ok(states)
    }
}

#[tonic::async_trait]
impl Source for Drawn {
    async fn begin(&self) -> Result<Job, String> {
        let (run, drawn) = {
            let (series, next) = &mut *lock(&self.next);
            let run = *next;
            *next += 1;
            (run, series.draw(run))
        };
        let (uuid, plan) = drawn.map_err(|error| error.to_string())?;
        let states = match self.spec.keep {
            true => lock(&self.kept).clone(),
            false => self.place(run).await?,
        };
        Ok(Job { plan, states, uuid })
    }

    async fn end(&self, states: States<Contents>) {
        if self.spec.keep {
            *lock(&self.kept) = states;
            return;
        }
        for (name, state) in states {
            let StateRef::Remote(at) = state else {
                continue;
            };
            let delete = StateRequest::Delete {
                name,
                version: None,
                to: None,
            };
            // One that cannot be deleted is neither used by others nor harmful.
            match at == self.own {
                true => drop(self.store.answer(delete)),
                false => drop(self.servers.ask(&at, delete).await),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
