//! The `soe` command.

fn main() {}
