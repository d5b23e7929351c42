//! Conditions on a deployment as a whole.

use std::collections::{BTreeSet, HashMap, HashSet};

use soe_model::broker::BrokerSpec;
use soe_model::client::ClientSpec;
use soe_model::deployment::{Change, Deployment};
use soe_model::workflow::WorkflowSpec;

use crate::format::entity::{Directory, What};
use crate::reader::diagnostic::{Place, Report, hint, quote};
use crate::reader::record::{Name, Record};

/// Where an entity comes from: the section and where that was written.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) path: String,
    pub(super) place: Place,
}

/// Checks what no part can see alone.
pub(super) struct Whole<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) root: &'a Record,
    pub(super) places: &'a HashMap<String, Origin>,
    pub(super) names: &'a Directory,
}

impl Whole<'_> {
    pub(super) fn check(&self, report: &mut Report<'_>) {
        let deployment = self.deployment;
        if deployment.clients.is_empty() {
            report.wrong(self.root.place, "the scenario has no client");
            return;
        }
        self.brokers_know_something(report);
        // What follows from that is not worth saying, too.
        if report.is_clean() {
            self.functions_are_offered(report);
            self.time_passes(report);
        }
        self.events_follow_each_other(report);
        self.run_ends(report);
    }

    fn origin(&self, entity: &str) -> Origin {
        self.places.get(entity).cloned().unwrap_or(Origin {
            path: quote(entity),
            place: self.root.place,
        })
    }

    fn brokers_know_something(&self, report: &mut Report<'_>) {
        let events = self.deployment.events.iter();
        let configured: HashSet<_> = events
            .filter_map(|event| match &event.change {
                Change::WeightSet { broker, .. } => Some(broker.as_str()),
                _ => None,
            })
            .collect();
        for broker in &self.deployment.brokers {
            if broker.controller.is_none()
                && broker.table.is_empty()
                && !configured.contains(broker.name.as_str())
            {
                let Origin { path, place } = self.origin(&broker.name);
                let message =
                    format!("{path} has no destinations: it needs a `controller` or a `table`");
                report.wrong(place, message);
            }
        }
    }

    /// No client calls for ever at one instant. What cannot be decided here is left to the
    /// run, which ends with an error when its time does not advance.
    fn time_passes(&self, report: &mut Report<'_>) {
        if let Some(client) = self.deployment.spinning_client() {
            let Origin { path, place } = self.origin(client);
            let message = format!(
                "{path}: each call is answered at the instant of its issue, and the next one \
                 follows at once, without end: give it arrivals with pauses, its function \
                 operations, the network a latency, or the run a number of calls"
            );
            report.wrong(place, message);
        }
    }

    fn functions_are_offered(&self, report: &mut Report<'_>) {
        let offers = Offers::new(self.deployment);
        let mut known: HashMap<(&str, &str), bool> = HashMap::new();
        for client in &self.deployment.clients {
            let mut workflows = self.deployment.workflows.iter();
            if let Some(workflow) = workflows.find(|known| known.name == client.function) {
                self.workflow_can_run(client, workflow, &offers, report);
                continue;
            }
            if let Some(controller) = &client.context {
                self.context_can_be_had(client, controller, &offers, report);
                continue;
            }
            let function = client.function.as_str();
            let destinations: Vec<_> = client.destinations.iter().map(String::as_str).collect();
            let mut reached = false;
            for &destination in &destinations {
                reached |= *known
                    .entry((destination, function))
                    .or_insert_with(|| offers.reaches(destination, function));
            }
            if reached {
                continue;
            }
            let Origin { path, .. } = self.origin(&client.name);
            let place = self.client_place(client);
            let all = offers.all();
            let function = quote(function);
            let message = if all.contains(client.function.as_str()) {
                let destination = destinations.first().copied().unwrap_or_default();
                format!(
                    "{path}: no computer that can be reached through `{}` offers function \
                     `{function}`",
                    quote(destination)
                )
            } else {
                let hint = hint(&client.function, all.iter().copied());
                format!("{path}: no computer offers function `{function}`{hint}")
            };
            report.wrong(place, message);
        }
    }

    /// The controller assigns clients to computers that offer the function.
    fn context_can_be_had(
        &self,
        client: &ClientSpec,
        controller: &str,
        offers: &Offers<'_>,
        report: &mut Report<'_>,
    ) {
        let function = client.function.as_str();
        let mut controllers = self.deployment.controllers.iter();
        let is_balanced =
            controllers.any(|spec| spec.name == controller && spec.balanced.is_some());
        let announced = offers.by_controller.get(controller);
        let problem = if !is_balanced {
            "its `context` is not a controller with `type = \"etsi-balanced\"`".to_owned()
        } else if function.len() > soe_model::mec::NAME {
            let most = soe_model::mec::NAME;
            format!("with `context`, the name of a function has at most {most} bytes")
        } else if !announced.is_some_and(|functions| functions.contains(function)) {
            let (function, controller) = (quote(function), quote(controller));
            format!("no computer of controller `{controller}` offers function `{function}`")
        } else {
            return;
        };
        let Origin { path, .. } = self.origin(&client.name);
        let place = self.client_place(client);
        report.wrong(place, format!("{path}: {problem}"));
    }

    /// All functions of a workflow can be reached: those that the client calls from
    /// its destination, those that computers call from their companions.
    fn workflow_can_run(
        &self,
        client: &ClientSpec,
        workflow: &WorkflowSpec,
        offers: &Offers<'_>,
        report: &mut Report<'_>,
    ) {
        let Origin { path, .. } = self.origin(&client.name);
        let place = self.client_place(client);
        let called = match workflow.hop_by_hop {
            true => &workflow.steps[..1],
            false => &workflow.steps[..],
        };
        let mut called: Vec<_> = called.iter().flatten().collect();
        called.sort_unstable();
        called.dedup();
        let destinations = &client.destinations;
        let reached = |function: &str| {
            let mut destinations = destinations.iter();
            destinations.any(|destination| offers.reaches(destination, function))
        };
        if let Some(function) = called.iter().find(|function| !reached(function)) {
            let message = format!(
                "{path}: function `{}` of workflow `{}` is not offered by any computer that can be \
                 reached through `{}`",
                quote(function),
                quote(&workflow.name),
                quote(destinations.first().map_or("", String::as_str))
            );
            report.wrong(place, message);
            return;
        }
        if !workflow.hop_by_hop || workflow.steps.len() < 2 {
            return;
        }
        let Origin { path, place } = self.origin(&workflow.name);
        let last = workflow.steps.len() - 1;
        let mut complained = BTreeSet::new();
        for host in &self.deployment.workflow_hosts {
            let offered = offers.by_computer.get(host.computer.as_str());
            let takes_part = |steps: &[Vec<String>]| {
                let mut functions = steps.iter().flatten();
                functions.any(|function| {
                    offered.is_some_and(|offered| offered.contains(function.as_str()))
                })
            };
            let Some(companion) = &host.companion else {
                if takes_part(&workflow.steps) {
                    let computer = self.origin(&host.computer);
                    if complained.insert(computer.path.clone()) {
                        let message = format!(
                            "{} needs a `companion` broker, as workflow `{}` runs hop by hop",
                            computer.path,
                            quote(&workflow.name)
                        );
                        report.wrong(computer.place, message);
                    }
                }
                continue;
            };
            if !takes_part(&workflow.steps[..last]) {
                continue;
            }
            let mut functions = workflow.steps[1..].iter().flatten();
            let missing = functions.find(|function| !offers.reaches(companion, function));
            if let Some(function) = missing
                && complained.insert(companion.clone())
            {
                let message = format!(
                    "{path}: function `{}` is not offered by any computer that can be reached \
                     through `{}`, the companion of `{}`",
                    quote(function),
                    quote(companion),
                    quote(&host.computer)
                );
                report.wrong(place, message);
            }
        }
    }

    fn client_place(&self, client: &ClientSpec) -> Place {
        let records = self.root.records("client");
        let origin = self.origin(&client.name);
        let record = records.iter().find(|(name, _)| name.place == origin.place);
        record.map_or(origin.place, |(_, record)| record.at("function"))
    }

    /// Checks the order of events: a computer that has failed cannot fail again, and so on.
    fn events_follow_each_other(&self, report: &mut Report<'_>) {
        // For each computer: the last event that concerned its presence.
        let mut last: HashMap<&str, &str> = HashMap::new();
        for event in &self.deployment.events {
            let (computer, happening) = match &event.change {
                Change::ComputerFails { computer } => (computer, "fail"),
                Change::ComputerLeaves { computer } => (computer, "leave"),
                Change::ComputerJoins { computer } => (computer, "join"),
                _ => continue,
            };
            let before = last.insert(computer, happening);
            let gone = matches!(before, Some("fail" | "leave"));
            let wrong = match happening {
                "join" => before == Some("join"),
                _ => gone,
            };
            if wrong {
                let state = if gone { "gone" } else { "running" };
                let message = format!(
                    "computer `{}` cannot {happening} at {}: it is already {state}",
                    quote(computer),
                    event.at
                );
                let records = self.root.records("event");
                let mentions = |record: &Record| {
                    let names = record.names(happening);
                    record
                        .maybe_duration("at")
                        .map(|at| sim_core::SimTime::ZERO + at)
                        == Some(event.at)
                        && names.iter().any(|name| self.stands_for(name, computer))
                };
                let record = records.iter().rev().find(|(_, record)| mentions(record));
                let place = record.map_or(self.root.place, |(_, record)| record.at(happening));
                report.wrong(place, message);
            }
        }
    }

    fn stands_for(&self, name: &Name, computer: &str) -> bool {
        let group = self.names.group(What::Computer, &name.text);
        name.text == computer
            || group.is_some_and(|group| group.members().any(|member| member == *computer))
    }

    fn run_ends(&self, report: &mut Report<'_>) {
        let run = &self.deployment.run;
        if run.duration.is_some() || run.calls.is_some() {
            return;
        }
        let mut stopped: HashSet<&str> = HashSet::new();
        for event in &self.deployment.events {
            match &event.change {
                Change::ClientStops { client } => {
                    stopped.insert(client);
                }
                Change::ClientStarts { client } => {
                    stopped.remove(client.as_str());
                }
                _ => {}
            }
        }
        let endless = self.deployment.clients.iter().find(|client| {
            client.stop.is_none()
                && client.max_calls.is_none()
                && client.arrivals.kind.name != "trace"
                && !stopped.contains(client.name.as_str())
        });
        if let Some(client) = endless {
            let Origin { path, place } = self.origin(&client.name);
            let message = format!(
                "the run has no end: set `duration` or `calls` in run, or `calls` or `stop` in \
                 {path}"
            );
            report.wrong(place, message);
        }
    }
}

/// Which computer offers what, and which broker leads there.
struct Offers<'a> {
    by_computer: HashMap<&'a str, HashSet<&'a str>>,
    by_controller: HashMap<&'a str, HashSet<&'a str>>,
    brokers: HashMap<&'a str, &'a BrokerSpec>,
    set: HashMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Offers<'a> {
    fn new(deployment: &'a Deployment) -> Self {
        let mut offers = Self {
            by_computer: HashMap::new(),
            by_controller: HashMap::new(),
            brokers: HashMap::new(),
            set: HashMap::new(),
        };
        for computer in &deployment.computers {
            let functions = computer.containers.iter();
            let functions = functions.map(|container| container.function.name.as_str());
            let functions: HashSet<_> = functions.collect();
            if let Some(controller) = &computer.controller {
                let all = offers.by_controller.entry(controller).or_default();
                all.extend(functions.iter().copied());
            }
            offers.by_computer.insert(&computer.name, functions);
        }
        for broker in &deployment.brokers {
            offers.brokers.insert(&broker.name, broker);
        }
        for event in &deployment.events {
            if let Change::WeightSet {
                broker,
                function,
                destination,
                ..
            } = &event.change
            {
                let entries = offers.set.entry(broker).or_default();
                entries.push((function, destination));
            }
        }
        offers
    }

    fn all(&self) -> BTreeSet<&'a str> {
        self.by_computer.values().flatten().copied().collect()
    }

    /// Whether calls of a function that go to a destination may arrive.
    fn reaches<'b>(&'b self, destination: &'b str, function: &str) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![destination];
        while let Some(destination) = waiting.pop() {
            if !seen.insert(destination) {
                continue;
            }
            if let Some(functions) = self.by_computer.get(destination)
                && functions.contains(function)
            {
                return true;
            }
            let Some(broker) = self.brokers.get(destination) else {
                continue;
            };
            if let Some(controller) = &broker.controller
                && let Some(functions) = self.by_controller.get(controller.as_str())
                && functions.contains(function)
            {
                return true;
            }
            let entries = broker
                .table
                .iter()
                .filter(|entry| entry.function == function);
            waiting.extend(entries.map(|entry| entry.destination.as_str()));
            let set = self.set.get(destination).into_iter().flatten();
            waiting.extend(set.filter(|(name, _)| *name == function).map(|(_, to)| *to));
        }
        false
    }
}
