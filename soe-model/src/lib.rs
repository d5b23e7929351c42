//! The models of serverless computing at the edge, as state machines without I/O.

pub mod broker;
pub mod catalogue;
pub mod client;
pub mod computer;
pub mod conf;
pub mod controller;
pub mod deployment;
pub mod function;
pub mod names;
pub mod network;
pub mod topology;
pub mod units;
pub mod workflow;
