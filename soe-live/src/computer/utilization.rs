//! The utilization of the processors, as a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_stream::wrappers::IntervalStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

use super::Simulated;
use crate::rpc::edge_computer_server::EdgeComputer;
use crate::rpc::{self, Void};

const PERIOD: Duration = Duration::from_secs(1);

/// Reports how much the processors of a computer are used, once per second to
/// all subscribers.
#[derive(Clone, Debug)]
pub struct Utilization {
    computer: Arc<Simulated>,
}

impl Utilization {
    /// Of a computer.
    pub fn of(computer: Arc<Simulated>) -> Self {
        Self { computer }
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
        let computer = self.computer.clone();
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stream = IntervalStream::new(ticks).map(move |_| {
            let mut report = rpc::Utilization::default();
            for used in computer.utilization() {
                let share = used.last_second as f32;
                report.values.insert(used.processor.clone(), share);
                report.busy.insert(used.processor, used.busy);
            }
            Ok(report)
        });
        Ok(Response::new(Box::pin(stream)))
    }
}
