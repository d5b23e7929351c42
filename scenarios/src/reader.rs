//! The reader of TOML files with declared keys: scenarios and studies.
//!
//! A [`Section`](section::Section) declares the keys of a table, each with its
//! [`Form`](value::Form) and default. A [`Document`](document::Document) is a file in
//! which every value has its place. Reading it as a section gives a
//! [`Record`](section::Record) of [`Datum`](value::Datum)s; each mistake gives a
//! [`Diagnostic`] of one line.

pub mod diagnostic;
pub mod document;
pub mod files;
pub mod kind;
pub mod print;
pub mod section;
pub mod set;
pub mod tree;
pub mod value;

pub use diagnostic::{Diagnostic, Diagnostics};
