//! Chains, graphs and states over real services, and what goes wrong with them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sim_core::SimDuration;
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::{self, ComputerOptions, WorkflowOptions};
use soe_live::rpc::state_server_client::StateServerClient;
use soe_live::rpc::state_server_server::{StateServer, StateServerServer};
use soe_live::rpc::{
    Dag, FunctionList, IndexList, LambdaRequest, LambdaResponse, State, StateResponse,
};
use soe_live::server::{Server, Services};
use soe_live::workflow::{Keeper, Servers, StateService};
use soe_live::{Security, States, connect};
use soe_model::workflow::{StateReply, StateRequest};
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::support::{
    LONG, any, call, callback, endpoint, eventually, ok, raspberry, router, stand_in,
};

/// Starts a whole computer and returns where it executes and where its states are.
async fn computer(workflows: WorkflowOptions, stop: &Stop) -> (Endpoint, Endpoint) {
    let (place, states) = (endpoint(), endpoint());
    let options = ComputerOptions {
        workflows: WorkflowOptions {
            state_endpoint: Some(workflows.state_endpoint.clone().unwrap_or(states.clone())),
            ..workflows
        },
        ..ComputerOptions::of(raspberry(), place.clone())
    };
    tokio::spawn(computer::run(options, stop.clone()));
    connected(&place).await;
    (place, states)
}

async fn connected(place: &Endpoint) -> Channel {
    let mut channel = None;
    eventually("it listens", async || {
        channel = connect(place.as_str(), &Security::Plaintext).await.ok();
        channel.is_some()
    })
    .await;
    channel.unwrap()
}

async fn result(results: &mut mpsc::Receiver<LambdaResponse>) -> LambdaResponse {
    let result = tokio::time::timeout(LONG, results.recv()).await;
    result.expect("a result in time").unwrap()
}

/// Serves states.
async fn states_at(states: &Arc<States>, stop: &Stop) -> String {
    let (place, plaintext) = (any(), Security::Plaintext);
    let listening = StateService::listen(states.clone(), &place, &plaintext, stop.clone());
    listening.await.unwrap().to_string()
}

/// A state server that is not ours.
async fn state_server<S: StateServer>(service: S, stop: &Stop) -> String {
    let server = Server::bind(&any(), &Security::Plaintext).await.unwrap();
    let place = server.endpoint().to_string();
    let services = Services::new(&["uiiit.rpc.StateServer"], |routes| {
        routes.add_service(StateServerServer::new(service));
    });
    tokio::spawn(server.run(None, services.await.unwrap(), stop.clone()));
    place
}

fn functions(names: &[&str]) -> FunctionList {
    FunctionList {
        functions: names.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn accepted() -> StateResponse {
    StateResponse {
        retcode: "OK".into(),
        ..StateResponse::default()
    }
}

fn at(location: &str) -> State {
    State {
        location: location.to_owned(),
        ..State::default()
    }
}

/// A request for `clambda0` as a chain of its own that needs state `s0`.
fn needing(location: &str) -> LambdaRequest {
    LambdaRequest {
        name: "clambda0".into(),
        input: "A".repeat(100),
        chain: vec!["clambda0".into()],
        states: [("s0".to_owned(), at(location))].into(),
        dependencies: [("s0".to_owned(), functions(&["clambda0"]))].into(),
        uuid: "one".into(),
        ..LambdaRequest::default()
    }
}

fn quick() -> WorkflowOptions {
    WorkflowOptions {
        asynchronous: true,
        deadline: SimDuration::from_millis(300),
        patience: SimDuration::from_millis(300),
        ..WorkflowOptions::default()
    }
}

async fn get(place: &str, name: &str) -> StateReply<Arc<[u8]>> {
    let servers = Servers::new(Security::Plaintext, LONG);
    let name = name.to_owned();
    servers.ask(place, StateRequest::Get { name }).await
}

#[tokio::test]
async fn a_state_moves_to_where_it_is_needed_and_old_references_lead_there() {
    let stop = Stop::new();
    let states = Arc::new(States::default());
    states.create("s0", b"content"[..].into());
    let first = states_at(&states, &stop).await;
    let (one, one_states) = computer(WorkflowOptions::default(), &stop).await;
    let (two, two_states) = computer(WorkflowOptions::default(), &stop).await;

    let response = call(&one, needing(&first)).await;
    assert_eq!(response.retcode, "OK");
    assert_eq!(response.states["s0"], at(one_states.as_str()));
    let moved = StateReply::Moved(one_states.to_string());
    assert_eq!(get(&first, "s0").await, moved);
    let here = get(one_states.as_str(), "s0").await;
    assert!(matches!(here, StateReply::Found(content, Some(_)) if *content == b"content"[..]));

    // The reference is out of date.
    let response = call(&two, needing(&first)).await;
    assert_eq!(response.states["s0"], at(two_states.as_str()));
    let moved = StateReply::Moved(two_states.to_string());
    assert_eq!(get(one_states.as_str(), "s0").await, moved);
    // A peer of the original sees that it is not there.
    let mut client = StateServerClient::new(connected(&one_states).await);
    let named = State {
        name: "s0".into(),
        ..State::default()
    };
    let missing = client.get(named).await.unwrap().into_inner();
    assert_eq!(missing.retcode, "could not find state: s0");
    stop.stop();
}

#[tokio::test]
async fn a_state_that_cannot_be_had_is_an_error_and_stays_where_it_is() {
    let stop = Stop::new();
    let states = Arc::new(States::default());
    let first = states_at(&states, &stop).await;
    let (computer, _) = computer(quick(), &stop).await;
    let refused = call(&computer, needing(&first)).await;
    assert_eq!(
        refused.retcode,
        format!("could not find state in {first}: s0")
    );
    // Nobody answers there, or it is no endpoint at all.
    let nobody = endpoint();
    for place in [nobody.as_str(), "nowhere"] {
        let refused = call(&computer, needing(place)).await;
        assert_eq!(
            refused.retcode,
            format!("no answer about state s0 from {place}")
        );
    }
    let (callback, mut results) = callback(&any(), &stop).await;
    let asynchronous = LambdaRequest {
        callback: callback.to_string(),
        ..needing(nobody.as_str())
    };
    assert!(call(&computer, asynchronous).await.asynchronous);
    let result = result(&mut results).await;
    assert_eq!(
        (result.retcode, result.uuid.as_str()),
        (format!("no answer about state s0 from {nobody}"), "one")
    );
    stop.stop();
}

/// A state server of the original that executes everything but answers no request
/// to delete as long as `deaf`.
struct Original {
    states: Mutex<std::collections::BTreeMap<String, bytes::Bytes>>,
    deaf: Arc<std::sync::atomic::AtomicBool>,
}

#[tonic::async_trait]
impl StateServer for Original {
    async fn get(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let name = request.into_inner().name;
        let found = self.states.lock().unwrap().get(&name).cloned();
        Ok(Response::new(match found {
            Some(content) => StateResponse {
                state: Some(State {
                    content,
                    ..State::default()
                }),
                ..accepted()
            },
            None => StateResponse {
                retcode: format!("could not find state: {name}"),
                ..StateResponse::default()
            },
        }))
    }

    async fn put(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        let State { name, content, .. } = request.into_inner();
        self.states.lock().unwrap().insert(name, content);
        Ok(Response::new(accepted()))
    }

    async fn del(&self, request: Request<State>) -> Result<Response<StateResponse>, Status> {
        if self.deaf.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(Status::unavailable("deaf"));
        }
        let name = request.into_inner().name;
        let removed = self.states.lock().unwrap().remove(&name);
        let retcode = match removed {
            Some(_) => "OK".to_owned(),
            None => format!("state not found: {name}"),
        };
        Ok(Response::new(StateResponse {
            retcode,
            ..StateResponse::default()
        }))
    }
}

#[tokio::test]
async fn states_move_from_servers_of_the_original_and_never_get_lost() {
    let stop = Stop::new();
    let deaf = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let states = [("s0".to_owned(), bytes::Bytes::from_static(b"content"))];
    let original = Original {
        states: Mutex::new(states.into()),
        deaf: deaf.clone(),
    };
    let first = state_server(original, &stop).await;
    let patient = WorkflowOptions {
        patience: SimDuration::from_secs(20),
        ..WorkflowOptions::default()
    };
    let (computer, own) = computer(patient, &stop).await;
    let waiting = tokio::spawn({
        let (computer, first) = (computer.clone(), first.clone());
        async move { call(&computer, needing(&first)).await }
    });
    // As long as the old owner does not let it go it is there, and the new one does
    // not hand it out.
    eventually("it is on its way", async || {
        get(own.as_str(), "s0").await == StateReply::Busy
    })
    .await;
    assert!(matches!(get(&first, "s0").await, StateReply::Found(..)));
    deaf.store(false, std::sync::atomic::Ordering::SeqCst);
    let response = waiting.await.unwrap();
    assert_eq!(response.retcode, "OK");
    assert_eq!(response.states["s0"], at(own.as_str()));
    assert_eq!(get(&first, "s0").await, StateReply::Missing);
    assert!(matches!(
        get(own.as_str(), "s0").await,
        StateReply::Found(..)
    ));
    stop.stop();
}

#[tokio::test]
async fn states_of_a_server_elsewhere_stay_there() {
    let stop = Stop::new();
    let states = Arc::new(States::default());
    let elsewhere = states_at(&states, &stop).await;
    states.create("s0", b"content"[..].into());
    let options = WorkflowOptions {
        state_endpoint: Some(elsewhere.parse().unwrap()),
        no_state_server: true,
        ..WorkflowOptions::default()
    };
    let (computer, _) = computer(options, &stop).await;
    let response = call(&computer, needing(&elsewhere)).await;
    assert_eq!(response.retcode, "OK");
    assert_eq!(response.states["s0"], at(&elsewhere));
    let kept = states.answer(StateRequest::Get { name: "s0".into() });
    assert!(matches!(kept, StateReply::Found(content, _) if *content == b"content"[..]));
    stop.stop();
}

/// The last step of a graph in which two branches meet, from one of them.
fn branch(uuid: &str, from: u32, callback: &str) -> LambdaRequest {
    let lists = [vec![1, 2], vec![3], vec![3]].map(|functions| IndexList { functions });
    LambdaRequest {
        name: "clambda0".into(),
        input: format!("from {from}"),
        callback: callback.to_owned(),
        dag: Some(Dag {
            successors: lists.to_vec(),
            names: vec!["clambda0".into(); 4],
        }),
        next_function_index: 3,
        previous_function_index: Some(from),
        uuid: uuid.to_owned(),
        ..LambdaRequest::default()
    }
}

#[tokio::test]
async fn a_join_has_the_data_of_all_branches_or_becomes_an_error_in_time() {
    let stop = Stop::new();
    let (computer, _) = computer(quick(), &stop).await;
    let (callback, mut results) = callback(&any(), &stop).await;
    for from in [2, 2, 1] {
        let answer = call(&computer, branch("whole", from, callback.as_str())).await;
        assert!(answer.asynchronous);
    }
    let whole = result(&mut results).await;
    assert_eq!(
        (&*whole.retcode, &*whole.output),
        ("OK", "6:from 1,6:from 2,")
    );
    assert!(
        call(&computer, branch("half", 1, callback.as_str()))
            .await
            .asynchronous
    );
    let half = result(&mut results).await;
    assert_eq!(half.uuid, "half");
    assert_eq!(
        half.retcode,
        "only 1 of the 2 requests that clambda0 waits for arrived within 300 ms"
    );
    // It is too late.
    assert!(
        call(&computer, branch("half", 2, callback.as_str()))
            .await
            .asynchronous
    );
    assert!(results.try_recv().is_err());
    stop.stop();
}

#[tokio::test]
async fn brokers_send_the_branches_of_a_request_to_one_place() {
    let stop = Stop::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut places = Vec::new();
    for _ in 0..3 {
        let seen = seen.clone();
        let place = any();
        let number = places.len();
        let answer = move |request: LambdaRequest| {
            seen.lock().unwrap().push((request.uuid, number));
            async {
                Ok(LambdaResponse {
                    asynchronous: true,
                    ..ok()
                })
            }
        };
        places.push(stand_in(place, &stop, answer).await);
    }
    // Brokers that were told in another order agree.
    let mut routers = [router(&stop).await, router(&stop).await];
    for place in &places {
        routers[0].change("clambda0", place.as_str(), 1.0).await;
    }
    for place in places.iter().rev() {
        routers[1].change("clambda0", place.as_str(), 5.0).await;
    }
    for run in 0..30 {
        for (from, router) in (1..).zip(&routers) {
            let request = branch(&format!("run {run}"), from, "127.0.0.1:1");
            assert_eq!(call(&router.endpoint, request).await.retcode, "OK");
        }
    }
    let seen = seen.lock().unwrap();
    let meetings: BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), meetings.len()), (60, 30));
    let used: BTreeSet<_> = meetings.iter().map(|(_, place)| place).collect();
    assert_eq!(used.len(), 3);
    stop.stop();
}

/// The first step of a chain of two.
fn chain(callback: &str) -> LambdaRequest {
    LambdaRequest {
        name: "clambda0".into(),
        input: "A".repeat(100),
        callback: callback.to_owned(),
        chain: vec!["clambda0".into(), "elsewhere".into()],
        uuid: "chain".into(),
        ..LambdaRequest::default()
    }
}

#[tokio::test]
async fn a_next_function_that_is_not_taken_is_reported_to_the_callback() {
    let stop = Stop::new();
    let (callback, mut results) = callback(&any(), &stop).await;
    let answer = |_| async {
        Ok(LambdaResponse {
            retcode: "no more".into(),
            ..LambdaResponse::default()
        })
    };
    let refusing = stand_in(any(), &stop, answer).await;
    let synchronous = stand_in(any(), &stop, |_| async { Ok(ok()) }).await;
    let nobody = endpoint();
    let empty = router(&stop).await;
    for (companion, expected) in [
        (&refusing, "no more"),
        (&synchronous, "the call of elsewhere was not acknowledged"),
        (&nobody, "RPC failed: Connection refused"),
        (&empty.endpoint, "No destinations found for the entry"),
    ] {
        let options = WorkflowOptions {
            companion_endpoint: Some(companion.clone()),
            ..quick()
        };
        let (computer, _) = computer(options, &stop).await;
        assert!(call(&computer, chain(callback.as_str())).await.asynchronous);
        let result = result(&mut results).await;
        assert!(result.retcode.starts_with(expected), "{}", result.retcode);
        assert_eq!(
            (result.uuid.as_str(), result.responder.as_str()),
            ("chain", computer.as_str())
        );
    }
    stop.stop();
}

#[tokio::test]
async fn a_result_waits_for_a_callback_that_is_away() {
    let stop = Stop::new();
    let options = WorkflowOptions {
        asynchronous: true,
        ..WorkflowOptions::default()
    };
    let (computer, _) = computer(options, &stop).await;
    let place = endpoint();
    let request = LambdaRequest {
        name: "clambda0".into(),
        callback: place.to_string(),
        uuid: "late".into(),
        ..LambdaRequest::default()
    };
    assert!(call(&computer, request).await.asynchronous);
    tokio::time::sleep(Duration::from_millis(150)).await;
    let (_, mut results) = callback(&place, &stop).await;
    assert_eq!(result(&mut results).await.uuid, "late");
    stop.stop();
}
