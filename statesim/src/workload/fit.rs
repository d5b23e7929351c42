//! The parameters of generated traces.
//!
//! They describe the 15 478 jobs with dependencies in the one-hour sample of the trace
//! `cluster-trace-v2018` of Alibaba that the generator *Spar* ships: counts of discrete
//! quantities, quantiles of continuous ones. Tasks have three roles, with different
//! distributions: tasks of a chain with states, the other tasks of such a job, and
//! tasks of a job without states. Memory and duration depend on the cpu request of the
//! job.

// Columns of numbers are easier to read than one number per line.
#[rustfmt::skip]
mod tables;

use libm::erf;

pub(super) use tables::*;

/// Jobs whose chain has states, and jobs whose chain has none.
pub(super) const STATEFUL: (u32, u32) = (4788, 10_690);

/// The entry of a table of six for a number, where the first entry is for `first`.
pub(super) fn group(number: u32, first: u32) -> usize {
    (number.saturating_sub(first) as usize).min(5)
}

/// What a task is to its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Chain,
    Rest,
    Stateless,
}

/// Part of the variance of the logarithm of durations that is between jobs.
pub(super) const DURATION_BETWEEN_JOBS: f64 = 0.58;

/// Part of the variance of memory that is between jobs with half a core; with a whole
/// core, tasks of a job are as different as those of different jobs.
pub(super) const MEMORY_BETWEEN_JOBS: f64 = 0.3;

fn of_role<T: Copy>(table: &[(Role, T); 3], role: Role) -> T {
    match role {
        Role::Chain => table[0].1,
        Role::Rest => table[1].1,
        Role::Stateless => table[2].1,
    }
}

/// The duration in seconds at a standard normal score.
pub(super) fn duration(role: Role, whole_core: bool, score: f64) -> u32 {
    let quantiles = &of_role(&DURATION, role)[usize::from(whole_core)];
    interpolate(quantiles, probability(score))
}

/// The number of instances at a standard normal score.
pub(super) fn instances(score: f64) -> u32 {
    interpolate(&INSTANCES, probability(score)).max(1)
}

/// Memory in hundredths at a standard normal score.
pub(super) fn memory(role: Role, whole_core: bool, score: f64) -> u32 {
    pick(
        of_role(&MEMORY, role)[usize::from(whole_core)],
        probability(score),
    )
}

/// The probability that a standard normal variable is below `score`.
fn probability(score: f64) -> f64 {
    0.5 * (1.0 + erf(score / std::f64::consts::SQRT_2))
}

/// The value at a probability in [0, 1), in the order of the table.
pub(super) fn pick(counts: Counts, probability: f64) -> u32 {
    let all: u32 = counts.iter().map(|(_, count)| count).sum();
    let mut left = probability * f64::from(all);
    for &(value, count) in counts {
        left -= f64::from(count);
        if left < 0.0 {
            return value;
        }
    }
    counts.last().map_or(0, |(value, _)| *value)
}

/// The quantile at a probability, between given ones in the logarithm.
fn interpolate(quantiles: &[u32; 25], probability: f64) -> u32 {
    let above = PROBABILITIES
        .partition_point(|&known| known <= probability)
        .clamp(1, 24);
    let (low, high) = (PROBABILITIES[above - 1], PROBABILITIES[above]);
    let weight = ((probability - low) / (high - low)).clamp(0.0, 1.0);
    let logarithm = |value: u32| libm::log1p(f64::from(value));
    let (low, high) = (logarithm(quantiles[above - 1]), logarithm(quantiles[above]));
    // Seconds are whole in the trace, cut off rather than rounded.
    libm::floor(libm::expm1(low + weight * (high - low)) + 1e-9) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_picked_in_proportion() {
        let counts: Counts = &[(1, 1), (2, 2), (5, 1)];
        let picked: Vec<u32> = (0..8).map(|i| pick(counts, f64::from(i) / 8.0)).collect();
        assert_eq!(picked, [1, 1, 2, 2, 2, 2, 5, 5]);
        assert_eq!(pick(counts, 1.0), 5);
    }

    #[test]
    fn durations_run_through_the_quantiles_of_the_trace() {
        assert_eq!(duration(Role::Chain, false, 0.0), 36);
        assert_eq!(duration(Role::Chain, true, 0.0), 12);
        assert_eq!(duration(Role::Chain, true, -9.0), 0);
        assert_eq!(duration(Role::Chain, true, 9.0), 22_598);
    }
}
