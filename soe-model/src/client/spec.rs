//! The specification of a client.

use sim_core::SimTime;

use crate::broker::ForwardingTime;
use crate::client::arrival::ArrivalSpec;
use crate::client::size::SizeSpec;

/// A client, which calls one function or runs one workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSpec {
    /// Its name.
    pub name: String,
    /// Its node in the network.
    pub node: String,
    /// The function it calls.
    pub function: String,
    /// The brokers or computers it sends calls to, at least one, all different; none
    /// with `context`.
    pub destinations: Vec<String>,
    /// The controller with balanced assignment that tells it the computer to which it
    /// sends calls, if it has no destinations of its own.
    pub context: Option<String>,
    /// With several destinations: the probability with which each call is sent
    /// also to each destination other than the preferred one ("uncoordinated
    /// access"). The first good answer wins and its sender becomes preferred.
    pub persistence: f64,
    /// When calls are issued.
    pub arrivals: ArrivalSpec,
    /// How large their input is.
    pub sizes: SizeSpec,
    /// When it starts.
    pub start: SimTime,
    /// When it stops issuing calls, if ever.
    pub stop: Option<SimTime>,
    /// After how many calls it stops, if ever.
    pub max_calls: Option<u64>,
    /// Where its random draws come from.
    pub generator: Generator,
    /// How it calls its destinations.
    pub protocol: Protocol,
}

/// How a client calls its destinations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Directly, in the protocol of brokers and computers.
    #[default]
    Grpc,
    /// As a client of OpenWhisk, through a front end before each destination.
    OpenWhisk {
        /// The time that the front end takes to forward one call.
        forwarding_time: ForwardingTime,
    },
}

/// Where the random draws of a client come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generator {
    /// Streams named after the client.
    #[default]
    Named,
    /// The sequences of the original's client with this index, seeded by the
    /// seed of the run plus the number of the replication.
    Original {
        /// The original's client index (its thread number).
        index: u32,
    },
}
