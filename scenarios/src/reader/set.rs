//! Changes from the command line: `computer.NAME.cores=4`.

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostics, Place, hint, quote};
use super::section::{Form, Section};
use super::tree::{Node, Raw, Table};

/// The longest key.
const LONGEST_KEY: usize = 1000;

/// Applies an assignment, the one with this number, to a table that is read as `section`.
///
/// # Errors
/// If there is no such key, in one line.
pub fn set(
    root: &mut Table,
    section: &'static Section,
    assignment: &str,
    number: usize,
) -> Result<(), Diagnostics> {
    let wrong =
        |key: &str, message: String| Diagnostics::one(&format!("--set {}", quote(key)), &message);
    let Some((key, value)) = split(assignment) else {
        let message = "expected key=value, such as computer.NAME.cores=4";
        return Err(wrong(assignment, message.to_owned()));
    };
    let Some(segments) = segments(key) else {
        let message = "this is no key, expected one such as computer.NAME.cores";
        return Err(wrong(key, message.to_owned()));
    };
    let node = Node::parse(value, Place::Set(number));
    let mut changed = root.clone();
    assign(&mut changed, section, &segments, node, "").map_err(|message| wrong(key, message))?;
    *root = changed;
    Ok(())
}

/// Key and value: the first equals sign outside quotes parts them.
pub fn split(assignment: &str) -> Option<(&str, &str)> {
    let mut quoted = None;
    let at = assignment.char_indices().find(|&(_, c)| match quoted {
        Some(quote) => {
            if c == quote {
                quoted = None;
            }
            false
        }
        None => {
            if c == '"' || c == '\'' {
                quoted = Some(c);
            }
            c == '='
        }
    })?;
    let (key, value) = assignment.split_at(at.0);
    Some((key.trim(), value[1..].trim()))
}

/// The parts of a dotted key.
pub fn segments(key: &str) -> Option<Vec<String>> {
    if key.len() > LONGEST_KEY || key.contains(|c: char| c.is_control()) {
        return None;
    }
    let text = format!("{key} = 0");
    let document = DeTable::parse(&text).ok()?;
    let mut segments = Vec::new();
    let mut table = document.get_ref();
    loop {
        let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
        segments.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(segments),
        }
    }
}

/// Sets the key `segments` of a table that is read as `section`.
fn assign(
    table: &mut Table,
    section: &'static Section,
    segments: &[String],
    value: Node,
    path: &str,
) -> Result<(), String> {
    let [first, rest @ ..] = segments else {
        return Err("expected a key inside this table".to_owned());
    };
    let Some(key) = section.key(first) else {
        let place = if path.is_empty() {
            "the scenario"
        } else {
            path
        };
        let hint = hint(first, section.keys.iter().map(|key| key.name));
        return Err(format!("unknown key `{}` in {place}{hint}", quote(first)));
    };
    let path = match path {
        "" => first.clone(),
        path => format!("{path}.{first}"),
    };
    if rest.is_empty() {
        table.insert(first, value);
        return Ok(());
    }
    let place = value.place;
    let empty = |raw| Node { place, raw };
    match key.form {
        Form::Table(section) => {
            let node = table.get_or_insert(first, empty(Raw::Table(Table::default())));
            let inner = table_of(node, &path)?;
            assign(inner, section, rest, value, &path)
        }
        Form::Named(section) => {
            let node = table.get_or_insert(first, empty(Raw::Table(Table::default())));
            let inner = table_of(node, &path)?;
            let (name, rest) = rest.split_first().ok_or("expected a name")?;
            let entity = entity(inner, name, first)?;
            let path = format!("{path}.{}", quote(name));
            if rest.is_empty() {
                return Err(format!("expected a key of {path}"));
            }
            assign(table_of(entity, &path)?, section, rest, value, &path)
        }
        Form::Tables(section) => {
            let node = table.get_or_insert(first, empty(Raw::List(Vec::new())));
            let Raw::List(items) = &mut node.raw else {
                return Err(format!("{path} is not a list"));
            };
            let (number, rest) = rest.split_first().ok_or("expected a number")?;
            let count = items.len();
            let item = number
                .parse()
                .ok()
                .and_then(|number: usize| number.checked_sub(1));
            let Some(item) = item.and_then(|item| items.get_mut(item)) else {
                let number = quote(number);
                let known = match count {
                    0 => "the list is empty".to_owned(),
                    count => format!("items go from 1 to {count}"),
                };
                return Err(format!("{path} has no item `{number}`: {known}"));
            };
            let path = format!("{path}.{number}");
            if rest.is_empty() {
                return Err(format!("expected a key of {path}"));
            }
            assign(table_of(item, &path)?, section, rest, value, &path)
        }
        Form::Kind(_) | Form::Workers => {
            let [parameter] = rest else {
                return Err(format!("{path} has no such key"));
            };
            let node = table.get_or_insert(first, empty(Raw::Table(Table::default())));
            if let Raw::Text(_) = &node.raw {
                let kind = std::mem::replace(&mut node.raw, Raw::Table(Table::default()));
                let kind = Node {
                    place: node.place,
                    raw: kind,
                };
                if matches!(key.form, Form::Kind(_)) && parameter != "type" {
                    table_of(node, &path)?.insert("type", kind);
                }
            }
            table_of(node, &path)?.insert(parameter, value);
            Ok(())
        }
        _ => Err(format!("{path} has no keys of its own")),
    }
}

fn table_of<'a>(node: &'a mut Node, path: &str) -> Result<&'a mut Table, String> {
    match &mut node.raw {
        Raw::Table(table) => Ok(table),
        _ => Err(format!("{path} is not a table")),
    }
}

fn entity<'a>(table: &'a mut Table, name: &str, what: &str) -> Result<&'a mut Node, String> {
    if table.get(name).is_none() {
        let known = table.entries.iter().map(|entry| entry.key.as_str());
        let base = name.rsplit_once('-').map(|(base, _)| base);
        let copies = base
            .and_then(|base| table.get(base))
            .is_some_and(|node| match &node.raw {
                Raw::Table(table) => table.get("count").is_some(),
                _ => false,
            });
        return Err(match base {
            Some(base) if copies => {
                let (name, base) = (quote(name), quote(base));
                format!("`{name}` is one of the copies of `{base}`, which share all their keys")
            }
            _ => format!("no {what} is called `{}`{}", quote(name), hint(name, known)),
        });
    }
    table.get_mut(name).ok_or_else(String::new)
}
