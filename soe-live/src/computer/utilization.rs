//! The utilization of the processors, as a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio_stream::wrappers::IntervalStream;
use tonic::{Request, Response, Status};

use super::{Executor, Simulated};
use crate::command::Stop;
use crate::rpc::edge_computer_server::EdgeComputer;
use crate::rpc::{self, Void};

const PERIOD: Duration = Duration::from_secs(1);

/// Reports how much the processors of a computer are used, once per second to
/// all subscribers.
#[derive(Clone, Debug)]
pub struct Utilization {
    source: Source,
    stop: Stop,
}

#[derive(Clone, Debug)]
enum Source {
    Simulated(Arc<Simulated>),
    #[cfg(feature = "facerec")]
    Process(Arc<crate::facerec::ProcessUsage>),
}

impl Utilization {
    /// Of a computer.
    pub fn of(computer: Arc<Simulated>) -> Self {
        Self {
            source: Source::Simulated(computer),
            stop: Stop::new(),
        }
    }

    /// The same, whose streams end when `stop` is thrown.
    #[must_use]
    pub fn until(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// Of whatever executes functions; `None` if it is elsewhere.
    pub(super) fn of_executor(executor: &Executor) -> Option<Self> {
        let source = match executor {
            Executor::Simulated(computer) => Source::Simulated(computer.clone()),
            #[cfg(feature = "facerec")]
            Executor::Faces(faces) => Source::Process(faces.usage().clone()),
            _ => return None,
        };
        let stop = Stop::new();
        Some(Self { source, stop })
    }
}

impl Source {
    fn report(&self) -> rpc::Utilization {
        let mut report = rpc::Utilization::default();
        match self {
            Self::Simulated(computer) => {
                for used in computer.utilization() {
                    let share = used.last_second as f32;
                    report.values.insert(used.processor.clone(), share);
                    report.busy.insert(used.processor, used.busy);
                }
            }
            #[cfg(feature = "facerec")]
            Self::Process(usage) => {
                let (share, busy) = (usage.last_second(), usage.busy());
                for (name, share, busy) in [
                    ("cpu-usr", share.user, busy.user),
                    ("cpu-sys", share.system, busy.system),
                ] {
                    report.values.insert(name.to_owned(), share as f32);
                    report.busy.insert(name.to_owned(), busy);
                }
            }
        }
        report
    }
}

#[tonic::async_trait]
impl EdgeComputer for Utilization {
    type StreamUtilStream =
        Pin<Box<dyn Stream<Item = Result<rpc::Utilization, Status>> + Send + 'static>>;

    async fn stream_util(
        &self,
        _: Request<Void>,
    ) -> Result<Response<Self::StreamUtilStream>, Status> {
        let source = self.source.clone();
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stream = IntervalStream::new(ticks).map(move |_| Ok(source.report()));
        let stop = self.stop.clone();
        let stream = stream.take_until(async move { stop.wait().await });
        Ok(Response::new(Box::pin(stream)))
    }
}
