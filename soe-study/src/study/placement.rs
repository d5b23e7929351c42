//! The parameters of LambdaMuSim.

use lambdamu::{
    AppModel, DynamicLoad, LambdaAlgorithm, MuAlgorithm, PoissonRule, Setting, SnapshotLoad,
};
use scenarios::reader::diagnostic::Report;
use scenarios::reader::print;
use scenarios::reader::record::Record;
use scenarios::reader::section::{Default, Form, Key, Section, When};

use super::subject::statesim::position;

/// What LambdaMuSim simulates at a point.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    pub(crate) setting: Setting,
    pub(crate) load: Load,
    /// Which of the networks of the study.
    pub(crate) network: usize,
    pub(crate) cloud_distance_factor: f64,
    /// All of it as TOML.
    pub(crate) text: String,
}

/// The applications of a point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    Snapshot(SnapshotLoad),
    Dynamic(DynamicLoad, u64),
}

const SHARE: Form = Form::Number { min: 0.0, max: 1.0 };
const COST: Form = Form::Number { min: 0.0, max: 1e9 };
const APPS: Form = Form::Count {
    min: 0,
    max: 100_000,
    or: None,
};
const DYNAMIC: When = When::Is("type", "dynamic");
const SNAPSHOT: When = When::Is("type", "snapshot");

/// The parameters of LambdaMuSim; the defaults are those of the original.
pub(super) static PLACEMENT: Section = Section {
    path: "placement",
    help: "What LambdaMuSim simulates.",
    keys: &[
        key(
            "type",
            Form::Word(&["snapshot", "dynamic"]),
            "snapshot",
            "Applications are drawn in their phases and placed once, or change phase over time.",
        ),
        Key {
            name: "network",
            form: Form::Name("network"),
            default: Default::Absent("the first network"),
            when: When::Always,
            help: "One of the networks of the study.",
        },
        key(
            "cloud-distance-factor",
            Form::Number {
                min: 1e-6,
                max: 1e6,
            },
            "2",
            "Distance of the cloud, in multiples of the distance of the farthest edge node.",
        ),
        key(
            "storage-cost-local",
            COST,
            "0",
            "What a request of lambda pays per unit of stored data in the cloud.",
        ),
        key(
            "storage-cost-remote",
            COST,
            "0",
            "What a request of lambda pays per unit of stored data at an edge node.",
        ),
        only(
            SNAPSHOT,
            "lambda",
            APPS,
            "10",
            "Average number of applications in their lambda phase.",
        ),
        only(
            SNAPSHOT,
            "mu",
            APPS,
            "10",
            "Average number of applications in their mu phase.",
        ),
        only(
            DYNAMIC,
            "apps",
            APPS,
            "10",
            "Average number of applications.",
        ),
        only(
            DYNAMIC,
            "duration",
            Form::Duration { or: None },
            "24 h",
            "How long is simulated.",
        ),
        only(
            DYNAMIC,
            "warm-up",
            Form::Duration { or: None },
            "0 s",
            "Nothing is measured before.",
        ),
        only(
            DYNAMIC,
            "epoch",
            Form::Duration { or: None },
            "1 min",
            "From one placement to the next.",
        ),
        only(
            DYNAMIC,
            "min-periods",
            Form::Count {
                min: 1,
                max: u32::MAX as u64,
                or: None,
            },
            "50",
            "Applications of the trace with fewer periods are left out.",
        ),
        key(
            "alpha",
            SHARE,
            "0.5",
            "Share of the containers of each edge node that applications in their mu phase may use.",
        ),
        key(
            "beta",
            Form::Number {
                min: 1e-6,
                max: 1.0,
            },
            "0.5",
            "Share of the capacity of a container that requests may use.",
        ),
        key(
            "applications",
            Form::Text("a model of applications"),
            "constant,1,1,1",
            "Rates and sizes: constant,R,M,D or classes,W,R,M,D[,W,R,M,D...].",
        ),
        key(
            "mu-algorithm",
            Form::Word(&["random", "greedy", "hungarian"]),
            "hungarian",
            "How applications in their mu phase get containers.",
        ),
        key(
            "lambda-algorithm",
            Form::Word(&["random", "greedy", "mcfp"]),
            "mcfp",
            "How requests of applications in their lambda phase get containers.",
        ),
        key(
            "poisson",
            Form::Word(&["corrected", "published"]),
            "corrected",
            "How numbers of applications are drawn: as GCC 8 and later do, or as GCC 7 did, with \
             which the published tables were made.",
        ),
    ],
};

const fn key(name: &'static str, form: Form, default: &'static str, help: &'static str) -> Key {
    only(When::Always, name, form, default, help)
}

const fn only(
    when: When,
    name: &'static str,
    form: Form,
    default: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        form,
        default: Default::Value(default),
        when,
        help,
    }
}

/// What a record of parameters says, for the networks of these names; `None` if something is
/// wrong, which is reported.
pub(super) fn resolve(
    record: &Record,
    networks: &[&str],
    report: &mut Report<'_>,
) -> Option<Placement> {
    let network = position(record, networks, report)?;
    let applications = match record.text("applications")?.parse::<AppModel>() {
        Ok(model) => model,
        Err(error) => {
            record.wrong("applications", error, report);
            return None;
        }
    };
    let millis = |key| Some(record.maybe_duration(key)?.as_secs_f64() * 1e3);
    let load = match record.maybe_word("type")? {
        "dynamic" => {
            let load = DynamicLoad {
                apps: record.maybe_count("apps")?,
                duration: millis("duration")?,
                warm_up: millis("warm-up")?,
                epoch: millis("epoch")?,
            };
            if let Err(error) = load.check() {
                record.wrong("epoch", error, report);
                return None;
            }
            Load::Dynamic(load, record.maybe_count("min-periods")?)
        }
        _ => Load::Snapshot(SnapshotLoad {
            lambda: record.maybe_count("lambda")?,
            mu: record.maybe_count("mu")?,
        }),
    };
    let mut text = String::new();
    print::body(record, "", &mut text);
    // The words of a key are those that the algorithms have.
    let setting = Setting {
        alpha: record.maybe_number("alpha")?,
        beta: record.maybe_number("beta")?,
        storage_local: record.maybe_number("storage-cost-local")?,
        storage_remote: record.maybe_number("storage-cost-remote")?,
        applications,
        mu: record
            .maybe_word("mu-algorithm")?
            .parse::<MuAlgorithm>()
            .ok()?,
        lambda: record
            .maybe_word("lambda-algorithm")?
            .parse::<LambdaAlgorithm>()
            .ok()?,
        poisson: record.maybe_word("poisson")?.parse::<PoissonRule>().ok()?,
    };
    Some(Placement {
        setting,
        load,
        network,
        cloud_distance_factor: record.maybe_number("cloud-distance-factor")?,
        text,
    })
}
