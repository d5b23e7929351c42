//! Writes a scenario back, with all defaults filled in.

use super::record::{Datum, Record};
use super::section::{Default, Form};
use super::syntax::key;
use super::tree::{Raw, Table};

/// The whole scenario as TOML.
pub fn scenario(root: &Record) -> String {
    let mut text = String::new();
    body(root, "", &mut text);
    text
}

/// The keys of a table, then the tables inside it.
pub fn body(record: &Record, path: &str, text: &mut String) {
    for (declared, datum) in record.iter() {
        if let Some(value) = datum.and_then(|datum| declared.form.toml(datum)) {
            text.push_str(&format!("{} = {value}\n", declared.name));
        } else if datum.is_none()
            && let Default::Absent(meaning) = declared.default
            && !matches!(declared.form, Form::Table(_) | Form::Named(_))
            && record.applies(declared)
        {
            text.push_str(&format!("# {}: {meaning}\n", declared.name));
        }
    }
    for (declared, datum) in record.iter() {
        let Some(Datum::Records(records)) = datum else {
            continue;
        };
        let inside = match path {
            "" => declared.name.to_owned(),
            path => format!("{path}.{}", declared.name),
        };
        for (name, record) in records {
            let (header, path) = match declared.form {
                Form::Named(_) => {
                    let path = format!("{inside}.{}", key(&name.text));
                    (format!("[{path}]"), path)
                }
                Form::Tables(_) => (format!("[[{inside}]]"), inside.clone()),
                _ => (format!("[{inside}]"), inside.clone()),
            };
            text.push_str(&format!("\n{header}\n"));
            body(record, &path, text);
        }
    }
}

/// A table; the tables inside it become sections.
pub fn nested(table: &Table, path: &str, text: &mut String) {
    text.push_str(&format!("\n[{path}]\n"));
    for entry in &table.entries {
        if !matches!(entry.node.raw, Raw::Table(_)) {
            text.push_str(&format!(
                "{} = {}\n",
                key(&entry.key),
                entry.node.raw.toml()
            ));
        }
    }
    for entry in &table.entries {
        if let Raw::Table(inner) = &entry.node.raw {
            nested(inner, &format!("{path}.{}", key(&entry.key)), text);
        }
    }
}
