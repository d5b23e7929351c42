//! Calls that follow the reference of a context.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Mutex;

use super::{DeviceApplication, DeviceError};
use crate::Transport;
use crate::client::{CallError, Caller};
use crate::rpc;
use crate::security::Security;

/// Calls functions at the end-points that their contexts refer to.
///
/// The first call of a function gets a context. When the reference changes, the next call
/// goes to the new end-point; calls in progress end where they are. If an end-point cannot
/// be reached and the proxy does not know the context any more, the next call gets a new
/// one.
#[derive(Debug)]
pub struct Follower {
    device: DeviceApplication,
    transport: Transport,
    security: Security,
    timeout: Duration,
    /// By function.
    routes: Mutex<BTreeMap<String, Route>>,
}

/// Where the calls of a function go.
#[derive(Clone, Debug)]
struct Route {
    device: String,
    caller: Option<Caller>,
}

impl Follower {
    /// One that waits for each answer no longer than `timeout`.
    pub fn new(device: DeviceApplication, security: Security, timeout: Duration) -> Self {
        Self {
            device,
            transport: Transport::Grpc,
            security,
            timeout,
            routes: Mutex::default(),
        }
    }

    /// The same, over another transport than gRPC.
    #[must_use]
    pub fn over(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Calls a function.
    ///
    /// # Errors
    /// If there is no context, or the function was not executed.
    pub async fn call(
        &self,
        request: rpc::LambdaRequest,
    ) -> Result<rpc::LambdaResponse, CallError> {
        let function = request.name.clone();
        let caller = self.caller(&function).await;
        let caller = caller.map_err(|error| CallError::Refused(error.to_string()))?;
        let mut called = caller.call(request).await;
        if let Ok(response) = &mut called
            && response.responder.is_empty()
        {
            // A computer does not name itself.
            caller.endpoint().clone_into(&mut response.responder);
        }
        if matches!(called, Err(CallError::Transport(_))) {
            self.confirm(&function).await;
        }
        called
    }

    /// What calls the end-point of a function at the moment.
    ///
    /// # Errors
    /// If there is no context, or it has no end-point.
    pub async fn caller(&self, function: &str) -> Result<Caller, DeviceError> {
        let mut routes = self.routes.lock().await;
        if !routes.contains_key(function) {
            let route = Route {
                device: self.device.create(function).await?,
                caller: None,
            };
            routes.insert(function.to_owned(), route);
        }
        let none = || DeviceError::NoEndpoint(function.to_owned());
        let route = routes.get_mut(function).ok_or_else(none)?;
        let reference = self.device.reference(&route.device).ok_or_else(none)?;
        if let Some(caller) = &route.caller
            && caller.endpoint() == reference
        {
            return Ok(caller.clone());
        }
        let caller = Caller::over(self.transport, &reference, &self.security, self.timeout);
        let caller = caller.map_err(|error| DeviceError::Endpoint(error.to_string()))?;
        route.caller = Some(caller.clone());
        Ok(caller)
    }

    /// Deletes all its contexts; the next call of a function gets a new one.
    pub async fn leave(&self) {
        let routes = std::mem::take(&mut *self.routes.lock().await);
        for route in routes.into_values() {
            self.device.delete(&route.device).await;
        }
    }

    /// An end-point could not be reached: is the context still there?
    async fn confirm(&self, function: &str) {
        let mut routes = self.routes.lock().await;
        let Some(route) = routes.get(function) else {
            return;
        };
        if !self.device.confirm(&route.device).await {
            routes.remove(function);
        }
    }
}
