//! What the original's programs said and answered, said to ours. `SOE_DATA` names the
//! folder of the recording.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::{Bench, Callback};
use crate::support::eventually;

fn recording() -> Option<Value> {
    let Some(folder) = std::env::var_os("SOE_DATA") else {
        eprintln!("left out: SOE_DATA does not name the folder with the recorded exchanges");
        return None;
    };
    let path = std::path::Path::new(&folder).join("golden/http/exchanges.json");
    let text = std::fs::read_to_string(path).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// The request as it was sent, with the callback and the context of this run.
fn request(bench: &Bench, raw: &str, callback: &str, context: &str) -> Request<Bytes> {
    let raw = raw.replace("127.0.0.1:23000", callback);
    let raw = raw.replace("3da5484d-2157-4d03-b031-b6aaaea21e23", context);
    let (head, body) = raw.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", bench.root));
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        if name == "Content-Type" {
            request = request.header(name, value);
        }
    }
    request
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

#[tokio::test]
async fn every_recorded_request_gets_the_recorded_answer() {
    let Some(recording) = recording() else {
        return;
    };
    let mut bench = Bench::start().await;
    bench.add("test1").await;
    bench.add("test2").await;
    bench.associate("", "test1", "localhost:10000").await;
    bench
        .associate("127.0.0.1", "test2", "localhost:10001")
        .await;
    let callback = Callback::start(204).await;
    let mut context = "none".to_owned();
    let mut compared = 0;
    for entry in recording.as_array().unwrap() {
        let (server, name) = (entry["server"].as_str(), entry["name"].as_str());
        if server == Some("ueapplcmproxyclient")
            && entry["input"].as_str().unwrap().contains("10009")
        {
            bench.associate("", "test1", "localhost:10009").await;
            eventually("notified", async || callback.taken().len() == 1).await;
            bench.remove("", "test1").await;
        }
        if server != Some("ueapplcmproxy") {
            continue;
        }
        let Some(raw) = entry["request"].as_str() else {
            let sent = entry["requests"][0].as_str().unwrap();
            let (_, body) = sent.split_once("\r\n\r\n").unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(callback.taken(), [("/u1".to_owned(), body)]);
            compared += 1;
            continue;
        };
        let endpoint = callback.endpoint.as_str();
        let answer = bench.send(request(&bench, raw, endpoint, &context)).await;
        if name == Some("create") {
            context = answer.json()["contextId"].as_str().unwrap().to_owned();
        }
        let expected = entry["response"].as_str().unwrap();
        let expected = expected.replace("127.0.0.1:23000", endpoint);
        let expected = expected.replace("3da5484d-2157-4d03-b031-b6aaaea21e23", &context);
        let (head, body) = expected.split_once("\r\n\r\n").unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!((answer.status(), answer.text()), (status, body), "{name:?}");
        if let Some((_, sort)) = head.split_once("Content-Type: ") {
            assert_eq!(answer.header("content-type"), sort.lines().next().unwrap());
        }
        compared += 1;
    }
    assert_eq!(compared, 11);
}
