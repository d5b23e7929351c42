//! Poisson distributed counts from uniform numbers.

/// From this mean on rejection is used; there its hat fits.
const LARGE: f64 = 10.0;

/// A count with the given mean, from numbers in [0, 1).
///
/// Below a mean of 10 the product of uniform numbers (Knuth), from there on the
/// transformed rejection PTRS (Hörmann, 1993).
pub(super) fn sample(mean: f64, uniform: impl FnMut() -> f64) -> u64 {
    if mean >= LARGE {
        transformed_rejection(mean, uniform)
    } else if mean > 0.0 {
        product(mean, uniform)
    } else {
        0
    }
}

fn product(mean: f64, mut uniform: impl FnMut() -> f64) -> u64 {
    let threshold = libm::exp(-mean);
    let mut count = 0;
    let mut product = uniform();
    while product > threshold {
        product *= uniform();
        count += 1;
    }
    count
}

fn transformed_rejection(mean: f64, mut uniform: impl FnMut() -> f64) -> u64 {
    let ln_mean = libm::log(mean);
    let b = 0.931 + 2.53 * libm::sqrt(mean);
    let a = -0.059 + 0.024_83 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let squeeze = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = uniform() - 0.5;
        let v = uniform();
        let us = 0.5 - u.abs();
        let count = libm::floor((2.0 * a / us + b) * u + mean + 0.43);
        if us >= 0.07 && v <= squeeze {
            return count as u64;
        }
        if count < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        let height = libm::log(v * inverse_alpha / (a / (us * us) + b));
        if height <= count * ln_mean - mean - libm::lgamma(count + 1.0) {
            return count as u64;
        }
    }
}
