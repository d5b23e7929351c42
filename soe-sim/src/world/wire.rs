//! The wire: carries requests, responses and other messages between nodes.
//!
//! It knows where each endpoint is, which requests are on their way and what they
//! carry. Each message is scheduled as an event at the time of its arrival.

use sim_core::{SimDuration, SimTime};
use soe_model::names::{EndpointId, Id, Names, NodeId};
use soe_model::network::{Link, Network};
use soe_model::units::Bytes;

use super::baggage::AllBaggage;
use super::event::{Cx, Event};
use super::ids::{LegId, Receiver};
use super::leg::{Leg, Legs, Reply};

/// An endpoint: the entity behind it, and its node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub receiver: Receiver,
    pub node: NodeId,
}

/// The network and all that it carries.
#[derive(Debug)]
pub(super) struct Wire {
    network: Network,
    /// By number of the endpoint.
    places: Vec<Place>,
    legs: Legs,
    /// What the legs of workflows carry.
    pub baggage: AllBaggage,
    /// Requests that have not arrived yet, with their times of arrival, in the order in
    /// which they were sent; only where a broker foresees.
    on_the_way: Option<Vec<(SimTime, LegId)>>,
    /// Bytes sent between different nodes since the end of the warm-up; only where
    /// there are workflows.
    traffic: Option<u128>,
}

/// What a wire does beside carrying messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct WireOptions {
    /// It notes which requests are on their way.
    pub notes_requests: bool,
    /// It counts bytes.
    pub counts_traffic: bool,
}

impl Wire {
    /// A wire that carries nothing yet; `places` are by number of the endpoint.
    pub fn new(network: Network, places: Vec<Place>, options: WireOptions) -> Self {
        Self {
            network,
            places,
            legs: Legs::default(),
            baggage: AllBaggage::default(),
            on_the_way: options.notes_requests.then(Vec::new),
            traffic: options.counts_traffic.then_some(0),
        }
    }

    /// Sends a request after `delay`.
    #[inline]
    pub fn send_request(&mut self, mut leg: Leg, delay: SimDuration, cx: &mut Cx<'_>) {
        let to = self.node_of(leg.to);
        let size = self.baggage.size_of_request(leg.baggage, leg.input);
        let travel = self.carry(leg.from, to, size);
        leg.arrives = cx.now() + delay + travel;
        let arrives = leg.arrives;
        let leg = self.legs.start(leg);
        if let Some(on_the_way) = &mut self.on_the_way {
            on_the_way.push((arrives, leg));
        }
        cx.schedule_at(arrives, Event::Request(leg));
    }

    /// A request arrives; returns at which entity.
    #[inline]
    pub fn arrived(&mut self, id: LegId) -> Receiver {
        if let Some(on_the_way) = &mut self.on_the_way {
            on_the_way.retain(|&(_, known)| known != id);
        }
        self.receiver(self.legs[id].to)
    }

    /// Sends the response to a request.
    #[inline]
    pub fn respond(&mut self, id: LegId, reply: Reply, cx: &mut Cx<'_>) {
        let leg = &mut self.legs[id];
        leg.reply = reply;
        let size = match reply {
            Reply::Done(execution) if !leg.dry => {
                let output = execution.output;
                self.baggage.size_of_response(leg.baggage, output)
            }
            _ => Bytes(0),
        };
        let (to, from) = (leg.to, leg.from);
        let travel = self.carry(self.node_of(to), from, size);
        cx.schedule_in(travel, Event::Response(id));
    }

    /// Keeps a reply where the response to the sender of a request will find it.
    #[inline]
    pub fn keep_reply(&mut self, id: LegId, reply: Reply) {
        self.legs[id].reply = reply;
    }

    /// Removes a leg after its response has arrived.
    #[inline]
    pub fn finish(&mut self, id: LegId) -> Leg {
        self.legs.finish(id)
    }

    /// A leg that is in progress.
    #[inline]
    pub fn leg(&self, id: LegId) -> &Leg {
        &self.legs[id]
    }

    /// All legs in progress, by number.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.under_way()
    }

    /// The requests that are on their way to `destination`, with their times of arrival,
    /// in the order in which they were sent; `None` if they are not noted.
    pub fn coming(&self, destination: EndpointId) -> Option<impl Iterator<Item = (SimTime, &Leg)>> {
        let all = self.on_the_way.as_ref()?.iter();
        let all = all.map(|&(at, leg)| (at, &self.legs[leg]));
        Some(all.filter(move |(_, leg)| leg.to == destination))
    }

    /// Sends a message that is part of no leg; `event` happens when it arrives.
    pub fn send_message(
        &mut self,
        from: NodeId,
        to: NodeId,
        size: Bytes,
        event: Event,
        cx: &mut Cx<'_>,
    ) {
        let travel = self.carry(from, to, size);
        cx.schedule_in(travel, event);
    }

    /// Sends a message of the control plane, which counts as no traffic; `event` happens
    /// when it arrives.
    pub fn send_control(&self, from: NodeId, to: NodeId, event: Event, cx: &mut Cx<'_>) {
        cx.schedule_in(self.transfer(from, to, Bytes(0)), event);
    }

    /// How long a message takes.
    #[inline]
    pub fn transfer(&self, from: NodeId, to: NodeId, size: Bytes) -> SimDuration {
        self.network.transfer(from, to, size)
    }

    /// The entity behind an endpoint.
    #[inline]
    pub fn receiver(&self, endpoint: EndpointId) -> Receiver {
        self.places[endpoint.index()].receiver
    }

    /// The node of an endpoint.
    #[inline]
    pub fn node_of(&self, endpoint: EndpointId) -> NodeId {
        self.places[endpoint.index()].node
    }

    /// The names of all nodes.
    pub fn nodes(&self) -> &Names<NodeId> {
        self.network.nodes()
    }

    /// Joins two nodes with another link.
    pub fn change_link(&mut self, from: NodeId, to: NodeId, link: Link) {
        self.network.join_nodes(from, to, link);
    }

    /// Bytes sent between different nodes since the end of the warm-up, if they are
    /// counted.
    pub fn traffic(&self) -> Option<u128> {
        self.traffic
    }

    /// The warm-up ends: traffic counts from now.
    pub fn mark_traffic(&mut self) {
        self.traffic = self.traffic.map(|_| 0);
    }

    /// Counts a message, and returns how long it takes.
    #[inline]
    fn carry(&mut self, from: NodeId, to: NodeId, size: Bytes) -> SimDuration {
        if let Some(traffic) = &mut self.traffic
            && from != to
        {
            *traffic += u128::from(size.0) + u128::from(self.network.header().0);
        }
        self.network.transfer(from, to, size)
    }
}
