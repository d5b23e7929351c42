//! What came of invocations: kept for a while, within bounds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::names::Place;
use crate::limits::{HTTP_ACTIVATION_BYTES, HTTP_ACTIVATIONS};

/// An invocation that has ended.
#[derive(Clone, Debug)]
pub struct Activation {
    /// Its identifier: 32 hexadecimal digits.
    pub id: String,
    /// The namespace of its caller.
    pub owner: String,
    /// What was invoked.
    pub place: Place,
    /// When it began, in milliseconds since 1970.
    pub start: u64,
    /// When it ended, in milliseconds since 1970.
    pub end: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The result: a JSON object.
    pub result: Value,
    /// Its size as a text, in bytes.
    pub size: usize,
    /// What is known about the execution, a line each.
    pub logs: Vec<String>,
    /// The same as keys and values.
    pub annotations: Map<String, Value>,
}

/// How an invocation ended, in the words of OpenWhisk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is a result.
    Success,
    /// The function has failed, or does not exist.
    ApplicationError,
    /// The function was not executed.
    InternalError,
}

impl Outcome {
    fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::ApplicationError => 1,
            Self::InternalError => 3,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ApplicationError => "application error",
            Self::InternalError => "whisk internal error",
        }
    }
}

impl Activation {
    /// The record, as OpenWhisk shows it.
    pub fn record(&self) -> Value {
        let mut record = self.summary();
        record.insert("subject".to_owned(), json!(self.owner));
        record.insert("response".to_owned(), self.response());
        record.insert("logs".to_owned(), json!(self.logs));
        Value::Object(record)
    }

    /// The result with how it came about.
    pub fn response(&self) -> Value {
        json!({
            "result": self.result,
            "size": self.size,
            "status": self.outcome.words(),
            "success": self.outcome == Outcome::Success,
            "statusCode": self.outcome.code(),
        })
    }

    /// The entry in a list.
    pub fn summary(&self) -> Map<String, Value> {
        let annotation = |(key, value): (&String, &Value)| json!({"key": key, "value": value});
        let summary = json!({
            "namespace": self.owner,
            "name": self.place.action,
            "version": super::entity::VERSION,
            "publish": false,
            "annotations": self.annotations.iter().map(annotation).collect::<Vec<_>>(),
            "activationId": self.id,
            "start": self.start,
            "end": self.end,
            "duration": self.end.saturating_sub(self.start),
            "statusCode": self.outcome.code(),
        });
        match summary {
            Value::Object(summary) => summary,
            _ => Map::new(),
        }
    }

    /// What it counts in the store, in bytes.
    fn weight(&self) -> usize {
        let logs: usize = self.logs.iter().map(String::len).sum();
        self.size + logs + self.place.path().len() + 500
    }
}

/// How many invocations are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// For how long.
    pub time: Duration,
    /// How many at most; the oldest are dropped first.
    pub most: usize,
    /// Their results and logs in bytes, at most.
    pub bytes: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(3600),
            most: HTTP_ACTIVATIONS,
            bytes: HTTP_ACTIVATION_BYTES,
        }
    }
}

/// The invocations that have ended lately.
#[derive(Debug)]
pub struct Activations {
    keep: Keep,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: BTreeMap<String, Arc<Activation>>,
    /// In order of their end.
    order: VecDeque<(Instant, Arc<Activation>)>,
    bytes: usize,
}

/// Which invocations a list has.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Only those of this action.
    pub action: Option<String>,
    /// Only those that began at this time or later, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Only those that began at this time or before.
    pub upto: Option<u64>,
    /// How many of the newest are left out.
    pub skip: usize,
    /// How many there are at most.
    pub limit: usize,
}

impl Activations {
    /// None yet.
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            kept: Mutex::default(),
        }
    }

    /// Keeps one.
    pub fn insert(&self, activation: Arc<Activation>) {
        let mut kept = self.kept();
        kept.bytes += activation.weight();
        kept.order.push_back((Instant::now(), activation.clone()));
        kept.by_id.insert(activation.id.clone(), activation);
        while kept.order.len() > self.keep.most || kept.bytes > self.keep.bytes {
            kept.drop_oldest();
        }
    }

    /// One, if a caller from this namespace started it.
    pub fn get(&self, owner: &str, id: &str) -> Option<Arc<Activation>> {
        let found = self.kept().by_id.get(id).cloned();
        found.filter(|activation| activation.owner == owner)
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.kept().order.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of a namespace that are wanted, newest first.
    pub fn list(&self, owner: &str, wish: &Wish) -> Vec<Arc<Activation>> {
        let kept = self.kept();
        let newest = kept.order.iter().rev().map(|(_, activation)| activation);
        newest
            .filter(|it| it.owner == owner)
            .filter(|it| {
                wish.action
                    .as_ref()
                    .is_none_or(|name| *name == it.place.action)
            })
            .filter(|it| wish.since.is_none_or(|since| it.start >= since))
            .filter(|it| wish.upto.is_none_or(|upto| it.start <= upto))
            .skip(wish.skip)
            .take(wish.limit)
            .cloned()
            .collect()
    }

    /// Those that are there, without those whose time is over.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((ended, _)) = kept.order.front()
            && ended.elapsed() >= self.keep.time
        {
            kept.drop_oldest();
        }
        kept
    }
}

impl Kept {
    fn drop_oldest(&mut self) {
        if let Some((_, oldest)) = self.order.pop_front() {
            self.bytes -= oldest.weight();
            self.by_id.remove(&oldest.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activation(number: usize, size: usize) -> Arc<Activation> {
        Arc::new(Activation {
            id: format!("{number:032x}"),
            owner: "guest".to_owned(),
            place: Place::of("f", "guest").unwrap(),
            start: number as u64,
            end: number as u64 + 5,
            outcome: Outcome::Success,
            result: json!({"n": number}),
            size,
            logs: Vec::new(),
            annotations: Map::new(),
        })
    }

    #[test]
    fn the_oldest_make_room_for_new_ones() {
        let keep = Keep {
            most: 3,
            bytes: 100_000,
            ..Keep::default()
        };
        let store = Activations::new(keep);
        (0..5).for_each(|number| store.insert(activation(number, 10)));
        let numbers = |wish: &Wish| {
            let list = store.list("guest", wish);
            list.iter().map(|it| it.start).collect::<Vec<_>>()
        };
        let all = Wish {
            limit: 10,
            ..Wish::default()
        };
        assert_eq!(numbers(&all), [4, 3, 2]);
        assert_eq!(
            numbers(&Wish {
                skip: 1,
                limit: 1,
                ..all.clone()
            }),
            [3]
        );
        assert_eq!(
            numbers(&Wish {
                since: Some(3),
                ..all.clone()
            }),
            [4, 3]
        );
        assert_eq!(
            numbers(&Wish {
                upto: Some(3),
                ..all.clone()
            }),
            [3, 2]
        );
        let other = Wish {
            action: Some("g".into()),
            ..all.clone()
        };
        assert!(numbers(&other).is_empty());
        assert!(store.get("guest", &format!("{:032x}", 1)).is_none());
        assert!(store.get("guest", &format!("{:032x}", 2)).is_some());
        assert!(store.get("other", &format!("{:032x}", 2)).is_none());
        // A large one drives out all others; one that is too large, itself too.
        store.insert(activation(5, 99_000));
        assert_eq!(numbers(&all), [5]);
        store.insert(activation(6, 200_000));
        assert!(numbers(&all).is_empty());
        assert_eq!(store.kept.lock().unwrap().bytes, 0);
    }

    #[test]
    fn what_has_had_its_time_is_gone() {
        let keep = Keep {
            time: Duration::ZERO,
            ..Keep::default()
        };
        let store = Activations::new(keep);
        store.insert(activation(1, 10));
        assert!(store.get("guest", &format!("{:032x}", 1)).is_none());
        assert_eq!(store.kept.lock().unwrap().bytes, 0);
    }

    #[test]
    fn a_record_has_what_clients_read() {
        let record = activation(7, 10).record();
        assert_eq!(record["activationId"], format!("{:032x}", 7));
        assert_eq!(record["duration"], 5);
        assert_eq!(record["response"]["status"], "success");
        assert_eq!(record["response"]["success"], true);
        assert_eq!(record["response"]["result"]["n"], 7);
        assert_eq!(record["logs"], json!([]));
    }
}
