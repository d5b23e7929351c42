//! The assignment problem: a container for every application in its mu phase.

mod hungarian;

use sim_core::libstdcxx::Mt19937;

pub(crate) use hungarian::Hungarian;

/// One row of costs for each application, one column for each node. There are at least as
/// many containers as applications.
///
/// Where the order of containers matters, those of the first node come first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assignment<'a> {
    pub(crate) costs: &'a [f64],
    /// How many containers each node has.
    pub(crate) containers: &'a [u32],
}

impl Assignment<'_> {
    fn rows(&self) -> usize {
        self.costs.len() / self.containers.len()
    }

    /// The node of each container.
    fn columns(&self) -> Vec<u32> {
        let nodes = (0..).zip(self.containers);
        nodes
            .flat_map(|(node, &count)| std::iter::repeat_n(node, count as usize))
            .collect()
    }
}

/// Any container for each: applications and containers are paired in random order.
pub(crate) fn random(problem: &Assignment<'_>, generator: &mut Mt19937) -> Vec<u32> {
    let columns = problem.columns();
    let mut order = |count: usize| {
        let mut drawn: Vec<(f64, u32)> = (0..count as u32)
            .map(|id| (generator.uniform(), id))
            .collect();
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        drawn
    };
    let rows = order(problem.rows());
    let mut nodes = vec![0; rows.len()];
    for ((_, row), (_, column)) in rows.into_iter().zip(order(columns.len())) {
        nodes[row as usize] = columns[column as usize];
    }
    nodes
}

/// One application after the other takes the cheapest container, the first among equals.
pub(crate) fn greedy(problem: &Assignment<'_>) -> Vec<u32> {
    let mut left = problem.containers.to_vec();
    let rows = problem.costs.chunks(problem.containers.len());
    rows.map(|row| {
        let free = (0..row.len()).filter(|&node| left[node] > 0);
        let cheapest = free.reduce(|best, node| if row[node] < row[best] { node } else { best });
        let node = cheapest.unwrap_or(0);
        left[node] = left[node].saturating_sub(1);
        node as u32
    })
    .collect()
}
