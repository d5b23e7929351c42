//! The evaluated model: the original with its quirks, or a corrected one.
//!
//! The original StateSim has properties that distort its results. They are kept, since
//! old results depend on them. Each can be corrected separately; the guide uses this to
//! measure its effect.

use std::str::FromStr;

/// The corrections to apply to the original model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrections {
    /// Links have the latency that their file gives; routes and transfers count it.
    /// The original knows no latency.
    pub latency: bool,
    /// Data crosses links in the direction in which it flows. The original takes
    /// the way from the destination to the source backwards.
    pub direction: bool,
    /// Times are computed in double precision. The original rounds each link's and
    /// each task's time to single precision.
    pub precision: bool,
    /// A replication has exactly the number of jobs asked for. The original keeps
    /// each job of the pool with a probability.
    pub job_count: bool,
    /// Jobs, clients and order are drawn from independent streams. The original
    /// uses the same numbers for the choice of jobs and for that of clients.
    pub streams: bool,
    /// The tasks of a chain run in topological order. The original runs them in the
    /// order of their numbers, dependencies or not.
    pub chain_order: bool,
    /// `ProcNet` weighs the transfers of the execution policy that is then used. The
    /// original weighs a round trip of all states, whatever the policy.
    pub pricing: bool,
    /// State kept in the cloud is exchanged with the node that runs the function, and
    /// its traffic is counted on every link, like all other traffic. The original
    /// charges the exchange at the client and counts it once.
    pub cloud_traffic: bool,
}

impl Corrections {
    /// The original model.
    pub const NONE: Self = Self::all(false);
    /// The corrected model.
    pub const ALL: Self = Self::all(true);

    /// Every correction alone, with its name.
    pub const SINGLE: [(&'static str, Self); 8] = [
        (
            "latency",
            Self {
                latency: true,
                ..Self::NONE
            },
        ),
        (
            "direction",
            Self {
                direction: true,
                ..Self::NONE
            },
        ),
        (
            "precision",
            Self {
                precision: true,
                ..Self::NONE
            },
        ),
        (
            "job count",
            Self {
                job_count: true,
                ..Self::NONE
            },
        ),
        (
            "streams",
            Self {
                streams: true,
                ..Self::NONE
            },
        ),
        (
            "chain order",
            Self {
                chain_order: true,
                ..Self::NONE
            },
        ),
        (
            "pricing",
            Self {
                pricing: true,
                ..Self::NONE
            },
        ),
        (
            "cloud traffic",
            Self {
                cloud_traffic: true,
                ..Self::NONE
            },
        ),
    ];

    const fn all(on: bool) -> Self {
        Self {
            latency: on,
            direction: on,
            precision: on,
            job_count: on,
            streams: on,
            chain_order: on,
            pricing: on,
            cloud_traffic: on,
        }
    }
}

/// The two models that have a name on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// The same numbers as the original, to the last digit.
    #[default]
    Original,
    /// Every distortion put right.
    Corrected,
}

impl Model {
    /// The name on the command line and in study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Corrected => "corrected",
        }
    }

    /// What the model corrects.
    pub fn corrections(self) -> Corrections {
        match self {
            Self::Original => Corrections::NONE,
            Self::Corrected => Corrections::ALL,
        }
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let models = [Self::Original, Self::Corrected];
        let found = models.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| format!("model `{name}` is unknown, expected original or corrected"))
    }
}
