//! `soe scenario`: check a scenario, print the schema or the reference.

use scenarios::format::{self, Scenario};

use crate::cli::{ScenarioArgs, ScenarioCommand};
use crate::failure::{Failure, print};

/// Runs the command.
pub fn run(args: &ScenarioArgs) -> Result<(), Failure> {
    match &args.command {
        ScenarioCommand::Check { file, set } => {
            let mut scenario = Scenario::load(file).map_err(Failure::input)?;
            for assignment in set {
                scenario.set(assignment).map_err(Failure::input)?;
            }
            print(&soe_study::check(&scenario).map_err(Failure::input)?)
        }
        ScenarioCommand::Schema => print(&format::schema()),
        ScenarioCommand::Reference => print(&format::reference()),
    }
}
