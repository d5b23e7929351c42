//! Writes numbers as `printf("%g")` does, the format of the original's files.
//!
//! Six significant digits, correctly rounded (half to even), trailing zeros dropped,
//! scientific below 1e-4 and from 1e6 on. The common case is exact integer arithmetic
//! in 128 bits; the rest goes through the formatter of the standard library.

/// Significant digits.
const DIGITS: i32 = 6;

/// Powers of ten that fit in 128 bits together with a 53-bit mantissa.
const POWERS: [u128; 23] = {
    let mut powers = [1; 23];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// A number as `printf("%g")` and C++ streams write it.
///
/// ```
/// assert_eq!(sim_core::libstdcxx::general(0.1 + 0.2), "0.3");
/// assert_eq!(sim_core::libstdcxx::general(12_345_678.0), "1.23457e+07");
/// ```
pub fn general(value: f64) -> String {
    let mut out = Vec::new();
    write_general(value, &mut out);
    out.into_iter().map(char::from).collect()
}

/// Appends a number as `printf("%g")` writes it.
pub fn write_general(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        let name = match (value.is_nan(), value.is_sign_negative()) {
            (true, false) => "nan",
            (true, true) => "-nan",
            (false, false) => "inf",
            (false, true) => "-inf",
        };
        out.extend_from_slice(name.as_bytes());
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if value == 0.0 {
        out.push(b'0');
        return;
    }
    let (digits, exponent) = exact_digits(value).unwrap_or_else(|| library_digits(value));
    write_digits(digits, exponent, out);
}

/// Appends a whole number.
pub fn write_whole(value: u64, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    let mut at = text.len();
    let mut rest = value;
    loop {
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// The six digits as a number and the exponent of the first; `None` where 128 bits do
/// not suffice.
fn exact_digits(value: f64) -> Option<(u32, i32)> {
    let bits = value.to_bits();
    let biased = (bits >> 52) as i32;
    if biased == 0 {
        return None;
    }
    let mantissa = u128::from((bits & ((1 << 52) - 1)) | (1 << 52));
    let binary = biased - 1075;
    // log10(2) in units of 2^-20; the estimate is exact or one too low.
    let mut exponent = ((i64::from(binary + 52) * 315_653) >> 20) as i32;
    for _ in 0..2 {
        let digits = scaled(mantissa, binary, DIGITS - 1 - exponent)?;
        if digits < 1_000_000 {
            return Some((digits, exponent));
        }
        exponent += 1;
        // A value just below the power of ten rounds up to it.
        if digits == 1_000_000 {
            return Some((100_000, exponent));
        }
    }
    None
}

/// `mantissa * 2^binary * 10^decimal`, rounded half to even.
fn scaled(mantissa: u128, binary: i32, decimal: i32) -> Option<u32> {
    let power = *POWERS.get(decimal.unsigned_abs() as usize)?;
    let (numerator, denominator_bits, denominator) = match (decimal >= 0, binary >= 0) {
        (true, true) => return None,
        (true, false) => (mantissa * power, binary.unsigned_abs(), 1),
        (false, true) if binary < 70 => (mantissa << binary, 0, power),
        (false, false) if binary > -64 && power < 1 << 50 => {
            (mantissa, 0, power << binary.unsigned_abs())
        }
        _ => return None,
    };
    let (quotient, twice_rest, whole) = if denominator == 1 {
        if denominator_bits > 126 {
            return None;
        }
        let quotient = numerator >> denominator_bits;
        let rest = numerator - (quotient << denominator_bits);
        (quotient, rest << 1, 1 << denominator_bits)
    } else {
        let quotient = numerator / denominator;
        (quotient, (numerator % denominator) << 1, denominator)
    };
    let up = twice_rest > whole || (twice_rest == whole && quotient & 1 == 1);
    u32::try_from(quotient + u128::from(up)).ok()
}

fn library_digits(value: f64) -> (u32, i32) {
    let text = format!("{value:.5e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    let digits = digits.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    (digits, exponent.parse().unwrap_or(0))
}

fn write_digits(digits: u32, exponent: i32, out: &mut Vec<u8>) {
    let mut text = [0; DIGITS as usize];
    let mut rest = digits;
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let significant = text
        .iter()
        .rposition(|&digit| digit != b'0')
        .map_or(1, |at| at + 1);
    if !(-4..DIGITS).contains(&exponent) {
        write_point(&text[..significant], 1, out);
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.unsigned_abs() < 10 {
            out.push(b'0');
        }
        write_whole(exponent.unsigned_abs().into(), out);
    } else if exponent < 0 {
        out.extend_from_slice(&b"0.000"[..exponent.unsigned_abs() as usize + 1]);
        out.extend_from_slice(&text[..significant]);
    } else {
        let whole = exponent as usize + 1;
        write_point(&text[..significant.max(whole)], whole, out);
    }
}

/// Digits with a decimal point after the first `whole`, if any follow.
fn write_point(digits: &[u8], whole: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&digits[..whole]);
    if digits.len() > whole {
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by way of the decimal expansion in full, digit by digit.
    fn slow_general(value: f64) -> String {
        if value == 0.0 {
            return if value.is_sign_negative() { "-0" } else { "0" }.into();
        }
        let sign = if value < 0.0 { "-" } else { "" };
        // Every double is a decimal fraction of at most 1074 places.
        let text = format!("{:.1100}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap();
        let all: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .map(|b| b - b'0')
            .collect();
        let first = all.iter().position(|&d| d != 0).unwrap();
        let mut exponent = whole.len() as i32 - 1 - first as i32;
        let mut digits: Vec<u8> = (first..first + 6)
            .map(|i| all.get(i).copied().unwrap_or(0))
            .collect();
        let rest = all.get(first + 6..).unwrap_or(&[]);
        let half = rest.first().copied().unwrap_or(0);
        let beyond = rest.iter().skip(1).any(|&d| d != 0);
        if half > 5 || (half == 5 && (beyond || digits[5] % 2 == 1)) {
            let mut at = 6;
            loop {
                if at == 0 {
                    digits.insert(0, 1);
                    digits.pop();
                    exponent += 1;
                    break;
                }
                at -= 1;
                digits[at] += 1;
                if digits[at] < 10 {
                    break;
                }
                digits[at] = 0;
            }
        }
        let digits: String = digits.iter().map(|d| char::from(b'0' + d)).collect();
        let trim = |text: String| match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        };
        if (-4..6).contains(&exponent) {
            let text = if exponent < 0 {
                format!("0.{}{digits}", "0".repeat(-exponent as usize - 1))
            } else {
                let (whole, fraction) = digits.split_at(exponent as usize + 1);
                format!("{whole}.{fraction}")
            };
            format!("{sign}{}", trim(text))
        } else {
            let mantissa = trim(format!("{}.{}", &digits[..1], &digits[1..]));
            let exponent_sign = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{mantissa}e{exponent_sign}{:02}", exponent.abs())
        }
    }

    #[test]
    fn numbers_look_as_printf_writes_them() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.000636534, "0.000636534"),
            (1.2e-5, "1.2e-05"),
            (0.0001, "0.0001"),
            (0.00009999994, "9.99999e-05"),
            (0.0000999999999, "0.0001"),
            (999999.4, "999999"),
            (999999.5, "1e+06"),
            (1234567.0, "1.23457e+06"),
            (100.0, "100"),
            (1e100, "1e+100"),
            (5e-324, "4.94066e-324"),
            (0.5, "0.5"),
            (2.5e-7, "2.5e-07"),
            (1.0000005, "1"),
            (-3.25, "-3.25"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(general(value), expected, "{value:e}");
        }
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        // These are exact in binary.
        assert_eq!(general(1000000.5), "1e+06");
        assert_eq!(general(100000.5), "100000");
        assert_eq!(general(100001.5), "100002");
        assert_eq!(general(1.0 + 1.0 / 131_072.0), "1.00001");
        assert_eq!(general(4.000_122_070_312_5), "4.00012");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn any_double_is_written_as_by_the_slow_reference(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(general(value), slow_general(value));
        }

        #[test]
        fn times_and_sizes_are_written_as_by_the_slow_reference(
            mantissa in 0u64..1 << 53,
            exponent in -80i32..30,
        ) {
            let value = mantissa as f64 * 2f64.powi(exponent);
            prop_assert_eq!(general(value), slow_general(value));
        }

        #[test]
        fn short_decimals_and_their_neighbours_are_written_as_by_the_slow_reference(
            digits in 0u64..20_000_000,
            exponent in -12i32..6,
            ulps in -1i64..=1,
        ) {
            let near = digits as f64 * 10f64.powi(exponent);
            let value = f64::from_bits(near.to_bits().saturating_add_signed(ulps));
            prop_assert_eq!(general(value), slow_general(value));
        }
    }
}
