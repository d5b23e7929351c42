//! Clients: when calls are issued, how large they are, and to which destination they
//! go first.
//!
//! Two methods drive a [`Client`]: [`Client::next_wake`] returns when it must act,
//! and [`Client::wake`] issues the calls that are due. The driver sends each call to
//! the destinations in [`Client::targets`] and reports every response to
//! [`Client::answered`].
//!
//! With several destinations, a client follows the "uncoordinated access" scheme
//! (Cicconetti, Conti, Passarella, "Uncoordinated access to serverless computing in
//! MEC systems for IoT", Computer Networks 2020). Each call goes to the preferred
//! destination and, with a small probability, to each of the others. The destination
//! that answers first becomes the preferred one.

pub mod arrival;
pub mod size;
pub mod trace;

mod outstanding;
mod spec;

use sim_core::{SimDuration, SimTime, Stream, Streams};

use crate::broker::ForwardingTime;
use crate::catalogue::ArgumentError;
use crate::units::Bytes;
use arrival::ArrivalProcess;
use outstanding::Outstanding;
pub use outstanding::Verdict;
use size::SizeDistribution;
pub use spec::{ClientSpec, Generator, Protocol};

/// A client that issues calls.
///
/// ```
/// use sim_core::{SimDuration, SimTime, Streams};
/// use soe_model::catalogue::Value;
/// use soe_model::client::{Client, ClientSpec, Generator, Protocol, Verdict};
/// use soe_model::client::{arrival::ARRIVALS, size::SIZES};
///
/// let second = SimDuration::from_secs(1);
/// let spec = ClientSpec {
///     name: "client".into(),
///     node: "edge".into(),
///     function: "clambda0".into(),
///     destinations: vec!["router".into()],
///     context: None,
///     persistence: 0.0,
///     arrivals: ARRIVALS.configure(
///         "closed-loop",
///         vec![("interval".into(), Value::Duration(second))],
///     )?,
///     sizes: SIZES.configure("fixed", vec![])?,
///     start: SimTime::ZERO,
///     stop: None,
///     max_calls: Some(10),
///     generator: Generator::Named,
///     protocol: Protocol::Grpc,
/// };
/// let mut client = Client::new(&spec, &Streams::new(42, 0))?;
///
/// // The first wake-up is the start, the second the first call.
/// assert_eq!(client.next_wake(), Some(SimTime::ZERO));
/// assert_eq!(client.wake(SimTime::ZERO), None);
/// let at = client.next_wake().unwrap();
/// assert_eq!(at, SimTime::ZERO + second);
/// let call = client.wake(at).unwrap();
/// assert_eq!(client.targets(), [0]);
///
/// // One call at a time: the next is planned when this one was answered.
/// assert_eq!(client.next_wake(), None);
/// let verdict = client.answered(at, call.number, 0, true);
/// assert_eq!(verdict, Verdict::Won);
/// assert_eq!(client.next_wake(), Some(at + second));
/// # Ok::<(), soe_model::catalogue::ArgumentError>(())
/// ```
#[derive(Debug)]
pub struct Client {
    arrivals: Box<dyn ArrivalProcess>,
    arrival_streams: Box<[Stream]>,
    sizes: Box<dyn SizeDistribution>,
    size_stream: Stream,
    open: bool,
    plan: Plan,
    // When to act on the plan; `MAX` if that depends on an answer.
    wake: SimTime,
    // The latest time that this client was told.
    now: SimTime,
    stop: SimTime,
    issued: u64,
    max_calls: u64,
    outstanding: Outstanding,
    /// The time of its front ends, if it calls through any, and its draws.
    front_end: Option<(ForwardingTime, Stream)>,
}

/// What a client will do next.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// Begin at this time.
    Start(SimTime),
    /// Issue a call.
    Call(SimTime),
    /// Wait for the answer to the last call.
    Answer,
    /// Nothing more.
    Nothing,
}

/// A call that a client issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number, counted from 0 for each client.
    pub number: u64,
    /// The size of its input.
    pub size: Bytes,
    /// When it was due; earlier than it is issued if the answer to the previous
    /// call came too late for the schedule.
    pub due: SimTime,
}

impl Client {
    /// The client that `spec` describes.
    ///
    /// # Errors
    /// If the arguments of the arrival process or of the size distribution
    /// contradict each other.
    pub fn new(spec: &ClientSpec, streams: &Streams) -> Result<Self, ArgumentError> {
        let arrivals = (spec.arrivals.kind.build)(&spec.arrivals.arguments)?;
        let sizes = (spec.sizes.kind.build)(&spec.sizes.arguments)?;
        let stream = |purpose: &str, number: u64| match spec.generator {
            Generator::Named => streams.stream(&spec.name, purpose),
            Generator::Original { index } => {
                let seed = streams.seed().wrapping_add(streams.replication());
                Stream::original(seed, u64::from(index), number)
            }
        };
        let arrival_streams = (1..)
            .zip(arrivals.purposes())
            .map(|(number, purpose)| stream(purpose, number))
            .collect();
        let destinations = match spec.context {
            Some(_) => 1,
            None => spec.destinations.len(),
        };
        let mut client = Self {
            open: arrivals.is_open(),
            arrivals,
            arrival_streams,
            sizes,
            size_stream: stream("sizes", 0),
            plan: Plan::Start(spec.start),
            wake: SimTime::MAX,
            now: SimTime::ZERO,
            stop: spec.stop.unwrap_or(SimTime::MAX),
            issued: 0,
            max_calls: spec.max_calls.unwrap_or(u64::MAX),
            outstanding: Outstanding::new(
                destinations as u32,
                spec.persistence,
                // What the original draws here is not reproducible.
                streams.stream(&spec.name, "probing"),
            ),
            front_end: match spec.protocol {
                Protocol::Grpc => None,
                Protocol::OpenWhisk { forwarding_time } => {
                    Some((forwarding_time, streams.stream(&spec.name, "front-end")))
                }
            },
        };
        client.schedule();
        Ok(client)
    }

    /// When this client wants to be woken, never before the latest time that it
    /// was told. Ask again after every call of another method.
    #[inline]
    pub fn next_wake(&self) -> Option<SimTime> {
        (self.wake < SimTime::MAX).then_some(self.wake)
    }

    /// Issues the next call if one is due at `now`. Repeat until it returns
    /// `None`: several calls may be due at the same time.
    pub fn wake(&mut self, now: SimTime) -> Option<Call> {
        if self.wake > now || now >= self.stop {
            return None;
        }
        let due = match self.plan {
            Plan::Call(due) => due,
            Plan::Start(_) => {
                self.start(now);
                return self.wake(now);
            }
            Plan::Answer | Plan::Nothing => return None,
        };
        self.now = now;
        let size = match self.arrivals.size() {
            Some(size) => size,
            None => self.sizes.draw(&mut self.size_stream),
        };
        let number = self.issued;
        self.issued += 1;
        self.outstanding.issue(number, self.open);
        if self.open {
            self.plan_next(now);
        } else {
            self.plan = Plan::Answer;
        }
        self.schedule();
        Some(Call { number, size, due })
    }

    /// Where the call that was issued last goes: positions in the list of
    /// destinations, the preferred one first.
    pub fn targets(&self) -> &[u32] {
        self.outstanding.targets()
    }

    /// How long a front end takes to forward a call to one destination; zero without
    /// front ends. Each call to a destination draws anew.
    #[inline]
    pub fn front_end_time(&mut self) -> SimDuration {
        match &mut self.front_end {
            None => SimDuration::ZERO,
            Some((time, stream)) => time.draw(stream),
        }
    }

    /// Takes the answer to a call from one destination at `now`; `good` tells
    /// whether the function was executed. Each target of a call answers once; an
    /// answer that never comes is reported as not good.
    pub fn answered(&mut self, now: SimTime, call: u64, destination: u32, good: bool) -> Verdict {
        self.now = now;
        let verdict = self.outstanding.answered(call, destination, good);
        let decided = matches!(verdict, Verdict::Won | Verdict::Failed);
        if decided && matches!(self.plan, Plan::Answer) {
            self.plan_next(now);
        }
        self.schedule();
        verdict
    }

    /// Starts the client, or starts it anew: its arrival process begins again,
    /// the count of calls goes on. A time to stop that has passed is forgotten.
    pub fn start(&mut self, now: SimTime) {
        self.now = now;
        if now >= self.stop {
            self.stop = SimTime::MAX;
        }
        let first = self.arrivals.first(now, &mut self.arrival_streams);
        self.plan = first.map_or(Plan::Nothing, Plan::Call);
        self.schedule();
    }

    /// Issues no more calls; outstanding ones may still be answered.
    pub fn stop(&mut self) {
        self.plan = Plan::Nothing;
        self.schedule();
    }

    /// Whether all its calls are over and it will issue none unless it is started again.
    pub fn is_idle(&self) -> bool {
        self.wake == SimTime::MAX && self.outstanding.is_empty()
    }

    /// How many calls were issued.
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// After how many calls it stops; [`u64::MAX`] if it does not.
    pub fn most_calls(&self) -> u64 {
        self.max_calls
    }

    /// The preferred destination, as a position in the list of destinations.
    pub fn preferred(&self) -> u32 {
        self.outstanding.preferred()
    }

    fn plan_next(&mut self, answered: SimTime) {
        let next = self.arrivals.next(answered, &mut self.arrival_streams);
        self.plan = next.map_or(Plan::Nothing, Plan::Call);
    }

    fn schedule(&mut self) {
        let at = match self.plan {
            Plan::Start(at) => at,
            // A closed client issues nothing before every answer came, also the
            // slower ones.
            Plan::Call(due) if self.open || self.outstanding.is_empty() => due,
            Plan::Call(_) | Plan::Answer | Plan::Nothing => SimTime::MAX,
        };
        let at = at.max(self.now);
        let acts = at < self.stop && self.issued < self.max_calls;
        self.wake = if acts { at } else { SimTime::MAX };
    }
}
