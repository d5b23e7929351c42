//! What a computer consists of.

use crate::function::FunctionSpec;
use crate::units::{Bytes, OpsPerSecond};

/// A computer: processors and the containers that run on them.
#[derive(Clone, Debug, PartialEq)]
pub struct ComputerSpec {
    /// Its name, by which brokers and clients address it.
    pub name: String,
    /// The node of the network on which it stands.
    pub node: String,
    /// The controller it announces itself to, if any.
    pub controller: Option<String>,
    /// Its processors, with different names.
    pub processors: Vec<ProcessorSpec>,
    /// Its containers, with different names and functions.
    pub containers: Vec<ContainerSpec>,
}

/// A processor, shared equally by the tasks that run on it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessorSpec {
    /// Its name within the computer.
    pub name: String,
    /// What it is; a label without effect on execution.
    pub kind: ProcessorKind,
    /// The speed of each core.
    pub speed: OpsPerSecond,
    /// The number of cores, at least 1. A task uses at most one at a time.
    pub cores: u32,
    /// The memory shared by all its containers.
    pub memory: Bytes,
}

/// What a processor is, as in the original's configuration files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessorKind {
    /// A general-purpose processor.
    #[default]
    GenericCpu,
    /// An accelerator.
    GenericGpu,
}

/// A container: the workers that execute one function on one processor.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerSpec {
    /// Its name within the computer.
    pub name: String,
    /// The processor it runs on.
    pub processor: String,
    /// The function it executes.
    pub function: FunctionSpec,
    /// How many invocations it executes at a time, at least 1; more wait in
    /// order of arrival.
    pub workers: u32,
}
