//! Device applications that do what they must not.

use http::Method;
use serde_json::json;
use soe_live::mec::ProxyOptions;
use soe_model::mec::Limits;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tonic::Code;

use super::{Bench, Callback, tuple};
use crate::support::eventually;

fn body(device: &str, callback: &str) -> String {
    let info = json!({"appName": "f", "appProvider": "OpenLambdaMec", "appSoftVersion": "1.0"});
    json!({"associateUeAppId": device, "callbackReference": callback, "appInfo": info}).to_string()
}

#[tokio::test]
async fn contexts_are_bounded_and_those_that_exist_are_served_on() {
    let options = ProxyOptions {
        limits: Limits {
            contexts: 10,
            ..Limits::default()
        },
        ..ProxyOptions::default()
    };
    let mut bench = Bench::with(&options).await;
    bench.add("f").await;
    bench.associate("", "f", "e:1").await;
    let mut refused = 0;
    for number in 0..20 {
        let body = body(&format!("d{number}"), "http://127.0.0.1:1/d");
        let created = bench.ask(Method::POST, "/mx2/v1/app_contexts", &body).await;
        refused += u32::from(created.status() == 403);
    }
    assert_eq!((refused, bench.count().await), (10, 10));
}

#[tokio::test]
async fn a_large_body_is_refused_and_the_proxy_stays() {
    let mut bench = Bench::start().await;
    for path in ["/mx2/v1/app_contexts", "/dev_app/v1/app_contexts"] {
        let large = "x".repeat(1 << 20);
        let answer = bench.ask(Method::POST, path, &large).await;
        assert_eq!(answer.status(), 413);
        // As deep as a body may be.
        let deep = "[".repeat(60_000);
        let answer = bench.ask(Method::POST, path, &deep).await;
        assert_eq!(answer.status(), 400);
    }
    assert_eq!(bench.count().await, 0);
}

#[tokio::test]
async fn callbacks_that_accept_and_say_nothing_do_not_delay_others() {
    let mut bench = Bench::start().await;
    bench.add("f").await;
    bench.associate("", "f", "e:1").await;
    let silent = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = silent.accept().await {
            let mut first = [0; 1];
            let _ = socket.read(&mut first).await;
            held.push(socket);
        }
    });
    // Fewer than may be under way to one client: all are held.
    for number in 0..4 {
        let body = body(&format!("s{number}"), &format!("http://{address}/s"));
        let created = bench.ask(Method::POST, "/mx2/v1/app_contexts", &body).await;
        assert_eq!(created.status(), 201);
    }
    let callback = Callback::start(204).await;
    super::version_one::create(&bench, "good", &callback).await;
    bench.associate("", "f", "e:2").await;
    eventually("the good one is told", async || callback.taken().len() == 1).await;
    assert_eq!(bench.count().await, 5);
}

#[tokio::test]
async fn wrong_changes_of_the_tables_are_refused_and_change_nothing() {
    let mut bench = Bench::start().await;
    for row in [
        tuple("", "", "e:1"),
        tuple("", "f", ""),
        tuple("", &"f".repeat(33), "e:1"),
        tuple(&"a".repeat(300), "f", "e:1"),
        tuple("", "f", &"e".repeat(300)),
    ] {
        let refused = bench.tables.associate_address(row).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    for value in [String::new(), "f".repeat(33)] {
        let lambda = soe_live::rpc::mec::Lambda { value };
        let refused = bench.tables.add_lambda(lambda).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
    // As in the original, what is unknown may be removed.
    bench.remove("", "nothing").await;
    let table = bench
        .tables
        .table(soe_live::rpc::mec::Void {})
        .await
        .unwrap();
    assert!(table.into_inner().table.is_empty());
}
