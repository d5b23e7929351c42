//! The table of the parts of latencies: one row per completed call.

use super::{CallRecord, Column, Names, Record};
use serde::Serialize;

/// Where the latency of a completed call went, in nanoseconds. The parts add up to the latency exactly.
///
/// ```
/// let call = analysis::CallParts { network_there: 1_000, processor: 500, network_back: 1_000, ..Default::default() };
/// assert_eq!(call.total(), 2_500);
/// assert_eq!(call.values().len(), analysis::CallParts::NAMES.len());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallParts {
    /// On the way from the client to the computer, over all links.
    pub network_there: u64,
    /// At brokers: their own delay, the wait for estimates, attempts at other destinations that failed; and the wait of
    /// the client until a controller has told it a destination.
    pub broker: u64,
    /// At the computer, until a worker of the container was free.
    pub worker_queue: u64,
    /// Then, until memory was free.
    pub memory_queue: u64,
    /// Until the container was ready: a cold start. Zero where containers are always warm.
    pub start: u64,
    /// On the processor, which other calls may share.
    pub processor: u64,
    /// On the way back.
    pub network_back: u64,
}

impl CallParts {
    /// The parts in the order of a call, as columns and figures call them.
    pub const NAMES: [&'static str; 7] = [
        "network there",
        "broker",
        "worker queue",
        "memory queue",
        "start",
        "processor",
        "network back",
    ];

    /// The metrics that are the mean of each part, in the order of [`Self::NAMES`].
    pub const METRICS: [&'static str; 7] = [
        "network_there_mean",
        "broker_mean",
        "worker_queue_mean",
        "memory_queue_mean",
        "start_mean",
        "processor_mean",
        "network_back_mean",
    ];

    /// The parts in the order of [`Self::NAMES`], nanoseconds.
    pub const fn values(&self) -> [u64; 7] {
        [
            self.network_there,
            self.broker,
            self.worker_queue,
            self.memory_queue,
            self.start,
            self.processor,
            self.network_back,
        ]
    }

    /// The latency, nanoseconds.
    pub fn total(&self) -> u64 {
        self.values().iter().sum()
    }
}

/// The parts of the latency of one call, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartsRecord {
    /// Replication, from 0.
    pub replication: u32,
    /// Number of the call within the replication, as in the table of calls.
    pub call: u64,
    /// The parts.
    pub parts: CallParts,
}

impl PartsRecord {
    /// Those of a call.
    pub fn of(call: &CallRecord, parts: CallParts) -> Self {
        Self {
            replication: call.replication,
            call: call.call,
            parts,
        }
    }
}

/// A row; the fields are the columns, in this order.
#[derive(Serialize)]
struct PartsRow {
    replication: u32,
    call: u64,
    network_there_ns: u64,
    broker_ns: u64,
    worker_queue_ns: u64,
    memory_queue_ns: u64,
    start_ns: u64,
    processor_ns: u64,
    network_back_ns: u64,
}

impl Record for PartsRecord {
    const TABLE: &'static str = "parts";

    const COLUMNS: &'static [Column] = &[
        Column::integer("replication", "", "Replication, from 0"),
        Column::integer(
            "call",
            "",
            "Number of the call within the replication, as in calls",
        ),
        Column::integer(
            "network_there_ns",
            "ns",
            "Time on the way from the client to the computer, over all links",
        ),
        Column::integer(
            "broker_ns",
            "ns",
            "Time at brokers: their delay, the wait for estimates, attempts that failed; and the wait of the client for a \
             controller",
        ),
        Column::integer(
            "worker_queue_ns",
            "ns",
            "Time at the computer until a worker was free",
        ),
        Column::integer(
            "memory_queue_ns",
            "ns",
            "Time from then until memory was free",
        ),
        Column::integer(
            "start_ns",
            "ns",
            "Time until the container was ready: a cold start",
        ),
        Column::integer(
            "processor_ns",
            "ns",
            "Time on the processor, which other calls may share",
        ),
        Column::integer(
            "network_back_ns",
            "ns",
            "Time on the way back; the parts add up to latency_ns",
        ),
    ];

    fn row<'a>(&'a self, _: &'a Names) -> impl Serialize + 'a {
        let parts = self.parts;
        PartsRow {
            replication: self.replication,
            call: self.call,
            network_there_ns: parts.network_there,
            broker_ns: parts.broker,
            worker_queue_ns: parts.worker_queue,
            memory_queue_ns: parts.memory_queue,
            start_ns: parts.start,
            processor_ns: parts.processor,
            network_back_ns: parts.network_back,
        }
    }
}
