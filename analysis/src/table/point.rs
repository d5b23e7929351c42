//! The table of points: which parameter of a sweep had which value at which point.

use super::{Column, NameId, Names, Record};
use serde::Serialize;

/// The value of one parameter at one point of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointRecord {
    /// Point of the parameter grid, from 0.
    pub point: u32,
    /// The parameter, such as `client.user.arrivals.rate`.
    pub axis: NameId,
    /// Its value as a scenario or study file would have it: `10`, `10 ms`, `random`.
    pub value: NameId,
}

/// A point as it is written; the fields are the columns, in this order.
#[derive(Serialize)]
struct PointRow<'a> {
    point: u32,
    axis: &'a str,
    value: &'a str,
}

impl Record for PointRecord {
    const TABLE: &'static str = "points";

    const COLUMNS: &'static [Column] = &[
        Column::integer("point", "", "Point of the parameter grid, from 0"),
        Column::text("axis", "Parameter that differs between points, by its key"),
        Column::text("value", "Its value at this point, with its unit"),
    ];

    fn row<'a>(&'a self, names: &'a Names) -> impl Serialize + 'a {
        PointRow {
            point: self.point,
            axis: names.resolve(self.axis),
            value: names.resolve(self.value),
        }
    }
}
