//! What a replication measures.

/// The numbers of one replication. Those of a dynamic simulation are averages over time,
/// not a number if nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Containers, with those of the cloud.
    pub num_containers: u64,
    /// Sum of the capacity of one container of each node.
    pub tot_capacity: u64,
    /// Applications in their lambda phase.
    pub num_lambda: f64,
    /// Applications in their mu phase.
    pub num_mu: f64,
    /// Cost of the applications in their lambda phase.
    pub lambda_cost: f64,
    /// Share of their requests that the cloud serves.
    pub lambda_service_cloud: f64,
    /// Cost of the applications in their mu phase.
    pub mu_cost: f64,
    /// How many of them are in the cloud.
    pub mu_cloud: f64,
    /// Share of their requests that the cloud serves.
    pub mu_service_cloud: f64,
    /// How often the orchestrator moved one of them from one node to another.
    pub mu_migrations: u64,
    /// How often the orchestrator placed all applications.
    pub num_optimizations: u64,
}
