//! `std::poisson_distribution` and the `std::normal_distribution` that it needs.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

use super::Mt19937;

/// The standard normal distribution by the polar method (Marsaglia and Bray, 1964),
/// which makes two numbers at a time and keeps the second for the next call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Normal {
    saved: Option<f64>,
}

impl Normal {
    /// A number with mean 0 and variance 1.
    pub fn sample(&mut self, generator: &mut Mt19937) -> f64 {
        if let Some(saved) = self.saved.take() {
            return saved;
        }
        loop {
            let x = 2.0 * generator.uniform() - 1.0;
            let y = 2.0 * generator.uniform() - 1.0;
            let square = x * x + y * y;
            if square <= 1.0 && square != 0.0 {
                let factor = libm::sqrt(-2.0 * libm::log(square) / square);
                self.saved = Some(x * factor);
                return y * factor;
            }
        }
    }
}

/// The Poisson distribution: below a mean of 12 the product of uniform numbers,
/// from there on rejection (Devroye, 1986, X.3.4, with his errata).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poisson {
    mean: f64,
    method: Method,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Product { threshold: f64 },
    Rejection(Rejection),
}

impl Poisson {
    /// The distribution with the given mean. A mean that is negative or not a
    /// number is taken for 0.
    pub fn new(mean: f64) -> Self {
        Self::with_erratum(mean, LN_STEP)
    }

    /// The same as GCC 7 had it, before libstdc++ was corrected (PR 83237): from a mean
    /// of 12 on, a few counts in ten thousand differ.
    pub fn before_gcc_8(mean: f64) -> Self {
        Self::with_erratum(mean, 0.0)
    }

    fn with_erratum(mean: f64, ln_after_mode: f64) -> Self {
        let mean = mean.max(0.0);
        let method = if mean >= 12.0 {
            Method::Rejection(Rejection::new(mean, ln_after_mode))
        } else {
            Method::Product {
                threshold: libm::exp(-mean),
            }
        };
        Self { mean, method }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// A count. `normal` must be the same one in all calls with `generator`, as the C++
    /// distribution keeps one inside.
    pub fn sample(&self, generator: &mut Mt19937, normal: &mut Normal) -> u64 {
        match &self.method {
            Method::Product { threshold } => {
                let mut count = 0;
                let mut product = generator.uniform();
                while product > *threshold {
                    product *= generator.uniform();
                    count += 1;
                }
                count
            }
            Method::Rejection(rejection) => rejection.sample(generator, normal),
        }
    }
}

/// Devroye's constants for one mean. The density is covered by a normal
/// piece on either side, three single points and an exponential tail.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rejection {
    /// The whole part of the mean.
    mode: f64,
    ln_mean: f64,
    ln_factorial: f64,
    /// Where the tail begins, from the mode.
    tail: f64,
    left_scale: f64,
    right_scale: f64,
    /// 1 / (2 mode + tail).
    inverse: f64,
    /// Areas of the pieces, added up from the left.
    left: f64,
    right: f64,
    total: f64,
    /// Logarithm of the height of the cover at the point after the mode.
    ln_after_mode: f64,
}

/// e^(1/78) and 1/78, of the erratum for the point after the mode.
const STEP: f64 = 1.012_903_047_932_001_9;
const LN_STEP: f64 = 1.0 / 78.0;

impl Rejection {
    fn new(mean: f64, ln_after_mode: f64) -> Self {
        let mode = libm::floor(mean);
        let spread = libm::sqrt(2.0 * mode * libm::log(32.0 * mode / FRAC_PI_4));
        let tail = libm::round(mode.min(spread).max(6.0));
        let width = 2.0 * mode + tail;
        let inverse = 1.0 / width;
        let left_scale = libm::sqrt(mode);
        let left = left_scale * libm::sqrt(FRAC_PI_2);
        let right_area = libm::sqrt(FRAC_PI_4 * width) * libm::exp(inverse);
        let tail_area = 2.0 * width * libm::exp(-tail * inverse * (1.0 + tail / 2.0)) / tail;
        let right = right_area + left;
        Self {
            mode,
            ln_mean: libm::log(mean),
            ln_factorial: libm::lgamma(mode + 1.0),
            tail,
            left_scale,
            right_scale: libm::sqrt(width / 2.0),
            inverse,
            left,
            right,
            total: tail_area + (right + 1.0 + 1.0 + STEP),
            ln_after_mode,
        }
    }

    fn sample(&self, generator: &mut Mt19937, normal: &mut Normal) -> u64 {
        loop {
            let Some((offset, ln_cover)) = self.propose(generator, normal) else {
                continue;
            };
            let count = offset + self.mode;
            if ln_cover - offset * self.ln_mean <= self.ln_factorial - libm::lgamma(count + 1.0) {
                // Rounded to nearest; a count beyond the type saturates.
                return (count + 0.5) as u64;
            }
        }
    }

    /// A distance from the mode and the logarithm of the height, below the cover,
    /// at which it was hit; `None` outside the piece chosen.
    fn propose(&self, generator: &mut Mt19937, normal: &mut Normal) -> Option<(f64, f64)> {
        let area = self.total * generator.uniform();
        let height = generator.exponential(1.0);
        let (offset, ln_cover) = if area <= self.left {
            let deviate = normal.sample(generator);
            let offset = libm::floor(-deviate.abs() * self.left_scale - 1.0);
            if offset < -self.mode {
                return None;
            }
            (offset, -deviate * deviate / 2.0)
        } else if area <= self.right {
            let deviate = normal.sample(generator);
            let place = 1.0 + deviate.abs() * self.right_scale;
            let offset = libm::ceil(place);
            if offset > self.tail {
                return None;
            }
            (offset, place * (2.0 - place) * self.inverse)
        } else if area <= self.right + 1.0 {
            (-1.0, 0.0)
        } else if area <= self.right + 1.0 + 1.0 {
            (0.0, 0.0)
        } else if area <= self.right + 1.0 + 1.0 + STEP {
            (1.0, self.ln_after_mode)
        } else {
            let width = 2.0 * (2.0 * self.mode + self.tail);
            let place = self.tail + generator.exponential(1.0) * width / self.tail;
            (
                libm::ceil(place),
                -self.tail * self.inverse * (1.0 + place / 2.0),
            )
        };
        Some((offset, ln_cover - height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first counts, and a digest of 100 000, of a distribution on
    /// `mt19937(seed_seq{1, 2, 3})`, from a program compiled with g++ 12.
    #[test]
    fn counts_are_those_of_libstdcxx() {
        let vectors: [(f64, [u64; 6], u64); 9] = [
            (0.5, [0, 1, 1, 0, 0, 0], 1450565473332945600),
            (5.0, [5, 5, 3, 6, 3, 2], 15894394093574591636),
            (11.9, [9, 11, 7, 9, 12, 13], 3082112388733724616),
            (12.0, [5, 12, 9, 10, 11, 10], 7193708653508538272),
            (12.5, [5, 12, 9, 10, 11, 10], 5438132873126903716),
            (20.0, [12, 19, 17, 18, 22, 26], 13363468037634304751),
            (100.0, [83, 104, 105, 96, 110, 105], 18244829855368892019),
            (
                1e4,
                [9848, 9902, 9972, 10031, 9969, 10083],
                17764824313463076409,
            ),
            (
                1e6,
                [998498, 999037, 999731, 1000296, 999705, 1000804],
                3792711554288249802,
            ),
        ];
        for (mean, first, digest) in vectors {
            let mut generator = Mt19937::from_seed_seq(&[1, 2, 3]);
            let mut normal = Normal::default();
            let poisson = Poisson::new(mean);
            let counts: Vec<u64> = (0..100_000)
                .map(|_| poisson.sample(&mut generator, &mut normal))
                .collect();
            assert_eq!(counts[..6], first, "mean {mean}");
            let all = counts.iter().fold(0_u64, |digest, &count| {
                digest.wrapping_mul(31).wrapping_add(count)
            });
            assert_eq!(all, digest, "mean {mean}");
        }
    }
    /// Sums of the first counts over the seeds of the original's studies, from programs
    /// compiled with g++ 7 and g++ 12.
    #[test]
    fn both_versions_of_libstdcxx_give_their_sums() {
        let sum = |mean, word, poisson: fn(f64) -> Poisson| -> u64 {
            let counts = (1..=6400).map(|seed| {
                let mut generator = Mt19937::from_seed_seq(&[seed, word, 0]);
                poisson(mean).sample(&mut generator, &mut Normal::default())
            });
            counts.sum()
        };
        for (mean, word, now, before) in [
            (50.0, 1, 320_145, 320_144),
            (100.0, 1, 639_850, 639_829),
            (100.0, 0, 639_267, 639_294),
            (50.0, 0, 319_556, 319_556),
        ] {
            assert_eq!(sum(mean, word, Poisson::new), now, "{mean}, {word}");
            assert_eq!(
                sum(mean, word, Poisson::before_gcc_8),
                before,
                "{mean}, {word}"
            );
        }
    }
}
