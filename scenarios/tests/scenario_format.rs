//! What the scenario format promises: what is printed reads back, every key can
//! be set from outside, the schema knows every key, and no input brings it down.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use scenarios::format::{self, Scenario};
use serde_json::Value as Json;
use soe_model::broker::BrokerKind;
use soe_model::client::Generator;
use soe_model::controller::InstallerSpec;
use soe_model::deployment::{Change, Deployment};
use soe_model::names::NodeId;
use soe_model::units::Bytes;

/// A scenario that uses every section.
const SAMPLE: &str = include_str!("sample.toml");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn sample() -> Scenario {
    let origin = folder().join("sample.toml").display().to_string();
    Scenario::parse(SAMPLE, &origin).unwrap()
}

fn resolved(scenario: &Scenario) -> Deployment {
    scenario.resolve().unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .filter(|path| !path.ends_with("Cargo.toml"))
        .collect();
    paths.sort();
    paths
}

fn assert_same(one: &Deployment, other: &Deployment) {
    assert_eq!(one.computers, other.computers);
    assert_eq!(one.brokers, other.brokers);
    assert_eq!(one.controllers, other.controllers);
    assert_eq!(one.clients, other.clients);
    assert_eq!(one.events, other.events);
    assert_eq!(one.run, other.run);
    assert_eq!(one.workflows, other.workflows);
    assert_eq!(one.workflow_hosts, other.workflow_hosts);
    let nodes = |deployment: &Deployment| -> Vec<(NodeId, String)> {
        let nodes = deployment.network.nodes().iter();
        nodes.map(|(node, name)| (node, name.to_owned())).collect()
    };
    assert_eq!(nodes(one), nodes(other));
    assert_eq!(one.network.header(), other.network.header());
    for &(from, _) in nodes(one).iter().take(100) {
        assert_eq!(one.network.class_of(from), other.network.class_of(from));
        for &(to, _) in nodes(one).iter().take(100) {
            assert_eq!(one.network.link(from, to), other.network.link(from, to));
        }
    }
}

#[test]
fn what_check_prints_is_the_same_scenario_and_prints_the_same_again() {
    let mut scenarios: Vec<_> = shipped()
        .iter()
        .map(|path| Scenario::load(path).unwrap())
        .collect();
    scenarios.push(sample());
    scenarios.push(Scenario::parse(format::starter(), "starter.toml").unwrap());
    for scenario in scenarios {
        let printed = scenario.check().unwrap_or_else(|wrong| panic!("{wrong}"));
        let again = Scenario::parse(&printed, scenario.origin()).unwrap();
        assert_same(&resolved(&scenario), &resolved(&again));
        assert_eq!(again.check().unwrap(), printed, "{}", scenario.origin());
    }
}

#[test]
fn the_sample_means_what_it_says() {
    let deployment = resolved(&sample());
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(deployment.computers.iter().map(|spec| &spec.name).collect()),
        ["pi-1", "pi-2", "old", "big", "duo", "warmer", "scaler"]
    );
    let big = &deployment.computers[3];
    let workers: Vec<_> = big
        .containers
        .iter()
        .map(|container| (container.function.name.as_str(), container.workers))
        .collect();
    assert_eq!(workers, [("detect", 4), ("resize-1", 2)]);
    assert_eq!(
        deployment.computers[2].containers[0].function.name,
        "filter"
    );
    let containers = &deployment.computers[5].containers;
    let lifecycles = containers.iter();
    let lifecycles = lifecycles.map(|it| &it.lifecycle.as_ref().unwrap().instances);
    let instances = lifecycles.map(|it| (it.memory.0, it.start.pull.is_some(), it.min));
    let instances: Vec<_> = instances.collect();
    // The first has its own needs, the second one those of the computer.
    let own = (512_000_000, true, 1);
    assert_eq!(instances, [own, (128_000_000, false, 1)]);
    assert_eq!(containers[0].workers, 1);
    let scaler = &deployment.computers[6].containers[0];
    assert!(
        scaler
            .lifecycle
            .as_ref()
            .unwrap()
            .instances
            .autoscaler
            .is_some()
    );
    assert_eq!(scaler.workers, 2);
    let dispatcher = &deployment.brokers[1];
    assert!(matches!(dispatcher.kind, BrokerKind::Dispatcher { .. }));
    assert_eq!(dispatcher.controller, None);
    let table = dispatcher
        .table
        .iter()
        .filter(|entry| entry.function == "detect");
    let table: Vec<_> = table
        .map(|entry| (entry.destination.as_str(), entry.is_final))
        .collect();
    assert_eq!(table, [("pi-1", true), ("pi-2", true), ("router", false)]);
    let InstallerSpec::Hierarchical { distances, .. } = &deployment.controllers[0].installer else {
        panic!("not hierarchical");
    };
    assert_eq!(
        distances.nodes,
        [
            "pi-1", "pi-2", "old", "big", "duo", "warmer", "scaler", "router"
        ]
    );
    // 1 ms and 8 us for 1 kB and 100 B of header at 1.1 Gb/s.
    assert!((distances.rows[0][1] - 1.008).abs() < 1e-9);
    let phones = &deployment.clients[1..];
    let phones: Vec<_> = phones
        .iter()
        .map(|client| (client.name.as_str(), client.function.as_str()))
        .collect();
    assert_eq!(
        phones[..3],
        [
            ("phone-1", "resize-1"),
            ("phone-2", "resize-2"),
            ("phone-3", "resize-1")
        ]
    );
    let generators = deployment.clients[1..4]
        .iter()
        .map(|client| client.generator);
    let original = |index| Generator::Original { index };
    assert!(generators.eq([original(7), original(8), original(9)]));
    assert_eq!(deployment.clients[0].destinations, ["router", "dispatcher"]);
    // In order of time, the order of the file among equals.
    let kinds: Vec<_> = deployment
        .events
        .iter()
        .map(|event| match &event.change {
            Change::ComputerSlows { .. } => "slow",
            Change::LinkChanges { .. } => "link",
            Change::WeightSet { .. } => "weight",
            Change::ComputerFails { .. } => "fail",
            Change::ComputerJoins { .. } => "join",
            Change::ComputerLeaves { .. } => "leave",
            Change::ClientStarts { .. } => "start",
            Change::ClientStops { .. } => "stop",
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "slow", "slow", "slow", "slow", "link", "weight", "fail", "join", "leave", "start",
            "stop"
        ]
    );
}

#[test]
fn links_between_nodes_go_before_links_between_classes() {
    let network = resolved(&sample()).network;
    let node = |name| network.nodes().find(name).unwrap();
    let millis = |from, to| {
        let time = network.transfer(node(from), node(to), Bytes(0));
        time.as_millis_f64().round()
    };
    assert_eq!(millis("phone-1", "dispatcher"), 5.0);
    assert_eq!(millis("phone-1", "router"), 7.0);
    assert_eq!(millis("router", "phone-1"), 5.0);
    assert_eq!(millis("router", "big"), 1.0);
    assert_eq!(network.class_of(node("old")), "attic");
}

#[test]
fn routes_of_a_topology_apply() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "nodes",
        "0;sensor;1000000000;4000;arm32;sbc;rpi3b+\n1;rack;188000000000;88000;x86;server;server\n",
    );
    write("links", "0;10;wifi;shared;2\n1;1000;fibre;node\n");
    write(
        "edges",
        "sensor wifi\nwifi sensor switch\nswitch wifi fibre\nfibre switch rack\nrack fibre\n",
    );
    let text = r#"
        version = 1
        run.calls = 1
        network.topology = { nodes = "nodes", links = "links", edges = "edges" }
        [computer.c]
        platform = "raspberry"
        node = "rack"
        [client.d]
        function = "clambda0"
        destination = "c"
        node = "sensor"
    "#;
    let origin = folder.path().join("scenario.toml").display().to_string();
    let mut scenario = Scenario::parse(text, &origin).unwrap();
    let network = resolved(&scenario).network;
    let node = |name| network.nodes().find(name).unwrap();
    let time = network.transfer(node("sensor"), node("rack"), Bytes(1000));
    assert_eq!(time.to_string(), "2.808 ms");

    scenario.set("client.d.node=sensr").unwrap();
    let wrong = scenario.resolve().unwrap_err().to_string();
    assert!(wrong.ends_with("did you mean `sensor`?"), "{wrong}");
    write("links", "0;10;wifi;shared;2\n1;fast;fibre;node\n");
    let wrong = scenario.resolve().unwrap_err().to_string();
    assert!(wrong.contains("links:2: "), "{wrong}");
}

#[test]
fn mistakes_in_other_files_are_shown_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("calls.trace", "0.5 clambda0 pi 100\n0.6 clambda0 pi\n");
    write("dist.txt", "pi 0\nrouter 0\n");
    write("bad.json", "{\"version\": \"1.0\",\n \"processors\": []}");
    let text = r#"
        version = 1
        [controller.k]
        installer = "hierarchical"
        distances = "dist.txt"
        [computer.pi]
        platform = "raspberry"
        [computer.other]
        configuration = "bad.json"
        [broker.router]
        [client.d]
        function = "clambda0"
        destination = "router"
        arrivals = { type = "trace", file = "calls.trace" }
    "#;
    let origin = folder.path().join("scenario.toml").display().to_string();
    let scenario = Scenario::parse(text, &origin).unwrap();
    let wrong = scenario.resolve().unwrap_err();
    let places: Vec<_> = wrong
        .0
        .iter()
        .map(|wrong| wrong.place.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["dist.txt:1", "bad.json", "calls.trace:2"],
        "{wrong}"
    );
}

/// Every key with a value in a TOML text, as a path and what is assigned.
fn keys(text: &str) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    let mut path = String::new();
    let mut numbers = std::collections::HashMap::new();
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("[[") {
            let list = list.trim_end_matches("]]");
            let number = numbers.entry(list.to_owned()).or_insert(0);
            *number += 1;
            path = format!("{list}.{number}.");
        } else if let Some(table) = line.strip_prefix('[') {
            path = format!("{}.", table.trim_end_matches(']'));
        } else if let Some((key, value)) = line.split_once(" = ")
            && !line.starts_with('#')
        {
            keys.push((format!("{path}{key}"), value.to_owned()));
        }
    }
    keys
}

#[test]
fn every_key_of_a_scenario_can_be_set_from_outside() {
    let printed = sample().check().unwrap();
    let expected = resolved(&sample());
    let keys = keys(&printed);
    assert!(keys.len() > 80);
    for (key, value) in keys {
        let mut scenario = sample();
        scenario
            .set(&format!("{key}={value}"))
            .unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_same(&expected, &resolved(&scenario));
        // Nonsense is noticed, and told by that key.
        let mut scenario = sample();
        scenario.set(&format!("{key}={{ nonsense = [] }}")).unwrap();
        let wrong = scenario.resolve().unwrap_err().to_string();
        assert!(wrong.contains(&format!("--set {key}: ")), "{key}: {wrong}");
    }
}

#[test]
fn words_need_no_quotes_on_the_command_line() {
    let mut scenario = sample();
    for assignment in [
        "broker.router.policy=least-impedance",
        "client.phone.size=1 MB",
        "client.phone.arrivals.rate=20",
        "network.link.1.latency=8 ms",
        "event.1.at = 1.5 s",
        "broker.router.optimizer.type=trivial",
    ] {
        if assignment.ends_with("trivial") {
            scenario.set("broker.router.optimizer=trivial").unwrap();
        }
        scenario.set(assignment).unwrap();
    }
    let deployment = resolved(&scenario);
    let BrokerKind::Router { policy, optimizer } = &deployment.brokers[0].kind else {
        panic!("not a router");
    };
    assert_eq!(policy.kind.name, "least-impedance");
    assert_eq!(optimizer.kind.name, "trivial");
    assert_eq!(
        deployment.clients[1].sizes.arguments.bytes("size"),
        Bytes(1_000_000)
    );
}

#[test]
fn the_schema_knows_every_key_and_kind() {
    let schema: Json = serde_json::from_str(&format::schema()).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let text = format::schema();
    for (key, _) in keys(&sample().check().unwrap()) {
        let key = key.rsplit('.').next().unwrap();
        if !key.contains('{') {
            assert!(text.contains(&format!("\"{key}\": {{")), "{key}");
        }
    }
    use soe_model::broker::{estimator::ESTIMATORS, optimizer::OPTIMIZERS, policy::POLICIES};
    use soe_model::client::{arrival::ARRIVALS, size::SIZES};
    use soe_model::computer::platform::PLATFORMS;
    let mut kinds: Vec<&str> = Vec::new();
    kinds.extend(POLICIES.kinds().map(|kind| kind.name));
    kinds.extend(OPTIMIZERS.kinds().map(|kind| kind.name));
    kinds.extend(ESTIMATORS.kinds().map(|kind| kind.name));
    kinds.extend(ARRIVALS.kinds().map(|kind| kind.name));
    kinds.extend(SIZES.kinds().map(|kind| kind.name));
    kinds.extend(PLATFORMS.kinds().map(|kind| kind.name));
    let reference = format::reference();
    for kind in kinds {
        assert!(text.contains(&format!("\"const\": \"{kind}\"")), "{kind}");
        assert!(reference.contains(&format!("#### `{kind}`")), "{kind}");
    }
    // Whatever is referred to is there.
    let mut references = 0;
    visit(&schema, &mut |value| {
        if let Some(target) = value.get("$ref").and_then(Json::as_str) {
            let name = target.strip_prefix("#/$defs/").unwrap();
            assert!(schema["$defs"][name].is_object(), "{target}");
            references += 1;
        }
    });
    assert!(references > 10);
}

fn visit(value: &Json, see: &mut impl FnMut(&Json)) {
    see(value);
    match value {
        Json::Array(items) => items.iter().for_each(|item| visit(item, see)),
        Json::Object(map) => map.values().for_each(|item| visit(item, see)),
        _ => {}
    }
}

#[test]
fn the_files_of_workflows_are_among_the_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let dag = r#"{ "successors": [[1]], "functionNames": ["clambda0", "clambda0"],
                   "dependencies": {}, "state-sizes": {} }"#;
    std::fs::write(folder.path().join("app.json"), dag).unwrap();
    let text = r#"
        version = 1
        run.calls = 1
        [controller.control]
        [computer.pi]
        platform = "raspberry"
        [broker.router]
        [workflow.app]
        file = "app.json"
        [client.user]
        workflow = "app"
        destination = "router"
        size = "1 kB"
    "#;
    let origin = folder.path().join("scenario.toml").display().to_string();
    let scenario = Scenario::parse(text, &origin).unwrap();
    let checked = scenario.checked().unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(checked.inputs, [folder.path().join("app.json")]);
}
