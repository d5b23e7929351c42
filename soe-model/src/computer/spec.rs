//! The specification of a computer.

use crate::function::FunctionSpec;
use crate::instances::{InstancesSpec, PoolSpec, Scaling};
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
    /// order of arrival. With a life cycle, so many for each instance.
    pub workers: u32,
    /// How its instances start and go; `None` is a single one that is always warm.
    pub lifecycle: Option<Box<LifecycleSpec>>,
}

/// How the instances of a container start and go.
#[derive(Clone, Debug, PartialEq)]
pub struct LifecycleSpec {
    /// What the containers of its processor have in common.
    pub pool: PoolSpec,
    /// What is its own; its workers are the concurrency.
    pub instances: InstancesSpec,
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
    /// The distribution of a part of a start time contradicts itself.
    #[error("Start time `{part}`: {error}")]
    StartTime {
        /// The part.
        part: &'static str,
        /// What is wrong.
        error: String,
    },
    /// Instances that are always there leave no room for one of this container.
    #[error("Instances of container {container} do not fit the memory of processor {processor}")]
    NoRoom {
        /// The container.
        container: String,
        /// Its processor.
        processor: String,
    },
    /// A container whose calls only wait, without anything that creates an instance.
    #[error(
        "Container {container} never has an instance: scaling queue needs an autoscaler or a minimum"
    )]
    NoInstances {
        /// The container.
        container: String,
    },
    /// An autoscaler of a container whose calls create instances themselves.
    #[error("Container {container} has an autoscaler, which needs scaling queue")]
    Autoscaled {
        /// The container.
        container: String,
    },
    /// Containers of one processor that disagree about what they have in common.
    #[error(
        "Container {container} has another keep-alive policy than others of processor {processor}"
    )]
    Pools {
        /// The container.
        container: String,
        /// Their processor.
        processor: String,
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
        for container in &self.containers {
            if let Some(lifecycle) = &container.lifecycle {
                self.check_lifecycle(container, lifecycle)?;
            }
        }
        Ok(())
    }

    fn check_lifecycle(
        &self,
        container: &ContainerSpec,
        lifecycle: &LifecycleSpec,
    ) -> Result<(), ComputerError> {
        let own = &lifecycle.instances;
        let start = own.start.check();
        start.map_err(|(part, error)| ComputerError::StartTime {
            part,
            error: error.to_string(),
        })?;
        let name = || container.name.clone();
        let queues = own.scaling == Scaling::Queue;
        if own.autoscaler.is_some() && !queues {
            return Err(ComputerError::Autoscaled { container: name() });
        }
        if own.autoscaler.is_none() && queues && own.min == 0 {
            return Err(ComputerError::NoInstances { container: name() });
        }
        let processor = container.processor.clone();
        let neighbours = self
            .containers
            .iter()
            .filter(|other| other.processor == processor);
        let neighbours =
            neighbours.filter_map(|other| other.lifecycle.as_ref().map(|it| (other, it)));
        let mut always = 0u64;
        for (other, neighbour) in neighbours {
            if neighbour.pool != lifecycle.pool {
                let container = name();
                return Err(ComputerError::Pools {
                    container,
                    processor,
                });
            }
            let least = match other.name == container.name {
                true => own.min.max(1),
                false => neighbour.instances.min,
            };
            let memory = neighbour
                .instances
                .memory
                .0
                .saturating_mul(u64::from(least));
            always = always.saturating_add(memory);
        }
        let all = self.processors.iter().find(|it| it.name == processor);
        if all.is_some_and(|all| always > all.memory.0) {
            let container = name();
            return Err(ComputerError::NoRoom {
                container,
                processor,
            });
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
