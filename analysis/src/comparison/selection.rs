//! The metrics and entities that a user selects.

use crate::results::ResultSet;
use std::collections::BTreeSet;

/// The selected metrics and entities; an empty list selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of metrics.
    pub metrics: Vec<String>,
    /// Names of entities.
    pub entities: Vec<String>,
}

impl Selection {
    /// Whether a metric of an entity is selected.
    pub fn holds(&self, metric: &str, entity: &str) -> bool {
        let among = |names: &[String], name| names.is_empty() || names.iter().any(|it| it == name);
        among(&self.metrics, metric) && among(&self.entities, entity)
    }

    /// Checks that the metrics of the results have what is named.
    ///
    /// # Errors
    /// The first name that they do not have, with those that they have.
    pub fn check(&self, results: &ResultSet) -> Result<(), String> {
        self.check_among(results, Known::of(results))
    }

    /// Checks that the metrics or the time series of the results have what is named. The samples are read only if the
    /// metrics do not have it.
    ///
    /// # Errors
    /// The same, or if the samples cannot be read.
    pub fn check_with_samples(&self, results: &ResultSet) -> Result<(), String> {
        let checked = self.check(results);
        if checked.is_ok() || !results.has_samples() {
            return checked;
        }
        let mut known = Known::of(results);
        let visited = results.visit_samples(|row| known.add(row.metric, row.entity));
        visited.map_err(|error| error.to_string())?;
        self.check_among(results, known)
    }

    fn check_among(&self, results: &ResultSet, known: Known) -> Result<(), String> {
        let unknown = |kind: &str, name: &str, known: Vec<String>| {
            format!(
                "{}: no {kind} `{name}`; there are {}",
                results.path.display(),
                known.join(", ")
            )
        };
        let mut metrics = self.metrics.iter();
        if let Some(name) = metrics.find(|it| !known.metrics.contains(it)) {
            return Err(unknown("metric", name, known.metrics));
        }
        let mut entities = self.entities.iter();
        if let Some(name) = entities.find(|it| !known.entities.contains(*it)) {
            return Err(unknown(
                "entity",
                name,
                known.entities.into_iter().collect(),
            ));
        }
        Ok(())
    }
}

/// The names that results have: metrics in their order, entities in that of the alphabet.
struct Known {
    metrics: Vec<String>,
    entities: BTreeSet<String>,
}

impl Known {
    fn of(results: &ResultSet) -> Self {
        let mut known = Self {
            metrics: Vec::new(),
            entities: BTreeSet::new(),
        };
        let metrics = results.metrics.iter();
        metrics.for_each(|it| known.add(&it.metric, &it.entity));
        known
    }

    fn add(&mut self, metric: &str, entity: &str) {
        if !self.metrics.iter().any(|it| it == metric) {
            self.metrics.push(metric.to_owned());
        }
        if !self.entities.contains(entity) {
            self.entities.insert(entity.to_owned());
        }
    }
}
