//! The tables of a MEC proxy, its notifications, and balanced assignment.

#![allow(clippy::unwrap_used)]

mod balancing;
mod bounds;
mod checklist;
mod notifying;
mod properties;

use sim_core::{SimDuration, SimTime};
use soe_model::mec::*;

const T0: SimTime = SimTime::ZERO;

fn key(name: &str) -> ApplicationKey {
    ApplicationKey::new(name, "OpenLambdaMec", "1.0")
}

fn after(millis: u64) -> SimTime {
    T0 + SimDuration::from_millis(millis)
}

fn address(client: &str) -> Client {
    Client::Address(client.to_owned())
}

fn request(version: ApiVersion, client: &str, device: &str, name: &str) -> ContextRequest {
    ContextRequest {
        version,
        client: client.to_owned(),
        device: device.to_owned(),
        callback: Some(format!("http://{client}:6600/{device}")),
        application: key(name),
    }
}

/// A proxy with the application `f`, which `any:1` serves.
fn proxy() -> Proxy {
    let mut proxy = Proxy::new(Limits::default(), Patience::default());
    proxy.add_application(Application::plain(key("f"))).unwrap();
    proxy.associate(T0, Client::Any, "f", "any:1").unwrap();
    proxy
}

fn create(proxy: &mut Proxy, id: u128, version: ApiVersion, client: &str) -> ContextId {
    let id = ContextId(id);
    let device = format!("d{}", id.0);
    let request = request(version, client, &device, "f");
    proxy.create(T0, id, request).unwrap();
    id
}

fn reference(proxy: &Proxy, version: ApiVersion, id: ContextId) -> Option<&str> {
    proxy.context(version, id).map(Context::reference)
}
