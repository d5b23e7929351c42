//! All contexts, in order of creation, and the ways to find them.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{ApiVersion, Context, ContextId};

/// The number of a context, counted from 0 in order of creation.
pub type Serial = u64;

#[derive(Debug, Default)]
pub struct Contexts {
    all: BTreeMap<Serial, Context>,
    next: Serial,
    by_id: BTreeMap<ContextId, Serial>,
    /// By application, then client address.
    by_group: BTreeMap<String, BTreeMap<String, BTreeSet<Serial>>>,
    /// Those of v1.1.1 by device application.
    by_device: BTreeMap<String, BTreeSet<Serial>>,
    of_client: BTreeMap<String, usize>,
}

impl Contexts {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// How many contexts a client address has.
    pub fn len_of_client(&self, client: &str) -> usize {
        self.of_client.get(client).copied().unwrap_or(0)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Context> {
        self.all.values()
    }

    pub fn serials(&self) -> impl Iterator<Item = Serial> {
        self.all.keys().copied()
    }

    pub fn serial(&self, id: ContextId) -> Option<Serial> {
        self.by_id.get(&id).copied()
    }

    pub fn get(&self, serial: Serial) -> Option<&Context> {
        self.all.get(&serial)
    }

    /// The fields by which contexts are found must stay as they are.
    pub fn get_mut(&mut self, serial: Serial) -> Option<&mut Context> {
        self.all.get_mut(&serial)
    }

    /// The oldest context of v1.1.1 of a device application.
    pub fn of_device(&self, device: &str) -> Option<Serial> {
        self.by_device.get(device)?.first().copied()
    }

    /// The contexts of an application, of one client address or of all.
    pub fn of_group(&self, application: &str, client: Option<&str>) -> Vec<Serial> {
        let Some(clients) = self.by_group.get(application) else {
            return Vec::new();
        };
        match client {
            Some(client) => clients.get(client).into_iter().flatten().copied().collect(),
            None => clients.values().flatten().copied().collect(),
        }
    }

    /// Adds a context whose identifier is new.
    pub fn insert(&mut self, context: Context) -> Serial {
        let serial = self.next;
        self.next += 1;
        let request = &context.request;
        self.by_id.insert(context.id, serial);
        let clients = self.by_group.entry(request.application.name.clone());
        let group = clients.or_default().entry(request.client.clone());
        group.or_default().insert(serial);
        if request.version == ApiVersion::V1 {
            let device = self.by_device.entry(request.device.clone());
            device.or_default().insert(serial);
        }
        *self.of_client.entry(request.client.clone()).or_default() += 1;
        self.all.insert(serial, context);
        serial
    }

    pub fn remove(&mut self, serial: Serial) -> Option<Context> {
        let context = self.all.remove(&serial)?;
        let request = &context.request;
        self.by_id.remove(&context.id);
        if let Some(clients) = self.by_group.get_mut(&request.application.name) {
            remove_from(clients, &request.client, serial);
            if clients.is_empty() {
                self.by_group.remove(&request.application.name);
            }
        }
        if request.version == ApiVersion::V1 {
            remove_from(&mut self.by_device, &request.device, serial);
        }
        if let Some(count) = self.of_client.get_mut(&request.client) {
            *count -= 1;
            if *count == 0 {
                self.of_client.remove(&request.client);
            }
        }
        Some(context)
    }
}

fn remove_from(sets: &mut BTreeMap<String, BTreeSet<Serial>>, key: &str, serial: Serial) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(&serial);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
