//! Adds up the time of transfers and their traffic.

use crate::network::{NodeId, RouteReader};

/// The way to the cloud from anywhere at the edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cloud {
    /// One-way latency, in seconds; 0 or more.
    pub latency: f64,
    /// Rate in megabits per second; more than 0.
    pub rate_mbps: f64,
}

impl Default for Cloud {
    /// 100 ms and 5 Mb/s.
    fn default() -> Self {
        Self {
            latency: 0.1,
            rate_mbps: 5.0,
        }
    }
}

impl Cloud {
    fn seconds(&self, bytes: u64) -> f64 {
        match bytes {
            0 => 0.0,
            _ => self.latency + bytes.saturating_mul(8) as f64 / (1e6 * self.rate_mbps),
        }
    }
}

/// Adds up the transfers of one chain.
pub struct Meter<'a> {
    reader: RouteReader<'a>,
    cloud: Cloud,
    seconds: f64,
    traffic: u64,
    failure: Option<Failure>,
}

/// Why a transfer is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No route from one node to another.
    NoRoute(NodeId, NodeId),
    /// No node can be reached from everywhere.
    NoCentralNode,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(reader: RouteReader<'a>, cloud: Cloud) -> Self {
        Self {
            reader,
            cloud,
            seconds: 0.0,
            traffic: 0,
            failure: None,
        }
    }

    pub(crate) fn reader(&mut self) -> &mut RouteReader<'a> {
        &mut self.reader
    }

    /// Starts again from nothing.
    pub(crate) fn reset(&mut self) {
        (self.seconds, self.traffic, self.failure) = (0.0, 0, None);
    }

    /// Time that the transfers took so far, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Bytes times links so far.
    pub(crate) fn traffic(&self) -> u64 {
        self.traffic
    }

    /// Why a transfer was impossible, if one was.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Data goes from one node to another.
    #[inline]
    pub fn one_way(&mut self, bytes: u64, from: NodeId, to: NodeId) {
        self.seconds += self.leg(bytes, from, to);
    }

    /// Data goes from `client` to `node`, and then from `node` to `client`.
    #[inline]
    pub fn round_trip(&mut self, there: u64, back: u64, client: NodeId, node: NodeId) {
        // First the sum of both: the last digit depends on it.
        let seconds = self.leg(there, client, node) + self.leg(back, node, client);
        self.seconds += seconds;
    }

    /// A state is fetched from the node that is nearest to all, and stored there.
    pub fn central_round_trip(&mut self, bytes: u64, client: NodeId) {
        match self.reader.network().central() {
            Some(central) => self.round_trip(bytes, bytes, client, central),
            None => self.failure = Some(Failure::NoCentralNode),
        }
    }

    /// A state is fetched from the cloud and stored there by `node`.
    pub fn cloud_round_trip(&mut self, bytes: u64, node: NodeId) {
        let seconds = self.cloud.seconds(bytes);
        self.seconds += seconds + seconds;
        let network = self.reader.network();
        let hops = if network.corrections().cloud_traffic {
            let exit = network.exit(node);
            // The way to the cloud beyond the exchange point counts as one link.
            u64::from(exit.up) + u64::from(exit.down) + 2
        } else {
            2
        };
        self.count(bytes, hops);
    }

    #[inline]
    fn leg(&mut self, bytes: u64, from: NodeId, to: NodeId) -> f64 {
        let leg = self.reader.leg(from, to);
        let (seconds, hops) = (leg.seconds(bytes), leg.hops());
        if seconds == f64::INFINITY {
            self.failure = Some(Failure::NoRoute(from, to));
        }
        self.count(bytes, hops);
        seconds
    }

    fn count(&mut self, bytes: u64, hops: u64) {
        self.traffic = self.traffic.saturating_add(bytes.saturating_mul(hops));
    }
}
