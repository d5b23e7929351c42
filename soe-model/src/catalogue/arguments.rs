//! A kind with the values of its parameters.

use std::fmt;
use std::sync::Arc;

use sim_core::SimDuration;

use super::{Kind, Timetable, Value};
use crate::units::Bytes;

/// A kind together with all its arguments: ready to be built, any number of times.
pub struct Configured<B: 'static> {
    /// The kind.
    pub kind: &'static Kind<B>,
    /// One value for each of its parameters.
    pub arguments: Arguments,
}

impl<B> Clone for Configured<B> {
    fn clone(&self) -> Self {
        Self {
            kind: self.kind,
            arguments: self.arguments.clone(),
        }
    }
}

impl<B> PartialEq for Configured<B> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.kind, other.kind) && self.arguments == other.arguments
    }
}

impl<B> fmt::Debug for Configured<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind.name, self.arguments.0)
    }
}

/// One value for each parameter of a kind, checked.
///
/// The getters are for the builder of that kind, which knows its own parameters:
/// they panic on a parameter that the kind does not declare with that quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments(Vec<(&'static str, Value)>);

macro_rules! getter {
    ($(#[$meta:meta])* $name:ident, $variant:ident, $type:ty) => {
        $(#[$meta])*
        ///
        /// # Panics
        /// If the kind declares no such parameter.
        pub fn $name(&self, parameter: &str) -> $type {
            match self.get(parameter) {
                Some(Value::$variant(value)) => value.clone(),
                other => panic!("parameter `{parameter}` is {other:?}, not a {}", stringify!($name)),
            }
        }
    };
}

impl Arguments {
    pub(super) fn new(values: Vec<(&'static str, Value)>) -> Self {
        Self(values)
    }

    getter! {
        /// A parameter of [`Quantity::Duration`](super::Quantity::Duration).
        duration, Duration, SimDuration
    }
    getter! {
        /// A parameter of [`Quantity::Bytes`](super::Quantity::Bytes).
        bytes, Bytes, Bytes
    }
    getter! {
        /// A parameter of [`Quantity::ByteList`](super::Quantity::ByteList).
        byte_list, ByteList, Arc<[Bytes]>
    }
    getter! {
        /// A parameter of [`Quantity::DurationList`](super::Quantity::DurationList).
        duration_list, DurationList, Arc<[SimDuration]>
    }
    getter! {
        /// A parameter of [`Quantity::Number`](super::Quantity::Number).
        number, Number, f64
    }
    getter! {
        /// A parameter of [`Quantity::Count`](super::Quantity::Count).
        count, Count, u64
    }
    getter! {
        /// A parameter of [`Quantity::Word`](super::Quantity::Word).
        word, Word, &'static str
    }
    getter! {
        /// A parameter of [`Quantity::Timetable`](super::Quantity::Timetable).
        timetable, Timetable, Arc<Timetable>
    }

    /// The value of a parameter, if the kind declares it.
    pub fn get(&self, parameter: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(name, _)| *name == parameter);
        found.map(|(_, value)| value)
    }

    /// Another value for a parameter; returns whether the kind declares it. The caller
    /// keeps to its quantity and range.
    pub fn set(&mut self, parameter: &str, value: Value) -> bool {
        let mut known = self.0.iter_mut();
        match known.find(|(name, _)| *name == parameter) {
            Some((_, place)) => {
                *place = value;
                true
            }
            None => false,
        }
    }

    /// All parameters with their values, in the order of the documentation.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}
