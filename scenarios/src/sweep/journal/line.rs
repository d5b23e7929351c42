//! Lines of a journal.

use std::sync::Arc;

use analysis::Metric;
use serde::{Deserialize, Serialize};

use crate::sweep::experiment::{Column, Layout, Report};

/// A line that says what reports consist of.
pub(super) struct Columns {
    pub(super) number: u64,
    pub(super) layout: Layout,
}

/// A line that introduces a point.
pub(super) struct Point<'a> {
    pub(super) number: u64,
    pub(super) layout: u64,
    pub(super) key: &'a str,
}

/// What a line about a replication begins with.
pub(super) struct Head {
    pub(super) number: u64,
    pub(super) replication: u32,
    pub(super) nanoseconds: u64,
}

/// A column as it is written: metric, entity, place, whether it is pooled.
#[derive(Serialize, Deserialize)]
struct Written<'a>(
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    #[serde(borrow)] std::borrow::Cow<'a, str>,
    Option<String>,
    bool,
);

/// Appends the line of a layout.
pub(in crate::sweep) fn write_layout(number: u64, layout: &Layout, lines: &mut Vec<u8>) {
    let start = lines.len();
    let columns: Vec<_> = layout
        .columns
        .iter()
        .map(|column| {
            let at = column.at.map(|at| format!("{:x}", at.to_bits()));
            Written(
                column.metric.name.into(),
                column.entity.as_str().into(),
                at,
                column.pooled,
            )
        })
        .collect();
    // Neither numbers nor texts can fail to be written.
    let columns = serde_json::to_string(&columns).unwrap_or_default();
    lines.extend_from_slice(format!("l {number} {columns}").as_bytes());
    seal(lines, start);
}

/// Appends the line of a point.
pub(in crate::sweep) fn write_point(number: u64, layout: u64, key: &str, lines: &mut Vec<u8>) {
    let start = lines.len();
    lines.extend_from_slice(format!("p {number} {layout} {key}").as_bytes());
    seal(lines, start);
}

/// Appends the line of a replication.
pub(in crate::sweep) fn write_finished(
    number: u64,
    replication: u32,
    nanoseconds: u64,
    fingerprint: u64,
    values: &[f64],
    lines: &mut Vec<u8>,
) {
    let start = lines.len();
    lines.extend_from_slice(b"r ");
    for (field, end) in [
        (number, b' '),
        (u64::from(replication), b' '),
        (nanoseconds, b' '),
    ] {
        hexadecimal(field, lines);
        lines.push(end);
    }
    hexadecimal(fingerprint, lines);
    lines.push(b' ');
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            lines.push(b',');
        }
        bits(value.to_bits(), lines);
    }
    seal(lines, start);
}

/// The text of a line without its checksum, if that is right.
pub(super) fn verified(line: &[u8]) -> Option<&str> {
    let at = line.len().checked_sub(17)?;
    let (text, sum) = line.split_at(at);
    let sum = std::str::from_utf8(sum.strip_prefix(b" ")?).ok()?;
    let right = u64::from_str_radix(sum, 16).ok()? == checksum(text);
    right.then(|| std::str::from_utf8(text).ok()).flatten()
}

impl Columns {
    /// Reads a line; nothing if it is of another kind or speaks of unknown metrics.
    pub(super) fn read(text: &str, metrics: &[&'static Metric]) -> Option<Self> {
        let mut fields = text.strip_prefix("l ")?.splitn(2, ' ');
        let number = fields.next()?.parse().ok()?;
        let columns: Vec<Written<'_>> = serde_json::from_str(fields.next()?).ok()?;
        let column = |Written(name, entity, at, pooled): Written<'_>| {
            let metric = metrics.iter().find(|metric| metric.name == name)?;
            let at = match at {
                Some(at) => Some(f64::from_bits(u64::from_str_radix(&at, 16).ok()?)),
                None => None,
            };
            Some(Column {
                metric,
                entity: entity.into_owned(),
                at,
                pooled,
            })
        };
        let columns = columns.into_iter().map(column).collect::<Option<_>>()?;
        Some(Self {
            number,
            layout: Layout { columns },
        })
    }
}

impl<'a> Point<'a> {
    /// Reads a line; nothing if it is of another kind.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix("p ")?.splitn(3, ' ');
        Some(Self {
            number: fields.next()?.parse().ok()?,
            layout: fields.next()?.parse().ok()?,
            key: fields.next()?,
        })
    }
}

impl Head {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("r ")?.splitn(4, ' ');
        let mut field = || u64::from_str_radix(fields.next()?, 16).ok();
        Some(Self {
            number: field()?,
            replication: u32::try_from(field()?).ok()?,
            nanoseconds: field()?,
        })
    }
}

impl Report {
    pub(super) fn read(text: &str, layouts: &[Arc<Layout>]) -> Option<Self> {
        let mut fields = text.strip_prefix("r ")?.splitn(5, ' ');
        let number = usize::from_str_radix(fields.next()?, 16).ok()?;
        let layout = layouts.get(number)?;
        let fingerprint = u64::from_str_radix(fields.nth(2)?, 16).ok()?;
        let texts = fields.next()?.split(',').filter(|text| !text.is_empty());
        let mut values = Vec::with_capacity(layout.columns.len());
        for text in texts {
            values.push(f64::from_bits(unpack(text.as_bytes())?));
        }
        (values.len() == layout.width()).then(|| Self {
            layout: Arc::clone(layout),
            values,
            fingerprint,
        })
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hexadecimal(value: u64, text: &mut Vec<u8>) {
    let digits = (16 - value.leading_zeros() / 4).max(1);
    for digit in (0..digits).rev() {
        text.push(DIGITS[(value >> (4 * digit)) as usize & 15]);
    }
}

/// Both digits of each byte.
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Digits from the highest, without zeros at the end; a single zero of none.
fn bits(value: u64, text: &mut Vec<u8>) {
    let digits = (16 - value.trailing_zeros().min(60) / 4) as usize;
    let mut all = [[0; 2]; 8];
    for (pair, byte) in all.iter_mut().zip(value.to_be_bytes()) {
        *pair = PAIRS[usize::from(byte)];
    }
    text.extend_from_slice(&all.as_flattened()[..digits]);
}

fn unpack(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    let mut value = 0;
    for &digit in text {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u64::from(digit);
    }
    Some(value << (4 * (16 - text.len())))
}

/// Ends the line that starts at `start`.
fn seal(lines: &mut Vec<u8>, start: usize) {
    let sum = checksum(&lines[start..]);
    lines.push(b' ');
    for digit in (0..16).rev() {
        lines.push(DIGITS[(sum >> (4 * digit)) as usize & 15]);
    }
    lines.push(b'\n');
}

/// Tells a damaged line; eight bytes at a time, each multiplied into all that follow.
fn checksum(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(FACTOR);
        sum ^ sum >> 32
    };
    let words = text.chunks_exact(8);
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    let sum = words.fold(text.len() as u64, |sum, word| {
        // Chunks are of eight bytes.
        mix(sum, word.try_into().map_or(0, u64::from_le_bytes))
    });
    mix(mix(sum, u64::from_le_bytes(last)), FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::Unit;
    use proptest::prelude::*;

    static METRIC: Metric = Metric {
        name: "metric",
        unit: Unit::Count,
        description: "A metric",
    };

    fn layout(width: usize) -> Arc<Layout> {
        let column = |number: usize| Column {
            at: Some(number as f64 / 3.0),
            ..Column::number(&METRIC, "an \"entity\" é")
        };
        Arc::new(Layout {
            columns: (0..width).map(column).collect(),
        })
    }

    proptest! {
        #[test]
        fn values_read_back_bit_by_bit(
            bits in prop::collection::vec(any::<u64>(), 0..20), replication: u32, fingerprint: u64
        ) {
            let values: Vec<f64> = bits.iter().copied().map(f64::from_bits).collect();
            let mut lines = Vec::new();
            write_finished(2, replication, 5, fingerprint, &values, &mut lines);
            let text = verified(&lines[..lines.len() - 1]).unwrap();
            let layouts = [layout(0), layout(0), layout(values.len())];
            let finished = Report::read(text, &layouts).unwrap();
            let read: Vec<u64> = finished.values.iter().map(|value| value.to_bits()).collect();
            prop_assert_eq!(read, bits);
            prop_assert_eq!(finished.fingerprint, fingerprint);
            prop_assert_eq!(Head::read(text).unwrap().replication, replication);
        }

        #[test]
        fn a_changed_byte_is_noticed(values in prop::collection::vec(any::<f64>(), 1..20), at: prop::sample::Index, by in 1..=255_u8) {
            let mut lines = Vec::new();
            write_finished(1, 7, 5, 9, &values, &mut lines);
            lines.pop();
            let at = at.index(lines.len());
            lines[at] ^= by;
            // Digits of the checksum may be written in capitals.
            prop_assume!(!(by == 32 && at >= lines.len() - 16));
            prop_assert_eq!(verified(&lines), None);
        }
    }

    #[test]
    fn layouts_and_points_read_back() {
        let layout = layout(3);
        let mut lines = Vec::new();
        write_layout(12, &layout, &mut lines);
        let text = verified(&lines[..lines.len() - 1]).unwrap();
        let columns = Columns::read(text, &[&METRIC]).unwrap();
        assert_eq!(columns.number, 12);
        assert_eq!(columns.layout, *layout);
        assert!(Columns::read(text, &[]).is_none());
        assert!(Point::read(text).is_none());

        lines.clear();
        write_point(7, 12, "abc", &mut lines);
        let text = verified(&lines[..lines.len() - 1]).unwrap();
        let point = Point::read(text).unwrap();
        assert_eq!((point.number, point.layout, point.key), (7, 12, "abc"));
    }

    #[test]
    fn counts_are_short() {
        let mut text = Vec::new();
        [0.0, 1.0, 2.0, 500.0].iter().for_each(|value: &f64| {
            bits(value.to_bits(), &mut text);
            text.push(b' ');
        });
        assert_eq!(text, b"0 3ff 4 407f4 ");
    }
}
