//! Predefined platforms, as in the original's `--conf type=…`.

use super::{ComputerSpec, ContainerSpec, ProcessorKind, ProcessorSpec};
use crate::catalogue::{Arguments, Catalogue, Configured, Kind, Parameter, Quantity};
use crate::function::{FunctionSpec, Output, Requirements};
use crate::units::{Bytes, OpsPerSecond};

/// The hardware and software of a computer, without its place in a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Platform {
    /// Its processors.
    pub processors: Vec<ProcessorSpec>,
    /// Its containers.
    pub containers: Vec<ContainerSpec>,
}

impl Platform {
    /// A computer of this platform on a node of the network, which announces
    /// itself to a controller if one is given.
    pub fn computer(self, name: String, node: String, controller: Option<String>) -> ComputerSpec {
        ComputerSpec {
            name,
            node,
            controller,
            processors: self.processors,
            containers: self.containers,
        }
    }
}

/// Makes a platform from its arguments.
pub type BuildPlatform = fn(&Arguments) -> Platform;

/// A platform with its arguments.
pub type PlatformSpec = Configured<BuildPlatform>;

/// All ready-made platforms.
pub static PLATFORMS: Catalogue<BuildPlatform> =
    Catalogue::new("platform", "platforms", &[&RASPBERRY, &INTEL_SERVER]);

const RASPBERRY: Kind<BuildPlatform> = Kind {
    name: "raspberry",
    help: "A Raspberry Pi: processor `arm` (4 cores of 100 Gop/s, 512 MiB) for the functions \
           clambda0, clambda1, … and accelerator `bm2837` (1 core of 100 Gop/s, 512 MiB) for \
           glambda0, glambda1, ….",
    parameters: &[
        Parameter {
            name: "num-cpu-containers",
            quantity: Quantity::Count { min: 0 },
            default: Some("1"),
            help: "Number of containers on the processor (default of the original).",
        },
        Parameter {
            name: "num-cpu-workers",
            quantity: Quantity::Count { min: 1 },
            default: Some("4"),
            help: "Workers of each of them (default of the original).",
        },
        Parameter {
            name: "num-gpu-containers",
            quantity: Quantity::Count { min: 0 },
            default: Some("1"),
            help: "Number of containers on the accelerator (default of the original).",
        },
        Parameter {
            name: "num-gpu-workers",
            quantity: Quantity::Count { min: 1 },
            default: Some("2"),
            help: "Workers of each of them (default of the original).",
        },
    ],
    version: 1,
    build: |arguments| {
        let mut containers = cpu_containers(
            "arm",
            arguments.count("num-cpu-containers"),
            arguments.count("num-cpu-workers"),
        );
        containers.extend(containers_on(
            "bm2837",
            "g",
            1e6,
            arguments.count("num-gpu-containers"),
            arguments.count("num-gpu-workers"),
        ));
        Platform {
            processors: vec![
                processor("arm", ProcessorKind::GenericCpu, 1e11, 4, 1 << 29),
                processor("bm2837", ProcessorKind::GenericGpu, 1e11, 1, 1 << 29),
            ],
            containers,
        }
    },
};

const INTEL_SERVER: Kind<BuildPlatform> = Kind {
    name: "intel-server",
    help: "A server: processor `xeon` (20 cores of 4 Gop/s, 128 GiB) for the functions clambda0, \
           clambda1, ….",
    parameters: &[
        Parameter {
            name: "num-containers",
            quantity: Quantity::Count { min: 0 },
            default: Some("1"),
            help: "Number of containers (mandatory in the original).",
        },
        Parameter {
            name: "num-workers",
            quantity: Quantity::Count { min: 1 },
            default: Some("20"),
            help: "Workers of each of them, one for each core unless set (mandatory in the \
                   original).",
        },
    ],
    version: 1,
    build: |arguments| Platform {
        processors: vec![processor(
            "xeon",
            ProcessorKind::GenericCpu,
            4e9,
            20,
            128 << 30,
        )],
        containers: cpu_containers(
            "xeon",
            arguments.count("num-containers"),
            arguments.count("num-workers"),
        ),
    },
};

fn processor(
    name: &str,
    kind: ProcessorKind,
    speed: f64,
    cores: u32,
    memory: u64,
) -> ProcessorSpec {
    ProcessorSpec {
        name: name.to_owned(),
        kind,
        speed: OpsPerSecond(speed),
        cores,
        memory: Bytes(memory),
    }
}

fn cpu_containers(processor: &str, count: u64, workers: u64) -> Vec<ContainerSpec> {
    containers_on(processor, "c", 4e6, count, workers).collect()
}

fn containers_on(
    processor: &str,
    prefix: &str,
    op_offset: f32,
    count: u64,
    workers: u64,
) -> impl Iterator<Item = ContainerSpec> {
    (0..count).map(move |number| ContainerSpec {
        name: format!("{prefix}container{number}"),
        processor: processor.to_owned(),
        function: FunctionSpec {
            name: format!("{prefix}lambda{number}"),
            requirements: Requirements {
                op_coeff: 1e6,
                op_offset,
                mem_coeff: 100.0,
                mem_offset: 0.0,
            },
            output: Output::CopyInput,
        },
        workers: u32::try_from(workers).unwrap_or(u32::MAX),
        lifecycle: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::computer::Computer;
    use crate::names::Names;

    fn build(name: &str) -> Platform {
        let spec = PLATFORMS.configure(name, Vec::new()).unwrap();
        (spec.kind.build)(&spec.arguments)
    }

    #[test]
    fn the_default_raspberry_has_one_container_on_each_processor() {
        let platform = build("raspberry");
        let names: Vec<_> = platform
            .containers
            .iter()
            .map(|c| (c.function.name.as_str(), c.processor.as_str(), c.workers))
            .collect();
        assert_eq!(names, [("clambda0", "arm", 4), ("glambda0", "bm2837", 2)]);
        assert_eq!(platform.processors[0].memory, Bytes(512 * 1024 * 1024));
    }

    #[test]
    fn every_platform_makes_a_valid_computer() {
        for kind in PLATFORMS.kinds() {
            let spec = build(kind.name).computer("a".into(), "n".into(), None);
            let computer = Computer::new(&spec, &mut Names::default()).unwrap();
            assert!(computer.functions().count() > 0, "{}", kind.name);
        }
    }
}
