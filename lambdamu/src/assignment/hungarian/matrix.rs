//! The Hungarian method on the matrix of all applications and containers, in floating
//! point.

use super::{Assignment, Cover};

/// A reduced cost closer to zero counts as zero.
const ZERO: f64 = f64::EPSILON;

/// The node for each application.
pub(super) fn solve(problem: &Assignment<'_>) -> Vec<u32> {
    let rows = problem.rows();
    let node_of = problem.columns();
    // Column by column.
    let mut matrix = Vec::with_capacity(rows * node_of.len());
    for &node in &node_of {
        let costs = problem.costs.iter().skip(node as usize);
        matrix.extend(costs.step_by(problem.containers.len()));
    }
    let mut cover = Cover::default();
    cover.reset(rows, node_of.len());
    for row in 0..rows {
        let entries = matrix.iter().skip(row).step_by(rows);
        let least = entries.copied().fold(f64::INFINITY, f64::min);
        let entries = matrix.iter_mut().skip(row).step_by(rows);
        entries.for_each(|cost| *cost -= least);
        let mut entries = matrix.iter().skip(row).step_by(rows).enumerate();
        let zero = entries.find(|(column, cost)| cost.abs() < ZERO && !cover.columns[*column]);
        if let Some((column, _)) = zero {
            cover.star(row, column);
        }
    }
    while cover.stars < rows {
        if !find_star(&matrix, &mut cover, rows) {
            make_zeros(&mut matrix, &cover, rows);
        }
    }
    let columns = cover.star_of_row.iter();
    columns.map(|&column| node_of[column as usize]).collect()
}

fn find_star(matrix: &[f64], cover: &mut Cover, rows: usize) -> bool {
    loop {
        let mut has_primed = false;
        for (column, costs) in matrix.chunks(rows).enumerate() {
            if cover.columns[column] {
                continue;
            }
            let mut uncovered = (0..rows).filter(|&row| !cover.rows[row]);
            let Some(row) = uncovered.find(|&row| costs[row].abs() < ZERO) else {
                continue;
            };
            if cover.prime(row, column) {
                return true;
            }
            has_primed = true;
        }
        if !has_primed {
            return false;
        }
    }
}

fn make_zeros(matrix: &mut [f64], cover: &Cover, rows: usize) {
    let mut least = f64::INFINITY;
    for (column, costs) in matrix.chunks(rows).enumerate() {
        if !cover.columns[column] {
            let uncovered = (0..rows).filter(|&row| !cover.rows[row]);
            least = uncovered.map(|row| costs[row]).fold(least, f64::min);
        }
    }
    for (column, costs) in matrix.chunks_mut(rows).enumerate() {
        for (row, cost) in costs.iter_mut().enumerate() {
            if cover.rows[row] {
                *cost += least;
            }
            if !cover.columns[column] {
                *cost -= least;
            }
        }
    }
}
