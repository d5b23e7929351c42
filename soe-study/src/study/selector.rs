//! Names of metrics: `latency_mean`, or `share@computer-1` for one entity.

use std::fmt;

use scenarios::reader::diagnostic::{Place, Report, quote};
use scenarios::reader::record::Record;

/// Some metrics: all entities of a metric, or one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The name of the metric.
    pub metric: String,
    /// The entity; all if none is given.
    pub entity: Option<String>,
    pub(crate) place: Place,
}

impl Selector {
    pub(crate) fn parse(text: &str, place: Place) -> Self {
        let (metric, entity) = match text.split_once('@') {
            Some((metric, entity)) => (metric, Some(entity.trim().to_owned())),
            None => (text, None),
        };
        Self {
            metric: metric.trim().to_owned(),
            entity,
            place,
        }
    }

    /// Whether both select something.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let has_all = self.entity.is_none() || other.entity.is_none();
        self.metric == other.metric && (has_all || self.entity == other.entity)
    }

    fn is(&self, other: &Self) -> bool {
        self.metric == other.metric && self.entity == other.entity
    }

    /// Whether a metric of an entity is among them.
    pub fn selects(&self, metric: &str, entity: &str) -> bool {
        self.metric == metric && self.entity.as_deref().is_none_or(|wanted| wanted == entity)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        match &self.entity {
            Some(entity) => write!(f, "@{entity}"),
            None => Ok(()),
        }
    }
}

/// The metrics that a key lists; `None` if it was not given or was wrong.
pub(super) fn list(record: &Record, key: &str, report: &mut Report<'_>) -> Option<Vec<Selector>> {
    let mut selectors: Vec<Selector> = Vec::new();
    for name in record.maybe_names(key)? {
        let selector = Selector::parse(&name.text, name.place);
        if selectors.iter().any(|known| known.is(&selector)) {
            let (path, text) = (record.path_of(key), quote(&name.text));
            report.wrong(name.place, format!("{path}: `{text}` appears twice"));
        }
        selectors.push(selector);
    }
    Some(selectors)
}
