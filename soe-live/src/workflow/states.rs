//! State servers, and requests to them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use soe_model::workflow::{StateReply, StateRequest, Version};
use tonic::{Request, Response, Status};

use crate::client::describe;
use crate::command::{Endpoint, Stop};
use crate::connection::Channels;
use crate::rpc::state_server_client::StateServerClient;
use crate::rpc::state_server_server::{StateServer, StateServerServer};
use crate::rpc::{self, State, StateResponse, StateTrouble, StateVersion};
use crate::security::Security;
use crate::server::{ServeError, Server, Services};

/// Keeps states, and answers questions about them.
pub trait Keeper: Send + Sync + 'static {
    /// Answers a question.
    fn answer(&self, question: StateRequest<Arc<[u8]>>) -> StateReply<Arc<[u8]>>;
}

/// The state server of a [`Keeper`].
#[derive(Debug)]
pub struct StateService<K>(Arc<K>);

impl<K: Keeper> StateService<K> {
    /// The server of these states.
    pub fn of(keeper: Arc<K>) -> Self {
        Self(keeper)
    }

    /// Serves these states until told to stop, and returns where: with port 0 the
    /// system chooses one.
    ///
    /// # Errors
    /// If the endpoint is in use, or the certificate is missing.
    pub async fn listen(
        keeper: Arc<K>,
        endpoint: &Endpoint,
        security: &Security,
        stop: Stop,
    ) -> Result<Endpoint, ServeError> {
        let server = Server::bind(endpoint, security).await?;
        let endpoint = server.endpoint().clone();
        let services = Services::new(&["uiiit.rpc.StateServer"], |routes| {
            routes.add_service(StateServerServer::new(Self::of(keeper)));
        });
        tokio::spawn(server.run(None, services.await?, stop));
        Ok(endpoint)
    }
}

#[tonic::async_trait]
impl<K: Keeper> StateServer for StateService<K> {
    async fn get(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let name = request.into_inner().name;
        let missing = format!("could not find state: {name}");
        let reply = self.0.answer(StateRequest::Get { name });
        Ok(Response::new(answer(reply, missing)))
    }

    async fn put(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let state = request.into_inner();
        let missing = format!("could not store state: {}", state.name);
        let reply = self.0.answer(StateRequest::Put {
            name: state.name,
            // A copy: what came from the network is part of something larger.
            content: state.content[..].into(),
            version: state.version.map(version),
        });
        Ok(Response::new(answer(reply, missing)))
    }

    async fn del(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let state = request.into_inner();
        let missing = format!("state not found: {}", state.name);
        let reply = self.0.answer(StateRequest::Delete {
            name: state.name,
            version: state.version.map(version),
            to: Some(state.location).filter(|to| !to.is_empty()),
        });
        Ok(Response::new(answer(reply, missing)))
    }
}

/// A reply on the wire; `missing` is the reply for an unknown state.
fn answer(reply: StateReply<Arc<[u8]>>, missing: String) -> StateResponse {
    let (retcode, state, trouble) = match reply {
        StateReply::Found(content, version) => {
            let state = State {
                content: Bytes::from_owner(content),
                version: version.map(to_version),
                ..State::default()
            };
            (rpc::OK.to_owned(), Some(state), StateTrouble::None)
        }
        StateReply::Done => (rpc::OK.to_owned(), None, StateTrouble::None),
        StateReply::Missing => (missing, None, StateTrouble::None),
        StateReply::Moved(location) => {
            let state = State {
                location,
                ..State::default()
            };
            (missing, Some(state), StateTrouble::Moved)
        }
        StateReply::Busy => (missing, None, StateTrouble::Busy),
        StateReply::Newer => (missing, None, StateTrouble::Newer),
        StateReply::Unreachable(text) => (text, None, StateTrouble::None),
    };
    StateResponse {
        retcode,
        state,
        trouble: trouble.into(),
    }
}

fn version(message: StateVersion) -> Version {
    Version {
        origin: message.origin,
        count: message.count,
    }
}

fn to_version(version: Version) -> StateVersion {
    StateVersion {
        origin: version.origin,
        count: version.count,
    }
}

/// State servers elsewhere.
#[derive(Debug)]
pub struct Servers {
    channels: Channels,
    /// How long to wait for each answer.
    timeout: Duration,
}

impl Servers {
    /// Connections are protected by `security`; each question is given up after
    /// `timeout`.
    pub fn new(security: Security, timeout: Duration) -> Self {
        let channels = Channels::new(security);
        Self { channels, timeout }
    }

    /// Asks the server at an endpoint. Whatever goes wrong is part of the reply.
    pub async fn ask(
        &self,
        endpoint: &str,
        question: StateRequest<Arc<[u8]>>,
    ) -> StateReply<Arc<[u8]>> {
        let mut client = match self.channels.to(endpoint) {
            Ok(channel) => StateServerClient::new(channel),
            Err(error) => return StateReply::Unreachable(format!("state server: {error}")),
        };
        let asked = async {
            match question {
                StateRequest::Get { name } => {
                    let asked = client.get(State {
                        name,
                        ..State::default()
                    });
                    asked.await.map(|answer| found(answer.into_inner()))
                }
                StateRequest::Put {
                    name,
                    content,
                    version,
                } => {
                    let asked = client.put(State {
                        name,
                        content: Bytes::from_owner(content),
                        version: version.map(to_version),
                        ..State::default()
                    });
                    asked.await.map(|answer| done(answer.into_inner(), true))
                }
                StateRequest::Delete { name, version, to } => {
                    let asked = client.del(State {
                        name,
                        location: to.unwrap_or_default(),
                        version: version.map(to_version),
                        ..State::default()
                    });
                    asked.await.map(|answer| done(answer.into_inner(), false))
                }
            }
        };
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(status)) => {
                StateReply::Unreachable(format!("RPC failed: {}", describe(&status)))
            }
            Err(_) => StateReply::Unreachable(format!("RPC failed: no answer from {endpoint}")),
        }
    }
}

fn found(answer: StateResponse) -> StateReply<Arc<[u8]>> {
    if answer.retcode == rpc::OK {
        let state = answer.state.unwrap_or_default();
        return StateReply::Found(state.content[..].into(), state.version.map(version));
    }
    trouble(answer).unwrap_or(StateReply::Missing)
}

fn done(answer: StateResponse, stored: bool) -> StateReply<Arc<[u8]>> {
    if answer.retcode == rpc::OK {
        return StateReply::Done;
    }
    let text = answer.retcode.clone();
    trouble(answer).unwrap_or(match stored {
        true => StateReply::Unreachable(text),
        false => StateReply::Missing,
    })
}

fn trouble(answer: StateResponse) -> Option<StateReply<Arc<[u8]>>> {
    match answer.trouble() {
        StateTrouble::None => None,
        // One that does not say where to is of no use.
        StateTrouble::Moved => match answer.state.unwrap_or_default().location {
            to if to.is_empty() => None,
            to => Some(StateReply::Moved(to)),
        },
        StateTrouble::Busy => Some(StateReply::Busy),
        StateTrouble::Newer => Some(StateReply::Newer),
    }
}
