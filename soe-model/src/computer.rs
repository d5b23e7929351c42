//! Computers: processors that are shared by containers, which execute functions.

mod spec;

pub use spec::{ComputerSpec, ContainerSpec, ProcessorKind, ProcessorSpec};
