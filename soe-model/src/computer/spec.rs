//! The specification of a computer.

use crate::function::FunctionSpec;
use crate::units::{Bytes, OpsPerSecond};

/// A computer: processors and the containers that run on them.
#[derive(Clone, Debug, PartialEq)]
pub struct ComputerSpec {
    /// Its name, by which brokers and clients address it.
    pub name: String,
    /// Its node in the network.
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
    /// A label without effect on execution.
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

/// A container: workers that execute one function on one processor.
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

/// Why a computer cannot be built, in the words of the original where it has any.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComputerError {
    /// Two processors have the same name.
    #[error("Duplicate processor {processor} added to computer computer@{computer}")]
    DuplicateProcessor {
        /// The name of the processors.
        processor: String,
        /// The computer.
        computer: String,
    },
    /// A container is to run on a processor that does not exist.
    #[error("No processor {processor} found in computer computer@{computer}")]
    NoProcessor {
        /// The name that the container states.
        processor: String,
        /// The computer.
        computer: String,
    },
    /// Two containers have the same name.
    #[error(
        "Duplicate container {container} hosted by processor {processor} added to computer computer@{computer}"
    )]
    DuplicateContainer {
        /// The name of the containers.
        container: String,
        /// The processor of the second one.
        processor: String,
        /// The computer.
        computer: String,
    },
    /// Two containers execute the same function.
    #[error("Duplicate lambda {function} added to computer computer@{computer}")]
    DuplicateFunction {
        /// The function.
        function: String,
        /// The computer.
        computer: String,
    },
    /// A container without workers would never do anything.
    #[error("Zero workers used for container {container}")]
    NoWorkers {
        /// The container.
        container: String,
    },
    /// A processor without cores would never do anything.
    #[error("Zero cores used for processor {processor}")]
    NoCores {
        /// The processor.
        processor: String,
    },
    /// A speed that is zero, negative or not a number.
    #[error("Invalid speed of processor {processor}: {speed}, must be > 0")]
    InvalidSpeed {
        /// The processor.
        processor: String,
        /// What was found, in operations per second.
        speed: String,
    },
}

impl ComputerSpec {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// The first part that does not.
    pub fn check(&self) -> Result<(), ComputerError> {
        for (position, processor) in self.processors.iter().enumerate() {
            let earlier = &self.processors[..position];
            if earlier.iter().any(|other| other.name == processor.name) {
                return Err(ComputerError::DuplicateProcessor {
                    processor: processor.name.clone(),
                    computer: self.name.clone(),
                });
            }
            processor.check()?;
        }
        for (position, container) in self.containers.iter().enumerate() {
            self.check_container(container, &self.containers[..position])?;
        }
        Ok(())
    }

    fn check_container(
        &self,
        container: &ContainerSpec,
        earlier: &[ContainerSpec],
    ) -> Result<(), ComputerError> {
        let processor = container.processor.clone();
        let computer = self.name.clone();
        let on = |spec: &ProcessorSpec| spec.name == processor;
        if container.workers == 0 {
            return Err(ComputerError::NoWorkers {
                container: container.name.clone(),
            });
        }
        if !self.processors.iter().any(on) {
            return Err(ComputerError::NoProcessor {
                processor,
                computer,
            });
        }
        if earlier.iter().any(|other| other.name == container.name) {
            return Err(ComputerError::DuplicateContainer {
                container: container.name.clone(),
                processor,
                computer,
            });
        }
        let function = &container.function.name;
        if earlier.iter().any(|other| other.function.name == *function) {
            return Err(ComputerError::DuplicateFunction {
                function: function.clone(),
                computer,
            });
        }
        Ok(())
    }
}

impl ProcessorSpec {
    fn check(&self) -> Result<(), ComputerError> {
        if self.cores == 0 {
            return Err(ComputerError::NoCores {
                processor: self.name.clone(),
            });
        }
        if !(self.speed.0 > 0.0 && self.speed.0.is_finite()) {
            return Err(ComputerError::InvalidSpeed {
                processor: self.name.clone(),
                speed: self.speed.0.to_string(),
            });
        }
        Ok(())
    }
}
