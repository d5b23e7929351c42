//! Which run a request of a workflow belongs to.

use std::collections::BTreeMap;

use crate::world::ids::RunId;

/// A run that is not over.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) struct OpenRun {
    /// Its identifier.
    pub id: RunId,
    /// Its number among all calls.
    pub call: u64,
}

/// The runs that are not over, by the identifier that their requests carry.
#[derive(Debug, Default)]
pub(in crate::world) struct RunIndex(BTreeMap<String, OpenRun>);

impl RunIndex {
    pub fn add(&mut self, uuid: String, run: OpenRun) {
        self.0.insert(uuid, run);
    }

    pub fn find(&self, uuid: &str) -> Option<OpenRun> {
        self.0.get(uuid).copied()
    }

    pub fn remove(&mut self, uuid: &str) {
        self.0.remove(uuid);
    }
}
