//! The schema of Apache Arrow, which has the unit and description of each column; Parquet itself has no field for them.

use crate::table::{Column, ColumnType};

// Numbers of the format.
const VERSION_5: i16 = 4;
const SCHEMA: u8 = 1;
const INT: u8 = 2;
const FLOATING_POINT: u8 = 3;
const UTF8: u8 = 5;
const DOUBLE: i16 = 2;

/// The schema as an Arrow message, in base 64, as the key `ARROW:schema` of a Parquet file has it.
pub(super) fn schema(columns: &[Column]) -> String {
    let fields = columns.iter().map(field).collect();
    let schema = Table(vec![Slot::I16(0), Slot::Offset(Object::Tables(fields))]);
    let message = Table(vec![
        Slot::I16(VERSION_5),
        Slot::U8(SCHEMA),
        Slot::Offset(Object::Table(schema)),
        Slot::I64(0),
    ]);
    let mut buffer = vec![0; 4];
    let root = message.write(&mut buffer);
    buffer[..4].copy_from_slice(&(root as u32).to_le_bytes());
    buffer.resize(buffer.len().next_multiple_of(8), 0);
    let mut framed = u32::MAX.to_le_bytes().to_vec();
    framed.extend_from_slice(&(buffer.len() as u32).to_le_bytes());
    framed.extend(buffer);
    base64(&framed)
}

fn field(column: &Column) -> Table {
    let (kind, details) = match column.kind {
        ColumnType::Integer => (INT, vec![Slot::I32(64), Slot::U8(1)]),
        ColumnType::Float => (FLOATING_POINT, vec![Slot::I16(DOUBLE)]),
        ColumnType::Text => (UTF8, Vec::new()),
    };
    let text = |text: &str| Slot::Offset(Object::Text(text.to_owned()));
    let pair = |key: &str, value: &str| Table(vec![text(key), text(value)]);
    let known = [
        ("unit", &*column.unit),
        ("description", &*column.description),
    ];
    let described = known.iter().filter(|(_, value)| !value.is_empty());
    let described = described.map(|(key, value)| pair(key, value)).collect();
    Table(vec![
        text(&column.name),
        Slot::U8(1),
        Slot::U8(kind),
        Slot::Offset(Object::Table(Table(details))),
        Slot::Absent,
        Slot::Offset(Object::Tables(Vec::new())),
        Slot::Offset(Object::Tables(described)),
    ])
}

/// A table of FlatBuffers: its fields in the order of their numbers.
struct Table(Vec<Slot>);

enum Slot {
    Absent,
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    Offset(Object),
}

/// What a field refers to.
enum Object {
    Text(String),
    Table(Table),
    Tables(Vec<Table>),
}

impl Table {
    /// Appends the table and what it refers to; returns where it starts. Every field takes eight bytes, which keeps all
    /// of them aligned.
    fn write(&self, buffer: &mut Vec<u8>) -> usize {
        let directory = 4 + 2 * self.0.len();
        // The directory of the fields comes first, so that the table itself starts at a multiple of eight.
        while !(buffer.len() + directory).is_multiple_of(8) {
            buffer.push(0);
        }
        buffer.extend_from_slice(&(directory as u16).to_le_bytes());
        buffer.extend_from_slice(&(8 + 8 * self.0.len() as u16).to_le_bytes());
        for (number, slot) in self.0.iter().enumerate() {
            let place = match slot {
                Slot::Absent => 0,
                _ => 8 + 8 * number as u16,
            };
            buffer.extend_from_slice(&place.to_le_bytes());
        }
        let start = buffer.len();
        buffer.extend_from_slice(&(directory as i32).to_le_bytes());
        buffer.resize(start + 8 + 8 * self.0.len(), 0);
        for (number, slot) in self.0.iter().enumerate() {
            let at = start + 8 + 8 * number;
            match slot {
                Slot::Absent => {}
                Slot::U8(value) => buffer[at] = *value,
                Slot::I16(value) => buffer[at..at + 2].copy_from_slice(&value.to_le_bytes()),
                Slot::I32(value) => buffer[at..at + 4].copy_from_slice(&value.to_le_bytes()),
                Slot::I64(value) => buffer[at..at + 8].copy_from_slice(&value.to_le_bytes()),
                Slot::Offset(object) => {
                    let target = object.write(buffer);
                    refer(buffer, at, target);
                }
            }
        }
        start
    }
}

impl Object {
    fn write(&self, buffer: &mut Vec<u8>) -> usize {
        buffer.resize(buffer.len().next_multiple_of(4), 0);
        match self {
            Self::Table(table) => table.write(buffer),
            Self::Text(text) => {
                let start = buffer.len();
                buffer.extend_from_slice(&(text.len() as u32).to_le_bytes());
                buffer.extend_from_slice(text.as_bytes());
                buffer.push(0);
                start
            }
            Self::Tables(tables) => {
                let start = buffer.len();
                buffer.extend_from_slice(&(tables.len() as u32).to_le_bytes());
                buffer.resize(start + 4 + 4 * tables.len(), 0);
                for (number, table) in tables.iter().enumerate() {
                    let target = table.write(buffer);
                    refer(buffer, start + 4 + 4 * number, target);
                }
                start
            }
        }
    }
}

/// Writes the distance to a target.
fn refer(buffer: &mut [u8], at: usize, target: usize) {
    buffer[at..at + 4].copy_from_slice(&((target - at) as u32).to_le_bytes());
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            match place <= group.len() {
                true => text.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize])),
                false => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_equals_the_examples_of_rfc_4648() {
        let examples = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (length, expected) in examples.iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), *expected);
        }
    }
}
