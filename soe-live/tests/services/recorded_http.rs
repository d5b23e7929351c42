//! What the original's OpenWhisk programs sent and answered, recorded on the wire.
//!
//! The recordings are in the folder that `SOE_DATA` names, in
//! `golden/http/exchanges.json`. They cannot be part of the project.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use serde_json::{Value, json};
use soe_live::Security;
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{self, Computer, Executor, Kind, OpenWhisk, OpenWhiskConf, WskKey};
use soe_live::http::{Request, Server, Trust, empty, json as json_answer, text};
use soe_live::rpc::{LambdaRequest, LambdaResponse};
use soe_live::server::{Server as GrpcServer, Services};
use soe_model::broker::Compatibility;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::front::{Setup, front};
use crate::support::{LONG, any, call, computer_options, eventually, ok, router, stand_in};

/// The exchanges of one of the programs, by name; `None` if there is no recording.
fn recorded(program: &str) -> Option<BTreeMap<String, Value>> {
    let Some(folder) = std::env::var_os("SOE_DATA") else {
        eprintln!("left out: SOE_DATA does not name the folder with the published inputs");
        return None;
    };
    let file = std::path::Path::new(&folder).join("golden/http/exchanges.json");
    let Ok(content) = std::fs::read(&file) else {
        eprintln!("left out: {} is not there", file.display());
        return None;
    };
    let exchanges: Vec<Value> = serde_json::from_slice(&content).unwrap();
    let exchanges = exchanges.into_iter().filter(|it| it["server"] == program);
    let named = exchanges.map(|it| (it["name"].as_str().unwrap().to_owned(), it));
    Some(named.collect())
}

/// A message of HTTP/1.1: its first line, headers in lower case, and body.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    first: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn message(text: &str) -> Message {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Message {
        first,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

/// What a server answers to a recorded request.
async fn answer(endpoint: &str, request: &str) -> Message {
    let talk = async {
        let mut socket = tokio::net::TcpStream::connect(endpoint).await.unwrap();
        let request = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        message(&String::from_utf8(bytes).unwrap())
    };
    tokio::time::timeout(LONG, talk).await.unwrap()
}

/// A computer as the recorded one: it has `clambda0`, which returns its input.
async fn recorded_computer(stop: &Stop) -> Endpoint {
    let echo = |request: LambdaRequest| async move {
        match &*request.name {
            "clambda0" => Ok(LambdaResponse {
                output: request.input,
                ..ok()
            }),
            name => Ok(LambdaResponse {
                retcode: format!(
                    "No container for lambda {name} found in computer computer@127.0.0.1:10000"
                ),
                ..ok()
            }),
        }
    };
    stand_in(any(), stop, echo).await
}

#[tokio::test]
async fn wskproxy_answers_as_the_original_if_it_is_asked_to() {
    let Some(exchanges) = recorded("wskproxy") else {
        return;
    };
    let stop = Stop::new();
    let setup = Setup {
        compatibility: Compatibility::Original,
        ..Setup::default()
    };
    let computer = recorded_computer(&stop).await;
    let root = front(&computer, None, setup, &stop).await;
    let endpoint = root.strip_prefix("http://").unwrap();
    assert_eq!(exchanges.len(), 13);
    for (name, exchange) in exchanges {
        let mut got = answer(endpoint, exchange["request"].as_str().unwrap()).await;
        for added in ["connection", "date"] {
            got.headers.remove(added);
        }
        let expected = message(exchange["response"].as_str().unwrap());
        assert_eq!(got, expected, "{name}");
    }
    stop.stop();
}

/// The answers that differ from the original's: status, and the body or a part of it. The
/// same list is in docs/front-ends.md.
const CHANGED: [(&str, u16, &str); 11] = [
    ("ok", 200, r#"{"a":1}"#),
    (
        "unknown function",
        404,
        r#"{"error":"No container for lambda nothere"#,
    ),
    (
        "namespace",
        404,
        r#"{"error":"No container for lambda /guest/clambda0"#,
    ),
    ("no keys", 202, r#"{"activationId":""#),
    (
        "only blocking",
        200,
        r#""response":{"result":{},"size":2,"status":"success""#,
    ),
    ("blocking false", 202, r#"{"activationId":""#),
    ("result false", 200, r#""success":true"#),
    (
        "package",
        404,
        r#"{"error":"No container for lambda pkg/clambda0"#,
    ),
    (
        "not actions",
        404,
        r#"{"error":"The requested resource does not exist.""#,
    ),
    ("GET list", 501, r#"{"error":"The functions are not known"#),
    (
        "not json",
        400,
        r#"{"error":"The request content was malformed"#,
    ),
];

#[tokio::test]
async fn every_answer_of_wskproxy_that_changed_is_listed() {
    let Some(exchanges) = recorded("wskproxy") else {
        return;
    };
    let stop = Stop::new();
    let computer = recorded_computer(&stop).await;
    let root = front(&computer, None, Setup::default(), &stop).await;
    let endpoint = root.strip_prefix("http://").unwrap();
    for (name, exchange) in exchanges {
        let got = answer(endpoint, exchange["request"].as_str().unwrap()).await;
        let status: u16 = got.first[9..12].parse().unwrap();
        match CHANGED.iter().find(|(changed, ..)| *changed == name) {
            Some((_, expected, part)) => {
                assert_eq!(status, *expected, "{name}: {got:?}");
                assert!(got.body.contains(part), "{name}: {got:?}");
                assert_eq!(got.headers["content-type"], "application/json", "{name}");
            }
            // An empty input is still a text, and its result the same but for its type.
            None if name == "empty body" => {
                assert_eq!((status, &*got.body), (200, r#"{"payload":""}"#));
            }
            // The root is a text for people now.
            None => assert_eq!((&*name, status), ("root", 200)),
        }
    }
    stop.stop();
}

/// The recorded OpenWhisk: what it was asked.
#[derive(Default)]
struct Asked(Mutex<Vec<Request>>);

/// Starts an OpenWhisk with the functions of the recording.
async fn openwhisk(stop: &Stop) -> (String, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let server = Server::bind(&any()).await.unwrap();
    let root = format!("http://{}", server.endpoint());
    let notes = asked.clone();
    let answer = move |request: Request| {
        let path = request.path().to_owned();
        notes.0.lock().unwrap().push(request);
        async move {
            let action = |name: &str| json!({"name": name, "namespace": "guest", "version": "0.0.1", "updated": 1});
            match path.rsplit('/').next().unwrap() {
                "" => json_answer(StatusCode::OK, &json!([action("f1"), action("f2")])),
                "f500" => empty(StatusCode::INTERNAL_SERVER_ERROR),
                "fnum" => json_answer(StatusCode::OK, &json!({"payload": 5})),
                "fnone" => json_answer(StatusCode::OK, &json!({"other": "x"})),
                name => text(StatusCode::OK, format!(r#"{{"payload":"{name}"}}"#)),
            }
        }
    };
    tokio::spawn(server.run(Arc::new(answer), stop.clone()));
    (root, asked)
}

fn conf(root: &str, compatibility: Compatibility) -> OpenWhiskConf {
    OpenWhiskConf {
        root: root.parse().unwrap(),
        key: Some(WskKey::read("user:pass").unwrap().0),
        trust: Trust::System,
        compatibility,
    }
}

/// A computer in front of it.
async fn in_front(conf: OpenWhiskConf, stop: &Stop) -> Endpoint {
    let server = GrpcServer::bind(&any(), &Security::Plaintext)
        .await
        .unwrap();
    let endpoint = server.endpoint().clone();
    let options = computer_options(endpoint.clone());
    let executor = Executor::OpenWhisk(OpenWhisk::new(conf));
    let computer = Computer::new(executor, endpoint.as_str(), &options).unwrap();
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
        .await
        .unwrap();
    tokio::spawn(server.run(Some(Arc::new(computer)), services, stop.clone()));
    endpoint
}

/// A request as it is recorded: without what may differ.
fn sent(request: &Request) -> Message {
    let headers = request.head.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut message = Message {
        first: format!(
            "{} {} {:?}",
            request.method(),
            request.target(),
            request.head.version
        ),
        headers: headers.collect(),
        body: String::from_utf8(request.body.to_vec()).unwrap(),
    };
    may_differ(&mut message);
    message
}

fn may_differ(message: &mut Message) {
    for name in ["host", "user-agent"] {
        assert!(message.headers.remove(name).is_some());
    }
}

#[tokio::test]
async fn edgecomputerwsk_sends_what_the_original_sends() {
    let Some(exchanges) = recorded("edgecomputerwsk") else {
        return;
    };
    for compatibility in [Compatibility::Original, Compatibility::Corrected] {
        let stop = Stop::new();
        let (root, asked) = openwhisk(&stop).await;
        let computer = in_front(conf(&root, compatibility), &stop).await;
        let mut requests = 0;
        for (name, exchange) in &exchanges {
            if name == "discovery request" {
                let wsk = OpenWhisk::new(conf(&root, compatibility));
                assert_eq!(wsk.functions().await.unwrap(), ["/guest/f1", "/guest/f2"]);
            } else if let Some(what) = name.strip_prefix("invoke ") {
                let (function, input) = what.split_once(' ').unwrap();
                let request = LambdaRequest {
                    name: function.to_owned(),
                    input: input.to_owned(),
                    ..LambdaRequest::default()
                };
                let response = call(&computer, request).await;
                let is_ok = exchange["client_stdout"] != "";
                let more = compatibility == Compatibility::Corrected
                    && matches!(function, "fnum" | "fnone" | "/a/b/c");
                assert_eq!(
                    response.retcode == "OK",
                    is_ok || more,
                    "{name}: {response:?}"
                );
                assert_eq!(response.hops, 1);
                if response.retcode == "OK" {
                    assert_eq!(response.responder, root);
                }
            } else {
                continue;
            }
            let request = asked.0.lock().unwrap().pop();
            match exchange["request"].as_str() {
                Some(expected) => {
                    let mut expected = message(expected);
                    may_differ(&mut expected);
                    assert_eq!(sent(&request.unwrap()), expected, "{name}");
                    requests += 1;
                }
                // Packages are new.
                None if name.contains("/a/b/c") && compatibility == Compatibility::Corrected => {
                    let target = request.unwrap().target().to_owned();
                    let expected = "/api/v1/namespaces/a/actions/b/c?blocking=true&result=true";
                    assert_eq!(target, expected);
                }
                None => assert!(request.is_none(), "{name}"),
            }
        }
        assert_eq!(requests, 6);
        stop.stop();
    }
}

#[tokio::test]
async fn the_actions_of_openwhisk_are_in_the_tables_as_recorded() {
    let Some(exchanges) = recorded("edgecomputerwsk") else {
        return;
    };
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let controller = crate::federation::controller(&router, &stop).await;
    let (root, _) = openwhisk(&stop).await;
    let mut options = computer_options(crate::support::endpoint());
    options.kind = Kind::OpenWhisk(conf(&root, Compatibility::Corrected));
    options.controller_endpoint = Some(controller);
    let place = options.server_endpoint.to_string();
    tokio::spawn(computer::run(options, stop.clone()));
    let text = exchanges["tables after discovery"]["text"]
        .as_str()
        .unwrap();
    let expected = text.replace("127.0.0.1:10007", &place);
    eventually("the tables are as recorded", async || {
        let mut text = String::new();
        for number in 0..2 {
            let entries = router.table(number).await.entries;
            let lines = entries.iter().map(|entry| {
                let last = if entry.r#final { " (F)" } else { "" };
                format!(
                    "{} [{}] {}{last}\n",
                    entry.lambda, entry.weight, entry.destination
                )
            });
            text += &format!("Table#{number}\n{}", lines.collect::<String>());
        }
        text == expected
    })
    .await;
    stop.stop();
}
