//! `std::minstd_rand0`, which is `std::default_random_engine` in libstdc++.

const MODULUS: u64 = 2_147_483_647;
const MULTIPLIER: u64 = 16_807;
/// How many values a draw can have: 1 ..= 2^31 - 2.
const RANGE: u64 = MODULUS - 1;

/// The "minimal standard" generator (Park and Miller, 1988):
/// x <- 16807 x mod (2^31 - 1).
///
/// StateSim drew its workloads from it. It is weak; do not use it for anything else.
///
/// ```
/// use sim_core::libstdcxx::MinstdRand0;
///
/// let mut generator = MinstdRand0::new(42);
/// assert_eq!(generator.next_word(), 705894);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinstdRand0(u64);

impl MinstdRand0 {
    /// The generator with the given seed. Seeds count modulo 2^31 - 1, and 0 as 1.
    pub const fn new(seed: u64) -> Self {
        match seed % MODULUS {
            0 => Self(1),
            state => Self(state),
        }
    }

    /// The next draw, from 1 to 2^31 - 2.
    #[inline]
    pub fn next_word(&mut self) -> u32 {
        self.0 = self.0 * MULTIPLIER % MODULUS;
        self.0 as u32
    }

    /// A number in [0, 1), from two draws.
    pub fn uniform(&mut self) -> f64 {
        let low = f64::from(self.next_word() - 1);
        let high = f64::from(self.next_word() - 1);
        // The square is exact in the original's long double, then rounded.
        let number = (low + high * RANGE as f64) / (RANGE * RANGE) as f64;
        number.min(1.0 - f64::EPSILON / 2.0)
    }

    /// A number in [`low`, `high`).
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        self.uniform() * (high - low) + low
    }

    /// An integer from 0 to `max`, all equally likely. `max` must be below
    /// 2^31 - 2, the range of the generator.
    pub fn integer(&mut self, max: u32) -> u32 {
        debug_assert!(u64::from(max) < RANGE - 1);
        let values = u64::from(max) + 1;
        let scaling = (RANGE - 1) / values;
        loop {
            let draw = u64::from(self.next_word() - 1);
            if draw < values * scaling {
                return (draw / scaling) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_those_of_libstdcxx() {
        let mut generator = MinstdRand0::new(42);
        assert_eq!(
            [(); 3].map(|()| generator.next_word()),
            [705894, 1126542223, 1579310009]
        );
        assert_eq!(MinstdRand0::new(0).next_word(), 16807);
        assert_eq!(MinstdRand0::new(1).next_word(), 16807);
    }

    #[test]
    fn uniform_numbers_take_two_draws() {
        let mut generator = MinstdRand0::new(1);
        assert_eq!(
            [(); 3].map(|()| generator.uniform()),
            [0.13153778773876065, 0.4586501320232198, 0.21895918621247895]
        );
    }

    #[test]
    fn integers_are_scaled_by_division() {
        let mut generator = MinstdRand0::new(1);
        assert_eq!(
            [(); 6].map(|()| generator.integer(107)),
            [0, 14, 81, 49, 57, 23]
        );
    }
}
