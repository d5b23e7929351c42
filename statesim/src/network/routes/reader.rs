//! Reads routes without a lock, and requests the computation of missing ones.

use std::sync::Arc;

use super::inbound::{Leg, Row};
use crate::network::{Network, NodeId, Reach};

/// How many routes a reader remembers once the cache is full.
const OVERFLOW: usize = 64;

/// What one worker remembers of routes that the full cache has no room for.
#[derive(Debug, Default)]
pub(crate) struct View {
    reach: Option<(NodeId, Arc<Reach>)>,
    overflow: Vec<(NodeId, Row)>,
    oldest: usize,
}

/// Reads routes on behalf of one worker.
pub(crate) struct RouteReader<'a> {
    network: &'a Network,
    view: &'a mut View,
}

impl<'a> RouteReader<'a> {
    pub(crate) fn new(network: &'a Network, view: &'a mut View) -> Self {
        Self { network, view }
    }

    pub(crate) fn network(&self) -> &'a Network {
        self.network
    }

    /// The way between two processing nodes.
    #[inline]
    pub(crate) fn leg(&mut self, from: NodeId, to: NodeId) -> Leg<'_> {
        if from == to {
            return Leg::STAY;
        }
        match self.network.routes.to[usize::from(to)].get() {
            Some(row) => row.leg(from, to),
            None => self.row(to).leg(from, to),
        }
    }

    /// How far all nodes are from a client.
    pub(crate) fn reach(&mut self, client: NodeId) -> Arc<Reach> {
        let kept = &self.network.reach[usize::from(client)];
        if let Some(reach) = kept.get() {
            return Arc::clone(reach);
        }
        if let Some((of, reach)) = &self.view.reach
            && *of == client
        {
            return Arc::clone(reach);
        }
        let reach = Arc::new(Reach::new(self, client));
        if self.network.routes.reserve(reach.bytes()) {
            return Arc::clone(kept.get_or_init(|| reach));
        }
        self.view.reach = Some((client, Arc::clone(&reach)));
        reach
    }

    #[cold]
    fn row(&mut self, to: NodeId) -> &Row {
        let routes = &self.network.routes;
        let kept = &routes.to[usize::from(to)];
        if let Some(row) = kept.get() {
            return row;
        }
        if let Some(at) = self.view.overflow.iter().position(|(node, _)| *node == to) {
            return &self.view.overflow[at].1;
        }
        let twin = routes.twin_of[usize::from(to)];
        let shared = match twin == to {
            true => None,
            false => Some(self.row(twin).clone()).filter(|row| !row.inbound.has_ties),
        };
        let (row, has_room) = match shared {
            // It needs no additional memory.
            Some(row) => (row, routes.to[usize::from(twin)].get().is_some()),
            None => {
                let inbound = Arc::new(routes.compute(self.network, to));
                let has_room = routes.reserve(inbound.bytes());
                (Row { inbound, of: to }, has_room)
            }
        };
        if has_room {
            return kept.get_or_init(|| row);
        }
        let at = if self.view.overflow.len() < OVERFLOW {
            self.view.overflow.push((to, row));
            self.view.overflow.len() - 1
        } else {
            self.view.oldest = (self.view.oldest + 1) % OVERFLOW;
            self.view.overflow[self.view.oldest] = (to, row);
            self.view.oldest
        };
        &self.view.overflow[at].1
    }
}
