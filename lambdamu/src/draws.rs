//! The random draws of a replication, from the original's generators.
//!
//! Every random variable of the original owns a generator, which is seeded with the seed
//! of the replication and two more words. Most of them have the same words, so that they
//! draw the same numbers; results depend on it.

use std::str::FromStr;

use sim_core::libstdcxx::{Mt19937, Normal, Poisson};

use crate::Error;

/// Which version of libstdc++ draws the numbers of applications.
///
/// A correction of GCC 8 (PR 83237) changed a few counts in ten thousand, from a mean of
/// 12 on. The published tables of the original were made before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoissonRule {
    /// GCC 8 and later.
    #[default]
    Corrected,
    /// Up to GCC 7.
    Published,
}

impl PoissonRule {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Corrected, Self::Published];

    /// The name on the command line and in study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::Published => "published",
        }
    }

    pub(crate) fn sample(self, mean: u64, mut generator: Mt19937) -> u64 {
        let mean = mean as f64;
        let poisson = match self {
            Self::Corrected => Poisson::new(mean),
            Self::Published => Poisson::before_gcc_8(mean),
        };
        poisson.sample(&mut generator, &mut Normal::default())
    }
}

impl FromStr for PoissonRule {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|rule| rule.name() == name);
        found.ok_or_else(|| {
            Error::Parameter(format!(
                "Poisson rule is `{name}`, expected corrected or published"
            ))
        })
    }
}

/// The generator of the random variable `(seed, user, run)`; each word counts modulo
/// 2^32.
pub(crate) fn generator(seed: u64, user: u64, run: u64) -> Mt19937 {
    Mt19937::from_seed_seq(&[seed as u32, user as u32, run as u32])
}

/// Which of `count` equally likely things.
pub(crate) fn below(generator: &mut Mt19937, count: usize) -> usize {
    generator.integer(0..=(count as u64).saturating_sub(1)) as usize
}
