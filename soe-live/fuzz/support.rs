//! What the targets share.

use std::sync::Arc;
use std::time::Duration;

use sim_core::Streams;
use soe_live::Security;
use soe_live::broker::{Broker, Forwarding};
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::{BrokerKind, BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards, TableEntrySpec};
use tokio::runtime::{Builder, Runtime};

/// A runtime of one thread.
pub fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A router that answers calls of `clambda0` by itself.
pub fn router() -> Arc<Broker> {
    broker("127.0.0.1:1", true)
}

/// A router that forwards calls of `clambda0` to a destination.
pub fn forwarding_to(destination: &str) -> Arc<Broker> {
    broker(destination, false)
}

fn broker(destination: &str, fake: bool) -> Arc<Broker> {
    let spec = BrokerSpec {
        name: "router".into(),
        node: String::new(),
        controller: None,
        kind: BrokerKind::Router {
            policy: POLICIES.configure("random", vec![]).expect("a policy"),
            optimizer: OPTIMIZERS.configure("trivial", vec![]).expect("an optimizer"),
        },
        limits: Limits::default(),
        forwarding_time: ForwardingTime::default(),
        table: vec![TableEntrySpec {
            function: "clambda0".into(),
            destination: destination.into(),
            weight: 1.0,
            is_final: true,
        }],
        compatibility: Compatibility::Corrected,
        failover: Failover::Always,
        safeguards: Safeguards::default(),
    };
    let forwarding = Forwarding {
        security: Security::Plaintext,
        transport: soe_live::Transport::Grpc,
        connections: 1,
        call_timeout: Duration::from_secs(1),
        fake,
        message: soe_live::limits::MESSAGE,
    };
    let broker = Broker::new(&spec, &Streams::new(0, 0), forwarding);
    broker.expect("a broker").0
}
