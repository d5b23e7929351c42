//! The commands that make and show networks and traces.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use clap::Parser;
use soe_model::topology::{Inventory, Topology};
use statesim::command::{self, CommandError, TopologyCommand, WorkloadCommand};
use statesim::trace::{self, Layout};

/// As the commands are mounted by others.
#[derive(Parser)]
enum Cli {
    #[command(subcommand)]
    Topology(TopologyCommand),
    #[command(subcommand)]
    Workload(WorkloadCommand),
}

fn run(arguments: &[&str]) -> Result<(), CommandError> {
    let cli = Cli::try_parse_from(["soe"].iter().chain(arguments)).unwrap();
    match cli {
        Cli::Topology(command) => command::topology(&command),
        Cli::Workload(command) => command::workload(&command),
    }
}

fn read(prefix: &Path) -> Topology {
    let file = |kind| format!("{}.{kind}", prefix.display());
    Topology::read(file("nodes"), file("links"), file("edges")).unwrap()
}

#[test]
fn a_generated_topology_is_in_three_files_and_two_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (city, svg, dot) = (path("city"), path("city.svg"), path("city.dot"));
    run(&[
        "topology",
        "generate",
        "urban-sensing",
        "--cells",
        "2",
        "--seed",
        "9",
        "--up-rate",
        "10",
        "--access-latency",
        "5",
        "--output",
        &city,
        "--svg",
        &svg,
        "--dot",
        &dot,
    ])
    .unwrap();
    let topology = read(Path::new(&city));
    assert!(topology.has_latency());
    let uplink = topology.link(topology.id("up_shared_0").unwrap()).unwrap();
    assert_eq!(
        (uplink.rate_mbps, uplink.latency.as_millis_f64()),
        (10.0, 5.0)
    );
    assert!(
        fs::read_to_string(&svg)
            .unwrap()
            .contains("up_shared_0: uplink, 10 Mb/s, 5 ms")
    );
    assert!(
        fs::read_to_string(&dot)
            .unwrap()
            .contains("\"up_shared_0\" -> \"internet_0\";")
    );
    run(&["topology", "show", &city]).unwrap();
    let files = ["nodes", "links", "edges"].map(|kind| format!("{city}.{kind}"));
    run(&["topology", "show", &files[0], &files[1], &files[2]]).unwrap();
    assert!(run(&["topology", "show", &files[0], &files[1]]).is_err());
}

#[test]
fn sizes_of_an_industrial_network_are_taken_from_the_options() {
    let folder = tempfile::tempdir().unwrap();
    let plant = folder.path().join("plant");
    let name = plant.display().to_string();
    run(&[
        "topology",
        "generate",
        "iiot",
        "--premises",
        "3",
        "--servers",
        "2",
        "--output",
        &name,
    ])
    .unwrap();
    assert_eq!(
        Inventory::of(&read(&plant)).processing(),
        3 * (3 + 1 + 1 + 3 * 2)
    );
}

#[test]
fn a_generated_trace_is_read_back_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, seed) in [("one", "1"), ("two", "2")] {
        run(&[
            "workload",
            "generate",
            "--jobs",
            "300",
            "--seed",
            seed,
            "--output",
            &path(name),
        ])
        .unwrap();
    }
    assert_eq!(
        trace::read(path("one"), Layout::Spar)
            .unwrap()
            .counts()
            .jobs,
        300
    );
    let figures = folder.path().display().to_string();
    run(&[
        "workload",
        "inspect",
        &path("one"),
        "--beside",
        &path("two"),
        "--figures",
        &figures,
    ])
    .unwrap();
    let figure = fs::read_to_string(folder.path().join("tasks-per-chain.svg")).unwrap();
    assert!(figure.starts_with("<svg "));
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line() {
    let missing = tempfile::tempdir()
        .unwrap()
        .path()
        .join("missing/x")
        .display()
        .to_string();
    for (arguments, expected) in [
        (
            vec!["topology", "generate", "iiot", "--premises", "0"],
            "premises is 0",
        ),
        (
            vec!["topology", "generate", "iiot", "--node-rate", "0"],
            "node links is 0 Mb/s",
        ),
        (
            vec!["topology", "generate", "iiot", "--output", &missing],
            "cannot write",
        ),
        (vec!["topology", "show", &missing], "cannot read"),
        (vec!["workload", "inspect", &missing], "cannot read"),
        (
            vec!["workload", "generate", "--output", &missing],
            "cannot write",
        ),
    ] {
        let message = run(&arguments).unwrap_err().to_string();
        assert!(
            message.contains(expected) && !message.contains('\n'),
            "{message}"
        );
    }
}
