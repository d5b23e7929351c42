//! Workflows: chains and DAGs of functions with named state.
//!
//! A [`Plan`] says which functions run in which order and which state each of
//! them needs. A client carries it out in one of two styles ([`Run`]):
//!
//! * **client-driven**: the client calls one function after the other, each with
//!   what the ones before it returned;
//! * **hop by hop**: the client calls the first function and names a callback;
//!   each computer ([`Host`]) calls the next functions through its *companion*
//!   broker, and the last one sends the result to the callback.
//!
//! State travels inside the messages (*embedded*) or stays where it is and
//! travels as a reference (*remote*): it lies in a [`StateStore`] at the client,
//! at a computer or elsewhere, and moves to the computer that needs it
//! ([`Moves`]). The styles are compared in Cicconetti, Conti, Passarella, "FaaS
//! execution models for edge applications", Pervasive and Mobile Computing 2022.
//!
//! All machines here follow the same rules: time is an argument, `next_wake` and
//! `wake` are the doors for time, what should happen outside comes out of
//! `poll`, and its outcome is reported under the identifier that came with it.
//! Late and unknown identifiers change nothing.
//!
//! What arguments and states are made of is left open ([`Matter`]): a simulation
//! only has their [`Sizes`], the live system their [`Contents`].
//!
//! # Joins
//!
//! A step of a DAG with several predecessors runs when the requests of all of
//! them have come to the same computer. Brokers send them to one place by
//! [`Meeting`]. The requests themselves are those of the original, plus the
//! number of the step they come from, so that a request which arrives twice is
//! counted once; a peer that does not say it is counted in any free place.
//! The function receives what all predecessors returned, in the order of their
//! numbers: texts as netstrings (`5:hello,3:abc,`), binary data as a protobuf
//! message with the one field `repeated bytes parts = 1`.
//!
//! A join that is not complete within its deadline ends with an error to the
//! caller, and nothing of it is kept.

mod admission;
mod conf;
mod file;
mod graph;
mod host;
mod join;
mod matter;
mod meeting;
mod message;
mod moving;
mod plan;
mod run;
mod series;
mod spec;
mod store;

pub use admission::{Problem, admit, check};
pub use conf::{Source, parse_conf};
pub use file::{Form, Workflow, WorkflowError};
pub use graph::GraphError;
pub use host::{CallKey, Host, HostAction, HostSpec, Sending, TaskKey};
pub use join::{Arrival, Joins};
pub use matter::{Argument, Contents, JoinRule, Matter, Sizes};
pub use meeting::{Meeting, uuid};
pub use message::{OK, Request, Response, StateRef, States};
pub use moving::{MoveOutcome, Moves, Question, StateRequest};
pub use plan::{Plan, Shape};
pub use run::{Outcome, Run, RunAction, RunSpec, Style};
pub use series::Series;
pub use spec::{StateServer, WorkflowHost, WorkflowSpec, WorkflowState};
pub use store::{StateReply, StateStore, Version};
