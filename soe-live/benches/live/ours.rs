//! Our router and our computer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sim_core::Streams;
use soe_live::broker::{Broker, Forwarding};
use soe_live::command::Stop;
use soe_live::computer::{Computer, ComputerOptions, Executor, Simulated};
use soe_live::server::{Server, Services};
use soe_live::{Security, Transport};
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::{
    BrokerKind, BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards,
    TableEntrySpec,
};
use soe_model::computer::platform::Platform;

use crate::load::on_thread;

/// Tasks that cost nothing: an operation per byte, 1 Top/s.
pub const FREE: &str = r#"{
  "version": "1.0",
  "processors": [{"name": "cpu", "speed": 1e12, "cores": 64, "memory": 1e12}],
  "containers": [{"name": "c", "processor": "cpu", "num-workers": 64,
    "lambda": {"name": "f0", "output-type": "copy-input",
      "requirements": "proportional", "op-coeff": 1, "op-offset": 0,
      "mem-coeff": 0, "mem-offset": 0}}]
}"#;

/// Tasks of 1 ms per byte, each on a core of its own.
pub const EXACT: &str = r#"{
  "version": "1.0",
  "processors": [{"name": "cpu", "speed": 1e9, "cores": 1000, "memory": 1e12}],
  "containers": [{"name": "c", "processor": "cpu", "num-workers": 1000,
    "lambda": {"name": "f0", "op-coeff": 1e6}}]
}"#;

pub fn computer(platform: &'static str) -> SocketAddr {
    computer_over(platform, Transport::Grpc, Security::Plaintext)
}

/// The same over a transport.
pub fn computer_over(
    platform: &'static str,
    transport: Transport,
    security: Security,
) -> SocketAddr {
    on_thread(move |started| async move {
        let any = "0.0.0.0:0".parse().unwrap();
        let server = Server::bind_over(transport, &any, &security).await.unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], server.local_address().port()));
        let platform = Platform::from_json(platform).unwrap();
        let spec = platform
            .clone()
            .computer(address.to_string(), String::new(), None);
        let options = ComputerOptions::of(platform, any);
        let executor = Executor::Simulated(Arc::new(Simulated::new(&spec).unwrap()));
        let computer = Arc::new(Computer::new(executor, &address.to_string(), &options).unwrap());
        let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
            .await
            .unwrap();
        started.send(address).unwrap();
        server.run(Some(computer), services, Stop::new()).await;
    })
}

/// With so many functions, each at all destinations, the first being the best.
pub fn router(destinations: &[SocketAddr], functions: usize) -> SocketAddr {
    router_over(
        destinations,
        functions,
        Transport::Grpc,
        Security::Plaintext,
    )
}

/// The same over a transport towards the destinations.
pub fn router_over(
    destinations: &[SocketAddr],
    functions: usize,
    transport: Transport,
    security: Security,
) -> SocketAddr {
    let entries = (0..functions).flat_map(|function| {
        let destinations = destinations.iter().enumerate();
        destinations.map(move |(number, destination)| TableEntrySpec {
            function: format!("f{function}"),
            destination: destination.to_string(),
            weight: 1.0 + number as f32,
            is_final: true,
        })
    });
    let optimizer = match destinations {
        [_] => "trivial",
        _ => "none",
    };
    let spec = BrokerSpec {
        name: "router".into(),
        node: String::new(),
        controller: None,
        kind: BrokerKind::Router {
            policy: POLICIES.configure("least-impedance", vec![]).unwrap(),
            optimizer: OPTIMIZERS.configure(optimizer, vec![]).unwrap(),
        },
        limits: Limits::default(),
        forwarding_time: ForwardingTime::default(),
        table: entries.collect(),
        compatibility: Compatibility::Corrected,
        failover: Failover::Always,
        safeguards: Safeguards::default(),
    };
    on_thread(move |started| async move {
        let forwarding = Forwarding {
            security,
            transport,
            connections: 4,
            call_timeout: Duration::from_secs(300),
            fake: false,
            message: soe_live::limits::MESSAGE,
        };
        let (broker, _failures) = Broker::new(&spec, &Streams::new(0, 0), forwarding).unwrap();
        tokio::spawn(broker.clone().attend());
        let any = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(&any, &Security::Plaintext).await.unwrap();
        let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
            .await
            .unwrap();
        started.send(server.local_address()).unwrap();
        server.run(Some(broker), services, Stop::new()).await;
    })
}
