//! Workflows: chains and DAGs of functions with named state.
//!
//! A [`Plan`] declares the functions, their order, and the state that each of them
//! needs. A client carries it out in one of two styles ([`Run`]):
//!
//! * **client-driven**: the client calls one function after the other, each with the
//!   results of the ones before it;
//! * **hop by hop**: the client calls the first function and names a callback;
//!   each computer ([`Host`]) calls the next functions through its *companion*
//!   broker, and the last one sends the result to the callback.
//!
//! State travels inside the messages (*embedded*), or only a reference to it travels
//! (*remote*). A remote state is in a [`StateStore`] at the client, at a computer or
//! elsewhere, and moves to the computer that needs it ([`Moves`]). Cicconetti, Conti,
//! Passarella, "FaaS execution models for edge applications", Pervasive and Mobile
//! Computing 2022, compare the styles.
//!
//! All state machines here follow the same rules. Time is an argument. `next_wake`
//! and `wake` are the methods for time. `poll` returns actions, and the driver
//! reports their outcome under the key of the action. Late and unknown keys are
//! ignored.
//!
//! The representation of arguments and states is generic ([`Matter`]): a simulation
//! only has their [`Sizes`], the live system their [`Contents`].
//!
//! # Joins
//!
//! A step of a DAG with several predecessors runs when the requests of all of them
//! have arrived at the same computer. [`Meeting`] determines this computer for all
//! brokers. The requests are those of the original, plus the number of the step from
//! which they come, so that a request that arrives twice is counted once. A request
//! without this number is counted in any free place. The function receives the
//! results of all predecessors, in the order of their numbers: texts as netstrings
//! (`5:hello,3:abc,`), binary data as a protobuf message with the single field
//! `repeated bytes parts = 1`.
//!
//! A join that is not complete within its deadline ends with an error to the caller,
//! and its parts are dropped.

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
