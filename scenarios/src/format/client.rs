//! The sections `[client.NAME]`.

use sim_core::{SimDuration, SimTime};
use soe_model::broker::ForwardingTime;
use soe_model::catalogue::Value;
use soe_model::client::arrival::ARRIVALS;
use soe_model::client::size::SIZES;
use soe_model::client::{ClientSpec, Generator, Protocol};

use super::entity::{self, Directory, What};
use super::load;
use crate::reader::diagnostic::{Report, quote};
use crate::reader::kind::Sort;
use crate::reader::record::{Datum, Name, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

pub(crate) static SECTION: Section = Section {
    path: "client.NAME",
    help: "A client, which calls one function or runs one workflow.",
    keys: &[
        entity::COUNT,
        entity::NODE,
        entity::CLASS,
        Key {
            name: "function",
            form: Form::Names("function"),
            default: Default::Mandatory,
            when: When::Without(&["workflow"]),
            help: "The function it calls. With `count`, a list is assigned in turn.",
        },
        Key {
            name: "workflow",
            form: Form::Names("workflow"),
            default: Default::Unused,
            when: When::Always,
            help: "The workflow that it runs instead of calling a function (`--chain-conf` and \
                   `--dag-conf` of edgeclient); it then needs `destination`. With `count`, a list \
                   is assigned in turn.",
        },
        Key {
            name: "destination",
            form: Form::Names("computer or broker"),
            default: Default::Unused,
            when: When::Without(&["destinations"]),
            help: "The broker or computer to which it sends its calls. With `count`, a list is \
                   assigned in turn.",
        },
        Key {
            name: "destinations",
            form: Form::Names("computer or broker"),
            default: Default::Unused,
            when: When::Always,
            help: "The brokers or computers among which it chooses (\"uncoordinated access\"). \
                   Each call goes to the preferred one and, with probability `persistence`, to \
                   each of the others; the first to answer becomes preferred.",
        },
        Key {
            name: "context",
            form: Form::Name("controller"),
            default: Default::Unused,
            when: When::Without(&["destination", "destinations", "workflow"]),
            help: "The controller of type \"etsi-balanced\" that tells it the computer to call, \
                   instead of a destination of its own (`--etsi-api-root` of edgeclient). Clients \
                   on the same node have the same address, and are assigned together.",
        },
        Key {
            name: "persistence",
            form: Form::Number { min: 0.0, max: 1.0 },
            default: Default::Value("0.05"),
            when: When::Always,
            help: "The probability that a call also goes to a destination that is not preferred, \
                   drawn for each; the default is that of edgeclient.",
        },
        Key {
            name: "arrivals",
            form: Form::Kind(Sort::Arrivals),
            default: Default::Value("closed-loop"),
            when: When::Always,
            help: "The arrival process; the default is that of edgeclient.",
        },
        Key {
            name: "load",
            form: Form::Number {
                min: 1e-9,
                max: 1e3,
            },
            default: Default::Absent("the rate of the arrivals"),
            when: When::Always,
            help: "Sets the rate of the arrivals (poisson or periodic, without a rate of their own) \
                   so that the computers which the calls can reach are offered this share of what \
                   they can do, the work of other clients included: 0.9 is a load of 90 %.",
        },
        Key {
            name: "size",
            form: Form::Kind(Sort::Sizes),
            default: Default::Value("100 B"),
            when: When::Always,
            help: "The size of the input: a size, a list of equally likely sizes, or a \
                   distribution; the default is that of edgeclient.",
        },
        Key {
            name: "start",
            form: Form::Duration { or: Some("never") },
            default: Default::Value("0 s"),
            when: When::Always,
            help: "When it starts; with \"never\", an event starts it (`--initial-delay` of \
                   edgeclient, 0 by default).",
        },
        Key {
            name: "stop",
            form: Form::Duration { or: Some("never") },
            default: Default::Value("never"),
            when: When::Always,
            help: "When it stops issuing calls; by default never, as edgeclient.",
        },
        Key {
            name: "calls",
            form: Form::Count {
                min: 1,
                max: u64::MAX,
                or: Some("unlimited"),
            },
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The number of calls after which it stops (`--max-requests` of edgeclient).",
        },
        Key {
            name: "generator",
            form: Form::Word(&["named", "original"]),
            default: Default::Value("named"),
            when: When::Always,
            help: "The source of its random draws: streams named after the client, or the \
                   generators of the original's clients, seeded with the seed of the run plus the \
                   number of the replication.",
        },
        Key {
            name: "generator-index",
            form: Form::Count {
                min: 0,
                max: u32::MAX as u64,
                or: None,
            },
            default: Default::Value("0"),
            when: When::Is("generator", "original"),
            help: "The number of the client in the original, from 0; copies made by `count` take \
                   the following numbers.",
        },
        Key {
            name: "protocol",
            form: Form::Word(&["grpc", "openwhisk"]),
            default: Default::Value("grpc"),
            when: When::Always,
            help: "How it calls a function: directly, or as a client of OpenWhisk through a front \
                   end before each destination (`wskproxy`). Simulated, the front end is at the \
                   node of the client and costs `forwarding-time`.",
        },
        Key {
            name: "forwarding-time",
            form: Form::Durations,
            default: Default::Value("0 s"),
            when: When::Is("protocol", "openwhisk"),
            help: "The time that the front end takes to forward one call, or the bounds of a \
                   uniform distribution; simulated only.",
        },
    ],
};

/// What the clients of one section are made of.
pub(crate) struct Clients {
    spec: ClientSpec,
    functions: Vec<String>,
    destinations: Destinations,
    original: Option<u64>,
    /// What they are to offer, if that sets their rate.
    pub(crate) load: Option<f64>,
}

enum Destinations {
    All(Vec<String>),
    InTurn(Vec<String>),
    /// The controller knows.
    Context,
}

impl Clients {
    /// The client with this number, from 0.
    pub(crate) fn make(&self, number: usize, name: String, node: String) -> ClientSpec {
        let deal = |values| entity::deal(values, number).cloned().unwrap_or_default();
        ClientSpec {
            name,
            node,
            function: deal(&self.functions),
            destinations: match &self.destinations {
                Destinations::All(all) => all.clone(),
                Destinations::InTurn(all) => vec![deal(all)],
                Destinations::Context => Vec::new(),
            },
            generator: match self.original {
                Some(first) => Generator::Original {
                    index: u32::try_from(first.saturating_add(number as u64)).unwrap_or(u32::MAX),
                },
                None => Generator::Named,
            },
            ..self.spec.clone()
        }
    }

    /// How many destinations each of them has.
    pub(crate) fn width(&self) -> u64 {
        match &self.destinations {
            Destinations::All(all) => all.len() as u64,
            Destinations::InTurn(_) | Destinations::Context => 1,
        }
    }
}

/// Reads one section, or nothing if it is wrong.
pub(crate) fn resolve(
    record: &Record,
    path: &str,
    names: &Directory,
    known_function: &dyn Fn(&str) -> bool,
    report: &mut Report<'_>,
) -> Option<Clients> {
    let functions = match record.given("workflow") {
        None => functions(record, path, names, known_function, report),
        Some(_) => names.expand_all(
            record.names("workflow"),
            &[What::Workflow],
            &format!("{path}.workflow"),
            report,
        ),
    };
    let destinations = destinations(record, path, names, report);
    let context = record.names("context").first().and_then(|name| {
        let key = format!("{path}.context");
        let found = names.expand(name, &[What::Controller], &key, report);
        found.into_iter().next()
    });
    let copies = record.maybe_count("count").unwrap_or(1);
    let several = |key: &str, found: usize, report: &mut Report<'_>| {
        // A name with an error elsewhere may match too many entities here.
        if record.maybe_count("count").is_none() && found > 1 && report.is_clean() {
            let message = format!(
                "{path}.{key}: found {found}, expected one (a list needs \
                                   `count`)"
            );
            report.wrong(record.at(key), message);
        }
    };
    match record.given("workflow") {
        None => several("function", functions.len(), report),
        Some(_) => several("workflow", functions.len(), report),
    }
    if let (Some(place), Some(_)) = (record.given("destinations"), record.given("workflow")) {
        let message = format!("`destinations` in {path} cannot be combined with `workflow`");
        report.wrong(place, message);
    }
    if let Some(Destinations::InTurn(all)) = &destinations {
        several("destination", all.len(), report);
    }
    let protocol = protocol(record, path, report);
    let offered = record.maybe_number("load");
    let arrivals = configured(record, path, "arrivals", report, |choice| {
        let mut spec = choice.configure(&ARRIVALS)?;
        if record.given("load").is_some() {
            let given = ["rate", "interval"].map(|key| spec.arguments.get(key).cloned());
            if !load::set_rate(&mut spec, 1.0) {
                let name = spec.kind.name;
                return Err(format!(
                    "`{name}` has no rate, which `load` needs; poisson and periodic have one"
                ));
            }
            let nothing = [Value::Number(0.0), Value::Duration(SimDuration::ZERO)].map(Some);
            if given != nothing {
                return Err("has a rate of its own beside `load`, give one of them".to_owned());
            }
        }
        (spec.kind.build)(&spec.arguments).map_err(|error| error.to_string())?;
        Ok(spec)
    });
    let sizes = configured(record, path, "size", report, |choice| {
        let spec = choice.configure(&SIZES)?;
        (spec.kind.build)(&spec.arguments).map_err(|error| error.to_string())?;
        Ok(spec)
    });
    let time = |duration: SimDuration| SimTime::ZERO + duration;
    let start = record.maybe_duration("start").map_or(SimTime::MAX, time);
    let stop = record.maybe_duration("stop").map(time);
    if stop.is_some_and(|stop| start < SimTime::MAX && stop <= start) {
        let message = format!("{path}.stop: must be later than the start at {start}");
        report.wrong(record.at("stop"), message);
    }
    let original =
        (record.word("generator") == "original").then(|| record.count("generator-index"));
    if original.is_some_and(|first| first.saturating_add(copies - 1) > u64::from(u32::MAX)) {
        let message = format!("{path}.generator-index: too large for {copies} clients");
        report.wrong(record.at("generator-index"), message);
    }
    Some(Clients {
        spec: ClientSpec {
            name: String::new(),
            node: String::new(),
            function: String::new(),
            destinations: Vec::new(),
            context,
            persistence: record.number("persistence"),
            arrivals: arrivals?,
            sizes: sizes?,
            start,
            stop,
            max_calls: record.maybe_count("calls"),
            generator: Generator::Named,
            protocol,
        },
        functions,
        destinations: destinations?,
        original,
        load: offered,
    })
}

fn protocol(record: &Record, path: &str, report: &mut Report<'_>) -> Protocol {
    if record.word("protocol") != "openwhisk" {
        return Protocol::Grpc;
    }
    for key in ["workflow", "context"] {
        if let Some(place) = record.given(key) {
            let message =
                format!("`{key}` in {path} cannot be combined with `protocol = \"openwhisk\"`");
            report.wrong(place, message);
        }
    }
    let forwarding_time = match record.get("forwarding-time") {
        Some(Datum::Durations(min, max)) => ForwardingTime {
            min: *min,
            max: *max,
        },
        _ => ForwardingTime::default(),
    };
    Protocol::OpenWhisk { forwarding_time }
}

fn configured<T>(
    record: &Record,
    path: &str,
    key: &str,
    report: &mut Report<'_>,
    make: impl Fn(&crate::reader::kind::Choice) -> Result<T, String>,
) -> Option<T> {
    let made = make(record.choice(key)?);
    made.map_err(|message| report.wrong(record.at(key), format!("{path}.{key}: {message}")))
        .ok()
}

fn functions(
    record: &Record,
    path: &str,
    names: &Directory,
    known: &dyn Fn(&str) -> bool,
    report: &mut Report<'_>,
) -> Vec<String> {
    let mut functions = Vec::new();
    for name in record.names("function") {
        if known(&name.text) {
            functions.push(name.text.clone());
        } else if names.is(What::Function, &name.text)
            || names.group(What::Function, &name.text).is_some()
        {
            let key = format!("{path}.function");
            functions.extend(names.expand(name, &[What::Function], &key, report));
        } else {
            // Whether a computer offers it is checked later, for all at once.
            functions.push(name.text.clone());
        }
    }
    functions
}

fn destinations(
    record: &Record,
    path: &str,
    names: &Directory,
    report: &mut Report<'_>,
) -> Option<Destinations> {
    let mut expand = |key: &str, found: &[Name]| {
        let inside = format!("{path}.{key}");
        names.expand_all(found, &[What::Computer, What::Broker], &inside, report)
    };
    if record.given("destinations").is_some() {
        let all = expand("destinations", record.names("destinations"));
        return Some(Destinations::All(all)).filter(|all| !all.is_empty());
    }
    if record.given("destination").is_some() {
        let all = expand("destination", record.names("destination"));
        return Some(Destinations::InTurn(all)).filter(|all| !all.is_empty());
    }
    if record.given("context").is_some() {
        return Some(Destinations::Context);
    }
    let message = format!("{} needs `destination` or `destinations`", quote(path));
    report.wrong(record.place, message);
    None
}

impl Destinations {
    fn is_empty(&self) -> bool {
        match self {
            Self::All(all) | Self::InTurn(all) => all.is_empty(),
            Self::Context => false,
        }
    }
}
