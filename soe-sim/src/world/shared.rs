//! What all entities of the world share.

use soe_model::broker::table::TableNames;
use soe_model::computer::Computer;
use soe_model::names::{EndpointId, FunctionId, Names};

use super::leg::{Leg, Reply};
use super::recorder::Recorder;
use super::wire::Wire;

/// The wire between entities, the memory of the run, and names.
pub(super) struct Shared<'o> {
    pub wire: Wire,
    pub recorder: Recorder<'o>,
    pub functions: Names<FunctionId>,
    pub endpoints: Names<EndpointId>,
}

impl Shared<'_> {
    /// The names of the functions of a computer.
    pub fn functions_of(&self, machine: &Computer) -> Vec<String> {
        let functions = machine.functions();
        let names = functions.map(|function| self.functions.name(function).to_owned());
        names.collect()
    }

    /// The names that brokers need.
    pub fn names(&self) -> TableNames<'_> {
        TableNames {
            functions: &self.functions,
            endpoints: &self.endpoints,
        }
    }

    /// Why the receiver of a leg did not do what was asked, in words; `None` if it did.
    pub fn failure(&self, leg: &Leg) -> Option<String> {
        match leg.reply {
            Reply::Done(_) => None,
            Reply::Refused(text) => Some(self.recorder.text(text).to_owned()),
            Reply::Unreachable | Reply::Lost | Reply::Pending => {
                Some(unreachable(self.endpoints.name(leg.to)))
            }
        }
    }
}

/// The error that a workflow is told about a computer or broker that did not answer.
pub(super) fn unreachable(name: &str) -> String {
    format!("RPC failed: {name} is unreachable")
}
