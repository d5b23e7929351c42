//! Named random streams.
//!
//! Every random draw of a simulation comes from a stream that is derived *by name* from
//! (seed, replication, entity, purpose). Streams are independent of each other and of
//! the order of their creation. Adding an entity therefore does not affect any other,
//! and changing a policy leaves the arrivals as they were (common random numbers).
//!
//! # Derivation
//!
//! The 256-bit state of a xoshiro256++ generator (Blackman and Vigna, 2019) is
//! the SHA-256 digest of
//!
//! ```text
//! seed as u64 little endian ‖ replication as u64 little endian
//! ‖ length of entity as u64 little endian ‖ entity in UTF-8
//! ‖ length of purpose as u64 little endian ‖ purpose in UTF-8
//! ```
//!
//! The lengths make the encoding unambiguous; the digest makes related names
//! give unrelated states.
//!
//! # Draws
//!
//! The conversions from words to numbers are written out here and use `libm`, so that a
//! stream gives the same bits on every platform and with every version of `rand`. A
//! [`Stream`] can also be the generator of the original ServerlessOnEdge, with its
//! conversions (see [`libstdcxx`](crate::libstdcxx)).

use std::convert::Infallible;
use std::ops::RangeInclusive;

use rand::rand_core::{SeedableRng, TryRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

mod original;
mod poisson;

use original::Original;

use crate::SimDuration;

/// The source of all streams of one replication.
///
/// ```
/// use sim_core::Streams;
///
/// let streams = Streams::new(42, 0);
/// let mut arrivals = streams.stream("client-1", "arrivals");
/// let mut sizes = streams.stream("client-1", "sizes");
/// assert_ne!(arrivals.uniform(), sizes.uniform());
/// // The same name gives the same draws, whatever else was drawn before.
/// let mut again = Streams::new(42, 0).stream("client-1", "arrivals");
/// assert_eq!(again.uniform(), streams.stream("client-1", "arrivals").uniform());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
    replication: u64,
}

impl Streams {
    /// The streams of replication number `replication` of a run with `seed`.
    pub const fn new(seed: u64, replication: u64) -> Self {
        Self { seed, replication }
    }

    /// The seed of the run.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The number of the replication.
    pub const fn replication(&self) -> u64 {
        self.replication
    }

    /// The stream of `entity` for `purpose`.
    pub fn stream(&self, entity: &str, purpose: &str) -> Stream {
        let mut digest = Sha256::new();
        digest.update(self.seed.to_le_bytes());
        digest.update(self.replication.to_le_bytes());
        for name in [entity, purpose] {
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name.as_bytes());
        }
        Stream {
            generator: Generator::Native(Xoshiro256PlusPlus::from_seed(digest.finalize().into())),
        }
    }
}

/// One independent stream of random draws.
///
/// It is also a generator of the `rand` family ([`rand::Rng`]), so that every
/// distribution of `rand_distr` can be sampled from it.
///
/// ```
/// use rand_distr::{Distribution, LogNormal};
/// use sim_core::Streams;
///
/// let mut stream = Streams::new(1, 0).stream("computer-1", "service");
/// let service = LogNormal::new(0.0, 1.0)?.sample(&mut stream);
/// assert!(service > 0.0);
/// # Ok::<(), rand_distr::NormalError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    generator: Generator,
}

#[derive(Clone, Debug, PartialEq)]
enum Generator {
    Native(Xoshiro256PlusPlus),
    /// Behind a pointer, as its 2.5 kB would make every stream as large.
    Original(Box<Original>),
}

impl Stream {
    /// The stream that the original makes for its client number `index` and
    /// purpose number `stream`: MT19937 seeded by `seed_seq{seed, index, stream}`, each
    /// modulo 2^32, with the conversions of libstdc++.
    ///
    /// ```
    /// use sim_core::Stream;
    ///
    /// let mut sizes = Stream::original(0, 0, 0);
    /// assert_eq!([(); 3].map(|()| sizes.integer(100..=500)), [433, 425, 331]);
    /// ```
    pub fn original(seed: u64, index: u64, stream: u64) -> Self {
        Self::from_seed_seq(&[seed as u32, index as u32, stream as u32])
    }

    /// The stream that the original's trace generator makes: MT19937 seeded by
    /// `seed_seq{seed}`.
    pub fn original_from_seed(seed: u64) -> Self {
        Self::from_seed_seq(&[seed as u32])
    }

    fn from_seed_seq(words: &[u32]) -> Self {
        Self {
            generator: Generator::Original(Box::new(Original::new(words))),
        }
    }

    /// A number in [0, 1) with 53 random bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        match &mut self.generator {
            Generator::Native(native) => unit(word(native)),
            Generator::Original(original) => original.uniform(),
        }
    }

    /// A number in [`low`, `high`).
    #[inline]
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        self.uniform() * (high - low) + low
    }

    /// A draw from the standard normal distribution (Box and Muller, "A note on the
    /// generation of random normal deviates", 1958); takes two uniform numbers and keeps
    /// nothing for the next call.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// Whether something happens that has the given probability.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// An integer of `range`, all equally likely (no bias; multiplication with
    /// rejection, Lemire, 2019); the start of an empty range.
    #[inline]
    pub fn integer(&mut self, range: RangeInclusive<u64>) -> u64 {
        match &mut self.generator {
            Generator::Native(native) => {
                let (low, high) = (*range.start(), *range.end());
                match high.saturating_sub(low).checked_add(1) {
                    Some(values) => low + below(native, values),
                    None => word(native),
                }
            }
            Generator::Original(original) => original.integer(range),
        }
    }

    /// An index into a list of `len` elements, all equally likely; 0 if there is none.
    #[inline]
    pub fn index(&mut self, len: usize) -> usize {
        self.integer(0..=(len as u64).saturating_sub(1)) as usize
    }

    /// An exponentially distributed number with the given mean.
    #[inline]
    pub fn exponential(&mut self, mean: f64) -> f64 {
        match &mut self.generator {
            Generator::Native(native) => -mean * libm::log(1.0 - unit(word(native))),
            // The original takes the mean and hands the rate to the library.
            Generator::Original(original) => original.exponential(1.0 / mean),
        }
    }

    /// An exponentially distributed number with the given rate, that is, mean 1 / rate.
    #[inline]
    pub fn exponential_with_rate(&mut self, rate: f64) -> f64 {
        match &mut self.generator {
            Generator::Native(native) => -libm::log(1.0 - unit(word(native))) / rate,
            Generator::Original(original) => original.exponential(rate),
        }
    }

    /// A duration drawn from an exponential distribution with the given mean.
    #[inline]
    pub fn exponential_duration(&mut self, mean: SimDuration) -> SimDuration {
        SimDuration::from_secs_f64(self.exponential(mean.as_secs_f64()))
    }

    /// A duration between `low` and `high`.
    #[inline]
    pub fn uniform_duration(&mut self, low: SimDuration, high: SimDuration) -> SimDuration {
        SimDuration::from_secs_f64(self.uniform_in(low.as_secs_f64(), high.as_secs_f64()))
    }

    /// A Poisson distributed count with the given mean; 0 if the mean is negative or
    /// not a number.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        match &mut self.generator {
            Generator::Native(native) => poisson::sample(mean, || unit(word(native))),
            Generator::Original(original) => original.poisson(mean),
        }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        match &mut self.generator {
            Generator::Native(native) => native.try_next_u32(),
            Generator::Original(original) => Ok(original.next_word()),
        }
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        match &mut self.generator {
            Generator::Native(native) => native.try_next_u64(),
            Generator::Original(original) => Ok(original.next_double_word()),
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        match &mut self.generator {
            Generator::Native(native) => native.try_fill_bytes(bytes),
            Generator::Original(original) => {
                for chunk in bytes.chunks_mut(4) {
                    chunk.copy_from_slice(&original.next_word().to_le_bytes()[..chunk.len()]);
                }
                Ok(())
            }
        }
    }
}

#[inline]
fn word(generator: &mut Xoshiro256PlusPlus) -> u64 {
    let Ok(word) = generator.try_next_u64();
    word
}

/// The upper 53 bits as a number in [0, 1).
#[inline]
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// An integer below `bound`, which is not 0.
#[inline]
fn below(generator: &mut Xoshiro256PlusPlus, bound: u64) -> u64 {
    let mut product = u128::from(word(generator)) * u128::from(bound);
    if (product as u64) < bound {
        let threshold = bound.wrapping_neg() % bound;
        while (product as u64) < threshold {
            product = u128::from(word(generator)) * u128::from(bound);
        }
    }
    (product >> 64) as u64
}

#[cfg(test)]
mod tests;
