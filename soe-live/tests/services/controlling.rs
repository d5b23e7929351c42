//! Controllers, and those who are known to them.

use std::time::Duration;

use soe_live::broker::{BrokerOptions, RouterConf};
use soe_live::command::{Endpoint, Stop};
use soe_live::controller::ControllerOptions;
use soe_live::limits::Limits;
use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::{EdgeRouterConf, TableId};
use soe_live::{Security, broker, computer, connect, controller};
use soe_model::broker::{Compatibility, Failover, Safeguards};
use soe_model::controller::{Distances, InstallerSpec, Objective};

use crate::support::{
    LONG, call, computer_options, endpoint, eventually, least_impedance, request,
};

pub fn controller_options(server: &Endpoint) -> ControllerOptions {
    ControllerOptions {
        server_endpoint: server.clone(),
        installer: InstallerSpec::Flat,
        seed: 0,
        security: Security::Plaintext,
        limits: Limits::default(),
        metrics_endpoint: None,
    }
}

pub fn broker_options(
    server: &Endpoint,
    tables: &Endpoint,
    controller: &Endpoint,
) -> BrokerOptions {
    BrokerOptions {
        kind: least_impedance(),
        server_endpoint: server.clone(),
        announce_endpoint: None,
        configuration_endpoint: tables.clone(),
        controller_endpoint: Some(controller.clone()),
        calls_in_progress: None,
        router_conf: RouterConf::default(),
        call_timeout: LONG,
        fake_entries: (0, 0),
        compatibility: Compatibility::default(),
        failover: Failover::default(),
        safeguards: Safeguards::default(),
        limits: Limits::default(),
        seed: 0,
        security: Security::Plaintext,
        server_transport: soe_live::Transport::Grpc,
        client_transport: soe_live::Transport::Grpc,
        metrics_endpoint: None,
    }
}

/// The destinations in the overall table of a broker; none if it is not there.
async fn destinations(tables: &Endpoint) -> Vec<String> {
    let Ok(channel) = connect(tables.as_str(), &Security::Plaintext).await else {
        return Vec::new();
    };
    let mut client = EdgeRouterClient::new(channel);
    let table = client.get_table(TableId { value: 0 });
    let entries = table.await.map(|table| table.into_inner().entries);
    let entries = entries.unwrap_or_default().into_iter();
    entries.map(|entry| entry.destination).collect()
}

#[tokio::test]
async fn everybody_finds_everybody_in_whatever_order_they_start() {
    for controller_last in [false, true] {
        let (stop, places) = (Stop::new(), [(); 4].map(|()| endpoint()));
        let [controller, server, tables, place] = places;
        let start_controller = || {
            tokio::spawn(controller::run(
                controller_options(&controller),
                stop.clone(),
            ));
        };
        if !controller_last {
            start_controller();
        }
        let mut options = computer_options(place.clone());
        options.controller_endpoint = Some(controller.clone());
        tokio::spawn(computer::run(options, stop.clone()));
        let options = broker_options(&server, &tables, &controller);
        tokio::spawn(broker::run(options, stop.clone()));
        if controller_last {
            tokio::time::sleep(Duration::from_millis(300)).await;
            start_controller();
        }
        eventually("the computer is in the table", async || {
            destinations(&tables).await == [place.to_string(), place.to_string()]
        })
        .await;
        let served = call(&server, request("clambda0", 10)).await;
        assert_eq!((&*served.retcode, served.hops), ("OK", 2));
        stop.stop();
    }
}

#[tokio::test]
async fn a_controller_that_was_restarted_learns_everything_again() {
    let (stop, life, places) = (Stop::new(), Stop::new(), [(); 4].map(|()| endpoint()));
    let [controller, server, tables, place] = places;
    let first = tokio::spawn(controller::run(
        controller_options(&controller),
        life.clone(),
    ));
    let mut options = computer_options(place.clone());
    options.controller_endpoint = Some(controller.clone());
    // Only the lost connection tells it.
    options.announce_period = Duration::from_secs(3600);
    tokio::spawn(computer::run(options, stop.clone()));
    let options = broker_options(&server, &tables, &controller);
    tokio::spawn(broker::run(options, stop.clone()));
    eventually("the table is filled", async || {
        !destinations(&tables).await.is_empty()
    })
    .await;

    life.stop();
    first.await.unwrap().unwrap();
    let channel = connect(tables.as_str(), &Security::Plaintext)
        .await
        .unwrap();
    let flush = EdgeRouterConf::default();
    EdgeRouterClient::new(channel)
        .configure(flush)
        .await
        .unwrap();
    assert!(destinations(&tables).await.is_empty());
    tokio::spawn(controller::run(
        controller_options(&controller),
        stop.clone(),
    ));
    eventually("the table is filled again", async || {
        destinations(&tables).await == [place.to_string(), place.to_string()]
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn a_computer_that_leaves_or_dies_leaves_the_tables_and_comes_back() {
    let (stop, life, places) = (Stop::new(), Stop::new(), [(); 4].map(|()| endpoint()));
    let [controller, server, tables, place] = places;
    tokio::spawn(controller::run(
        controller_options(&controller),
        stop.clone(),
    ));
    let options = broker_options(&server, &tables, &controller);
    tokio::spawn(broker::run(options, stop.clone()));
    let start = |life: &Stop| {
        let mut options = computer_options(place.clone());
        options.controller_endpoint = Some(controller.clone());
        tokio::spawn(computer::run(options, life.clone()))
    };
    let running = start(&life);
    eventually("it is there", async || {
        !destinations(&tables).await.is_empty()
    })
    .await;
    life.stop();
    running.await.unwrap().unwrap();
    assert!(
        destinations(&tables).await.is_empty(),
        "it has deregistered"
    );

    let running = start(&stop);
    eventually("it is back", async || {
        !destinations(&tables).await.is_empty()
    })
    .await;
    // It dies without a word.
    running.abort();
    eventually("nobody is there", async || {
        tokio::net::TcpStream::connect(place.as_str())
            .await
            .is_err()
    })
    .await;
    for function in ["clambda0", "glambda0"] {
        let failed = call(&server, request(function, 10)).await;
        assert!(failed.retcode != "OK", "{failed:?}");
    }
    assert!(destinations(&tables).await.is_empty());
    start(&stop);
    eventually("it is back again", async || {
        destinations(&tables).await.len() == 2
    })
    .await;
    eventually("it serves", async || {
        call(&server, request("clambda0", 10)).await.retcode == "OK"
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn a_computer_reported_by_mistake_announces_itself_again() {
    let (stop, places) = (Stop::new(), [(); 4].map(|()| endpoint()));
    let [controller, server, tables, place] = places;
    tokio::spawn(controller::run(
        controller_options(&controller),
        stop.clone(),
    ));
    let options = broker_options(&server, &tables, &controller);
    tokio::spawn(broker::run(options, stop.clone()));
    let mut options = computer_options(place.clone());
    options.controller_endpoint = Some(controller.clone());
    tokio::spawn(computer::run(options, stop.clone()));
    eventually("it is there", async || {
        !destinations(&tables).await.is_empty()
    })
    .await;
    let channel = connect(controller.as_str(), &Security::Plaintext)
        .await
        .unwrap();
    let mut client = soe_live::rpc::edge_controller_client::EdgeControllerClient::new(channel);
    let info = soe_live::rpc::ComputerInfo {
        edge_server_endpoint: place.to_string(),
        containers: Vec::new(),
    };
    client.remove_computer(info).await.unwrap();
    eventually("it is back", async || {
        destinations(&tables).await.len() == 2
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn a_broker_that_was_away_gets_everything_when_it_is_back() {
    let (stop, life, places) = (Stop::new(), Stop::new(), [(); 4].map(|()| endpoint()));
    let [controller, server, tables, place] = places;
    tokio::spawn(controller::run(
        controller_options(&controller),
        stop.clone(),
    ));
    let running = tokio::spawn(broker::run(
        broker_options(&server, &tables, &controller),
        life.clone(),
    ));
    eventually("the broker is there", async || {
        connect(tables.as_str(), &Security::Plaintext).await.is_ok()
    })
    .await;
    life.stop();
    running.await.unwrap().unwrap();
    let mut options = computer_options(place.clone());
    options.controller_endpoint = Some(controller.clone());
    tokio::spawn(computer::run(options, stop.clone()));
    tokio::spawn(broker::run(
        broker_options(&server, &tables, &controller),
        stop.clone(),
    ));
    eventually("the table is filled", async || {
        destinations(&tables).await.len() == 2
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn the_hierarchical_controller_knows_no_strange_hosts() {
    let (stop, place) = (Stop::new(), endpoint());
    let mut options = controller_options(&place);
    options.installer = InstallerSpec::Hierarchical {
        distances: Distances::parse("host0 0 1\nhost1 1 0\n").unwrap(),
        objective: Objective::MinMax,
    };
    tokio::spawn(controller::run(options, stop.clone()));
    eventually("the controller is there", async || {
        connect(place.as_str(), &Security::Plaintext).await.is_ok()
    })
    .await;
    let channel = connect(place.as_str(), &Security::Plaintext).await.unwrap();
    let mut client = soe_live::rpc::edge_controller_client::EdgeControllerClient::new(channel);
    for (endpoint, code) in [
        ("host0:1", None),
        ("host7:1", Some(tonic::Code::FailedPrecondition)),
        ("host0", Some(tonic::Code::InvalidArgument)),
        ("", Some(tonic::Code::InvalidArgument)),
    ] {
        let info = soe_live::rpc::ComputerInfo {
            edge_server_endpoint: endpoint.into(),
            containers: Vec::new(),
        };
        let answer = client.announce_computer(info).await;
        assert_eq!(answer.err().map(|status| status.code()), code, "{endpoint}");
    }
    stop.stop();
}
