//! Receiving the results of asynchronous invocations.

use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::rpc::callback_server_server::CallbackServer;
use crate::rpc::{LambdaResponse, Void};

/// How many results may wait to be looked at; then callers wait.
const WAITING: usize = 1024;

/// Hands the results that come over to whoever waits for them.
#[derive(Debug)]
pub struct Callback {
    results: mpsc::Sender<LambdaResponse>,
}

impl Callback {
    /// A callback and the other end, where results come out in the order in which
    /// they came in.
    pub fn new() -> (Self, mpsc::Receiver<LambdaResponse>) {
        let (results, receiver) = mpsc::channel(WAITING);
        (Self { results }, receiver)
    }
}

#[tonic::async_trait]
impl CallbackServer for Callback {
    async fn receive_response(
        &self,
        request: Request<LambdaResponse>,
    ) -> Result<Response<Void>, Status> {
        match self.results.send(request.into_inner()).await {
            Ok(()) => Ok(Response::new(Void {})),
            Err(_) => Err(Status::unavailable("nobody waits for results any longer")),
        }
    }
}
