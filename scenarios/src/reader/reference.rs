//! The reference documentation of a format, made from its declarations.

use std::fmt::Write;

use super::kind::KindInfo;
use super::section::{Default, Form, Section};

// Writing to a string does not fail.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {
        let _ = writeln!($text, $($arguments)*);
    };
}

/// The sections of a file and all that are inside them, as Markdown: every key with its unit,
/// default and meaning.
///
/// The first is the file itself, the only one without a header in a file. A
/// section that several of them have is written once.
pub fn sections(roots: &[&'static Section]) -> String {
    let mut found = Vec::new();
    for root in roots {
        collect(root, false, &mut found);
    }
    let mut text = String::new();
    for (number, (section, in_list)) in found.into_iter().enumerate() {
        let heading = match (number, in_list) {
            (0, _) => "At the top".to_owned(),
            (_, true) => format!("`[[{}]]`", section.path),
            (_, false) => format!("`[{}]`", section.path),
        };
        put!(text, "\n### {heading}\n");
        write_section(&mut text, section);
    }
    text
}

/// The section and those inside it that are not there yet, each with whether it is one of a
/// list of tables.
fn collect(section: &'static Section, in_list: bool, all: &mut Vec<(&'static Section, bool)>) {
    if all.iter().any(|(known, _)| std::ptr::eq(*known, section)) {
        return;
    }
    all.push((section, in_list));
    for key in section.keys {
        if let Some(inner) = key.form.section() {
            let in_list = matches!(key.form, Form::Tables(_) | Form::Values(_));
            collect(inner, in_list, all);
        }
    }
}

fn write_section(text: &mut String, section: &Section) {
    put!(text, "{}\n", section.help);
    put!(text, "| key | value | default | meaning |");
    put!(text, "|---|---|---|---|");
    for key in section.keys {
        let default = match key.default {
            Default::Mandatory => "mandatory".to_owned(),
            Default::Value(_) if is_table(&key.form) => "empty".to_owned(),
            Default::Value(text) => format!("`{text}`"),
            Default::Absent(meaning) => cell(meaning),
            Default::Unused => "none".to_owned(),
        };
        let (value, help) = (cell(&key.form.describe()), cell(&key.meaning()));
        put!(text, "| `{}` | {value} | {default} | {help} |", key.name);
    }
}

fn is_table(form: &Form) -> bool {
    matches!(
        form,
        Form::Table(_) | Form::Tables(_) | Form::Named(_) | Form::Later(_)
    )
}

/// A kind of a catalogue, as Markdown: what it is and its parameters.
pub fn kind(kind: &KindInfo) -> String {
    let mut text = String::new();
    put!(text, "#### `{}`\n", kind.name);
    put!(text, "{}\n", kind.help);
    if kind.parameters.is_empty() {
        return text;
    }
    put!(text, "| parameter | value | default | meaning |");
    put!(text, "|---|---|---|---|");
    for parameter in kind.parameters {
        let default = match parameter.default {
            Some(default) => format!("`{default}`"),
            None => "mandatory".to_owned(),
        };
        let value = cell(&parameter.quantity.describe());
        let help = cell(parameter.help);
        put!(
            text,
            "| `{}` | {value} | {default} | {help} |",
            parameter.name
        );
    }
    text.push('\n');
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
