//! The front end for HTTP clients, in front of a router and two computers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};
use soe_live::Security;
use soe_live::command::{Endpoint, Stop};
use soe_live::connect_lazily;
use soe_live::front::{Activations, Calls, FrontEnd, Functions, Keep, Keys};
use soe_live::http::{Client, Server, Trust};
use soe_live::limits::HttpLimits;
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_model::broker::Compatibility;
use tonic::Status;

use crate::support::{LONG, Router, any, computer, eventually, ok, router, stand_in};

/// How a front end is set up.
pub struct Setup {
    pub keys: Keys,
    pub most: usize,
    pub blocking: Duration,
    pub time: Duration,
    pub compatibility: Compatibility,
    pub place: Endpoint,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            keys: Keys::everybody("guest"),
            most: 100,
            blocking: LONG,
            time: LONG,
            compatibility: Compatibility::Corrected,
            place: any(),
        }
    }
}

/// Starts a front end; returns its root.
pub async fn front(
    server: &Endpoint,
    tables: Option<&Endpoint>,
    setup: Setup,
    stop: &Stop,
) -> String {
    let channel = |place: &Endpoint| connect_lazily(place.as_str(), &Security::Plaintext).unwrap();
    let period = Duration::from_millis(100);
    let functions = Arc::new(Functions::of(tables.map(channel), period));
    let front = FrontEnd {
        functions: functions.clone(),
        calls: Calls::new(channel(server), setup.time, setup.most),
        activations: Activations::new(Keep::default()),
        keys: setup.keys,
        blocking: setup.blocking,
        compatibility: setup.compatibility,
        callbacks: Client::new(Trust::System),
    };
    let server = Server::bind(&setup.place).await.unwrap();
    let limits = HttpLimits {
        body: 2_000_000,
        ..HttpLimits::default()
    };
    let root = format!("http://{}", server.endpoint());
    tokio::spawn(functions.keep(period, stop.clone()));
    tokio::spawn(
        server
            .with_limits(limits)
            .run(Arc::new(front), stop.clone()),
    );
    root
}

/// A client of a front end.
pub struct Person {
    pub root: String,
    pub client: Client,
    pub key: Option<&'static str>,
}

impl Person {
    pub fn of(root: String) -> Self {
        Self {
            root,
            client: Client::new(Trust::System),
            key: None,
        }
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Response<Bytes> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.root));
        if let Some(key) = self.key {
            request = request.header("authorization", key);
        }
        let request = request.body(body.into()).unwrap();
        self.client.send(request, LONG).await.unwrap()
    }

    async fn json(&self, method: Method, path: &str, body: impl Into<Bytes>) -> (u16, Value) {
        let path = format!("/api/v1/namespaces{path}");
        let answer = self.send(method, &path, body).await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        let body = serde_json::from_slice(answer.body()).unwrap();
        (answer.status().as_u16(), body)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.json(Method::GET, path, "").await
    }

    async fn post(&self, path: &str, body: impl Into<Bytes>) -> (u16, Value) {
        self.json(Method::POST, path, body).await
    }
}

/// A router with two computers that have `clambda0` and `glambda0`, and a front end.
pub async fn deployment(stop: &Stop) -> (Router, Person) {
    let mut router = router(stop).await;
    for _ in 0..2 {
        let place = computer(false, stop).await;
        for function in ["clambda0", "glambda0"] {
            router.change(function, place.as_str(), 1.0).await;
        }
    }
    let tables = router.tables_endpoint.clone();
    let root = front(&router.endpoint, Some(&tables), Setup::default(), stop).await;
    let person = Person::of(root);
    eventually("the tables are known", async || {
        person.get("/_/actions").await.0 == 200
    })
    .await;
    (router, person)
}

#[tokio::test]
async fn actions_are_listed_and_shown_from_the_tables_of_the_broker() {
    let stop = Stop::new();
    let (mut router, person) = deployment(&stop).await;
    let names = async |path: &str| {
        let (status, list) = person.get(path).await;
        assert_eq!(status, 200);
        let list = list.as_array().unwrap().iter();
        list.map(|it| {
            format!(
                "{}/{}",
                it["namespace"].as_str().unwrap(),
                it["name"].as_str().unwrap()
            )
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(
        names("/_/actions").await,
        ["guest/clambda0", "guest/glambda0"]
    );
    assert_eq!(
        names("/guest/actions?limit=1&skip=1").await,
        ["guest/glambda0"]
    );
    assert_eq!(names("/other/actions").await, [""; 0]);
    let count = person.get("/_/actions?count=true&limit=0").await;
    assert_eq!(count, (200, json!({"actions": 2})));
    // A change of the tables is seen.
    for name in ["/guest/p/extra", "/other/f"] {
        router.change(name, "127.0.0.1:1", 1.0).await;
    }
    eventually("the new function is listed", async || {
        names("/_/actions").await.last().unwrap() == "guest/p/extra"
    })
    .await;
    assert_eq!(names("/other/actions").await, ["other/f"]);
    assert_eq!(names("/_/packages").await, ["guest/p"]);
    assert_eq!(person.get("").await, (200, json!(["guest", "other"])));
    let (status, package) = person.get("/_/packages/p").await;
    assert_eq!(
        (status, &package["actions"][0]["name"]),
        (200, &json!("extra"))
    );
    let (status, action) = person.get("/_/actions/clambda0").await;
    assert_eq!((status, &action["exec"]["kind"]), (200, &json!("blackbox")));
    let (status, action) = person.get("/guest/actions/p/extra").await;
    assert_eq!((status, &action["namespace"]), (200, &json!("guest/p")));
    // A function that has just come is found at once, without waiting for the next reading.
    router.change("new", "127.0.0.1:1", 1.0).await;
    assert_eq!(person.get("/_/actions/new").await.0, 200);
    for (path, status) in [
        ("/_/actions/none", 404),
        ("/_/actions/a/b/c", 404),
        ("/_/packages/none", 404),
        ("/_/triggers", 200),
        ("/_/rules", 200),
        ("/_/rules/r", 404),
        ("/_/nonsense", 404),
        ("/_/actions?limit=201", 400),
        ("/_/actions?skip=-1", 400),
        ("/_/actions?count=maybe", 400),
    ] {
        let (found, body) = person.get(path).await;
        assert_eq!(found, status, "{path}: {body}");
        assert!(status == 200 || body["error"].is_string() && body["code"].is_string());
    }
    for (method, path, status) in [
        (Method::PUT, "/_/actions/f", 405),
        (Method::DELETE, "/_/actions/f", 405),
        (Method::POST, "/_/actions", 405),
        (Method::POST, "/_/activations", 405),
    ] {
        assert_eq!(person.json(method, path, "{}").await.0, status, "{path}");
    }
    stop.stop();
}

#[tokio::test]
async fn invocations_are_executed_and_their_activations_kept() {
    let stop = Stop::new();
    let (_router, person) = deployment(&stop).await;
    let input = r#"{"input":"AAAA"}"#;
    let path = "/_/actions/clambda0?blocking=true";
    // The function returns its input, which is an object: the result as it is.
    let result = person.post(&format!("{path}&result=true"), input).await;
    assert_eq!(result, (200, json!({"input": "AAAA"})));
    let by_name = "/guest/actions/clambda0?blocking=true&result=true";
    assert_eq!(
        person.post(by_name, "").await,
        (200, json!({"payload": ""}))
    );
    let (status, record) = person.post(path, input).await;
    assert_eq!(
        (status, &record["response"]["status"]),
        (200, &json!("success"))
    );
    assert_eq!(record["response"]["result"], json!({"input": "AAAA"}));
    // Not blocking.
    let (status, accepted) = person.post("/_/actions/glambda0", input).await;
    let id = accepted["activationId"].as_str().unwrap().to_owned();
    assert_eq!((status, id.len()), (202, 32));
    eventually("the activation is kept", async || {
        person.get(&format!("/_/activations/{id}")).await.0 == 200
    })
    .await;
    let record = person.get(&format!("/_/activations/{id}")).await.1;
    assert_eq!(
        (&record["name"], &record["namespace"]),
        (&json!("glambda0"), &json!("guest"))
    );
    let (_, result) = person.get(&format!("/_/activations/{id}/result")).await;
    assert_eq!(
        (&result["success"], &result["result"]),
        (&json!(true), &json!({"input": "AAAA"}))
    );
    let (_, logs) = person.get(&format!("/_/activations/{id}/logs")).await;
    assert!(
        logs["logs"][0]
            .as_str()
            .unwrap()
            .contains("executed by 127.0.0.1:"),
        "{logs}"
    );
    let (_, list) = person.get("/_/activations?name=glambda0").await;
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["activationId"]),
        (1, &json!(id))
    );
    let (_, all) = person.get("/_/activations?docs=true&limit=2").await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(all[0]["activationId"], json!(id), "the newest first");
    assert_eq!(
        person.get("/_/activations?count=true").await.1,
        json!({"activations": 4})
    );
    for path in [
        id.replace('a', "b") + "0",
        format!("{id}/nonsense"),
        "x".into(),
    ] {
        assert_eq!(person.get(&format!("/_/activations/{path}")).await.0, 404);
    }
    stop.stop();
}

#[tokio::test]
async fn what_cannot_be_executed_has_the_status_of_openwhisk() {
    let stop = Stop::new();
    let (mut router, person) = deployment(&stop).await;
    let fails = |request: LambdaRequest| async move {
        match &*request.name {
            "refuses" => Ok(LambdaResponse {
                retcode: "out of \"paper\"".to_owned(),
                ..ok()
            }),
            _ => Err(Status::internal("broken")),
        }
    };
    let place = stand_in(any(), &stop, fails).await;
    for function in ["refuses", "breaks"] {
        router.change(function, place.as_str(), 1.0).await;
    }
    let invoke = "?blocking=true&result=true";
    let post = async |path: &str, body: &str| {
        person
            .post(&format!("/_/actions/{path}"), body.to_owned())
            .await
    };
    let (status, body) = post(&format!("refuses{invoke}"), "{}").await;
    assert_eq!((status, body), (502, json!({"error": "out of \"paper\""})));
    let (status, record) = post("refuses?blocking=true", "{}").await;
    assert_eq!(
        (status, &record["response"]["status"]),
        (502, &json!("application error"))
    );
    for (path, body, status, text) in [
        (format!("none{invoke}"), "{}", 404, "does not exist"),
        (format!("clambda0{invoke}"), "hello", 400, "malformed"),
        (
            format!("clambda0{invoke}"),
            "[1]",
            400,
            "expected an object",
        ),
        (format!("clambda0{invoke}"), "{\"a\":", 400, "malformed"),
        ("clambda0?blocking=yes".into(), "{}", 400, "'blocking'"),
        (
            "clambda0?blocking=true&result=1".into(),
            "{}",
            400,
            "'result'",
        ),
        (
            "clambda0?blocking=true&timeout=x".into(),
            "{}",
            400,
            "'timeout'",
        ),
    ] {
        let (found, answer) = post(&path, body).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(text), "{answer}");
    }
    // A body that is no JSON is a text for the function, if it does not claim to be JSON.
    let request = http::Request::post(format!(
        "{}/api/v1/namespaces/_/actions/clambda0{invoke}",
        person.root
    ))
    .header("content-type", "text/plain")
    .body("say \"hi\"".into())
    .unwrap();
    let answer = person.client.send(request, LONG).await.unwrap();
    assert_eq!(answer.body(), r#"{"payload":"say \"hi\""}"#);
    stop.stop();
}

#[tokio::test]
async fn a_call_that_takes_long_is_followed_by_its_activation() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = gate.clone();
    let waits = move |_request: LambdaRequest| {
        let gate = opened.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(LambdaResponse {
                output: "done".into(),
                ..ok()
            })
        }
    };
    let place = stand_in(any(), &stop, waits).await;
    router.change("waits", place.as_str(), 1.0).await;
    let setup = Setup {
        blocking: Duration::from_millis(50),
        most: 2,
        ..Setup::default()
    };
    let tables = router.tables_endpoint.clone();
    let person = Person::of(front(&router.endpoint, Some(&tables), setup, &stop).await);
    let path = "/_/actions/waits?blocking=true&result=true";
    eventually("the function is known", async || {
        person.get("/_/actions/waits").await.0 == 200
    })
    .await;
    let (status, accepted) = person.post(path, "{}").await;
    assert_eq!(status, 202);
    assert_eq!(person.post(path, "{}").await.0, 202);
    // Two calls go on; there is no place for a third.
    let answer = person
        .send(Method::POST, &format!("/api/v1/namespaces{path}"), "{}")
        .await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &http::HeaderValue::from_static("1"))
    );
    let answer = person.send(Method::POST, "/function/waits", "").await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key("retry-after"));
    let id = accepted["activationId"].as_str().unwrap();
    assert_eq!(person.get(&format!("/_/activations/{id}")).await.0, 404);
    gate.add_permits(2);
    eventually("the result is there", async || {
        let (status, result) = person.get(&format!("/_/activations/{id}/result")).await;
        status == 200 && result["result"] == json!({"payload": "done"})
    })
    .await;
    stop.stop();
}

#[tokio::test]
async fn a_broker_that_is_away_or_slow_is_told() {
    let stop = Stop::new();
    let nowhere = crate::support::endpoint();
    let person = Person::of(front(&nowhere, Some(&nowhere), Setup::default(), &stop).await);
    let invoke = "/_/actions/f?blocking=true&result=true";
    let answer = person
        .send(Method::POST, &format!("/api/v1/namespaces{invoke}"), "{}")
        .await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(
        person.send(Method::POST, "/function/f", "").await.status(),
        503
    );
    assert_eq!(person.get("/_/actions").await.0, 503);
    assert_eq!(
        person
            .send(Method::GET, "/system/functions", "")
            .await
            .status(),
        503
    );
    assert_eq!(person.send(Method::GET, "/healthz", "").await.status(), 200);
    // Without tables, nothing is listed.
    let person = Person::of(front(&nowhere, None, Setup::default(), &stop).await);
    assert_eq!(person.get("/_/actions").await.0, 501);
    // One that never answers.
    let never = |_: LambdaRequest| std::future::pending();
    let place = stand_in(any(), &stop, never).await;
    let setup = Setup {
        time: Duration::from_millis(50),
        ..Setup::default()
    };
    let person = Person::of(front(&place, None, setup, &stop).await);
    assert_eq!(person.post(invoke, "{}").await.0, 504);
    assert_eq!(
        person.send(Method::POST, "/function/f", "").await.status(),
        504
    );
    stop.stop();
}

#[tokio::test]
async fn only_those_with_a_key_may_call_and_only_in_their_namespace() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let place = computer(false, &stop).await;
    router.change("clambda0", place.as_str(), 1.0).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, "user:pass\nother:secret other\n").unwrap();
    let setup = Setup {
        keys: Keys::read(&file, "guest").unwrap(),
        ..Setup::default()
    };
    let tables = router.tables_endpoint.clone();
    let root = front(&router.endpoint, Some(&tables), setup, &stop).await;
    let mut person = Person::of(root);
    let invoke = "/_/actions/clambda0?blocking=true&result=true";
    for key in [None, Some("Basic d3Jvbmc6a2V5"), Some("Bearer x")] {
        person.key = key;
        let (status, body) = person.post(invoke, "{}").await;
        assert_eq!((status, body["error"].is_string()), (401, true));
        let answer = person.send(Method::POST, "/function/clambda0", "").await;
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate"));
        assert_eq!(person.send(Method::GET, "/healthz", "").await.status(), 200);
    }
    person.key = Some("Basic dXNlcjpwYXNz");
    assert_eq!(person.post(invoke, "{}").await, (200, json!({})));
    assert_eq!(person.get("/other/actions").await.0, 403);
    let id = person.get("/_/activations").await.1[0]["activationId"]
        .as_str()
        .unwrap()
        .to_owned();
    // The other has a namespace of its own, in which there is nothing.
    person.key = Some("Basic b3RoZXI6c2VjcmV0");
    assert_eq!(person.get("").await, (200, json!(["other"])));
    assert_eq!(person.get("/_/actions").await, (200, json!([])));
    assert_eq!(person.post(invoke, "{}").await.0, 404);
    assert_eq!(person.get(&format!("/_/activations/{id}")).await.0, 404);
    assert_eq!(person.get("/_/activations").await, (200, json!([])));
    stop.stop();
}

#[tokio::test]
async fn many_clients_at_once_are_all_served() {
    let stop = Stop::new();
    let (_router, person) = deployment(&stop).await;
    let body = format!(r#"{{"input":"{}"}}"#, "A".repeat(1_000_000));
    let calls = (0..50).map(async |number| {
        let path = "/_/actions/clambda0?blocking=true&result=true";
        let input = match number % 10 {
            0 => body.clone(),
            _ => format!(r#"{{"n":{number}}}"#),
        };
        let (status, result) = person.post(path, input.clone()).await;
        assert_eq!((status, result.to_string()), (200, input));
    });
    futures_util::future::join_all(calls).await;
    stop.stop();
}
