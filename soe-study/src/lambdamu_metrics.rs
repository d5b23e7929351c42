//! The metrics of LambdaMuSim.

analysis::metrics! {
    /// All metrics of LambdaMuSim, in the order of reports.
    pub METRICS;

    NUM_LAMBDA = "num_lambda", Count, "applications in their lambda phase", Neither, 0,
        "Applications in their lambda (stateless) phase; over time their average";
    NUM_MU = "num_mu", Count, "applications in their mu phase", Neither, 0,
        "Applications in their mu (stateful) phase; over time their average";
    LAMBDA_COST = "lambda_cost", Count, "cost of lambda", Lower, 2,
        "Cost of the applications in their lambda phase: links crossed times data, and storage";
    MU_COST = "mu_cost", Count, "cost of mu", Lower, 3,
        "Cost of the applications in their mu phase: links crossed times data";
    TOTAL_COST = "total_cost", Count, "total cost", Lower, 1,
        "Cost of all applications";
    LAMBDA_COST_PER_APP = "lambda_cost_per_app", Count, "cost of lambda per application", Lower, 0,
        "Cost of the applications in their lambda phase, over the average number of all applications";
    MU_COST_PER_APP = "mu_cost_per_app", Count, "cost of mu per application", Lower, 0,
        "Cost of the applications in their mu phase, over the average number of all applications";
    LAMBDA_COST_EACH = "lambda_cost_each", Count, "cost of an application in its lambda phase", Lower, 0,
        "Cost of the applications in their lambda phase, over their number";
    MU_COST_EACH = "mu_cost_each", Count, "cost of an application in its mu phase", Lower, 0,
        "Cost of the applications in their mu phase, over their number";
    LAMBDA_SERVICE_CLOUD = "lambda_service_cloud", Ratio, "requests of lambda in the cloud", Lower, 0,
        "Share of the requests of applications in their lambda phase that the cloud serves";
    MU_SERVICE_CLOUD = "mu_service_cloud", Ratio, "requests of mu in the cloud", Lower, 0,
        "Share of the requests of applications in their mu phase that the cloud serves";
    MU_CLOUD = "mu_cloud", Count, "applications of mu in the cloud", Lower, 0,
        "Applications in their mu phase whose container is in the cloud";
    MU_CLOUD_SHARE = "mu_cloud_share", Ratio, "share of mu in the cloud", Lower, 0,
        "Share of the applications in their mu phase whose container is in the cloud";
    MIGRATIONS = "migrations", Count, "migrations", Lower, 0,
        "How often a placement moved an application in its mu phase from one node to another";
    MIGRATION_RATE = "migration_rate", Count, "migrations per mu application and hour", Lower, 0,
        "Migrations per hour after the warm-up and application in its mu phase";
    OPTIMIZATIONS = "optimizations", Count, "placements", Lower, 0,
        "How often all applications were placed";
    OPTIMIZATION_RATE = "optimization_rate", Count, "placements per hour", Lower, 0,
        "Placements of all applications per hour after the warm-up";
    MU_CLOUD_CDF = "mu_cloud_cdf", Ratio, "share of replications", Higher, 0,
        "Share of the replications with no more applications in their mu phase in the cloud than this";
    MU_CLOUD_SHARE_CDF = "mu_cloud_share_cdf", Ratio, "share of replications", Higher, 0,
        "Share of the replications with no greater share of mu in the cloud than this";
    MU_COST_CDF = "mu_cost_cdf", Ratio, "share of replications", Higher, 0,
        "Share of the replications in which an application in its mu phase costs no more than this";
}
