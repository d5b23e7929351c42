//! The representation of the values of axes in tables.

use analysis::{Column, ColumnType, PointAxis};

use crate::study::{Axis, Plan};

/// An axis as a column of a table.
pub(crate) struct AxisColumn {
    pub(crate) column: Column,
    /// Each value of the axis, as it is written: plain numbers if all are numbers of one
    /// unit, which is that of the column, otherwise what the study calls them.
    pub(crate) values: Vec<String>,
}

impl AxisColumn {
    pub(crate) fn of(axis: &Axis) -> Self {
        let labels = axis.items.iter().map(|item| item.label.clone());
        let labels = PointAxis {
            key: axis.name.clone(),
            values: labels.collect(),
        };
        let numbers = labels.numbers().filter(|(_, unit)| *unit == axis.unit);
        let (kind, unit, values) = match numbers {
            Some((numbers, unit)) => {
                let values = numbers.iter().map(f64::to_string).collect();
                (ColumnType::Float, unit, values)
            }
            None => (ColumnType::Text, String::new(), labels.values),
        };
        let description = if axis.label == axis.name {
            "value of this axis of the study".to_owned()
        } else {
            axis.label.clone()
        };
        let column = Column {
            name: axis.name.clone().into(),
            unit: unit.into(),
            kind,
            description: description.into(),
        };
        Self { column, values }
    }
}

/// The table of points: what it has for columns beside their numbers, and its text.
pub(crate) fn points(plan: &Plan) -> (Vec<Column>, String) {
    let axes: Vec<_> = plan.axes.iter().map(AxisColumn::of).collect();
    let mut text = "point".to_owned();
    for axis in &axes {
        text += &format!(",{}", field(&axis.column.name));
    }
    text.push('\n');
    for (number, point) in plan.points.iter().enumerate() {
        text += &number.to_string();
        for (axis, &item) in axes.iter().zip(point) {
            text += &format!(",{}", field(&axis.values[item]));
        }
        text.push('\n');
    }
    (axes.into_iter().map(|axis| axis.column).collect(), text)
}

/// A field of CSV (RFC 4180).
pub(crate) fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
