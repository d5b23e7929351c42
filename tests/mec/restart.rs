//! Contexts survive a proxy that is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use soe_live::Security;
use soe_live::command::Stop;
use soe_live::connection::connect_lazily;
use soe_live::http::{Answer, Client, Handler, Server, Trust, empty};
use soe_live::rpc::mec::ue_app_lcm_proxy_client::UeAppLcmProxyClient;
use soe_live::rpc::mec::{AddressTuple, Lambda, Void};
use tonic::transport::Channel;

use crate::executables::path;
use crate::ports::port;

const CONTEXTS: usize = 1000;
const WORKERS: usize = 16;
const RESTARTS: usize = 3;

/// What the test knows of the device applications.
#[derive(Default)]
struct Known {
    /// The reference that each device application believes in.
    believed: BTreeMap<String, String>,
    /// Those whose context was created, as its response says: the identifier.
    created: BTreeMap<String, String>,
    /// Those whose request for a context was not answered.
    unanswered: BTreeSet<String>,
    /// Those whose context is deleted, as its response says.
    deleted: BTreeSet<String>,
    /// What must not have happened.
    wrong: Vec<String>,
}

struct Callback {
    known: Arc<Mutex<Known>>,
    last: Arc<AtomicU32>,
}

impl Handler for Callback {
    async fn answer(self: Arc<Self>, request: soe_live::http::Request) -> Answer {
        let device = request.path().trim_start_matches('/').to_owned();
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let reference = body["referenceURI"].as_str().unwrap().to_owned();
        let number: u32 = reference[1..].strip_suffix(":1").unwrap().parse().unwrap();
        let mut known = self.known.lock().unwrap();
        if known.deleted.contains(&device) {
            known
                .wrong
                .push(format!("{device} was deleted, then notified"));
        }
        if number > self.last.load(Ordering::SeqCst) {
            known
                .wrong
                .push(format!("{device}: {reference} was never associated"));
        }
        known.believed.insert(device, reference);
        empty(StatusCode::NO_CONTENT)
    }
}

struct Bench {
    north: String,
    root: String,
    callback: String,
    file: String,
    client: Client,
    known: Arc<Mutex<Known>>,
    last: Arc<AtomicU32>,
}

impl Bench {
    fn start(&self) -> Child {
        let mut command = Command::new(path("ueapplcmproxy"));
        command.args(["--server", &self.north, "--etsi-api-root", &self.root]);
        command.args(["--contexts-file", &self.file]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn tables(&self) -> UeAppLcmProxyClient<Channel> {
        let channel = connect_lazily(&self.north, &Security::Plaintext).unwrap();
        UeAppLcmProxyClient::new(channel)
    }

    async fn send(&self, method: Method, resource: &str, body: String) -> Option<(u16, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/mx2/v1/{resource}", self.root))
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .unwrap();
        let answer = self
            .client
            .send(request, Duration::from_secs(10))
            .await
            .ok()?;
        Some((answer.status().as_u16(), answer.into_body()))
    }

    /// Creates one context, however often that takes.
    async fn create(&self, name: &str) -> String {
        for attempt in 0.. {
            let device = format!("{name}-{attempt}");
            let body = format!(
                r#"{{"associateUeAppId":"{device}","callbackReference":"{}/{device}","appInfo":
                {{"appName":"f","appProvider":"OpenLambdaMec","appSoftVersion":"1.0"}}}}"#,
                self.callback
            );
            match self.send(Method::POST, "app_contexts", body).await {
                Some((201, body)) => {
                    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                    let reference = text(&body["appInfo"]["referenceURI"]);
                    let mut known = self.known.lock().unwrap();
                    // A notification that has come already is newer.
                    known.believed.entry(device.clone()).or_insert(reference);
                    known
                        .created
                        .insert(device.clone(), text(&body["contextId"]));
                    return device;
                }
                Some((status, body)) => panic!("{status}: {body:?}"),
                None => {
                    self.known.lock().unwrap().unanswered.insert(device);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        unreachable!()
    }

    async fn delete(&self, device: &str) {
        let id = self.known.lock().unwrap().created[device].clone();
        let resource = format!("app_contexts/{id}");
        loop {
            match self.send(Method::DELETE, &resource, String::new()).await {
                // The second if an earlier attempt was carried out, but not answered.
                Some((204 | 403, _)) => break,
                Some((status, body)) => panic!("{status}: {body:?}"),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        // Notifications that were under way when it was deleted may still come.
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.known.lock().unwrap().deleted.insert(device.to_owned());
    }

    /// Moves all contexts to the next end-point.
    async fn associate(&self) {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let mut tables = self.tables();
        loop {
            let row = AddressTuple {
                client: String::new(),
                app_name: "f".to_owned(),
                server: format!("e{number}:1"),
            };
            if tables.associate_address(row).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn work(&self, worker: usize) {
        for number in 0..CONTEXTS.div_ceil(WORKERS) {
            let device = self.create(&format!("d{worker}-{number}")).await;
            if number % 5 == 0 {
                self.delete(&device).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_context_is_lost_and_none_is_notified_wrongly_when_the_proxy_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (known, last) = (Arc::<Mutex<Known>>::default(), Arc::<AtomicU32>::default());
    let server = Server::bind(&"127.0.0.1:0".parse().unwrap()).await.unwrap();
    let callback = format!("http://{}", server.endpoint());
    let handler = Callback {
        known: known.clone(),
        last: last.clone(),
    };
    let stop = Stop::new();
    let _stop = stop.clone().on_drop();
    tokio::spawn(server.run(Arc::new(handler), stop));
    let bench = Arc::new(Bench {
        north: port(),
        root: format!("http://{}", port()),
        callback,
        file: folder.path().join("contexts").to_str().unwrap().to_owned(),
        client: Client::new(Trust::System),
        known: known.clone(),
        last,
    });
    let mut process = bench.start();
    let added = async {
        let lambda = || Lambda {
            value: "f".to_owned(),
        };
        while bench.tables().add_lambda(lambda()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    added.await;
    bench.associate().await;

    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let bench = bench.clone();
        workers.spawn(async move { bench.work(worker).await });
    }
    for restart in 1..=RESTARTS {
        // In the middle of the work, whatever the speed of this machine.
        let enough = restart * CONTEXTS / (RESTARTS + 1);
        while known.lock().unwrap().created.len() < enough {
            bench.associate().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.kill().unwrap();
        process.wait().unwrap();
        process = bench.start();
    }
    while let Some(done) = workers.join_next().await {
        done.unwrap();
    }
    bench.associate().await;
    let last = format!("e{}:1", bench.last.load(Ordering::SeqCst));

    // In the end, all that are left believe what is true.
    let alive = |known: &Known| -> Vec<String> {
        let alive = known.created.keys();
        alive
            .filter(|device| !known.deleted.contains(*device))
            .cloned()
            .collect()
    };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let late: Vec<_> = {
            let known = known.lock().unwrap();
            let mut devices = alive(&known);
            devices.retain(|device| known.believed[device] != last);
            devices
        };
        if late.is_empty() {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "not notified: {late:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let contexts = bench.tables().contexts(Void {}).await.unwrap().into_inner();
    let known = known.lock().unwrap();
    assert_eq!(known.wrong, Vec::<String>::new());
    assert!(known.created.len() >= CONTEXTS);
    let sure = alive(&known).len();
    let (found, perhaps) = (contexts.contexts.len(), known.unanswered.len());
    assert!(
        (sure..=sure + perhaps).contains(&found),
        "{sure} + {perhaps}: {found}"
    );
    assert!(
        contexts
            .contexts
            .iter()
            .all(|context| context.edge_router == last)
    );
    process.kill().unwrap();
    process.wait().unwrap();
}
