//! Records of a journal.

use std::borrow::Cow;

use analysis::Metric;
use serde::{Deserialize, Serialize};

use crate::runner::{Column, Layout};

/// What every record begins with, before the letter of its kind: no text in UTF-8 has it.
pub(crate) const MARK: [u8; 3] = [0xf5, b's', b'o'];
/// Bytes before the content: mark, kind and length.
pub(crate) const HEAD: usize = MARK.len() + 1 + size_of::<u32>();
/// Bytes after the content: the checksum.
pub(crate) const TAIL: usize = size_of::<u32>();
/// Longer contents are not read.
const LONGEST: u32 = 1 << 28;

/// A record that is whole.
pub(crate) enum Record<'a> {
    /// What reports consist of; nothing if it speaks of unknown metrics.
    Layout(u32, Option<Layout>),
    /// A point.
    Point(Point<'a>),
    /// Finished replications, one after the other.
    Finished(&'a [u8]),
}

/// A record that introduces a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point<'a> {
    pub(crate) number: u32,
    pub(crate) layout: u32,
    pub(crate) key: &'a str,
}

/// What the entry of a finished replication begins with. How many values there are and the
/// values follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) point: u32,
    pub(crate) replication: u32,
    pub(crate) nanoseconds: u64,
    pub(crate) fingerprint: u64,
}

/// A column as it is written: metric, entity, the bits of its place, whether it is pooled.
#[derive(Serialize, Deserialize)]
struct Written<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    Option<u64>,
    bool,
);

/// Appends the record of a layout.
pub(crate) fn write_layout(number: u32, layout: &Layout, records: &mut Vec<u8>) {
    let columns = layout.columns.iter().map(|column| {
        Written(
            column.metric.name.into(),
            column.entity.as_str().into(),
            column.at.map(f64::to_bits),
            column.pooled,
        )
    });
    // Neither numbers nor texts can fail to be written.
    let columns = serde_json::to_vec(&columns.collect::<Vec<_>>()).unwrap_or_default();
    let start = begin(b'l', records);
    records.extend_from_slice(&number.to_le_bytes());
    records.extend_from_slice(&columns);
    end(start, records);
}

/// Appends the record of a point.
pub(crate) fn write_point(number: u32, layout: u32, key: &str, records: &mut Vec<u8>) {
    let start = begin(b'p', records);
    records.extend_from_slice(&number.to_le_bytes());
    records.extend_from_slice(&layout.to_le_bytes());
    records.extend_from_slice(key.as_bytes());
    end(start, records);
}

/// A record of finished replications that grows.
#[derive(Debug)]
pub(crate) struct Block(Vec<u8>);

impl Block {
    /// An empty block with room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut block = Self(Vec::with_capacity(bytes));
        block.clear();
        block
    }

    /// Appends a replication, and says where in the block it starts.
    pub(crate) fn push(&mut self, head: Head, values: &[f64]) -> u64 {
        let start = self.0.len();
        self.0.resize(start + Head::SIZE + size_of_val(values), 0);
        let (fields, room) = self.0[start..].split_at_mut(Head::SIZE);
        fields.copy_from_slice(&head.to_bytes(values.len()));
        for (place, value) in room.as_chunks_mut().0.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
        start as u64
    }

    /// The whole record.
    pub(crate) fn end(&mut self) -> &[u8] {
        end(0, &mut self.0);
        &self.0
    }

    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
        begin(b'r', &mut self.0);
    }
}

/// Begins a record, and says where it starts.
fn begin(kind: u8, records: &mut Vec<u8>) -> usize {
    let start = records.len();
    records.extend_from_slice(&MARK);
    // The length is not known yet.
    records.extend_from_slice(&[kind, 0, 0, 0, 0]);
    start
}

/// Ends the record that starts at `start`.
fn end(start: usize, records: &mut Vec<u8>) {
    let length = records.len() - start - HEAD;
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    records[start + HEAD - size_of::<u32>()..start + HEAD].copy_from_slice(&length.to_le_bytes());
    let sum = crc32fast::hash(&records[start..]);
    records.extend_from_slice(&sum.to_le_bytes());
}

/// The number of bytes after the head of a record; `None` if the head is invalid.
pub(crate) fn rest(head: [u8; HEAD]) -> Option<usize> {
    let length = u32::from_le_bytes(head[4..].try_into().ok()?);
    (head.starts_with(&MARK) && length <= LONGEST).then_some(length as usize + TAIL)
}

/// The record that these bytes are; nothing if they are damaged.
pub(crate) fn read<'a>(bytes: &'a [u8], metrics: &[&'static Metric]) -> Option<Record<'a>> {
    let (text, sum) = bytes.split_last_chunk::<TAIL>()?;
    if crc32fast::hash(text) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (head, content) = text.split_first_chunk::<HEAD>()?;
    let numbered = || {
        let (number, others) = content.split_first_chunk()?;
        Some((u32::from_le_bytes(*number), others))
    };
    match head[MARK.len()] {
        b'l' => {
            let (number, columns) = numbered()?;
            Some(Record::Layout(number, layout(columns, metrics)))
        }
        b'p' => {
            let (number, others) = numbered()?;
            let (layout, key) = others.split_first_chunk()?;
            Some(Record::Point(Point {
                number,
                layout: u32::from_le_bytes(*layout),
                key: std::str::from_utf8(key).ok()?,
            }))
        }
        b'r' => Some(Record::Finished(content)),
        _ => None,
    }
}

fn layout(text: &[u8], metrics: &[&'static Metric]) -> Option<Layout> {
    let columns: Vec<Written<'_>> = serde_json::from_slice(text).ok()?;
    let column = |Written(name, entity, at, pooled): Written<'_>| {
        let metric = metrics.iter().find(|metric| metric.name == name)?;
        Some(Column {
            metric,
            entity: entity.into_owned(),
            at: at.map(f64::from_bits),
            pooled,
        })
    };
    let columns = columns.into_iter().map(column).collect::<Option<_>>()?;
    Some(Layout { columns })
}

impl Head {
    /// Bytes that it takes.
    pub(crate) const SIZE: usize = 28;

    fn to_bytes(self, values: usize) -> [u8; Self::SIZE] {
        // What is longer than can be told is not read back.
        let width = u32::try_from(values).unwrap_or(u32::MAX);
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.point.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.replication.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.nanoseconds.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.fingerprint.to_le_bytes());
        bytes[24..].copy_from_slice(&width.to_le_bytes());
        bytes
    }

    /// What [`Block::push`] wrote, how many values there are, and all that follows.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, usize, &[u8])> {
        let (point, bytes) = bytes.split_first_chunk()?;
        let (replication, bytes) = bytes.split_first_chunk()?;
        let (nanoseconds, bytes) = bytes.split_first_chunk()?;
        let (fingerprint, bytes) = bytes.split_first_chunk()?;
        let (width, bytes) = bytes.split_first_chunk()?;
        let head = Self {
            point: u32::from_le_bytes(*point),
            replication: u32::from_le_bytes(*replication),
            nanoseconds: u64::from_le_bytes(*nanoseconds),
            fingerprint: u64::from_le_bytes(*fingerprint),
        };
        Some((head, u32::from_le_bytes(*width) as usize, bytes))
    }
}

/// Bytes that a value takes.
pub(crate) const VALUE: usize = size_of::<f64>();

/// The values that these bytes are.
pub(crate) fn values(bytes: &[u8]) -> Vec<f64> {
    let (values, _) = bytes.as_chunks();
    values.iter().copied().map(f64::from_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::Unit;
    use proptest::prelude::*;

    static METRIC: Metric = Metric::new("metric", Unit::Count, "A metric");

    /// How long the record is that begins here.
    fn length(bytes: &[u8]) -> Option<usize> {
        Some(HEAD + rest(*bytes.first_chunk()?)?)
    }

    fn head() -> impl Strategy<Value = Head> {
        let fields = (any::<u32>(), any::<u32>(), any::<u64>(), any::<u64>());
        fields.prop_map(|(point, replication, nanoseconds, fingerprint)| Head {
            point,
            replication,
            nanoseconds,
            fingerprint,
        })
    }

    fn replications() -> impl Strategy<Value = Vec<(Head, Vec<u64>)>> {
        prop::collection::vec((head(), prop::collection::vec(any::<u64>(), 0..20)), 0..5)
    }

    fn numbers(bits: &[u64]) -> Vec<f64> {
        bits.iter().copied().map(f64::from_bits).collect()
    }

    proptest! {
        #[test]
        fn replications_read_back_bit_by_bit(replications in replications()) {
            let mut block = Block::with_capacity(0);
            let places: Vec<_> = replications.iter().map(|(head, bits)| block.push(*head, &numbers(bits))).collect();
            let bytes = block.end();
            prop_assert_eq!(length(bytes), Some(bytes.len()));
            let Some(Record::Finished(mut content)) = read(bytes, &[]) else {
                return Err(TestCaseError::fail("it is none of replications"));
            };
            for ((head, bits), place) in replications.iter().zip(places) {
                prop_assert_eq!(&bytes[place as usize..][..content.len()], content);
                let (found, width, others) = Head::read(content).unwrap();
                prop_assert_eq!((&found, width), (head, bits.len()));
                let (found, others) = others.split_at(width * VALUE);
                let found: Vec<u64> = values(found).into_iter().map(f64::to_bits).collect();
                prop_assert_eq!(&found, bits);
                content = others;
            }
            prop_assert!(content.is_empty());
        }

        #[test]
        fn a_changed_byte_is_noticed(replications in replications(), at: prop::sample::Index, by in 1..=255_u8) {
            let mut block = Block::with_capacity(0);
            for (head, bits) in &replications {
                block.push(*head, &numbers(bits));
            }
            let mut bytes = block.end().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            prop_assert!(length(&bytes) != Some(bytes.len()) || read(&bytes, &[]).is_none());
        }

        #[test]
        fn anything_is_read_without_a_panic(kind in prop::sample::select(vec![b'l', b'p', b'r', b'x']), content: Vec<u8>) {
            let mut records = Vec::new();
            let start = begin(kind, &mut records);
            records.extend_from_slice(&content);
            end(start, &mut records);
            let _ = read(&records, &[&METRIC]);
            let _ = Head::read(&content);
        }
    }

    #[test]
    fn layouts_and_points_read_back() {
        let column = |number: i32| Column {
            at: Some(f64::from(number) / 3.0),
            ..Column::number(&METRIC, "an \"entity\" é")
        };
        let layout = Layout {
            columns: (0..3).map(column).collect(),
        };
        let mut records = Vec::new();
        write_layout(12, &layout, &mut records);
        let Some(Record::Layout(12, Some(known))) = read(&records, &[&METRIC]) else {
            panic!("it is no layout of known metrics");
        };
        assert_eq!(known, layout);
        // A program that does not know the metric.
        assert!(matches!(
            read(&records, &[]),
            Some(Record::Layout(12, None))
        ));

        records.clear();
        write_point(7, 12, "abc", &mut records);
        let Some(Record::Point(point)) = read(&records, &[]) else {
            panic!("it is no point");
        };
        let expected = Point {
            number: 7,
            layout: 12,
            key: "abc",
        };
        assert_eq!(point, expected);
    }
}
