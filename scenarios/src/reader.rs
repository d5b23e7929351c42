//! The reader of TOML files whose keys are declared: scenarios and studies.
//!
//! A [`Section`](section::Section) declares the keys of a table, each with its
//! [`Form`](value::Form) and default. A [`Document`](document::Document) is a file in which
//! every value knows its place; read as a section it becomes a [`Record`](section::Record) of
//! [`Datum`](value::Datum)s, and each mistake a [`Diagnostic`] in one line.

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
