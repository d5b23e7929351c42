//! Controllers that fill the tables of a proxy.

use std::time::Duration;

use soe_live::Security;
use soe_live::command::Stop;
use soe_live::mec::{Assigner, Proxy, ProxyOptions, read_associations};
use soe_live::rpc::mec::Void;

use super::version_one::create;
use super::{Bench, Callback};
use crate::support::eventually;

const PERIOD: Duration = Duration::from_millis(50);

fn functions(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

async fn table(bench: &mut Bench) -> Vec<String> {
    let table = bench.tables.table(Void {}).await.unwrap().into_inner();
    let line = |row: soe_live::rpc::mec::AddressTuple| {
        format!("{} {} {}", row.client, row.app_name, row.server)
    };
    table.table.into_iter().map(line).collect()
}

#[tokio::test]
async fn clients_are_assigned_and_follow_when_computers_come_and_leave() {
    let mut bench = Bench::start().await;
    let stop = Stop::new();
    let _stop = stop.clone().on_drop();
    let north = bench.north.clone();
    let assigner = Assigner::balanced(north, Security::Plaintext, PERIOD, stop.clone());
    assigner.computer("b:1", functions(&["f"])).await;
    eventually("a default", async || table(&mut bench).await == [" f b:1"]).await;
    let callback = Callback::start(204).await;
    create(&bench, "u1", &callback).await;
    let assigned = ["127.0.0.1 f b:1", " f b:1"];
    eventually("assigned", async || table(&mut bench).await == assigned).await;
    assert!(callback.taken().is_empty());

    // Another computer does not move the only client, but the loss of its own does.
    assigner.computer("c:1", functions(&["f", "g"])).await;
    assigner.computer("b:1", functions(&[])).await;
    let assigned = ["127.0.0.1 f c:1", " f c:1", " g c:1"];
    eventually("moved", async || table(&mut bench).await == assigned).await;
    eventually("told", async || !callback.taken().is_empty()).await;
    let told = serde_json::json!({"referenceURI": "c:1"});
    assert_eq!(callback.taken().last().unwrap().1, told);

    // The last one leaves.
    assigner.computer("c:1", functions(&[])).await;
    eventually("nothing is served", async || {
        table(&mut bench).await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_proxy_that_has_lost_its_tables_gets_them_again() {
    let stop = Stop::new();
    let _stop = stop.clone().on_drop();
    let endpoint: soe_live::command::Endpoint = crate::ports::port().parse().unwrap();
    let assigner = Assigner::balanced(endpoint.clone(), Security::Plaintext, PERIOD, stop.clone());
    assigner.computer("b:1", functions(&["f"])).await;
    for _ in 0..2 {
        let close = Stop::new();
        let proxy = Proxy::new(&ProxyOptions::default()).unwrap();
        let server = soe_live::server::Server::bind(&endpoint, &Security::Plaintext)
            .await
            .unwrap();
        let services = soe_live::server::Services::new(&[], |routes| {
            use soe_live::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxyServer;
            routes.add_service(UeAppLcmProxyServer::new(proxy.clone()));
        });
        let serving = tokio::spawn(server.run(None, services.await.unwrap(), close.clone()));
        eventually("told", async || {
            use soe_live::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxy;
            let table = proxy.table(tonic::Request::new(Void {})).await.unwrap();
            table.into_inner().table.len() == 1
        })
        .await;
        close.stop();
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn functions_of_computers_become_applications_of_the_proxy_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("associations");
    std::fs::write(&path, "* f a:1\n10.0.0.1 f b:1\n").unwrap();
    let associations = read_associations(&path).unwrap();
    let proxy = Proxy::new(&ProxyOptions::default()).unwrap();
    let assigner = Assigner::file(proxy.clone(), &associations).await.unwrap();
    let (ready, root) = tokio::sync::oneshot::channel();
    let stop = Stop::new();
    let _stop = stop.clone().on_drop();
    tokio::spawn(async move {
        let root = "http://127.0.0.1:0".parse().unwrap();
        proxy
            .serve(root, stop, |root| ready.send(root).unwrap())
            .await
    });
    let root = root.await.unwrap();
    let client = soe_live::http::Client::new(soe_live::http::Trust::System);
    let list = async || {
        let request = http::Request::get(format!("{root}/mx2/v1/app_list"));
        let request = request.body(bytes::Bytes::new()).unwrap();
        let answer = client.send(request, crate::support::LONG).await.unwrap();
        let list: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        let all = list["ApplicationList"]["appInfo"]
            .as_array()
            .unwrap()
            .clone();
        all.iter()
            .map(|it| format!("{} {}", it["appName"], it["appProvider"]))
            .collect::<Vec<_>>()
    };
    assert!(list().await.is_empty());
    assigner.computer("a:1", functions(&["f", "g"])).await;
    assigner.computer("b:1", functions(&["f"])).await;
    let provider = "\"ServerlessOnEdge\"";
    assert_eq!(
        list().await,
        [format!("\"f\" {provider}"), format!("\"g\" {provider}")]
    );
    assigner.computer("a:1", functions(&[])).await;
    assert_eq!(list().await, [format!("\"f\" {provider}")]);
}
