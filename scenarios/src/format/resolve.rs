//! From the sections of a scenario to a deployment.

mod distances;
mod whole;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use soe_model::broker::BrokerSpec;
use soe_model::client::ClientSpec;
use soe_model::computer::ComputerSpec;
use soe_model::controller::ControllerSpec;
use soe_model::deployment::Deployment;
use soe_model::workflow::{StateServer, WorkflowHost, WorkflowSpec};

use super::entity::{Budget, Directory, What, deal};
use super::load::{self, Wanted};
use super::network::Nodes;
use super::{broker, client, computer, controller, event, function, network, run, workflow};
use crate::reader::diagnostic::{Place, Report, quote};
use crate::reader::read::Reader;
use crate::reader::record::{Name, Record};
use crate::reader::section::{Default, Form, Key, Section, When};
use crate::reader::tree::Table;

use whole::{Origin, Whole};

/// The version of the format.
const VERSION: u64 = 1;
/// The key of the study that is part of a scenario file.
pub const SWEEP: &str = "sweep";

/// What that section takes: the crate of studies reads it.
pub const STUDY: Form = Form::Open("a table with the keys of a study");

/// A scenario file: the keys at its top.
pub static SECTION: Section = Section {
    path: "the scenario",
    help: "A scenario: its entities, and how it is run.",
    keys: &[
        Key {
            name: "version",
            form: Form::Count {
                min: VERSION,
                max: VERSION,
                or: None,
            },
            default: Default::Mandatory,
            when: When::Always,
            help: "The version of the format, 1.",
        },
        Key {
            name: "run",
            form: Form::Table(&run::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Duration, warm-up and replications.",
        },
        Key {
            name: "network",
            form: Form::Table(&network::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "The network.",
        },
        Key {
            name: "function",
            form: Form::Named(&function::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Functions, by name.",
        },
        Key {
            name: "controller",
            form: Form::Named(&controller::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Controllers, by name.",
        },
        Key {
            name: "computer",
            form: Form::Named(&computer::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Computers, by name.",
        },
        Key {
            name: "broker",
            form: Form::Named(&broker::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Brokers, by name.",
        },
        Key {
            name: "client",
            form: Form::Named(&client::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Clients, by name.",
        },
        Key {
            name: "workflow",
            form: Form::Named(&workflow::SECTION),
            default: Default::Value("{}"),
            when: When::Always,
            help: "Workflows, by name.",
        },
        Key {
            name: "event",
            form: Form::Tables(&event::SECTION),
            default: Default::Value("[]"),
            when: When::Always,
            help: "Changes during the run.",
        },
        Key {
            name: SWEEP,
            form: STUDY,
            default: Default::Unused,
            when: When::Always,
            help: "A study of this scenario for `soe sweep`, with the keys of a study file except \
                   `version`, `kind` and the scenario itself. `soe run` checks it and does not use \
                   it otherwise.",
        },
    ],
};

/// Reads all sections; what is wrong is reported.
pub(crate) fn read(root: &Table, folder: &Path, report: &mut Report<'_>) -> Record {
    let mut reader = Reader { report, folder };
    reader.record(&SECTION, root, "", Place::File(0))
}

/// Makes the deployment; it means something only if nothing was reported.
pub(crate) fn resolve(root: &Record, folder: &Path, report: &mut Report<'_>) -> Deployment {
    let names = directory(root, report);
    let run = match root.records("run").first() {
        Some((_, record)) => run::resolve(record, report),
        None => return empty(),
    };
    let mut builder = Builder {
        root,
        names: &names,
        nodes: Nodes::default(),
        budget: Budget::new(),
        reader: Reader { report, folder },
        paths: HashMap::new(),
        loads: Vec::new(),
    };
    let functions = builder.functions();
    let computers = builder.computers(&functions);
    // Functions of predefined computers have no section.
    let offered: BTreeSet<&str> = computers
        .iter()
        .flat_map(|computer| &computer.containers)
        .map(|container| container.function.name.as_str())
        .collect();
    let known_function = |name: &str| offered.contains(name);
    let brokers = builder.brokers(&known_function);
    let mut controllers = builder.controllers();
    let clients = builder.clients(&known_function);
    let workflows = builder.workflows(&known_function);
    let workflow_hosts = match workflows.is_empty() {
        true => Vec::new(),
        false => builder.workflow_hosts(&computers),
    };
    let network = builder.network();
    builder.distances(&mut controllers, &network, &computers, &brokers);
    let context = event::Context {
        names: &names,
        computers: &computers,
        network: &network,
        known_function: &known_function,
    };
    let mut events = Vec::new();
    for (number, record) in root.records("event") {
        let path = format!("event.{}", number.text);
        events.extend(context.resolve(record, &path, builder.reader.report));
    }
    events.sort_by_key(|event| event.at);
    let (paths, loads) = (builder.paths, builder.loads);
    let mut deployment = Deployment {
        network,
        computers,
        brokers,
        controllers,
        clients,
        workflows,
        workflow_hosts,
        events,
        run,
    };
    if report.is_clean() {
        load::apply(&loads, &mut deployment, report);
    }
    // Only worth saying about parts that are right one by one.
    if report.is_clean() {
        Whole {
            deployment: &deployment,
            root,
            places: &paths,
            names: &names,
        }
        .check(report);
    }
    deployment
}

fn empty() -> Deployment {
    Deployment {
        network: soe_model::network::Network::new(soe_model::network::Link::LOCAL),
        computers: Vec::new(),
        brokers: Vec::new(),
        controllers: Vec::new(),
        clients: Vec::new(),
        workflows: Vec::new(),
        workflow_hosts: Vec::new(),
        events: Vec::new(),
        run: soe_model::deployment::RunControl {
            seed: 0,
            replications: 1,
            warm_up: sim_core::SimDuration::ZERO,
            duration: None,
            calls: None,
            slo: None,
        },
    }
}

fn directory(root: &Record, report: &mut Report<'_>) -> Directory {
    let mut names = Directory::default();
    for (key, what) in [
        ("function", What::Function),
        ("controller", What::Controller),
        ("computer", What::Computer),
        ("broker", What::Broker),
        ("client", What::Client),
        ("workflow", What::Workflow),
    ] {
        names.add(what, root.records(key), report);
    }
    names.check(report);
    names
}

struct Builder<'a, 'r, 'x> {
    root: &'a Record,
    names: &'a Directory,
    nodes: Nodes,
    budget: Budget,
    reader: Reader<'r, 'x>,
    // The section of each entity.
    paths: HashMap<String, Origin>,
    /// Clients whose rate follows from a load.
    loads: Vec<Wanted>,
}

impl Builder<'_, '_, '_> {
    fn functions(&mut self) -> computer::Functions {
        let mut functions = BTreeMap::new();
        for (name, record) in self.root.records("function") {
            let Some(group) = self.names.group(What::Function, &name.text) else {
                continue;
            };
            if self
                .budget
                .take(group.len(), 1, name.place, self.reader.report)
            {
                let needs = function::needs(record, self.reader.report);
                for member in group.members() {
                    let function = computer::Function {
                        spec: function::resolve(record, &member),
                        needs: needs.clone(),
                    };
                    functions.insert(member, function);
                }
            }
        }
        functions
    }

    fn computers(&mut self, functions: &computer::Functions) -> Vec<ComputerSpec> {
        let mut all = Vec::new();
        for (name, record) in self.root.records("computer") {
            let path = format!("computer.{}", quote(&name.text));
            let controller = self.names.controller(record, &path, self.reader.report);
            let platform = computer::platform(
                record,
                &path,
                self.names,
                functions,
                &mut self.budget,
                &mut self.reader,
            );
            let places = self.places(What::Computer, name, record);
            let Some(platform) = platform else { continue };
            for (name, node) in places {
                all.push(platform.clone().computer(name, node, controller.clone()));
            }
        }
        all
    }

    fn brokers(&mut self, known_function: &dyn Fn(&str) -> bool) -> Vec<BrokerSpec> {
        let mut all = Vec::new();
        for (name, record) in self.root.records("broker") {
            let path = format!("broker.{}", quote(&name.text));
            let report = &mut *self.reader.report;
            let spec = broker::resolve(record, &path, self.names, known_function, report);
            let Some(spec) = spec else {
                self.places(What::Broker, name, record);
                continue;
            };
            let copies = record.maybe_count("count").unwrap_or(1);
            let entries = spec.table.len() as u64;
            if !self
                .budget
                .take(copies, entries, name.place, self.reader.report)
            {
                continue;
            }
            for (name, node) in self.places(What::Broker, name, record) {
                all.push(BrokerSpec {
                    name,
                    node,
                    ..spec.clone()
                });
            }
        }
        all
    }

    fn controllers(&mut self) -> Vec<ControllerSpec> {
        let mut all = Vec::new();
        for (name, record) in self.root.records("controller") {
            let path = format!("controller.{}", quote(&name.text));
            let balanced = controller::balanced(record, &path, self.reader.report);
            for (name, node) in self.places(What::Controller, name, record) {
                all.push(ControllerSpec {
                    name,
                    node,
                    installer: controller::installer(record),
                    balanced,
                });
            }
        }
        all
    }

    fn clients(&mut self, known_function: &dyn Fn(&str) -> bool) -> Vec<ClientSpec> {
        let mut all = Vec::new();
        for (name, record) in self.root.records("client") {
            let path = format!("client.{}", quote(&name.text));
            let report = &mut *self.reader.report;
            let clients = client::resolve(record, &path, self.names, known_function, report);
            let Some(clients) = clients else {
                self.places(What::Client, name, record);
                continue;
            };
            let copies = record.maybe_count("count").unwrap_or(1);
            let width = clients.width();
            // Before any of them is made: too many take seconds to make.
            if !self
                .budget
                .take(copies, width, name.place, self.reader.report)
            {
                continue;
            }
            let places = self.places(What::Client, name, record);
            let first = all.len();
            for (number, (name, node)) in places.into_iter().enumerate() {
                all.push(clients.make(number, name, node));
            }
            self.loads.extend(clients.load.map(|load| Wanted {
                clients: first..all.len(),
                load,
                path: format!("{path}.load"),
                place: record.at("load"),
            }));
        }
        all
    }

    fn workflows(&mut self, known_function: &dyn Fn(&str) -> bool) -> Vec<WorkflowSpec> {
        let mut all = Vec::new();
        for (name, record) in self.root.records("workflow") {
            let path = format!("workflow.{}", quote(&name.text));
            let origin = Origin {
                path: path.clone(),
                place: name.place,
            };
            self.paths.insert(name.text.clone(), origin);
            let reader = &mut self.reader;
            all.extend(workflow::resolve(
                record,
                name,
                self.names,
                known_function,
                reader,
            ));
        }
        all
    }

    /// What computers contribute to workflows.
    fn workflow_hosts(&mut self, computers: &[ComputerSpec]) -> Vec<WorkflowHost> {
        let mut all = Vec::with_capacity(computers.len());
        for (name, record) in self.root.records("computer") {
            let path = format!("computer.{}", quote(&name.text));
            let report = &mut *self.reader.report;
            let shared = workflow::state_server(record, &path, self.names, report);
            let companions = self.names.expand_all(
                record.names("companion"),
                &[What::Broker],
                &format!("{path}.companion"),
                report,
            );
            let Some(group) = self.names.group(What::Computer, &name.text) else {
                continue;
            };
            for (number, computer) in group.members().enumerate() {
                all.push(WorkflowHost {
                    state_server: match &shared {
                        StateServer::Of(other) if *other == computer => StateServer::Own,
                        other => other.clone(),
                    },
                    companion: deal(&companions, number).cloned(),
                    computer,
                });
            }
        }
        all.retain(|host| computers.iter().any(|spec| spec.name == host.computer));
        all
    }

    fn network(&mut self) -> soe_model::network::Network {
        let records = self.root.records("network");
        let Some((_, record)) = records.first() else {
            return empty().network;
        };
        network::resolve(
            record,
            &self.nodes,
            self.names,
            &mut self.reader,
            &mut self.budget,
        )
    }

    /// The names of the entities of a section, and their nodes.
    fn places(&mut self, what: What, name: &Name, record: &Record) -> Vec<(String, String)> {
        let Some(group) = self.names.group(what, &name.text) else {
            return Vec::new();
        };
        let report = &mut *self.reader.report;
        if !self.budget.take(group.len(), 1, name.place, report) {
            return Vec::new();
        }
        let path = format!("{}.{}", what.word(), quote(&name.text));
        let nodes = self.names.nodes(group, &format!("{path}.node"), report);
        let class = record.names("class").first();
        let used = record.at("node");
        let mut places = Vec::new();
        for (number, member) in group.members().enumerate() {
            let node = deal(&nodes, number).unwrap_or(&member).clone();
            self.nodes.add(&node, what.word(), class, used, report);
            let origin = Origin {
                path: path.clone(),
                place: name.place,
            };
            self.paths.insert(member.clone(), origin);
            places.push((member, node));
        }
        places
    }
}
