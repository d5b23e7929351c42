//! Functions as OpenWhisk shows them: actions, packages, namespaces.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::functions::Offer;
use super::names::Place;

/// The version of everything: functions have no versions here.
pub const VERSION: &str = "0.0.1";

/// An action, as in a list.
pub fn action(place: &Place, offer: &Offer, timeout: u64) -> Value {
    let mut annotations = annotations(offer);
    annotations.push(json!({"key": "exec", "value": "blackbox"}));
    json!({
        "namespace": place.scope(),
        "name": place.action,
        "version": VERSION,
        "publish": false,
        "updated": offer.updated,
        "annotations": annotations,
        "exec": {"binary": false},
        "limits": limits(timeout),
    })
}

/// An action with everything that is known about it.
pub fn whole_action(place: &Place, offer: &Offer, timeout: u64) -> Value {
    let mut action = action(place, offer, timeout);
    action["exec"] = json!({"kind": "blackbox", "image": "serverless-on-edge", "binary": false});
    action["parameters"] = json!([]);
    action
}

fn annotations(offer: &Offer) -> Vec<Value> {
    let destinations: Vec<_> = offer.destinations.iter().collect();
    vec![json!({"key": "destinations", "value": destinations})]
}

fn limits(timeout: u64) -> Value {
    json!({"concurrency": 1, "logs": 0, "memory": 256, "timeout": timeout})
}

/// The packages among some functions, with their functions.
pub fn packages(placed: &[(Place, Offer)]) -> BTreeMap<&str, Vec<&(Place, Offer)>> {
    let mut packages: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for each in placed.iter().filter(|(place, _)| !place.package.is_empty()) {
        packages.entry(&each.0.package).or_default().push(each);
    }
    packages
}

/// A package, as in a list.
pub fn package(namespace: &str, name: &str, functions: &[&(Place, Offer)]) -> Value {
    let updated = functions.iter().map(|(_, offer)| offer.updated).max();
    json!({
        "namespace": namespace,
        "name": name,
        "version": VERSION,
        "publish": false,
        "updated": updated.unwrap_or_default(),
        "annotations": [],
        "binding": {},
    })
}

/// A package with its actions.
pub fn whole_package(namespace: &str, name: &str, functions: &[&(Place, Offer)]) -> Value {
    let mut whole = package(namespace, name, functions);
    let actions = functions
        .iter()
        .map(|(place, _)| json!({"name": place.action, "version": VERSION, "annotations": []}));
    whole["parameters"] = json!([]);
    whole["actions"] = actions.collect();
    whole["feeds"] = json!([]);
    whole
}

/// A part of a list, as its query asks for: `limit` (0 means the most) and `skip`.
pub fn part<T>(list: impl IntoIterator<Item = T>, skip: usize, limit: usize) -> Vec<T> {
    list.into_iter().skip(skip).take(limit).collect()
}
