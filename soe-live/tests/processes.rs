//! The example of the guide as processes, and how they end.
#![allow(clippy::unwrap_used)]

#[path = "shared/executables.rs"]
mod executables;

use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use executables::path;

use soe_live::rpc::edge_computer_client::EdgeComputerClient;
use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::edge_server_client::EdgeServerClient;
use soe_live::rpc::{LambdaRequest, LambdaResponse, TableId, Void};
use soe_live::{Security, connect};

const LONG: Duration = Duration::from_secs(30);

/// A process that is killed at the end of a test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(program: &str, options: &[&str]) -> Self {
        let mut command = Command::new(path(program));
        command.args(options).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Sends a signal and waits for the end; says the exit status.
    fn end(&mut self, signal: &str) -> Option<i32> {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < LONG, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn output(program: &str, options: &[&str]) -> Output {
    Command::new(path(program)).args(options).output().unwrap()
}

/// A free port of this machine, outside of what the system hands out by itself.
fn port() -> String {
    static NEXT: Mutex<u16> = Mutex::new(0);
    let mut next = NEXT.lock().unwrap();
    loop {
        let port = 12_000 + (std::process::id() % 150) as u16 * 120 + *next;
        *next += 1;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return format!("127.0.0.1:{port}");
        }
    }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, waited).await;
    assert!(waited.is_ok(), "never: {what}");
}

async fn destinations(tables: &str) -> Vec<String> {
    let Ok(channel) = connect(tables, &Security::Plaintext).await else {
        return Vec::new();
    };
    let mut client = EdgeRouterClient::new(channel);
    let table = client.get_table(TableId { value: 0 });
    let entries = table.await.map(|table| table.into_inner().entries);
    let entries = entries.unwrap_or_default().into_iter();
    let clambda0 = entries.filter(|entry| entry.lambda == "clambda0");
    clambda0.map(|entry| entry.destination).collect()
}

async fn call(server: &str, size: usize) -> LambdaResponse {
    let channel = connect(server, &Security::Plaintext).await.unwrap();
    let request = LambdaRequest {
        name: "clambda0".into(),
        input: "A".repeat(size),
        ..LambdaRequest::default()
    };
    let served = EdgeServerClient::new(channel).run_lambda(request).await;
    served.unwrap().into_inner()
}

async fn example(broker: &str) {
    let [controller, router, tables] = [port(), port(), port()];
    let computers = [port(), port()];
    let utilization = [port(), port()];
    let _controller = Process::start("edgecontroller", &["--server", &controller]);
    let start = |number: usize| {
        let options = [
            "--server",
            &computers[number],
            "--util",
            &utilization[number],
            "--controller",
            &controller,
            "--announce-period",
            "0.2",
        ];
        Process::start("edgecomputer", &options)
    };
    let mut running = [start(0), start(1)];
    let options = [
        "--server",
        &router,
        "--conf",
        &tables,
        "--controller",
        &controller,
    ];
    let mut broker = Process::start(broker, &options);
    eventually("both computers are known", async || {
        destinations(&tables).await.len() == 2
    })
    .await;
    for _ in 0..5 {
        let served = call(&router, 10_000).await;
        assert_eq!(
            (&*served.retcode, served.ptime, served.hops),
            ("OK", 100, 2)
        );
        assert!(computers.contains(&served.responder));
    }
    let channel = connect(&utilization[0], &Security::Plaintext)
        .await
        .unwrap();
    let mut client = EdgeComputerClient::new(channel);
    let stream = client.stream_util(Void {}).await;
    let first = stream
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let names: Vec<_> = first.values.keys().collect();
    assert_eq!(names, ["arm", "bm2837"]);

    // One leaves, one is killed and started again.
    assert_eq!(running[0].end("-INT"), Some(0));
    eventually("the first has left", async || {
        destinations(&tables).await == [computers[1].as_str()]
    })
    .await;
    assert_eq!(running[1].end("-KILL"), None);
    let failed = call(&router, 100).await;
    assert!(failed.retcode.starts_with("RPC failed: "), "{failed:?}");
    running[1] = start(1);
    eventually("the second serves again", async || {
        call(&router, 100).await.retcode == "OK"
    })
    .await;
    assert_eq!(broker.end("-TERM"), Some(0));
}

#[tokio::test]
async fn the_example_of_the_guide_works_as_typed() {
    example("edgerouter").await;
}

#[tokio::test]
async fn the_example_of_the_guide_works_with_a_dispatcher() {
    example("edgedispatcher").await;
}

#[test]
fn every_program_teaches_and_says_its_version() {
    for program in [
        "edgecontroller",
        "edgecomputer",
        "edgerouter",
        "edgedispatcher",
    ] {
        let help = output(program, &["--help"]);
        assert!(help.status.success());
        let text = String::from_utf8(help.stdout).unwrap();
        for part in ["--server-endpoint", "--secure", "Examples:"] {
            assert!(text.contains(part), "{program}: no `{part}`");
        }
        let version = output(program, &["-v"]);
        assert!(version.stdout.starts_with(program.as_bytes()));
    }
    let example = output("edgecomputer", &["--json-example"]);
    let json: serde_json::Value = serde_json::from_slice(&example.stdout).unwrap();
    assert_eq!(json["version"], "1.0");
}

#[test]
fn mistakes_are_one_line_and_status_2() {
    for (program, options, part) in [
        (
            "edgerouter",
            &["--table-conf", "type=best"][..],
            "known: random",
        ),
        (
            "edgerouter",
            &["--optimizer-conf", "type=trivial,perod=1"],
            "period",
        ),
        (
            "edgerouter",
            &["--router-conf", "max-pending=1"],
            "max-pending-clients",
        ),
        ("edgerouter", &["--server", "nowhere"], "host:port"),
        (
            "edgedispatcher",
            &["--ptimeest-conf", "type=magic"],
            "known: rtt",
        ),
        (
            "edgecomputer",
            &["--conf", "type=cray"],
            "possible values: file",
        ),
        (
            "edgecomputer",
            &["--conf", "type=file,path=/nonexistent"],
            "/nonexistent",
        ),
        ("edgecomputer", &["--no-state-server"], "--state-endpoint"),
        (
            "edgecontroller",
            &[
                "--installer-type",
                "hier",
                "--topology-file",
                "/nonexistent",
            ],
            "/nonexistent",
        ),
        ("edgecontroller", &["--type", "etsi"], "plain"),
    ] {
        let failed = output(program, options);
        let text = String::from_utf8(failed.stderr).unwrap();
        assert_eq!(failed.status.code(), Some(2), "{options:?}: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn an_endpoint_that_is_taken_is_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let failed = output("edgecontroller", &["--server", &place]);
    assert_eq!(failed.status.code(), Some(1));
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(
        text.contains(&format!("Could not bind to: {place}")),
        "{text}"
    );
}
