//! Peers that send anything.

use proptest::prelude::*;
use prost::Message;
use sim_core::Streams;
use soe_live::command::{Endpoint, Stop};
use soe_live::controller::Controller;
use soe_live::rpc::edge_controller_server::EdgeControllerServer;
use soe_live::rpc::state_server_server::StateServerServer;
use soe_live::rpc::{EdgeRouterConf, EdgeRouterConfs, LambdaRequest, State};
use soe_live::server::{Server, Services};
use soe_live::workflow::StateService;
use soe_live::{Security, States};
use soe_model::controller::InstallerSpec;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonic::Code;

use crate::support::{any, call, computer, framed, honest_call, raw, request, router};

#[tokio::test]
async fn malformed_frames_get_a_clear_status_and_nothing_dies() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(false, &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    let path = "/uiiit.rpc.EdgeServer/RunLambda";
    let invalid = Some(Code::InvalidArgument as u32);
    for server in [&router.endpoint, &computer] {
        for (body, expected) in [
            (vec![], invalid),
            (vec![0, 0, 0], invalid),
            (vec![0, 0, 0, 0, 9, 1], invalid),
            ([framed(b""), framed(b"")].concat(), invalid),
            (framed(&[0x0a, 9, b'x']), invalid),
            (framed(&[0x08, 1]), invalid),
            (framed(&[0x0a, 1, 0xff]), invalid),
            (framed(&[0x0b]), invalid),
            (vec![1, 0, 0, 0, 0], Some(Code::Unimplemented as u32)),
            (
                vec![0, 0xff, 0xff, 0xff, 0xff],
                Some(Code::ResourceExhausted as u32),
            ),
        ] {
            let (status, _) = raw(server, path, &body).await;
            assert_eq!(status, expected, "{body:?}");
        }
        honest_call(server, "clambda0").await;
    }
    stop.stop();
}

#[tokio::test]
async fn wrong_changes_are_refused_and_change_nothing() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    assert_eq!(router.change("f", "127.0.0.1:1", 0.5).await, "OK");
    let before = router.table(0).await;
    for (lambda, destination, weight, message) in [
        (
            "f",
            "127.0.0.1:2",
            -1.0,
            "Error: Invalid weight '-1.000000', must be > 0",
        ),
        (
            "f",
            "127.0.0.1:2",
            0.0,
            "Error: Invalid destination towards '127.0.0.1:2' with weight 0.000000",
        ),
        (
            "f",
            "",
            1.0,
            "Error: Invalid destination towards '' with weight 1.000000",
        ),
        (
            "f",
            "127.0.0.1:2",
            f32::NAN,
            "Error: Invalid destination towards '127.0.0.1:2' with weight NaN",
        ),
        (
            "",
            "127.0.0.1:2",
            1.0,
            "Error: Invalid function '', must have a name",
        ),
    ] {
        assert_eq!(router.change(lambda, destination, weight).await, message);
        assert_eq!(router.table(0).await, before);
    }
    for destination in ["host", "host:port", "http://host:1", "a b:1", "host:99999"] {
        let message = router.change("f", destination, 1.0).await;
        assert!(message.starts_with("Error: found endpoint"), "{message}");
    }
    let long = "n".repeat(70_000);
    let message = router.change(&long, "127.0.0.1:2", 1.0).await;
    let expected = "Error: Invalid function of 70000 letters, at most 1000 are allowed";
    assert_eq!(message, expected);
    assert_eq!(router.table(0).await, before);
    let message = router.change("f", "127.0.0.1:2", f32::INFINITY).await;
    assert!(
        message.starts_with("Error: Invalid destination"),
        "{message}"
    );
    let unknown = EdgeRouterConf {
        action: 7,
        ..EdgeRouterConf::default()
    };
    let answer = router
        .tables
        .configure(unknown.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(
        answer.msg.starts_with("Error: invalid action 7"),
        "{answer:?}"
    );
    let batch = EdgeRouterConfs {
        changes: vec![EdgeRouterConf::default(), unknown],
    };
    let answer = router
        .tables
        .configure_all(batch)
        .await
        .unwrap()
        .into_inner();
    assert!(
        answer.msg.starts_with("Error: invalid action"),
        "{answer:?}"
    );
    assert_eq!(router.table(0).await, before);
    assert!(router.table(9).await.entries.is_empty());
    stop.stop();
}

/// A destination that sends frames which make no sense, other ones over each
/// connection, and closes it.
async fn nonsense(stop: &Stop) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let (streams, stop) = (Streams::new(7, 0), stop.clone());
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut socket, _) = tokio::select! {
                accepted = listener.accept() => accepted.unwrap(),
                () = stop.wait() => return,
            };
            let mut chance = streams.stream("destination", &format!("connection {connection}"));
            let mut draw = |most: u64| chance.integer(0..=most);
            let mut said = Vec::new();
            if draw(3) > 0 {
                // Settings, none of them unusual.
                said.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
            }
            for _ in 0..draw(20) {
                let (len, kind, flags, stream) = (draw(30), draw(10), draw(255), draw(5));
                said.extend([
                    0,
                    0,
                    len as u8,
                    kind as u8,
                    flags as u8,
                    0,
                    0,
                    0,
                    stream as u8,
                ]);
                said.extend((0..len).map(|_| draw(255) as u8));
            }
            tokio::spawn(async move {
                // The caller may be gone already.
                let _ = socket.write_all(&said).await;
                let mut ignored = [0; 1024];
                let _ = socket.read(&mut ignored).await;
            });
        }
    });
    endpoint.parse().unwrap()
}

#[tokio::test]
async fn a_destination_that_talks_nonsense_fails_and_nothing_else() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(false, &stop).await;
    router.change("glambda0", computer.as_str(), 1.0).await;
    let destination = nonsense(&stop).await;
    for _ in 0..100 {
        router.change("clambda0", destination.as_str(), 1.0).await;
        let failed = call(&router.endpoint, request("clambda0", 100)).await;
        assert!(failed.retcode != "OK" && !failed.retcode.is_empty());
        honest_call(&router.endpoint, "glambda0").await;
    }
    stop.stop();
}

#[tokio::test]
async fn huge_maps_and_long_names_are_survived() {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(false, &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    let states = (0..20_000).map(|number| (format!("s{number}"), State::default()));
    let large = LambdaRequest {
        states: states.collect(),
        ..request("clambda0", 10)
    };
    let served = call(&router.endpoint, large).await;
    assert_eq!((&*served.retcode, served.states.len()), ("OK", 20_000));
    let long = call(&router.endpoint, request(&"x".repeat(1_000_000), 1)).await;
    assert_eq!(long.retcode, "No destinations found for the entry");
    let nameless = call(&router.endpoint, request("", 1)).await;
    assert_eq!(nameless.retcode, "No destinations found for the entry");
    let nameless = call(&computer, request("", 1)).await;
    assert!(
        nameless
            .retcode
            .starts_with("No container for lambda  found")
    );
    stop.stop();
}

/// A frame, mutated as a seed says: bits flipped, bytes cut, doubled, inserted.
fn mutated(frame: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) | 1;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below.max(1)
    };
    let mut bytes = frame.to_vec();
    for _ in 0..=next(4) {
        let at = next(bytes.len());
        match next(5) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << next(8),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, next(256) as u8),
            3 => {
                let doubled = bytes[at..].to_vec();
                bytes.extend(doubled);
            }
            _ if !bytes.is_empty() => bytes[at] = next(256) as u8,
            _ => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn mutated_frames_kill_no_service(seed in any_seed()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(bombard(seed));
    }
}

fn any_seed() -> impl Strategy<Value = u64> {
    proptest::num::u64::ANY
}

async fn bombard(seed: u64) {
    let stop = Stop::new();
    let mut router = router(&stop).await;
    let computer = computer(true, &stop).await;
    router.change("clambda0", computer.as_str(), 1.0).await;
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let others = server.endpoint().clone();
    let controller = Controller::new(&InstallerSpec::Flat, 0, Security::Plaintext);
    let services = Services::new(&["uiiit.rpc.EdgeController"], |routes| {
        routes.add_service(EdgeControllerServer::new(controller));
        routes.add_service(StateServerServer::new(StateService::of(Arc::new(
            States::default(),
        ))));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));

    let call_message = LambdaRequest {
        states: [("s0".to_owned(), State::default())].into(),
        dependencies: [("s0".to_owned(), Default::default())].into(),
        chain: vec!["clambda0".into()],
        uuid: "u".into(),
        ..request("clambda0", 20)
    };
    let call_message = call_message.encode_to_vec();
    let change = EdgeRouterConf {
        action: 1,
        lambda: "clambda0".into(),
        destination: computer.to_string(),
        weight: 1.0,
        r#final: true,
    };
    let change = change.encode_to_vec();
    let computer_info = soe_live::rpc::ComputerInfo {
        edge_server_endpoint: computer.to_string(),
        containers: vec![Default::default()],
    };
    let info = computer_info.encode_to_vec();
    for (place, path, message) in [
        (&router.endpoint, "EdgeServer/RunLambda", &call_message),
        (&computer, "EdgeServer/RunLambda", &call_message),
        (&router.tables_endpoint, "EdgeRouter/Configure", &change),
        (&router.tables_endpoint, "EdgeRouter/GetTable", &change),
        (&others, "EdgeController/AnnounceComputer", &info),
        (&others, "EdgeController/AnnounceRouter", &info),
        (&others, "EdgeController/RemoveComputer", &info),
        (&others, "StateServer/Put", &change),
        (&others, "StateServer/Get", &change),
    ] {
        let path = format!("/uiiit.rpc.{path}");
        for round in 0..8 {
            let seed = seed.wrapping_add(round);
            let framing = mutated(&framed(message), seed);
            let content = framed(&mutated(message, seed));
            for body in [framing, content] {
                // Whatever it is, there is an answer.
                let (status, _) = raw(place, &path, &body).await;
                assert!(status.is_some(), "{path} {body:?}");
            }
        }
    }
    router.change("clambda0", computer.as_str(), 1.0).await;
    for server in [&router.endpoint, &computer] {
        honest_call(server, "clambda0").await;
    }
    stop.stop();
}
