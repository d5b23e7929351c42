//! The network between nodes: latency and rate, by pair or by class.
