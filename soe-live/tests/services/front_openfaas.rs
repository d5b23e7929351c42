//! The front end as clients of OpenFaaS see it.

use std::sync::Arc;

use http::Method;
use serde_json::Value;
use soe_live::command::Stop;
use soe_live::http::{self as web, Server};

use crate::front::deployment;
use crate::support::{LONG, any, eventually};

#[tokio::test]
async fn the_dialect_of_openfaas_is_served_on_the_same_port() {
    let stop = Stop::new();
    let (mut router, person) = deployment(&stop).await;
    router.change("/guest/p/f", "127.0.0.1:1", 1.0).await;
    let answer = person
        .send(Method::POST, "/function/clambda0", r#"{"a":1}"#)
        .await;
    assert_eq!(
        (answer.status().as_u16(), &**answer.body()),
        (200, &br#"{"a":1}"#[..])
    );
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(answer.headers().contains_key("x-call-id"));
    let answer = person
        .send(Method::GET, "/function/clambda0", "a { text")
        .await;
    assert_eq!(
        (
            &**answer.body(),
            answer.headers()["content-type"].to_str().unwrap()
        ),
        (&b"a { text"[..], "text/plain; charset=utf-8")
    );
    eventually("all functions are listed", async || {
        let answer = person.send(Method::GET, "/system/functions", "").await;
        let list: Value = serde_json::from_slice(answer.body()).unwrap();
        let names: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        names == ["/guest/p/f", "clambda0", "glambda0"]
    })
    .await;
    for path in ["guest/p/f", "%2Fguest%2Fp%2Ff"] {
        let answer = person
            .send(Method::GET, &format!("/system/function/{path}"), "")
            .await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    for (method, path, status) in [
        (Method::POST, "/function/none", 404),
        (Method::POST, "/function/", 404),
        (Method::GET, "/system/function/none", 404),
        (Method::POST, "/system/functions", 405),
        (Method::POST, "/async-function/none", 404),
        (Method::GET, "/nonsense", 404),
        (Method::GET, "/", 200),
    ] {
        assert_eq!(
            person.send(method, path, "").await.status(),
            status,
            "{path}"
        );
    }
    let large = person
        .send(Method::POST, "/function/clambda0", vec![b'x'; 2_000_001])
        .await;
    assert_eq!(large.status(), 413);
    stop.stop();
}

#[tokio::test]
async fn the_result_of_an_asynchronous_call_goes_to_its_callback() {
    let stop = Stop::new();
    let (_router, person) = deployment(&stop).await;
    let (send, mut results) = tokio::sync::mpsc::channel(10);
    let server = Server::bind(&any()).await.unwrap();
    let url = format!("http://{}/results", server.endpoint());
    let take = move |request: web::Request| {
        let send = send.clone();
        async move {
            send.send(request).await.unwrap();
            web::empty(http::StatusCode::OK)
        }
    };
    tokio::spawn(server.run(Arc::new(take), stop.clone()));
    let call = async |callback: &str| {
        let request = http::Request::post(format!("{}/async-function/clambda0", person.root))
            .header("x-callback-url", callback)
            .body("input".into())
            .unwrap();
        person.client.send(request, LONG).await.unwrap()
    };
    let accepted = call(&url).await;
    assert_eq!(accepted.status(), 202);
    let result = results.recv().await.unwrap();
    assert_eq!((result.path(), &*result.body), ("/results", &b"input"[..]));
    assert_eq!(
        result.head.headers["x-call-id"],
        accepted.headers()["x-call-id"]
    );
    assert_eq!(result.head.headers["x-function-name"], "clambda0");
    assert_eq!(result.head.headers["x-function-status"], "200");
    for wrong in ["nonsense", "/path", "ftp://host/"] {
        assert_eq!(call(wrong).await.status(), 400, "{wrong}");
    }
    // A callback that is away costs nothing but its result.
    let nowhere = format!("http://{}/", crate::support::endpoint());
    assert_eq!(call(&nowhere).await.status(), 202);
    assert_eq!(call(&url).await.status(), 202);
    assert_eq!(results.recv().await.unwrap().path(), "/results");
    stop.stop();
}
