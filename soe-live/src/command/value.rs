//! Values of options in the units of the original: seconds and bytes.

use sim_core::SimDuration;
use soe_model::units::Bytes;

/// The largest input of a call that any option may ask for: what fits into one
/// message.
const LARGEST: u64 = 1 << 30;

/// A duration in seconds, such as `0.5`.
///
/// # Errors
/// What is expected instead.
pub fn seconds(text: &str) -> Result<SimDuration, String> {
    let secs = text.parse().ok().and_then(SimDuration::try_from_secs_f64);
    secs.ok_or_else(|| "expected a number of seconds, at least 0".to_owned())
}

/// A number of bytes.
///
/// # Errors
/// What is expected instead.
pub fn whole_bytes(text: &str) -> Result<Bytes, String> {
    let bytes = text.parse().ok().filter(|bytes| *bytes <= LARGEST);
    bytes
        .map(Bytes)
        .ok_or_else(|| format!("expected a whole number of bytes, at most {LARGEST}"))
}

/// A duration in seconds, more than 0.
pub fn positive(text: &str) -> Result<SimDuration, String> {
    match seconds(text)? {
        time if time.is_zero() => Err("expected a number of seconds, more than 0".to_owned()),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_bytes_are_read_and_checked() {
        assert_eq!(seconds("0.5"), Ok(SimDuration::from_millis(500)));
        assert_eq!(seconds("1e-3"), Ok(SimDuration::from_millis(1)));
        for wrong in ["-1", "nan", "inf", "soon", "1 s", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(whole_bytes("10000"), Ok(Bytes(10_000)));
        for wrong in ["-1", "1.5", "1 kB", "", "99999999999999"] {
            assert!(whole_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
