//! Changes from the command line, `computer.NAME.cores=4`, of scenarios and studies.

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostics, Place, hint, quote};
use super::section::{Form, Section};
use super::tree::{Node, Raw, Table};

/// The longest key.
const LONGEST_KEY: usize = 1000;

/// Applies an assignment, the one with this number, to a table that is read as `section`,
/// and returns its key. Messages quote `example` as a valid assignment.
///
/// # Errors
/// If the section has no such key, or the table no such entity or item, in one line.
pub fn set(
    root: &mut Table,
    section: &'static Section,
    assignment: &str,
    number: usize,
    example: &str,
) -> Result<String, Diagnostics> {
    let wrong =
        |key: &str, message: String| Diagnostics::one(&format!("--set {}", quote(key)), &message);
    let Some((key, value)) = split(assignment) else {
        let message = format!("expected key=value, such as {example}");
        return Err(wrong(assignment, message));
    };
    let Some(segments) = segments(key) else {
        let (example, _) = split(example).unwrap_or_default();
        let message = format!("found an invalid key, expected one such as {example}");
        return Err(wrong(key, message));
    };
    let node = Node::parse(value, Place::Set(number));
    let mut changed = root.clone();
    assign(&mut changed, section, &segments, node, "").map_err(|message| wrong(key, message))?;
    *root = changed;
    Ok(key.to_owned())
}

/// Key and value: the first equals sign outside quotes parts them.
fn split(assignment: &str) -> Option<(&str, &str)> {
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
fn segments(key: &str) -> Option<Vec<String>> {
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
        return Err("expected a key of this table".to_owned());
    };
    let Some(key) = section.key(first) else {
        let place = if path.is_empty() { section.path } else { path };
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
    let empty_table = || empty(Raw::Table(Table::default()));
    let empty_list = || empty(Raw::List(Vec::new()));
    match key.form {
        Form::Table(section)
        | Form::Later(section)
        | Form::CountOr { table: section, .. }
        | Form::Foreign { section, .. } => {
            let inner = table_of(table.get_or_insert(first, empty_table()), &path)?;
            assign(inner, section, rest, value, &path)
        }
        Form::Named(section) => {
            let inner = table_of(table.get_or_insert(first, empty_table()), &path)?;
            let (name, rest) = rest.split_first().ok_or("expected a name")?;
            let entity = entity(inner, name, first)?;
            let path = format!("{path}.{}", quote(name));
            if rest.is_empty() {
                return Err(format!("expected a key of {path}"));
            }
            assign(table_of(entity, &path)?, section, rest, value, &path)
        }
        Form::Tables(section) => {
            let list = table.get_or_insert(first, empty_list());
            let (item, rest, path) = item(list, rest, &path)?;
            if rest.is_empty() {
                return Err(format!("expected a key of {path}"));
            }
            assign(table_of(item, &path)?, section, rest, value, &path)
        }
        Form::Values(section) => {
            let list = table.get_or_insert(first, empty_list());
            let (item, rest, path) = item(list, rest, &path)?;
            match &mut item.raw {
                _ if rest.is_empty() => *item = value,
                Raw::Table(table) => return assign(table, section, rest, value, &path),
                _ => return assign_item(item, rest, value, &path),
            }
            Ok(())
        }
        Form::Names(_) | Form::Texts(_) | Form::Pairs(_) => {
            let list = table.get_or_insert(first, empty_list());
            assign_item(list, rest, value, &path)
        }
        Form::Kind(_) | Form::Workers => {
            let [parameter] = rest else {
                return Err(format!("{path} has no such key"));
            };
            let node = table.get_or_insert(first, empty_table());
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
        Form::Changes(_) => {
            let inner = table_of(table.get_or_insert(first, empty_table()), &path)?;
            inner.insert(&rest.join("."), value);
            Ok(())
        }
        Form::Open(_) => Err(format!("keys inside {path} cannot be set here")),
        _ => Err(format!("{path} has no keys inside it")),
    }
}

/// Sets an item of a list, or of a list that is an item.
fn assign_item(
    list: &mut Node,
    segments: &[String],
    value: Node,
    path: &str,
) -> Result<(), String> {
    let (item, rest, path) = item(list, segments, path)?;
    if rest.is_empty() {
        *item = value;
        return Ok(());
    }
    assign_item(item, rest, value, &path)
}

/// The item of a list that the first segment numbers, from 1, with the other segments and
/// the path of the item.
fn item<'n, 's>(
    list: &'n mut Node,
    segments: &'s [String],
    path: &str,
) -> Result<(&'n mut Node, &'s [String], String), String> {
    let Raw::List(items) = &mut list.raw else {
        return Err(format!("{path} is not a list"));
    };
    let (number, rest) = segments.split_first().ok_or("expected a number")?;
    let count = items.len();
    let index = number
        .parse()
        .ok()
        .and_then(|number: usize| number.checked_sub(1));
    let number = quote(number);
    let Some(item) = index.and_then(|index| items.get_mut(index)) else {
        let known = match count {
            0 => "the list is empty".to_owned(),
            count => format!("items go from 1 to {count}"),
        };
        return Err(format!("{path} has no item `{number}`: {known}"));
    };
    Ok((item, rest, format!("{path}.{number}")))
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
                format!("`{name}` is a copy of `{base}`; set keys of `{base}`")
            }
            _ => format!("no {what} is called `{}`{}", quote(name), hint(name, known)),
        });
    }
    table.get_mut(name).ok_or_else(String::new)
}
