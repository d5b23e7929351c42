//! Functions: the cost of an invocation, and its output.

use std::sync::Arc;

use crate::units::{Bytes, Operations};

/// A function that a container offers.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSpec {
    /// The name by which clients call it.
    pub name: String,
    /// What an invocation needs.
    pub requirements: Requirements,
    /// What an invocation returns.
    pub output: Output,
}

/// Needs that grow linearly with the size of the input, the only kind the
/// original knows (`"requirements": "proportional"`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirements {
    /// Operations per byte of input.
    pub op_coeff: f32,
    /// Operations of an invocation without input.
    pub op_offset: f32,
    /// Bytes of memory per byte of input.
    pub mem_coeff: f32,
    /// Bytes of memory of an invocation without input.
    pub mem_offset: f32,
}

/// What an invocation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Work to do.
    pub operations: Operations,
    /// Memory to hold while it runs.
    pub memory: Bytes,
}

/// What an invocation returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The input itself.
    CopyInput,
    /// Always the same text; computers that offer the function share it.
    Fixed(Arc<str>),
    /// A text of so many bytes, whose content does not matter. Only the size is kept.
    Size(Bytes),
}

impl Requirements {
    /// The needs of an invocation with `input` bytes: coefficient times size plus
    /// offset, rounded half up, never negative.
    ///
    /// The product is rounded to single precision, as in the original, so that
    /// completion times agree with it to the nanosecond.
    pub fn of(&self, input: Bytes) -> Demand {
        let proportional = |coeff: f32, offset: f32| {
            let product = coeff * input.0 as f32;
            (0.5 + f64::from(offset) + f64::from(product)) as u64
        };
        Demand {
            operations: Operations(proportional(self.op_coeff, self.op_offset)),
            memory: Bytes(proportional(self.mem_coeff, self.mem_offset)),
        }
    }
}

impl Output {
    /// The size of what an invocation with `input` bytes returns.
    pub fn size(&self, input: Bytes) -> Bytes {
        match self {
            Self::CopyInput => input,
            Self::Fixed(text) => Bytes(text.len() as u64),
            Self::Size(size) => *size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAMBDA: Requirements = Requirements {
        op_coeff: 1e6,
        op_offset: 4e6,
        mem_coeff: 100.0,
        mem_offset: 0.0,
    };

    #[test]
    fn demand_is_proportional_in_single_precision() {
        assert_eq!(CLAMBDA.of(Bytes(100)).operations, Operations(104_000_000));
        assert_eq!(CLAMBDA.of(Bytes(100)).memory, Bytes(10_000));
        let large = CLAMBDA.of(Bytes(123_457)).operations;
        assert_eq!(large, Operations(123_461_003_520));
    }

    #[test]
    fn demand_is_never_negative() {
        let shrinking = Requirements {
            op_offset: -5e9,
            ..CLAMBDA
        };
        assert_eq!(shrinking.of(Bytes(1)).operations, Operations(0));
    }
}
