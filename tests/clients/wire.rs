//! What clients send, compared with what the original's clients sent
//! (`services/exchanges.json`, recorded between its executables).

use prost::Message;
use soe_live::rpc::{EdgeRouterConf, LambdaRequest};

use crate::support::{Broker, Computer, run};

/// The recorded requests to one method in one step, in order.
fn recorded<M: Message + Default>(step: &str, method: &str) -> Vec<M> {
    let exchanges = include_str!("../../soe-live/tests/services/exchanges.json");
    let exchanges: serde_json::Value = serde_json::from_str(exchanges).unwrap();
    let mut current = "";
    let mut requests = Vec::new();
    for exchange in exchanges.as_array().unwrap() {
        if let Some(name) = exchange["step"].as_str() {
            current = name;
            continue;
        }
        // What a router sends on is not what a client sent.
        let from_router = exchange["at"].as_str().unwrap().starts_with("router");
        if current != step || exchange["method"] != method || from_router {
            continue;
        }
        let hex = exchange["request"].as_str().unwrap();
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<_> = (0..hex.len()).step_by(2).map(digits).collect();
        requests.push(M::decode(bytes.as_slice()).unwrap());
    }
    requests
}

/// What `edgeclient` sends, but for the identifier, which is random.
fn sent(args: &[&str]) -> Vec<LambdaRequest> {
    let computer = Computer::echo();
    let server = ["--server", computer.endpoint(), "--max-requests", "1"];
    run("edgeclient", &[&server[..], args].concat());
    let mut seen = computer.seen();
    seen.iter_mut().for_each(anonymous);
    seen
}

fn anonymous(request: &mut LambdaRequest) {
    assert_eq!(request.uuid.len(), 36);
    request.uuid.clear();
}

#[test]
fn calls_are_those_of_the_original() {
    for (step, args) in [
        (
            "edgeclient: one call of clambda0, size 20, through the router",
            &["--sizes", "20"][..],
        ),
        (
            "edgeclient: unknown function",
            &["--lambda", "nope", "--sizes", "100"],
        ),
        (
            "edgeclient: dry run straight to a computer",
            &["--dry", "--sizes", "10000"],
        ),
    ] {
        let mut expected: Vec<LambdaRequest> = recorded(step, "/uiiit.rpc.EdgeServer/RunLambda");
        expected.iter_mut().for_each(anonymous);
        assert_eq!(expected.len(), 1, "{step}");
        assert_eq!(sent(args), expected, "{step}");
    }
}

#[test]
fn chains_that_the_client_drives_are_those_of_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.json");
    let chain = r#"{"functions": ["clambda0", "glambda0", "clambda0"],
                    "dependencies": {"s0": ["clambda0"], "s1": ["clambda0", "glambda0"],
                                     "s2": ["glambda0"]},
                    "state-sizes": {"s0": 4, "s1": 5, "s2": 6}}"#;
    std::fs::write(&file, chain).unwrap();
    let conf = format!("type=file,filename={}", file.display());
    let step = "edgeclient chain in client-driven mode, and DAG, through the router";
    let mut expected: Vec<LambdaRequest> = recorded(step, "/uiiit.rpc.EdgeServer/RunLambda");
    expected.iter_mut().for_each(anonymous);
    assert_eq!(expected.len(), 3);
    assert_eq!(sent(&["--sizes", "20", "--chain-conf", &conf]), expected);
}

#[test]
fn changes_of_tables_are_those_of_the_original() {
    let broker = Broker::with(vec![]);
    let change = [
        "--server",
        &broker.service.endpoint,
        "--action",
        "change",
        "--destination",
        "127.0.0.1:11000",
        "--weight",
        "0.25",
        "--final",
    ];
    let remove = [
        "--server",
        &broker.service.endpoint,
        "--action",
        "remove",
        "--destination",
        "127.0.0.1:10000",
    ];
    run("forwardingtableclient", &change);
    run("forwardingtableclient", &remove);
    let expected: Vec<EdgeRouterConf> = recorded(
        "forwardingtableclient: change, then remove",
        "/uiiit.rpc.EdgeRouter/Configure",
    );
    assert_eq!(broker.commands(), expected);
}
