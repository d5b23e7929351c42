//! Receiving the results of asynchronous invocations.

use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::command::{Endpoint, Stop};
use crate::limits;
use crate::rpc::callback_server_server::{CallbackServer, CallbackServerServer};
use crate::rpc::{LambdaResponse, Void};
use crate::security::Security;
use crate::server::{ServeError, Server, Services};

/// Passes incoming results to the tasks that wait for them.
#[derive(Debug)]
pub struct Callback {
    results: mpsc::Sender<LambdaResponse>,
}

impl Callback {
    /// A callback and the other end, where results come out in the order in which
    /// they came in.
    pub fn new() -> (Self, mpsc::Receiver<LambdaResponse>) {
        let (results, receiver) = mpsc::channel(limits::RESULTS);
        (Self { results }, receiver)
    }

    /// Serves a callback until told to stop. Returns where, as with port 0 the system
    /// chooses one, and the other end.
    ///
    /// # Errors
    /// If the endpoint is in use, or the certificate is missing.
    pub async fn listen(
        endpoint: &Endpoint,
        security: &Security,
        stop: Stop,
    ) -> Result<(Endpoint, mpsc::Receiver<LambdaResponse>), ServeError> {
        let server = Server::bind(endpoint, security).await?;
        let endpoint = server.endpoint().clone();
        let (callback, results) = Self::new();
        let services = Services::new(&["uiiit.rpc.CallbackServer"], |routes| {
            routes.add_service(CallbackServerServer::new(callback));
        });
        tokio::spawn(server.run(None, services.await?, stop));
        Ok((endpoint, results))
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
            Err(_) => Err(Status::unavailable(
                "no client waits for results any longer",
            )),
        }
    }
}
