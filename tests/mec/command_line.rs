//! Options and commands: help, recorded output, mistakes.

use crate::processes::{run, stdout};
use crate::support::Proxy;

const ALL: [&str; 3] = ["ueapplcmproxy", "ueapplcmproxyclient", "etsimeccli"];

#[test]
fn help_teaches_and_is_no_failure() {
    for program in ALL {
        for option in ["-h", "--help"] {
            let help = stdout(&run(program, &[option]));
            for part in ["Usage: ", "Example", "[default: ", "--version"] {
                assert!(help.contains(part), "{program}: no {part} in {help}");
            }
        }
        let version = format!("{program} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(stdout(&run(program, &["--version"])), version);
    }
}

#[test]
fn a_mistake_is_one_line_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let wrong = folder.path().join("wrong");
    std::fs::write(&wrong, "* f\n").unwrap();
    let (empty, wrong) = (empty.to_str().unwrap(), wrong.to_str().unwrap());
    let cases: &[(&str, &[&str], &str)] = &[
        (
            "ueapplcmproxy",
            &["--etsi-api-root", "127.0.0.1:1"],
            "expected an address such as http://",
        ),
        (
            "ueapplcmproxy",
            &["--etsi-api-root", "https://127.0.0.1:1"],
            "only http is served",
        ),
        (
            "ueapplcmproxy",
            &["--server", "nowhere"],
            "found endpoint `nowhere`",
        ),
        (
            "ueapplcmproxy",
            &["--country", "Italy"],
            "expected two capital letters",
        ),
        (
            "ueapplcmproxy",
            &["--notification-age", "0"],
            "--notification-age",
        ),
        (
            "ueapplcmproxy",
            &["--max-contexts", "many"],
            "--max-contexts",
        ),
        (
            "ueapplcmproxy",
            &["--server", "127.0.0.1:0", "--contexts-file", wrong],
            "not a file of contexts",
        ),
        (
            "ueapplcmproxyclient",
            &["--server", "nowhere"],
            "found endpoint `nowhere`",
        ),
        ("etsimeccli", &["--command", "nothing"], "app_list"),
        (
            "etsimeccli",
            &["--etsi-api-root", "nowhere"],
            "expected an address such as http://",
        ),
        ("etsimeccli", &["--etsi-version", "3"], "1.1.1, 2.2.1"),
        (
            "etsimeccli",
            &["--mattermost-proxy", "http://127.0.0.1:0"],
            "--mattermost-token",
        ),
        ("edgecontroller", &["--type", "etsi-file"], "--file"),
        (
            "edgecontroller",
            &["--type", "etsi-file", "--file", empty],
            "found no association",
        ),
        (
            "edgecontroller",
            &["--type", "etsi-file", "--file", wrong],
            "line 1: found 2 words",
        ),
        (
            "edgecontroller",
            &["--type", "etsi-file", "--file", "/nowhere"],
            "cannot read",
        ),
        (
            "edgecontroller",
            &["--type", "etsi-balanced"],
            "--balanced-endpoint",
        ),
        (
            "edgecontroller",
            &[
                "--type",
                "etsi-balanced",
                "--balanced-endpoint",
                "h:1",
                "--balanced-period",
                "0",
            ],
            "--balanced-period",
        ),
        (
            "edgeippclient",
            &["--etsi-api-root", "http://h:1", "--server", "a:1,b:1"],
            "the endpoint comes from the proxy",
        ),
    ];
    for (program, args, message) in cases {
        let output = run(program, args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{program} {args:?}: {text}");
        let lines: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with(program))
            .collect();
        assert_eq!(lines.len(), 1, "{program} {args:?}: {text}");
        assert!(lines[0].contains(message), "{program} {args:?}: {text}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_proxy_that_is_not_there_is_one_line_and_status_1() {
    let nowhere = crate::ports::port();
    let root = format!("http://{nowhere}");
    let output = run("etsimeccli", &["--etsi-api-root", &root]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.lines().count() == 1 && text.contains(&root), "{text}");
}

/// The recorded commands and output of the original; the first session has the tables
/// in its order.
#[test]
fn tables_are_printed_as_the_original_prints_them() {
    let proxy = Proxy::start();
    let printed = proxy.command(
        "add-lambda test1\nadd-lambda test2\nassociate * test1 localhost:10000\nassociate \
         127.0.0.1 test2 localhost:10001\ntable\ncontexts\nnum-contexts\nbogus\n\nassociate \
         x\nquit\n",
    );
    let expected = "OK\nOK\nOK\nOK\n127.0.0.1 test2 localhost:10001\n* test1 \
                    localhost:10000\n0\nInvalid command\nInvalid command\n";
    assert_eq!(printed, expected);
    assert!(
        proxy
            .command("help\n")
            .starts_with("Commands are read sequentially from standard")
    );
    // What comes after `quit` and the end of the input without it.
    assert_eq!(proxy.command("quit\ntable\n"), "");
    assert_eq!(proxy.command("num-contexts"), "0\n");

    assert_eq!(
        proxy.list(&[]),
        "test1, OpenLambdaMec, 1.0\ntest2, OpenLambdaMec, 1.0\n"
    );
    let verbose = "appName test1, appProvider OpenLambdaMec, appSoftVersion 1.0, appDescription \
                   , appPackageSource , ApplicationList\nappName test2, appProvider \
                   OpenLambdaMec, appSoftVersion 1.0, appDescription , appPackageSource , \
                   ApplicationList\n";
    assert_eq!(proxy.list(&["--verbose"]), verbose);
    let table = " | appName  | appProvider | appSoftVersion |\n | -------- | ----------- | \
                 -------------- |\n | test1 | OpenLambdaMec | 1.0 | \n | test2 | OpenLambdaMec | \
                 1.0 | \n";
    assert_eq!(proxy.list(&["--mattermost-output"]), table);
    let newer = ["--etsi-version", "2.2.1"];
    assert_eq!(proxy.list(&newer), proxy.list(&[]));
}

/// `SOE_DATA` names the folder of the recording.
#[test]
fn recorded_sessions_print_what_was_recorded() {
    let Some(folder) = std::env::var_os("SOE_DATA") else {
        eprintln!("left out: SOE_DATA does not name the folder with the recorded exchanges");
        return;
    };
    let file = std::path::Path::new(&folder).join("golden/http/exchanges.json");
    let text = std::fs::read_to_string(file).unwrap();
    let recording: serde_json::Value = serde_json::from_str(&text).unwrap();
    let proxy = Proxy::start();
    let mut compared = 0;
    for entry in recording.as_array().unwrap() {
        let expected = entry["stdout"].as_str().unwrap_or_default();
        let printed = match entry["server"].as_str() {
            // The last session looks at contexts, which another test creates.
            Some("ueapplcmproxyclient") if compared < 2 => {
                proxy.command(entry["input"].as_str().unwrap())
            }
            Some("etsimeccli") => {
                let options = entry["options"].as_array().unwrap().iter();
                let options: Vec<_> = options.map(|it| it.as_str().unwrap()).collect();
                proxy.list(&options)
            }
            _ => continue,
        };
        assert_eq!(printed, expected, "{entry}");
        compared += 1;
    }
    assert_eq!(compared, 5);
}
