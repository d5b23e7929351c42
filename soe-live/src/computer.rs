//! The computer as a service.
//!
//! A [`Computer`] answers invocations. What executes them is a model that takes as
//! long as the functions need ([`Simulated`]) or a gateway to a serverless
//! platform ([`Gateway`]). [`run`] is the whole process: it listens, announces
//! itself, and deregisters when it is told to stop.

mod asynchronous;
mod command;
mod gateway;
mod process;
mod simulated;
mod utilization;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use prost::Message;
use sim_core::SimDuration;
use tonic::Status;
use tracing::debug;

use crate::rpc::{self, LambdaRequest, State};
use crate::server::{Invocation, Invocations};
use crate::wire::{Frame, Malformed, Reply, Request};

pub use command::EdgeComputer;
pub use gateway::{Gateway, GatewayConf};
pub use process::{ComputerError, ComputerOptions, Kind, run};
pub use simulated::Simulated;
pub use utilization::Utilization;

/// Executes functions.
#[derive(Debug)]
pub struct Computer {
    executor: Executor,
    /// How others know it.
    endpoint: String,
    asynchronous: bool,
    has_state_server: bool,
    callbacks: asynchronous::Callbacks,
}

/// What executes functions.
#[derive(Debug)]
pub enum Executor {
    /// The model, in real time.
    Simulated(Arc<Simulated>),
    /// A serverless platform.
    Gateway(Gateway),
}

/// What came of an execution.
#[derive(Clone, Debug, Default)]
struct Done {
    output: Text,
    processing: SimDuration,
    loads: [u8; 3],
}

/// A text that is somewhere already, or not.
#[derive(Clone, Debug, Default)]
enum Text {
    /// The input, wherever it is in the request.
    #[default]
    Input,
    Own(String),
}

impl Computer {
    /// A computer that `endpoint` stands for.
    pub fn new(executor: Executor, endpoint: String, conf: &ComputerOptions) -> Self {
        Self {
            executor,
            endpoint,
            asynchronous: conf.asynchronous,
            has_state_server: conf.state_endpoint.is_some(),
            callbacks: asynchronous::Callbacks::new(conf.security.clone()),
        }
    }

    async fn answer(self: Arc<Self>, request: Request) -> Result<Frame, Malformed> {
        let extra = match request.elaborate {
            false => Extra::default(),
            true => match Extra::of(&request)? {
                Ok(extra) => extra,
                Err(refusal) => return Ok(refused(&request, refusal)),
            },
        };
        if request.dry {
            return Ok(self.estimate(&request));
        }
        if !extra.callback.is_empty() {
            if !self.asynchronous {
                let refusal = "Cannot handle an asynchronous function invocation";
                return Ok(refused(&request, refusal));
            }
            let acknowledgement = Reply {
                retcode: rpc::OK,
                hops: passed(&request),
                asynchronous: true,
                ..Reply::default()
            };
            let acknowledgement = acknowledgement.with_text("");
            asynchronous::spawn(self, request, extra)?;
            return Ok(acknowledgement);
        }
        let input = request.input_text()?;
        Ok(match self.execute(&request, input, &extra).await {
            Ok(done) => {
                let reply = Reply {
                    retcode: rpc::OK,
                    ptime: milliseconds(done.processing),
                    loads: done.loads,
                    hops: passed(&request),
                    states: extra.states,
                    ..Reply::default()
                };
                match &done.output {
                    Text::Input => reply.with_shared_text(request.frame(), request.input()),
                    Text::Own(text) => reply.with_text(text),
                }
            }
            Err(error) => refused(&request, &error),
        })
    }

    /// Executes a function; or says why not.
    async fn execute(
        &self,
        request: &Request,
        input: Bytes,
        extra: &Extra,
    ) -> Result<Done, String> {
        let is_remote = |state: &State| !state.location.is_empty();
        if extra.states.values().any(is_remote) && !self.has_state_server {
            return Err("cannot handle remote states without a state server".to_owned());
        }
        match &self.executor {
            Executor::Simulated(simulated) => simulated.execute(request.name(), input.len()).await,
            Executor::Gateway(gateway) => {
                gateway
                    .execute(request.name(), input, request.datain())
                    .await
            }
        }
    }

    fn estimate(&self, request: &Request) -> Frame {
        let estimated = match &self.executor {
            Executor::Simulated(simulated) => {
                simulated.estimate(request.name(), request.input_len())
            }
            Executor::Gateway(_) => Ok(Done::default()),
        };
        match estimated {
            Ok(done) => {
                let milliseconds = done.processing.as_nanos() / 1_000_000;
                let reply = Reply {
                    retcode: rpc::OK,
                    ptime: u32::try_from(milliseconds).unwrap_or(u32::MAX),
                    loads: done.loads,
                    hops: passed(request),
                    ..Reply::default()
                };
                reply.with_text("")
            }
            Err(error) => refused(request, &error),
        }
    }
}

impl Invocations for Computer {
    fn invoke(self: Arc<Self>, request: Frame, _deadline: Option<Instant>) -> Invocation {
        let malformed = |error: Malformed| {
            debug!("malformed request: {error}");
            Status::invalid_argument(format!("malformed LambdaRequest: {error}"))
        };
        Box::pin(async move {
            let request = Request::read(request).map_err(malformed)?;
            self.answer(request).await.map_err(malformed)
        })
    }
}

/// What only some requests bring.
#[derive(Clone, Debug, Default)]
struct Extra {
    callback: String,
    states: BTreeMap<String, State>,
}

impl Extra {
    /// Takes it from a request; or says what is wrong with that.
    fn of(request: &Request) -> Result<Result<Self, &'static str>, Malformed> {
        let message = request.frame().message();
        let message = LambdaRequest::decode(message).map_err(|_| Malformed::Message)?;
        let chain = message.chain.len();
        let graph = message.dag.as_ref().map_or(0, |dag| dag.names.len());
        let several = chain.max(graph) > 1;
        let refusal = if chain > 0 && message.dag.is_some() {
            "Cannot specify both a function chain and a DAG in the request"
        } else if several && message.callback.is_empty() {
            "Cannot handle multiple functions without a callback in the request"
        } else if chain > 0 && message.next_function_index as usize >= chain {
            "Out-of-range function execution requested in a chain"
        } else if graph > 1 && message.uuid.is_empty() {
            "Cannot execute a DAG without a UUID in the request"
        } else if several && !message.dry {
            "Cannot execute chains or DAGs without a companion"
        } else {
            return Ok(Ok(Self {
                callback: message.callback,
                states: message.states,
            }));
        };
        Ok(Err(refusal))
    }
}

/// Says that a request is not executed, and why.
fn refused(request: &Request, why: &str) -> Frame {
    let reply = Reply {
        retcode: why,
        hops: passed(request),
        ..Reply::default()
    };
    reply.with_text("")
}

/// The nodes that a request has passed, this one included.
fn passed(request: &Request) -> u32 {
    request.hops.saturating_add(1)
}

/// A processing time as it travels: in milliseconds, rounded half up.
fn milliseconds(time: SimDuration) -> u32 {
    let rounded = time.as_nanos().saturating_add(500_000) / 1_000_000;
    u32::try_from(rounded).unwrap_or(u32::MAX)
}

/// The text in a frame or elsewhere.
fn text(output: &Text, request: &Request, range: Range<usize>) -> String {
    match output {
        Text::Own(text) => text.clone(),
        Text::Input => {
            let bytes = request.frame().slice(range);
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }
}
