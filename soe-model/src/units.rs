//! Quantities with units, and their notation.
//!
//! Scenario files write every quantity with its unit (`"10 ms"`, `"512 MiB"`,
//! `"100 Mb/s"`, `"100 Gop/s"`). Decimal prefixes mean powers of 1000, binary
//! ones (`KiB`) powers of 1024 (IEC 80000-13). A lower-case `b` is a bit, an
//! upper-case `B` a byte.

use std::fmt;

use sim_core::SimDuration;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A number of machine operations, the unit of work of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operations(pub u64);

/// The speed of one core, in operations per second; positive and finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct OpsPerSecond(pub f64);

/// A transmission rate, in bits per second; positive and finite.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct BitsPerSecond(pub f64);

impl BitsPerSecond {
    /// How long `bytes` take at this rate, to the nearest nanosecond.
    pub fn transmission(self, bytes: Bytes) -> SimDuration {
        SimDuration::from_secs_f64(bytes.0 as f64 * 8.0 / self.0)
    }
}

/// Why a quantity could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// The text is not a number followed by one of the units.
    #[error("found `{found}`, expected {expected}")]
    Malformed {
        /// What was read.
        found: String,
        /// What would have been accepted, with an example.
        expected: &'static str,
    },
    /// The number is negative, zero where that is meaningless, or too large.
    #[error("`{found}` is out of range: {allowed}")]
    OutOfRange {
        /// What was read.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The number lies outside the bounds of its parameter.
    #[error("`{found}` is out of range, expected {allowed}")]
    OutOfRangeOf {
        /// What was read.
        found: String,
        /// What is allowed.
        allowed: String,
    },
}

/// Names and sizes of the units of one quantity, the first being the base unit.
pub type Units = &'static [(&'static str, f64)];

/// Units of numbers of operations.
pub const OPERATION_UNITS: Units = &[
    ("op", 1.0),
    ("kop", 1e3),
    ("Mop", 1e6),
    ("Gop", 1e9),
    ("Top", 1e12),
];
const DURATION_UNITS: Units = &[
    ("s", 1.0),
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    // The Greek letter rather than the micro sign.
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86400.0),
];
/// Units of sizes.
pub const BYTE_UNITS: Units = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1048576.0),
    ("GiB", 1073741824.0),
    ("TiB", 1099511627776.0),
];
/// Units of transmission rates.
pub const RATE_UNITS: Units = &[
    ("b/s", 1.0),
    ("kb/s", 1e3),
    ("Mb/s", 1e6),
    ("Gb/s", 1e9),
    ("Tb/s", 1e12),
];
/// Units of processor speeds.
pub const SPEED_UNITS: Units = &[
    ("op/s", 1.0),
    ("kop/s", 1e3),
    ("Mop/s", 1e6),
    ("Gop/s", 1e9),
    ("Top/s", 1e12),
];

/// What a duration looks like, for messages.
pub const DURATION_EXPECTED: &str =
    "a duration such as \"10 ms\" (units: ns, us, ms, s, min, h, d)";
/// What a size looks like, for messages.
pub const BYTES_EXPECTED: &str =
    "a size such as \"10 kB\" or \"512 MiB\" (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)";
/// What a transmission rate looks like, for messages.
pub const RATE_EXPECTED: &str = "a rate such as \"100 Mb/s\" (units: b/s, kb/s, Mb/s, Gb/s, Tb/s)";
/// What a processor speed looks like, for messages.
pub const SPEED_EXPECTED: &str =
    "a speed such as \"100 Gop/s\" (units: op/s, kop/s, Mop/s, Gop/s, Top/s)";

/// Reads a duration: a number and a unit, `"10 ms"`.
///
/// # Errors
/// If the text is malformed, negative or beyond 584 years.
pub fn parse_duration(text: &str) -> Result<SimDuration, QuantityError> {
    let secs = parse(text, DURATION_UNITS, DURATION_EXPECTED)?;
    SimDuration::try_from_secs_f64(secs).ok_or_else(|| QuantityError::OutOfRange {
        found: text.to_owned(),
        allowed: "a duration is at least 0 and at most 584 years",
    })
}

/// Reads a size: a number and a unit, `"512 MiB"`. Fractions of a byte are rounded.
///
/// # Errors
/// If the text is malformed, negative or beyond 2^53 bytes.
pub fn parse_bytes(text: &str) -> Result<Bytes, QuantityError> {
    let bytes = parse(text, BYTE_UNITS, BYTES_EXPECTED)?;
    if (0.0..=(1u64 << 53) as f64).contains(&bytes) {
        Ok(Bytes(bytes.round() as u64))
    } else {
        Err(QuantityError::OutOfRange {
            found: text.to_owned(),
            allowed: "a size is at least 0 and at most 8 PiB",
        })
    }
}

/// Reads a transmission rate: a number and a unit, `"100 Mb/s"`.
///
/// # Errors
/// If the text is malformed or not positive.
pub fn parse_rate(text: &str) -> Result<BitsPerSecond, QuantityError> {
    positive(text, RATE_UNITS, RATE_EXPECTED, "a rate is more than 0").map(BitsPerSecond)
}

/// Reads the speed of a core: a number and a unit, `"100 Gop/s"`.
///
/// # Errors
/// If the text is malformed or not positive.
pub fn parse_speed(text: &str) -> Result<OpsPerSecond, QuantityError> {
    positive(text, SPEED_UNITS, SPEED_EXPECTED, "a speed is more than 0").map(OpsPerSecond)
}

fn positive(
    text: &str,
    units: Units,
    expected: &'static str,
    allowed: &'static str,
) -> Result<f64, QuantityError> {
    let value = parse(text, units, expected)?;
    if value > 0.0 {
        Ok(value)
    } else {
        Err(QuantityError::OutOfRange {
            found: text.to_owned(),
            allowed,
        })
    }
}

fn parse(text: &str, units: Units, expected: &'static str) -> Result<f64, QuantityError> {
    number(text, units).ok_or_else(|| QuantityError::Malformed {
        found: text.to_owned(),
        expected,
    })
}

/// A number with one of these units, in the base unit; `None` of anything else.
///
/// ```
/// use soe_model::units::{OPERATION_UNITS, number};
///
/// assert_eq!(number("1.5 Mop", OPERATION_UNITS), Some(1.5e6));
/// assert_eq!(number("1.5 MB", OPERATION_UNITS), None);
/// ```
pub fn number(text: &str, units: Units) -> Option<f64> {
    let trimmed = text.trim();
    // The number ends where no longer prefix of the text is one: "1e3 op/s".
    let split = trimmed
        .char_indices()
        .map(|(i, c)| i + c.len_utf8())
        .rfind(|&end| trimmed[..end].parse::<f64>().is_ok_and(f64::is_finite))?;
    let (number, unit) = trimmed.split_at(split);
    let unit = unit.trim_start();
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    let value = number.parse::<f64>().ok()? * scale;
    value.is_finite().then_some(value)
}

/// Prints a number in the largest unit in which `reads_back` accepts the text; `None` if
/// there is no such unit.
pub fn print_exactly(
    value: f64,
    units: Units,
    print: impl Fn(f64) -> String,
    reads_back: impl Fn(&str) -> bool,
) -> Option<String> {
    let fitting = units.iter().rev().filter(|(_, scale)| value >= *scale);
    fitting
        .map(|(unit, scale)| format!("{} {unit}", print(value / scale)))
        .find(|text| reads_back(text))
}

impl fmt::Display for Bytes {
    /// Prints the size exactly, in the largest unit that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = BYTE_UNITS
            .iter()
            .map(|&(name, scale)| (name, scale as u64))
            .filter(|&(_, scale)| self.0 != 0 && self.0.is_multiple_of(scale))
            .max_by_key(|&(_, scale)| scale);
        let (name, scale) = fitting.unwrap_or(("B", 1));
        write!(f, "{} {name}", self.0 / scale)
    }
}

impl fmt::Display for BitsPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, RATE_UNITS)
    }
}

impl fmt::Display for OpsPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, SPEED_UNITS)
    }
}

fn scaled(f: &mut fmt::Formatter<'_>, value: f64, units: Units) -> fmt::Result {
    let (name, scale) = units
        .iter()
        .rev()
        .find(|(_, scale)| value >= *scale)
        .unwrap_or(&units[0]);
    write!(f, "{} {name}", value / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        assert_eq!(parse_duration("10 ms"), Ok(SimDuration::from_millis(10)));
        assert_eq!(parse_duration("1.5s"), Ok(SimDuration::from_millis(1500)));
        assert_eq!(parse_duration("1e3 us"), Ok(SimDuration::from_millis(1)));
        assert_eq!(parse_bytes("512 MiB"), Ok(Bytes(1 << 29)));
        assert_eq!(parse_bytes("10 kB"), Ok(Bytes(10_000)));
        assert_eq!(parse_rate("100 Mb/s"), Ok(BitsPerSecond(1e8)));
        assert_eq!(parse_speed("1e11 op/s"), Ok(OpsPerSecond(1e11)));
    }

    #[test]
    fn wrong_quantities_say_what_is_allowed() {
        for (text, part) in [
            ("10", "a duration such as"),
            ("ms", "a duration such as"),
            ("", "a duration such as"),
            ("10 MB", "a duration such as"),
            ("inf s", "a duration such as"),
            ("-1 s", "at least 0"),
            ("1e300 s", "at most 584 years"),
        ] {
            let message = parse_duration(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(parse_rate("0 Mb/s").is_err());
        assert!(parse_bytes("-1 B").is_err());
        assert!(parse_speed("100 GB").is_err());
    }

    #[test]
    fn printed_sizes_and_rates_read_back() {
        for bytes in [0, 1, 999, 1000, 1024, 10_000, 1 << 29, 123_457] {
            assert_eq!(parse_bytes(&Bytes(bytes).to_string()), Ok(Bytes(bytes)));
        }
        for rate in [1.0, 2.5e6, 1e9] {
            let rate = BitsPerSecond(rate);
            assert_eq!(parse_rate(&rate.to_string()), Ok(rate));
        }
    }

    #[test]
    fn transmission_takes_bits_over_rate() {
        let time = BitsPerSecond(1e6).transmission(Bytes(1000));
        assert_eq!(time, SimDuration::from_millis(8));
    }
}
