//! The worked examples of the original's documentation: f1-f2-f1 and a graph, with
//! states of 10 to 40 kB and functions of 27 ms, each program a process.

#![allow(clippy::unwrap_used)]

#[path = "shared/executables.rs"]
mod executables;
#[path = "../soe-live/tests/shared/ports.rs"]
mod ports;
#[path = "shared/processes.rs"]
mod processes;

use std::path::Path;

use ports::port;
use processes::{Running, run, stdout, until_tables_have};
use soe_live::Security;
use soe_live::workflow::Servers;
use soe_model::workflow::{StateReply, StateRequest};
use tempfile::TempDir;

/// What a function takes with an input of 104 bytes on a core of 4 Gop/s.
const FUNCTION: f64 = 0.027;

/// A controller, a router, and for each of `functions` a computer that offers it.
struct System {
    folder: TempDir,
    router: String,
    tables: String,
    _processes: Vec<Running>,
}

impl System {
    /// `options` are those of every computer; ROUTER and STATES stand for the router
    /// and for a free endpoint.
    fn start(functions: &[&str], options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [controller, router, tables] = [(); 3].map(|()| port());
        let mut all = vec![Running::start("edgecontroller", &["--server", &controller])];
        let broker = [
            "--server-endpoint",
            &router,
            "--configuration-endpoint",
            &tables,
            "--controller-endpoint",
            &controller,
        ];
        all.push(Running::start("edgerouter", &broker));
        let example = stdout(&run("edgecomputer", &["--json-example"]));
        for (number, function) in functions.iter().enumerate() {
            let file = folder.path().join(format!("computer-{number}.json"));
            std::fs::write(&file, example.replace("clambda@1", function)).unwrap();
            let conf = format!("type=file,path={}", file.display());
            let [server, utilization, states] = [(); 3].map(|()| port());
            let mut words = vec!["--server", &server, "--utilization-endpoint", &utilization];
            words.extend(["--controller", &controller, "--conf", &conf]);
            words.extend(options.iter().map(|&word| match word {
                "ROUTER" => &router,
                "STATES" => states.as_str(),
                other => other,
            }));
            all.push(Running::start("edgecomputer", &words));
        }
        // Two tables, each with its name.
        until_tables_have(2 + 2 * functions.len(), &tables);
        Self {
            folder,
            router,
            tables,
            _processes: all,
        }
    }

    /// Runs a client and returns its lines, split at spaces.
    fn client(&self, options: &[&str]) -> Vec<Vec<String>> {
        let mut words = vec!["--server", &self.router, "--sizes", "104"];
        words.extend(options);
        let output = run("edgeclient", &words);
        let line = |line: &str| line.split(' ').map(str::to_owned).collect();
        stdout(&output).lines().map(line).collect()
    }

    /// The mean processing time in seconds that a client says at its end.
    fn processing(&self, options: &[&str]) -> f64 {
        let mut words = vec!["--server", &self.router, "--sizes", "104"];
        words.extend(options);
        let output = run("edgeclient", &words);
        assert!(output.status.success(), "{output:?}");
        let log = String::from_utf8(output.stderr).unwrap();
        let (_, said) = log.split_once("processing ").unwrap();
        said.split(' ').next().unwrap().parse().unwrap()
    }

    /// The file that the client writes as an example.
    fn example(&self, option: &str) -> String {
        let name = template(self.folder.path(), option);
        let path = self.folder.path().join(name);
        format!("type=file,filename={}", path.display())
    }
}

/// Has a client write an example and returns the name of the file.
fn template(folder: &Path, option: &str) -> String {
    let mut command = std::process::Command::new(executables::path("edgeclient"));
    command
        .args([option, "type=make-template"])
        .current_dir(folder);
    let text = stdout(&command.output().unwrap());
    text.trim().strip_prefix("wrote ").unwrap().to_owned()
}

/// A line of output: latency, who executed, what, nodes passed.
#[track_caller]
fn check(line: &[String], functions: &str, steps: f64, hops: &str, named: bool) {
    let [_, latency, load, responder, name, passed] = line else {
        panic!("{line:?}");
    };
    assert_eq!(
        (load.as_str(), name.as_str(), passed.as_str()),
        ("0", functions, hops)
    );
    assert_eq!(!responder.is_empty(), named, "{line:?}");
    // Never faster than the functions; how much slower depends on the machine.
    let latency: f64 = latency.parse().unwrap();
    assert!(latency >= steps * FUNCTION, "{latency}");
}

#[test]
fn a_chain_that_the_client_drives_with_embedded_states() {
    let system = System::start(&["f1", "f2"], &[]);
    let chain = system.example("--chain-conf");
    let lines = system.client(&["--chain-conf", &chain, "--max-requests", "2"]);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        check(line, "f1-f2-f1", 3.0, "6", false);
    }
    let processing = system.processing(&["--chain-conf", &chain, "--max-requests", "1"]);
    assert!((0.081..0.2).contains(&processing), "{processing}");
}

#[test]
fn a_chain_hop_by_hop_with_embedded_states() {
    let system = System::start(&["f1", "f2"], &["--companion-endpoint", "ROUTER"]);
    let chain = system.example("--chain-conf");
    let callback = ["--callback-endpoint", "127.0.0.1:0"];
    let options = ["--chain-conf", &chain, "--max-requests", "2"];
    let lines = system.client(&[options.as_slice(), callback.as_slice()].concat());
    assert_eq!(lines.len(), 2);
    for line in &lines {
        check(line, "f1-f2-f1", 3.0, "6", true);
    }
    // Results that come to a callback do not tell it.
    let processing = system.processing(&[options.as_slice(), callback.as_slice()].concat());
    assert_eq!(processing, 0.0);
}

#[test]
fn a_chain_with_remote_states_in_both_styles() {
    let options = [
        "--companion-endpoint",
        "ROUTER",
        "--state-endpoint",
        "STATES",
    ];
    let system = System::start(&["f1", "f2"], &options);
    let chain = system.example("--chain-conf");
    for (prefix, callback) in [("driven/", ""), ("called-back/", "127.0.0.1:0")] {
        let options = [
            "--chain-conf",
            &chain,
            "--max-requests",
            "2",
            "--state-endpoint",
            "127.0.0.1:0",
            "--prefix",
            prefix,
            "--callback-endpoint",
            callback,
        ];
        let lines = system.client(&options);
        assert_eq!(lines.len(), 2);
        for line in &lines {
            check(line, "f1-f2-f1", 3.0, "6", !callback.is_empty());
        }
    }
}

#[test]
fn states_that_stay_on_a_server_elsewhere() {
    let [server, utilization, states] = [(); 3].map(|()| port());
    let options = ["--server", &server, "--utilization", &utilization];
    let cloud = [options.as_slice(), &["--state-endpoint", &states]].concat();
    let _cloud = Running::start("edgecomputer", &cloud);
    // Abbreviated, as the original allows.
    let elsewhere = ["--state", states.as_str(), "--no-state-server"];
    let system = System::start(&["f1", "f2"], &elsewhere);
    while std::net::TcpStream::connect(&states).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let chain = system.example("--chain-conf");
    let options = ["--chain-conf", &chain, "--max-requests", "2"];
    let lines = system.client(&[options.as_slice(), &elsewhere].concat());
    assert_eq!(lines.len(), 2);
    for line in &lines {
        check(line, "f1-f2-f1", 3.0, "6", false);
    }
    let servers = Servers::new(Security::Plaintext, std::time::Duration::from_secs(30));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (name, size) in [
        ("s0", 10_000),
        ("s1", 20_000),
        ("s2", 30_000),
        ("s3", 40_000),
    ] {
        let name = name.to_owned();
        let asked = servers.ask(&states, StateRequest::Get { name });
        let reply = runtime.block_on(asked);
        assert!(
            matches!(&reply, StateReply::Found(content, _) if content.len() == size),
            "{reply:?}"
        );
    }
}

#[test]
fn a_graph_hop_by_hop_with_remote_states() {
    let options = [
        "--companion-endpoint",
        "ROUTER",
        "--state-endpoint",
        "STATES",
    ];
    // Two computers offer the function that joins the branches.
    let system = System::start(&["f0", "f1", "f2", "f2"], &options);
    let graph = system.example("--dag-conf");
    let options = [
        "--dag-conf",
        &graph,
        "--max-requests",
        "20",
        "--state-endpoint",
        "127.0.0.1:0",
        "--callback-endpoint",
        "127.0.0.1:0",
        "--timeout",
        "20",
    ];
    let lines = system.client(&options);
    assert_eq!(lines.len(), 20, "the original gets stuck after a few");
    let mut responders: Vec<_> = lines.iter().map(|line| line[3].clone()).collect();
    for line in &lines {
        // The last function receives what both branches returned.
        check(line, "f0-f1-f2-f2", 4.0, "6", true);
    }
    responders.sort();
    responders.dedup();
    assert_eq!(
        responders.len(),
        2,
        "both computers serve as meeting places"
    );
}

#[test]
fn a_graph_that_the_client_drives_and_single_asynchronous_calls() {
    let system = System::start(&["f0", "f1", "f2"], &["--asynchronous"]);
    let graph = system.example("--dag-conf");
    let lines = system.client(&["--dag-conf", &graph, "--max-requests", "2"]);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        check(line, "f0-f1-f2-f2", 4.0, "8", false);
    }
    let single = ["--lambda", "f1", "--max-requests", "3"];
    let callback = ["--callback-endpoint", "127.0.0.1:0"];
    let lines = system.client(&[single.as_slice(), callback.as_slice()].concat());
    assert_eq!(lines.len(), 3);
    for line in &lines {
        check(line, "f1", 1.0, "2", true);
    }
}

#[test]
fn what_cannot_work_is_said_to_the_caller() {
    // No companion: the original's computers crash here.
    let system = System::start(&["f1", "f2"], &["--asynchronous"]);
    let chain = system.example("--chain-conf");
    let fails = |options: &[&str]| {
        let mut words = vec!["--server", &system.router, "--max-requests", "1"];
        words.extend(options);
        let output = run("edgeclient", &words);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        text.lines().last().unwrap().to_owned()
    };
    let callback = ["--callback-endpoint", "127.0.0.1:0"];
    let chained = ["--chain-conf", chain.as_str()];
    let error = fails(&[chained, callback].concat());
    assert!(
        error.ends_with("Cannot execute the next function of a workflow without a companion"),
        "{error}"
    );
    let error = fails(&[chained, ["--state-endpoint", "127.0.0.1:0"]].concat());
    assert!(
        error.ends_with("cannot handle remote states without a state server"),
        "{error}"
    );
    let lines = system.client(&["--lambda", "f2", "--max-requests", "1"]);
    assert_eq!(lines.len(), 1, "the computers are still there");
    until_tables_have(6, &system.tables);
}
