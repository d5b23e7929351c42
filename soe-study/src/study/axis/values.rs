//! The values of an axis, listed or in a range.

use scenarios::reader::diagnostic::Report;
use scenarios::reader::record::Record;
use scenarios::reader::tree::{Node, Raw};

use crate::study::scale::LOGARITHMIC;

/// The values of an axis before they are given to keys.
pub(super) struct Values {
    pub(super) nodes: Vec<Node>,
    /// Whether they are a range of numbers of the same ratio.
    pub(super) logarithmic: bool,
}

/// The values of an axis; `None` if something is wrong with them.
pub(super) fn resolve(axis: &Record, report: &mut Report<'_>) -> Option<Values> {
    if axis.given("values").is_none() {
        return range(axis, report);
    }
    Some(Values {
        nodes: axis.maybe_values("values")?.clone(),
        logarithmic: false,
    })
}

fn range(axis: &Record, report: &mut Report<'_>) -> Option<Values> {
    if ["from", "to", "steps"]
        .iter()
        .any(|key| axis.given(key).is_none())
    {
        let message = format!(
            "{} needs `values`, or `from`, `to` and `steps`",
            axis.called()
        );
        report.wrong(axis.place, message);
        return None;
    }
    let (from, to) = (axis.maybe_number("from")?, axis.maybe_number("to")?);
    let steps = axis.maybe_count("steps")?;
    let logarithmic = axis.word("spacing") == LOGARITHMIC;
    if logarithmic && !(from > 0.0 && to > 0.0) {
        let message = "a logarithmic range needs ends above 0";
        axis.wrong("spacing", message, report);
        return None;
    }
    if from == to {
        axis.wrong("to", "must differ from `from`", report);
        return None;
    }
    let (unit, whole) = (axis.text("unit"), axis.flag("whole"));
    let node = |step: u64| {
        let part = step as f64 / (steps - 1) as f64;
        let number = match step {
            0 => from,
            step if step == steps - 1 => to,
            _ if logarithmic => tidy(from * libm::pow(to / from, part)),
            _ => tidy(from + (to - from) * part),
        };
        let number = if whole { number.round() } else { number };
        let raw = match unit {
            Some(unit) => Raw::Text(format!("{number} {unit}")),
            None if number.fract() == 0.0 && number.abs() < 1e15 => Raw::Integer(number as i128),
            None => Raw::Float(number),
        };
        Node {
            place: axis.place,
            raw,
        }
    };
    Some(Values {
        nodes: (0..steps).map(node).collect(),
        logarithmic,
    })
}

/// Without the last digits, which are errors of rounding.
fn tidy(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}
