//! The points of a parameter grid, with the value of each parameter.

use super::rows::Rows;
use super::{ReadError, distinct, quantity};
use crate::table::DICTIONARY;
use std::collections::HashMap;
use std::path::Path;

/// The points of a sweep and their parameters; one point without parameters where there was no sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// The numbers of the points, ascending.
    pub numbers: Vec<u32>,
    /// What differs between the points.
    pub axes: Vec<PointAxis>,
}

/// A parameter that differs between the points of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct PointAxis {
    /// The parameter, such as `client.user.arrivals.rate`.
    pub key: String,
    /// Its value at each point, in the order of [`Points::numbers`]; empty where the point does not have it.
    pub values: Vec<String>,
}

impl PointAxis {
    /// The values as numbers of one unit, with that unit; `None` if they are names, or measure different things.
    ///
    /// ```
    /// let axis = analysis::PointAxis { key: "client.user.think".into(), values: vec!["500 ms".into(), "2 s".into()] };
    /// assert_eq!(axis.numbers(), Some((vec![0.5, 2.0], "s".to_owned())));
    /// ```
    pub fn numbers(&self) -> Option<(Vec<f64>, String)> {
        quantity::numbers(&self.values)
    }

    /// The different values, in the order of the points.
    pub fn distinct(&self) -> Vec<&str> {
        distinct(self.values.iter().map(String::as_str))
    }

    /// The last part of the key, which says most: `rate`.
    pub fn short(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

impl Points {
    /// Reads `points.csv` of a folder: one row per point with a column for each parameter, whose unit is in
    /// `columns.json` if it is not beside the number, or one row per point and parameter (`point,axis,value`). Without
    /// that file, the points are those of the metrics and have no parameters.
    pub(crate) fn read(folder: &Path, of_metrics: Vec<u32>) -> Result<Self, ReadError> {
        let path = folder.join("points.csv");
        if !path.exists() {
            return Ok(Self {
                numbers: of_metrics,
                axes: Vec::new(),
            });
        }
        let units = units(&folder.join(DICTIONARY))?;
        let mut rows = Rows::open(&path)?;
        let columns: Vec<String> = rows.header().iter().map(str::to_owned).collect();
        let cells = columns.get(1..).unwrap_or_default();
        if columns.first().is_none_or(|column| column != "point") {
            return Err(rows.wrong("the first column must be `point`"));
        }
        let long = cells == ["axis", "value"];
        let mut found: Vec<(String, HashMap<u32, String>)> = Vec::new();
        let mut numbers = of_metrics;
        while rows.advance()? {
            let record = rows.record();
            let number = record.get(0).unwrap_or_default();
            let Ok(point) = number.parse::<u32>() else {
                return Err(rows.wrong(format!("`{number}` is not the number of a point")));
            };
            numbers.push(point);
            let mut set = |key: &str, value: &str| {
                let place = found.iter().position(|axis| axis.0 == key);
                let place = place.unwrap_or_else(|| {
                    found.push((key.to_owned(), HashMap::new()));
                    found.len() - 1
                });
                let value = match units.get(key) {
                    Some(unit) if value.parse::<f64>().is_ok() => format!("{value} {unit}"),
                    _ => value.to_owned(),
                };
                match found[place].1.insert(point, value) {
                    Some(_) => Err(rows.wrong(format!("a second value of {key} at point {point}"))),
                    None => Ok(()),
                }
            };
            if long {
                set(
                    record.get(1).unwrap_or_default(),
                    record.get(2).unwrap_or_default(),
                )?;
            } else {
                cells
                    .iter()
                    .zip(record.iter().skip(1))
                    .try_for_each(|(key, value)| set(key, value))?;
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let axes = found.into_iter().map(|(key, mut values)| {
            let at = |point| values.remove(point).unwrap_or_default();
            let values = numbers.iter().map(at).collect();
            PointAxis { key, values }
        });
        let axes = axes.collect();
        Ok(Self { numbers, axes })
    }

    /// Whether there is more than one point.
    pub fn are_many(&self) -> bool {
        self.numbers.len() > 1
    }

    /// The axis of a parameter, by its key or, if only one axis ends with it, by the end of its key.
    ///
    /// ```
    /// # use analysis::{PointAxis, Points};
    /// let axis = |key: &str| PointAxis { key: key.into(), values: vec!["1".into()] };
    /// let points = Points { numbers: vec![0], axes: vec![axis("client.user.rate"), axis("broker.router.policy")] };
    /// assert_eq!(points.axis("policy"), Some(1));
    /// assert_eq!(points.axis("cores"), None);
    /// ```
    pub fn axis(&self, key: &str) -> Option<usize> {
        let exact = self.axes.iter().position(|axis| axis.key == key);
        exact.or_else(|| {
            let ending = format!(".{key}");
            let mut found = (0..self.axes.len()).filter(|&i| self.axes[i].key.ends_with(&ending));
            found.next().filter(|_| found.next().is_none())
        })
    }

    /// The parameters of a point, by key, that have a value there.
    pub fn parameters(&self, point: u32) -> Vec<(&str, &str)> {
        let Ok(at) = self.numbers.binary_search(&point) else {
            return Vec::new();
        };
        let of = |axis: &PointAxis| !axis.values[at].is_empty();
        let here = self.axes.iter().filter(|axis| of(axis));
        let mut found: Vec<(&str, &str)> = here
            .map(|axis| (axis.key.as_str(), axis.values[at].as_str()))
            .collect();
        found.sort_unstable();
        found
    }

    /// What a point is, for people: `policy=random, rate=10`; empty if nothing tells it from others. Axes that have the
    /// same value at all points, and those for which `leave_out` holds, are not mentioned.
    pub fn label(&self, point: u32, leave_out: impl Fn(usize) -> bool) -> String {
        let Ok(at) = self.numbers.binary_search(&point) else {
            return String::new();
        };
        let axes = self.axes.iter().enumerate();
        let parts: Vec<String> = axes
            .filter(|(index, axis)| {
                !leave_out(*index)
                    && !axis.values[at].is_empty()
                    && axis.values.iter().any(|it| *it != axis.values[0])
            })
            .map(|(_, axis)| format!("{}={}", self.name_of(axis), axis.values[at]))
            .collect();
        parts.join(", ")
    }

    /// The last part of the key of an axis, or the whole key where several end alike.
    pub fn name_of<'a>(&self, axis: &'a PointAxis) -> &'a str {
        let same = self.axes.iter().filter(|it| it.short() == axis.short());
        if same.count() > 1 {
            &axis.key
        } else {
            axis.short()
        }
    }
}

/// The units of the axes from the dictionary of a folder; empty without a dictionary or without units.
fn units(path: &Path) -> Result<HashMap<String, String>, ReadError> {
    let wrong = |error: &dyn std::fmt::Display| ReadError(format!("{}: {error}", path.display()));
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(wrong(&error)),
    };
    let described: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
    let tables = described["tables"].as_array().into_iter().flatten();
    let points = tables.filter(|it| it["table"] == "points");
    let columns = points.filter_map(|it| it["columns"].as_array()).flatten();
    let units = columns.filter_map(|it| {
        let (name, unit) = (it["name"].as_str()?, it["unit"].as_str()?);
        (!unit.is_empty()).then(|| (name.to_owned(), unit.to_owned()))
    });
    Ok(units.collect())
}
