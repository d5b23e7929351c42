//! The assignment of least total cost, by the Hungarian method (Munkres, 1957).
//!
//! Often there are several assignments of least cost, and which one is found changes the
//! results: how many applications are in the cloud, how many migrate. So this is the
//! method as M. Buehren's program does it, on which the original relies, choice by
//! choice. It finds the same assignment, but does not keep the matrix of all
//! applications and containers: the containers of one node have equal costs, and the
//! reduced cost of an application and a container is the cost for the node, less a number
//! per application and a number per container. This is exact where costs are whole
//! numbers. Other costs, which come from a cloud distance that is no whole number, go
//! through [`matrix`], with the original's rounding errors.

mod matrix;

use super::Assignment;

const NONE: u32 = u32::MAX;

/// Solves assignment problems.
#[derive(Debug, Default)]
pub(crate) struct Hungarian {
    /// Costs less the number of the application, one row for each *node*.
    reduced: Vec<f64>,
    rows: usize,
    /// The number of each container.
    discount: Vec<f64>,
    node_of: Vec<u32>,
    cover: Cover,
    /// For each node the different discounts of its containers, with the first row that
    /// may have an uncovered zero there.
    cursors: Vec<Vec<(f64, u32)>>,
}

/// Starred and primed zeros, covered rows and columns.
#[derive(Debug, Default)]
struct Cover {
    star_of_row: Vec<u32>,
    star_of_column: Vec<u32>,
    prime_of_row: Vec<u32>,
    rows: Vec<bool>,
    columns: Vec<bool>,
    stars: usize,
}

impl Cover {
    fn reset(&mut self, rows: usize, columns: usize) {
        let fill = |list: &mut Vec<u32>, size| {
            list.clear();
            list.resize(size, NONE);
        };
        fill(&mut self.star_of_row, rows);
        fill(&mut self.star_of_column, columns);
        fill(&mut self.prime_of_row, rows);
        for (list, size) in [(&mut self.rows, rows), (&mut self.columns, columns)] {
            list.clear();
            list.resize(size, false);
        }
        self.stars = 0;
    }

    fn star(&mut self, row: usize, column: usize) {
        self.star_of_row[row] = column as u32;
        self.star_of_column[column] = row as u32;
        self.columns[column] = true;
        self.stars += 1;
    }

    /// Primes an uncovered zero. If its row has a star, the row is covered instead of the
    /// column of the star; otherwise there is one star more, and `true` is returned.
    fn prime(&mut self, row: usize, column: usize) -> bool {
        self.prime_of_row[row] = column as u32;
        let star = self.star_of_row[row];
        if star != NONE {
            self.rows[row] = true;
            self.columns[star as usize] = false;
            return false;
        }
        let (mut row, mut column) = (row as u32, column as u32);
        loop {
            let displaced = self.star_of_column[column as usize];
            self.star_of_row[row as usize] = column;
            self.star_of_column[column as usize] = row;
            if displaced == NONE {
                break;
            }
            row = displaced;
            column = self.prime_of_row[row as usize];
        }
        self.stars += 1;
        self.prime_of_row.fill(NONE);
        self.rows.fill(false);
        for &column in self.star_of_row.iter().filter(|&&column| column != NONE) {
            self.columns[column as usize] = true;
        }
        true
    }
}

/// Sums and differences of such numbers are exact.
const LARGEST_WHOLE: f64 = (1_u64 << 50) as f64;

impl Hungarian {
    /// The node for each application.
    pub(crate) fn solve(&mut self, problem: &Assignment<'_>) -> Vec<u32> {
        let is_whole = |cost: &f64| cost.fract() == 0.0 && *cost <= LARGEST_WHOLE;
        if problem.costs.iter().all(is_whole) {
            self.solve_whole(problem)
        } else {
            matrix::solve(problem)
        }
    }

    fn solve_whole(&mut self, problem: &Assignment<'_>) -> Vec<u32> {
        self.start(problem);
        while self.cover.stars < self.rows {
            if !self.find_star() {
                self.make_zeros(problem.containers.len());
            }
        }
        let columns = self.cover.star_of_row.iter();
        columns
            .map(|&column| self.node_of[column as usize])
            .collect()
    }

    /// Reduces every row by its least cost and stars the first zeros that share neither
    /// row nor column.
    fn start(&mut self, problem: &Assignment<'_>) {
        let nodes = problem.containers.len();
        self.rows = problem.rows();
        self.node_of = problem.columns();
        let columns = self.node_of.len();
        self.discount.clear();
        self.discount.resize(columns, 0.0);
        self.cover.reset(self.rows, columns);
        self.reduced.clear();
        self.reduced.resize(nodes * self.rows, 0.0);
        self.cursors.iter_mut().for_each(Vec::clear);
        self.cursors.resize(nodes, Vec::new());
        let mut first_free = Vec::with_capacity(nodes);
        let mut next = 0;
        for &count in problem.containers {
            first_free.push(next);
            next += count as usize;
        }
        let ends: Vec<usize> = first_free[1..].iter().copied().chain([next]).collect();
        for (row, costs) in problem.costs.chunks(nodes).enumerate() {
            let existing = || (0..nodes).filter(|&node| problem.containers[node] > 0);
            let least = existing()
                .map(|node| costs[node])
                .fold(f64::INFINITY, f64::min);
            let reduced = self.reduced.iter_mut().skip(row).step_by(self.rows);
            for (reduced, cost) in reduced.zip(costs) {
                *reduced = cost - least;
            }
            let mut zeros = existing().filter(|&node| costs[node] == least);
            if let Some(node) = zeros.find(|&node| first_free[node] < ends[node]) {
                self.cover.star(row, first_free[node]);
                first_free[node] += 1;
            }
        }
    }

    /// Primes zeros until there is one star more; `false` if the zeros do not suffice.
    fn find_star(&mut self) -> bool {
        loop {
            let mut has_primed = false;
            for column in 0..self.node_of.len() {
                if self.cover.columns[column] {
                    continue;
                }
                let Some(row) = self.first_zero(column) else {
                    continue;
                };
                if self.cover.prime(row, column) {
                    self.cursors.iter_mut().for_each(Vec::clear);
                    return true;
                }
                has_primed = true;
            }
            if !has_primed {
                return false;
            }
        }
    }

    /// The first uncovered row with a zero in a column. Rows are only covered, never
    /// uncovered, until the cursors are cleared: a cursor never moves back.
    fn first_zero(&mut self, column: usize) -> Option<usize> {
        let node = self.node_of[column] as usize;
        let discount = self.discount[column];
        let cursors = &mut self.cursors[node];
        let known = cursors.iter().position(|cursor| cursor.0 == discount);
        let at = known.unwrap_or_else(|| {
            cursors.push((discount, 0));
            cursors.len() - 1
        });
        let cursor = &mut cursors[at].1;
        let reduced = &self.reduced[node * self.rows..][..self.rows];
        let from = *cursor as usize;
        let ahead = reduced[from..].iter().zip(&self.cover.rows[from..]);
        let found = ahead
            .map(|(&cost, &is_covered)| cost == discount && !is_covered)
            .position(|is_zero| is_zero);
        *cursor = found.map_or(self.rows, |ahead| from + ahead) as u32;
        found.map(|ahead| from + ahead)
    }

    /// Makes the least uncovered reduced cost zero: it is added to covered rows and
    /// subtracted from uncovered columns.
    fn make_zeros(&mut self, nodes: usize) {
        let mut greatest = vec![f64::NEG_INFINITY; nodes];
        for (column, &node) in self.node_of.iter().enumerate() {
            let greatest = &mut greatest[node as usize];
            if !self.cover.columns[column] && self.discount[column] > *greatest {
                *greatest = self.discount[column];
            }
        }
        let mut least = f64::INFINITY;
        for (node, discount) in greatest.into_iter().enumerate() {
            if discount == f64::NEG_INFINITY {
                continue;
            }
            let reduced = &self.reduced[node * self.rows..][..self.rows];
            for (&cost, &is_covered) in reduced.iter().zip(&self.cover.rows) {
                if !is_covered && cost - discount < least {
                    least = cost - discount;
                }
            }
        }
        for reduced in self.reduced.chunks_mut(self.rows) {
            for (cost, &is_covered) in reduced.iter_mut().zip(&self.cover.rows) {
                *cost += if is_covered { least } else { 0.0 };
            }
        }
        for (discount, &is_covered) in self.discount.iter_mut().zip(&self.cover.columns) {
            *discount += if is_covered { 0.0 } else { least };
        }
        self.cursors.iter_mut().for_each(Vec::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pathfinding::kuhn_munkres::kuhn_munkres_min;
    use pathfinding::matrix::Matrix;
    use proptest::prelude::*;

    fn total(problem: &Assignment<'_>, nodes: &[u32]) -> f64 {
        let rows = problem.costs.chunks(problem.containers.len());
        rows.zip(nodes).map(|(row, &node)| row[node as usize]).sum()
    }

    /// Few different costs, so that there are many ties.
    fn problems() -> impl Strategy<Value = (Vec<f64>, Vec<u32>)> {
        (1usize..6, 1usize..14, 2u8..30).prop_flat_map(|(nodes, rows, values)| {
            let costs = prop::collection::vec(0..values, nodes * rows);
            let containers = prop::collection::vec(0u32..5, nodes);
            (costs, containers).prop_map(move |(costs, mut containers)| {
                containers[0] = rows as u32 + 1;
                (costs.into_iter().map(f64::from).collect(), containers)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_assignment_is_the_one_that_the_whole_matrix_gives((costs, containers) in problems()) {
            let problem = Assignment { costs: &costs, containers: &containers };
            let found = Hungarian::default().solve(&problem);
            prop_assert_eq!(found, matrix::solve(&problem));
        }

        #[test]
        fn the_cost_is_that_of_the_crate_pathfinding((costs, containers) in problems()) {
            let problem = Assignment { costs: &costs, containers: &containers };
            let found = Hungarian::default().solve(&problem);
            let columns = problem.columns();
            let rows = costs.chunks(containers.len()).map(|row| {
                columns.iter().map(|&node| row[node as usize] as i64).collect::<Vec<_>>()
            });
            let weights = Matrix::from_rows(rows).unwrap();
            prop_assert_eq!(total(&problem, &found), kuhn_munkres_min(&weights).0 as f64);
            for (node, &count) in (0..).zip(&containers) {
                let used = found.iter().filter(|&&of| of == node).count();
                prop_assert!(used <= count as usize);
            }
        }
    }

    #[test]
    fn costs_that_are_not_whole_are_assigned_at_least_cost() {
        let costs = [0.1, 0.7, 0.2, 0.9, 0.3, 0.35];
        let problem = Assignment {
            costs: &costs,
            containers: &[4, 1],
        };
        assert_eq!(Hungarian::default().solve(&problem), [0, 0, 0]);
        let problem = Assignment {
            costs: &costs,
            containers: &[2, 1],
        };
        assert_eq!(Hungarian::default().solve(&problem), [0, 0, 1]);
    }
}
