//! The sections `[computer.NAME]`.

use std::collections::BTreeMap;

use soe_model::computer::platform::{PLATFORMS, Platform};
use soe_model::computer::{
    ComputerError, ComputerSpec, ContainerSpec, ProcessorKind, ProcessorSpec,
};
use soe_model::function::FunctionSpec;
use soe_model::units::Bytes;

use super::entity::{self, Budget, Directory, What};
use super::instances::{self, Needs};
use crate::reader::diagnostic::{Place, hint, quote};
use crate::reader::files;
use crate::reader::kind::Sort;
use crate::reader::read::Reader;
use crate::reader::record::{Datum, Name, Record};
use crate::reader::section::{Default, Form, Key, Section, When};
use crate::reader::value::MOST_WORKERS;

const ELSEWHERE: When = When::Without(&["platform", "configuration", "processor"]);
const READY: When = When::Without(&["platform", "configuration"]);

const CORES: Form = Form::Count {
    min: 1,
    max: MOST_WORKERS,
    or: None,
};
const MEMORY: Form = Form::Bytes {
    or: Some("unlimited"),
};
/// What unlimited memory is: the largest size there is.
const UNLIMITED: Bytes = Bytes(1 << 53);

pub(crate) static SECTION: Section = Section {
    path: "computer.NAME",
    help: "A computer, described in one of four ways: a predefined `platform`; a `configuration` \
           file; a single processor with `cores`, `speed`, `memory`, `functions` and `workers`; or \
           several `processor` and `container` tables.",
    keys: &[
        entity::COUNT,
        entity::NODE,
        entity::CLASS,
        entity::CONTROLLER,
        Key {
            name: "companion",
            form: Form::Names("broker"),
            default: Default::Unused,
            when: When::Always,
            help: "The broker through which it calls the next function of a workflow that runs hop \
                   by hop (`--companion-endpoint` of edgecomputer). Without a companion it \
                   executes synchronous calls only. With `count`, a list is assigned in turn.",
        },
        Key {
            name: "state-server",
            form: Form::Name("computer"),
            default: Default::Unused,
            when: When::Always,
            help: "The state server for remote states of workflows. By default its own: states \
                   move there. If another computer is named, states stay on the server of that \
                   computer, and are read before and written after each execution \
                   (`--no-state-server` of edgecomputer). With \"none\" it cannot use remote \
                   states.",
        },
        Key {
            name: "platform",
            form: Form::Kind(Sort::Platform),
            default: Default::Unused,
            when: When::Always,
            help: "A predefined computer of the original.",
        },
        Key {
            name: "configuration",
            form: Form::Path { or: None },
            default: Default::Unused,
            when: When::Without(&["platform"]),
            help: "A JSON configuration file of the original's edgecomputer.",
        },
        Key {
            name: "cores",
            form: CORES,
            default: Default::Value("1"),
            when: ELSEWHERE,
            help: "The number of cores of its only processor (default as in a configuration file: \
                   1). A task uses at most one core at a time.",
        },
        Key {
            name: "speed",
            form: Form::Speed,
            default: Default::Mandatory,
            when: ELSEWHERE,
            help: "The speed of each core.",
        },
        Key {
            name: "memory",
            form: MEMORY,
            default: Default::Value("unlimited"),
            when: ELSEWHERE,
            help: "The memory of its only processor.",
        },
        Key {
            name: "functions",
            form: Form::Workers,
            default: Default::Mandatory,
            when: ELSEWHERE,
            help: "The functions it offers, each in its own container; `{ NAME = 4 }` also sets \
                   the number of workers.",
        },
        Key {
            name: "workers",
            form: CORES,
            default: Default::Absent("one for each core"),
            when: ELSEWHERE,
            help: "The number of invocations of each function that run at the same time; further \
                   ones wait in order of arrival. By default one for each core, as on the main \
                   processors of the predefined platforms. With `instances`, the number for each \
                   instance, by default one.",
        },
        Key {
            name: "instances",
            form: Form::Table(&instances::SECTION),
            default: Default::Absent("always warm"),
            when: When::Always,
            help: "The life cycle of its containers. Without it, each is a single instance that is \
                   always warm.",
        },
        Key {
            name: "processor",
            form: Form::Named(&PROCESSOR),
            default: Default::Unused,
            when: READY,
            help: "Processors, by name.",
        },
        Key {
            name: "container",
            form: Form::Named(&CONTAINER),
            default: Default::Unused,
            when: READY,
            help: "Containers, by name.",
        },
    ],
};

pub(crate) static PROCESSOR: Section = Section {
    path: "computer.NAME.processor.NAME",
    help: "A processor; the tasks of its containers share it equally.",
    keys: &[
        Key {
            name: "type",
            form: Form::Word(&["GenericCpu", "GenericGpu"]),
            default: Default::Value("GenericCpu"),
            when: When::Always,
            help: "The type, as in configuration files of the original; it does not affect \
                   execution.",
        },
        Key {
            name: "cores",
            form: CORES,
            default: Default::Value("1"),
            when: When::Always,
            help: "The number of cores (default as in a configuration file: 1).",
        },
        Key {
            name: "speed",
            form: Form::Speed,
            default: Default::Mandatory,
            when: When::Always,
            help: "The speed of each core.",
        },
        Key {
            name: "memory",
            form: MEMORY,
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The memory shared by its containers.",
        },
    ],
};

pub(crate) static CONTAINER: Section = Section {
    path: "computer.NAME.container.NAME",
    help: "A container: workers that execute one function on one processor.",
    keys: &[
        Key {
            name: "function",
            form: Form::Name("function"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The function it executes.",
        },
        Key {
            name: "processor",
            form: Form::Name("processor"),
            default: Default::Absent("the only processor"),
            when: When::Always,
            help: "The processor on which it runs; by default the only one.",
        },
        Key {
            name: "workers",
            form: CORES,
            default: Default::Value("1"),
            when: When::Always,
            help: "The number of invocations that run at the same time; further ones wait in order \
                   of arrival. The default is that of a configuration file.",
        },
    ],
};

/// The functions of a scenario, by name.
pub(crate) type Functions = BTreeMap<String, Function>;

/// A function, and what its instances need if it says so.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub spec: FunctionSpec,
    pub needs: Option<Needs>,
}

/// What the computers of one section consist of; nothing if that is wrong.
pub(crate) fn platform(
    record: &Record,
    path: &str,
    names: &Directory,
    functions: &Functions,
    budget: &mut Budget,
    reader: &mut Reader<'_, '_>,
) -> Option<Platform> {
    let context = Context {
        path,
        names,
        functions,
    };
    let copies = record.maybe_count("count").unwrap_or(1);
    let mut platform = if record.given("platform").is_some() {
        let choice = record.choice("platform")?;
        let containers = choice
            .counts()
            .filter(|(name, _)| name.ends_with("containers"));
        let containers = containers
            .map(|(_, count)| count)
            .fold(0, u64::saturating_add);
        if !budget.take(copies, containers, record.at("platform"), reader.report) {
            return None;
        }
        match choice.configure(&PLATFORMS) {
            Ok(spec) => (spec.kind.build)(&spec.arguments),
            Err(message) => {
                reader
                    .report
                    .wrong(record.at("platform"), format!("{path}: {message}"));
                return None;
            }
        }
    } else if record.given("configuration").is_some() {
        configuration(record, path, reader)?
    } else if record.given("processor").is_some() {
        context.spelled_out(record, reader)?
    } else {
        context.single(record, reader)?
    };
    let parts = (platform.containers.len() + platform.processors.len()) as u64;
    if !budget.take(copies, parts, record.place, reader.report) {
        return None;
    }
    if let Some((_, record)) = record.records("instances").first() {
        let lifecycle = instances::lifecycle(record, reader.report)?;
        for container in &mut platform.containers {
            let function = functions.get(&container.function.name);
            let needs = function.and_then(|function| function.needs.as_ref());
            container.lifecycle = Some(Box::new(lifecycle(needs)));
        }
    }
    // Results call a processor `computer/processor`.
    for processor in &platform.processors {
        let name = &processor.name;
        if name.is_empty() || name.contains('/') {
            let place = record.given("configuration").unwrap_or(record.place);
            let message = format!(
                "{path}: `{}` is not a valid name of a processor: expected at least 1 character, \
                 without `/`",
                quote(name)
            );
            reader.report.wrong(place, message);
            return None;
        }
    }
    // What the reader cannot see: contradictions between the parts.
    let whole = platform
        .clone()
        .computer(path.to_owned(), String::new(), None);
    match ComputerSpec::check(&whole) {
        Ok(()) => Some(platform),
        Err(error) => {
            let place = record.given("configuration").unwrap_or(record.place);
            let error = contradiction(&error);
            reader.report.wrong(place, format!("{path}: {error}"));
            None
        }
    }
}

/// What does not fit together, in words of scenarios.
fn contradiction(error: &ComputerError) -> String {
    match error {
        ComputerError::DuplicateProcessor { processor, .. } => {
            format!("two processors are called `{}`", quote(processor))
        }
        ComputerError::NoProcessor { processor, .. } => {
            format!("no processor is called `{}`", quote(processor))
        }
        ComputerError::DuplicateContainer { container, .. } => {
            format!("two containers are called `{}`", quote(container))
        }
        ComputerError::DuplicateFunction { function, .. } => {
            format!("two containers execute function `{}`", quote(function))
        }
        ComputerError::NoWorkers { container } => {
            format!("container `{}` has no workers", quote(container))
        }
        ComputerError::NoCores { processor } => {
            format!("processor `{}` has no cores", quote(processor))
        }
        ComputerError::StartTime { part, error } => format!("start time `{part}`: {error}"),
        ComputerError::NoRoom {
            container,
            processor,
        } => format!(
            "an instance of container `{}` does not fit the memory of processor `{}` beside those \
             that are always there",
            quote(container),
            quote(processor)
        ),
        ComputerError::NoInstances { container } => format!(
            "container `{}` never has an instance: scaling = \"queue\" needs `autoscaler` or \
             `min-instances`",
            quote(container)
        ),
        ComputerError::Autoscaled { container } => format!(
            "container `{}` has an autoscaler, which needs scaling = \"queue\"",
            quote(container)
        ),
        ComputerError::Pools { container, .. } => format!(
            "container `{}` has another keep-alive policy than others",
            quote(container)
        ),
        ComputerError::InvalidSpeed { processor, .. } => {
            format!("processor `{}` must have a speed above 0", quote(processor))
        }
    }
}

fn configuration(record: &Record, path: &str, reader: &mut Reader<'_, '_>) -> Option<Platform> {
    let file = record.text("configuration")?;
    let place = record.at("configuration");
    match reader.report.read(reader.folder, file) {
        Ok(text) => match Platform::from_json(&text) {
            Ok(platform) => Some(platform),
            Err(error) => {
                let file = files::shown(reader.folder, file);
                reader.report.wrong_in(place, &file, error);
                None
            }
        },
        Err(message) => {
            reader
                .report
                .wrong(place, format!("{path}.configuration: {message}"));
            None
        }
    }
}

struct Context<'a> {
    path: &'a str,
    names: &'a Directory,
    functions: &'a Functions,
}

impl Context<'_> {
    /// A single processor with functions.
    fn single(&self, record: &Record, reader: &mut Reader<'_, '_>) -> Option<Platform> {
        if let Some(place) = record.given("container") {
            let message = format!("{} has containers but no processor", self.path);
            reader.report.wrong(place, message);
            return None;
        }
        let cores = record.count("cores");
        let usual = match record.given("instances") {
            Some(_) => 1,
            None => cores,
        };
        let usual = record.maybe_count("workers").unwrap_or(usual);
        let Some(Datum::Workers(offered)) = record.get("functions") else {
            return None;
        };
        let mut containers = Vec::new();
        for (name, workers) in offered {
            let key = format!("{}.functions", self.path);
            for function in self
                .names
                .expand(name, &[What::Function], &key, reader.report)
            {
                let twice = containers
                    .iter()
                    .any(|known: &ContainerSpec| known.name == function);
                if twice {
                    let function = quote(&function);
                    let message = format!("{key}: `{function}` appears twice");
                    reader.report.wrong(name.place, message);
                    return None;
                }
                containers.push(ContainerSpec {
                    name: function.clone(),
                    processor: "cpu".to_owned(),
                    function: self.functions.get(&function)?.spec.clone(),
                    workers: workers.unwrap_or(usual as u32),
                    lifecycle: None,
                });
            }
        }
        let processor = ProcessorSpec {
            name: "cpu".to_owned(),
            kind: ProcessorKind::GenericCpu,
            speed: record.speed("speed"),
            cores: cores as u32,
            memory: record.maybe_bytes("memory").unwrap_or(UNLIMITED),
        };
        Some(Platform {
            processors: vec![processor],
            containers,
        })
    }

    /// Processors and containers one by one.
    fn spelled_out(&self, record: &Record, reader: &mut Reader<'_, '_>) -> Option<Platform> {
        let processors = record.records("processor");
        let first = processors.first()?;
        let mut containers = Vec::new();
        for (name, container) in record.records("container") {
            let path = format!("{}.container.{}", self.path, quote(&name.text));
            let processor = self.processor(container, processors, first, &path, reader);
            let function = container.names("function");
            let function = function.first()?;
            let key = format!("{path}.function");
            let found = self
                .names
                .expand(function, &[What::Function], &key, reader.report);
            let several = found.len() > 1;
            for function in found {
                containers.push(ContainerSpec {
                    name: match several {
                        true => format!("{}-{function}", name.text),
                        false => name.text.clone(),
                    },
                    processor: processor.clone(),
                    function: self.functions.get(&function)?.spec.clone(),
                    workers: container.count("workers") as u32,
                    lifecycle: None,
                });
            }
        }
        if containers.is_empty() && reader.report.is_clean() {
            let place = record.at("processor");
            let message = format!("{} has processors but no container", self.path);
            reader.report.wrong(place, message);
        }
        let processors = processors.iter().map(|(name, processor)| ProcessorSpec {
            name: name.text.clone(),
            kind: match processor.word("type") {
                "GenericGpu" => ProcessorKind::GenericGpu,
                _ => ProcessorKind::GenericCpu,
            },
            speed: processor.speed("speed"),
            cores: processor.count("cores") as u32,
            memory: processor.maybe_bytes("memory").unwrap_or(UNLIMITED),
        });
        Some(Platform {
            processors: processors.collect(),
            containers,
        })
    }

    fn processor(
        &self,
        container: &Record,
        processors: &[(Name, Record)],
        first: &(Name, Record),
        path: &str,
        reader: &mut Reader<'_, '_>,
    ) -> String {
        let known = || processors.iter().map(|(name, _)| name.text.as_str());
        let wrong = |place: Place, message: String, reader: &mut Reader<'_, '_>| {
            reader.report.wrong(place, message);
            first.0.text.clone()
        };
        match container.names("processor").first() {
            Some(name) if known().any(|known| known == name.text) => name.text.clone(),
            Some(name) => {
                let hint = hint(&name.text, known());
                let found = quote(&name.text);
                let message = format!("{path}.processor: no processor is called `{found}`{hint}");
                wrong(name.place, message, reader)
            }
            None if container.given("processor").is_none() && processors.len() > 1 => {
                let message = format!("{path} needs `processor`, as the computer has several");
                wrong(container.place, message, reader)
            }
            None => first.0.text.clone(),
        }
    }
}
