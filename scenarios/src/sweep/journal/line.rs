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
    // Room for the longest, so that digits are stored without a call for each number.
    lines.resize(start + 2 + 17 * (4 + values.len()), b' ');
    let mut rest = Digits {
        room: &mut lines[start..],
        used: 0,
    };
    rest.byte(b'r');
    for field in [number, u64::from(replication), nanoseconds, fingerprint] {
        rest.byte(b' ');
        rest.number(field);
    }
    for (place, value) in values.iter().enumerate() {
        rest.byte(if place > 0 { b',' } else { b' ' });
        rest.bits(value.to_bits());
    }
    if values.is_empty() {
        rest.byte(b' ');
    }
    let used = rest.used;
    lines.truncate(start + used);
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

/// Room for a line and how much of it is used.
struct Digits<'l> {
    room: &'l mut [u8],
    used: usize,
}

impl Digits<'_> {
    fn byte(&mut self, byte: u8) {
        self.room[self.used] = byte;
        self.used += 1;
    }

    /// A number in hexadecimal, without zeros in front.
    fn number(&mut self, value: u64) {
        let zeros = (value.leading_zeros() / 4).min(15);
        // What is shifted out are zeros.
        self.all(value << (4 * zeros), 16 - zeros as usize);
    }

    /// Digits from the highest, without zeros at the end; a single zero of none.
    fn bits(&mut self, value: u64) {
        self.all(value, 16 - (value.trailing_zeros() / 4).min(15) as usize);
    }

    /// The first digits of a value; the others are written and then overwritten.
    fn all(&mut self, value: u64, digits: usize) {
        let high = text_of((value >> 32) as u32);
        let low = text_of(value as u32);
        self.room[self.used..self.used + 8].copy_from_slice(&high);
        self.room[self.used + 8..self.used + 16].copy_from_slice(&low);
        self.used += digits;
    }
}

/// The eight hexadecimal digits of a value, all at once.
fn text_of(value: u32) -> [u8; 8] {
    // A digit in each byte.
    let mut digits = u64::from(value);
    digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff;
    digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff;
    digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // One in each byte with a letter.
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (digits + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
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
    let mut end = [b' '; 18];
    end[1..9].copy_from_slice(&text_of((sum >> 32) as u32));
    end[9..17].copy_from_slice(&text_of(sum as u32));
    end[17] = b'\n';
    lines.extend_from_slice(&end);
}

/// Tells a damaged line: each eight bytes are multiplied into all that follow, in four lanes
/// that do not wait for each other.
fn checksum(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(FACTOR);
        sum ^ sum >> 32
    };
    // Pieces are of eight bytes.
    let word = |piece: &[u8]| piece.try_into().map_or(0, u64::from_le_bytes);
    let (blocks, rest) = text.as_chunks::<32>();
    let mut lanes = [text.len() as u64, 1, 2, 3];
    for block in blocks {
        for (lane, piece) in lanes.iter_mut().zip(block.chunks_exact(8)) {
            *lane = mix(*lane, word(piece));
        }
    }
    let mut sum = lanes.into_iter().reduce(mix).unwrap_or_default();
    let pieces = rest.chunks_exact(8);
    let mut last = [0; 8];
    last[..pieces.remainder().len()].copy_from_slice(pieces.remainder());
    for piece in pieces {
        sum = mix(sum, word(piece));
    }
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
        let mut line = Vec::new();
        write_finished(16, 0, 0xabc, u64::MAX, &[0.0, 1.0, 2.0, 500.0], &mut line);
        assert!(line.starts_with(b"r 10 0 abc ffffffffffffffff 0,3ff,4,407f4 "));
    }
}
