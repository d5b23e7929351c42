//! Replications that ran live: their observations become the same metrics as those of a
//! simulation.

use analysis::Outcome;
use sim_core::{SimDuration, SimTime};
use soe_model::deployment::Deployment;
use soe_model::units::Bytes;

use super::metrics::{ComputerUsage, ReplicationResult, metrics};
use super::recorder::{Ended, Ending, Observer, Recorder};

/// What was seen of a replication.
#[derive(Clone, Debug, Default)]
pub struct ObservedRun {
    /// Its number, from 0.
    pub replication: u32,
    /// All calls, in any order.
    pub calls: Vec<ObservedCall>,
    /// How busy each computer of the deployment was, in its order.
    pub usage: Vec<ComputerUsage>,
    /// The forwarding tables of each broker at the end, by name, in the format of
    /// the original.
    pub tables: Vec<(String, String)>,
    /// When it ended.
    pub end: SimTime,
}

/// What was seen of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedCall {
    /// The client, as a position in the deployment.
    pub client: u32,
    /// When it was issued.
    pub sent: SimTime,
    /// The size of its input.
    pub input: Bytes,
    /// When it was over, and how; `None` if it was still in progress at the end.
    pub ended: Option<(SimTime, ObservedEnd)>,
}

/// How a call was over.
#[derive(Clone, Debug, PartialEq)]
pub enum ObservedEnd {
    /// It was executed.
    Completed {
        /// The computer, as a position in the deployment.
        computer: u32,
        /// On the computer, waiting included.
        processing: SimDuration,
        /// The load of the processor over the last second, in percent.
        load1: u8,
        /// The size of its output.
        output: Bytes,
        /// Nodes it passed.
        hops: u32,
    },
    /// An error with this text came back.
    Refused(String),
    /// No answer came.
    Lost,
}

impl ObservedRun {
    /// The result of this replication of `deployment`. The observer sees every
    /// call.
    ///
    /// # Panics
    /// If a call names a client or computer that the deployment does not have.
    pub(crate) fn result(
        mut self,
        deployment: &Deployment,
        observer: Option<&mut dyn Observer>,
    ) -> ReplicationResult {
        let clients: Vec<_> = deployment
            .clients
            .iter()
            .map(|spec| spec.name.clone())
            .collect();
        let computers = deployment.computers.iter();
        let computers: Vec<_> = computers.map(|spec| spec.name.clone()).collect();
        let mut functions: Vec<String> = Vec::new();
        let mut function_of = Vec::new();
        for client in &deployment.clients {
            let known = functions.iter().position(|name| *name == client.function);
            function_of.push(known.unwrap_or_else(|| {
                functions.push(client.function.clone());
                functions.len() - 1
            }) as u32);
        }
        let warm_up = SimTime::ZERO + deployment.run.warm_up;
        let mut recorder = Recorder::new(
            self.replication,
            &deployment.run,
            &clients,
            &functions,
            &computers,
            observer,
        );
        self.calls.sort_by_key(|call| call.sent);
        let mut numbers = vec![0; self.calls.len()];
        let mut warm = deployment.run.warm_up.is_zero();
        for (now, index, step) in timeline(&self.calls) {
            let call = &self.calls[index];
            let function = function_of[call.client as usize];
            if !warm && now >= warm_up {
                recorder.warmed_up(warm_up);
                warm = true;
            }
            match step {
                Step::Issue => numbers[index] = recorder.issued(now, function),
                Step::End(end) => {
                    let call = ended(call, end, numbers[index], function, &mut recorder);
                    recorder.ended(now, call);
                }
            }
        }
        if !warm {
            recorder.warmed_up(warm_up);
        }
        for (call, number) in self.calls.iter().zip(numbers) {
            if call.ended.is_none() {
                let function = function_of[call.client as usize];
                recorder.left_over(under_way(call, number, function));
            }
        }
        let functions: Vec<_> = functions.iter().map(String::as_str).collect();
        ReplicationResult {
            replication: self.replication,
            metrics: metrics(&mut recorder, &functions, &self.usage, warm_up, self.end),
            tables: self.tables,
            events: 0,
            fingerprint: 0,
            end: self.end,
        }
    }
}

/// Something that happens to a call.
#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Issue,
    End(&'a ObservedEnd),
}

/// What happens to calls, in order of time; at the same time in order of calls.
fn timeline(calls: &[ObservedCall]) -> Vec<(SimTime, usize, Step<'_>)> {
    let mut steps = Vec::with_capacity(2 * calls.len());
    for (index, call) in calls.iter().enumerate() {
        steps.push((call.sent, index, Step::Issue));
        if let Some((at, end)) = &call.ended {
            steps.push(((*at).max(call.sent), index, Step::End(end)));
        }
    }
    // Stable: a call is issued before it ends.
    steps.sort_by_key(|(at, index, _)| (*at, *index));
    steps
}

fn under_way(call: &ObservedCall, number: u64, function: u32) -> Ended {
    Ended {
        call: number,
        client: call.client,
        function,
        issued: call.sent,
        input: call.input.0,
        result: Ending::InProgress,
        path: None,
        hops: 0,
        parts: None,
    }
}

fn ended(
    call: &ObservedCall,
    end: &ObservedEnd,
    number: u64,
    function: u32,
    recorder: &mut Recorder<'_>,
) -> Ended {
    let mut over = under_way(call, number, function);
    over.result = match end {
        ObservedEnd::Completed {
            computer,
            processing,
            load1,
            output,
            hops,
        } => {
            over.hops = *hops;
            Ending::Completed {
                computer: *computer,
                processing: *processing,
                load1: *load1,
                output: output.0,
            }
        }
        ObservedEnd::Refused(text) => Ending::Lost(Outcome::Error(recorder.intern(text))),
        ObservedEnd::Lost => Ending::Lost(Outcome::Lost),
    };
    over
}
