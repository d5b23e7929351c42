//! The metrics of StateSim.

analysis::metrics! {
    /// All metrics of StateSim, in the order of reports.
    pub METRICS;

    JOBS = "jobs", Count, "jobs", Neither, 0,
        "Jobs of the replication";
    PROCESSING_MEAN = "processing_mean", Nanoseconds, "mean processing time", Lower, 0,
        "Mean over jobs of the time spent processing";
    PROCESSING_P50 = "processing_p50", Nanoseconds, "median processing time", Lower, 0,
        "Median over jobs of the time spent processing";
    PROCESSING_P90 = "processing_p90", Nanoseconds, "90th percentile of processing time", Lower, 0,
        "90th percentile over jobs of the time spent processing";
    PROCESSING_P95 = "processing_p95", Nanoseconds, "95th percentile of processing time", Lower, 0,
        "95th percentile over jobs of the time spent processing";
    PROCESSING_P99 = "processing_p99", Nanoseconds, "99th percentile of processing time", Lower, 0,
        "99th percentile over jobs of the time spent processing";
    NETWORK_MEAN = "network_mean", Nanoseconds, "mean network latency", Lower, 1,
        "Mean over jobs of the time spent in the network";
    NETWORK_P50 = "network_p50", Nanoseconds, "median network latency", Lower, 0,
        "Median over jobs of the time spent in the network";
    NETWORK_P90 = "network_p90", Nanoseconds, "90th percentile of network latency", Lower, 0,
        "90th percentile over jobs of the time spent in the network";
    NETWORK_P95 = "network_p95", Nanoseconds, "95th percentile of network latency", Lower, 0,
        "95th percentile over jobs of the time spent in the network";
    NETWORK_P99 = "network_p99", Nanoseconds, "99th percentile of network latency", Lower, 0,
        "99th percentile over jobs of the time spent in the network";
    TOTAL_MEAN = "total_mean", Nanoseconds, "mean total delay", Lower, 0,
        "Mean over jobs of the total delay, processing and network";
    TOTAL_P50 = "total_p50", Nanoseconds, "median total delay", Lower, 0,
        "Median over jobs of the total delay";
    TOTAL_P90 = "total_p90", Nanoseconds, "90th percentile of total delay", Lower, 0,
        "90th percentile over jobs of the total delay";
    TOTAL_P95 = "total_p95", Nanoseconds, "95th percentile of total delay", Lower, 0,
        "95th percentile over jobs of the total delay";
    TOTAL_P99 = "total_p99", Nanoseconds, "99th percentile of total delay", Lower, 0,
        "99th percentile over jobs of the total delay";
    TRAFFIC_MEAN = "traffic_mean", Bytes, "mean traffic", Lower, 2,
        "Mean over jobs of the traffic, bytes times links";
    TRAFFIC_P50 = "traffic_p50", Bytes, "median traffic", Lower, 0,
        "Median over jobs of the traffic, bytes times links";
    TRAFFIC_P90 = "traffic_p90", Bytes, "90th percentile of traffic", Lower, 0,
        "90th percentile over jobs of the traffic, bytes times links";
    TRAFFIC_P95 = "traffic_p95", Bytes, "95th percentile of traffic", Lower, 0,
        "95th percentile over jobs of the traffic, bytes times links";
    TRAFFIC_P99 = "traffic_p99", Bytes, "99th percentile of traffic", Lower, 0,
        "99th percentile over jobs of the traffic, bytes times links";
    TRAFFIC_TOTAL = "traffic_total", Bytes, "total traffic", Lower, 0,
        "Traffic of all jobs together, bytes times links";
    NETWORK_BY_CHAIN = "network_by_chain", Nanoseconds, "mean network latency", Lower, 0,
        "Mean time spent in the network by jobs with chains of this length, over the jobs of all \
         replications";
    TRAFFIC_BY_CHAIN = "traffic_by_chain", Bytes, "mean traffic", Lower, 0,
        "Mean traffic of jobs with chains of this length, over the jobs of all replications";
    CHAIN_SHARE = "chain_share", Ratio, "share of jobs", Neither, 0,
        "Share of jobs whose chain has this length";
    DELAY_CDF = "delay_cdf", Ratio, "share of jobs", Higher, 0,
        "Share of jobs whose total delay is at most this";
}
