//! The models of serverless computing at the edge: functions, computers, brokers,
//! controllers and clients, as state machines without I/O.
//!
//! # A guided tour
//!
//! No model reads a clock, sleeps, opens a socket or starts a thread. A driver tells it
//! the time and what happened; the model returns what must happen next, and the driver
//! does it. The simulator (crate `soe-sim`) drives the models with simulated time, the
//! live system (crate `soe-live`) with a clock and sockets. Each policy is therefore
//! written once.
//!
//! **Functions** ([`function`]) need operations and memory in proportion to their input.
//!
//! **Computers** ([`computer::Computer`]) execute them: containers with workers and
//! queues, on processors whose cores are shared.
//!
//! **Instances** ([`instances::Instances`]) are the life cycle of containers: cold starts,
//! keep-alive, eviction and autoscaling.
//!
//! **Brokers** ([`broker::Broker`]) select a destination for each call. A router selects
//! by [policy](broker::policy) and by weights that an [optimizer](broker::optimizer)
//! updates. A dispatcher selects by the predictions of its
//! [estimator](broker::estimator).
//!
//! **Controllers** ([`controller::Controller`]) inform brokers about computers.
//!
//! **Clients** ([`client::Client`]) issue calls. An [arrival process](client::arrival)
//! decides when, and a [distribution](client::size) how large.
//!
//! **Workflows** ([`workflow`]) are chains and DAGs of functions with state. Their
//! machines decide which request is sent next, where branches meet, and how state moves.
//!
//! **Multi-access edge computing** ([`mec`]) tells device applications which end-point to
//! call: applications, contexts, notifications and balanced assignment.
//!
//! **The network** is a [`network`] of latencies and rates between nodes, or a
//! [`topology`] of nodes and links with routes.
//!
//! A [`deployment::Deployment`] holds all of them, resolved and checked. Scenario files
//! and command lines are resolved to it, and both drivers start from it. Policies,
//! optimizers and other kinds are selected by name from a [`catalogue`]; a new kind is
//! one file and one line in its catalogue.
//!
//! Every model has two methods for time: `next_wake` returns when it must be woken, and
//! `wake` is called at that time. Every model that needs random numbers gets its own
//! [`Stream`](sim_core::Stream).
//!
//! # A complete example
//!
//! A controller gets the announcements of a router and a computer, and updates the
//! router. The router forwards a call to the computer, which executes it. The driver in
//! this example is a few lines that deliver messages without delay.
//!
//! ```
//! use sim_core::{SimDuration, SimTime, Streams};
//! use soe_model::broker::{
//!     Action, Answer, Broker, BrokerKind, BrokerSpec, CallHeader, CallId, Compatibility, Failover,
//!     ForwardingTime, Limits, Outcome, Safeguards, optimizer::OPTIMIZERS, policy::POLICIES,
//!     table::TableNames,
//! };
//! use soe_model::computer::{Computer, TaskId, platform::PLATFORMS};
//! use soe_model::controller::{Container, Controller, InstallerSpec, Place};
//! use soe_model::names::Names;
//! use soe_model::units::Bytes;
//!
//! let (mut functions, mut endpoints) = (Names::default(), Names::default());
//! let streams = Streams::new(42, 0);
//! let mut now = SimTime::ZERO;
//!
//! // A Raspberry Pi, a router, and a controller that knows nobody yet.
//! let raspberry = PLATFORMS.configure("raspberry", vec![])?;
//! let raspberry = (raspberry.kind.build)(&raspberry.arguments);
//! let spec = raspberry.computer("pi".into(), "shelf".into(), None);
//! let mut computer = Computer::new(&spec, &mut functions)?;
//! let spec = BrokerSpec {
//!     name: "router".into(),
//!     node: "cabinet".into(),
//!     controller: None,
//!     kind: BrokerKind::Router {
//!         policy: POLICIES.configure("least-impedance", vec![])?,
//!         optimizer: OPTIMIZERS.configure("asyncPF", vec![])?,
//!     },
//!     limits: Limits::default(),
//!     forwarding_time: ForwardingTime::default(),
//!     table: vec![],
//!     compatibility: Compatibility::Corrected,
//!     failover: Failover::Always,
//!     safeguards: Safeguards::default(),
//! };
//! let mut router = Broker::new(&spec, &mut functions, &mut endpoints, &streams)?;
//! let mut controller = Controller::new(&InstallerSpec::Flat, streams.stream("control", "home"));
//!
//! // Both announce themselves; the controller says what is to be pushed to whom.
//! let clambda0 = functions.intern("clambda0");
//! let at = Place { endpoint: endpoints.intern("router"), node: "cabinet" };
//! assert!(controller.announce_broker(at, &endpoints)?.is_empty());
//! let at = Place { endpoint: endpoints.intern("pi"), node: "shelf" };
//! let container = Container {
//!     name: "ccontainer0".into(),
//!     processor: "arm".into(),
//!     function: clambda0,
//!     workers: 4,
//! };
//! for push in controller.announce_computer(at, &[container], &endpoints)? {
//!     for command in &push.commands {
//!         let names = TableNames { functions: &functions, endpoints: &endpoints };
//!         router.configure(now, command, names)?;
//!     }
//! }
//!
//! // A call of 10 000 bytes arrives at the router, which forwards it.
//! let header = CallHeader {
//!     function: clambda0,
//!     input: Bytes(10_000),
//!     forward: false,
//!     hops: 0,
//!     dry: false,
//! };
//! router.arrive(now, CallId(1), &header);
//! let Some(Action::Forward { attempt, destination, header, .. }) = router.poll() else {
//!     panic!("the router knows a destination");
//! };
//! assert_eq!(endpoints.name(destination), "pi");
//!
//! // The computer executes it: 10 004 million operations at 100 Gop/s.
//! assert!(computer.submit(now, TaskId(1), header.function, header.input).is_ok());
//! now = computer.next_wake().expect("a task is running");
//! let completion = computer.wake(now).expect("the task is done");
//! assert_eq!(completion.processing(), SimDuration::from_micros(100_040));
//!
//! // The router learns from the answer and passes it on.
//! let answer = Answer { processing: completion.processing(), ..Answer::default() };
//! router.answered(now, attempt, &answer);
//! let Some(Action::Respond { outcome: Outcome::Answered { latency, .. }, .. }) = router.poll()
//! else {
//!     panic!("the call was answered");
//! };
//! assert_eq!(latency, completion.processing());
//! let overall = router.tables().next().expect("a router has two tables");
//! let names = TableNames { functions: &functions, endpoints: &endpoints };
//! assert_eq!(overall.dump(names), "clambda0 [0.10004] pi (F)\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod broker;
pub mod catalogue;
pub mod client;
pub mod computer;
pub mod conf;
pub mod controller;
pub mod deployment;
pub mod duration;
pub mod function;
mod hash;
pub mod instances;
pub mod mec;
pub mod names;
pub mod network;
pub mod sorts;
pub mod text;
pub mod topology;
pub mod units;
pub mod workflow;
