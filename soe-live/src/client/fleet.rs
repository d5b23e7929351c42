//! Several concurrent clients, and the file to which their calls are written.

use std::sync::Arc;
use std::time::Duration;

use sim_core::Streams;
use sim_core::libstdcxx::general;
use soe_model::client::{Client, ClientSpec};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{info, warn};

use super::call::Caller;
use super::driver::{Budget, Common, Destination, Driver};
use super::statistics::Statistics;
use super::workflow::Workflow;
use crate::command::{Failure, Output, Stop};
use crate::mec::{DeviceApplication, Follower};
use crate::{Security, Transport};

/// How many calls may be over without being written yet.
const BACKLOG: usize = 1024;

/// How long outstanding calls may take after the clients were asked to stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// How the clients of a fleet call.
#[derive(Clone, Debug)]
pub struct Manner {
    /// How connections are protected.
    pub security: Security,
    /// How calls travel.
    pub transport: Transport,
    /// How long to wait for each answer.
    pub timeout: Duration,
    /// The input of every call, if it is not made from the size.
    pub content: Option<String>,
    /// Whether calls are only to be estimated.
    pub dry: bool,
    /// The workflow that each client runs, if they do not only call a function.
    pub workflows: Vec<Arc<Workflow>>,
    /// Where clients get contexts from, if they have no destinations of their own. Each
    /// client has a context.
    pub device: Option<DeviceApplication>,
}

/// Lets clients call until all are done or `stop` is thrown, and returns their
/// statistics. Destinations are endpoints. Each executed call becomes a line of
/// `output`: when it ended, how long it took (or was estimated to take), the load,
/// who executed it, the function, nodes passed.
///
/// # Errors
/// If a client cannot be built, or the output not be written.
pub async fn run(
    specs: &[ClientSpec],
    streams: &Streams,
    manner: &Manner,
    output: &mut Output,
    stop: Stop,
) -> Result<Statistics, Failure> {
    let (sender, mut finished) = mpsc::channel(BACKLOG);
    let common = Arc::new(Common {
        origin: Instant::now(),
        budget: Budget::new(None),
        stop,
        grace: GRACE,
    });
    let mut clients = JoinSet::new();
    for (index, spec) in (0..).zip(specs) {
        let driver = manner.driver(index, spec, streams)?;
        let (common, sender) = (common.clone(), sender.clone());
        clients.spawn(async move { driver.drive(index, &common, sender).await });
    }
    drop(sender);
    let mut statistics = Statistics::new();
    while let Some(call) = finished.recv().await {
        match &call.result {
            Err(error) => {
                let text = error.to_string();
                if statistics.failed(&text) {
                    warn!("call {} of client {}: {text}", call.number, call.client);
                }
            }
            Ok(response) => {
                let processing = f64::from(response.ptime) / 1e3;
                statistics.executed(call.latency().as_secs_f64(), processing);
                let seconds = match manner.dry {
                    true => processing,
                    false => call.latency().as_secs_f64(),
                };
                let spec = &specs[call.client as usize];
                // With several destinations it matters which of them answered.
                let responder = match spec.destinations.as_slice() {
                    [] | [_] => &response.responder,
                    several => &several[call.destination as usize],
                };
                let line = format!(
                    "{} {} {} {responder} {} {}",
                    general(call.ended.as_secs_f64()),
                    general(seconds),
                    response.load1,
                    spec.function,
                    response.hops
                );
                if !output.line(line)? {
                    common.stop.stop();
                }
            }
        }
    }
    Ok(statistics)
}

/// Says on the log how long calls took, as the original does.
pub fn report(statistics: &Statistics) {
    info!("latency {}", statistics.latency());
    info!("processing {}", statistics.processing());
}

impl Manner {
    /// The driver of a client, number `index` of all.
    ///
    /// # Errors
    /// If the client or its destinations are impossible.
    pub fn driver(
        &self,
        index: u32,
        spec: &ClientSpec,
        streams: &Streams,
    ) -> Result<Driver, Failure> {
        let call = |endpoint: &String| {
            let caller = Caller::over(self.transport, endpoint, &self.security, self.timeout);
            caller.map(Destination::Call)
        };
        let destinations = match (self.workflows.get(index as usize), &self.device) {
            (Some(workflow), _) => Ok(vec![Destination::Workflow(workflow.clone())]),
            (None, Some(device)) => {
                let security = self.security.clone();
                let follower = Follower::new(device.clone(), security, self.timeout);
                let follower = follower.over(self.transport);
                Ok(vec![Destination::Context(Arc::new(follower))])
            }
            (None, None) => spec.destinations.iter().map(call).collect(),
        };
        Ok(Driver {
            machine: Client::new(spec, streams).map_err(Failure::input)?,
            function: spec.function.clone(),
            destinations: destinations?,
            content: self.content.clone(),
            dry: self.dry,
            orders: None,
        })
    }
}
