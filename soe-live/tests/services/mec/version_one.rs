//! Version 1.1.1.

use http::Method;
use serde_json::json;

use super::{Bench, Callback, moment};
use crate::support::eventually;

const CONTEXTS: &str = "/mx2/v1/app_contexts";

fn request(device: &str, callback: &str, name: &str) -> String {
    let info = json!({"appName": name, "appProvider": "OpenLambdaMec", "appSoftVersion": "1.0"});
    let context = json!({
        "associateUeAppId": device,
        "callbackReference": callback,
        "appInfo": info,
    });
    context.to_string()
}

/// Creates a context; returns its identifier.
pub async fn create(bench: &Bench, device: &str, callback: &Callback) -> String {
    let callback = format!("http://{}/{device}", callback.endpoint);
    let body = request(device, &callback, "f");
    let created = bench.ask(Method::POST, CONTEXTS, &body).await;
    assert_eq!(created.status(), 201, "{}", created.text());
    let id = created.json()["contextId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36);
    id
}

async fn bench() -> Bench {
    let mut bench = Bench::start().await;
    bench.add("f").await;
    bench.associate("", "f", "any:1").await;
    bench
}

#[tokio::test]
async fn refusals_are_bare_problems_and_errors_of_the_framework_are_wrapped() {
    let bench = bench().await;
    let unknown = request("d", "http://127.0.0.1:1/d", "nothing");
    for (method, path, body, status) in [
        (Method::POST, CONTEXTS, unknown.as_str(), 403),
        (Method::PUT, "/mx2/v1/app_contexts/x", &unknown, 403),
        (Method::DELETE, "/mx2/v1/app_contexts/x", "", 403),
        (Method::POST, CONTEXTS, "{\"a\":", 400),
        (Method::POST, CONTEXTS, "{}", 400),
        (Method::PUT, "/mx2/v1/app_contexts/x", "[]", 400),
        (Method::GET, CONTEXTS, "", 404),
        (Method::GET, "/mx2/v1/app_contexts/x", "", 404),
        (Method::PATCH, "/mx2/v1/app_contexts/x", "", 404),
        (Method::DELETE, "/mx2/v1/app_contexts/x/y", "", 404),
        (Method::DELETE, "/mx2/v1/app_contexts/", "", 404),
        (Method::GET, "/mx2/v1/app_list/", "", 404),
        (Method::GET, "/mx2/v1//app_list", "", 404),
        (Method::GET, "/mx2/v1/nothing?a=b", "", 404),
        (Method::GET, "/", "", 404),
    ] {
        let answer = bench.ask(method.clone(), path, body).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/json");
        let problem = answer.json();
        match status {
            403 => assert_eq!(problem["status"], 403),
            _ => {
                let detail = format!("Error processing method {method} at {path}");
                let inner = json!({"detail": detail, "status": status});
                assert_eq!(problem, json!({ "ProblemDetails": inner }));
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_refused() {
    let bench = bench().await;
    for sort in [Some("text/plain"), None] {
        let mut request = http::Request::post(format!("{}{CONTEXTS}", bench.root));
        if let Some(sort) = sort {
            request = request.header("content-type", sort);
        }
        let body = self::request("d", "http://127.0.0.1:1/d", "f");
        let answer = bench.send(request.body(body.into()).unwrap()).await;
        assert_eq!(answer.status(), 400);
    }
}

#[tokio::test]
async fn a_notification_must_be_answered_with_204() {
    for (status, contexts) in [(204, 1), (200, 0), (500, 0), (404, 0)] {
        let mut bench = bench().await;
        let callback = Callback::start(status).await;
        create(&bench, "u1", &callback).await;
        bench.associate("", "f", "any:2").await;
        let expected = [("/u1".to_owned(), json!({"referenceURI": "any:2"}))];
        eventually("notified", async || callback.taken() == expected).await;
        eventually("settled", async || bench.count().await == contexts).await;
        moment().await;
        assert_eq!(callback.taken().len(), 1);
        assert_eq!(bench.count().await, contexts);
    }
}

#[tokio::test]
async fn a_callback_that_cannot_be_reached_is_tried_again() {
    let mut bench = bench().await;
    let free = crate::ports::port();
    let body = request("u1", &format!("http://{free}/u1"), "f");
    let created = bench.ask(Method::POST, CONTEXTS, &body).await;
    assert_eq!(created.status(), 201);
    bench.associate("", "f", "any:2").await;
    moment().await;
    assert_eq!(bench.count().await, 1);
    // The device application moves its callback, as it may.
    let callback = Callback::start(204).await;
    let body = request("u1", &format!("http://{}/new", callback.endpoint), "f");
    let updated = bench
        .ask(Method::PUT, "/mx2/v1/app_contexts/any", &body)
        .await;
    assert_eq!(updated.status(), 204);
    let expected = [("/new".to_owned(), json!({"referenceURI": "any:2"}))];
    eventually("notified", async || callback.taken() == expected).await;
}

#[tokio::test]
async fn an_address_that_cannot_be_notified_is_refused_at_once() {
    let mut bench = bench().await;
    for callback in ["nowhere", "ftp://127.0.0.1/", "http://"] {
        let body = request("u1", callback, "f");
        let created = bench.ask(Method::POST, CONTEXTS, &body).await;
        assert_eq!(created.status(), 400, "{callback}");
    }
    assert_eq!(bench.count().await, 0);
}

#[tokio::test]
async fn a_deleted_context_is_not_notified() {
    let mut bench = bench().await;
    let callback = Callback::start(204).await;
    let id = create(&bench, "u1", &callback).await;
    let path = format!("/mx2/v1/app_contexts/{id}");
    assert_eq!(bench.ask(Method::DELETE, &path, "").await.status(), 204);
    assert_eq!(bench.ask(Method::DELETE, &path, "").await.status(), 403);
    bench.associate("", "f", "any:2").await;
    moment().await;
    assert!(callback.taken().is_empty());
}

#[tokio::test]
async fn an_association_of_the_address_takes_precedence() {
    let mut bench = bench().await;
    let callback = Callback::start(204).await;
    bench.associate("127.0.0.1", "f", "own:1").await;
    bench.associate("10.0.0.1", "f", "other:1").await;
    create(&bench, "u1", &callback).await;
    let row = |reference: &str| {
        let (client, function) = ("127.0.0.1".to_owned(), "f".to_owned());
        [(client, function, reference.to_owned())]
    };
    assert_eq!(bench.contexts().await, row("own:1"));
    bench.remove("127.0.0.1", "f").await;
    assert_eq!(bench.contexts().await, row("any:1"));
    bench.remove("", "f").await;
    assert_eq!(bench.contexts().await, row(""));
    eventually("notified", async || callback.taken().len() == 1).await;
    moment().await;
    assert_eq!(callback.taken()[0].1, json!({"referenceURI": "any:1"}));
    assert_eq!(callback.taken().len(), 1);
}
