//! The models of serverless at the edge as state machines without I/O: functions, computers, brokers, controller, clients, topology.
