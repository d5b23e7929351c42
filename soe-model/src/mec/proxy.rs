//! The proxy: applications, associations, contexts and notifications.

mod notifications;

use std::collections::BTreeMap;

use sim_core::SimTime;

use super::application::{Application, ApplicationKey, check};
use super::associations::{Association, Associations, Client};
use super::context::{ApiVersion, Context, ContextId, ContextRequest};
use super::contexts::{Contexts, Serial};
use super::delivery::{Delivery, Patience, Step};
use super::limits::{CALLBACK, DEVICE, ENDPOINT, Limits, NAME};
use super::record::Record;
use super::refusal::Refusal;

/// The UE application lifecycle management proxy.
///
/// After every change the driver asks [`poll`](Self::poll) for the notifications that
/// are due, and wakes up at [`next_wake`](Self::next_wake) for those that are repeated.
/// What must survive a restart comes from [`take_records`](Self::take_records), to be
/// kept before the change is confirmed or a notification is sent.
#[derive(Debug)]
pub struct Proxy {
    limits: Limits,
    patience: Patience,
    applications: BTreeMap<ApplicationKey, Application>,
    associations: Associations,
    contexts: Contexts,
    delivery: Delivery,
    records: Vec<Record>,
}

impl Proxy {
    /// A proxy with empty tables.
    pub fn new(limits: Limits, patience: Patience) -> Self {
        Self {
            limits,
            patience,
            applications: BTreeMap::new(),
            associations: Associations::default(),
            contexts: Contexts::default(),
            delivery: Delivery::new(&limits),
            records: Vec::new(),
        }
    }

    /// The proxy that wrote `records`. Contexts whose reference is not the one that
    /// their device application is known to have are notified. Records that are invalid
    /// or beyond a limit are left out; the second value counts them.
    pub fn restore(
        limits: Limits,
        patience: Patience,
        now: SimTime,
        records: impl IntoIterator<Item = Record>,
    ) -> (Self, usize) {
        let mut proxy = Self::new(limits, patience);
        let mut refused = 0;
        for record in records {
            refused += usize::from(proxy.apply(now, record).is_err());
        }
        for serial in proxy.contexts.serials().collect::<Vec<_>>() {
            proxy.resolve(serial);
            proxy.review(now, serial);
        }
        proxy.records.clear();
        (proxy, refused)
    }

    fn apply(&mut self, now: SimTime, record: Record) -> Result<(), Refusal> {
        match record {
            Record::Application(application) => self.add_application(application)?,
            Record::ApplicationRemoved(key) => {
                self.remove_application(&key);
            }
            // Contexts are resolved at the end.
            Record::Association(it) => {
                self.check_association(&it.client, &it.application, &it.endpoint)?;
                let (client, endpoint) = (it.client, &it.endpoint);
                self.associations.set(client, &it.application, endpoint);
            }
            Record::AssociationRemoved {
                client,
                application,
            } => {
                self.associations.remove(&client, &application);
            }
            Record::Context { id, request, told } => {
                if let Some(serial) = self.contexts.serial(id) {
                    if let Some(context) = self.contexts.get_mut(serial) {
                        context.request.callback = request.callback;
                        context.told = told;
                    }
                } else {
                    self.check_request(&request)?;
                    self.contexts.insert(Context {
                        id,
                        request,
                        reference: told.clone().unwrap_or_default(),
                        told,
                        trying: None,
                    });
                }
            }
            Record::ContextRemoved(id) => {
                if let Some(serial) = self.contexts.serial(id) {
                    self.remove_context(serial);
                }
            }
        }
        debug_assert_eq!(self.delivery.next_due(), None, "at {now:?}");
        Ok(())
    }

    /// Adds an application; one with the same key is replaced.
    ///
    /// # Errors
    /// If a text has the wrong length, or the table is full.
    pub fn add_application(&mut self, application: Application) -> Result<(), Refusal> {
        application.check()?;
        let before = self.applications.get(&application.key);
        if before == Some(&application) {
            return Ok(());
        }
        let (len, most) = (self.applications.len(), self.limits.applications);
        room("applications", before.is_some(), len, most)?;
        self.records.push(Record::Application(application.clone()));
        let key = application.key.clone();
        self.applications.insert(key, application);
        Ok(())
    }

    /// Removes an application; its contexts stay. Returns whether it was there.
    pub fn remove_application(&mut self, key: &ApplicationKey) -> bool {
        let removed = self.applications.remove(key).is_some();
        if removed {
            self.records.push(Record::ApplicationRemoved(key.clone()));
        }
        removed
    }

    /// All applications, in the order of their keys.
    pub fn applications(&self) -> impl Iterator<Item = &Application> {
        self.applications.values()
    }

    /// From now on `endpoint` serves these clients of the application. The contexts
    /// whose reference changes are notified. Nothing happens if it serves them already.
    ///
    /// # Errors
    /// If a text has the wrong length, or the table is full.
    pub fn associate(
        &mut self,
        now: SimTime,
        client: Client,
        application: &str,
        endpoint: &str,
    ) -> Result<(), Refusal> {
        self.check_association(&client, application, endpoint)?;
        if self.associations.get(&client, application) == Some(endpoint) {
            return Ok(());
        }
        self.records.push(Record::Association(Association {
            client: client.clone(),
            application: application.to_owned(),
            endpoint: endpoint.to_owned(),
        }));
        self.associations.set(client.clone(), application, endpoint);
        self.moved(now, &client, application);
        Ok(())
    }

    /// Removes an association. Contexts fall back to that of any client and are
    /// notified; without that either, they have an empty reference and are not. Returns
    /// whether it was there.
    pub fn dissociate(&mut self, now: SimTime, client: &Client, application: &str) -> bool {
        let removed = self.associations.remove(client, application);
        if removed {
            self.records.push(Record::AssociationRemoved {
                client: client.clone(),
                application: application.to_owned(),
            });
            self.moved(now, client, application);
        }
        removed
    }

    /// All associations: addresses in their order, then any client; for each, by
    /// application.
    pub fn associations(&self) -> impl Iterator<Item = Association> {
        self.associations.iter()
    }

    /// The end-point that a new context of a client would have.
    pub fn resolved(&self, client: &str, application: &str) -> Option<&str> {
        self.associations.resolve(client, application)
    }

    /// Creates a context with an identifier that the driver has drawn.
    ///
    /// # Errors
    /// If a text has the wrong length, the application is unknown, no end-point serves
    /// it, or a table is full.
    pub fn create(
        &mut self,
        _now: SimTime,
        id: ContextId,
        request: ContextRequest,
    ) -> Result<&Context, Refusal> {
        if !self.applications.contains_key(&request.application) {
            return Err(Refusal::UnknownApplication(request.application));
        }
        let name = &request.application.name;
        let Some(endpoint) = self.associations.resolve(&request.client, name) else {
            return Err(Refusal::NoEndpoint {
                client: request.client.clone(),
                application: name.clone(),
            });
        };
        let reference = endpoint.to_owned();
        self.check_request(&request)?;
        if self.contexts.serial(id).is_some() {
            return Err(Refusal::ContextExists(id));
        }
        let serial = self.contexts.insert(Context {
            id,
            request,
            told: Some(reference.clone()),
            reference,
            trying: None,
        });
        self.record(serial);
        self.contexts.get(serial).ok_or(Refusal::UnknownContext)
    }

    /// Changes where a context is notified. What its device application has not been
    /// told goes there.
    ///
    /// # Errors
    /// If the callback has the wrong length, or this version has no such context.
    pub fn update(
        &mut self,
        now: SimTime,
        version: ApiVersion,
        id: ContextId,
        callback: Option<String>,
    ) -> Result<(), Refusal> {
        let serial = self.find(version, id)?;
        self.set_callback(now, serial, callback)
    }

    /// The same for the oldest context of v1.1.1 of a device application, as in the
    /// original.
    ///
    /// # Errors
    /// If the callback has the wrong length, or there is no such context.
    pub fn update_device(
        &mut self,
        now: SimTime,
        device: &str,
        callback: Option<String>,
    ) -> Result<(), Refusal> {
        let serial = self.contexts.of_device(device);
        self.set_callback(now, serial.ok_or(Refusal::UnknownContext)?, callback)
    }

    fn set_callback(
        &mut self,
        now: SimTime,
        serial: Serial,
        callback: Option<String>,
    ) -> Result<(), Refusal> {
        check_callback(callback.as_deref())?;
        let context = self.contexts.get_mut(serial);
        let context = context.ok_or(Refusal::UnknownContext)?;
        if context.request.callback != callback {
            context.request.callback = callback;
            self.record(serial);
            self.review(now, serial);
        }
        Ok(())
    }

    /// Deletes a context.
    ///
    /// # Errors
    /// If this version has no such context.
    pub fn delete(&mut self, version: ApiVersion, id: ContextId) -> Result<(), Refusal> {
        let serial = self.find(version, id)?;
        self.remove_context(serial);
        Ok(())
    }

    /// All contexts, in order of creation.
    pub fn contexts(&self) -> impl Iterator<Item = &Context> {
        self.contexts.iter()
    }

    /// The context with this identifier, if it was created through this version.
    pub fn context(&self, version: ApiVersion, id: ContextId) -> Option<&Context> {
        let serial = self.find(version, id).ok()?;
        self.contexts.get(serial)
    }

    /// How many contexts there are.
    pub fn context_count(&self) -> usize {
        self.contexts.len()
    }

    /// The changes since the last call of this method, in order.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// The shortest list of records that gives this proxy.
    pub fn snapshot(&self) -> impl Iterator<Item = Record> {
        let applications = self.applications().cloned().map(Record::Application);
        let associations = self.associations().map(Record::Association);
        let contexts = self.contexts().map(Context::as_record);
        applications.chain(associations).chain(contexts)
    }

    fn find(&self, version: ApiVersion, id: ContextId) -> Result<Serial, Refusal> {
        let serial = self.contexts.serial(id).filter(|&serial| {
            let context = self.contexts.get(serial);
            context.is_some_and(|context| context.request.version == version)
        });
        serial.ok_or(Refusal::UnknownContext)
    }

    /// An association has changed: so have the references of some contexts, perhaps.
    fn moved(&mut self, now: SimTime, client: &Client, application: &str) {
        let client = match client {
            Client::Address(address) => Some(address.as_str()),
            Client::Any => None,
        };
        for serial in self.contexts.of_group(application, client) {
            if self.resolve(serial) {
                self.review(now, serial);
            }
        }
    }

    /// Sets the reference of a context; returns whether it has changed.
    fn resolve(&mut self, serial: Serial) -> bool {
        let Some(context) = self.contexts.get_mut(serial) else {
            return false;
        };
        let (client, name) = (&context.request.client, &context.request.application.name);
        let endpoint = self.associations.resolve(client, name).unwrap_or_default();
        if context.reference == endpoint {
            return false;
        }
        endpoint.clone_into(&mut context.reference);
        // The next association is notified, whatever it is.
        if context.reference.is_empty() && context.told.take().is_some() {
            self.record(serial);
        }
        true
    }

    fn remove_context(&mut self, serial: Serial) {
        let Some(context) = self.contexts.remove(serial) else {
            return;
        };
        // A flight stays in progress until it is settled.
        if let Some(Step::Due(at)) = context.trying.map(|trying| trying.step) {
            self.delivery.dequeue(&context.request.client, at, serial);
        }
        self.records.push(Record::ContextRemoved(context.id));
    }

    fn record(&mut self, serial: Serial) {
        if let Some(context) = self.contexts.get(serial) {
            self.records.push(context.as_record());
        }
    }

    fn check_association(
        &self,
        client: &Client,
        application: &str,
        endpoint: &str,
    ) -> Result<(), Refusal> {
        check("the address of a client", client.as_wire(), 0, ENDPOINT)?;
        check("the name of an application", application, 1, NAME)?;
        check("an end-point", endpoint, 1, ENDPOINT)?;
        let known = self.associations.get(client, application).is_some();
        let (len, most) = (self.associations.len(), self.limits.associations);
        room("associations", known, len, most)
    }

    fn check_request(&self, request: &ContextRequest) -> Result<(), Refusal> {
        check("the address of a client", &request.client, 0, ENDPOINT)?;
        let what = "the identifier of a device application";
        check(what, &request.device, 1, DEVICE)?;
        check_callback(request.callback.as_deref())?;
        let (len, most) = (self.contexts.len(), self.limits.contexts);
        room("contexts", false, len, most)?;
        let len = self.contexts.len_of_client(&request.client);
        let what = "contexts of this client";
        room(what, false, len, self.limits.contexts_of_client)
    }
}

fn check_callback(callback: Option<&str>) -> Result<(), Refusal> {
    check("a callback", callback.unwrap_or("-"), 1, CALLBACK)
}

/// Whether a table has room for another entry, or has it already.
fn room(what: &'static str, known: bool, len: usize, most: usize) -> Result<(), Refusal> {
    match known || len < most {
        true => Ok(()),
        false => Err(Refusal::Full { what, most }),
    }
}
