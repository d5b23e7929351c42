//! The events of the world, and the wake-ups of entities.

use sim_core::{Context, EventKey, SimTime};

use super::ids::{BrokerId, ClientId, ComputerId, LegId, RunId};

/// An event of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The run starts.
    Start,
    /// A client is woken.
    Client(ClientId),
    /// A broker is woken.
    Broker(BrokerId),
    /// A computer is woken.
    Computer(ComputerId),
    /// The request of a leg reaches its receiver.
    Request(LegId),
    /// The response of a leg reaches its sender.
    Response(LegId),
    /// A message of the control plane arrives.
    Control(u32),
    /// A message about the context of a client arrives.
    Context(u32),
    /// A planned change happens.
    Change(u32),
    /// A message of a workflow other than a call arrives.
    Flow(u32),
    /// A run is woken.
    Run(RunId),
    /// The workflows at a computer are woken.
    Host(ComputerId),
    /// The warm-up ends.
    WarmUp,
    /// Quantities are sampled.
    Sample,
    /// The run ends.
    End,
}

// The event calendar moves events about.
const _: () = assert!(size_of::<Event>() == 8);

pub(super) type Cx<'a> = Context<'a, Event>;

/// The pending wake-up of an entity.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<(SimTime, EventKey)>);

impl Alarm {
    /// Schedules the wake-up at `wanted`, in place of an earlier request.
    #[inline]
    pub fn set(&mut self, wanted: Option<SimTime>, event: Event, cx: &mut Cx<'_>) {
        match (&self.0, wanted) {
            (Some((at, _)), Some(wanted)) if *at == wanted => return,
            (None, None) => return,
            (Some((_, key)), _) => {
                cx.cancel(*key);
            }
            (None, Some(_)) => {}
        }
        self.0 = wanted.map(|at| (at, cx.schedule_at(at, event)));
    }

    /// The wake-up happened; returns whether there was one.
    #[inline]
    pub fn rang(&mut self) -> bool {
        self.0.take().is_some()
    }

    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}
