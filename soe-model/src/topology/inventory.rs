//! Counts of what a topology is made of.
/// todo
pub struct Inventory;
