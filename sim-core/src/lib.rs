//! A deterministic discrete-event engine: simulated time, event calendar, random streams
//! and in-run monitors. It does not depend on any particular model.
//!
//! # A guided tour
//!
//! **Time** is an integer number of nanoseconds: [`SimTime`] is an instant,
//! [`SimDuration`] a span. Arithmetic saturates and never wraps.
//!
//! **A model** is a type of your own that implements [`Model`]. It has the state, an enum
//! of its events, and [`handle`](Model::handle), which carries out an event. The
//! [`Context`] passed to `handle` gives the time, schedules and cancels events, and stops
//! the run. [`Simulation`] holds the model and the [`Calendar`] of future events. It runs
//! them [to the end](Simulation::run_to_end), [up to some time](Simulation::run_until),
//! [some number](Simulation::run_events) of them, or [one by one](Simulation::step).
//! Simultaneous events run in the order in which they were scheduled. Everything is
//! statically dispatched and stored inline.
//!
//! **Random numbers** come from [`Streams`]: one independent [`Stream`] for each entity
//! and purpose, derived from their names. Adding an entity therefore does not change the
//! draws of any other, and two variants of a system get the same arrivals. [`libstdcxx`]
//! reproduces the random numbers of C++ programs.
//!
//! **Measurements** in constant memory are made by the [`monitor`]s: counts, means and
//! variances, time averages, quantiles.
//!
//! **Reproducibility**: the same model and seed give the same events on every platform.
//! [`Simulation::fingerprint`] verifies this with one number.
//!
//! # A complete example
//!
//! Customers arrive at a single server at random, 0.8 per second on average. They are
//! served one after the other, for an exponential time of mean 1 s. By theory (M/M/1),
//! they stay 1 / (1 - 0.8) = 5 s on average, and the server is busy 80 % of the time.
//!
//! ```
//! use std::collections::VecDeque;
//!
//! use sim_core::monitor::{Tally, TimeWeighted};
//! use sim_core::{Context, Model, SimDuration, SimTime, Simulation, StopReason, Stream, Streams};
//!
//! struct Station {
//!     arrivals: Stream,
//!     services: Stream,
//!     /// When those present came; the first is being served.
//!     present: VecDeque<SimTime>,
//!     stay: Tally,
//!     busy: TimeWeighted,
//! }
//!
//! enum Event {
//!     Arrival,
//!     Departure,
//! }
//!
//! impl Station {
//!     fn serve(&mut self, cx: &mut Context<'_, Event>) {
//!         let service = self.services.exponential_duration(SimDuration::from_secs(1));
//!         cx.schedule_in(service, Event::Departure);
//!     }
//! }
//!
//! impl Model for Station {
//!     type Event = Event;
//!
//!     fn handle(&mut self, event: Event, cx: &mut Context<'_, Event>) {
//!         match event {
//!             Event::Arrival => {
//!                 let gap = self.arrivals.exponential_duration(SimDuration::from_millis(1250));
//!                 cx.schedule_in(gap, Event::Arrival);
//!                 self.present.push_back(cx.now());
//!                 if self.present.len() == 1 {
//!                     self.busy.set(cx.now(), 1.0);
//!                     self.serve(cx);
//!                 }
//!             }
//!             Event::Departure => {
//!                 if let Some(came) = self.present.pop_front() {
//!                     self.stay.record(cx.now().since(came).as_secs_f64());
//!                 }
//!                 if self.present.is_empty() {
//!                     self.busy.set(cx.now(), 0.0);
//!                 } else {
//!                     self.serve(cx);
//!                 }
//!             }
//!         }
//!     }
//! }
//!
//! let streams = Streams::new(42, 0); // seed and replication
//! let mut simulation = Simulation::new(Station {
//!     arrivals: streams.stream("customers", "arrivals"),
//!     services: streams.stream("server", "service times"),
//!     present: VecDeque::new(),
//!     stay: Tally::new(),
//!     busy: TimeWeighted::new(SimTime::ZERO, 0.0),
//! });
//! simulation.schedule_at(SimTime::ZERO, Event::Arrival);
//!
//! // Cut the warm-up of the empty start, then observe for about 80 000 customers.
//! simulation.run_until(SimTime::ZERO + SimDuration::from_secs(1_000));
//! let now = simulation.now();
//! simulation.model_mut().stay.reset();
//! simulation.model_mut().busy.reset(now);
//! let end = now + SimDuration::from_secs(100_000);
//! assert_eq!(simulation.run_until(end), StopReason::TimeReached);
//!
//! let station = simulation.model();
//! let (stay, busy) = (station.stay.mean(), station.busy.average(end));
//! assert!(stay.is_some_and(|stay| (stay - 5.0).abs() < 0.5));
//! assert!(busy.is_some_and(|busy| (busy - 0.8).abs() < 0.02));
//! ```

mod calendar;
mod fingerprint;
pub mod indexed_heap;
pub mod libstdcxx;
pub mod monitor;
mod simulation;
mod slots;
mod stream;
mod time;

pub use calendar::{Calendar, Due, EventKey};
pub use fingerprint::Fingerprint;
pub use simulation::{Context, Model, Simulation, StopReason};
pub use slots::{SlotKey, Slots};
pub use stream::{Stream, Streams};
pub use time::{SimDuration, SimTime};
