//! The tables `[computer.NAME.instances]` and `[function.NAME.instance]`: the life cycle of
//! containers.

use soe_model::computer::LifecycleSpec;
use soe_model::duration::{DURATIONS, DurationSpec};
use soe_model::instances::autoscaler::AUTOSCALERS;
use soe_model::instances::keep_alive::KEEP_ALIVES;
use soe_model::instances::{
    Binding, ImageCacheSpec, InstancesSpec, Overflow, PoolSpec, Scaling, StartSpec, WarmChoice,
};
use soe_model::units::Bytes;

use crate::reader::diagnostic::Report;
use crate::reader::kind::Sort;
use crate::reader::record::Record;
use crate::reader::section::{Default, Form, Key, Section, When};

/// The word for no limit.
const UNLIMITED: &str = "unlimited";

const LIMIT: Form = Form::Count {
    min: 1,
    max: u32::MAX as u64,
    or: Some(UNLIMITED),
};

/// A part of the time that an instance takes to start.
const fn part(name: &'static str, help: &'static str) -> Key {
    Key {
        name,
        form: Form::Kind(Sort::Duration),
        default: Default::Unused,
        when: When::Always,
        help,
    }
}

const MEMORY: Key = Key {
    name: "memory",
    form: Form::Bytes { or: None },
    default: Default::Value("0 B"),
    when: When::Always,
    help: "The memory that an instance holds from its creation until it is gone. Its calls need \
           their own memory in addition, as with containers that are always warm.",
};
const IMAGE: Key = Key {
    name: "image",
    form: Form::Bytes { or: None },
    default: Default::Value("0 B"),
    when: When::Always,
    help: "The size of its container image, which counts in `image-cache`.",
};
const PULL: Key = part(
    "pull",
    "The time to fetch the image, if the computer does not have it.",
);
const CREATE: Key = part("create", "The time to create the sandbox.");
const RUNTIME: Key = part("runtime", "The time to start the runtime.");
const CODE: Key = part("code", "The time to load the code.");
const DEPENDENCIES: Key = part("dependencies", "The time to load what the code depends on.");
const INIT: Key = part("init", "The time of the function's own initialization.");

pub(crate) static OF_FUNCTION: Section = Section {
    path: "function.NAME.instance",
    help: "What an instance of the function needs on computers with `instances`. The time of a \
           start is the sum of its parts; what is left out takes no time.",
    keys: &[
        MEMORY,
        IMAGE,
        PULL,
        CREATE,
        RUNTIME,
        CODE,
        DEPENDENCIES,
        INIT,
    ],
};

pub(crate) static SECTION: Section = Section {
    path: "computer.NAME.instances",
    help: "The life cycle of its containers: instances start, execute calls, stay idle and go. \
           `workers` is the number of calls of one instance at the same time. `memory` to `init` \
           are those of functions without a table `instance` of their own.",
    keys: &[
        Key {
            name: "scaling",
            form: Form::Word(Scaling::WORDS),
            default: Default::Value("per-request"),
            when: When::Always,
            help: "What a call does that finds no free slot: it creates an instance (per-request: \
                   SimFaaS, AWS Lambda), reserves a slot of one that is starting or else creates \
                   one (join: dslab-faas), waits (queue: Knative), or creates one if none is \
                   starting (max-one-pending).",
        },
        Key {
            name: "autoscaler",
            form: Form::Kind(Sort::Autoscaler),
            default: Default::Unused,
            when: When::Is("scaling", "queue"),
            help: "What creates and removes instances by load. Keep-alive windows do not apply \
                   then; evictions do.",
        },
        Key {
            name: "binding",
            form: Form::Word(Binding::WORDS),
            default: Default::Absent("early with per-request and join, otherwise late"),
            when: When::Always,
            help: "Whether a call that has caused a start waits for that instance (early) or for \
                   whichever is free first (late).",
        },
        Key {
            name: "warm-choice",
            form: Form::Word(WarmChoice::WORDS),
            default: Default::Value("mru"),
            when: When::Always,
            help: "The instance that a call takes if several have a free slot: by the time when \
                   that became free (mru: last, lru: first), by age, by the number of running \
                   calls, or at random.",
        },
        Key {
            name: "keep-alive",
            form: Form::Kind(Sort::KeepAlive),
            default: Default::Value("fixed"),
            when: When::Always,
            help: "How long idle instances are kept, and which give up their memory first.",
        },
        Key {
            name: "min-instances",
            form: Form::Count {
                min: 0,
                max: 1_000_000,
                or: None,
            },
            default: Default::Value("0"),
            when: When::Always,
            help: "So many instances of each function are ready at the start and never go.",
        },
        Key {
            name: "max-instances",
            form: LIMIT,
            default: Default::Value(UNLIMITED),
            when: When::Always,
            help: "The greatest number of instances of each function.",
        },
        Key {
            name: "overflow",
            form: Form::Word(Overflow::WORDS),
            default: Default::Value("queue"),
            when: When::Always,
            help: "Whether a call for which no instance can be created waits or is rejected.",
        },
        Key {
            name: "queue-limit",
            form: Form::Count {
                min: 0,
                max: u32::MAX as u64,
                or: Some(UNLIMITED),
            },
            default: Default::Value(UNLIMITED),
            when: When::Always,
            help: "The most calls of each function that wait without being bound to an instance; \
                   further ones are rejected.",
        },
        Key {
            name: "teardown",
            form: Form::Duration { or: None },
            default: Default::Value("0 s"),
            when: When::Always,
            help: "For how long an instance that was removed still holds its memory.",
        },
        Key {
            name: "image-cache",
            form: Form::Bytes {
                or: Some(UNLIMITED),
            },
            default: Default::Value(UNLIMITED),
            when: When::Always,
            help: "The size of the computer's image cache, empty at the start; images that were \
                   used least recently leave. \"unlimited\" has every image from the start.",
        },
        MEMORY,
        IMAGE,
        PULL,
        CREATE,
        RUNTIME,
        CODE,
        DEPENDENCIES,
        INIT,
    ],
};

/// What an instance of a function needs.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    memory: Bytes,
    start: StartSpec,
}

/// What an instance needs, by a table `instance` or `instances`.
pub(crate) fn needs(record: &Record, report: &mut Report<'_>) -> Needs {
    let mut part = |name| duration(record, name, report);
    Needs {
        memory: record.bytes("memory"),
        start: StartSpec {
            image: record.bytes("image"),
            pull: part("pull"),
            create: part("create"),
            runtime: part("runtime"),
            code: part("code"),
            dependencies: part("dependencies"),
            init: part("init"),
        },
    }
}

fn duration(record: &Record, key: &str, report: &mut Report<'_>) -> Option<DurationSpec> {
    let choice = record.choice(key)?;
    let spec = choice.configure(&DURATIONS).and_then(|spec| {
        let built = (spec.kind.build)(&spec.arguments);
        built.map(|_| spec).map_err(|error| error.to_string())
    });
    spec.map_err(|message| record.wrong(key, message, report))
        .ok()
}

/// The life cycle of containers that a table `instances` describes, by what an instance of
/// each needs; nothing if the table is wrong.
pub(crate) fn lifecycle(
    record: &Record,
    report: &mut Report<'_>,
) -> Option<impl Fn(Option<&Needs>) -> LifecycleSpec> {
    let keep_alive = record.choice("keep-alive")?.configure(&KEEP_ALIVES);
    let keep_alive = keep_alive.map_err(|message| record.wrong("keep-alive", message, report));
    let autoscaler = match record.choice("autoscaler") {
        Some(choice) => match choice.configure(&AUTOSCALERS) {
            Ok(spec) => Some(spec),
            Err(message) => {
                record.wrong("autoscaler", message, report);
                return None;
            }
        },
        None => None,
    };
    let scaling = Scaling::named(record.word("scaling"))?;
    let binding = record.maybe_word("binding").and_then(Binding::named);
    let limit = |key| record.maybe_count(key).unwrap_or(u64::MAX);
    let usual = needs(record, report);
    let pool = PoolSpec {
        keep_alive: keep_alive.ok()?,
        overflow: Overflow::named(record.word("overflow"))?,
        images: record
            .maybe_bytes("image-cache")
            .map(|size| ImageCacheSpec { size }),
    };
    let instances = InstancesSpec {
        scaling,
        binding: binding.unwrap_or(scaling.usual_binding()),
        warm_choice: WarmChoice::named(record.word("warm-choice"))?,
        concurrency: 1,
        min: u32::try_from(record.count("min-instances")).unwrap_or(u32::MAX),
        max: u32::try_from(limit("max-instances")).unwrap_or(u32::MAX),
        queue: usize::try_from(limit("queue-limit")).unwrap_or(usize::MAX),
        memory: usual.memory,
        start: usual.start,
        teardown: record.duration("teardown"),
        autoscaler,
    };
    Some(move |own: Option<&Needs>| {
        let mut instances = instances.clone();
        if let Some(own) = own {
            instances.memory = own.memory;
            instances.start = own.start.clone();
        }
        LifecycleSpec {
            pool: pool.clone(),
            instances,
        }
    })
}
