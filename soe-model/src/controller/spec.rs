//! The specification of a controller.

use sim_core::SimDuration;

/// A controller, to which computers and brokers announce themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerSpec {
    /// Its name.
    pub name: String,
    /// Its node in the network.
    pub node: String,
    /// How it fills the tables of the brokers.
    pub installer: InstallerSpec,
    /// How often it assigns clients that ask it for a context to computers, if it does
    /// (type `etsi-balanced` of edgecontroller).
    pub balanced: Option<SimDuration>,
}

impl ControllerSpec {
    /// What a controller can be beside the source of forwarding tables; the first is the
    /// default.
    pub const TYPES: &'static [&'static str] = &["plain", "etsi-balanced"];
}

/// How a controller fills the tables of its brokers.
#[derive(Clone, Debug, PartialEq)]
pub enum InstallerSpec {
    /// Every broker knows every computer.
    Flat,
    /// Every computer has one home broker that knows it; the other brokers know
    /// the home broker.
    Hierarchical {
        /// Distances between the nodes on which computers and brokers stand.
        distances: Distances,
        /// What the home broker of a computer minimizes.
        objective: Objective,
    },
}

/// A square matrix of distances between named nodes (the original's
/// `--topology-file`), in any unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distances {
    /// Names of the nodes, all different.
    pub nodes: Vec<String>,
    /// Row by row: `rows[i][j]` is the distance from node `i` to node `j`.
    pub rows: Vec<Vec<f64>>,
}

/// What the home broker of a computer minimizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// The worst distance from any broker to the computer through its home, then
    /// the average.
    #[default]
    MinMax,
    /// The average, then the worst.
    MinAvg,
}

impl InstallerSpec {
    /// The words by which scenarios choose; the first is the default. The executable
    /// `edgecontroller` calls the second `hier`, as the original does.
    pub const WORDS: &'static [&'static str] = &["flat", "hierarchical"];
    /// What they mean.
    pub const HELP: &'static str = "Whether every broker knows every computer, or each computer \
         has one home broker that the others know; the default is that of edgecontroller.";
}

impl Objective {
    /// The words by which scenarios and the executable choose; the first is the
    /// default.
    pub const WORDS: &'static [&'static str] = &["min-max", "min-avg"];
    /// What they mean.
    pub const HELP: &'static str = "What a home broker minimizes: the worst distance or the \
         average; the default is that of edgecontroller.";

    /// What one of [`WORDS`](Self::WORDS) stands for; the default for any other.
    pub fn of_word(word: &str) -> Self {
        match word {
            "min-avg" => Self::MinAvg,
            _ => Self::MinMax,
        }
    }
}
