//! Student's t distribution, with the same digits on every platform.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Two-sided critical value; `None` unless the confidence is between 0 and 1 and there is at least some freedom.
pub(super) fn critical_value(freedom: f64, confidence: f64) -> Option<f64> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let value = StudentsT::new(0.0, 1.0, freedom)
        .ok()?
        .inverse_cdf(0.5 + confidence / 2.0);
    // The last digits depend on the platform's logarithm. Cutting them off keeps result files equal everywhere, at an
    // error far below what an interval can mean.
    Some((value * 1e9).round() / 1e9)
}

/// Probability of a value at least as far from zero as `t`, in either direction.
pub(super) fn p_value(t: f64, freedom: f64) -> Option<f64> {
    if t.is_nan() {
        return None;
    }
    let below = StudentsT::new(0.0, 1.0, freedom).ok()?.cdf(-t.abs());
    let digits = 1e12;
    Some(((2.0 * below).min(1.0) * digits).round() / digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_equal_those_of_printed_tables() {
        let table = [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (5, 2.571),
            (9, 2.262),
            (10, 2.228),
            (19, 2.093),
            (29, 2.045),
            (30, 2.042),
            (60, 2.000),
            (120, 1.980),
            (199, 1.972),
            (1_000_000, 1.960),
        ];
        for (freedom, expected) in table {
            let found = critical_value(f64::from(freedom), 0.95).unwrap();
            assert!((found - expected).abs() < 5.1e-4, "{freedom}: {found}");
        }
        for (freedom, expected) in [(1.0, 63.657), (10.0, 3.169), (30.0, 2.750)] {
            let found = critical_value(freedom, 0.99).unwrap();
            assert!((found - expected).abs() < 5.1e-4, "{freedom}: {found}");
        }
        for (freedom, expected) in [(1.0, 6.314), (10.0, 1.812), (30.0, 1.697)] {
            let found = critical_value(freedom, 0.90).unwrap();
            assert!((found - expected).abs() < 5.1e-4, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_critical_value_inverts_the_closed_form_of_one_and_two_degrees_of_freedom() {
        // One degree: the Cauchy distribution. Two: t = (2p - 1) / sqrt(2 p (1 - p)).
        for confidence in [0.5, 0.8, 0.95, 0.999] {
            let p: f64 = 0.5 + confidence / 2.0;
            let cauchy = (std::f64::consts::PI * (p - 0.5)).tan();
            let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            assert!((critical_value(1.0, confidence).unwrap() / cauchy - 1.0).abs() < 1e-8);
            assert!((critical_value(2.0, confidence).unwrap() / two - 1.0).abs() < 1e-8);
        }
    }

    #[test]
    fn a_critical_value_has_the_p_value_that_belongs_to_its_confidence() {
        for freedom in (1..200).chain([500, 1_000, 10_000]) {
            let freedom = f64::from(freedom);
            for confidence in [0.9, 0.95, 0.99] {
                let value = critical_value(freedom, confidence).unwrap();
                for t in [value, -value] {
                    let p = p_value(t, freedom).unwrap();
                    assert!((p - (1.0 - confidence)).abs() < 1e-9, "{freedom}: {p}");
                }
            }
        }
        assert_eq!(p_value(0.0, 5.0), Some(1.0));
        assert_eq!(p_value(f64::NAN, 5.0), None);
        assert_eq!(p_value(f64::INFINITY, 5.0), Some(0.0));
    }
}
