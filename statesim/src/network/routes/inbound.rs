//! The routes to one node, and their costs.

use std::sync::Arc;

use crate::network::NodeId;

/// The routes to one node, which may be those to its twin.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) inbound: Arc<Inbound>,
    /// The node to which `inbound` leads.
    pub(super) of: NodeId,
}

/// The routes to one node, for every other the class that its route belongs to.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) class_of: Box<[u16]>,
    pub(super) classes: Box<[Class]>,
    pub(super) rates: Box<[f32]>,
    /// Whether some of the routes were a choice between equals.
    pub(super) has_ties: bool,
}

/// Routes that cost the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// Where their links are in `rates`.
    pub(super) first: u32,
    pub(super) hops: u32,
    pub(super) seconds_per_bit: f64,
    pub(super) latency: f64,
    /// Whether times are computed in double precision.
    pub(super) double: bool,
    pub(super) reachable: bool,
    /// Equal for equal classes to other nodes.
    pub(super) number: u32,
}

/// The way from one node to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg<'a> {
    class: Class,
    /// Rates of the links in bit/s, in the order in which they are crossed.
    rates: &'a [f32],
}

pub(super) const NOWHERE: Class = Class {
    first: 0,
    hops: 0,
    seconds_per_bit: 0.0,
    latency: 0.0,
    double: false,
    reachable: true,
    number: u32::MAX,
};

impl Leg<'_> {
    /// The way from a node to itself.
    pub(super) const STAY: Self = Leg {
        class: NOWHERE,
        rates: &[],
    };

    /// The duration of a transfer; infinite without a route.
    #[inline]
    pub(crate) fn seconds(&self, bytes: u64) -> f64 {
        if bytes == 0 {
            0.0
        } else if !self.class.reachable {
            f64::INFINITY
        } else if self.class.double {
            self.class.latency + bytes as f64 * 8.0 * self.class.seconds_per_bit
        } else {
            let bits = bytes.saturating_mul(8) as f32;
            let mut seconds = 0.0;
            for &rate in self.rates {
                seconds += f64::from(bits / rate);
            }
            seconds + self.class.latency
        }
    }

    /// How many links are crossed.
    pub(crate) fn hops(&self) -> u64 {
        u64::from(self.class.hops)
    }

    /// The same for legs that cost the same.
    pub(crate) fn number(&self) -> u32 {
        self.class.number
    }
}

/// A leg that outlives the routes that it was read from.
#[derive(Clone, Debug)]
pub(crate) struct OwnedLeg {
    class: Class,
    rates: Box<[f32]>,
}

impl Leg<'_> {
    pub(in crate::network) fn to_owned(self) -> OwnedLeg {
        OwnedLeg {
            class: self.class,
            rates: self.rates.into(),
        }
    }
}

impl<'a> From<&'a OwnedLeg> for Leg<'a> {
    fn from(leg: &'a OwnedLeg) -> Self {
        Self {
            class: leg.class,
            rates: &leg.rates,
        }
    }
}

impl OwnedLeg {
    pub(in crate::network) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.rates)
    }
}

impl Row {
    /// The way from `from` to `to`, whose row this is.
    #[inline]
    pub(super) fn leg(&self, from: NodeId, to: NodeId) -> Leg<'_> {
        // As far from its twin as the twin is from it.
        self.inbound.leg(if from == self.of { to } else { from })
    }
}

impl Inbound {
    fn leg(&self, from: NodeId) -> Leg<'_> {
        let class = self.classes[usize::from(self.class_of[usize::from(from)])];
        let first = class.first as usize;
        Leg {
            class,
            rates: &self.rates[first..first + class.hops as usize],
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.class_of) + size_of_val(&*self.classes) + size_of_val(&*self.rates)
    }
}
