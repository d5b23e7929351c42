//! `std::mt19937` and the conversions that libstdc++ applies to its words.

use std::ops::RangeInclusive;

const N: usize = 624;
const M: usize = 397;
const MATRIX: u32 = 0x9908_b0df;
const UPPER: u32 = 0x8000_0000;
const LOWER: u32 = 0x7fff_ffff;

/// The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998).
///
/// ```
/// use sim_core::libstdcxx::Mt19937;
///
/// let mut generator = Mt19937::from_seed_seq(&[0, 0, 1]);
/// assert_eq!(generator.next_word(), 2956542039);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mt19937 {
    state: [u32; N],
    /// How many words of `state` have been given out.
    used: usize,
}

impl Mt19937 {
    /// The generator that C++ makes from `std::seed_seq{words...}`.
    pub fn from_seed_seq(words: &[u32]) -> Self {
        let mut state = seed_seq(words);
        // The one state from which the generator would never get away.
        if state[0] & UPPER == 0 && state[1..].iter().all(|&word| word == 0) {
            state[0] = UPPER;
        }
        Self { state, used: N }
    }

    /// The next 32 bits.
    #[inline]
    pub fn next_word(&mut self) -> u32 {
        if self.used == N {
            self.refill();
        }
        let mut word = self.state[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number in [0, 1): with g0 and g1 the next two words,
    /// (g0 + g1 * 2^32) / 2^64.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        const WORD: f64 = 4_294_967_296.0;
        let low = f64::from(self.next_word());
        let high = f64::from(self.next_word());
        let number = (low + high * WORD) / (WORD * WORD);
        // The sum rounds up to 2^64 when the upper 54 bits are ones.
        number.min(1.0 - f64::EPSILON / 2.0)
    }

    /// An integer of `range`, all equally likely; the start of an empty range.
    ///
    /// Multiplication with rejection (Lemire, 2019) up to 2^32 - 1 values.
    pub fn integer(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = (*range.start(), *range.end());
        low.wrapping_add(self.up_to(high.saturating_sub(low)))
    }

    /// An integer from 0 to `max`.
    fn up_to(&mut self, max: u64) -> u64 {
        const WORD_MAX: u64 = u32::MAX as u64;
        match max {
            0..WORD_MAX => u64::from(self.below(max as u32 + 1)),
            WORD_MAX => u64::from(self.next_word()),
            // Put together from a digit of 32 bits and what is above it.
            _ => loop {
                let above = self.up_to(max >> 32) << 32;
                let number = above.wrapping_add(u64::from(self.next_word()));
                if number <= max && number >= above {
                    return number;
                }
            },
        }
    }

    fn below(&mut self, bound: u32) -> u32 {
        let mut product = u64::from(self.next_word()) * u64::from(bound);
        if (product as u32) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u32) < threshold {
                product = u64::from(self.next_word()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }

    /// An exponentially distributed number with the given rate:
    /// -ln(1 - [`uniform`](Self::uniform)) / rate.
    #[inline]
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -libm::log(1.0 - self.uniform()) / rate
    }

    #[inline(never)]
    fn refill(&mut self) {
        for k in 0..N {
            let word = (self.state[k] & UPPER) | (self.state[(k + 1) % N] & LOWER);
            let twist = if word & 1 == 1 { MATRIX } else { 0 };
            self.state[k] = self.state[(k + M) % N] ^ (word >> 1) ^ twist;
        }
        self.used = 0;
    }
}

/// What `std::seed_seq::generate` makes of `words` for [`N`] words of state
/// (C++17, 29.6.7.1, paragraph 8).
fn seed_seq(words: &[u32]) -> [u32; N] {
    const T: usize = 11;
    const P: usize = (N - T) / 2;
    const Q: usize = P + T;
    let mix = |word: u32| word ^ (word >> 27);
    let steps = N.max(words.len() + 1);
    let mut state = [0x8b8b_8b8b_u32; N];
    for k in 0..steps {
        let (at, before) = (k % N, (k + N - 1) % N);
        let (p, q) = ((k + P) % N, (k + Q) % N);
        let mixed = mix(state[at] ^ state[p] ^ state[before]).wrapping_mul(1_664_525);
        let added = match k {
            0 => words.len() as u32,
            _ if k <= words.len() => (at as u32).wrapping_add(words[k - 1]),
            _ => at as u32,
        };
        let sum = mixed.wrapping_add(added);
        state[p] = state[p].wrapping_add(mixed);
        state[q] = state[q].wrapping_add(sum);
        state[at] = sum;
    }
    for k in steps..steps + N {
        let (at, before) = (k % N, (k + N - 1) % N);
        let (p, q) = ((k + P) % N, (k + Q) % N);
        let sum = state[at].wrapping_add(state[p]).wrapping_add(state[before]);
        let mixed = mix(sum).wrapping_mul(1_566_083_941);
        let less = mixed.wrapping_sub(at as u32);
        state[p] ^= mixed;
        state[q] ^= less;
        state[at] = less;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_conversions_are_those_of_libstdcxx() {
        let words = |seed: &[u32]| {
            let mut generator = Mt19937::from_seed_seq(seed);
            [(); 3].map(|()| generator.next_word())
        };
        assert_eq!(words(&[0, 0, 0]), [3570226870, 3490050818, 2475551762]);
        assert_eq!(words(&[0, 0, 1]), [2956542039, 2203303423, 3160174290]);
        assert_eq!(words(&[42, 3, 2]), [2232705689, 528332856, 799498966]);
        assert_eq!(words(&[0]), [1529278401, 1377812627, 18815962]);
    }

    /// From a program compiled with g++ 12.
    #[test]
    fn ranges_of_more_than_a_word_are_those_of_libstdcxx() {
        let mut generator = Mt19937::from_seed_seq(&[1, 2, 3]);
        assert_eq!(
            [(); 4].map(|()| generator.integer(5..=1 << 40)),
            [434495477953, 162784357674, 676981053057, 1085296321985]
        );
    }

    #[test]
    fn wide_ranges_reach_both_ends() {
        let mut generator = Mt19937::from_seed_seq(&[7]);
        for max in [u64::MAX, 1 << 40, u64::from(u32::MAX), 1, 0] {
            for _ in 0..1000 {
                assert!(generator.integer(0..=max) <= max);
            }
        }
        assert_eq!(generator.integer(u64::MAX..=u64::MAX), u64::MAX);
        let empty = RangeInclusive::new(5, 4);
        assert_eq!(generator.integer(empty), 5);
    }
}
