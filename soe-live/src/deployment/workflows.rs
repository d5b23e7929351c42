//! What computers and clients of a deployment need for workflows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sim_core::Streams;
use soe_model::client::ClientSpec;
use soe_model::deployment::Deployment;
use soe_model::workflow::{
    Contents, Series, StateRef, StateReply, StateRequest, StateServer, States, Version,
    WorkflowSpec,
};

use super::places::Places;
use super::replicate::CALL_TIMEOUT;
use crate::client::Caller;
use crate::client::workflow::{Job, Results, Source, Workflow};
use crate::command::{Endpoint, Failure, Stop};
use crate::computer::WorkflowOptions;
use crate::security::Security;
use crate::state::origin;
use crate::workflow::{Keeper, Servers, StateService};

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

    let series = Series::new(&client.name, spec, streams).map_err(Failure::input)?;
    let at = spec.states.iter().filter_map(|state| {
        let place = places.get(state.at.as_deref()?)?;
        Some((state.name.clone(), place.states.to_string()))
    });
    let source = Drawn {
        series: Mutex::new((series, 0)),
        at: at.collect(),
        own,
        store,
        servers: Servers::new(security.clone(), CALL_TIMEOUT),
        kept: Mutex::default(),
    };
    if spec.keep {
        let states = source.place(spec, 0).await.map_err(Failure::run)?;
        *source.kept.lock().unwrap_or_else(PoisonError::into_inner) = states;
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
    /// With the number of the next run.
    series: Mutex<(Series, u64)>,
    /// The state server of a computer where a state lies first.
    at: BTreeMap<String, String>,
    /// The state server of the client.
    own: String,
    store: Arc<crate::States>,
    servers: Servers,
    /// Where its states are, as far as it knows, if they outlive runs.
    kept: Mutex<States<Contents>>,
}

impl Drawn {
    /// Creates the states of run number `run`.
    async fn place(&self, spec: &WorkflowSpec, run: u64) -> Result<States<Contents>, String> {
        let mut states = States::new();
        for state in &spec.states {
            let name = self.state_name(&state.name, run);
            let content: Arc<[u8]> = vec![b'A'; state.size.0 as usize].into();
            let placed = match (spec.remote, self.at.get(&state.name)) {
                (false, _) => StateRef::Embedded(content),
                (true, None) => {
                    self.store.create(&name, content);
                    StateRef::Remote(self.own.clone())
                }
                (true, Some(at)) => {
                    let version = Version {
                        origin: origin(),
                        count: 1,
                    };
                    let put = StateRequest::Put {
                        name: name.clone(),
                        content,
                        version: Some(version),
                    };
                    match self.servers.ask(at, put).await {
                        StateReply::Done => StateRef::Remote(at.clone()),
                        StateReply::Unreachable(text) => return Err(text),
                        _ => return Err(format!("could not store state: {name}")),
                    }
                }
            };
            states.insert(name, placed);
        }
        Ok(states)
    }

    fn state_name(&self, name: &str, run: u64) -> String {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        series.0.state(name, run)
    }
}

#[tonic::async_trait]
impl Source for Drawn {
    async fn begin(&self) -> Result<Job, String> {
        let (uuid, plan, spec, run) = {
            let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
            let run = series.1;
            series.1 += 1;
            let (uuid, plan) = series.0.draw(run).map_err(|error| error.to_string())?;
            (uuid, plan, series.0.spec().clone(), run)
        };
        let states = match spec.keep {
            true => {
                let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.clone()
            }
            false => self.place(&spec, run).await?,
        };
        Ok(Job { plan, states, uuid })
    }

    async fn end(&self, states: States<Contents>) {
        let keep = {
            let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
            series.0.spec().keep
        };
        if keep {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = states;
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
            // One that cannot be deleted is of no use to others, and in nobody's way.
            match at == self.own {
                true => drop(self.store.answer(delete)),
                false => drop(self.servers.ask(&at, delete).await),
            }
        }
    }
}
