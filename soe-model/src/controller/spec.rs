//! What a controller is made of.

/// A controller, to which computers and brokers announce themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerSpec {
    /// Its name.
    pub name: String,
    /// The node of the network on which it stands.
    pub node: String,
    /// How it fills the tables of the brokers.
    pub installer: InstallerSpec,
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
