//! The sections `[controller.NAME]`.

use soe_model::controller::{InstallerSpec, Objective};

use super::entity;
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
