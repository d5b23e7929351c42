//! Processes, and what the tests ask them.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::edge_server_client::EdgeServerClient;
use soe_live::rpc::{LambdaRequest, LambdaResponse, TableId};
use soe_live::{Security, connect};

use crate::executables::path;
pub use crate::ports::{port, port_of};

pub const LONG: Duration = Duration::from_secs(30);

/// A process that is killed at the end of a test.
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    pub fn start(program: &str, options: &[&str]) -> Self {
        Self::start_with(program, options, &[])
    }

    /// With environment variables.
    pub fn start_with(program: &str, options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(path(program));
        command.args(options).envs(variables.iter().copied());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Sends a signal and waits for the end; says the exit status.
    pub fn end(&mut self, signal: &str) -> Option<i32> {
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

/// Runs an executable to its end.
pub fn output(program: &str, options: &[&str]) -> Output {
    Command::new(path(program)).args(options).output().unwrap()
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, waited).await;
    assert!(waited.is_ok(), "never: {what}");
}

/// Where the first table of a broker sends calls of a function.
pub async fn destinations(tables: &str, function: &str) -> Vec<String> {
    let Ok(channel) = connect(tables, &Security::Plaintext).await else {
        return Vec::new();
    };
    let mut client = EdgeRouterClient::new(channel);
    let table = client.get_table(TableId { value: 0 });
    let entries = table.await.map(|table| table.into_inner().entries);
    let entries = entries.unwrap_or_default().into_iter();
    let entries = entries.filter(|entry| entry.lambda == function);
    entries.map(|entry| entry.destination).collect()
}

/// Calls a function with so many bytes of input.
pub async fn call(server: &str, function: &str, size: usize) -> LambdaResponse {
    let channel = connect(server, &Security::Plaintext).await.unwrap();
    let request = LambdaRequest {
        name: function.into(),
        input: "A".repeat(size),
        ..LambdaRequest::default()
    };
    let served = EdgeServerClient::new(channel).run_lambda(request).await;
    served.unwrap().into_inner()
}
