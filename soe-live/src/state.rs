//! Keeping the states of applications.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tonic::{Request, Response, Status};

use crate::rpc::state_server_server::StateServer;
use crate::rpc::{self, State, StateResponse};

/// Bytes by name, in memory; the last one who writes wins.
#[derive(Debug, Default)]
pub struct States {
    contents: Mutex<BTreeMap<String, Bytes>>,
}

impl States {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Bytes>) -> T) -> T {
        let contents = self.contents.lock();
        work(&mut contents.unwrap_or_else(PoisonError::into_inner))
    }
}

#[tonic::async_trait]
impl StateServer for States {
    async fn get(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let name = request.into_inner().name;
        let found = self.with(|contents| contents.get(&name).cloned());
        Ok(answer(match found {
            Some(content) => StateResponse {
                retcode: rpc::OK.to_owned(),
                state: Some(State {
                    content,
                    ..State::default()
                }),
            },
            None => error(format!("could not find state: {name}")),
        }))
    }

    async fn put(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let State { name, content, .. } = request.into_inner();
        // Its own copy: what came from the network is part of something larger.
        let content = Bytes::copy_from_slice(&content);
        self.with(|contents| contents.insert(name, content));
        Ok(answer(ok()))
    }

    async fn del(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let name = request.into_inner().name;
        let found = self.with(|contents| contents.remove(&name));
        Ok(answer(match found {
            Some(_) => ok(),
            None => error(format!("state not found: {name}")),
        }))
    }
}

fn ok() -> StateResponse {
    error(rpc::OK.to_owned())
}

fn error(retcode: String) -> StateResponse {
    StateResponse {
        retcode,
        state: None,
    }
}

fn answer(response: StateResponse) -> Response<StateResponse> {
    Response::new(response)
}
