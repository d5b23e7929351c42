//! The random numbers of the GNU C++ library, bit for bit, and how it prints numbers.
//!
//! The original ServerlessOnEdge draws its random numbers with the `<random>` header
//! of libstdc++ (GCC 11 or later). Its results can only be reproduced with the same
//! generators *and* the same conversions from words to real numbers, integers and
//! counts, which the C++ standard leaves to the library. This module has those that
//! the original uses:
//!
//! | C++ | here |
//! |---|---|
//! | `std::mt19937` with `std::seed_seq` | [`Mt19937::from_seed_seq`] |
//! | `uniform_real_distribution<double>` | [`Mt19937::uniform`], [`MinstdRand0::uniform`] |
//! | `uniform_int_distribution` | [`Mt19937::integer`], [`MinstdRand0::integer`] |
//! | `exponential_distribution<double>` | [`Mt19937::exponential`] |
//! | `normal_distribution<double>` | [`Normal::sample`] |
//! | `poisson_distribution` | [`Poisson::sample`]; of GCC 7, [`Poisson::before_gcc_8`] |
//! | `std::ostream << double`, `printf("%g")` | [`general`], [`write_general`] |
//! | `std::default_random_engine` (`minstd_rand0`) | [`MinstdRand0`] |
//!
//! Words, uniform numbers, integers and Poisson counts are the same to the last bit.
//! Exponential and normal numbers take their logarithm from `libm`, so that they are
//! the same on every platform; compared with the C library of GNU about 7 % of them
//! differ by one unit in the last place.

mod minstd;
mod mt19937;
mod number;
mod poisson;

pub use minstd::MinstdRand0;
pub use mt19937::Mt19937;
pub use number::{general, write_general, write_whole};
pub use poisson::{Normal, Poisson};
