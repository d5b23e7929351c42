//! The reference documentation of scenarios, generated from the declarations.

use std::fmt::Write;

use super::resolve;
use super::schema::describe;
use crate::reader::kind::{KindInfo, Sort};
use crate::reader::section::{Default, Section};
use crate::reader::value::Form;

/// The reference of the scenario format, as Markdown: every section, key, unit,
/// default and kind.
pub fn reference() -> String {
    let mut text = String::from(include_str!("reference.md"));
    let mut sections: Vec<&'static Section> = Vec::new();
    collect(&resolve::SECTION, &mut sections);
    text.push_str("\n## Sections\n");
    for section in sections {
        write_section(&mut text, section);
    }
    text.push_str("\n## Kinds\n");
    for sort in Sort::ALL {
        write_sort(&mut text, sort);
    }
    text
}

fn collect(section: &'static Section, all: &mut Vec<&'static Section>) {
    all.push(section);
    for key in section.keys {
        if let Form::Table(inner) | Form::Tables(inner) | Form::Named(inner) = key.form {
            collect(inner, all);
        }
    }
}

// Writing to a string does not fail.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {
        let _ = writeln!($text, $($arguments)*);
    };
}

fn write_section(text: &mut String, section: &Section) {
    let top = std::ptr::eq(section, &resolve::SECTION);
    put!(text, "\n### {}\n", heading(section, top));
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
        let (value, help) = (cell(&key.form.describe()), cell(&describe(key)));
        put!(text, "| `{}` | {value} | {default} | {help} |", key.name);
    }
}

fn heading(section: &Section, top: bool) -> String {
    match section.path {
        _ if top => "At the top".to_owned(),
        path @ ("network.link" | "event" | "broker.NAME.table") => format!("`[[{path}]]`"),
        path => format!("`[{path}]`"),
    }
}

fn is_table(form: &Form) -> bool {
    matches!(form, Form::Table(_) | Form::Tables(_) | Form::Named(_))
}

fn write_sort(text: &mut String, sort: Sort) {
    put!(text, "\n### {}\n", title(sort));
    for kind in sort.kinds() {
        write_kind(text, &kind);
    }
}

fn title(sort: Sort) -> String {
    let (plural, where_used) = match sort {
        Sort::Platform => ("Platforms", "computer.NAME.platform"),
        Sort::Policy => ("Policies", "broker.NAME.policy"),
        Sort::Optimizer => ("Optimizers", "broker.NAME.optimizer"),
        Sort::Estimator => ("Estimators", "broker.NAME.estimator"),
        Sort::Arrivals => ("Arrival processes", "client.NAME.arrivals"),
        Sort::Sizes => ("Size distributions", "client.NAME.size"),
    };
    format!("{plural} (`{where_used}`)")
}

fn write_kind(text: &mut String, kind: &KindInfo) {
    put!(text, "#### `{}`\n", kind.name);
    put!(text, "{}\n", kind.help);
    if kind.parameters.is_empty() {
        return;
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
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
