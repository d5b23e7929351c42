//! The computer in real time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use soe_live::command::Stop;
use soe_live::computer::{Computer, ComputerOptions, Executor, Simulated};
use soe_live::rpc::edge_computer_client::EdgeComputerClient;
use soe_live::rpc::state_server_client::StateServerClient;
use soe_live::rpc::state_server_server::StateServerServer;
use soe_live::rpc::{FunctionList, LambdaRequest, State, Void};
use soe_live::server::{Server, Services};
use soe_live::workflow::StateService;
use soe_live::{Security, States, connect};
use soe_model::units::Bytes;

use crate::support::{any, call, computer, raspberry, request};

#[tokio::test]
async fn a_task_takes_the_time_that_it_needs_never_less() {
    let stop = Stop::new();
    let computer = computer(false, &stop).await;
    let begun = Instant::now();
    // 10 004 million operations on a core of 100 Gop/s.
    let served = call(&computer, request("clambda0", 10_000)).await;
    assert!(begun.elapsed() >= Duration::from_micros(100_040));
    assert_eq!(
        (&*served.retcode, served.ptime, served.hops),
        ("OK", 100, 1)
    );
    assert_eq!(served.output, "A".repeat(10_000));
    assert_eq!(served.responder, "");
    stop.stop();
}

#[tokio::test]
async fn many_tasks_share_the_cores_as_the_model_says() {
    let stop = Stop::new();
    let computer = computer(false, &stop).await;
    // Eight tasks of 50 ms on four workers: two rounds.
    let calls = (0..8).map(|_| call(&computer, request("clambda0", 5_000)));
    let begun = Instant::now();
    let served = futures_util::future::join_all(calls).await;
    assert!(begun.elapsed() >= Duration::from_millis(100));
    let late = served.iter().filter(|served| served.ptime >= 60).count();
    assert_eq!(late, 4, "{served:?}");
    stop.stop();
}

#[tokio::test]
async fn the_load_of_a_second_is_seen_in_the_stream_and_in_answers() {
    let stop = Stop::new();
    let computer = computer(false, &stop).await;
    let channel = connect(computer.as_str(), &Security::Plaintext)
        .await
        .unwrap();
    let stream = EdgeComputerClient::new(channel).stream_util(Void {}).await;
    let mut stream = stream.unwrap().into_inner();
    let (busy, place) = (Stop::new(), computer.clone());
    let until = busy.clone();
    let working = tokio::spawn(async move {
        while !until.is_stopped() {
            call(&place, request("clambda0", 10_000)).await;
        }
    });
    // One of four cores.
    let mut most = 0.0f32;
    while most < 0.2 {
        let message = stream.message().await.unwrap().unwrap();
        most = most.max(message.values["arm"]);
        assert_eq!(message.values["bm2837"], 0.0);
    }
    assert!(most <= 0.26, "{most}");
    busy.stop();
    working.await.unwrap();
    let served = call(&computer, request("clambda0", 10)).await;
    assert!(served.load1 <= 26 && served.load30 <= 26, "{served:?}");
    stop.stop();
}

#[tokio::test]
async fn a_task_beyond_the_memory_is_refused_in_the_words_of_the_original() {
    let stop = Stop::new();
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let endpoint = server.endpoint().clone();
    let mut platform = raspberry();
    platform.processors[0].memory = Bytes(500);
    let options = ComputerOptions::of(platform, endpoint.clone());
    let spec = options.spec(endpoint.as_str()).unwrap();
    let executor = Executor::Simulated(Arc::new(Simulated::new(&spec).unwrap()));
    let computer = Arc::new(Computer::new(executor, endpoint.as_str(), &options).unwrap());
    let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
        .await
        .unwrap();
    tokio::spawn(server.run(Some(computer), services, stop.clone()));
    // 100 bytes per byte of input.
    assert_eq!(call(&endpoint, request("clambda0", 5)).await.retcode, "OK");
    let refused = call(&endpoint, request("clambda0", 6)).await;
    assert_eq!(
        refused.retcode,
        "Container ccontainer0 cannot handle request clambda0 since the memory requirements \
         exceed the total available in the processor: 500 <= 600"
    );
    stop.stop();
}

fn functions(name: &str) -> FunctionList {
    FunctionList {
        functions: vec![name.to_owned()],
    }
}

#[tokio::test]
async fn callbacks_and_remote_states_need_what_they_need() {
    let stop = Stop::new();
    let computer = computer(false, &stop).await;
    let asynchronous = LambdaRequest {
        callback: "127.0.0.1:1".into(),
        ..request("clambda0", 1)
    };
    let refused = call(&computer, asynchronous).await;
    assert_eq!(
        refused.retcode,
        "Cannot handle an asynchronous function invocation"
    );
    let remote = State {
        location: "127.0.0.1:1".into(),
        ..State::default()
    };
    let passing = LambdaRequest {
        states: [("s0".to_owned(), remote.clone())].into(),
        ..request("clambda0", 1)
    };
    let needing = LambdaRequest {
        chain: vec!["clambda0".into()],
        dependencies: [("s0".to_owned(), functions("clambda0"))].into(),
        ..passing.clone()
    };
    let passed = call(&computer, passing).await;
    assert_eq!((&*passed.retcode, &passed.states["s0"]), ("OK", &remote));
    let refused = call(&computer, needing).await;
    assert_eq!(
        refused.retcode,
        "cannot handle remote states without a state server"
    );
    stop.stop();
}

#[tokio::test]
async fn states_are_put_read_and_deleted() {
    let stop = Stop::new();
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let endpoint = server.endpoint().clone();
    let services = Services::new(&["uiiit.rpc.StateServer"], |routes| {
        routes.add_service(StateServerServer::new(StateService::of(Arc::new(
            States::default(),
        ))));
    });
    let services = services.await.unwrap();
    tokio::spawn(server.run(None, services, stop.clone()));
    let channel = connect(endpoint.as_str(), &Security::Plaintext)
        .await
        .unwrap();
    let mut states = StateServerClient::new(channel);
    let state = State {
        name: "s0".into(),
        location: String::new(),
        content: vec![1, 2, 3].into(),
        ..State::default()
    };
    let named = State {
        name: "s0".into(),
        ..State::default()
    };
    let missing = states.get(named.clone()).await.unwrap().into_inner();
    assert_eq!(missing.retcode, "could not find state: s0");
    assert_eq!(
        states
            .put(state.clone())
            .await
            .unwrap()
            .into_inner()
            .retcode,
        "OK"
    );
    let found = states.get(named.clone()).await.unwrap().into_inner();
    assert_eq!(found.state.unwrap().content, state.content);
    assert_eq!(
        states
            .del(named.clone())
            .await
            .unwrap()
            .into_inner()
            .retcode,
        "OK"
    );
    let missing = states.del(named).await.unwrap().into_inner();
    assert_eq!(missing.retcode, "state not found: s0");
    stop.stop();
}
