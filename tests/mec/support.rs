//! A proxy with its two interfaces, and ways to talk to it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::executables::path;
use crate::ports::port;
use crate::processes::{Running, run, stdout};

/// A proxy in a process of its own.
pub struct Proxy {
    pub north: String,
    pub root: String,
    _process: Running,
}

impl Proxy {
    pub fn start() -> Self {
        let (north, root) = (port(), format!("http://{}", port()));
        let args = ["--server", &north, "--etsi-api-root", &root];
        let process = Running::start("ueapplcmproxy", &args);
        let proxy = Self {
            north,
            root,
            _process: process,
        };
        proxy.until("it is there", |proxy| {
            proxy.try_command("table\n").is_some()
        });
        proxy
    }

    /// What `ueapplcmproxyclient` prints for some commands.
    pub fn command(&self, input: &str) -> String {
        self.try_command(input).unwrap()
    }

    fn try_command(&self, input: &str) -> Option<String> {
        let mut command = Command::new(path("ueapplcmproxyclient"));
        command.args(["--server", &self.north]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// What `etsimeccli` prints.
    pub fn list(&self, options: &[&str]) -> String {
        let mut args = vec!["--etsi-api-root", &self.root];
        args.extend(options);
        stdout(&run("etsimeccli", &args))
    }

    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "never: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
