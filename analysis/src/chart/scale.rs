//! Scales: from values to coordinates, with ticks at round numbers.

use super::style::text_width;
use super::svg::Label;
use super::wrap::fitted;

/// Farthest coordinate, in points.
const FAR: f64 = 1e5;
/// Room that a label of an axis of names needs beside its text.
const NAME_GAP: f64 = 4.0;
/// Cosine and sine of the angle of slanted labels, 30 degrees.
const SLANT: (f64, f64) = (0.866, 0.5);

/// Maps values to coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Coordinate of the lower end.
    pub(super) start: f64,
    /// Coordinate of the upper end.
    pub(super) end: f64,
}

impl Scale {
    pub(super) fn new(low: f64, high: f64, logarithmic: bool, start: f64, end: f64) -> Self {
        let (low, high) = if logarithmic {
            (libm::log10(low), libm::log10(high))
        } else {
            (low, high)
        };
        Self {
            low,
            high,
            logarithmic,
            start,
            end,
        }
    }

    /// The coordinate of a value, `None` if it has none.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        let value = match self.logarithmic {
            true if value <= 0.0 => return None,
            true => libm::log10(value),
            false => value,
        };
        let place =
            self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start);
        // Far outside the plot, only the direction of a line matters.
        (!place.is_nan()).then(|| place.clamp(-FAR, FAR))
    }

    /// The coordinate from which bars rise: that of zero, or the lower end.
    pub(super) fn base(&self) -> f64 {
        let (first, last) = (self.start.min(self.end), self.start.max(self.end));
        self.at(0.0).unwrap_or(self.start).clamp(first, last)
    }
}

/// The ticks of an axis and the range it shows.
#[derive(Clone, Debug)]
pub(super) struct Ticks {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Ticks with a label.
    pub(super) marks: Vec<(f64, Label)>,
    /// Ticks without.
    pub(super) minor: Vec<f64>,
    /// Power of ten by which the labels are to be multiplied.
    pub(super) exponent: i32,
    names: bool,
}

impl Ticks {
    /// Width of the widest label.
    pub(super) fn widest(&self) -> f64 {
        self.marks
            .iter()
            .map(|(_, label)| label.width())
            .fold(0.0, f64::max)
    }

    /// How far the last label may reach beyond the end of a horizontal axis.
    pub(super) fn overhang(&self) -> f64 {
        if self.names {
            0.0
        } else {
            self.marks
                .last()
                .map_or(0.0, |(_, label)| label.width() / 2.0)
        }
    }

    /// Smallest free space between neighbouring labels of a horizontal axis.
    pub(super) fn closest(&self, scale: &Scale) -> f64 {
        let room = |pair: &[(f64, Label)]| {
            let distance = scale.at(pair[1].0).unwrap_or(0.0) - scale.at(pair[0].0).unwrap_or(0.0);
            distance - (pair[0].1.width() + pair[1].1.width()) / 2.0
        };
        self.marks
            .windows(2)
            .map(room)
            .fold(f64::INFINITY, f64::min)
    }

    /// Whether names are too long to stand side by side on a horizontal axis of this length.
    pub(super) fn slanted(&self, length: f64) -> bool {
        self.names && self.widest() + NAME_GAP > self.slot(length)
    }

    /// Height of the labels below a horizontal axis.
    pub(super) fn height(&self, slanted: bool) -> f64 {
        if slanted {
            self.widest() * SLANT.1 + super::LINE
        } else {
            super::LINE
        }
    }

    /// How far the slanted labels reach to the left of a horizontal axis of this length.
    pub(super) fn underhang(&self, length: f64) -> f64 {
        let reach = |(place, label): &(f64, Label)| {
            label.width() * SLANT.0 - (place + 0.5) * (length / (self.high - self.low))
        };
        self.marks.iter().map(reach).fold(0.0, f64::max)
    }

    /// Room for each name that is written, on an axis of this length.
    fn slot(&self, length: f64) -> f64 {
        length / self.marks.len().max(1) as f64
    }
}

/// Ticks at 1, 2 or 5 times a power of ten, at most `most` (and at least two), in a range that ends at ticks if
/// `extend` is set.
pub(super) fn linear_ticks(low: f64, high: f64, most: usize, extend: bool) -> Ticks {
    let most = most.max(2) as f64;
    let rough = (high - low) / most;
    let mut power = libm::floor(libm::log10(rough)) as i32;
    let mut mantissa = 1;
    // Rounding to the next tick at both ends may need up to two more intervals than the length alone suggests.
    let count = |mantissa: i32, power: i32| {
        let step = f64::from(mantissa) * ten_to(power);
        let (first, last) = if extend {
            ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil())
        } else {
            ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor())
        };
        (first, last, last - first + 1.0)
    };
    while count(mantissa, power).2 > most + 1.0 {
        (mantissa, power) = match mantissa {
            1 => (2, power),
            2 => (5, power),
            _ => (1, power + 1),
        };
    }
    let (first, last, _) = count(mantissa, power);
    let value = |index: f64| {
        // Dividing by an exact power of ten gives the double nearest to the decimal number.
        let whole = index * f64::from(mantissa);
        if power < 0 {
            whole / ten_to(-power)
        } else {
            whole * ten_to(power)
        }
    };
    let exponent = left_out(value(first).abs().max(value(last).abs()));
    let decimals = usize::try_from(exponent - power).unwrap_or(0);
    let mark = |place: usize| {
        let index = first + place as f64;
        // Scaled in integers as far as they go: 300000 with the exponent 3 is 300, not 299.99999.
        let shown = index * f64::from(mantissa) / ten_to((exponent - power).max(0))
            * ten_to((power - exponent).max(0));
        (value(index), Label::plain(&number_text(shown, decimals)))
    };
    let marks = (0..count(mantissa, power).2 as usize).map(mark).collect();
    let (low, high) = if extend {
        (value(first), value(last))
    } else {
        (low, high)
    };
    Ticks {
        low,
        high,
        marks,
        minor: Vec::new(),
        exponent,
        names: false,
    }
}

/// Ticks at powers of ten, with 2 and 5 between if there is room; the range ends at ticks if `extend` is set.
pub(super) fn logarithmic_ticks(low: f64, high: f64, most: usize, extend: bool) -> Ticks {
    let first = libm::floor(libm::log10(low) + 1e-9) as i32;
    let last = libm::ceil(libm::log10(high) - 1e-9) as i32;
    let times = |mantissas: &'static [i32], step: i32| -> Vec<(i32, i32)> {
        let powers = (first..=last).filter(move |power| power % step == 0);
        powers
            .flat_map(|power| mantissas.iter().map(move |&mantissa| (mantissa, power)))
            .collect()
    };
    let value = |&(mantissa, power): &(i32, i32)| {
        if power < 0 {
            f64::from(mantissa) / ten_to(-power)
        } else {
            f64::from(mantissa) * ten_to(power)
        }
    };
    let (low, high) = if extend {
        let ends: Vec<f64> = times(&[1, 2, 5], 1).iter().map(value).collect();
        let below = ends
            .iter()
            .copied()
            .filter(|end| *end <= low * (1.0 + 1e-9))
            .fold(low, |_, end| end);
        let above = ends
            .iter()
            .copied()
            .find(|end| *end >= high * (1.0 - 1e-9))
            .unwrap_or(high);
        (below, above)
    } else {
        (low, high)
    };
    let inside = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);

    let mut candidates: Vec<Vec<(i32, i32)>> = vec![times(&[1, 2, 5], 1)];
    candidates.extend((1..=last - first + 1).map(|step| times(&[1], step)));
    for ticks in &mut candidates {
        ticks.retain(|tick| inside(&value(tick)));
    }
    let chosen = candidates
        .into_iter()
        .find(|ticks| ticks.len() <= most.max(2) + 1)
        .unwrap_or_default();
    if chosen.len() < 2 {
        // Less than a decade without round numbers in it: ticks as on a linear axis, at their logarithmic places.
        return Ticks {
            low,
            high,
            ..linear_ticks(low, high, most, false)
        };
    }
    let plain = chosen.iter().all(|&(_, power)| (-3..=4).contains(&power));
    let label = |tick: &(i32, i32)| {
        let &(mantissa, power) = tick;
        match (plain, mantissa) {
            (true, _) => Label::plain(&number_text(
                value(tick),
                usize::try_from(-power).unwrap_or(0),
            )),
            (false, 1) => Label::power("10".to_owned(), power, String::new()),
            (false, _) => Label::power(format!("{mantissa}·10"), power, String::new()),
        }
    };
    let marks = chosen
        .iter()
        .map(|tick| (value(tick), label(tick)))
        .collect();
    let minor = if last - first <= 6 {
        times(&[1, 2, 3, 4, 5, 6, 7, 8, 9], 1)
    } else {
        times(&[1], 1)
    };
    let minor = minor.iter().map(value).filter(inside).collect();
    Ticks {
        low,
        high,
        marks,
        minor,
        exponent: 0,
        names: false,
    }
}

/// One tick per name, in the middle of its slot; names wider than `longest` are shortened. If there are more than `most`
/// names, only every second, third, ... one is written.
pub(super) fn name_ticks(names: &[String], longest: f64, most: usize) -> Ticks {
    let step = names.len().div_ceil(most.max(1)).max(1);
    let (mut marks, mut minor) = (Vec::new(), Vec::new());
    for (i, name) in names.iter().enumerate() {
        match i % step {
            0 => marks.push((i as f64, Label::plain(&fitted(name, longest)))),
            _ => minor.push(i as f64),
        }
    }
    Ticks {
        low: -0.5,
        high: names.len().max(1) as f64 - 0.5,
        marks,
        minor,
        exponent: 0,
        names: true,
    }
}

/// The power of ten (a multiple of three) that labels leave out: none between 0.001 and 100 000.
fn left_out(largest: f64) -> i32 {
    if largest == 0.0 || (1e-3..1e5).contains(&largest) {
        return 0;
    }
    libm::floor(libm::log10(largest) / 3.0 + 1e-9) as i32 * 3
}

/// A number with a true minus sign, as wide as a plus.
fn number_text(value: f64, decimals: usize) -> String {
    crate::unit::fixed(value, decimals).replace('-', "\u{2212}")
}

/// A power of ten; exact up to 10^22.
fn ten_to(power: i32) -> f64 {
    if power < 0 {
        return 1.0 / ten_to(-power);
    }
    (0..power).fold(1.0, |product, _| product * 10.0)
}

impl Label {
    /// Width when drawn.
    pub(super) fn width(&self) -> f64 {
        let exponent = self
            .exponent
            .map_or(0.0, |exponent| 0.7 * text_width(&exponent.to_string()));
        text_width(&self.text) + exponent + text_width(&self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_names_than_there_is_room_for_are_ticks_without_labels() {
        let names: Vec<String> = (0..121).map(|number| number.to_string()).collect();
        let few = name_ticks(&names, 100.0, 30);
        let places: Vec<f64> = few.marks.iter().map(|(place, _)| *place).collect();
        assert_eq!((places.len(), places[1]), (25, 5.0));
        assert_eq!(few.marks.len() + few.minor.len(), names.len());
        let all = name_ticks(&names, 100.0, 121);
        assert_eq!((all.marks.len(), all.minor.len()), (121, 0));
        assert_eq!((few.low, few.high), (all.low, all.high));
    }
    use proptest::prelude::*;

    fn texts(ticks: &Ticks) -> Vec<String> {
        ticks
            .marks
            .iter()
            .map(|(_, label)| label.to_string())
            .collect()
    }

    #[test]
    fn linear_ticks_are_round_and_enclose_the_data() {
        let ticks = linear_ticks(3.2, 97.0, 6, true);
        assert_eq!(texts(&ticks), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!((ticks.low, ticks.high), (0.0, 100.0));
        assert_eq!(
            texts(&linear_ticks(-0.3, 0.3, 4, true)),
            ["\u{2212}0.4", "\u{2212}0.2", "0.0", "0.2", "0.4"]
        );
        assert_eq!(
            texts(&linear_ticks(100.0, 500.0, 5, false)),
            ["100", "200", "300", "400", "500"]
        );
    }

    #[test]
    fn large_and_small_numbers_leave_a_power_of_ten_to_the_title() {
        let ticks = linear_ticks(0.0, 8e6, 5, true);
        assert_eq!(
            (texts(&ticks), ticks.exponent),
            (
                vec!["0".into(), "2".into(), "4".into(), "6".into(), "8".into()],
                6
            )
        );
        let ticks = linear_ticks(0.0, 4e-5, 5, true);
        assert_eq!((texts(&ticks)[1].as_str(), ticks.exponent), ("10", -6));
        let ticks = linear_ticks(0.0, 150_000.0, 4, true);
        assert_eq!((texts(&ticks)[1].as_str(), ticks.exponent), ("50", 3));
    }

    #[test]
    fn logarithmic_ticks_are_decades_with_two_and_five_where_there_is_room() {
        assert_eq!(
            texts(&logarithmic_ticks(0.125, 8.0, 8, true)),
            ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
        );
        assert_eq!(
            texts(&logarithmic_ticks(1e3, 1e7, 6, false)),
            ["10^3", "10^4", "10^5", "10^6", "10^7"]
        );
        assert_eq!(
            texts(&logarithmic_ticks(1e-6, 1e6, 5, false)),
            ["10^-6", "10^-3", "10^0", "10^3", "10^6"]
        );
        assert_eq!(
            texts(&logarithmic_ticks(3.1, 3.9, 4, false)),
            ["3.2", "3.4", "3.6", "3.8"]
        );
    }

    proptest! {
        #[test]
        fn ticks_are_few_ascending_and_within_the_range(
            low in -1e9..1e9_f64, length in 1e-6..1e9_f64, most in 2..12_usize, extend in any::<bool>()
        ) {
            let high = low + length;
            let ticks = linear_ticks(low, high, most, extend);
            prop_assert!(ticks.marks.len() <= most + 1);
            prop_assert!(ticks.marks.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(!extend || (ticks.low <= low && high <= ticks.high));
            let slack = length * 1e-6 + low.abs() * 1e-9;
            prop_assert!(ticks.marks.iter().all(|(at, _)| *at >= ticks.low - slack && *at <= ticks.high + slack));
        }

        #[test]
        fn logarithmic_ticks_stay_in_the_range(start in -9.0..9.0_f64, decades in 0.1..12.0_f64, most in 2..12_usize) {
            let (low, high) = (libm::pow(10.0, start), libm::pow(10.0, start + decades));
            for extend in [false, true] {
                let ticks = logarithmic_ticks(low, high, most, extend);
                prop_assert!(ticks.low <= low * 1.001 && ticks.high >= high * 0.999);
                prop_assert!(ticks.marks.len() <= most + 1);
                prop_assert!(ticks.marks.iter().all(|(at, _)| *at >= ticks.low * 0.999 && *at <= ticks.high * 1.001));
            }
        }
    }
}
