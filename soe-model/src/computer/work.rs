//! Work in exact arithmetic.
//!
//! Work is measured by the time that one core of the processor needs for it. *r*
//! tasks share a whole number of nanoseconds, so that thirds and sevenths of a
//! nanosecond are frequent. In units of 1 / [`PARTS`], they are whole numbers for
//! every *r* up to 36; beyond that the error is less than 10^-14 ns.

use sim_core::SimDuration;

use crate::units::{Operations, OpsPerSecond};

/// Parts of a nanosecond: the least common multiple of 1 to 36.
pub(super) const PARTS: u64 = 144_403_552_893_600;

/// Less work than this (10^-8 ns) counts as zero: the rounding error of a million divisions.
const NEGLIGIBLE: u64 = PARTS / 100_000_000;

const NANOS_PER_SEC: u128 = 1_000_000_000;

/// An amount of work: nanoseconds of one core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Work {
    nanos: u64,
    // Below PARTS.
    parts: u64,
}

/// The speed of a core as a fraction, operations per 2^`shift` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Speed {
    operations: u64,
    shift: u32,
}

impl Speed {
    /// The speed nearest to `speed` among the multiples of 2^-20 op/s; exact for
    /// whole numbers. At least one such multiple.
    pub fn new(speed: OpsPerSecond) -> Self {
        let whole = speed.0 == (speed.0 as u64) as f64 || speed.0 >= (1u64 << 40) as f64;
        let shift = if whole { 0 } else { 20 };
        let scaled = speed.0 * (1u64 << shift) as f64 + 0.5;
        Self {
            operations: (scaled as u64).max(1),
            shift,
        }
    }
}

impl Work {
    pub const NONE: Self = Self { nanos: 0, parts: 0 };

    /// The work of `operations` on a core of this speed, to the nearest part.
    #[inline]
    pub fn of(operations: Operations, speed: Speed) -> Self {
        let speed_operations = speed.operations;
        if speed.shift == 0
            && let Some(scaled) = operations.0.checked_mul(NANOS_PER_SEC as u64)
        {
            let parts = Self::fraction(scaled % speed_operations, speed_operations);
            return Self {
                nanos: scaled / speed_operations,
                parts: 0,
            }
            .plus(parts);
        }
        let scaled = (u128::from(operations.0) * NANOS_PER_SEC) << speed.shift;
        let divisor = u128::from(speed_operations);
        let Ok(nanos) = u64::try_from(scaled / divisor) else {
            return Self {
                nanos: u64::MAX,
                parts: 0,
            };
        };
        let parts = Self::fraction((scaled % divisor) as u64, speed_operations);
        Self { nanos, parts: 0 }.plus(parts)
    }

    /// `numerator / denominator` of a nanosecond, to the nearest part; less than 1
    /// or, by rounding, just 1.
    #[inline]
    fn fraction(numerator: u64, denominator: u64) -> Self {
        if numerator == 0 {
            return Self::NONE;
        }
        let scaled = u128::from(numerator) * u128::from(PARTS) + u128::from(denominator / 2);
        let parts = (scaled / u128::from(denominator)) as u64;
        Self {
            nanos: parts / PARTS,
            parts: parts % PARTS,
        }
    }

    /// As seconds of one core, rounded.
    pub fn as_secs_f64(self) -> f64 {
        (self.nanos as f64 + self.parts as f64 / PARTS as f64) / 1e9
    }

    /// What each of `tasks` gets of `cores` in `elapsed`.
    #[inline]
    pub fn share(elapsed: SimDuration, cores: u32, tasks: u32) -> Self {
        let elapsed = elapsed.as_nanos();
        if tasks <= cores {
            return Self {
                nanos: elapsed,
                parts: 0,
            };
        }
        let (cores, tasks) = (u64::from(cores), u64::from(tasks));
        let Some(total) = elapsed.checked_mul(cores) else {
            let total = u128::from(elapsed) * u128::from(cores);
            let rest = (total % u128::from(tasks)) as u64;
            return Self {
                nanos: (total / u128::from(tasks)) as u64,
                parts: parts_of(rest, tasks),
            };
        };
        Self {
            nanos: total / tasks,
            parts: parts_of(total % tasks, tasks),
        }
    }

    /// How long this work takes if each of `tasks` gets an equal share of
    /// `cores`, rounded up to a whole nanosecond.
    #[inline]
    pub fn duration(self, cores: u32, tasks: u32) -> SimDuration {
        if tasks <= cores {
            return SimDuration::from_nanos(self.rounded_up());
        }
        let (cores, tasks) = (u64::from(cores), u64::from(tasks));
        // (nanos + parts / PARTS) * tasks / cores, with whole parts carried up.
        let parts = u128::from(self.parts) * u128::from(tasks);
        let (carry, parts) = match u64::try_from(parts) {
            Ok(parts) => (parts / PARTS, parts % PARTS),
            Err(_) => (
                (parts / u128::from(PARTS)) as u64,
                (parts % u128::from(PARTS)) as u64,
            ),
        };
        let total = self.nanos.checked_mul(tasks);
        let Some(total) = total.and_then(|total| total.checked_add(carry)) else {
            let total = u128::from(self.nanos) * u128::from(tasks) + u128::from(carry);
            let nanos = u64::try_from(total / u128::from(cores));
            return SimDuration::from_nanos(nanos.unwrap_or(u64::MAX));
        };
        // The rest is below `cores` nanoseconds, to be divided by `cores`.
        let rest = u128::from(total % cores) * u128::from(PARTS) + u128::from(parts);
        let up = u64::from(rest > u128::from(NEGLIGIBLE) * u128::from(cores));
        SimDuration::from_nanos((total / cores).saturating_add(up))
    }

    /// Whole nanoseconds, rounded up.
    fn rounded_up(self) -> u64 {
        self.nanos
            .saturating_add(u64::from(self.parts > NEGLIGIBLE))
    }

    #[inline]
    pub fn plus(self, other: Self) -> Self {
        let parts = self.parts + other.parts;
        let carry = u64::from(parts >= PARTS);
        Self {
            nanos: self.nanos.saturating_add(other.nanos).saturating_add(carry),
            parts: parts - carry * PARTS,
        }
    }

    /// `self - other`, none if `other` is more.
    #[inline]
    pub fn minus(self, other: Self) -> Self {
        if self <= other {
            return Self::NONE;
        }
        let borrow = u64::from(self.parts < other.parts);
        Self {
            nanos: self.nanos - other.nanos - borrow,
            parts: self.parts + borrow * PARTS - other.parts,
        }
    }

    /// The same operations on cores of another speed, to the nearest part.
    pub fn rescaled(self, from: Speed, to: Speed) -> Self {
        let numerator = u128::from(from.operations) << to.shift;
        let denominator = u128::from(to.operations) << from.shift;
        let divisor = gcd(numerator, denominator);
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        let whole = u128::from(self.nanos).checked_mul(numerator);
        let (Some(whole), Ok(small)) = (whole, u64::try_from(denominator)) else {
            return self.rescaled_roughly(numerator, denominator);
        };
        let Ok(nanos) = u64::try_from(whole / denominator) else {
            return Self {
                nanos: u64::MAX,
                parts: 0,
            };
        };
        let rest = Self::fraction((whole % denominator) as u64, small);
        let parts = u128::from(self.parts).checked_mul(numerator);
        let Some(parts) = parts.map(|parts| (parts + denominator / 2) / denominator) else {
            return self.rescaled_roughly(numerator, denominator);
        };
        let parts = Self {
            nanos: (parts / u128::from(PARTS)) as u64,
            parts: (parts % u128::from(PARTS)) as u64,
        };
        Self { nanos, parts: 0 }.plus(rest).plus(parts)
    }

    /// For ratios of speeds too odd for 128 bits.
    fn rescaled_roughly(self, numerator: u128, denominator: u128) -> Self {
        let nanos = self.nanos as f64 + self.parts as f64 / PARTS as f64;
        Self {
            nanos: (nanos * (numerator as f64 / denominator as f64) + 0.5) as u64,
            parts: 0,
        }
    }
}

/// `rest / tasks` nanoseconds in parts, rounded down; `rest` is below `tasks`.
#[inline]
fn parts_of(rest: u64, tasks: u64) -> u64 {
    match rest.checked_mul(PARTS) {
        Some(parts) => parts / tasks,
        None => (u128::from(rest) * u128::from(PARTS) / u128::from(tasks)) as u64,
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn work_of_whole_nanoseconds_has_no_fraction() {
        let work = Work::of(Operations(10_004_000_000), Speed::new(OpsPerSecond(1e11)));
        assert_eq!((work.nanos, work.parts), (100_040_000, 0));
        let third = Work::of(Operations(1), Speed::new(OpsPerSecond(3e9)));
        assert_eq!((third.nanos, third.parts), (0, PARTS / 3));
        let slow = Work::of(Operations(1), Speed::new(OpsPerSecond(0.5)));
        assert_eq!((slow.nanos, slow.parts), (2_000_000_000, 0));
    }

    #[test]
    fn too_much_work_takes_forever() {
        let work = Work::of(Operations(u64::MAX), Speed::new(OpsPerSecond(1e-3)));
        assert_eq!(work.duration(1, 1), SimDuration::MAX);
        assert_eq!(work.plus(work).duration(1, 1000), SimDuration::MAX);
    }

    proptest! {
        #[test]
        fn work_is_done_when_its_duration_has_passed_and_not_before(
            nanos in 0..1u64 << 40,
            parts in 0..PARTS,
            cores in 1..64u32,
            tasks in 1..200_000u32,
        ) {
            let work = Work { nanos, parts };
            let duration = work.duration(cores, tasks);
            let tolerance = Work { nanos: 0, parts: 2 * NEGLIGIBLE };
            prop_assert!(Work::share(duration, cores, tasks).plus(tolerance) >= work);
            if let Some(before) = duration.as_nanos().checked_sub(1) {
                let before = SimDuration::from_nanos(before);
                prop_assert!(Work::share(before, cores, tasks) < work);
            }
        }

        #[test]
        fn shares_add_up_exactly_for_up_to_36_tasks(
            elapsed in prop::collection::vec(0..1u64 << 40, 1..10),
            cores in 1..64u32,
            tasks in 1..37u32,
        ) {
            let share = |nanos| Work::share(SimDuration::from_nanos(nanos), cores, tasks);
            let sum = elapsed.iter().fold(Work::NONE, |sum, &nanos| sum.plus(share(nanos)));
            prop_assert_eq!(sum, share(elapsed.iter().sum()));
        }

        #[test]
        fn a_change_of_speed_and_back_changes_nothing(
            nanos in 0..1u64 << 40,
            parts in 0..PARTS,
            slower in 1..1000u32,
        ) {
            let work = Work { nanos, parts };
            let fast = Speed::new(OpsPerSecond(1e9));
            let slow = Speed::new(OpsPerSecond(1e9 / f64::from(slower)));
            let back = work.rescaled(fast, slow).rescaled(slow, fast);
            let difference = back.minus(work).plus(work.minus(back));
            prop_assert!(difference.nanos == 0 && difference.parts <= 1);
        }
    }
}
