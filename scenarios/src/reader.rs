//! The reader of TOML files with declared keys: scenarios and studies.
//!
//! A [`Section`](section::Section) declares the keys of a table, each with its
//! [`Form`](section::Form) and default. A [`Document`](document::Document) is a file in which
//! every value knows its place. A [`Reader`](read::Reader) makes a [`Record`](record::Record) of
//! [`Datum`](record::Datum)s of it, and a [`Diagnostic`] in one line of each mistake. The
//! [`reference`](mod@reference) documentation and the JSON [`schema`](mod@schema) are made from the
//! same declarations.

pub mod consistent;
pub mod diagnostic;
pub mod document;
pub mod files;
pub mod kind;
pub mod print;
pub mod read;
pub mod record;
pub mod reference;
pub mod schema;
pub mod section;
pub mod set;
pub mod syntax;
pub mod tree;
pub mod value;

pub use diagnostic::{Diagnostic, Diagnostics};
