//! Sends the notifications of a proxy.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Uri};
use soe_model::mec::{Notification, Outcome, Settled};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use super::proxy::Proxy;
use super::wire;
use crate::command::Stop;
use crate::http::{Client, ClientError, Trust};
use crate::limits::{MEC_ANSWER, NOTIFICATION};

/// Sends what is due until it is told to stop. The model bounds how many are under way.
pub async fn run(proxy: Proxy, stop: Stop) {
    let client = Arc::new(Client::new(Trust::System).with_most(MEC_ANSWER));
    let mut sending = JoinSet::new();
    loop {
        let (due, ticket) = proxy
            .apply(|machine, now| std::iter::from_fn(|| machine.poll(now)).collect::<Vec<_>>());
        let kept = match ticket {
            Some(ticket) => ticket.kept().await,
            None => Ok(()),
        };
        for notification in due {
            match kept {
                Ok(()) => {
                    sending.spawn(send(proxy.clone(), client.clone(), notification));
                }
                // After a restart, a device application could seem to know what it does not.
                Err(_) => {
                    let number = notification.number;
                    proxy.apply(|machine, now| machine.settled(now, number, Outcome::Unreachable));
                }
            }
        }
        if let Err(error) = kept {
            warn!("notifications are held back: {error}");
        }
        tokio::select! {
            () = stop.wait() => return,
            () = proxy.wait() => {}
            Some(_) = sending.join_next() => {}
        }
    }
}

async fn send(proxy: Proxy, client: Arc<Client>, notification: Notification) {
    let outcome = match request(&notification) {
        None => Outcome::Unreachable,
        Some(request) => match client.send(request, NOTIFICATION).await {
            Ok(answer) => Outcome::Answered {
                status: answer.status().as_u16(),
            },
            // There was an answer, but its body is of no interest.
            Err(ClientError::TooLarge(_)) => Outcome::Unreachable,
            Err(error) => {
                debug!("{}: not notified: {error}", notification.callback);
                Outcome::Unreachable
            }
        },
    };
    let number = notification.number;
    let settled = proxy.change(|machine, now| machine.settled(now, number, outcome));
    let (context, callback) = (notification.context, &notification.callback);
    match settled.await {
        Ok(Settled::Dropped) => {
            info!("context {context} deleted: {callback} answered {outcome:?}");
        }
        Ok(Settled::GivenUp) => warn!("{callback} cannot be notified of context {context}"),
        Ok(settled) => debug!("{callback}: {settled:?}"),
        Err(error) => warn!("context {context}: {error}"),
    }
}

fn request(notification: &Notification) -> Option<Request<Bytes>> {
    let mut request = Request::new(Bytes::from(wire::notification(notification)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = notification.callback.parse::<Uri>().ok()?;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    Some(request)
}
