//! Two deployments: a computer of the first executes functions on the second, through its
//! front end.

use soe_live::Security;
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{self, Kind, OpenWhiskConf, WskKey};
use soe_live::controller::Controller;
use soe_live::front::Keys;
use soe_live::http::Trust;
use soe_live::rpc::edge_controller_server::{EdgeController, EdgeControllerServer};
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_live::server::{Server, Services};
use soe_model::broker::Compatibility;
use soe_model::controller::InstallerSpec;

use crate::front::{Setup, front};
use crate::support::{
    Router, any, call, computer, computer_options, eventually, ok, router, stand_in,
};

/// A controller that tells a router of computers.
pub async fn controller(router: &Router, stop: &Stop) -> Endpoint {
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let place = server.endpoint().clone();
    let controller = Controller::new(&InstallerSpec::Flat, 0, Security::Plaintext);
    let services = Services::new(&["uiiit.rpc.EdgeController"], |routes| {
        routes.add_service(EdgeControllerServer::new(controller.clone()));
    });
    tokio::spawn(server.run(None, services.await.unwrap(), stop.clone()));
    let info = soe_live::rpc::RouterInfo {
        edge_server_endpoint: router.endpoint.to_string(),
        forwarding_table_endpoint: router.tables_endpoint.to_string(),
    };
    let announced = controller.announce_router(tonic::Request::new(info)).await;
    announced.unwrap();
    place
}

#[tokio::test]
async fn two_deployments_are_federated_through_a_front_end() {
    let stop = Stop::new();
    // The second deployment: a router with two computers, and one that needs its time.
    let mut second = router(&stop).await;
    for _ in 0..2 {
        let place = computer(false, &stop).await;
        second.change("clambda0", place.as_str(), 1.0).await;
    }
    let slow = |request: LambdaRequest| async move {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let output = format!("slowly {}", request.input);
        Ok(LambdaResponse { output, ..ok() })
    };
    let place = stand_in(any(), &stop, slow).await;
    second
        .change("/guest/tools/slow", place.as_str(), 1.0)
        .await;
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "user:pass\n").unwrap();
    let proxy = crate::support::endpoint();
    let start_proxy = async |second: &Router| {
        let stop = Stop::new();
        let setup = Setup {
            keys: Keys::read(&keys, "guest").unwrap(),
            // Slow functions are followed by their activation.
            blocking: std::time::Duration::from_millis(50),
            place: proxy.clone(),
            ..Setup::default()
        };
        let root = front(
            &second.endpoint,
            Some(&second.tables_endpoint),
            setup,
            &stop,
        )
        .await;
        (root, stop)
    };
    let (root, stop_proxy) = start_proxy(&second).await;

    // The first deployment has a computer that executes functions on the second.
    let mut first = router(&stop).await;
    let mut options = computer_options(crate::support::endpoint());
    options.kind = Kind::OpenWhisk(OpenWhiskConf {
        root: root.parse().unwrap(),
        key: Some(WskKey::read("user:pass").unwrap().0),
        trust: Trust::System,
        compatibility: Compatibility::Corrected,
    });
    options.controller_endpoint = Some(controller(&first, &stop).await);
    tokio::spawn(computer::run(options, stop.clone()));
    let knows = async |first: &mut Router, expected: &[&str]| {
        eventually(
            "the functions of the second deployment are known in the first",
            async || {
                let entries = first.table(0).await.entries;
                let names: Vec<_> = entries.iter().map(|entry| &*entry.lambda).collect();
                names == expected
            },
        )
        .await;
    };
    knows(&mut first, &["/guest/clambda0", "/guest/tools/slow"]).await;
    let entrance = first.endpoint.clone();
    let ask = async |function: &str, input: &str| {
        let request = LambdaRequest {
            name: function.to_owned(),
            input: input.to_owned(),
            ..LambdaRequest::default()
        };
        call(&entrance, request).await
    };
    let response = ask("/guest/clambda0", r#"{"input": "AAA"}"#).await;
    assert_eq!(
        (&*response.retcode, &*response.output),
        ("OK", r#"{"input":"AAA"}"#)
    );
    assert_eq!(response.responder, root);
    let response = ask("/guest/tools/slow", "{}").await;
    assert_eq!((&*response.retcode, &*response.output), ("OK", "slowly {}"));
    let refused = ask("/guest/clambda0", "no JSON").await;
    assert!(
        refused.retcode.starts_with("error encountered: "),
        "{refused:?}"
    );

    // A function comes, another one goes.
    second.change("extra", place.as_str(), 1.0).await;
    knows(
        &mut first,
        &["/guest/clambda0", "/guest/extra", "/guest/tools/slow"],
    )
    .await;
    let change = soe_live::rpc::EdgeRouterConf {
        action: 2,
        lambda: "/guest/tools/slow".into(),
        destination: place.to_string(),
        ..Default::default()
    };
    second.tables.configure(change).await.unwrap();
    knows(&mut first, &["/guest/clambda0", "/guest/extra"]).await;

    // The front end goes away: calls fail with a reason, and no computer is lost. It
    // returns, and they are executed again.
    stop_proxy.stop();
    eventually("the front end is away", async || {
        tokio::net::TcpStream::connect(proxy.as_str())
            .await
            .is_err()
    })
    .await;
    let failed = ask("/guest/clambda0", "{}").await;
    assert!(
        failed.retcode.starts_with("error encountered: "),
        "{failed:?}"
    );
    let (_, stop_proxy) = start_proxy(&second).await;
    eventually("calls are executed again", async || {
        ask("/guest/clambda0", "{}").await.retcode == "OK"
    })
    .await;
    stop_proxy.stop();
    stop.stop();
}
