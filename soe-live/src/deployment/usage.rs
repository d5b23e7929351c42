//! The utilization of the processors of a running deployment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tonic::Streaming;

use super::observe::ask;
use super::places::Place;
use crate::Security;
use crate::connection::connect_lazily;
use crate::rpc::edge_computer_client::EdgeComputerClient;
use crate::rpc::{Utilization, Void};

/// How long to wait before a computer that is not there is asked again.
const AGAIN: Duration = Duration::from_millis(200);
/// How long a report may take that is due at once.
const REPORT: Duration = Duration::from_secs(5);

/// Listens to what computers report about the time from an instant on.
#[derive(Debug)]
pub struct Usage {
    computers: BTreeMap<String, (Place, Arc<Mutex<Busy>>)>,
    watches: JoinSet<()>,
}

/// For how long each processor of a computer was in use, in seconds.
#[derive(Debug, Default)]
struct Busy {
    /// What the latest report said; nothing if the computer is new.
    latest: BTreeMap<String, f64>,
    sums: BTreeMap<String, f64>,
}

impl Usage {
    /// Listens to computers about the time from `from` on. Each has a name and a
    /// place, and may have been in use before.
    pub fn watch<'a>(
        computers: impl Iterator<Item = (&'a str, &'a Place, bool)>,
        from: Instant,
    ) -> Self {
        let mut all = BTreeMap::new();
        let mut watches = JoinSet::new();
        for (name, place, was_used) in computers {
            let busy = Arc::new(Mutex::new(Busy::default()));
            all.insert(name.to_owned(), (place.clone(), busy.clone()));
            let place = place.clone();
            watches.spawn(async move {
                sleep_until(from).await;
                let mut is_first = was_used;
                loop {
                    if let Some(mut stream) = stream(&place).await {
                        while let Ok(Some(report)) = stream.message().await {
                            lock(&busy).add(report, std::mem::take(&mut is_first));
                        }
                    }
                    // It was gone, and may come back.
                    sleep(AGAIN).await;
                }
            });
        }
        Self {
            computers: all,
            watches,
        }
    }

    /// The mean share of each processor in use over `time`, which ends now, by
    /// computer and processor. Computers that were never there are left out.
    pub async fn means(mut self, time: Duration) -> BTreeMap<String, BTreeMap<String, f64>> {
        // Otherwise an older report could be taken for one after a restart.
        self.watches.shutdown().await;
        let mut means = BTreeMap::new();
        for (name, (place, busy)) in self.computers {
            if let Some(mut stream) = stream(&place).await
                && let Ok(Ok(Some(report))) = timeout(REPORT, stream.message()).await
            {
                lock(&busy).add(report, false);
            }
            let busy = lock(&busy);
            let share = |(processor, sum): (&String, &f64)| {
                (
                    processor.clone(),
                    (sum / time.as_secs_f64()).clamp(0.0, 1.0),
                )
            };
            let shares: BTreeMap<_, _> = busy.sums.iter().map(share).collect();
            if !shares.is_empty() {
                means.insert(name, shares);
            }
        }
        means
    }
}

impl Busy {
    /// Adds what a computer has been doing since its latest report; nothing if this
    /// is the `first` one that counts.
    fn add(&mut self, report: Utilization, first: bool) {
        for (processor, &busy) in &report.busy {
            let before = match self.latest.get(processor) {
                // Less than before: it was restarted.
                Some(&before) if before <= busy => before,
                Some(_) => 0.0,
                None if first => busy,
                None => 0.0,
            };
            *self.sums.entry(processor.clone()).or_default() += busy - before;
        }
        self.latest = report.busy;
    }
}

/// The reports of a computer, the first of which comes at once; `None` if it is
/// not there.
async fn stream(place: &Place) -> Option<Streaming<Utilization>> {
    let channel = connect_lazily(place.second.as_str(), &Security::Plaintext).ok()?;
    let mut client = EdgeComputerClient::new(channel);
    ask(client.stream_util(Void {})).await.ok()
}

fn lock(busy: &Mutex<Busy>) -> std::sync::MutexGuard<'_, Busy> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(busy: f64) -> Utilization {
        Utilization {
            busy: [("cpu".to_owned(), busy)].into(),
            ..Utilization::default()
        }
    }

    #[test]
    fn what_was_used_adds_up_from_the_first_report_on_and_over_restarts() {
        for (was_used, expected) in [(true, 3.5), (false, 5.5)] {
            let mut busy = Busy::default();
            busy.add(report(2.0), was_used);
            busy.add(report(2.5), false);
            busy.add(report(5.0), false);
            // Since the restart.
            busy.add(report(0.25), false);
            busy.add(report(0.5), false);
            assert_eq!(busy.sums["cpu"], expected);
        }
    }
}
