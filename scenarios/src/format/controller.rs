//! The sections `[controller.NAME]`.

use sim_core::SimDuration;
use soe_model::controller::{ControllerSpec, InstallerSpec, Objective};

use super::entity;
use crate::reader::diagnostic::Report;
use crate::reader::record::Record;
use crate::reader::section::{Default, Form, Key, Section, When};

pub(crate) static SECTION: Section = Section {
    path: "controller.NAME",
    help: "A controller: computers and brokers announce themselves to it, and it fills the tables \
           of the brokers.",
    keys: &[
        entity::NODE,
        entity::CLASS,
        Key {
            name: "installer",
            form: Form::Word(InstallerSpec::WORDS),
            default: Default::Value(InstallerSpec::WORDS[0]),
            when: When::Always,
            help: InstallerSpec::HELP,
        },
        Key {
            name: "distances",
            form: Form::Path {
                or: Some(entity::NETWORK),
            },
            default: Default::Value(entity::NETWORK),
            when: When::Is("installer", "hierarchical"),
            help: "A file with the matrix of distances between nodes (`--topology-file` of \
                   edgecontroller). Each line has the name of a node and its distances. By \
                   default, the distance is the time that 1 kB takes in the network.",
        },
        Key {
            name: "objective",
            form: Form::Word(Objective::WORDS),
            default: Default::Value(Objective::WORDS[0]),
            when: When::Is("installer", "hierarchical"),
            help: Objective::HELP,
        },
        Key {
            name: "type",
            form: Form::Word(ControllerSpec::TYPES),
            default: Default::Absent("\"plain\""),
            when: When::Always,
            help: "What else it is (`--type` of edgecontroller): with \"etsi-balanced\", clients \
                   with `context` get the computer that they call from it, and it shares them \
                   out among the computers that announce themselves to it (ETSI MEC).",
        },
        Key {
            name: "balanced-period",
            form: Form::Duration { or: None },
            default: Default::Value("5 s"),
            when: When::With("type"),
            help: "The time from one assignment of clients to the next; the default is that of \
                   edgecontroller.",
        },
    ],
};

pub(crate) fn objective(record: &Record) -> Objective {
    Objective::of_word(record.word("objective"))
}

/// Whether the distances of a hierarchical controller are yet to be found.
pub(crate) fn installer(record: &Record) -> InstallerSpec {
    match record.word("installer") {
        "hierarchical" => InstallerSpec::Hierarchical {
            distances: std::default::Default::default(),
            objective: objective(record),
        },
        _ => InstallerSpec::Flat,
    }
}

/// How often it assigns clients, if it does.
pub(crate) fn balanced(
    record: &Record,
    path: &str,
    report: &mut Report<'_>,
) -> Option<SimDuration> {
    if record.maybe_word("type") != Some("etsi-balanced") {
        return None;
    }
    let period = record.maybe_duration("balanced-period")?;
    if period.is_zero() {
        let message = format!("{path}.balanced-period: must be longer than 0 s");
        report.wrong(record.at("balanced-period"), message);
    }
    Some(period)
}
