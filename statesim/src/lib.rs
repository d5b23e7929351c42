//! StateSim: latency and traffic of chains of stateful invocations on an edge topology.
