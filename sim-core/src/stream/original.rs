//! A stream of the original: its generator with the state of its distributions.

use std::ops::RangeInclusive;

use crate::libstdcxx::{Mt19937, Normal, Poisson};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Original {
    generator: Mt19937,
    normal: Normal,
    /// The last Poisson distribution used; making one takes several logarithms.
    poisson: Poisson,
}

impl Original {
    pub fn new(words: &[u32]) -> Self {
        Self {
            generator: Mt19937::from_seed_seq(words),
            normal: Normal::default(),
            poisson: Poisson::new(1.0),
        }
    }

    pub fn next_word(&mut self) -> u32 {
        self.generator.next_word()
    }

    pub fn next_double_word(&mut self) -> u64 {
        u64::from(self.next_word()) | u64::from(self.next_word()) << 32
    }

    pub fn uniform(&mut self) -> f64 {
        self.generator.uniform()
    }

    pub fn integer(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.generator.integer(range)
    }

    pub fn exponential(&mut self, rate: f64) -> f64 {
        self.generator.exponential(rate)
    }

    pub fn poisson(&mut self, mean: f64) -> u64 {
        if self.poisson.mean() != mean {
            self.poisson = Poisson::new(mean);
        }
        self.poisson.sample(&mut self.generator, &mut self.normal)
    }
}
