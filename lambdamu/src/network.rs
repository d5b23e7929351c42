//! Brokers, nodes with containers, and the distances between them.

use soe_model::topology::{Orientation, RouteSearch, Topology, VertexId};

use crate::Error;

/// An edge node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// How many containers it has.
    pub containers: u32,
    /// Requests per unit of time that one container can serve.
    pub capacity: u64,
}

/// At most this many containers of all edge nodes together.
const MAX_CONTAINERS: u64 = 1 << 20;
/// At most this many distances between brokers and nodes.
const MAX_DISTANCES: usize = 1 << 26;

/// The brokers and nodes. Node 0 is the cloud, whose containers depend on the
/// applications; the edge nodes follow.
#[derive(Clone, Debug)]
pub struct Network {
    nodes: Vec<NodeSpec>,
    /// For each broker its row in `costs`; brokers in equal places share it.
    place_of: Vec<u32>,
    /// One row for each place, with the cost to each node.
    costs: Vec<f64>,
}

impl Network {
    /// A network of edge nodes with the distances in links from every broker to each of
    /// them. From every broker, the cloud is `cloud_factor` times as far as the farthest
    /// edge node is from any.
    ///
    /// # Errors
    /// If there is no broker or no edge node, or a number is out of range.
    pub fn new(
        edge: &[NodeSpec],
        distances: &[Vec<u32>],
        cloud_factor: f64,
    ) -> Result<Self, Error> {
        let wrong = |message: String| Err(Error::Network(message));
        if !(cloud_factor.is_finite() && cloud_factor > 0.0) {
            return Err(Error::Parameter(format!(
                "cloud distance factor is {cloud_factor}, expected more than 0"
            )));
        }
        if distances.is_empty() {
            return wrong(
                "there is no broker (a node of model rpi3b+ or nvidia_jetson_tx2)".into(),
            );
        }
        if edge.is_empty() {
            return wrong("there is no edge node (a node of model nuci5 or server)".into());
        }
        if distances.len().saturating_mul(edge.len() + 1) > MAX_DISTANCES {
            return wrong(format!(
                "there are {} brokers and {} edge nodes, expected at most {MAX_DISTANCES} pairs",
                distances.len(),
                edge.len()
            ));
        }
        let containers: u64 = edge.iter().map(|node| u64::from(node.containers)).sum();
        if containers > MAX_CONTAINERS {
            return wrong(format!(
                "there are {containers} containers, expected at most {MAX_CONTAINERS}"
            ));
        }
        if let Some(row) = distances.iter().find(|row| row.len() != edge.len()) {
            return wrong(format!(
                "a broker has {} distances, expected {}",
                row.len(),
                edge.len()
            ));
        }
        let farthest = distances.iter().flatten().max().copied().unwrap_or(0);
        let cloud = cloud_factor * f64::from(farthest);
        let mut rows: Vec<&Vec<u32>> = distances.iter().collect();
        rows.sort_unstable();
        rows.dedup();
        let place = |row| rows.binary_search(&row).unwrap_or_default() as u32;
        let costs = rows.iter().flat_map(|row| {
            let edge = row.iter().map(|&distance| f64::from(distance));
            std::iter::once(cloud).chain(edge)
        });
        let cloud_node = NodeSpec {
            containers: 0,
            capacity: 0,
        };
        Ok(Self {
            nodes: std::iter::once(cloud_node)
                .chain(edge.iter().copied())
                .collect(),
            place_of: distances.iter().map(place).collect(),
            costs: costs.collect(),
        })
    }

    /// The network of a topology: brokers are the nodes that may be clients, edge nodes
    /// the other processing nodes, both in the byte order of their names.
    ///
    /// An edge node has a container for each 10^9 operations per second. One container
    /// serves 20 requests if the name of its node has `server` in it, 10 if it has `nuc`.
    ///
    /// # Errors
    /// If there is no broker or no edge node, an edge node has another name or is too
    /// slow for one container, or a broker cannot reach an edge node.
    pub fn of_topology(topology: &Topology, cloud_factor: f64) -> Result<Self, Error> {
        let brokers: Vec<VertexId> = topology.clients().collect();
        let mut sorted = brokers.clone();
        sorted.sort_unstable();
        let edge: Vec<VertexId> = topology
            .processing()
            .iter()
            .copied()
            .filter(|vertex| sorted.binary_search(vertex).is_err())
            .collect();
        let nodes: Vec<NodeSpec> = edge
            .iter()
            .map(|&vertex| node_spec(topology, vertex))
            .collect::<Result<_, _>>()?;
        let mut distances = vec![Vec::with_capacity(edge.len()); brokers.len()];
        let mut search = RouteSearch::in_single_precision(topology, Orientation::Swapped);
        for &node in &edge {
            search.next_hops_to(node);
            for (row, &broker) in distances.iter_mut().zip(&brokers) {
                let Some(hops) = search.hops_from(broker) else {
                    return Err(Error::Network(format!(
                        "there is no way from broker `{}` to edge node `{}`",
                        topology.name(broker),
                        topology.name(node)
                    )));
                };
                row.push(hops);
            }
        }
        Self::new(&nodes, &distances, cloud_factor)
    }

    /// How many brokers there are.
    pub fn brokers(&self) -> usize {
        self.place_of.len()
    }

    /// The edge nodes.
    pub fn edge_nodes(&self) -> &[NodeSpec] {
        &self.nodes[1..]
    }

    /// What a unit of traffic costs from a broker to a node; node 0 is the cloud.
    pub fn cost(&self, broker: usize, node: usize) -> f64 {
        self.row(self.place(broker))[node]
    }

    /// All nodes, the cloud without containers.
    pub(crate) fn nodes(&self) -> &[NodeSpec] {
        &self.nodes
    }

    /// Which of the different rows of costs a broker has.
    pub(crate) fn place(&self, broker: usize) -> u32 {
        self.place_of[broker]
    }

    /// The costs from a place to all nodes.
    pub(crate) fn row(&self, place: u32) -> &[f64] {
        let width = self.nodes.len();
        &self.costs[place as usize * width..][..width]
    }
}

fn node_spec(topology: &Topology, vertex: VertexId) -> Result<NodeSpec, Error> {
    let name = topology.name(vertex);
    let speed = topology
        .processor(vertex)
        .map_or(0.0, |processor| f64::from(processor.single_speed()));
    let containers = (speed / 1e9).round();
    if !(1.0..=MAX_CONTAINERS as f64).contains(&containers) {
        return Err(Error::Network(format!(
            "edge node `{name}` has {speed} operations/s, expected 10^9 for each of 1 to \
             {MAX_CONTAINERS} containers"
        )));
    }
    let capacity = if name.contains("server") {
        20
    } else if name.contains("nuc") {
        10
    } else {
        return Err(Error::Network(format!(
            "edge node `{name}` is of unknown capacity, expected a name with `server` or `nuc`"
        )));
    };
    Ok(NodeSpec {
        containers: containers as u32,
        capacity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(containers: u32) -> NodeSpec {
        NodeSpec {
            containers,
            capacity: 1,
        }
    }

    #[test]
    fn the_cloud_is_a_multiple_of_the_farthest_distance_away() {
        let distances = [vec![1, 3], vec![2, 1], vec![1, 3]];
        let network = Network::new(&[node(2); 2], &distances, 2.5).unwrap();
        for (broker, row) in distances.iter().enumerate() {
            assert_eq!(network.cost(broker, 0), 7.5);
            for (edge, &distance) in row.iter().enumerate() {
                assert_eq!(network.cost(broker, edge + 1), f64::from(distance));
            }
        }
        assert_eq!(network.place(0), network.place(2));
    }

    #[test]
    fn wrong_networks_are_refused_with_the_reason() {
        let row = || vec![vec![1]];
        for (edge, distances, factor, expected) in [
            (vec![node(1)], vec![], 1.0, "no broker"),
            (vec![], vec![vec![]], 1.0, "no edge node"),
            (vec![node(1)], row(), 0.0, "factor is 0"),
            (vec![node(1)], row(), f64::NAN, "factor is NaN"),
            (vec![node(u32::MAX)], row(), 1.0, "4294967295 containers"),
            (vec![node(1); 2], row(), 1.0, "has 1 distances"),
        ] {
            let message = Network::new(&edge, &distances, factor)
                .unwrap_err()
                .to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
