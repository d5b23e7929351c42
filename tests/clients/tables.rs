//! `forwardingtableclient`.

use soe_live::rpc::EdgeRouterConf;
use soe_live::rpc::edge_router_conf::Action;

use crate::support::{Broker, nobody, run, stderr, stdout};

fn example() -> Broker {
    let (one, two) = ("127.0.0.1:10000", "127.0.0.1:10001");
    Broker::with(vec![
        vec![
            ("clambda0", 0.106305, one, true),
            ("clambda0", 0.108944, two, true),
            ("glambda0", 1.0, one, true),
            ("glambda0", 1.0, "127.0.0.1:6473", false),
        ],
        vec![
            ("clambda0", 1.0, one, true),
            ("clambda0", 1.0, two, true),
            ("glambda0", 1.0, one, true),
        ],
    ])
}

#[test]
fn a_dump_looks_like_that_of_the_original() {
    let broker = example();
    let output = run(
        "forwardingtableclient",
        &["--server", &broker.service.endpoint],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = "\
Table#0
clambda0 [0.106305] 127.0.0.1:10000 (F)
         [0.108944] 127.0.0.1:10001 (F)
glambda0 [1       ] 127.0.0.1:10000 (F)
         [1       ] 127.0.0.1:6473
Table#1
clambda0 [1] 127.0.0.1:10000 (F)
         [1] 127.0.0.1:10001 (F)
glambda0 [1] 127.0.0.1:10000 (F)
";
    assert_eq!(stdout(&output), expected);
}

#[test]
fn a_reset_sets_every_pair_to_one_and_keeps_who_is_final() {
    let broker = example();
    let args = ["--server", &broker.service.endpoint, "--action", "reset"];
    let output = run("forwardingtableclient", &args);
    assert_eq!(stdout(&output), "OK\n");
    let commands = broker.commands();
    assert_eq!(commands.len(), 4);
    for command in &commands {
        assert_eq!((command.action(), command.weight), (Action::Change, 1.0));
        assert_eq!(command.r#final, command.destination != "127.0.0.1:6473");
    }
}

#[test]
fn a_flush_names_nothing() {
    let broker = example();
    let args = ["--server", &broker.service.endpoint, "--action", "flush"];
    assert_eq!(stdout(&run("forwardingtableclient", &args)), "OK\n");
    assert_eq!(broker.commands(), [EdgeRouterConf::default()]);
}

#[test]
fn a_refused_change_is_a_failure() {
    let broker = example();
    let args = [
        "--server",
        &broker.service.endpoint,
        "--action",
        "change",
        "--weight",
        "-1",
    ];
    let output = run("forwardingtableclient", &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert_eq!(
        stderr(&output),
        "forwardingtableclient: Error: invalid weight\n"
    );
}

#[test]
fn a_broker_that_is_not_there_is_a_failure() {
    let output = run("forwardingtableclient", &["--server", &nobody()]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.starts_with("forwardingtableclient: RPC failed: "),
        "{text}"
    );
}
