//! `soe completions`: completion scripts for shells.

use clap::Command;
use clap_complete::Shell;

use crate::failure::{Failure, print};

/// Prints the completions of `command` for a shell. They are made in memory first: the
/// generator panics where it cannot write.
pub fn run(shell: Shell, command: &mut Command) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, command, "soe", &mut text);
    print(&String::from_utf8_lossy(&text))
}
