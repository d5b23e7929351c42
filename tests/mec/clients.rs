//! Clients that call where the proxy tells them, and controllers that tell the proxy.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::ports::port;
use crate::processes::{Running, run, stdout};
use crate::support::Proxy;

fn computer(controller: Option<&str>) -> (String, Running) {
    let (endpoint, utilization) = (port(), port());
    let mut args = vec![
        "--server",
        &endpoint,
        "--utilization-endpoint",
        &utilization,
    ];
    args.extend(controller.iter().flat_map(|it| ["--controller", it]));
    let process = Running::start("edgecomputer", &args);
    (endpoint, process)
}

#[test]
fn each_client_has_a_context_of_its_own() {
    let proxy = Proxy::start();
    let (one, _one) = computer(None);
    proxy.command(&format!(
        "add-lambda clambda0\nassociate * clambda0 {one}\n"
    ));
    let notifications = format!("http://{}", port());
    let args = [
        "--etsi-api-root",
        &proxy.root,
        "--etsi-notification-uri",
        &notifications,
        "--client-type",
        "poisson",
        "--period-mean",
        "0.1",
        "--num-clients",
        "3",
        "--max-requests",
        "4",
    ];
    let printed = stdout(&run("edgeippclient", &args));
    assert_eq!(
        printed.lines().filter(|line| line.contains(&one)).count(),
        12
    );
    assert_eq!(proxy.command("num-contexts\n"), "0\n");
}

#[test]
fn a_balanced_controller_fills_the_tables_of_a_proxy() {
    let proxy = Proxy::start();
    let controller = port();
    let args = [
        "--server",
        &controller,
        "--type",
        "etsi-balanced",
        "--balanced-endpoint",
        &proxy.north,
        "--balanced-period",
        "0.1",
    ];
    let _controller = Running::start("edgecontroller", &args);
    let (one, computer) = computer(Some(&controller));
    let row = format!("* clambda0 {one}\n");
    proxy.until("the computer is the default", |proxy| {
        proxy.command("table\n").contains(&row)
    });
    assert!(proxy.list(&[]).contains("clambda0, OpenLambdaMec, 1.0\n"));
    assert!(computer.interrupt());
    proxy.until("it is gone", |proxy| proxy.command("table\n").is_empty());
}

#[test]
fn a_controller_of_a_file_has_a_proxy_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("associations");
    let (controller, root) = (port(), format!("http://{}", port()));
    std::fs::write(&file, "* clambda0 127.0.0.1:1\n").unwrap();
    let kept = folder.path().join("contexts");
    let args = [
        "--server",
        &controller,
        "--type",
        "etsi-file",
        "--file",
        file.to_str().unwrap(),
        "--etsi-api-root",
        &root,
        "--contexts-file",
        kept.to_str().unwrap(),
    ];
    let _controller = Running::start("edgecontroller", &args);
    let (_, _computer) = computer(Some(&controller));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let output = run("etsimeccli", &["--etsi-api-root", &root]);
        let text = String::from_utf8(output.stdout).unwrap();
        if text.contains("clambda0, ServerlessOnEdge, 1.0\n") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "never: {text}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Posts a form, and returns status and body.
fn post(endpoint: &str, form: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(endpoint).unwrap();
    let length = form.len();
    write!(
        socket,
        "POST / HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    (status, body)
}

#[test]
fn mattermost_is_answered_if_it_knows_the_token() {
    let proxy = Proxy::start();
    proxy.command("add-lambda f\n");
    let (hook, nowhere) = (port(), port());
    let (uri, first) = (format!("http://{hook}"), format!("http://{nowhere}"));
    let args = [
        "--mattermost-proxy",
        &uri,
        "--mattermost-token",
        "secret",
        "--etsi-api-root",
        &first,
    ];
    let _cli = Running::start("etsimeccli", &args);
    proxy.until("it listens", |_| TcpStream::connect(&hook).is_ok());
    let ask = |user: &str, text: &str| {
        let form = format!("token=secret&user_name={user}&text={text}");
        let (status, body) = post(&hook, &form);
        assert_eq!(status, 200);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        post(&hook, "token=wrong&user_name=u&text=command+app_list").0,
        401
    );
    assert_eq!(post(&hook, "").0, 401);
    assert!(ask("u", "anything").starts_with("commands:"));
    assert!(ask("u", "apiroot+nowhere").contains("expected an address"));
    assert!(ask("u", "command+app_list").contains(&first));
    let escaped = proxy.root.replace(':', "%3A").replace('/', "%2F");
    assert!(ask("u", &format!("apiroot+{escaped}")).contains(&proxy.root));
    assert!(ask("u", "command+app_list").contains("| f | OpenLambdaMec | 1.0 |"));
    // Another user has a proxy of their own.
    assert!(ask("v", "command+app_list").contains(&first));
}
