//! Workflows in simulations: closed forms, sequences of calls, failures.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use analysis::{CallRecord, Names, Outcome, SampleRecord};
use scenarios::format::Scenario;
use soe_model::workflow::StateRef;
use soe_sim::{
    ALL, MetricValue, Observer, Progress, ReplicationResult, RunOptions, StepRecord,
    run_replication,
};

#[derive(Default)]
struct Log {
    calls: Vec<CallRecord>,
    errors: Vec<String>,
    steps: Vec<String>,
    arguments: Vec<u64>,
}

impl Observer for Log {
    fn call(&mut self, call: &CallRecord, names: &Names) {
        self.calls.push(*call);
        if let Outcome::Error(text) = call.outcome {
            self.errors.push(names.resolve(text).to_owned());
        }
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}

    fn step(&mut self, step: &StepRecord<'_>) {
        let states: Vec<_> = step
            .states
            .iter()
            .map(|(name, state)| {
                let short = name.rsplit('/').next().unwrap();
                match state {
                    StateRef::Embedded(size) => format!("{short}:{}", size.0),
                    StateRef::Remote(at) => format!("{short}@{at}"),
                }
            })
            .collect();
        self.arguments.push(step.argument.0);
        self.steps.push(format!(
            "{} {} {} {} {}",
            step.computer,
            step.function,
            step.argument.0,
            step.hops,
            states.join(",")
        ));
    }
}

fn load(file: &str, changes: &[&str]) -> Scenario {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios")).join(file);
    let mut scenario = Scenario::load(path).unwrap_or_else(|error| panic!("{error}"));
    for change in changes {
        scenario
            .set(change)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    scenario
}

fn simulate(scenario: &Scenario) -> (ReplicationResult, Log) {
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let mut log = Log::default();
    let progress = Progress::default();
    let options = RunOptions::default();
    let result = run_replication(&deployment, 0, &options, &progress, Some(&mut log));
    (result.unwrap().unwrap(), log)
}

fn metric(result: &ReplicationResult, name: &str) -> f64 {
    let is = |value: &&MetricValue| value.metric.name == name && value.entity == ALL;
    result.metrics.iter().find(is).unwrap().value
}

/// A message over one link of the worked examples, in nanoseconds.
fn message(bytes: u64) -> u64 {
    100_000 + 8 * bytes
}

/// A state is asked for and comes; then its old owner is told, and agrees.
fn state_move(bytes: u64) -> u64 {
    2 * message(0) + message(bytes) + message(0)
}

const F: u64 = 27_000_000;
const ARGUMENT: u64 = 104;

#[test]
fn the_client_driven_chain_takes_what_it_should() {
    let (result, log) = simulate(&load("workflow-chain-client.toml", &[]));
    let trips = [30_000, 50_000, 30_000].map(|states| 4 * message(ARGUMENT + states));
    let call = &log.calls[0];
    assert_eq!(call.latency_ns, Some(3 * F + trips.iter().sum::<u64>()));
    assert_eq!(call.processing_ns, Some(3 * F));
    assert_eq!((call.hops, call.outcome), (6, Outcome::Ok));
    assert_eq!(
        log.steps,
        [
            "computer-1 f1 104 2 s0:10000,s1:20000",
            "computer-2 f2 104 2 s1:20000,s2:30000",
            "computer-1 f1 104 2 s0:10000,s1:20000",
        ]
    );
    let traffic = 4 * (3 * ARGUMENT + 110_000);
    assert_eq!(metric(&result, "traffic"), traffic as f64);
}

#[test]
fn the_chain_hop_by_hop_takes_what_it_should() {
    let (result, log) = simulate(&load("workflow-chain-hops.toml", &[]));
    let call = &log.calls[0];
    let all = ARGUMENT + 60_000;
    assert_eq!(call.latency_ns, Some(3 * F + 7 * message(all)));
    assert_eq!((call.hops, call.processing_ns), (6, Some(0)));
    assert_eq!(
        log.steps,
        [
            "computer-1 f1 104 2 s0:10000,s1:20000,s2:30000",
            "computer-2 f2 104 4 s0:10000,s1:20000,s2:30000",
            "computer-1 f1 104 6 s0:10000,s1:20000,s2:30000",
        ]
    );
    assert_eq!(metric(&result, "traffic"), (7 * all) as f64);
}

#[test]
fn the_chain_with_remote_states_takes_what_it_should() {
    for (style, calls) in [("client-driven", 12), ("hop-by-hop", 7)] {
        let style = format!("workflow.chain.style={style}");
        let changes = [
            style.as_str(),
            "computer.computer-1.companion=router",
            "computer.computer-2.companion=router",
        ];
        let (_, log) = simulate(&load("workflow-chain-remote.toml", &changes));
        let moves = [20_000, 30_000, 20_000].map(state_move);
        let call = &log.calls[0];
        let expected = 3 * F + calls * message(ARGUMENT) + moves.iter().sum::<u64>();
        assert_eq!(call.latency_ns, Some(expected), "{style}");
        assert_eq!(call.hops, 6);
        let functions: Vec<_> = log.steps.iter().map(|step| &step[..13]).collect();
        assert_eq!(
            functions,
            ["computer-1 f1", "computer-2 f2", "computer-1 f1"]
        );
    }
}

#[test]
fn states_that_stay_where_they_are_needed_need_not_move_again() {
    let (_, log) = simulate(&load("workflow-chain-remote.toml", &["run.calls=3"]));
    // From the second run on, only s1 goes to and fro.
    let calls = 3 * F + 12 * message(ARGUMENT);
    let later = calls + 2 * state_move(20_000);
    let latencies: Vec<_> = log.calls.iter().map(|call| call.latency_ns).collect();
    assert_eq!(latencies[1..], [Some(later), Some(later)]);
    assert_eq!(
        log.steps[4],
        "computer-2 f2 104 2 s1@computer-1,s2@computer-2"
    );
    // Unless each run has states of its own.
    let fresh = ["run.calls=3", "workflow.chain.keep-states=false"];
    let (_, log) = simulate(&load("workflow-chain-remote.toml", &fresh));
    assert!(
        log.calls
            .iter()
            .all(|call| call.latency_ns == log.calls[0].latency_ns)
    );
}

#[test]
fn states_on_the_server_of_another_computer_are_read_and_written() {
    let changes = [
        "computer.cloud.speed=1 Gop/s",
        "computer.cloud.functions=[\"f1\"]",
        "computer.cloud.controller=none",
        "computer.computer-1.state-server=cloud",
        "computer.computer-2.state-server=cloud",
        "workflow.chain.state-at=cloud",
    ];
    let text = load("workflow-chain-remote.toml", &[]).text().to_owned();
    let text = text.replace(
        "[computer.computer-1]",
        "[computer.cloud]\nspeed = \"1 Gop/s\"\nfunctions = [\"f1\"]\ncontroller = \"none\"\n\n[computer.computer-1]",
    );
    let mut scenario = Scenario::parse(&text, "shared.toml").unwrap();
    for change in &changes[3..] {
        scenario.set(change).unwrap();
    }
    let (result, log) = simulate(&scenario);
    let exchange = |bytes: u64| message(0) + message(bytes);
    let states: u64 = [20_000, 30_000, 20_000]
        .map(|largest| 2 * exchange(largest))
        .iter()
        .sum();
    let expected = 3 * F + 12 * message(ARGUMENT) + states;
    assert_eq!(log.calls[0].latency_ns, Some(expected));
    assert_eq!(log.steps[2], "computer-1 f1 104 2 s0@cloud,s1@cloud");
    let traffic = 12 * ARGUMENT + 2 * 110_000;
    assert_eq!(metric(&result, "traffic"), traffic as f64);
}

#[test]
fn the_dag_takes_what_it_should() {
    let (_, log) = simulate(&load("workflow-dag.toml", &[]));
    let joined = 2 * (ARGUMENT + 5);
    let last = 1_000_000 + joined * 250_000;
    let start = 2 * message(ARGUMENT) + state_move(20_000) + F;
    let right = 2 * message(ARGUMENT) + state_move(30_000) + F;
    let end = 2 * message(ARGUMENT) + last + message(joined);
    let call = &log.calls[0];
    assert_eq!(call.latency_ns, Some(start + right + end));
    assert_eq!((call.hops, call.output_bytes), (6, Some(joined)));
    let mut steps = log.steps.clone();
    steps.sort();
    assert_eq!(
        steps,
        [
            "computer-0 f0 104 2 s0@client,s1@client,s2@client",
            "computer-1 f1 104 4 s0@computer-0,s1@computer-0,s2@client",
            "computer-2 f2 104 4 s0@computer-0,s1@computer-0,s2@client",
            "computer-2 f2 218 6 s0@computer-0,s1@computer-1,s2@computer-2",
        ]
    );
    // What came last, as the original.
    let (_, log) = simulate(&load("workflow-dag.toml", &["workflow.dag.join=last"]));
    assert_eq!(log.calls[0].output_bytes, Some(ARGUMENT));
}

#[test]
fn several_computers_may_offer_the_function_of_a_join() {
    for style in ["client-driven", "hop-by-hop"] {
        let style = format!("workflow.dag.style={style}");
        let many = [
            style.as_str(),
            "computer.computer-2.count=7",
            "run.calls=50",
            "broker.router.policy=random",
        ];
        let (result, log) = simulate(&load("workflow-dag.toml", &many));
        assert_eq!(log.errors, Vec::<String>::new());
        assert_eq!(metric(&result, "calls_completed"), 50.0);
        assert_eq!(log.steps.len(), 200);
        let places: std::collections::BTreeSet<_> =
            log.calls.iter().map(|call| call.computer).collect();
        assert!(places.len() > 3, "{places:?}");
    }
}

#[test]
fn a_computer_that_fails_costs_an_error_within_the_deadline_and_no_state() {
    let failing = r#"
[[event]]
at = "200 ms"
fail = "computer-2"

[[event]]
at = "10 s"
join = "computer-2"
"#;
    let text = load("workflow-chain-remote.toml", &[]).text().to_owned() + failing;
    for style in ["client-driven", "hop-by-hop"] {
        let mut scenario = Scenario::parse(&text, "failing.toml").unwrap();
        for change in [
            format!("workflow.chain.style={style}").as_str(),
            "computer.computer-1.companion=router",
            "computer.computer-2.companion=router",
            "workflow.chain.deadline=2 s",
            "run.duration=60 s",
            "run.calls=unlimited",
            "client.client.arrivals={type=\"periodic\", interval=\"500 ms\"}",
        ] {
            scenario
                .set(change)
                .unwrap_or_else(|error| panic!("{error}"));
        }
        let (result, log) = simulate(&scenario);
        let lost = metric(&result, "calls_lost");
        assert!((10.0..25.0).contains(&lost), "{style}: {lost}");
        assert!(log.calls.iter().all(|call| {
            call.latency_ns
                .is_none_or(|latency| latency <= 2_000_000_000)
        }),);
        // All that comes after its return succeeds.
        let late = log
            .calls
            .iter()
            .filter(|call| call.sent_ns > 12_000_000_000);
        let open = |call: &CallRecord| call.latency_ns.is_none();
        assert!(late.clone().count() > 90);
        assert!(
            late.clone()
                .all(|call| open(call) || call.outcome == Outcome::Ok)
        );
    }
}

#[test]
fn draws_follow_their_rules_and_leave_arrivals_alone() {
    let scenario = |policy: &str| {
        let text = format!(
            r#"
version = 1
run.calls = 400
network.latency = "1 ms"
[function.f]
count = 5
operations = "1 Mop"
[controller.control]
[computer.edge]
count = 5
speed = "1 Gop/s"
functions = ["f"]
companion = "router"
[broker.router]
policy = "{policy}"
[workflow.ring]
style = "hop-by-hop"
step.a.function = "f"
step.b = {{ function = "f", after = "a" }}
step.c = {{ function = "f", after = "b" }}
state.s0 = {{ size = "1 kB", needed-by = "f", drawn = true }}
[client.user]
workflow = "ring"
destination = "router"
arrivals = {{ type = "poisson", rate = 1 }}
size = {{ type = "list", sizes = ["1 kB", "3 kB"] }}
"#
        );
        simulate(&Scenario::parse(&text, "drawn.toml").unwrap())
    };
    let (result, log) = scenario("random");
    assert_eq!(metric(&result, "calls_completed"), 400.0);
    assert_eq!(log.steps.len(), 1200);
    let mut functions = std::collections::BTreeMap::<_, u32>::new();
    let mut with_state = 0;
    for step in &log.steps {
        let mut words = step.split(' ');
        *functions.entry(words.nth(1).unwrap()).or_default() += 1;
        with_state += u32::from(step.contains("s0"));
    }
    // 1200 draws of five: 240 each. A state that nobody needs stays at home: 1/3.
    assert_eq!(functions.len(), 5);
    assert!(
        functions.values().all(|count| (180..300).contains(count)),
        "{functions:?}"
    );
    assert!((700..900).contains(&with_state), "{with_state}");
    let (_, other) = scenario("round-robin");
    let sent = |log: &Log| -> Vec<_> {
        log.calls
            .iter()
            .map(|call| (call.call, call.sent_ns))
            .collect()
    };
    let (mut one, mut two) = (sent(&log), sent(&other));
    one.sort_unstable();
    two.sort_unstable();
    assert_eq!(one, two);
}

const VALID: &str = r#"version = 1
run.calls = 10
[function.f]
count = 3
operations = "1 Mop"
[function.unused]
operations = "1 Mop"
[controller.control]
[computer.edge]
speed = "1 Gop/s"
functions = ["f"]
companion = "router"
[broker.router]
[workflow.app]
style = "hop-by-hop"
step.a = { function = "f-1" }
step.b = { function = "f-2", after = "a" }
step.c = { function = "f-3", after = "b" }
state.s = { size = "1 kB", needed-by = "f-1" }
[client.user]
workflow = "app"
destination = "router"
"#;

#[test]
fn wrong_workflows_get_one_line() {
    let resolve = |text: &str| match Scenario::parse(text, "wrong.toml")
        .and_then(|scenario| scenario.resolve())
    {
        Ok(_) => "fine".to_owned(),
        Err(wrong) => wrong.to_string(),
    };
    assert_eq!(resolve(VALID), "fine");
    for (line, by, message) in [
        (
            "workflow = \"app\"",
            "workflow = \"ap\"",
            "wrong.toml:21:12: client.user.workflow: no workflow is called `ap`, did you mean \
             `app`?",
        ),
        (
            "workflow = \"app\"",
            "workflow = \"app\"\nfunction = \"f-1\"",
            "wrong.toml:22:12: `function` in client.user cannot be combined with `workflow`",
        ),
        (
            "destination = \"router\"",
            "destinations = [\"router\", \"edge\"]",
            "wrong.toml:22:16: `destinations` in client.user cannot be combined with `workflow`",
        ),
        (
            "step.b = { function = \"f-2\", after = \"a\" }",
            "step.b = { function = \"f-2\" }",
            "wrong.toml:17:6: workflow.app.step.b needs `after`: only the first step listed may \
             have no predecessor",
        ),
        (
            "step.c = { function = \"f-3\", after = \"b\" }",
            "step.c = { function = \"f-3\", after = \"x\" }",
            "wrong.toml:18:38: workflow.app.step.c.after: no step is called `x`, did you mean `a`?",
        ),
        (
            "step.c = { function = \"f-3\", after = \"b\" }",
            "step.c = { function = \"f-3\", after = \"a\" }",
            "wrong.toml:17:6: workflow.app.step.b: has no successor; only the last step listed may \
             have none",
        ),
        (
            "step.b = { function = \"f-2\", after = \"a\" }",
            "step.b = { function = \"f-2\", after = [\"a\", \"c\"] }",
            "wrong.toml:17:44: workflow.app.step.b.after: `c` is listed last and cannot have a \
             successor",
        ),
        (
            "step.b = { function = \"f-2\", after = \"a\" }",
            "step.b = { function = \"g\", after = \"a\" }",
            "wrong.toml:17:23: workflow.app.step.b.function: no computer offers function `g`, \
             did you mean `f`?",
        ),
        (
            "needed-by = \"f-1\"",
            "needed-by = \"unused\"",
            "wrong.toml:19:40: workflow.app.state.s.needed-by: function `unused` is not part of \
             the workflow",
        ),
        (
            "companion = \"router\"\n",
            "",
            "wrong.toml:9:11: computer.edge needs a `companion` broker, as workflow `app` runs hop \
             by hop",
        ),
        (
            "style = \"hop-by-hop\"",
            "deadline = \"0 s\"",
            "wrong.toml:15:12: workflow.app.deadline: must be more than 0 s",
        ),
        (
            "style = \"hop-by-hop\"",
            "state-at = \"edge\"",
            "wrong.toml:15:12: `state-at` in workflow.app can be used with states = \"remote\" \
             only",
        ),
        (
            "companion = \"router\"",
            "companion = \"edge\"",
            "wrong.toml:12:13: computer.edge.companion: `edge` is a computer, expected a broker",
        ),
        (
            "companion = \"router\"",
            "companion = \"router\"\nstate-server = \"cloud\"",
            "wrong.toml:13:16: computer.edge.state-server: no computer is called `cloud`, known: \
             edge",
        ),
    ] {
        assert_eq!(VALID.matches(line).count(), 1, "{line}");
        assert_eq!(resolve(&VALID.replace(line, by)), message);
    }
}
