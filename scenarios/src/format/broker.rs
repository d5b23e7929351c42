//! The sections `[broker.NAME]`.

use soe_model::broker::estimator::ESTIMATORS;
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::broker::safeguards::{AGGRESSION, EJECTIONS, SlowStart};
use soe_model::broker::{
    BrokerKind, BrokerSpec, Compatibility, Failover, ForwardingTime, Limits, Safeguards,
    TableEntrySpec,
};

use super::entity::{self, Directory, What};
use crate::reader::diagnostic::Report;
use crate::reader::kind::Sort;
use crate::reader::record::{Datum, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

const LIMIT: Form = Form::Count {
    min: 1,
    max: u32::MAX as u64,
    or: Some("unlimited"),
};

pub(crate) static SECTION: Section = Section {
    path: "broker.NAME",
    help: "A broker: an e-router, which keeps a weight for each destination, or an e-dispatcher, \
           which predicts response times. It needs a `controller` to fill its tables, or a \
           `table`.",
    keys: &[
        entity::COUNT,
        entity::NODE,
        entity::CLASS,
        entity::CONTROLLER,
        Key {
            name: "type",
            form: Form::Word(&["router", "dispatcher"]),
            default: Default::Value("router"),
            when: When::Always,
            help: "The type: `edgerouter` or `edgedispatcher` of the original.",
        },
        Key {
            name: "policy",
            form: Form::Kind(Sort::Policy),
            default: Default::Value("random"),
            when: When::Is("type", "router"),
            help: "How a router picks a destination; the default is that of edgerouter.",
        },
        Key {
            name: "optimizer",
            form: Form::Kind(Sort::Optimizer),
            default: Default::Value("trivial"),
            when: When::Is("type", "router"),
            help: "How a router updates its weights; the default is that of edgerouter.",
        },
        Key {
            name: "estimator",
            form: Form::Kind(Sort::Estimator),
            default: Default::Value("rtt"),
            when: When::Is("type", "dispatcher"),
            help: "How a dispatcher predicts response times; the default is that of \
                   edgedispatcher.",
        },
        Key {
            name: "calls-in-progress",
            form: LIMIT,
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The largest number of calls handled at the same time; further calls wait in \
                   order of arrival (`--num-threads` of the original, there 5).",
        },
        Key {
            name: "pending-per-destination",
            form: LIMIT,
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The largest number of calls pending at one destination; further calls wait in \
                   order of arrival (`max-pending-clients` of the original, there 2).",
        },
        Key {
            name: "forwarding-time",
            form: Form::Durations,
            default: Default::Value("0 s"),
            when: When::Always,
            help: "The time to forward one call, or the bounds of a uniform distribution \
                   (`min-forward-time` and `max-forward-time` of the original, both 0).",
        },
        Key {
            name: "compatibility",
            form: Form::Word(&["corrected", "original"]),
            default: Default::Value("corrected"),
            when: When::Always,
            help: "Whether it reproduces those defects of the original on which published results \
                   depend.",
        },
        Key {
            name: "failover",
            form: Form::Word(&Failover::WORDS),
            default: Default::Value("always"),
            when: When::Always,
            help: "Whether a lost call is sent to another destination: `never`, `idempotent` (only \
                   if it was provably not delivered or is a dry run), or `always`, so that it may \
                   be executed twice. A call that was answered, even with an error, is never \
                   repeated.",
        },
        Key {
            name: "ejection",
            form: Form::Kind(Sort::Ejection),
            default: Default::Unused,
            when: When::Is("type", "router"),
            help: "Which destinations get no calls for a while because calls failed there; by \
                   default none, as in edgerouter.",
        },
        Key {
            name: "slow-start",
            form: Form::Duration { or: None },
            default: Default::Unused,
            when: When::Is("type", "router"),
            help: "How long the calls to a destination that has joined or returned increase to \
                   its full share; by default it gets that at once, as in edgerouter.",
        },
        Key {
            name: "slow-start-aggression",
            form: Form::Number {
                min: *AGGRESSION.start(),
                max: *AGGRESSION.end(),
            },
            default: Default::Unused,
            when: When::With("slow-start"),
            help: "How fast they increase: 1, the default, is linear, more is faster (as in \
                   Envoy).",
        },
        Key {
            name: "failure-penalty",
            form: Form::Duration { or: None },
            default: Default::Unused,
            when: When::Is("type", "router"),
            help: "What a failed call counts as at least in the optimizer; by default failed calls \
                   do not count, as in edgerouter.",
        },
        Key {
            name: "table",
            form: Form::Tables(&TABLE),
            default: Default::Value("[]"),
            when: When::Always,
            help: "The entries of its tables at the start.",
        },
    ],
};

pub(crate) static TABLE: Section = Section {
    path: "broker.NAME.table",
    help: "Initial entries of a broker's table: one for each pair of a function and a destination \
           listed here.",
    keys: &[
        Key {
            name: "function",
            form: Form::Names("function"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The function.",
        },
        Key {
            name: "destination",
            form: Form::Names("computer or broker"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The destinations.",
        },
        Key {
            name: "weight",
            form: Form::Number {
                min: 1e-9,
                max: 1e9,
            },
            default: Default::Value("1"),
            when: When::Always,
            help: "The initial weight, in seconds; lower is better. The original's controller \
                   sets 1.",
        },
        Key {
            name: "final",
            form: Form::Flag,
            default: Default::Absent("true for a computer"),
            when: When::Always,
            help: "Whether calls from another broker may be forwarded to it.",
        },
    ],
};

/// What brokers of one section have in common, or nothing if that is wrong.
pub(crate) fn resolve(
    record: &Record,
    path: &str,
    names: &Directory,
    known_function: &dyn Fn(&str) -> bool,
    report: &mut Report<'_>,
) -> Option<BrokerSpec> {
    let controller = names.controller(record, path, report);
    let table = table(record, path, names, known_function, report);
    let wrong = |message: String| format!("{path}: {message}");
    let kind = match record.word("type") {
        "dispatcher" => record
            .choice("estimator")?
            .configure(&ESTIMATORS)
            .map(|estimator| BrokerKind::Dispatcher { estimator }),
        _ => {
            let policy = record.choice("policy")?.configure(&POLICIES);
            let optimizer = record.choice("optimizer")?.configure(&OPTIMIZERS);
            policy.and_then(|policy| {
                optimizer.map(|optimizer| BrokerKind::Router { policy, optimizer })
            })
        }
    };
    let kind = kind
        .map_err(|message| report.wrong(record.place, wrong(message)))
        .ok()?;
    let safeguards = safeguards(record)
        .map_err(|message| report.wrong(record.place, wrong(message)))
        .ok()?;
    let (min, max) = match record.get("forwarding-time") {
        Some(Datum::Durations(min, max)) => (*min, *max),
        _ => return None,
    };
    let limit = |key| {
        record
            .maybe_count(key)
            .and_then(|limit| u32::try_from(limit).ok())
    };
    Some(BrokerSpec {
        name: String::new(),
        node: String::new(),
        controller,
        kind,
        limits: Limits {
            calls_in_progress: limit("calls-in-progress"),
            pending_per_destination: limit("pending-per-destination"),
        },
        forwarding_time: ForwardingTime { min, max },
        table,
        compatibility: match record.word("compatibility") {
            "original" => Compatibility::Original,
            _ => Compatibility::Corrected,
        },
        failover: Failover::named(record.word("failover")).unwrap_or_default(),
        safeguards,
    })
}

fn safeguards(record: &Record) -> Result<Safeguards, String> {
    let duration = |key| record.maybe_duration(key).unwrap_or_default();
    let ejection = match record.choice("ejection") {
        Some(choice) => {
            let configured = choice.configure(&EJECTIONS)?;
            (configured.kind.build)(&configured.arguments)
        }
        None => None,
    };
    let aggression = record.maybe_number("slow-start-aggression");
    Ok(Safeguards {
        ejection,
        slow_start: SlowStart {
            window: duration("slow-start"),
            aggression: aggression.unwrap_or(SlowStart::default().aggression),
        },
        failure_penalty: duration("failure-penalty"),
    })
}

fn table(
    record: &Record,
    path: &str,
    names: &Directory,
    known_function: &dyn Fn(&str) -> bool,
    report: &mut Report<'_>,
) -> Vec<TableEntrySpec> {
    let mut table = Vec::new();
    for (number, entry) in record.records("table") {
        let path = format!("{path}.table.{}", number.text);
        let destination = format!("{path}.destination");
        let wanted = [What::Computer, What::Broker];
        let destinations =
            names.expand_all(entry.names("destination"), &wanted, &destination, report);
        let mut functions = Vec::new();
        for name in entry.names("function") {
            // Functions of platforms have no section.
            if known_function(&name.text) {
                functions.push(name.text.clone());
            } else {
                let key = format!("{path}.function");
                functions.extend(names.expand(name, &[What::Function], &key, report));
            }
        }
        for function in &functions {
            for destination in &destinations {
                table.push(TableEntrySpec {
                    function: function.clone(),
                    destination: destination.clone(),
                    weight: entry.number("weight") as f32,
                    is_final: match entry.get("final") {
                        Some(Datum::Flag(flag)) => *flag,
                        _ => names.is(What::Computer, destination),
                    },
                });
            }
        }
    }
    table
}
