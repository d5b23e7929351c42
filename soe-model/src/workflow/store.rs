//! State servers: named states, and the new places of states that have moved.

use std::collections::BTreeMap;

use sim_core::{SimDuration, SimTime};

use super::StateRequest;

/// Which content of a state this is. Servers of the original know no versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Drawn when the state was created, so that states of the same name are
    /// told apart.
    pub origin: u64,
    /// Counts moves and changes.
    pub count: u64,
}

impl Version {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            count: self.count.saturating_add(1),
            ..self
        }
    }
}

/// What a state server answers.
#[derive(Clone, Debug, PartialEq)]
pub enum StateReply<S> {
    /// The state, and its version if the server knows versions.
    Found(S, Option<Version>),
    /// It was stored, or deleted.
    Done,
    /// It has gone to another server.
    Moved(String),
    /// It is not there.
    Missing,
    /// It is in transit to this server; ask again.
    Busy,
    /// There is a newer version.
    Newer,
    /// No answer came.
    Unreachable(String),
}

/// The states of one server.
///
/// A state that leaves for another server leaves word where it went, for
/// `retention`; so a reference to an old place still leads to it. A state that is
/// on its way to this server is stored, but not handed out before the old owner
/// has let it go: of all servers at most one hands out a state.
#[derive(Clone, Debug)]
pub struct StateStore<S> {
    states: BTreeMap<String, Entry<S>>,
    retention: SimDuration,
    /// The earliest time at which word of a departure may be dropped.
    next: Option<SimTime>,
}

#[derive(Clone, Debug)]
struct Entry<S> {
    version: Option<Version>,
    kept: Kept<S>,
}

#[derive(Clone, Debug)]
enum Kept<S> {
    Held(S),
    Arriving(S),
    Left { to: String, until: SimTime },
}

impl<S: Clone> StateStore<S> {
    /// An empty server that remembers departures for `retention`.
    pub fn new(retention: SimDuration) -> Self {
        Self {
            states: BTreeMap::new(),
            retention,
            next: None,
        }
    }

    /// A new state, in place of one of the same name.
    pub fn create(&mut self, name: &str, content: S, origin: u64) {
        let version = Some(Version { origin, count: 1 });
        let kept = Kept::Held(content);
        self.states.insert(name.to_owned(), Entry { version, kept });
    }

    /// Answers a question.
    pub fn answer(&mut self, now: SimTime, request: StateRequest<S>) -> StateReply<S> {
        match request {
            StateRequest::Get { name } => self.get(&name),
            StateRequest::Put {
                name,
                content,
                version,
            } => self.put(&name, content, version),
            StateRequest::Delete { name, version, to } => {
                self.delete(now, &name, version, to.as_deref())
            }
        }
    }

    /// What is kept under a name.
    pub fn get(&self, name: &str) -> StateReply<S> {
        match self.states.get(name) {
            None => StateReply::Missing,
            Some(entry) => match &entry.kept {
                Kept::Held(content) => StateReply::Found(content.clone(), entry.version),
                Kept::Arriving(_) => StateReply::Busy,
                Kept::Left { to, .. } => StateReply::Moved(to.clone()),
            },
        }
    }

    /// Stores a state. Of the same state, an older version does not replace a
    /// newer one, and storing the same twice is storing it once. Without a
    /// version, the last one who writes wins.
    pub fn put(&mut self, name: &str, content: S, version: Option<Version>) -> StateReply<S> {
        if self.is_older(name, version) {
            return StateReply::Newer;
        }
        let kept = Kept::Held(content);
        self.states.insert(name.to_owned(), Entry { version, kept });
        StateReply::Done
    }

    /// Lets a state go: for good, or `to` another server, which has it already. A
    /// version that is newer than the one that is let go stays.
    pub fn delete(
        &mut self,
        now: SimTime,
        name: &str,
        version: Option<Version>,
        to: Option<&str>,
    ) -> StateReply<S> {
        let Some(entry) = self.states.get_mut(name) else {
            return StateReply::Missing;
        };
        match &entry.kept {
            Kept::Left { to: gone, .. } => return StateReply::Moved(gone.clone()),
            Kept::Arriving(_) => return StateReply::Busy,
            Kept::Held(_) => {}
        }
        if let (Some(kept), Some(wanted)) = (entry.version, version) {
            if kept.origin != wanted.origin {
                // Another state of the same name has taken its place.
                return StateReply::Missing;
            }
            if kept.count > wanted.count {
                return StateReply::Newer;
            }
        }
        match to {
            None => {
                self.states.remove(name);
            }
            Some(to) => {
                let until = now + self.retention;
                self.next = Some(self.next.map_or(until, |next| next.min(until)));
                let to = to.to_owned();
                entry.kept = Kept::Left { to, until };
            }
        }
        StateReply::Done
    }

    /// Gives a state that is held here another content; whether it was held.
    pub fn change(&mut self, name: &str, content: S) -> bool {
        match self.states.get_mut(name) {
            Some(entry) if matches!(entry.kept, Kept::Held(_)) => {
                entry.version = entry.version.map(Version::next);
                entry.kept = Kept::Held(content);
                true
            }
            _ => false,
        }
    }

    /// Forgets a state and where it has gone, as if it had never been here.
    pub fn forget(&mut self, name: &str) {
        self.states.remove(name);
    }

    /// Whether a state is held here, and handed out.
    pub fn holds(&self, name: &str) -> bool {
        let entry = self.states.get(name);
        entry.is_some_and(|entry| matches!(entry.kept, Kept::Held(_)))
    }

    /// A state is in transit to this server: it is stored, but not handed out yet.
    pub(super) fn arrive(&mut self, name: &str, content: S, version: Option<Version>) {
        let kept = Kept::Arriving(content);
        self.states.insert(name.to_owned(), Entry { version, kept });
    }

    /// The old owner has let it go: it is held here now.
    pub(super) fn settle(&mut self, name: &str) {
        if let Some(entry) = self.states.get_mut(name)
            && let Kept::Arriving(content) = &entry.kept
        {
            entry.kept = Kept::Held(content.clone());
        }
    }

    /// The old owner has given it `to` another server: the copy here is dropped, and
    /// only its new place is kept.
    pub(super) fn withdraw(&mut self, now: SimTime, name: &str, to: &str) {
        let until = now + self.retention;
        if let Some(entry) = self.states.get_mut(name)
            && matches!(entry.kept, Kept::Arriving(_))
        {
            let to = to.to_owned();
            entry.kept = Kept::Left { to, until };
            self.next = Some(self.next.map_or(until, |next| next.min(until)));
        }
    }

    /// Everything that is stored here, handed out or not, by name.
    pub fn copies(&self) -> impl Iterator<Item = (&str, &S)> {
        self.states
            .iter()
            .filter_map(|(name, entry)| match &entry.kept {
                Kept::Held(content) | Kept::Arriving(content) => Some((name.as_str(), content)),
                Kept::Left { .. } => None,
            })
    }

    /// When word of a departure may be dropped.
    pub fn next_wake(&self) -> Option<SimTime> {
        self.next
    }

    /// Drops word of departures that is too old.
    pub fn wake(&mut self, now: SimTime) {
        if self.next.is_none_or(|next| next > now) {
            return;
        }
        let until = |entry: &Entry<S>| match entry.kept {
            Kept::Left { until, .. } => Some(until),
            _ => None,
        };
        self.states
            .retain(|_, entry| until(entry).is_none_or(|until| until > now));
        self.next = self.states.values().filter_map(until).min();
    }

    fn is_older(&self, name: &str, version: Option<Version>) -> bool {
        let Some(entry) = self.states.get(name) else {
            return false;
        };
        // What has left here must not come back as it was.
        let left = u64::from(matches!(entry.kept, Kept::Left { .. }));
        match (entry.version, version) {
            (Some(kept), Some(new)) => kept.origin == new.origin && kept.count + left > new.count,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime::ZERO;

    fn version(count: u64) -> Option<Version> {
        Some(Version { origin: 7, count })
    }

    fn store() -> StateStore<u32> {
        let mut store = StateStore::new(SimDuration::from_secs(60));
        store.create("s", 1, 7);
        store
    }

    #[test]
    fn without_versions_the_last_write_wins() {
        let mut store = StateStore::new(SimDuration::ZERO);
        assert_eq!(store.get("s"), StateReply::Missing);
        assert_eq!(store.put("s", 1, None), StateReply::Done);
        assert_eq!(store.put("s", 2, None), StateReply::Done);
        assert_eq!(store.get("s"), StateReply::Found(2, None));
        assert_eq!(store.delete(NOW, "s", None, None), StateReply::Done);
        assert_eq!(store.delete(NOW, "s", None, None), StateReply::Missing);
    }

    #[test]
    fn old_versions_replace_nothing_and_delete_nothing() {
        let mut store = store();
        assert_eq!(store.put("s", 3, version(3)), StateReply::Done);
        assert_eq!(store.put("s", 3, version(3)), StateReply::Done);
        assert_eq!(store.put("s", 2, version(2)), StateReply::Newer);
        let late = store.delete(NOW, "s", version(2), Some("b"));
        assert_eq!(late, StateReply::Newer);
        assert_eq!(store.get("s"), StateReply::Found(3, version(3)));
        // Another state of the same name is not the one that was meant.
        store.create("s", 9, 8);
        let other = store.delete(NOW, "s", version(3), Some("b"));
        assert_eq!(other, StateReply::Missing);
        assert!(store.holds("s"));
    }

    #[test]
    fn a_state_that_left_leaves_word_for_a_while() {
        let mut store = store();
        let gone = |store: &mut StateStore<u32>| store.delete(NOW, "s", version(1), Some("b"));
        assert_eq!(gone(&mut store), StateReply::Done);
        assert_eq!(gone(&mut store), StateReply::Moved("b".into()));
        assert_eq!(store.get("s"), StateReply::Moved("b".into()));
        let until = store.next_wake().unwrap();
        assert_eq!(until, NOW + SimDuration::from_secs(60));
        store.wake(until);
        assert_eq!(store.get("s"), StateReply::Missing);
        assert_eq!(store.next_wake(), None);
    }

    #[test]
    fn a_state_on_its_way_is_kept_but_not_handed_out() {
        let mut store = StateStore::new(SimDuration::ZERO);
        store.arrive("s", 5, version(2));
        assert_eq!(store.get("s"), StateReply::Busy);
        assert_eq!(store.delete(NOW, "s", None, Some("b")), StateReply::Busy);
        assert_eq!(store.copies().count(), 1);
        store.settle("s");
        assert!(store.change("s", 6));
        assert_eq!(store.get("s"), StateReply::Found(6, version(3)));
        store.withdraw(NOW, "s", "c");
        assert!(store.holds("s"));
        store.arrive("s", 7, version(4));
        store.withdraw(NOW, "s", "c");
        assert_eq!(store.get("s"), StateReply::Moved("c".into()));
    }
}
