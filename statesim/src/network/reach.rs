//! The distance of every node to one client, prepared for the choice of a node.

use std::collections::HashMap;

use super::routes::OwnedLeg;
use super::{Leg, NodeId, RouteReader};

/// What an exchange between a client and each node costs, by class.
///
/// Nodes are in the order of [`candidates`](super::Network::candidates).
#[derive(Debug)]
pub(crate) struct Reach {
    class_of: Box<[u16]>,
    classes: Box<[(OwnedLeg, OwnedLeg)]>,
}

impl Reach {
    pub(super) fn new(reader: &mut RouteReader<'_>, client: NodeId) -> Self {
        let mut known = HashMap::new();
        let mut classes = Vec::new();
        let class_of = reader.network().candidates().iter().map(|&node| {
            let there = reader.leg(client, node).number();
            let back = reader.leg(node, client).number();
            *known.entry((there, back)).or_insert_with(|| {
                let there = reader.leg(client, node).to_owned();
                let back = reader.leg(node, client).to_owned();
                classes.push((there, back));
                classes.len() as u16 - 1
            })
        });
        Self {
            class_of: class_of.collect(),
            classes: classes.into(),
        }
    }

    /// The class of each candidate.
    pub(crate) fn class_of(&self) -> &[u16] {
        &self.class_of
    }

    /// How long each class takes to send so much there and so much back.
    pub(crate) fn exchange_seconds(&self, there: u64, back: u64, seconds: &mut Vec<f64>) {
        seconds.clear();
        seconds.extend(
            self.classes
                .iter()
                .map(|(to, from)| Leg::from(to).seconds(there) + Leg::from(from).seconds(back)),
        );
    }

    pub(super) fn bytes(&self) -> usize {
        let legs = self
            .classes
            .iter()
            .map(|(to, from)| to.bytes() + from.bytes());
        size_of_val(&*self.class_of) + legs.sum::<usize>()
    }
}
