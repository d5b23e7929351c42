//! Encodings of values: runs, packed bits, dictionaries.

use super::thrift::varint;
use std::collections::HashMap;

/// Equal values in a row from which on a run is shorter than packed bits.
const RUN: usize = 8;

/// Values of a few bits each as runs of equal values and groups of eight packed ones, whichever suits: the hybrid
/// encoding of Parquet, without its length.
pub(super) fn hybrid(values: &[u32], bits: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let run_at = |start: usize| {
        let rest = &values[start..];
        let first = rest.first();
        rest.iter()
            .take_while(|value| Some(*value) == first)
            .count()
    };
    let mut at = 0;
    while at < values.len() {
        let run = run_at(at);
        if run >= RUN {
            varint(&mut bytes, (run as u64) << 1);
            let width = bits.div_ceil(8) as usize;
            bytes.extend_from_slice(&values[at].to_le_bytes()[..width]);
            at += run;
            continue;
        }
        // Groups of eight until a run begins; the last one is filled up with zeros.
        let start = at;
        while at < values.len() && run_at(at) < RUN {
            at = (at + 8).min(values.len());
        }
        let groups = (at - start).div_ceil(8);
        varint(&mut bytes, (groups as u64) << 1 | 1);
        let mut pending = 0_u64;
        let mut filled = 0;
        let padding = std::iter::repeat_n(0, groups * 8 - (at - start));
        for value in values[start..at].iter().copied().chain(padding) {
            pending |= u64::from(value) << filled;
            filled += bits;
            while filled >= 8 {
                bytes.push(pending as u8);
                pending >>= 8;
                filled -= 8;
            }
        }
    }
    bytes
}

/// Texts, each distinct one kept once.
#[derive(Default)]
pub(super) struct Texts {
    known: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    indices: Vec<u32>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) {
        let index = match self.known.get(text) {
            Some(&index) => index,
            None => {
                let index = self.texts.len() as u32;
                self.texts.push(text.into());
                self.known.insert(text.into(), index);
                index
            }
        };
        self.indices.push(index);
    }

    /// Number of distinct texts.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The distinct texts, each with its length before it.
    pub(super) fn dictionary(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in &self.texts {
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    /// The place of each text in the dictionary, after the number of bits that a place takes.
    pub(super) fn write_indices(&self, bytes: &mut Vec<u8>) {
        let largest = self.texts.len().saturating_sub(1) as u32;
        let bits = (u32::BITS - largest.leading_zeros()).max(1);
        bytes.push(bits as u8);
        bytes.extend(hybrid(&self.indices, bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads the hybrid encoding back, as its specification says.
    fn decoded(bytes: &[u8], bits: u32, count: usize) -> Vec<u32> {
        let mut values = Vec::new();
        let mut at = 0;
        while values.len() < count {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                header |= u64::from(bytes[at] & 0x7f) << shift;
                shift += 7;
                at += 1;
                if bytes[at - 1] < 0x80 {
                    break;
                }
            }
            if header & 1 == 0 {
                let width = bits.div_ceil(8) as usize;
                let mut value = [0; 4];
                value[..width].copy_from_slice(&bytes[at..at + width]);
                at += width;
                let run = (header >> 1) as usize;
                values.extend(std::iter::repeat_n(u32::from_le_bytes(value), run));
            } else {
                let length = (header >> 1) as usize * 8;
                let bit = |place: usize| u32::from(bytes[at + place / 8] >> (place % 8) & 1);
                for value in 0..length {
                    let start = value * bits as usize;
                    values.push((0..bits as usize).map(|i| bit(start + i) << i).sum());
                }
                at += length * bits as usize / 8;
            }
        }
        assert_eq!(at, bytes.len());
        values.truncate(count);
        values
    }

    #[test]
    fn packed_bits_equal_the_example_of_the_specification() {
        // Encodings.md: 0 to 7 with three bits are 10001000 11000110 11111010.
        let values = [0, 1, 2, 3, 4, 5, 6, 7];
        assert_eq!(
            hybrid(&values, 3),
            [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]
        );
        assert_eq!(hybrid(&[1; 100], 1), [200, 1, 1]);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_read_back(
            runs in prop::collection::vec((0..200_u32, 1..30_usize), 0..40), single in any::<bool>()
        ) {
            let bits = if single { 1 } else { 8 };
            let values: Vec<u32> = runs
                .iter()
                .flat_map(|(value, length)| std::iter::repeat_n(value % (1 << bits), *length))
                .collect();
            prop_assert_eq!(decoded(&hybrid(&values, bits), bits, values.len()), values);
        }
    }
}
