//! Filters: conditions on the points of the grid or of a figure.

use super::axis::{Axis, Item};
use scenarios::reader::diagnostic::{Place, Report, hint, quote};
use scenarios::reader::record::Record;
use scenarios::reader::section::Form;

/// A condition on a point: `jobs <= 300 or network = iiot`. It holds if one of its
/// comparisons does.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    comparisons: Vec<Comparison>,
    pub(crate) text: String,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
struct Comparison {
    left: Operand,
    operator: &'static str,
    right: Operand,
}

#[derive(Clone, Debug)]
enum Operand {
    Axis(usize),
    Literal(String, Option<f64>),
}

/// What keys take that hold conditions.
pub(super) const CONDITIONS: Form = Form::Texts("a condition such as \"jobs <= 300\"");

/// Longer ones before their beginnings.
const OPERATORS: [&str; 6] = ["<=", ">=", "!=", "<", ">", "="];

/// The conditions that a key lists, all of which must hold.
pub(super) fn list(
    record: &Record,
    key: &str,
    axes: &[Axis],
    report: &mut Report<'_>,
) -> Vec<Filter> {
    let mut filters = Vec::new();
    for name in record.names(key) {
        let comparisons = name.text.split(" or ").map(|part| comparison(part, axes));
        match comparisons.collect::<Result<Vec<_>, _>>() {
            Ok(comparisons) => filters.push(Filter {
                comparisons,
                text: name.text.clone(),
                place: name.place,
            }),
            Err(message) => {
                report.wrong(name.place, format!("{}: {message}", record.path_of(key)));
            }
        }
    }
    filters
}

fn comparison(text: &str, axes: &[Axis]) -> Result<Comparison, String> {
    let found = OPERATORS
        .iter()
        .filter_map(|operator| Some((text.find(operator)?, *operator)))
        .min_by_key(|&(at, operator)| (at, std::cmp::Reverse(operator.len())));
    let Some((at, operator)) = found else {
        return Err(format!(
            "`{}` is not a condition, expected one such as \"jobs <= 300\" (with <, <=, >, >=, =, \
             !=)",
            quote(text)
        ));
    };
    let left = operand(&text[..at], axes);
    let right = operand(&text[at + operator.len()..], axes);
    let texts = matches!(operator, "=" | "!=");
    match (&left, &right) {
        (Operand::Literal(left, _), Operand::Literal(..)) => {
            let known = axes.iter().map(|axis| axis.name.as_str());
            let left = left.trim();
            Err(format!(
                "no axis is called `{}`{}",
                quote(left),
                hint(left, known)
            ))
        }
        (left, right) => {
            for side in [left, right] {
                let ordered = match side {
                    Operand::Axis(axis) => axes[*axis].is_numeric(),
                    Operand::Literal(_, number) => number.is_some(),
                };
                if !texts && !ordered {
                    return Err(format!(
                        "`{}`: <, <=, > and >= need numbers on both sides",
                        quote(text.trim())
                    ));
                }
            }
            let label = |items: &[Item], text: &str| items.iter().any(|item| item.label == text);
            if let (Operand::Axis(axis), Operand::Literal(text, number))
            | (Operand::Literal(text, number), Operand::Axis(axis)) = (left, right)
                && texts
                && !(axes[*axis].is_numeric() && number.is_some())
                && !label(&axes[*axis].items, text)
            {
                let known = axes[*axis].items.iter().map(|item| item.label.as_str());
                return Err(format!(
                    "axis `{}` has no value `{}`{}",
                    quote(&axes[*axis].name),
                    quote(text),
                    hint(text, known)
                ));
            }
            Ok(Comparison {
                left: left.clone(),
                operator,
                right: right.clone(),
            })
        }
    }
}

fn operand(text: &str, axes: &[Axis]) -> Operand {
    let text = text.trim();
    if let Some(axis) = axes.iter().position(|axis| axis.name == text) {
        return Operand::Axis(axis);
    }
    let text = text.trim_matches(['"', '\'']);
    Operand::Literal(text.to_owned(), text.parse().ok())
}

impl Filter {
    /// Whether it holds for a point.
    pub(crate) fn keeps(&self, axes: &[Axis], point: &[usize]) -> bool {
        let value = |operand: &Operand| match operand {
            Operand::Axis(axis) => {
                let item = &axes[*axis].items[point[*axis]];
                (item.label.clone(), item.number)
            }
            Operand::Literal(text, number) => (text.clone(), *number),
        };
        self.comparisons.iter().any(|comparison| {
            let (left, right) = (value(&comparison.left), value(&comparison.right));
            let equal = match (left.1, right.1) {
                (Some(left), Some(right)) => left == right,
                _ => left.0 == right.0,
            };
            let ordered = |test: fn(&f64, &f64) -> bool| {
                left.1
                    .zip(right.1)
                    .is_some_and(|(left, right)| test(&left, &right))
            };
            match comparison.operator {
                "=" => equal,
                "!=" => !equal,
                "<" => ordered(f64::lt),
                "<=" => ordered(f64::le),
                ">" => ordered(f64::gt),
                _ => ordered(f64::ge),
            }
        })
    }
}
