//! The metrics of StateSim.

use analysis::{Metric, Unit};

macro_rules! metrics {
    ($($constant:ident = $name:literal, $unit:ident, $description:literal;)*) => {
        $(pub(crate) static $constant: Metric = Metric {
            name: $name,
            unit: Unit::$unit,
            description: $description,
        };)*

        /// All metrics of StateSim, in the order of reports.
        pub static METRICS: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    JOBS = "jobs", Count, "Jobs of the replication";
    PROCESSING_MEAN = "processing_mean", Nanoseconds, "Mean over jobs of the time spent processing";
    PROCESSING_P50 = "processing_p50", Nanoseconds, "Median over jobs of the time spent processing";
    PROCESSING_P90 = "processing_p90", Nanoseconds, "90th percentile over jobs of the time spent processing";
    PROCESSING_P95 = "processing_p95", Nanoseconds, "95th percentile over jobs of the time spent processing";
    PROCESSING_P99 = "processing_p99", Nanoseconds, "99th percentile over jobs of the time spent processing";
    NETWORK_MEAN = "network_mean", Nanoseconds, "Mean over jobs of the time spent in the network";
    NETWORK_P50 = "network_p50", Nanoseconds, "Median over jobs of the time spent in the network";
    NETWORK_P90 = "network_p90", Nanoseconds, "90th percentile over jobs of the time spent in the network";
    NETWORK_P95 = "network_p95", Nanoseconds, "95th percentile over jobs of the time spent in the network";
    NETWORK_P99 = "network_p99", Nanoseconds, "99th percentile over jobs of the time spent in the network";
    TOTAL_MEAN = "total_mean", Nanoseconds, "Mean over jobs of the total delay, processing and network";
    TOTAL_P50 = "total_p50", Nanoseconds, "Median over jobs of the total delay";
    TOTAL_P90 = "total_p90", Nanoseconds, "90th percentile over jobs of the total delay";
    TOTAL_P95 = "total_p95", Nanoseconds, "95th percentile over jobs of the total delay";
    TOTAL_P99 = "total_p99", Nanoseconds, "99th percentile over jobs of the total delay";
    TRAFFIC_MEAN = "traffic_mean", Bytes, "Mean over jobs of the traffic, bytes times links";
    TRAFFIC_P50 = "traffic_p50", Bytes, "Median over jobs of the traffic, bytes times links";
    TRAFFIC_P90 = "traffic_p90", Bytes, "90th percentile over jobs of the traffic, bytes times links";
    TRAFFIC_P95 = "traffic_p95", Bytes, "95th percentile over jobs of the traffic, bytes times links";
    TRAFFIC_P99 = "traffic_p99", Bytes, "99th percentile over jobs of the traffic, bytes times links";
    TRAFFIC_TOTAL = "traffic_total", Bytes, "Traffic of all jobs together, bytes times links";
    NETWORK_BY_CHAIN = "network_by_chain", Nanoseconds, "Mean time spent in the network by jobs of a length of chain, over the jobs of all replications";
    TRAFFIC_BY_CHAIN = "traffic_by_chain", Bytes, "Mean traffic of jobs of a length of chain, over the jobs of all replications";
    CHAIN_SHARE = "chain_share", Ratio, "Share of the jobs whose chain has this length";
    DELAY_CDF = "delay_cdf", Ratio, "Share of the jobs whose total delay is no more than this";
}
