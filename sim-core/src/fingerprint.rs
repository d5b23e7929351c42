//! A digest of a run, cheap enough to be always enabled.

use crate::SimTime;

/// An order-sensitive digest of (time, sequence) pairs.
///
/// Each pair is multiplied into a 64-bit state (two odd constants of SplitMix64,
/// Steele et al., 2014), and the state is mixed once more when it is read. It tells
/// runs apart, with a chance of 2^-64 of confusing two; it does not protect against
/// forged runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

const FACTOR_A: u64 = 0xbf58_476d_1ce4_e5b9;
const FACTOR_B: u64 = 0x94d0_49bb_1331_11eb;

impl Fingerprint {
    /// The digest of nothing.
    pub const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// Adds the next event.
    #[inline]
    pub fn record(&mut self, time: SimTime, sequence: u64) {
        // Only the last line depends on the previous state, so that a processor
        // does the rest of the work alongside.
        let event = time
            .as_nanos()
            .wrapping_mul(FACTOR_A)
            .wrapping_add(sequence)
            .rotate_left(32)
            .wrapping_mul(FACTOR_B);
        self.0 = (self.0.rotate_left(23) ^ event).wrapping_mul(FACTOR_A);
    }

    /// The digest so far.
    pub const fn value(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(FACTOR_A);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(FACTOR_B);
        mixed ^ (mixed >> 31)
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_depends_on_times_numbers_and_order() {
        let digest = |events: &[(u64, u64)]| {
            let mut fingerprint = Fingerprint::new();
            for &(time, sequence) in events {
                fingerprint.record(SimTime::from_nanos(time), sequence);
            }
            fingerprint.value()
        };
        let base = digest(&[(1, 1), (2, 2)]);
        assert_eq!(base, digest(&[(1, 1), (2, 2)]));
        for other in [
            &[(2, 2), (1, 1)][..],
            &[(1, 2), (2, 1)],
            &[(1, 1), (2, 3)],
            &[(1, 1), (3, 2)],
            &[(1, 1)],
            &[],
        ] {
            assert_ne!(base, digest(other));
        }
    }
}
