//! Recovery of removed destinations.
//!
//! A destination that cannot be reached is removed from the tables. With a
//! controller, it returns when it announces itself there again. Without a controller,
//! nothing would add it again, so the broker periodically tries to reach it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use soe_model::broker::Command;
use soe_model::broker::table::TableNames;
use soe_model::controller::INITIAL_WEIGHT;
use soe_model::names::{EndpointId, FunctionId};
use tracing::{info, warn};

use super::Broker;
use super::core::Core;
use crate::peer::CallError;

/// How often destinations that have failed are tried, at first and at most.
const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(10);
/// How often to look whether it is time.
const ROUND: Duration = Duration::from_millis(250);

impl Core {
    /// Notes that a destination has left the tables since it has failed.
    pub fn has_failed(
        &mut self,
        function: FunctionId,
        destination: EndpointId,
        is_final: bool,
        why: &CallError,
    ) {
        if self.offers(function, destination).is_some() {
            return;
        }
        let lost = self.lost.entry(destination).or_default();
        if lost.iter().all(|&(known, _)| known != function) {
            lost.push((function, is_final));
        }
        warn!(
            "{} has failed and is removed from the tables of {}: {why}",
            self.endpoints.name(destination),
            self.functions.name(function)
        );
    }

    /// Notes that entries were changed by another component.
    pub fn decided(&mut self, command: &Command) {
        match *command {
            Command::Flush => self.lost.clear(),
            Command::Change {
                function,
                destination,
                ..
            }
            | Command::Remove {
                function,
                destination,
            } => {
                if let Some(lost) = self.lost.get_mut(&destination) {
                    lost.retain(|&(known, _)| known != function);
                    if lost.is_empty() {
                        self.lost.remove(&destination);
                    }
                }
            }
        }
    }
}

impl Broker {
    /// Puts destinations back that can be reached again, for ever.
    pub(super) async fn recover(self: Arc<Self>) {
        let mut tries: BTreeMap<EndpointId, (Instant, Duration)> = BTreeMap::new();
        let mut cleaned = Instant::now();
        loop {
            tokio::time::sleep(ROUND).await;
            if cleaned.elapsed() > LAST {
                self.core().drop_peers();
                cleaned = Instant::now();
            }
            let lost: Vec<_> = {
                let core = self.core();
                tries.retain(|destination, _| core.lost.contains_key(destination));
                core.lost.keys().copied().collect()
            };
            for destination in lost {
                let now = Instant::now();
                let (due, pause) = tries.entry(destination).or_insert((now + FIRST, FIRST));
                if *due > now {
                    continue;
                }
                *pause = (*pause * 2).min(LAST);
                *due = now + *pause;
                tokio::spawn(self.clone().look_for(destination));
            }
        }
    }

    async fn look_for(self: Arc<Self>, destination: EndpointId) {
        let peer = self.peer(&mut self.core(), destination);
        let there = match peer {
            Ok(peer) => peer.reach().await.is_ok(),
            Err(_) => false,
        };
        if !there {
            return;
        }
        let mut core = self.core();
        let Some(lost) = core.lost.remove(&destination) else {
            return;
        };
        let now = self.clock.now();
        let Core {
            broker,
            functions,
            endpoints,
            ..
        } = &mut *core;
        for (function, is_final) in lost {
            let command = Command::Change {
                function,
                destination,
                weight: INITIAL_WEIGHT,
                is_final,
            };
            // It was there before, so it is possible.
            let names = TableNames {
                functions,
                endpoints,
            };
            let _ = broker.configure(now, &command, names);
        }
        info!("{} is back", endpoints.name(destination));
        self.settle(core);
    }
}
