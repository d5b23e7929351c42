//! What the servers say to those who start them.

use std::net::TcpListener;

use crate::support::output;

#[test]
fn every_program_teaches_and_says_its_version() {
    for program in [
        "edgecontroller",
        "edgecomputer",
        "edgerouter",
        "edgedispatcher",
        "wskproxy",
        "edgecomputerwsk",
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
        (
            "wskproxy",
            &["--wsk-api-root", "host:1"],
            "http://host:port",
        ),
        ("wskproxy", &["--auth-file", "/nonexistent"], "/nonexistent"),
        ("edgecomputerwsk", &["--wsk-auth", "x"], "user:password"),
        ("facedetect", &["--help"], "edgecomputerfacerec"),
        ("facerectrain", &["--anything"], "OpenCV"),
        ("facerecpredict", &[], "OpenCV"),
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
