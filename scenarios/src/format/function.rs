//! The sections `[function.NAME]`: the cost and output of invocations.

use soe_model::function::{FunctionSpec, Output, Requirements};

use crate::reader::record::{Datum, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

pub(crate) static SECTION: Section = Section {
    path: "function.NAME",
    help: "A function that computers of this scenario offer. Platforms and configuration files \
           bring functions of their own, which need no section. An invocation with n bytes of \
           input needs `operations` + n · `operations-per-byte`, and memory likewise.",
    keys: &[
        super::entity::COUNT,
        Key {
            name: "operations",
            form: Form::Operations,
            default: Default::Value("0 op"),
            when: When::Always,
            help: "Work of an invocation without input (op-offset of the original's configuration \
                   files; 4 Mop in its ready-made functions clambda0, …).",
        },
        Key {
            name: "operations-per-byte",
            form: Form::Operations,
            default: Default::Value("0 op"),
            when: When::Always,
            help: "Work for each byte of input (op-coeff of the original; 1 Mop in its ready-made \
                   functions).",
        },
        Key {
            name: "memory",
            form: Form::BytesEach,
            default: Default::Value("0 B"),
            when: When::Always,
            help: "Memory held by an invocation without input (mem-offset of the original, 0 in \
                   its ready-made functions).",
        },
        Key {
            name: "memory-per-byte",
            form: Form::BytesEach,
            default: Default::Value("0 B"),
            when: When::Always,
            help: "Memory held for each byte of input (mem-coeff of the original; 100 B in its \
                   ready-made functions).",
        },
        Key {
            name: "output",
            form: Form::Output,
            default: Default::Value("copy-input"),
            when: When::Always,
            help: "What an invocation returns: its input, so many bytes, or always the same text \
                   (output-type of the original, whose ready-made functions copy their input).",
        },
    ],
};

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
