//! What a broker offers, from its tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Mutex;
use tonic::transport::Channel;
use tracing::{info, warn};

use super::names::Place;
use crate::client::describe;
use crate::command::Stop;
use crate::limits::{HTTP_TABLES, HTTP_TABLES_AGE};
use crate::rpc::edge_router_client::EdgeRouterClient;
use crate::rpc::{ForwardingTable, TableId};

/// How long a broker may take to show a table.
const ANSWER: Duration = Duration::from_secs(5);
/// The shortest time between two readings: names that do not exist cost a broker no more.
const PAUSE: Duration = Duration::from_millis(100);

/// The functions of a broker, kept up to date.
#[derive(Debug)]
pub struct Functions {
    tables: Option<EdgeRouterClient<Channel>>,
    known: RwLock<Known>,
    /// Tables that were read longer ago do not count.
    age: Duration,
    /// One reader at a time.
    reading: Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    functions: BTreeMap<String, Offer>,
    /// When the tables were read last.
    read: Option<Instant>,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Where it is executed.
    pub destinations: BTreeSet<String>,
    /// When its destinations changed last, in milliseconds since 1970.
    pub updated: u64,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The broker has the function.
    Known,
    /// It does not.
    Unknown,
    /// There are no tables, or no recent ones.
    Unsure,
}

impl Functions {
    /// Of a broker that shows its tables over this channel, read every `period`; nothing is
    /// known without one.
    pub fn of(tables: Option<Channel>, period: Duration) -> Self {
        let client =
            |channel| EdgeRouterClient::new(channel).max_decoding_message_size(HTTP_TABLES);
        Self {
            tables: tables.map(client),
            known: RwLock::default(),
            age: HTTP_TABLES_AGE.max(period.saturating_mul(3)),
            reading: Mutex::default(),
        }
    }

    /// Whether there are tables to read.
    pub fn has_tables(&self) -> bool {
        self.tables.is_some()
    }

    /// Reads the tables every `period`, until told to stop.
    pub async fn keep(self: Arc<Self>, period: Duration, stop: Stop) {
        let mut well = true;
        while self.has_tables() {
            let read = tokio::select! {
                () = stop.wait() => return,
                read = self.read() => read,
            };
            match read {
                Ok(()) if !well => info!("the tables of the broker can be read again"),
                Err(ref error) if well => warn!("the tables of the broker cannot be read: {error}"),
                _ => {}
            }
            well = read.is_ok();
            tokio::select! {
                () = stop.wait() => return,
                () = tokio::time::sleep(period) => {}
            }
        }
    }

    /// All functions; `None` if the tables were not read for a while.
    pub fn list(&self) -> Option<BTreeMap<String, Offer>> {
        let known = self.known();
        known.is_recent(self.age).then(|| known.functions.clone())
    }

    /// Which of some names the broker has, the first one first. A name that is not in the
    /// tables may be new: they are read again.
    pub async fn find(&self, names: &[String]) -> (Presence, Option<(String, Offer)>) {
        let found = self.look_up(names);
        if found.0 == Presence::Known || !self.has_tables() {
            return found;
        }
        let asked = Instant::now();
        let _turn = self.reading.lock().await;
        // Others who waited for the same reading do not need another one.
        let read = self.known().read;
        if read.is_none_or(|read| read < asked) {
            let pause = read.and_then(|read| PAUSE.checked_sub(read.elapsed()));
            tokio::time::sleep(pause.unwrap_or_default()).await;
            let _ = self.fetch().await;
        }
        self.look_up(names)
    }

    fn look_up(&self, names: &[String]) -> (Presence, Option<(String, Offer)>) {
        let known = self.known();
        if !known.is_recent(self.age) {
            return (Presence::Unsure, None);
        }
        let found = names.iter().find_map(|name| {
            let (name, offer) = known.functions.get_key_value(name)?;
            Some((name.clone(), offer.clone()))
        });
        match found {
            Some(found) => (Presence::Known, Some(found)),
            None => (Presence::Unknown, None),
        }
    }

    async fn read(&self) -> Result<(), String> {
        let _turn = self.reading.lock().await;
        self.fetch().await
    }

    async fn fetch(&self) -> Result<(), String> {
        let Some(tables) = &self.tables else {
            return Ok(());
        };
        // The first table has all destinations.
        let asked = tables.clone();
        let read = async move {
            let mut asked = asked;
            asked.get_table(TableId { value: 0 }).await
        };
        match tokio::time::timeout(ANSWER, read).await {
            Ok(Ok(table)) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                known.take(table.into_inner());
                Ok(())
            }
            Ok(Err(status)) => Err(describe(&status)),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_recent(&self, age: Duration) -> bool {
        self.read.is_some_and(|read| read.elapsed() < age)
    }

    /// Takes the content of a table in place of what was known before.
    fn take(&mut self, table: ForwardingTable) {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in table.entries {
            let destinations = found.entry(entry.lambda).or_default();
            destinations.insert(entry.destination);
        }
        let before = std::mem::take(&mut self.functions);
        let now = milliseconds(SystemTime::now());
        let offers = found.into_iter().map(|(name, destinations)| {
            let updated = match before.get(&name) {
                Some(offer) if offer.destinations == destinations => offer.updated,
                _ => now,
            };
            (
                name,
                Offer {
                    destinations,
                    updated,
                },
            )
        });
        self.functions = offers.collect();
        self.read = Some(Instant::now());
    }
}

/// The functions that have a place in a namespace, with it, in order of place.
pub fn placed(
    functions: BTreeMap<String, Offer>,
    namespace: &str,
    default: &str,
) -> Vec<(Place, Offer)> {
    let mut placed: BTreeMap<Place, Offer> = BTreeMap::new();
    for (name, offer) in functions {
        match Place::of(&name, default) {
            // `f` and `/guest/f` may both exist; they have one place.
            Some(place) if place.namespace == namespace => {
                placed.entry(place).or_insert(offer);
            }
            _ => {}
        }
    }
    placed.into_iter().collect()
}

/// Milliseconds since 1970.
pub fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::forwarding_table::Entry;

    fn table(entries: &[(&str, &str)]) -> ForwardingTable {
        let entry = |&(lambda, destination): &(&str, &str)| Entry {
            lambda: lambda.to_owned(),
            destination: destination.to_owned(),
            ..Entry::default()
        };
        ForwardingTable {
            entries: entries.iter().map(entry).collect(),
        }
    }

    #[tokio::test]
    async fn a_new_table_takes_the_place_of_the_old_one() {
        let functions = Functions::of(None, Duration::from_secs(1));
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(functions.find(&names(&["f"])).await.0, Presence::Unsure);
        assert_eq!(functions.list(), None);
        functions
            .known
            .write()
            .unwrap()
            .take(table(&[("f", "a:1"), ("f", "b:1"), ("g", "a:1")]));
        let (presence, found) = functions.find(&names(&["h", "f"])).await;
        let (name, offer) = found.unwrap();
        assert_eq!(
            (presence, &*name, offer.destinations.len()),
            (Presence::Known, "f", 2)
        );
        functions
            .known
            .write()
            .unwrap()
            .take(table(&[("f", "a:1"), ("f", "b:1")]));
        assert_eq!(functions.find(&names(&["g"])).await.0, Presence::Unknown);
        assert_eq!(
            functions.list().unwrap()["f"],
            offer,
            "not updated: the same destinations"
        );
    }

    #[test]
    fn a_namespace_has_its_functions_in_order() {
        let functions = ["f", "/guest/f", "/guest/p/g", "p/a", "/other/f", "a/b/c"];
        let offer = Offer {
            destinations: BTreeSet::new(),
            updated: 0,
        };
        let all = functions.map(|name| (name.to_owned(), offer.clone()));
        let placed = placed(all.into(), "guest", "guest");
        let paths: Vec<_> = placed.iter().map(|(place, _)| place.path()).collect();
        assert_eq!(paths, ["guest/f", "guest/p/a", "guest/p/g"]);
    }
}
