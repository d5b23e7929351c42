//! Units of reported quantities, and their notation for people.
//!
//! Files contain plain numbers in the base unit. Only text for people is scaled (`100.04 ms`), with decimal prefixes
//! throughout (1 kB = 1000 B), as in the SI.

use crate::statistics::Interval;
use serde::{Deserialize, Serialize};

/// The base unit in which a quantity is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// A duration or an instant, in nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// An amount of data, in bytes.
    #[serde(rename = "B")]
    Bytes,
    /// A data rate, in bits per second.
    #[serde(rename = "b/s")]
    BitsPerSecond,
    /// A rate of events, per second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// A fraction, 0 to 1, shown in percent.
    #[serde(rename = "1")]
    Ratio,
    /// A number of things, or a number without unit.
    #[serde(rename = "")]
    Count,
}

/// Decimals of a value that is shown alone.
const DECIMALS: usize = 2;
/// Most decimals of a mean shown with its interval; beyond that they are noise to a reader.
const MOST_DECIMALS: usize = 4;

impl Unit {
    /// The symbol used in files: `ns`, `B`, `b/s`, `1/s`, `1` for ratios, empty for counts.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "ns",
            Unit::Bytes => "B",
            Unit::BitsPerSecond => "b/s",
            Unit::PerSecond => "1/s",
            Unit::Ratio => "1",
            Unit::Count => "",
        }
    }

    /// A value (in the base unit) as text for a person.
    ///
    /// ```
    /// use analysis::Unit;
    /// assert_eq!(Unit::Nanoseconds.format(100_040_000.0), "100.04 ms");
    /// assert_eq!(Unit::Bytes.format(10_000.0), "10.00 kB");
    /// assert_eq!(Unit::Ratio.format(0.125), "12.50 %");
    /// assert_eq!(Unit::Count.format(42.0), "42");
    /// ```
    pub fn format(self, value: f64) -> String {
        if !value.is_finite() {
            return "n/a".to_owned();
        }
        let scale = self.scale_for(value.abs());
        // A whole number of the base unit needs no decimals: half a byte does not exist.
        let whole = scale.base && value.fract() == 0.0;
        let decimals = if whole { 0 } else { DECIMALS };
        join(&fixed(value / scale.factor, decimals), scale.symbol)
    }

    /// A mean and the half-width of its interval as text for a person, both in the same scale: `100.04 ± 0.12 ms`.
    ///
    /// The half-width is shown with two significant digits (at most four decimals) and rounded up, so that an interval
    /// never reads narrower than it is; the mean has as many decimals as the half-width. Without a half-width, the
    /// text reads `100.04 ± n/a ms`.
    ///
    /// ```
    /// use analysis::{Interval, Unit};
    /// let latency = Interval { mean: 100_040_000.0, half_width: Some(117_000.0), n: 10 };
    /// assert_eq!(Unit::Nanoseconds.format_interval(&latency), "100.04 ± 0.12 ms");
    /// let once = Interval { half_width: None, n: 1, ..latency };
    /// assert_eq!(Unit::Nanoseconds.format_interval(&once), "100.04 ± n/a ms");
    /// ```
    pub fn format_interval(self, interval: &Interval) -> String {
        let Interval {
            mean, half_width, ..
        } = *interval;
        if !mean.is_finite() {
            return "n/a".to_owned();
        }
        let half_width = half_width.filter(|half| half.is_finite());
        let largest = mean.abs().max(half_width.unwrap_or(0.0));
        let scale = self.scale_for(largest);
        let mean = mean / scale.factor;
        let whole = scale.base && mean.fract() == 0.0;
        let decimals = if whole { 0 } else { DECIMALS };
        let text = match half_width.map(|half| half / scale.factor) {
            None => format!("{} ± n/a", fixed(mean, decimals)),
            Some(half) if half <= 0.0 => format!("{} ± 0", fixed(mean, decimals)),
            Some(half) => {
                let decimals = decimals_for(half);
                format!(
                    "{} ± {}",
                    fixed(mean, decimals),
                    fixed(round_up(half, decimals), decimals)
                )
            }
        };
        join(&text, scale.symbol)
    }

    /// The scale of an axis whose largest magnitude is given: what to divide by, and the symbol.
    pub fn axis_scale(self, largest: f64) -> (f64, &'static str) {
        let scale = self.scale_for(largest);
        (scale.factor, scale.symbol)
    }

    fn scales(self) -> &'static [Scale] {
        const fn scale(factor: f64, symbol: &'static str) -> Scale {
            Scale {
                factor,
                symbol,
                base: factor == 1.0,
            }
        }
        match self {
            Unit::Nanoseconds => {
                const {
                    &[
                        scale(1.0, "ns"),
                        scale(1e3, "µs"),
                        scale(1e6, "ms"),
                        scale(1e9, "s"),
                    ]
                }
            }
            Unit::Bytes => {
                const {
                    &[
                        scale(1.0, "B"),
                        scale(1e3, "kB"),
                        scale(1e6, "MB"),
                        scale(1e9, "GB"),
                        scale(1e12, "TB"),
                    ]
                }
            }
            Unit::BitsPerSecond => {
                const {
                    &[
                        scale(1.0, "b/s"),
                        scale(1e3, "kb/s"),
                        scale(1e6, "Mb/s"),
                        scale(1e9, "Gb/s"),
                    ]
                }
            }
            Unit::PerSecond => const { &[scale(1.0, "1/s")] },
            Unit::Ratio => const { &[scale(0.01, "%")] },
            Unit::Count => const { &[scale(1.0, "")] },
        }
    }

    /// The largest scale in which a magnitude is at least one, or the next one where rounding would print 1000.
    fn scale_for(self, magnitude: f64) -> &'static Scale {
        let scales = self.scales();
        let fits = |scale: &&Scale| magnitude / scale.factor >= 1.0 - 0.5e-5;
        scales.iter().rev().find(fits).unwrap_or(&scales[0])
    }
}

/// One way to write a unit: `factor` base units are one `symbol`.
struct Scale {
    factor: f64,
    symbol: &'static str,
    base: bool,
}

fn join(number: &str, symbol: &str) -> String {
    if symbol.is_empty() {
        number.to_owned()
    } else {
        format!("{number} {symbol}")
    }
}

/// Fixed-point text without a negative zero.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| byte == b'0' || byte == b'.') => {
            digits.to_owned()
        }
        _ => text,
    }
}

/// Decimals that show two significant digits of a positive half-width.
fn decimals_for(half_width: f64) -> usize {
    let mut decimals = 0;
    let mut shown = half_width;
    while shown < 10.0 && decimals < MOST_DECIMALS {
        shown *= 10.0;
        decimals += 1;
    }
    decimals
}

fn round_up(value: f64, decimals: usize) -> f64 {
    let power = (0..decimals).fold(1.0, |power, _| power * 10.0);
    // The product of an exact decimal may end up just above it; that is not a reason to go one digit up.
    let scaled = value * power;
    let nearest = scaled.round();
    if (scaled - nearest).abs() <= nearest * 1e-12 {
        nearest / power
    } else {
        scaled.ceil() / power
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(mean: f64, half_width: f64) -> Interval {
        Interval {
            mean,
            half_width: Some(half_width),
            n: 5,
        }
    }

    #[test]
    fn durations_choose_the_scale_a_person_would() {
        let texts = [0.0, 1.0, 850.0, 1_500.0, 2_345_678.0, 1e9, 86_400e9]
            .map(|ns| Unit::Nanoseconds.format(ns));
        assert_eq!(
            texts,
            [
                "0 ns",
                "1 ns",
                "850 ns",
                "1.50 µs",
                "2.35 ms",
                "1.00 s",
                "86400.00 s"
            ]
        );
        assert_eq!(Unit::Nanoseconds.format(12.3456), "12.35 ns");
        assert_eq!(Unit::Nanoseconds.format(-1_500.0), "-1.50 µs");
    }

    #[test]
    fn rounding_never_prints_a_thousand_of_a_smaller_scale() {
        assert_eq!(Unit::Nanoseconds.format(999_999.0), "1.00 ms");
        assert_eq!(Unit::Nanoseconds.format(999_990.0), "999.99 µs");
        assert_eq!(Unit::Bytes.format(999_999_999.0), "1.00 GB");
    }

    #[test]
    fn what_is_not_a_number_reads_not_available() {
        assert_eq!(Unit::Ratio.format(f64::NAN), "n/a");
        assert_eq!(Unit::Count.format(f64::INFINITY), "n/a");
        assert_eq!(Unit::Count.format_interval(&interval(f64::NAN, 1.0)), "n/a");
    }

    #[test]
    fn an_interval_never_reads_narrower_than_it_is() {
        assert_eq!(
            Unit::Nanoseconds.format_interval(&interval(100e6, 121_000.0)),
            "100.00 ± 0.13 ms"
        );
        assert_eq!(
            Unit::Nanoseconds.format_interval(&interval(100e6, 120_000.0)),
            "100.00 ± 0.12 ms"
        );
        assert_eq!(
            Unit::Nanoseconds.format_interval(&interval(100e6, 1.0)),
            "100.0000 ± 0.0001 ms"
        );
        assert_eq!(
            Unit::Nanoseconds.format_interval(&interval(100e6, 0.0)),
            "100.00 ± 0 ms"
        );
        assert_eq!(
            Unit::Count.format_interval(&interval(12_345.0, 678.0)),
            "12345 ± 678"
        );
        assert_eq!(
            Unit::Ratio.format_interval(&interval(0.5, 0.034)),
            "50.0 ± 3.4 %"
        );
    }

    #[test]
    fn a_wide_interval_around_zero_decides_the_scale() {
        assert_eq!(
            Unit::Nanoseconds.format_interval(&interval(0.0, 2e6)),
            "0.0 ± 2.0 ms"
        );
        assert_eq!(
            Unit::Nanoseconds.format_interval(&interval(-0.001, 2e6)),
            "0.0 ± 2.0 ms"
        );
    }

    #[test]
    fn symbols_are_what_files_carry() {
        for unit in [
            Unit::Nanoseconds,
            Unit::Bytes,
            Unit::BitsPerSecond,
            Unit::PerSecond,
            Unit::Ratio,
            Unit::Count,
        ] {
            assert_eq!(
                serde_json::to_string(&unit).unwrap(),
                format!("\"{}\"", unit.symbol())
            );
        }
    }
}
