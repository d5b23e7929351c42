//! The least of many costs, and how many share it.

/// A tournament over costs: node `i` knows the least cost among those below it, its first
/// position and how many positions share it. The least is at hand; a change takes a
/// logarithmic number of steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    costs: Vec<f64>,
    /// Twice as many as leaves; node 0 is unused. Empty leaves have no ties.
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Node {
    winner: u32,
    ties: u32,
}

impl Tree {
    /// Replaces all costs, which are not NaN.
    pub fn rebuild(&mut self, costs: impl Iterator<Item = f64>) {
        self.costs.clear();
        self.costs.extend(costs);
        let leaves = self.costs.len().next_power_of_two();
        self.nodes.clear();
        self.nodes.resize(leaves, Node::default());
        let count = self.costs.len() as u32;
        self.nodes.extend((0..leaves as u32).map(|winner| Node {
            winner,
            ties: u32::from(winner < count),
        }));
        for node in (1..leaves).rev() {
            self.nodes[node] = self.better(node);
        }
    }

    /// Changes a cost.
    pub fn set(&mut self, position: usize, cost: f64) {
        self.costs[position] = cost;
        let mut node = self.leaves() + position;
        while node > 1 {
            node /= 2;
            let better = self.better(node);
            if better == self.nodes[node] && better.winner as usize != position {
                break;
            }
            self.nodes[node] = better;
        }
    }

    /// The least cost.
    pub fn cost_of_least(&self) -> f64 {
        self.cost(self.nodes[1])
    }

    /// The number of positions with the least cost.
    pub fn ties(&self) -> usize {
        self.nodes[1].ties as usize
    }

    /// The position with the least cost that has `before` others in front of it; the last
    /// one if there are fewer.
    pub fn least(&self, mut before: usize) -> usize {
        let least = self.cost(self.nodes[1]);
        let mut node = 1;
        while node < self.leaves() {
            let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
            let tied = |node: Node| match self.cost(node) == least {
                true => node.ties as usize,
                false => 0,
            };
            let left = tied(left);
            if before < left || tied(right) == 0 {
                node *= 2;
            } else {
                before -= left;
                node = 2 * node + 1;
            }
        }
        node - self.leaves()
    }

    /// The number of positions with the least cost in front of `position`.
    pub fn rank(&self, position: usize) -> usize {
        let least = self.cost(self.nodes[1]);
        let mut node = self.leaves() + position;
        let mut rank = 0;
        while node > 1 {
            if node % 2 == 1 && self.cost(self.nodes[node - 1]) == least {
                rank += self.nodes[node - 1].ties as usize;
            }
            node /= 2;
        }
        rank
    }

    fn leaves(&self) -> usize {
        self.nodes.len() / 2
    }

    fn cost(&self, node: Node) -> f64 {
        let cost = self.costs.get(node.winner as usize);
        cost.copied().unwrap_or(f64::INFINITY)
    }

    fn better(&self, node: usize) -> Node {
        let (left, right) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
        if right.ties == 0 {
            return left;
        }
        let (first, second) = (self.cost(left), self.cost(right));
        if second < first {
            right
        } else if first < second {
            left
        } else {
            Node {
                ties: left.ties + right.ties,
                ..left
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_knows_what_a_scan_finds(
            costs in prop::collection::vec(0u8..4, 1..40),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4), 0..60),
        ) {
            let mut costs: Vec<f64> = costs.into_iter().map(f64::from).collect();
            let mut tree = Tree::default();
            tree.rebuild(costs.iter().copied());
            for (index, cost) in changes {
                let position = index.index(costs.len());
                costs[position] = f64::from(cost);
                tree.set(position, costs[position]);
                let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
                let tied = (0..costs.len()).filter(|&position| costs[position] == least);
                let tied: Vec<_> = tied.collect();
                prop_assert_eq!(tree.ties(), tied.len());
                for (rank, &position) in tied.iter().enumerate() {
                    prop_assert_eq!(tree.least(rank), position);
                    prop_assert_eq!(tree.rank(position), rank);
                }
                prop_assert_eq!(tree.least(99), *tied.last().unwrap());
            }
        }
    }
}
