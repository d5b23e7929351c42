//! The proxy: the machine of the model with a clock, a file and a network.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sim_core::SimTime;
use soe_model::mec::{self as model, Limits, Patience};
use tokio::sync::Notify;
use tracing::{info, warn};

use super::address::ApiRoot;
use super::handler::Routes;
use super::journal::{Journal, JournalError, NotKept, Ticket};
use super::notifier;
use crate::clock::Clock;
use crate::command::{Failure, Stop};
use crate::http::{self, Handler};
use crate::limits::{HttpLimits, MEC_BODY};

/// What a proxy needs to know.
#[derive(Clone, Debug, Default)]
pub struct ProxyOptions {
    /// The file that keeps its tables; none if they are lost with the process.
    pub file: Option<PathBuf>,
    /// The country in which its applications run, as two letters (ISO 3166).
    pub country: Option<String>,
    /// How much it holds.
    pub limits: Limits,
    /// How long it repeats notifications.
    pub patience: Patience,
}

/// A UE application lifecycle management proxy. Clones are the same proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    machine: Mutex<model::Proxy>,
    clock: Clock,
    journal: Option<Journal>,
    country: Option<String>,
    /// There may be something to notify.
    changed: Notify,
}

impl Proxy {
    /// A proxy with the tables in its file, if it has one.
    ///
    /// # Errors
    /// If the file is not usable.
    pub fn new(options: &ProxyOptions) -> Result<Self, JournalError> {
        let clock = Clock::start();
        let (limits, patience) = (options.limits, options.patience);
        let (journal, machine) = match &options.file {
            None => (None, model::Proxy::new(limits, patience)),
            Some(file) => {
                let (journal, records) = Journal::open(file)?;
                let now = clock.now();
                let (machine, refused) = model::Proxy::restore(limits, patience, now, records);
                let contexts = machine.context_count();
                info!("{}: {contexts} contexts restored", file.display());
                if refused > 0 {
                    warn!("{}: {refused} records beyond the limits", file.display());
                }
                let _ = journal.replace(machine.snapshot());
                (Some(journal), machine)
            }
        };
        Ok(Self {
            shared: Arc::new(Shared {
                machine: Mutex::new(machine),
                clock,
                journal,
                country: options.country.clone(),
                changed: Notify::new(),
            }),
        })
    }

    /// Serves device applications below `root`, and notifies them, until it is told to
    /// stop. `ready` gets the address with the port that the system chose.
    ///
    /// # Errors
    /// If the address is not free.
    pub async fn serve(
        self,
        root: ApiRoot,
        stop: Stop,
        ready: impl FnOnce(ApiRoot),
    ) -> Result<(), Failure> {
        let server = http::Server::bind(root.endpoint()).await;
        let server = server.map_err(Failure::run)?.with_limits(HttpLimits {
            body: MEC_BODY,
            ..HttpLimits::default()
        });
        let root = root.at(server.endpoint().clone());
        info!("device applications at {root}/mx2/v1/ and {root}/dev_app/v1/");
        let routes = Arc::new(Routes::new(self.clone(), &root));
        ready(root);
        let notifying = notifier::run(self, stop.clone());
        tokio::join!(server.run(routes, stop), notifying);
        Ok(())
    }

    /// Answers one request, as [`serve`](Self::serve) does for an interface below `root`.
    pub async fn answer(&self, root: &ApiRoot, request: http::Request) -> http::Answer {
        let routes = Arc::new(Routes::new(self.clone(), root));
        routes.answer(request).await
    }

    /// The country in which the applications run.
    pub(super) fn country(&self) -> Option<&str> {
        self.shared.country.as_deref()
    }

    /// Looks at the tables.
    pub(super) fn look<T>(&self, look: impl FnOnce(&model::Proxy) -> T) -> T {
        look(&self.machine())
    }

    /// Changes the tables, and waits until the change is kept.
    ///
    /// # Errors
    /// If it could not be written to the file; it is in effect all the same.
    pub(super) async fn change<T>(
        &self,
        change: impl FnOnce(&mut model::Proxy, SimTime) -> T,
    ) -> Result<T, NotKept> {
        let (result, ticket) = self.apply(change);
        self.shared.changed.notify_one();
        if let Some(ticket) = ticket {
            ticket.kept().await?;
        }
        Ok(result)
    }

    /// Changes the tables. The change is kept when the ticket says so; at once without
    /// one. Notifications are not looked for.
    pub(super) fn apply<T>(
        &self,
        change: impl FnOnce(&mut model::Proxy, SimTime) -> T,
    ) -> (T, Option<Ticket>) {
        let mut machine = self.machine();
        let result = change(&mut machine, self.shared.clock.now());
        (result, self.shared.keep(&mut machine))
    }

    /// Waits until there may be something to notify.
    pub(super) async fn wait(&self) {
        let wake = self.machine().next_wake();
        let wake = wake.and_then(|at| self.shared.clock.instant(at));
        tokio::select! {
            () = self.shared.changed.notified() => {}
            () = crate::timer::until(wake) => {}
        }
    }

    fn machine(&self) -> MutexGuard<'_, model::Proxy> {
        let machine = self.shared.machine.lock();
        machine.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Hands what has changed over to the file.
    fn keep(&self, machine: &mut model::Proxy) -> Option<Ticket> {
        let records = machine.take_records();
        let journal = self.journal.as_ref()?;
        Some(if records.is_empty() {
            // An answer may rest on changes of others that are not kept yet.
            journal.now()
        } else if journal.is_long() {
            journal.replace(machine.snapshot())
        } else {
            journal.append(&records)
        })
    }
}
