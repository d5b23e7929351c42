//! Results of workflows, which arrive at a callback, and the runs that wait for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tracing::debug;

use crate::Callback;
use crate::command::{Endpoint, Failure, Stop};
use crate::rpc::LambdaResponse;
use crate::security::Security;

/// Takes results at an endpoint and hands each to the run that waits for it.
#[derive(Debug)]
pub struct Results {
    endpoint: Endpoint,
    /// In the order in which they began to wait.
    waiting: Mutex<VecDeque<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    uuid: String,
    result: oneshot::Sender<LambdaResponse>,
}

impl Results {
    /// Listens until told to stop.
    ///
    /// # Errors
    /// If the endpoint is not free, or others could not send anything there.
    pub async fn listen(
        endpoint: &Endpoint,
        security: &Security,
        stop: Stop,
    ) -> Result<Arc<Self>, Failure> {
        let listening = Callback::listen(endpoint, security, stop).await;
        let (endpoint, mut received) = listening.map_err(Failure::run)?;
        let results = Arc::new(Self {
            endpoint,
            waiting: Mutex::default(),
        });
        let handed = results.clone();
        tokio::spawn(async move {
            while let Some(result) = received.recv().await {
                handed.hand_over(result);
            }
        });
        Ok(results)
    }

    /// Where results are taken.
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str()
    }

    /// Where the result of a run will come out.
    pub fn expect(&self, uuid: &str) -> oneshot::Receiver<LambdaResponse> {
        let (result, receiver) = oneshot::channel();
        let uuid = uuid.to_owned();
        let mut waiting = self.waiting();
        waiting.retain(|waiting| !waiting.result.is_closed());
        waiting.push_back(Waiting { uuid, result });
        receiver
    }

    /// A result goes to the run that it names. Computers of the original name
    /// none: then it goes to the one that has waited longest.
    fn hand_over(&self, result: LambdaResponse) {
        let mut waiting = self.waiting();
        waiting.retain(|waiting| !waiting.result.is_closed());
        let place = match result.uuid.as_str() {
            "" => (!waiting.is_empty()).then_some(0),
            uuid => waiting.iter().position(|waiting| waiting.uuid == uuid),
        };
        match place.and_then(|place| waiting.remove(place)) {
            // It may have been given up just now.
            Some(waiting) => drop(waiting.result.send(result)),
            None => debug!(
                "discarded a result that no client waits for: {}",
                result.retcode
            ),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_go_to_those_they_name_or_to_the_one_that_waited_longest() {
        let results = Results {
            endpoint: "127.0.0.1:6480".parse().unwrap(),
            waiting: Mutex::default(),
        };
        let result = |uuid: &str, output: &str| LambdaResponse {
            uuid: uuid.to_owned(),
            output: output.to_owned(),
            ..LambdaResponse::default()
        };
        let mut given_up = results.expect("zero");
        given_up.close();
        let [mut one, mut two, mut three] = ["one", "two", "three"].map(|it| results.expect(it));
        results.hand_over(result("two", "named"));
        results.hand_over(result("two", "again"));
        results.hand_over(result("", "first"));
        results.hand_over(result("unknown", "lost"));
        assert_eq!(two.try_recv().unwrap().output, "named");
        assert_eq!(one.try_recv().unwrap().output, "first");
        results.hand_over(result("", "second"));
        assert_eq!(three.try_recv().unwrap().output, "second");
        results.hand_over(result("", "nobody"));
    }
}
