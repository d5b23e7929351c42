//! The computer as a service.
//!
//! A [`Computer`] answers invocations. They are executed by a model that takes as
//! long as the functions need ([`Simulated`]) or by a gateway to a serverless
//! platform ([`Gateway`]). [`run`] is the whole process: it listens, announces
//! itself, and deregisters when it is stopped.

mod command;
mod gateway;
mod openwhisk;
mod process;
mod simulated;
mod utilization;
mod workflows;

use std::sync::Arc;

use sim_core::SimDuration;
use tonic::Status;
use tracing::debug;

use crate::rpc;
use crate::security::MissingIdentity;
use crate::server::{Caller, Invocation, Invocations};
use crate::wire::{Frame, Malformed, Reply, Request};

pub use command::EdgeComputer;
pub use gateway::{Gateway, GatewayConf};
pub use openwhisk::{EdgeComputerWsk, KeyForm, OpenWhisk, OpenWhiskConf, WskKey, WskKeyError};
pub use process::{ComputerError, ComputerOptions, Kind, run};
pub use simulated::Simulated;
pub use utilization::Utilization;
pub use workflows::{Step, WorkflowOptions};

/// Executes functions.
#[derive(Debug)]
pub struct Computer {
    executor: Executor,
    workflows: workflows::Workflows,
}

/// What executes functions.
#[derive(Debug)]
pub enum Executor {
    /// The model, in real time.
    Simulated(Arc<Simulated>),
    /// A serverless platform.
    Gateway(Gateway),
    /// Face recognition.
    #[cfg(feature = "facerec")]
    Faces(Arc<crate::facerec::Recognizer>),
    /// OpenWhisk, or another deployment behind its front end.
    OpenWhisk(OpenWhisk),
}

impl Executor {
    /// What responses say has executed the function; empty if the caller knows best.
    fn stands_for(&self) -> &str {
        match self {
            Self::OpenWhisk(platform) => platform.name(),
            _ => "",
        }
    }
}

/// What came of an execution.
#[derive(Clone, Debug, Default)]
struct Done {
    output: Text,
    processing: SimDuration,
    loads: [u8; 3],
    /// Other requests in flight, if that is known.
    in_flight: Option<u32>,
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
    /// A computer represented by `endpoint`.
    ///
    /// # Errors
    /// If it has no certificate to show to others.
    pub fn new(
        executor: Executor,
        endpoint: &str,
        options: &ComputerOptions,
    ) -> Result<Self, MissingIdentity> {
        let workflows = &options.workflows;
        let workflows = workflows::Workflows::new(
            endpoint,
            workflows,
            &options.security,
            options.client_transport,
        )?;
        Ok(Self {
            executor,
            workflows,
        })
    }

    async fn answer(self: Arc<Self>, request: Request) -> Result<Frame, Malformed> {
        if request.elaborate {
            return self.elaborate(request).await;
        }
        if request.dry {
            return Ok(self.estimate(&request));
        }
        let input = request.input_text()?;
        let executed = match &self.executor {
            Executor::Simulated(simulated) => simulated.execute(request.name(), input.len()).await,
            Executor::Gateway(gateway) => {
                gateway
                    .execute(request.name(), input, request.datain())
                    .await
            }
            #[cfg(feature = "facerec")]
            Executor::Faces(faces) => Done::of_faces(faces, request.name(), request.datain()).await,
            Executor::OpenWhisk(platform) => platform.execute(request.name(), input).await,
        };
        Ok(match executed {
            Ok(done) => {
                let reply = Reply {
                    retcode: rpc::OK,
                    responder: self.executor.stands_for(),
                    ptime: milliseconds(done.processing),
                    loads: done.loads,
                    hops: passed(&request),
                    in_flight: done.in_flight,
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

    fn estimate(&self, request: &Request) -> Frame {
        let estimated = match &self.executor {
            Executor::Simulated(simulated) => {
                simulated.estimate(request.name(), request.input_len())
            }
            Executor::Gateway(_) | Executor::OpenWhisk(_) => Ok(Done::default()),
            #[cfg(feature = "facerec")]
            Executor::Faces(faces) => {
                let estimated = faces.estimate(request.name(), &request.datain());
                estimated.map(|time| Done::timed(time, faces))
            }
        };
        match estimated {
            Ok(done) => {
                let milliseconds = done.processing.as_nanos() / 1_000_000;
                let reply = Reply {
                    retcode: rpc::OK,
                    ptime: u32::try_from(milliseconds).unwrap_or(u32::MAX),
                    loads: done.loads,
                    hops: passed(request),
                    in_flight: done.in_flight,
                    ..Reply::default()
                };
                reply.with_text("")
            }
            Err(error) => refused(request, &error),
        }
    }
}

impl Invocations for Computer {
    fn invoke(self: Arc<Self>, request: Frame, _caller: Caller) -> Invocation {
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

#[cfg(feature = "facerec")]
impl Done {
    async fn of_faces(
        faces: &crate::facerec::Recognizer,
        function: &str,
        picture: bytes::Bytes,
    ) -> Result<Self, String> {
        let found = faces.execute(function, picture).await?;
        Ok(Self {
            output: Text::Own(found.output),
            ..Self::timed(found.processing, faces)
        })
    }

    fn timed(time: std::time::Duration, faces: &crate::facerec::Recognizer) -> Self {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            output: Text::Own(String::new()),
            processing: SimDuration::from_nanos(nanos),
            loads: faces.usage().loads(),
            in_flight: None,
        }
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
