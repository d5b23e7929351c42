//! Values at keys inside tables and lists.

use scenarios::reader::diagnostic::quote;
use scenarios::reader::tree::{Node, Raw, Table};

/// Sets a value inside nested tables and lists.
pub(super) fn assign(table: &mut Table, segments: &[String], value: Node) -> Result<(), String> {
    let [first, rest @ ..] = segments else {
        return Err("expected a key".to_owned());
    };
    if rest.is_empty() {
        table.insert(first, value);
        return Ok(());
    }
    let empty = Node {
        place: value.place,
        raw: Raw::Table(Table::default()),
    };
    assign_in(table.get_or_insert(first, empty), first, rest, value)
}

fn assign_in(node: &mut Node, name: &str, segments: &[String], value: Node) -> Result<(), String> {
    let [first, rest @ ..] = segments else {
        *node = value;
        return Ok(());
    };
    match &mut node.raw {
        Raw::Table(inner) => assign(inner, segments, value),
        Raw::List(items) => {
            let count = items.len();
            let item = first.parse::<usize>().ok();
            let item = item.and_then(|item| items.get_mut(item.checked_sub(1)?));
            let item = item.ok_or_else(|| {
                let (name, number) = (quote(name), quote(first));
                format!("`{name}` has no item `{number}`, there are {count}")
            })?;
            assign_in(item, first, rest, value)
        }
        _ => Err(format!("`{}` is not a table", quote(name))),
    }
}
