//! Clients: when calls are issued, how large they are, where they go first.

mod spec;

pub use spec::{ClientSpec, Generator};
