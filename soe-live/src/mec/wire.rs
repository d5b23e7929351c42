//! The JSON documents of the two versions of the standard.

pub mod schema;
pub mod v1;
pub mod v2;

use soe_model::mec::Notification;

use soe_model::mec::ApiVersion;

/// The body of a notification, in the format of its version.
pub fn notification(notification: &Notification) -> String {
    match notification.version {
        ApiVersion::V1 => v1::notification(&notification.reference).to_string(),
        ApiVersion::V2 => {
            let id = notification.context.to_string();
            v2::notification(&id, &notification.reference).to_string()
        }
    }
}
