//! The client side of the interface: a device application.

mod api;
mod follower;
mod notified;
mod options;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use soe_model::mec::ApplicationKey;
use tracing::{info, warn};
use uuid::Uuid;

pub use follower::Follower;
pub use options::{ApiChoice, EtsiOptions};

pub(super) use self::api::Api;
use super::address::ApiRoot;
use crate::command::Stop;
use crate::http::{ClientError, Server};
use crate::limits::{HttpLimits, MEC_BODY};
use crate::server::ServeError;

/// A device application: it has contexts, each with the end-point that it must call, and
/// learns of new end-points through notifications. Clones are the same one.
///
/// ```no_run
/// use soe_live::command::Stop;
/// use soe_live::mec::{ApiChoice, DeviceApplication};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let proxy = "http://127.0.0.1:6500".parse()?;
/// let notifications = "http://127.0.0.1:6600".parse()?;
/// let stop = Stop::new();
/// let choice = ApiChoice::default();
/// let device = DeviceApplication::start(choice, proxy, notifications, stop).await?;
///
/// let context = device.create("clambda0").await?;
/// println!("call {:?}", device.reference(&context));
/// device.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DeviceApplication {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    api: Api,
    /// Where notifications arrive.
    notifications: ApiRoot,
    contexts: Mutex<BTreeMap<String, Held>>,
}

/// A context that this device application has or is asking for.
#[derive(Clone, Debug, Default)]
struct Held {
    /// Its identifier; `None` until the response has come.
    id: Option<String>,
    application: ApplicationKey,
    /// The end-point to call.
    reference: Option<String>,
}

/// Why there is no context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There was no answer.
    #[error("{root}: {source}")]
    Http {
        /// The proxy.
        root: String,
        /// Why.
        source: ClientError,
    },
    /// The proxy refused.
    #[error("{root}: status: {status}, detail: {detail}")]
    Refused {
        /// The proxy.
        root: String,
        /// The status of the answer.
        status: u16,
        /// The text of the problem object, if there was one.
        detail: String,
    },
    /// The answer is not as expected.
    #[error("{root}: invalid answer: {problem}")]
    Invalid {
        /// The proxy.
        root: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No application has this name.
    #[error("{root}: there is no application `{name}`")]
    NoApplication {
        /// The proxy.
        root: String,
        /// The name.
        name: String,
    },
    /// The context has no end-point at the moment.
    #[error("no end-point serves `{0}` at the moment")]
    NoEndpoint(String),
    /// The end-point of the context is not `host:port`.
    #[error("{0}")]
    Endpoint(String),
}

impl DeviceApplication {
    /// A device application of the proxy below `root`, which takes notifications at
    /// `notifications` until `stop` is thrown. With port 0 there, the system chooses one.
    ///
    /// # Errors
    /// If notifications cannot be taken there.
    pub async fn start(
        choice: ApiChoice,
        root: ApiRoot,
        notifications: ApiRoot,
        stop: Stop,
    ) -> Result<Self, ServeError> {
        Self::start_from(None, choice, root, notifications, stop).await
    }

    /// The same, which asks the proxy from an address of this machine.
    ///
    /// # Errors
    /// If notifications cannot be taken there.
    pub(crate) async fn start_from(
        from: Option<IpAddr>,
        choice: ApiChoice,
        root: ApiRoot,
        notifications: ApiRoot,
        stop: Stop,
    ) -> Result<Self, ServeError> {
        let server = Server::bind(notifications.endpoint()).await?;
        let server = server.with_limits(HttpLimits {
            body: MEC_BODY,
            ..HttpLimits::default()
        });
        let notifications = notifications.at(server.endpoint().clone());
        let device = Self {
            shared: Arc::new(Shared {
                api: Api::new(choice, root, from),
                notifications,
                contexts: Mutex::default(),
            }),
        };
        let handler = Arc::new(notified::Notified(device.clone()));
        tokio::spawn(server.run(handler, stop));
        Ok(device)
    }

    /// Gets a context of the first application with this name; returns the identifier of
    /// the device application that it belongs to.
    ///
    /// # Errors
    /// If there is no such application, or the proxy refuses.
    pub async fn create(&self, function: &str) -> Result<String, DeviceError> {
        let api = &self.shared.api;
        let application = api.find(function).await?;
        let device = api.device();
        let held = Held {
            application: application.clone(),
            ..Held::default()
        };
        // A notification may arrive before the response.
        self.contexts().insert(device.clone(), held);
        let callback = format!("{}/{device}", self.shared.notifications);
        match api.create(&application, &device, &callback).await {
            Ok((id, reference)) => {
                info!("context {id} of {function}: {reference}");
                if let Some(held) = self.contexts().get_mut(&device) {
                    held.id = Some(id);
                    held.reference.get_or_insert(reference);
                }
                Ok(device)
            }
            Err(error) => {
                self.contexts().remove(&device);
                Err(error)
            }
        }
    }

    /// The end-point that a context refers to at the moment. `None` if there is no such
    /// context, or no end-point.
    pub fn reference(&self, device: &str) -> Option<String> {
        let reference = self.contexts().get(device)?.reference.clone();
        reference.filter(|reference| !reference.is_empty())
    }

    /// The identifiers of all its contexts.
    pub fn identifiers(&self) -> Vec<String> {
        let contexts = self.contexts();
        contexts
            .values()
            .filter_map(|held| held.id.clone())
            .collect()
    }

    /// Asks the proxy whether it still knows a context. If it does not, the context is
    /// forgotten here, too, and `false` is returned.
    pub async fn confirm(&self, device: &str) -> bool {
        let Some(held) = self.contexts().get(device).cloned() else {
            return false;
        };
        let Some(id) = held.id else {
            return true;
        };
        let callback = format!("{}/{device}", self.shared.notifications);
        let asked = self
            .shared
            .api
            .update(&held.application, &id, device, &callback);
        match asked.await {
            Err(DeviceError::Refused {
                status: 403 | 404, ..
            }) => {
                info!("the proxy does not know context {id} any more");
                self.contexts().remove(device);
                false
            }
            // Without an answer nothing is known.
            Ok(()) | Err(_) => true,
        }
    }

    /// Deletes a context. Nothing happens if there is none.
    pub async fn delete(&self, device: &str) {
        let held = self.contexts().remove(device);
        if let Some(id) = held.and_then(|held| held.id)
            && let Err(error) = self.shared.api.delete(&id).await
        {
            warn!("context {id} is not deleted: {error}");
        }
    }

    /// Deletes all contexts.
    pub async fn close(&self) {
        let devices: Vec<_> = self.contexts().keys().cloned().collect();
        for device in devices {
            self.delete(&device).await;
        }
    }

    /// A notification has come; whether its context is known.
    fn notified(&self, device: &str, reference: String) -> bool {
        let mut contexts = self.contexts();
        let Some(held) = contexts.get_mut(device) else {
            return false;
        };
        info!("calls go to {reference} from now on");
        held.reference = Some(reference);
        true
    }

    fn contexts(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        let contexts = self.shared.contexts.lock();
        contexts.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fresh identifier of a device application, of 32 characters or, as in the original,
/// of 36.
fn fresh(choice: ApiChoice) -> String {
    let id = Uuid::new_v4();
    match choice {
        ApiChoice::V1 => id.hyphenated().to_string(),
        ApiChoice::V2 => id.simple().to_string(),
    }
}
