//! Processes that tests start, and where they listen.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::executables::path;

/// A process that is asked to stop when it is dropped.
pub struct Running(pub Child);

impl Running {
    pub fn start(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(path(program));
        command.args(args).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

#[allow(dead_code, reason = "not all tests that share this need it")]
impl Running {
    /// Sends SIGINT, waits, and says whether it ended well.
    pub fn interrupt(mut self) -> bool {
        signal(&self.0);
        self.0.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            signal(&self.0);
            self.0.wait().unwrap();
        }
    }
}

/// Sends SIGINT.
fn signal(child: &Child) {
    let mut kill = Command::new("kill");
    kill.args(["-INT", &child.id().to_string()]);
    kill.status().unwrap();
}

/// Runs a program to its end.
pub fn run(program: &str, args: &[&str]) -> Output {
    Command::new(path(program)).args(args).output().unwrap()
}

/// What a program that succeeded has printed.
pub fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Waits until a broker has so many lines in its tables.
#[allow(dead_code, reason = "not all tests that share this need it")]
pub fn until_tables_have(lines: usize, tables: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let output = run("forwardingtableclient", &["--server", tables]);
        let text = String::from_utf8(output.stdout).unwrap();
        if text.lines().count() >= lines {
            return text;
        }
        assert!(Instant::now() < deadline, "tables: {text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
