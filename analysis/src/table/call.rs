//! The table of calls: one row per function call of a client.

use super::{CallParts, Column, NameId, Names, Record};
use serde::Serialize;

/// One function call, from the moment the client sends it until its outcome is known (or the run ends).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallRecord {
    /// Replication, from 0.
    pub replication: u32,
    /// Number of the call within the replication, from 0 in the order of sending.
    pub call: u64,
    /// The client that called.
    pub client: NameId,
    /// The function called.
    pub function: NameId,
    /// The brokers that the call went through, in order, joined by `>`; `None` if it went through none.
    pub path: Option<NameId>,
    /// The computer that executed the call; `None` if none did.
    pub computer: Option<NameId>,
    /// Size of the input, bytes.
    pub input_bytes: u64,
    /// Size of the output, bytes; `None` if there is none.
    pub output_bytes: Option<u64>,
    /// When the client sent the call, nanoseconds since the start of the run.
    pub sent_ns: u64,
    /// Time from sending to the client's knowledge of the outcome, nanoseconds; `None` if it never came.
    pub latency_ns: Option<u64>,
    /// Time on the computer, waiting included, nanoseconds; `None` if not executed.
    pub processing_ns: Option<u64>,
    /// Load of the executing processor over the last second before the call arrived there, percent; `None` if not
    /// executed.
    pub load1_percent: Option<u32>,
    /// Number of brokers that forwarded the call.
    pub hops: u32,
    /// The outcome of the call.
    pub outcome: Outcome,
    /// Where its latency went, if it was executed and that is known; [a table of its own](super::PartsRecord).
    pub parts: Option<CallParts>,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed, and the response came back.
    Ok,
    /// An error response with this text came back.
    Error(NameId),
    /// No response will ever come.
    Lost,
    /// Still in progress when the run ended.
    InProgress,
}

impl Outcome {
    /// The outcome as the table shows it: `ok`, `error`, `lost` or `in progress`.
    pub fn label(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Error(_) => "error",
            Outcome::Lost => "lost",
            Outcome::InProgress => "in progress",
        }
    }
}

/// A call as it is written; the fields are the columns, in this order.
#[derive(Serialize)]
struct CallRow<'a> {
    replication: u32,
    call: u64,
    client: &'a str,
    function: &'a str,
    path: &'a str,
    computer: &'a str,
    input_bytes: u64,
    output_bytes: Option<u64>,
    sent_ns: u64,
    latency_ns: Option<u64>,
    processing_ns: Option<u64>,
    load1_percent: Option<u32>,
    hops: u32,
    outcome: &'static str,
    error: &'a str,
}

impl Record for CallRecord {
    const TABLE: &'static str = "calls";

    const COLUMNS: &'static [Column] = &[
        Column::integer("replication", "", "Replication, from 0"),
        Column::integer(
            "call",
            "",
            "Number of the call within the replication, from 0 in the order of sending",
        ),
        Column::text("client", "Client that called"),
        Column::text("function", "Function called"),
        Column::text(
            "path",
            "Brokers that the call passed, in order, joined by >; empty if none",
        ),
        Column::text(
            "computer",
            "Computer that executed the call; empty if none did",
        ),
        Column::integer("input_bytes", "B", "Size of the input"),
        Column::integer(
            "output_bytes",
            "B",
            "Size of the output; missing unless the outcome is ok",
        ),
        Column::integer(
            "sent_ns",
            "ns",
            "When the client sent the call, since the start of the run",
        ),
        Column::integer(
            "latency_ns",
            "ns",
            "Time from sending to the outcome, at the client; missing if there was no outcome",
        ),
        Column::integer(
            "processing_ns",
            "ns",
            "Time at the computer, including waiting; missing if not executed",
        ),
        Column::integer(
            "load1_percent",
            "%",
            "Load of the executing processor over the last second before the call arrived; missing if not executed",
        ),
        Column::integer("hops", "", "Number of brokers that forwarded the call"),
        Column::text(
            "outcome",
            "Outcome of the call: ok, error, lost or in progress (when the run ended)",
        ),
        Column::text(
            "error",
            "Text of the error; empty unless the outcome is error",
        ),
    ];

    fn row<'a>(&'a self, names: &'a Names) -> impl Serialize + 'a {
        let error = if let Outcome::Error(text) = self.outcome {
            Some(text)
        } else {
            None
        };
        CallRow {
            replication: self.replication,
            call: self.call,
            client: names.resolve(self.client),
            function: names.resolve(self.function),
            path: names.resolve_or_empty(self.path),
            computer: names.resolve_or_empty(self.computer),
            input_bytes: self.input_bytes,
            output_bytes: self.output_bytes,
            sent_ns: self.sent_ns,
            latency_ns: self.latency_ns,
            processing_ns: self.processing_ns,
            load1_percent: self.load1_percent,
            hops: self.hops,
            outcome: self.outcome.label(),
            error: names.resolve_or_empty(error),
        }
    }
}
