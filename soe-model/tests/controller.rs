//! What controllers tell which brokers, and that it is enough.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use sim_core::Streams;
use soe_model::broker::Command;
use soe_model::controller::*;
use soe_model::names::{EndpointId, FunctionId, Names};

/// Five hosts: 0 and 1 on 2, 2 on 3, 3 on 4, a link apart.
const TREE: &str = "\
host0 0 2 1 2 3
host1 2 0 1 2 3
host2 1 1 0 1 2
host3 2 2 1 0 1
host4 3 3 2 1 0
";

struct Bench {
    controller: Controller,
    functions: Names<FunctionId>,
    endpoints: Names<EndpointId>,
    /// By broker, then function and destination: whether it is final.
    tables: BTreeMap<String, BTreeMap<(String, String), bool>>,
    log: Vec<String>,
}

fn hierarchical(objective: Objective) -> InstallerSpec {
    InstallerSpec::Hierarchical {
        distances: Distances::parse(TREE).unwrap(),
        objective,
    }
}

fn node(endpoint: &str) -> &str {
    endpoint.split(':').next().unwrap_or(endpoint)
}

impl Bench {
    fn new(installer: &InstallerSpec) -> Self {
        let chance = Streams::new(1, 0).stream("controller", "home");
        Self {
            controller: Controller::new(installer, chance),
            functions: Names::default(),
            endpoints: Names::default(),
            tables: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    fn broker(&mut self, endpoint: &str) {
        self.tables.entry(endpoint.to_owned()).or_default();
        let place = Place {
            endpoint: self.endpoints.intern(endpoint),
            node: node(endpoint),
        };
        let pushes = self.controller.announce_broker(place, &self.endpoints);
        self.apply(pushes.unwrap());
    }

    fn computer(&mut self, endpoint: &str, functions: &[&str]) {
        let container = |function: &&str| Container {
            name: format!("{function}-container"),
            processor: "cpu".into(),
            function: self.functions.intern(function),
            workers: 4,
        };
        let containers: Vec<_> = functions.iter().map(container).collect();
        let place = Place {
            endpoint: self.endpoints.intern(endpoint),
            node: node(endpoint),
        };
        let pushes = self
            .controller
            .announce_computer(place, &containers, &self.endpoints);
        self.apply(pushes.unwrap());
    }

    fn remove(&mut self, endpoint: &str) {
        let endpoint = self.endpoints.intern(endpoint);
        let pushes = self.controller.remove_computer(endpoint, &self.endpoints);
        self.apply(pushes);
    }

    fn forget(&mut self, endpoint: &str) {
        self.tables.remove(endpoint);
        let endpoint = self.endpoints.intern(endpoint);
        let pushes = self.controller.forget_broker(endpoint, &self.endpoints);
        self.apply(pushes);
    }

    fn apply(&mut self, pushes: Vec<Push>) {
        self.log.clear();
        for push in pushes {
            let broker = self.endpoints.name(push.broker).to_owned();
            let table = self.tables.get_mut(&broker).unwrap();
            for command in push.commands {
                let names = |function, destination| {
                    let function = self.functions.name(function).to_owned();
                    (function, self.endpoints.name(destination).to_owned())
                };
                match command {
                    Command::Flush => {
                        self.log.push(format!("{broker}: flush"));
                        table.clear();
                    }
                    Command::Change {
                        function,
                        destination,
                        weight,
                        is_final,
                    } => {
                        assert_eq!(weight, 1.0);
                        let (function, destination) = names(function, destination);
                        let mark = if is_final { " (F)" } else { "" };
                        self.log
                            .push(format!("{broker}: + {function} {destination}{mark}"));
                        table.insert((function, destination), is_final);
                    }
                    Command::Remove {
                        function,
                        destination,
                    } => {
                        let (function, destination) = names(function, destination);
                        self.log
                            .push(format!("{broker}: - {function} {destination}"));
                        let known = table.remove(&(function, destination));
                        assert!(known.is_some(), "{}", self.log.join("\n"));
                    }
                }
            }
        }
    }
}

#[test]
fn flat_brokers_know_all_computers_whoever_comes_first() {
    let mut bench = Bench::new(&InstallerSpec::Flat);
    bench.computer("c2:1", &["f", "g"]);
    assert!(bench.log.is_empty());
    bench.broker("r1:1");
    assert_eq!(bench.log, ["r1:1: + f c2:1 (F)", "r1:1: + g c2:1 (F)"]);
    bench.computer("c1:1", &["g"]);
    assert_eq!(bench.log, ["r1:1: + g c1:1 (F)"]);
    bench.broker("r0:1");
    assert_eq!(
        bench.log,
        [
            "r0:1: + g c1:1 (F)",
            "r0:1: + f c2:1 (F)",
            "r0:1: + g c2:1 (F)"
        ]
    );
    bench.remove("c2:1");
    assert_eq!(
        bench.log,
        [
            "r0:1: - f c2:1",
            "r0:1: - g c2:1",
            "r1:1: - f c2:1",
            "r1:1: - g c2:1"
        ]
    );
    bench.remove("c2:1");
    assert!(bench.log.is_empty());
}

#[test]
fn an_identical_announcement_changes_nothing_and_another_replaces_the_old_one() {
    for installer in [InstallerSpec::Flat, hierarchical(Objective::MinMax)] {
        let mut bench = Bench::new(&installer);
        bench.broker("host2:1");
        bench.computer("host0:1", &["f", "g"]);
        bench.computer("host0:1", &["f", "g"]);
        assert!(bench.log.is_empty());
        bench.computer("host0:1", &["g", "h"]);
        let known: Vec<_> = bench.tables["host2:1"].keys().map(|key| &key.0).collect();
        assert_eq!(known, ["g", "h"]);
        assert_eq!(bench.controller.computers().count(), 1);
    }
}

#[test]
fn a_broker_that_announces_itself_again_is_replaced() {
    for installer in [InstallerSpec::Flat, hierarchical(Objective::MinMax)] {
        let mut bench = Bench::new(&installer);
        bench.computer("host0:1", &["f"]);
        bench.broker("host2:1");
        bench.tables.clear();
        bench.broker("host2:1");
        assert_eq!(bench.controller.brokers().count(), 1);
        assert_eq!(bench.tables["host2:1"].len(), 1);
    }
}

#[test]
fn computers_have_a_home_near_them() {
    for objective in [Objective::MinMax, Objective::MinAvg] {
        let mut bench = Bench::new(&hierarchical(objective));
        bench.broker("host4:6473");
        bench.broker("host2:6473");
        for (computer, home) in [("host0:1", 2), ("host1:1", 2), ("host4:1", 4)] {
            bench.computer(computer, &["f"]);
            let home = format!("host{home}:6473: + f {computer} (F)");
            assert_eq!(bench.log.first(), Some(&home));
        }
    }
}

#[test]
fn the_home_broker_is_told_first_then_the_others_in_order() {
    let mut bench = Bench::new(&hierarchical(Objective::MinMax));
    for broker in ["host4:1", "host2:1", "host3:1"] {
        bench.broker(broker);
    }
    bench.computer("host4:9", &["f"]);
    assert_eq!(
        bench.log,
        [
            "host4:1: + f host4:9 (F)",
            "host2:1: + f host4:1",
            "host3:1: + f host4:1"
        ]
    );
    // Already known to have it.
    bench.computer("host4:8", &["f", "g"]);
    assert_eq!(
        bench.log,
        [
            "host4:1: + f host4:8 (F)",
            "host4:1: + g host4:8 (F)",
            "host2:1: + g host4:1",
            "host3:1: + g host4:1"
        ]
    );
}

#[test]
fn a_dead_computer_leaves_its_home_and_the_home_stays() {
    let mut bench = Bench::new(&hierarchical(Objective::MinMax));
    bench.broker("host2:1");
    bench.broker("host4:1");
    bench.computer("host0:1", &["f"]);
    bench.computer("host1:1", &["f"]);
    bench.remove("host0:1");
    assert_eq!(bench.log, ["host2:1: - f host0:1"]);
    bench.remove("host1:1");
    assert_eq!(bench.log, ["host2:1: - f host1:1", "host4:1: - f host2:1"]);
    assert_eq!(bench.controller.brokers().count(), 2);
}

#[test]
fn when_a_broker_goes_its_computers_move() {
    let mut bench = Bench::new(&hierarchical(Objective::MinMax));
    bench.broker("host2:1");
    bench.broker("host4:1");
    bench.computer("host0:1", &["f"]);
    bench.forget("host2:1");
    assert_eq!(bench.log, ["host4:1: flush", "host4:1: + f host0:1 (F)"]);
    bench.forget("host2:1");
    assert!(bench.log.is_empty());
    bench.forget("host4:1");
    bench.remove("host0:1");
    assert!(bench.log.is_empty());
}

#[test]
fn unknown_nodes_are_refused_before_anything_changes() {
    let mut bench = Bench::new(&hierarchical(Objective::MinMax));
    bench.broker("host2:1");
    bench.computer("host0:1", &["f"]);
    let place = Place {
        endpoint: bench.endpoints.intern("host0:1"),
        node: "elsewhere",
    };
    let refused = bench
        .controller
        .announce_computer(place, &[], &bench.endpoints);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`host0:1` is on node `elsewhere`, which is not in the topology; its nodes are host0, \
         host1, host2, host3, host4"
    );
    assert!(
        bench
            .controller
            .announce_broker(place, &bench.endpoints)
            .is_err()
    );
    assert_eq!(bench.controller.computers().count(), 1);
    assert_eq!(bench.controller.brokers().count(), 1);
}

#[test]
fn brokers_on_one_node_share_its_computers() {
    let mut bench = Bench::new(&hierarchical(Objective::MinMax));
    bench.broker("host2:1");
    bench.broker("host2:2");
    for i in 0..100 {
        bench.computer(&format!("host0:{i}"), &["f"]);
    }
    for broker in ["host2:1", "host2:2"] {
        let homes = bench.tables[broker].values().filter(|is_final| **is_final);
        // 50 expected, standard deviation 5.
        assert!((28..72).contains(&homes.count()));
    }
}

proptest! {
    /// After any history, every broker can reach every computer that is there
    /// with at most one other broker in between, and nothing else is installed.
    #[test]
    fn tables_hold_exactly_what_is_there(
        flat in any::<bool>(),
        objective in any::<bool>(),
        steps in prop::collection::vec((0u8..4, 0usize..5, 1usize..8), 1..60),
    ) {
        let objective = if objective { Objective::MinMax } else { Objective::MinAvg };
        let installer = if flat { InstallerSpec::Flat } else { hierarchical(objective) };
        let mut bench = Bench::new(&installer);
        let mut computers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (step, host, offered) in steps {
            let broker = format!("host{host}:1");
            let computer = format!("host{host}:9");
            let functions = ["f", "g", "h"].into_iter().enumerate();
            let functions: Vec<_> = functions
                .filter(|(i, _)| offered >> i & 1 == 1)
                .map(|(_, name)| name)
                .collect();
            match step {
                0 => bench.broker(&broker),
                1 => bench.forget(&broker),
                2 => {
                    bench.computer(&computer, &functions);
                    computers.insert(computer, functions);
                }
                _ => {
                    bench.remove(&computer);
                    computers.remove(&computer);
                }
            }
            for table in bench.tables.values() {
                let mut reached = BTreeMap::<String, Vec<&str>>::new();
                let mut reach = |table: &BTreeMap<(String, String), bool>| {
                    for ((function, destination), is_final) in table {
                        if *is_final {
                            let offered = ["f", "g", "h"].into_iter().find(|name| name == function);
                            reached.entry(destination.clone()).or_default().extend(offered);
                        }
                    }
                };
                reach(table);
                let homes: Vec<_> = table.iter().filter(|(_, is_final)| !**is_final).collect();
                for ((function, home), _) in &homes {
                    let home = &bench.tables[home];
                    let offers = home.iter().any(|(key, is_final)| key.0 == *function && *is_final);
                    prop_assert!(offers, "advertised without reason");
                }
                let mut names: Vec<_> = homes.iter().map(|((_, home), _)| home).collect();
                names.sort();
                names.dedup();
                names.into_iter().for_each(|home| reach(&bench.tables[home]));
                prop_assert_eq!(&reached, &computers);
            }
        }
    }
}
