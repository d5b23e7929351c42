//! Options: help, versions, mistakes.

use crate::support::{command, run, stderr, stdout};

const ALL: [&str; 6] = [
    "edgeclient",
    "edgeippclient",
    "edgemulticlient",
    "clienttracegen",
    "forwardingtableclient",
    "edgecomputerclient",
];

#[test]
fn help_teaches_and_is_no_failure() {
    for program in ALL {
        for option in ["-h", "--help"] {
            let output = run(program, &[option]);
            assert!(output.status.success());
            let help = stdout(&output);
            for part in ["Usage: ", "Examples:", "[default: ", "--version"] {
                assert!(help.contains(part), "{program}: no {part} in {help}");
            }
        }
        let help = stdout(&run(program, &["-h"]));
        assert_eq!(
            help.contains("--secure"),
            help.contains("CERT_DIR"),
            "{program}"
        );
    }
}

#[test]
fn versions_are_told() {
    for program in ALL {
        for option in ["-v", "--version"] {
            let version = format!("{program} {}\n", env!("CARGO_PKG_VERSION"));
            assert_eq!(stdout(&run(program, &[option])), version);
        }
    }
}

#[test]
fn a_mistake_is_one_line_and_status_2() {
    for (program, args, message) in [
        (
            "edgeclient",
            &["--server", "nowhere"][..],
            "invalid value 'nowhere' for '--server-endpoints <HOST:PORT,...>': found endpoint \
             `nowhere`, expected host:port such as 127.0.0.1:6473 (no port)",
        ),
        (
            "edgeclient",
            &["--client-conf", "type=grpc, persistence=0.05"],
            "invalid value 'type=grpc, persistence=0.05' for '--client-conf <CONF>': unknown key \
             ` persistence`, known: type, persistence",
        ),
        (
            "edgeclient",
            &["--client-conf", "type=quic"],
            "invalid value 'type=quic' for '--client-conf <CONF>': type=quic is not part of this build: build with `cargo install --path . --features quic`",
        ),
        (
            "edgeclient",
            &["--inter-request-type", "often"],
            "invalid value 'often' for '--inter-request-type <TYPE>' [possible values: constant, \
             uniform, poisson]",
        ),
        (
            "edgeclient",
            &["--sizes", "10,many"],
            "invalid value 'many' for '--sizes <BYTES,...>': expected a whole number of bytes, at \
             most 1073741824",
        ),
        (
            "edgeclient",
            &["--num-threads", "0"],
            "invalid value '0' for '--num-threads <NUM_THREADS>': 0 is not in 1..=100000",
        ),
        (
            "edgeclient",
            &["--duration", "long"],
            "invalid value 'long' for '--duration <SECONDS>': expected a number of seconds, at \
             least 0",
        ),
        (
            "edgeclient",
            &["--output-file", "/nonexistent/calls"],
            "/nonexistent/calls: cannot open for writing: No such file or directory (os error 2)",
        ),
        (
            "edgeclient",
            &["--chain-conf", "type=file"],
            "--chain-conf: No value found for key: filename",
        ),
        (
            "edgeclient",
            &["--dag-conf", "type=circle"],
            "--dag-conf: key `type`: found `circle`, expected file or make-template",
        ),
        (
            "edgeclient",
            &["--dag-conf", "type=file,filename=/nonexistent"],
            "--dag-conf: /nonexistent: No such file or directory (os error 2)",
        ),
        (
            "edgeclient",
            &["--callback-endpoint", "0.0.0.0:6480"],
            "--callback-endpoint is a wildcard address: give the address at which computers reach \
             this client",
        ),
        (
            "edgeclient",
            &["--callback-endpoint", "127.0.0.1:0", "--dry"],
            "--dry: only single functions can be estimated, not chains, graphs or asynchronous \
             calls",
        ),
        (
            "edgeclient",
            &["--callback-endpoint", "h:1", "--server", "h:2,h:3"],
            "--server-endpoints: a chain, a graph or an asynchronous call goes to one endpoint, \
             found several",
        ),
        (
            "edgeclient",
            &["--no-state-server"],
            "the following required arguments were not provided: --state-endpoint <ENDPOINT>",
        ),
        (
            "edgeippclient",
            &["--min-size", "200"],
            "`uniform` has `min` = 200 B above `max` = 100 B",
        ),
        (
            "edgeippclient",
            &[
                "--client-type",
                "ipp",
                "--min-sleep",
                "1",
                "--max-sleep",
                "0.5",
            ],
            "`ipp` has gaps from 1 s to 500 ms: the maximum must be more than 0 and at least the \
             minimum",
        ),
        (
            "clienttracegen",
            &["--min-size", "501"],
            "--min-size 501 is more than --max-size 500",
        ),
        (
            "clienttracegen",
            &["--rate", "0"],
            "invalid value '0' for '--rate <CALLS>': expected a number of calls per second, more \
             than 0",
        ),
        (
            "edgemulticlient",
            &["--input-file", "/nonexistent/trace"],
            "/nonexistent/trace: cannot read: No such file or directory (os error 2)",
        ),
        (
            "forwardingtableclient",
            &["--action", "destroy"],
            "invalid value 'destroy' for '--action <ACTION>' [possible values: dump, reset, flush, \
             change, remove]",
        ),
        (
            "edgecomputerclient",
            &["here"],
            "unexpected argument 'here' found",
        ),
    ] {
        let output = run(program, args);
        assert_eq!(output.status.code(), Some(2), "{program} {args:?}");
        assert_eq!(stderr(&output), format!("{program}: {message}\n"));
        assert!(output.stdout.is_empty());
    }
}

#[cfg(not(feature = "facerec"))]
#[test]
fn executables_that_are_not_built_say_how_to_get_them() {
    for program in ["edgecomputerfacerec", "facerecclient"] {
        let output = run(program, &["--help"]);
        assert_eq!(output.status.code(), Some(2), "{program}");
        let text = "not part of this build: build with `cargo install --path . --features facerec`";
        assert_eq!(stderr(&output), format!("{program}: {text}\n"));
    }
}

#[cfg(not(feature = "quic"))]
#[test]
fn a_transport_that_is_not_built_says_how_to_get_it() {
    for option in [
        "--client-conf=type=quic",
        "--client-conf=type=quic,insecure=true",
    ] {
        let output = run("edgeclient", &[option]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let text = stderr(&output);
        assert!(
            text.contains("`cargo install --path . --features quic`"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn wrong_environments_are_mistakes_too() {
    for (variable, value, message) in [
        ("RUST_LOG", "soe_live=loud", "RUST_LOG=`soe_live=loud`: "),
        ("GLOG_v", "loud", "GLOG_v=`loud`: expected a whole number"),
        ("CERT_DIR", "/nonexistent", "Invalid CERT_DIR: /nonexistent"),
    ] {
        let mut command = command("edgeclient", &["--secure", "--max-requests", "0"]);
        let output = command.env(variable, value).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(
            text.starts_with(&format!("edgeclient: {message}")),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn the_log_level_of_the_original_shows_each_call() {
    let computer = crate::support::Computer::echo();
    let args = ["--server", computer.endpoint(), "--max-requests", "1"];
    for (level, shown) in [("0", false), ("1", true)] {
        let output = command("edgeclient", &args).env("GLOG_v", level).output();
        assert_eq!(stderr(&output.unwrap()).contains("DEBUG"), shown);
    }
}
