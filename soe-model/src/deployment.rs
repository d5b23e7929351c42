//! The resolved form of a deployment and its run: every entity, the network, the
//! planned changes and the run control, with all defaults filled in.
//!
//! Scenario files and the options of the executables are resolved to this form, and
//! the simulation and the live system start from it.

mod load;

pub use load::OfferedLoad;

use sim_core::{SimDuration, SimTime};

use crate::broker::BrokerSpec;
use crate::client::ClientSpec;
use crate::computer::ComputerSpec;
use crate::controller::ControllerSpec;
use crate::network::{Link, Network};
use crate::units::OpsPerSecond;
use crate::workflow::{JoinRule, StateServer, WorkflowHost, WorkflowSpec};

/// Everything that takes part in a run.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The nodes and the links between them.
    pub network: Network,
    /// What executes functions.
    pub computers: Vec<ComputerSpec>,
    /// What forwards calls.
    pub brokers: Vec<BrokerSpec>,
    /// What fills the tables of brokers.
    pub controllers: Vec<ControllerSpec>,
    /// What issues calls. A client whose function is the name of a workflow runs
    /// that.
    pub clients: Vec<ClientSpec>,
    /// What clients run beside single functions.
    pub workflows: Vec<WorkflowSpec>,
    /// What computers contribute to workflows: none, or one for each.
    pub workflow_hosts: Vec<WorkflowHost>,
    /// What changes while the run goes on, in order of time.
    pub events: Vec<TimedEvent>,
    /// How long and how often it is run.
    pub run: RunControl,
}

impl Deployment {
    /// What a computer contributes to workflows; its own state server if nothing
    /// else is said.
    pub fn workflow_host(&self, computer: &str) -> WorkflowHost {
        let mut hosts = self.workflow_hosts.iter();
        let host = hosts.find(|host| host.computer == computer).cloned();
        host.unwrap_or_else(|| WorkflowHost {
            computer: computer.to_owned(),
            companion: None,
            state_server: StateServer::Own,
        })
    }

    /// What functions with several predecessors receive from computers: only what
    /// came last, if some workflow is as in the original.
    pub fn join_rule(&self) -> JoinRule {
        let last = |spec: &WorkflowSpec| spec.join == JoinRule::Last;
        match self.workflows.iter().any(last) {
            true => JoinRule::Last,
            false => JoinRule::All,
        }
    }

    /// How long computers wait in workflows: as long as the most patient client.
    pub fn workflow_deadline(&self) -> SimDuration {
        let deadlines = self.workflows.iter().map(|spec| spec.deadline);
        deadlines.max().unwrap_or(SimDuration::ZERO)
    }
}

/// How long and how often a deployment is run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunControl {
    /// The seed of all random draws.
    pub seed: u64,
    /// How many independent replications, at least 1.
    pub replications: u32,
    /// Calls sent before this time leave no trace in the statistics, and
    /// time-weighted ones start here.
    pub warm_up: SimDuration,
    /// The run ends at this time, if not before.
    pub duration: Option<SimDuration>,
    /// No more calls are issued after this many, over all clients; the run ends
    /// when they have all been answered.
    pub calls: Option<u64>,
    /// The latency that a call should not exceed (a service-level objective), if any.
    pub slo: Option<SimDuration>,
}

/// A planned change.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedEvent {
    /// When it happens.
    pub at: SimTime,
    /// What happens.
    pub change: Change,
}

/// What can change while a run goes on. Entities are named.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The computer vanishes without a word: what it executes is lost, and
    /// messages to it fail.
    ComputerFails {
        /// Its name.
        computer: String,
    },
    /// The computer deregisters from its controller, finishes its pending invocations, and stops.
    ComputerLeaves {
        /// Its name.
        computer: String,
    },
    /// The computer, absent until now, is there and tells its controller.
    ComputerJoins {
        /// Its name.
        computer: String,
    },
    /// A processor, or all of a computer, runs at another speed from now on.
    ComputerSlows {
        /// Its name.
        computer: String,
        /// Only this processor, if given.
        processor: Option<String>,
        /// The new speed of each core.
        speed: OpsPerSecond,
    },
    /// What joins two nodes, in both directions, changes.
    LinkChanges {
        /// One node.
        from: String,
        /// The other node.
        to: String,
        /// What joins them from now on.
        link: Link,
    },
    /// A weight in the tables of a broker is set.
    WeightSet {
        /// The broker.
        broker: String,
        /// The function.
        function: String,
        /// The destination.
        destination: String,
        /// The weight, positive.
        weight: f32,
    },
    /// The client starts issuing calls.
    ClientStarts {
        /// Its name.
        client: String,
    },
    /// The client stops issuing calls.
    ClientStops {
        /// Its name.
        client: String,
    },
}
