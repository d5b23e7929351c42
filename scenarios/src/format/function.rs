//! The sections `[function.NAME]`: the cost and output of invocations.

use soe_model::function::{FunctionSpec, Output, Requirements};

use super::instances::{self, Needs};
use crate::reader::diagnostic::Report;
use crate::reader::record::{Datum, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

pub(crate) static SECTION: Section = Section {
    path: "function.NAME",
    help: "A function that computers of this scenario offer. Platforms and configuration files \
           define their own functions, which need no section. An invocation with n bytes of input \
           takes `operations` + n · `operations-per-byte`; memory is computed in the same way.",
    keys: &[
        super::entity::COUNT,
        Key {
            name: "operations",
            form: Form::Operations,
            default: Default::Value("0 op"),
            when: When::Always,
            help: "The operations of an invocation without input (op-offset in the original's \
                   configuration files; 4 Mop in its predefined functions clambda0, …).",
        },
        Key {
            name: "operations-per-byte",
            form: Form::Operations,
            default: Default::Value("0 op"),
            when: When::Always,
            help: "The operations for each byte of input (op-coeff of the original; 1 Mop in its \
                   predefined functions).",
        },
        Key {
            name: "memory",
            form: Form::BytesEach,
            default: Default::Value("0 B"),
            when: When::Always,
            help: "The memory of an invocation without input (mem-offset of the original; 0 in its \
                   predefined functions).",
        },
        Key {
            name: "memory-per-byte",
            form: Form::BytesEach,
            default: Default::Value("0 B"),
            when: When::Always,
            help: "The memory for each byte of input (mem-coeff of the original; 100 B in its \
                   predefined functions).",
        },
        Key {
            name: "output",
            form: Form::Output,
            default: Default::Value("copy-input"),
            when: When::Always,
            help: "The output of an invocation: a copy of its input, a number of bytes, or a fixed \
                   text (output-type of the original, whose predefined functions copy their \
                   input).",
        },
        Key {
            name: "instance",
            form: Form::Table(&instances::OF_FUNCTION),
            default: Default::Unused,
            when: When::Always,
            help: "What an instance of it needs on computers with `instances`.",
        },
    ],
};

/// What its instances need, if it says so.
pub(crate) fn needs(record: &Record, report: &mut Report<'_>) -> Option<Needs> {
    let (_, record) = record.records("instance").first()?;
    Some(instances::needs(record, report))
}

pub(crate) fn resolve(record: &Record, name: &str) -> FunctionSpec {
    FunctionSpec {
        name: name.to_owned(),
        // Both were rounded to single precision when they were read.
        requirements: Requirements {
            op_coeff: record.number("operations-per-byte") as f32,
            op_offset: record.number("operations") as f32,
            mem_coeff: record.number("memory-per-byte") as f32,
            mem_offset: record.number("memory") as f32,
        },
        output: match record.get("output") {
            Some(Datum::Output(output)) => output.clone(),
            _ => Output::CopyInput,
        },
    }
}
