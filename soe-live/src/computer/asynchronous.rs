//! Invocations whose result goes to a callback.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use super::{Computer, Extra, passed, text};
use crate::connection::connect;
use crate::rpc::callback_server_client::CallbackServerClient;
use crate::rpc::{self, LambdaResponse};
use crate::security::Security;
use crate::wire::{Malformed, Request};

/// How long a client may take to receive a result.
const DELIVERY: Duration = Duration::from_secs(10);

/// Delivers results.
#[derive(Debug)]
pub struct Callbacks {
    security: Security,
}

impl Callbacks {
    pub fn new(security: Security) -> Self {
        Self { security }
    }

    async fn deliver(&self, callback: &str, result: LambdaResponse) -> Result<(), String> {
        let delivered = async {
            let channel = connect(callback, &self.security)
                .await
                .map_err(|error| error.to_string())?;
            CallbackServerClient::new(channel)
                .receive_response(result)
                .await
                .map_err(|status| status.message().to_owned())
        };
        match tokio::time::timeout(DELIVERY, delivered).await {
            Ok(delivered) => delivered.map(drop),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}

/// Executes a function and delivers the result, or the error, when it is there.
pub fn spawn(computer: Arc<Computer>, request: Request, extra: Extra) -> Result<(), Malformed> {
    let input = request.input_text()?;
    tokio::spawn(async move {
        let executed = computer.execute(&request, input, &extra).await;
        let mut result = LambdaResponse {
            responder: computer.endpoint.clone(),
            hops: passed(&request),
            ..LambdaResponse::default()
        };
        match executed {
            Ok(done) => {
                result.retcode = rpc::OK.to_owned();
                result.output = text(&done.output, &request, request.input());
                result.states = extra.states;
            }
            Err(error) => {
                debug!("{}: {error}", request.name());
                result.retcode = error;
            }
        }
        if let Err(error) = computer.callbacks.deliver(&extra.callback, result).await {
            warn!(
                "the result of {} is lost, {}: {error}",
                request.name(),
                extra.callback
            );
        }
    });
    Ok(())
}
