//! The representation of arguments and states.

use std::fmt::Debug;
use std::sync::Arc;

use crate::units::Bytes;

/// What arguments and states are made of: sizes in a simulation, contents in the
/// live system. Machines only pass them on and join them.
pub trait Matter: Debug + Clone + PartialEq + 'static {
    /// What functions receive and return.
    type Argument: Debug + Clone + PartialEq;
    /// What functions keep from one execution to the next.
    type State: Debug + Clone + PartialEq;

    /// One argument of several, in order; see [the module](super#joins).
    fn join(parts: Vec<Self::Argument>) -> Self::Argument;
}

/// What a function receives that has several predecessors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinRule {
    /// What all of them returned, in the order of their steps.
    #[default]
    All,
    /// What the one returned that came last, as in the original.
    Last,
}

/// Only sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes;

impl Matter for Sizes {
    type Argument = Bytes;
    type State = Bytes;

    fn join(parts: Vec<Bytes>) -> Bytes {
        let framed = |part: &Bytes| part.0.saturating_add(framing(part.0));
        Bytes(parts.iter().map(framed).fold(0, u64::saturating_add))
    }
}

/// The contents themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents;

/// Text and binary data, the two inputs and outputs of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Argument {
    /// `input` and `output` on the wire.
    pub text: String,
    /// `datain` and `dataout` on the wire.
    pub data: Vec<u8>,
}

impl Matter for Contents {
    type Argument = Argument;
    type State = Arc<[u8]>;

    /// Texts as netstrings. Binary data as a protobuf message with the one field
    /// `repeated bytes parts = 1`, or nothing if there is none.
    fn join(parts: Vec<Argument>) -> Argument {
        let mut joined = Argument::default();
        let binary = parts.iter().any(|part| !part.data.is_empty());
        for part in parts {
            let text = &mut joined.text;
            text.push_str(&part.text.len().to_string());
            text.push(':');
            text.push_str(&part.text);
            text.push(',');
            if binary {
                // Field 1, length-delimited.
                joined.data.push(0x0a);
                let mut length = part.data.len() as u64;
                while length >= 0x80 {
                    joined.data.push(length as u8 | 0x80);
                    length >>= 7;
                }
                joined.data.push(length as u8);
                joined.data.extend_from_slice(&part.data);
            }
        }
        joined
    }
}

/// What a netstring adds to a text: its length in decimal, a colon, a comma.
fn framing(length: u64) -> u64 {
    u64::from(length.checked_ilog10().unwrap_or(0)) + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Argument {
        Argument {
            text: text.to_owned(),
            data: Vec::new(),
        }
    }

    #[test]
    fn texts_are_joined_as_netstrings_and_sizes_agree() {
        let long = "x".repeat(1000);
        let parts = ["hello", "", "0123456789", "123456789", &long].map(text);
        let joined = Contents::join(parts.to_vec());
        assert!(
            joined
                .text
                .starts_with("5:hello,0:,10:0123456789,9:123456789,1000:xx")
        );
        assert!(joined.data.is_empty());
        let sizes = parts.iter().map(|part| Bytes(part.text.len() as u64));
        assert_eq!(
            Sizes::join(sizes.collect()),
            Bytes(joined.text.len() as u64)
        );
    }

    #[test]
    fn binary_data_is_joined_as_a_protobuf_message() {
        let data = |data: &[u8]| Argument {
            text: String::new(),
            data: data.to_vec(),
        };
        let joined = Contents::join(vec![data(&[1, 2]), data(&[]), data(&[7; 200])]);
        let mut expected = vec![0x0a, 2, 1, 2, 0x0a, 0, 0x0a, 0xc8, 0x01];
        expected.extend([7; 200]);
        assert_eq!(joined.data, expected);
        assert_eq!(joined.text, "0:,0:,0:,");
    }
}
