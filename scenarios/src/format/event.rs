//! The sections `[[event]]`: changes during a run.

use sim_core::SimTime;
use soe_model::computer::ComputerSpec;
use soe_model::deployment::{Change, TimedEvent};
use soe_model::network::{Link, Network};
use soe_model::units::OpsPerSecond;

use super::entity::{Directory, What};
use crate::reader::diagnostic::{Report, hint, quote};
use crate::reader::record::{Name, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

const fn subject(name: &'static str, what: &'static str, help: &'static str) -> Key {
    Key {
        name,
        form: Form::Names(what),
        default: Default::Unused,
        when: When::Always,
        help,
    }
}

pub(crate) static SECTION: Section = Section {
    path: "event",
    help: "A change during the run. Each event has exactly one of `fail`, `leave`, `join`, `slow`, \
           `link`, `set-weight`, `start` and `stop`, which names the entities affected.",
    keys: &[
        Key {
            name: "at",
            form: Form::Duration { or: None },
            default: Default::Mandatory,
            when: When::Always,
            help: "The time of the event. Events at the same time happen in the order of the file.",
        },
        subject(
            "fail",
            "computer",
            "Computers that fail without notice; the invocations that they execute are lost.",
        ),
        subject(
            "leave",
            "computer",
            "Computers that deregister from their controller, finish their pending invocations, \
             and stop.",
        ),
        subject(
            "join",
            "computer",
            "Computers that start (again) and announce themselves to their controller. A computer \
             whose first event is `join` is absent until then.",
        ),
        subject(
            "slow",
            "computer",
            "Computers whose cores change to `speed`, or to their initial speed times `factor`.",
        ),
        Key {
            name: "link",
            form: Form::Names("node"),
            default: Default::Unused,
            when: When::Always,
            help: "The two nodes whose link changes in both directions.",
        },
        subject(
            "set-weight",
            "broker",
            "Brokers in whose tables a `weight` is set; a missing entry is added.",
        ),
        subject("start", "client", "Clients that start issuing calls."),
        subject("stop", "client", "Clients that stop issuing calls."),
        Key {
            name: "processor",
            form: Form::Name("processor"),
            default: Default::Unused,
            when: When::Always,
            help: "With `slow`: the processor that changes; by default all.",
        },
        Key {
            name: "speed",
            form: Form::Speed,
            default: Default::Unused,
            when: When::Always,
            help: "With `slow`: the new speed of each core.",
        },
        Key {
            name: "factor",
            form: Form::Number {
                min: 1e-6,
                max: 1e6,
            },
            default: Default::Unused,
            when: When::Without(&["speed"]),
            help: "With `slow`: the ratio of the new speed to the initial speed; 1 restores it.",
        },
        Key {
            name: "latency",
            form: Form::Duration { or: None },
            default: Default::Unused,
            when: When::Always,
            help: "With `link`: the new latency; by default the initial one.",
        },
        Key {
            name: "rate",
            form: Form::Rate {
                or: Some("unlimited"),
            },
            default: Default::Unused,
            when: When::Always,
            help: "With `link`: the new rate; by default the initial one.",
        },
        Key {
            name: "function",
            form: Form::Names("function"),
            default: Default::Unused,
            when: When::Always,
            help: "With `set-weight`: the function.",
        },
        Key {
            name: "destination",
            form: Form::Names("computer or broker"),
            default: Default::Unused,
            when: When::Always,
            help: "With `set-weight`: the destination.",
        },
        Key {
            name: "weight",
            form: Form::Number {
                min: 1e-9,
                max: 1e9,
            },
            default: Default::Unused,
            when: When::Always,
            help: "With `set-weight`: the weight, in seconds; lower is better.",
        },
    ],
};

/// What may happen, and with which further keys.
const HAPPENINGS: [(&str, &[&str]); 8] = [
    ("fail", &[]),
    ("leave", &[]),
    ("join", &[]),
    ("slow", &["processor", "speed", "factor"]),
    ("link", &["latency", "rate"]),
    ("set-weight", &["function", "destination", "weight"]),
    ("start", &[]),
    ("stop", &[]),
];

/// What events refer to.
pub(crate) struct Context<'a> {
    pub(crate) names: &'a Directory,
    pub(crate) computers: &'a [ComputerSpec],
    pub(crate) network: &'a Network,
    pub(crate) known_function: &'a dyn Fn(&str) -> bool,
}

impl Context<'_> {
    /// The changes that one section declares.
    pub(crate) fn resolve(
        &self,
        record: &Record,
        path: &str,
        report: &mut Report<'_>,
    ) -> Vec<TimedEvent> {
        let at = SimTime::ZERO + record.duration("at");
        let happens = HAPPENINGS.iter();
        let happens: Vec<_> = happens
            .filter(|(key, _)| record.given(key).is_some())
            .collect();
        let &[&(happening, further)] = happens.as_slice() else {
            let all: Vec<_> = HAPPENINGS.iter().map(|(key, _)| *key).collect();
            let message = match happens.as_slice() {
                [] => format!("{path} needs one of {}", all.join(", ")),
                [(one, _), (other, _), ..] => {
                    format!("{path} has both `{one}` and `{other}`, write two events")
                }
                [_] => return Vec::new(),
            };
            report.wrong(record.place, message);
            return Vec::new();
        };
        for (other, keys) in HAPPENINGS {
            for key in keys {
                if let Some(place) = record.given(key)
                    && !further.contains(key)
                {
                    let message = format!(
                        "`{key}` in {path} can be used with `{other}` only, found \
                                 `{happening}`"
                    );
                    report.wrong(place, message);
                }
            }
        }
        let changes = match happening {
            "fail" => self.each(
                record,
                path,
                happening,
                What::Computer,
                report,
                |computer| Change::ComputerFails { computer },
            ),
            "leave" => self.each(
                record,
                path,
                happening,
                What::Computer,
                report,
                |computer| Change::ComputerLeaves { computer },
            ),
            "join" => self.each(
                record,
                path,
                happening,
                What::Computer,
                report,
                |computer| Change::ComputerJoins { computer },
            ),
            "start" => self.each(record, path, happening, What::Client, report, |client| {
                Change::ClientStarts { client }
            }),
            "stop" => self.each(record, path, happening, What::Client, report, |client| {
                Change::ClientStops { client }
            }),
            "slow" => self.slow(record, path, report),
            "link" => self.link(record, path, report),
            _ => self.set_weight(record, path, report),
        };
        let event = |change| TimedEvent { at, change };
        changes.into_iter().map(event).collect()
    }

    fn each(
        &self,
        record: &Record,
        path: &str,
        key: &str,
        what: What,
        report: &mut Report<'_>,
        change: impl Fn(String) -> Change,
    ) -> Vec<Change> {
        let inside = format!("{path}.{key}");
        let names = self
            .names
            .expand_all(record.names(key), &[what], &inside, report);
        names.into_iter().map(change).collect()
    }

    fn slow(&self, record: &Record, path: &str, report: &mut Report<'_>) -> Vec<Change> {
        let inside = format!("{path}.slow");
        let names = record.names("slow");
        let computers = self
            .names
            .expand_all(names, &[What::Computer], &inside, report);
        let only = record.names("processor").first();
        let speed = record.maybe_speed("speed");
        let factor = record.maybe_number("factor");
        if record.given("speed").is_none() && record.given("factor").is_none() {
            report.wrong(record.place, format!("{path} needs `speed` or `factor`"));
        }
        let mut changes = Vec::new();
        for computer in computers {
            let Some(spec) = self.computers.iter().find(|spec| spec.name == computer) else {
                continue;
            };
            if let Some(only) = only {
                self.check_processor(spec, only, path, report);
            }
            for processor in &spec.processors {
                if only.is_some_and(|only| only.text != processor.name) {
                    continue;
                }
                let scaled = OpsPerSecond(processor.speed.0 * factor.unwrap_or(1.0));
                changes.push(Change::ComputerSlows {
                    computer: computer.clone(),
                    processor: Some(processor.name.clone()),
                    speed: speed.unwrap_or(scaled),
                });
            }
        }
        changes
    }

    fn check_processor(
        &self,
        spec: &ComputerSpec,
        only: &Name,
        path: &str,
        report: &mut Report<'_>,
    ) {
        let known = || {
            spec.processors
                .iter()
                .map(|processor| processor.name.as_str())
        };
        if !known().any(|known| known == only.text) {
            let hint = hint(&only.text, known());
            let message = format!(
                "{path}.processor: computer `{}` has no processor `{}`{hint}",
                quote(&spec.name),
                quote(&only.text)
            );
            report.wrong(only.place, message);
        }
    }

    fn link(&self, record: &Record, path: &str, report: &mut Report<'_>) -> Vec<Change> {
        let ends = record.names("link");
        let [from, to] = ends else {
            if !ends.is_empty() {
                let message = format!("{path}.link: found {} nodes, expected 2", ends.len());
                report.wrong(record.at("link"), message);
            }
            return Vec::new();
        };
        if record.given("latency").is_none() && record.given("rate").is_none() {
            report.wrong(record.place, format!("{path} needs `latency` or `rate`"));
        }
        for end in [from, to] {
            if self.network.nodes().find(&end.text).is_none() {
                let known = self.network.nodes().iter().map(|(_, name)| name);
                let hint = hint(&end.text, known);
                let message = format!(
                    "{path}.link: no node is called `{}`{hint}",
                    quote(&end.text)
                );
                report.wrong(end.place, message);
            }
        }
        if from.text == to.text {
            let message = format!(
                "{path}.link: found node `{}` twice, expected two nodes",
                quote(&from.text)
            );
            report.wrong(to.place, message);
        }
        let Some(now) = super::network::link_between(self.network, &from.text, &to.text) else {
            return Vec::new();
        };
        let link = Link {
            latency: super::network::or_latency(record.maybe_duration("latency"), now),
            rate: match record.get("rate") {
                Some(_) => record.rate("rate"),
                None => now.rate,
            },
        };
        vec![Change::LinkChanges {
            from: from.text.clone(),
            to: to.text.clone(),
            link,
        }]
    }

    fn set_weight(&self, record: &Record, path: &str, report: &mut Report<'_>) -> Vec<Change> {
        for key in ["function", "destination", "weight"] {
            if record.given(key).is_none() {
                report.wrong(record.place, format!("{path} needs `{key}`"));
            }
        }
        let mut expand = |key: &str, wanted: &[What]| {
            let inside = format!("{path}.{key}");
            self.names
                .expand_all(record.names(key), wanted, &inside, report)
        };
        let brokers = expand("set-weight", &[What::Broker]);
        let destinations = expand("destination", &[What::Computer, What::Broker]);
        let mut functions = Vec::new();
        for name in record.names("function") {
            if (self.known_function)(&name.text) {
                functions.push(name.text.clone());
            } else {
                let key = format!("{path}.function");
                functions.extend(self.names.expand(name, &[What::Function], &key, report));
            }
        }
        let mut changes = Vec::new();
        for broker in &brokers {
            for function in &functions {
                for destination in &destinations {
                    changes.push(Change::WeightSet {
                        broker: broker.clone(),
                        function: function.clone(),
                        destination: destination.clone(),
                        weight: record.number("weight") as f32,
                    });
                }
            }
        }
        changes
    }
}
