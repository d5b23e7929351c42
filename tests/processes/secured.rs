//! Processes that show each other certificates.

use std::path::Path;
use std::process::{Command, Output};

use crate::certificates::certificates;
use crate::executables::path;
use crate::support::{Process, eventually, port};

/// Runs a program with the certificates in `folder`.
fn run(program: &str, options: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(path(program));
    command.args(options).env("CERT_DIR", folder);
    command.env("RUST_LOG", "warn").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn every_program_takes_part_with_certificates_and_nobody_without() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates(ours.path());
    certificates(theirs.path());
    let [controller, computer, utilization] = [port(), port(), port()];
    let [router, tables, dispatcher, other_tables] = [port(), port(), port(), port()];
    let start = |program: &str, options: &[&str]| {
        let options = [options, &["--secure"]].concat();
        let folder = ours.path().to_str().unwrap();
        Process::start_with(program, &options, &[("CERT_DIR", folder)])
    };
    let mut running = vec![start("edgecontroller", &["--server", &controller])];
    let options = ["--server", &computer, "--util", &utilization];
    let known = ["--controller", &controller];
    running.push(start("edgecomputer", &[&options[..], &known].concat()));
    let brokers = [
        ("edgerouter", &router, &tables),
        ("edgedispatcher", &dispatcher, &other_tables),
    ];
    for (program, server, conf) in brokers {
        let options = ["--server", server, "--conf", conf];
        running.push(start(program, &[&options[..], &known].concat()));
    }
    for (_, _, conf) in brokers {
        let shown = || {
            run(
                "forwardingtableclient",
                &["--server", conf, "--secure"],
                ours.path(),
            )
        };
        eventually("the computer is known", async || {
            text(&shown().stdout).contains(&computer)
        })
        .await;
    }

    for (_, server, _) in brokers {
        let call = ["--server", server, "--max-requests", "2", "--sizes", "100"];
        let secured = [&call[..], &["--secure"]].concat();
        let called = run("edgeclient", &secured, ours.path());
        assert!(called.status.success(), "{}", text(&called.stderr));
        let lines = text(&called.stdout);
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(
            lines.contains(&format!(" {computer} clambda0 2\n")),
            "{lines}"
        );
        // Without a certificate, or with one of another authority.
        for (options, folder) in [(&call[..], ours.path()), (&secured, theirs.path())] {
            let refused = run("edgeclient", options, folder);
            assert_eq!(refused.status.code(), Some(1));
            assert!(refused.stdout.is_empty());
            let said = text(&refused.stderr);
            assert!(said.contains("2 errors occurred: RPC failed: "), "{said}");
        }
    }
    let trace = ours.path().join("trace");
    let line = format!("0 clambda0 {router} 100\n");
    std::fs::write(&trace, line).unwrap();
    let trace = trace.to_str().unwrap();
    let play = [
        "--input-file",
        trace,
        "--output-file",
        "/dev/stdout",
        "--secure",
    ];
    let played = run("edgemulticlient", &play, ours.path());
    assert!(text(&played.stdout).contains(&computer), "{played:?}");
    let stranger = ["--server", &tables, "--secure"];
    let refused = run("forwardingtableclient", &stranger, theirs.path());
    assert_eq!(refused.status.code(), Some(1));

    for process in running.iter_mut().rev() {
        assert_eq!(process.end("-TERM"), Some(0));
    }
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (program, file) in [("edgerouter", "server.crt"), ("edgeclient", "client.crt")] {
        let failed = run(program, &["--secure"], folder.path());
        let said = text(&failed.stderr);
        assert_eq!(failed.status.code(), Some(2), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(file), "{said}");
    }
}
