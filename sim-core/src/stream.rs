//! Named random streams.
//!
//! Every random draw of a simulation comes from a stream that is derived *by
//! name* from (seed, replication, entity, purpose). Streams are independent of
//! each other and of the order in which they are made, so that adding an entity
//! disturbs no other, and changing a policy leaves the arrivals as they were
//! (common random numbers).
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

use std::convert::Infallible;

use rand::rand_core::{SeedableRng, TryRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sha2::{Digest, Sha256};

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
            generator: Xoshiro256PlusPlus::from_seed(digest.finalize().into()),
        }
    }
}

/// One independent stream of random draws.
///
/// It is also a generator of the `rand` family, so that any distribution of
/// `rand_distr` can be sampled from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    generator: Xoshiro256PlusPlus,
}

impl Stream {
    /// A number in [0, 1) with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_word() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    fn next_word(&mut self) -> u64 {
        let Ok(word) = self.generator.try_next_u64();
        word
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.generator.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.generator.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.generator.try_fill_bytes(bytes)
    }
}

impl Stream {
    /// An exponentially distributed number with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.uniform())
    }

    /// A duration drawn from an exponential distribution with the given mean.
    pub fn exponential_duration(&mut self, mean: SimDuration) -> SimDuration {
        SimDuration::from_secs_f64(self.exponential(mean.as_secs_f64()))
    }
}
