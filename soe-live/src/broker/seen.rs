//! The state of a broker, as an operator sees it.

use soe_model::names::{EndpointId, Id};

use super::Broker;
use crate::limits::{METRIC_ENTRIES, METRIC_LABELS, METRIC_NAME};

/// The state of a broker.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Calls from their admission to their response.
    pub in_progress: u32,
    /// Calls that wait for admission.
    pub queued: usize,
    /// Destinations that have failed and are tried again.
    pub lost: usize,
    /// The number of entries of each table.
    pub entries: Vec<usize>,
    /// The first [`METRIC_ENTRIES`] entries.
    pub rows: Vec<Row>,
    /// The first [`METRIC_LABELS`] destinations in them.
    pub destinations: Vec<Destination>,
}

/// An entry of a table.
#[derive(Debug)]
pub(crate) struct Row {
    pub table: usize,
    pub function: String,
    pub destination: String,
    pub weight: f32,
}

/// A destination.
#[derive(Debug)]
pub(crate) struct Destination {
    pub name: String,
    /// Calls sent there and not answered.
    pub pending: u32,
    /// Calls that wait for a place there.
    pub waiting: u32,
    /// Its load, in percent.
    pub load: Option<u32>,
}

impl Broker {
    /// Whether any function has a destination.
    pub(super) fn has_destinations(&self) -> bool {
        let core = self.core();
        core.broker.tables().any(|table| !table.is_empty())
    }

    /// The state at this moment.
    pub(crate) fn seen(&self) -> Seen {
        let core = self.core();
        let (broker, endpoints) = (&core.broker, &core.endpoints);
        let mut seen = Seen {
            in_progress: broker.calls_in_progress(),
            queued: broker.calls_queued(),
            lost: core.lost.len(),
            ..Seen::default()
        };
        let mut known: Vec<EndpointId> = Vec::new();
        for (table, entries) in broker.tables().enumerate() {
            seen.entries.push(entries.keys().count());
            let rows = entries.keys().filter_map(|key| entries.entry(key));
            for entry in rows {
                let function = core.functions.name(entry.function);
                let destination = endpoints.name(entry.destination);
                if function.len() > METRIC_NAME || destination.len() > METRIC_NAME {
                    continue;
                }
                if seen.rows.len() == METRIC_ENTRIES {
                    break;
                }
                seen.rows.push(Row {
                    table,
                    function: function.to_owned(),
                    destination: destination.to_owned(),
                    weight: entry.weight,
                });
                if known.len() < METRIC_LABELS && !known.contains(&entry.destination) {
                    known.push(entry.destination);
                }
            }
        }
        known.sort_unstable_by_key(|id| id.index());
        seen.destinations = known
            .into_iter()
            .map(|id| {
                let (pending, waiting) = broker.pending(id);
                let load = broker.peers().get(id).load;
                Destination {
                    name: endpoints.name(id).to_owned(),
                    pending,
                    waiting,
                    load: load.map(|load| load.percent),
                }
            })
            .collect();
        seen
    }
}
