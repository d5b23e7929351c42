//! The e-dispatcher: one table, and a prediction for every destination.

use sim_core::{SimDuration, SimTime, Stream};

use super::call::{CallHeader, ProbeReply};
use super::candidates::Candidates;
use super::command::{Command, ConfigureError, check};
use super::estimator::{Estimator, EstimatorSpec, Foresight, Observation, Prediction};
use super::events::AttemptOutcome;
use super::peers::Peers;
use super::spec::Compatibility;
use super::table::{EntryKey, PerEntry, Table};
use super::weighted::in_future;
use crate::names::{EndpointId, FunctionId, Names};

/// The table of a dispatcher and what predicts response times.
#[derive(Debug)]
pub struct Dispatcher {
    /// Rows are sorted by the names of the destinations.
    table: Table,
    estimator: Box<dyn Estimator>,
    compatibility: Compatibility,
    trials: PerEntry<Trial>,
    /// When the estimator wants to be woken.
    due: Option<SimTime>,
}

/// What a dispatcher decides about a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// There is no destination.
    None,
    /// It goes there.
    Entry(EntryKey, Option<Prediction>),
    /// All destinations of the function must be asked first.
    Ask,
}

/// Calls in progress to a destination of which nothing is known.
#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    calls: u32,
    /// When one was last sent there.
    since: Option<SimTime>,
}

/// A trial that brought no measurement within this time may be repeated.
const REPEAT_TRIAL: SimDuration = SimDuration::from_secs(30);

impl Dispatcher {
    /// A dispatcher with an empty table.
    pub fn new(estimator: &EstimatorSpec, compatibility: Compatibility) -> Self {
        let mut estimator = (estimator.kind.build)(&estimator.arguments);
        estimator.set_compatibility(compatibility);
        Self {
            table: Table::default(),
            estimator,
            compatibility,
            trials: PerEntry::default(),
            due: None,
        }
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Whether its estimator wants to be told of calls and probes.
    pub fn hears_events(&self) -> bool {
        !self.estimator.ignores_events()
    }

    /// The largest number of concurrent dry runs at one destination; `None` if
    /// it predicts by itself.
    pub fn asks(&self) -> Option<u32> {
        self.estimator.asks()
    }

    /// Which truth its questions are to be answered with, if they are.
    pub fn foresees(&self) -> Option<Foresight> {
        self.estimator.foresees()
    }

    /// Changes the table. Weights are checked, but always stored as 1.
    ///
    /// # Errors
    /// If the declared entry is invalid; then nothing has changed.
    pub fn configure(
        &mut self,
        now: SimTime,
        command: &Command,
        endpoints: &Names<EndpointId>,
    ) -> Result<(), ConfigureError> {
        match *command {
            Command::Flush => {
                for key in self.table.keys().collect::<Vec<_>>() {
                    self.remove_entry(now, key);
                }
            }
            Command::Change {
                function,
                destination,
                weight,
                is_final,
            } => {
                check(destination, weight, endpoints)?;
                match self.table.find(function, destination) {
                    Some(key) => self.table.set_final(key, is_final),
                    None => self.insert(function, destination, is_final, endpoints),
                }
            }
            Command::Remove {
                function,
                destination,
            } => self.remove(now, function, destination),
        }
        Ok(())
    }

    /// Removes a destination.
    pub fn remove(&mut self, now: SimTime, function: FunctionId, destination: EndpointId) {
        if let Some(key) = self.table.find(function, destination) {
            self.remove_entry(now, key);
        }
    }

    fn remove_entry(&mut self, now: SimTime, key: EntryKey) {
        if let Some(entry) = self.table.remove(key) {
            for _ in 0..entry.under_way {
                let target = entry.target(key);
                self.estimator.done(now, target, &AttemptOutcome::Cancelled);
            }
            self.refresh(now);
        }
    }

    /// Chooses the destination with the smallest prediction, the first in the
    /// order of names on ties.
    ///
    /// A destination of which nothing is known gets a call first, but only one
    /// until it answers: further calls go to those that are known, and only if
    /// there are none, to those that are tried already by the fewest calls.
    pub fn choose(&mut self, now: SimTime, call: &CallHeader, peers: &Peers) -> Choice {
        let row = self.table.row(call.function);
        if row.is_empty() {
            return Choice::None;
        }
        if self.estimator.asks().is_some() {
            return Choice::Ask;
        }
        let candidates = Candidates::new(&self.table, peers, call);
        let mut best: Option<(Rank, EntryKey, Option<Prediction>)> = None;
        for &key in row {
            let Some(entry) = self.table.entry(key) else {
                continue;
            };
            let target = entry.target(key);
            let prediction = self.estimator.predict(now, target, &candidates);
            let rank = match (prediction, self.compatibility) {
                (Some(prediction), _) => Rank::Predicted(prediction.total()),
                (None, Compatibility::Original) => Rank::Predicted(0.0),
                (None, Compatibility::Corrected) => self.trials.get_mut(key).rank(now),
            };
            if best.as_ref().is_none_or(|(least, _, _)| rank < *least) {
                best = Some((rank, key, prediction));
            }
        }
        match best {
            Some((_, key, prediction)) => {
                if prediction.is_none() {
                    let trial = self.trials.get_mut(key);
                    trial.calls += 1;
                    trial.since = Some(now);
                }
                Choice::Entry(key, prediction)
            }
            None => Choice::None,
        }
    }

    /// A call through `entry` was answered; ignored if the entry was removed.
    pub fn measured(&mut self, now: SimTime, entry: EntryKey, observation: &Observation) {
        if let Some(found) = self.table.entry(entry) {
            self.estimator.learn(now, found.target(entry), observation);
            *self.trials.get_mut(entry) = Trial::default();
            self.refresh(now);
        }
    }

    /// A call is assigned to an entry.
    pub fn sent(&mut self, now: SimTime, entry: EntryKey) {
        if let Some(found) = self.table.entry_mut(entry) {
            found.under_way += 1;
            let target = found.target(entry);
            self.estimator.sent(now, target);
            self.refresh(now);
        }
    }

    /// A call assigned to `entry` has ended or was withdrawn; ignored if the
    /// entry was removed.
    pub fn done(&mut self, now: SimTime, entry: EntryKey, outcome: &AttemptOutcome) {
        if let Some(found) = self.table.entry_mut(entry) {
            found.under_way = found.under_way.saturating_sub(1);
            let target = found.target(entry);
            self.estimator.done(now, target, outcome);
            self.refresh(now);
        }
    }

    /// Which destinations the estimator wants to probe now, in the name of a call.
    pub fn wants_probes(
        &mut self,
        now: SimTime,
        call: &CallHeader,
        peers: &Peers,
        chance: &mut Stream,
        wanted: &mut Vec<usize>,
    ) {
        let candidates = Candidates::new(&self.table, peers, call);
        self.estimator
            .wants_probes(now, &candidates, chance, wanted);
    }

    /// A probe or question through `entry` was replied to, or will not be; ignored
    /// if the entry was removed.
    pub fn probed(&mut self, now: SimTime, entry: EntryKey, reply: &ProbeReply) {
        let Some(found) = self.table.entry(entry) else {
            return;
        };
        let target = found.target(entry);
        match reply {
            ProbeReply::Answered(answer) => self.estimator.probed(now, target, answer),
            ProbeReply::Failed(failure) => {
                self.estimator.probe_failed(now, target, Some(*failure));
            }
            ProbeReply::TimedOut => self.estimator.probe_failed(now, target, None),
        }
        self.refresh(now);
    }

    /// When the estimator wants to be woken.
    pub fn next_wake(&self) -> Option<SimTime> {
        self.due
    }

    /// Wakes the estimator.
    pub fn wake(&mut self, now: SimTime) {
        self.estimator.wake(now);
        self.refresh(now);
    }

    fn refresh(&mut self, now: SimTime) {
        if self.estimator.ignores_events() {
            return;
        }
        let due = self.estimator.next_wake();
        self.due = due.map(|due| in_future(now, due));
    }

    fn insert(
        &mut self,
        function: FunctionId,
        destination: EndpointId,
        is_final: bool,
        endpoints: &Names<EndpointId>,
    ) {
        let name = endpoints.name(destination);
        let position = self.table.row(function).partition_point(|&key| {
            let entry = self.table.entry(key);
            entry.is_some_and(|entry| endpoints.name(entry.destination) < name)
        });
        self.table
            .insert(position, function, destination, 1.0, is_final);
    }
}

/// Lower is better.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Rank {
    Untried,
    Predicted(f64),
    OnTrial(u32),
}

impl Trial {
    fn rank(&self, now: SimTime) -> Rank {
        match self.since {
            Some(since) if now.since(since) < REPEAT_TRIAL => Rank::OnTrial(self.calls),
            _ => Rank::Untried,
        }
    }
}
