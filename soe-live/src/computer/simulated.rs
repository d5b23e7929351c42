//! The model of a computer in real time.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use sim_core::{SimTime, SlotKey, Slots};
use soe_model::computer::{
    Completion, Computer, ComputerError, ComputerSpec, Load, Refusal, TaskId,
};
use soe_model::function::Output;
use soe_model::names::{FunctionId, Names};
use soe_model::units::Bytes;

use super::{Done, Text};
use crate::alarm::Alarm;
use crate::clock::Clock;
use crate::rpc::computer_info;

/// Executes functions by waiting for as long as they need.
#[derive(Debug)]
pub struct Simulated {
    core: Arc<Mutex<Core>>,
    clock: Clock,
    alarm: Alarm,
    containers: Vec<computer_info::Container>,
}

#[derive(Debug)]
struct Core {
    computer: Computer,
    functions: Names<FunctionId>,
    waiting: Slots<Waiting>,
}

/// A task that runs.
#[derive(Debug)]
enum Waiting {
    /// Its completion has not been requested yet.
    New,
    Asked(Waker),
    Done(Completion),
    /// No caller waits for it any longer.
    Left,
}

/// How much a processor is used.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub processor: String,
    /// The share of its cores in use in the last whole second.
    pub last_second: f64,
    /// The time of all its cores in use since the start, in seconds.
    pub busy: f64,
}

/// Why a computer could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimulatedError {
    /// Its parts do not fit together.
    #[error(transparent)]
    Computer(#[from] ComputerError),
    /// The system gives no thread for its timer.
    #[error("cannot start a timer: {0}")]
    Timer(#[from] io::Error),
}

impl Simulated {
    /// The computer that `spec` describes, idle since now.
    ///
    /// # Errors
    /// If its parts are inconsistent, or the thread of its timer cannot be started.
    pub fn new(spec: &ComputerSpec) -> Result<Self, SimulatedError> {
        let mut functions = Names::default();
        let computer = Computer::new(spec, &mut functions)?;
        let core = Arc::new(Mutex::new(Core {
            computer,
            functions,
            waiting: Slots::default(),
        }));
        let clock = Clock::start();
        let timed = core.clone();
        let alarm = Alarm::new("completions", move || {
            let mut core = lock(&timed);
            core.complete(clock.now());
            core.computer
                .next_wake()
                .and_then(|next| clock.instant(next))
        })?;
        let containers = spec.containers.iter();
        let containers = containers.map(|container| computer_info::Container {
            name: container.name.clone(),
            processor: container.processor.clone(),
            lambda: container.function.name.clone(),
            num_workers: container.workers,
        });
        Ok(Self {
            core,
            clock,
            alarm,
            containers: containers.collect(),
        })
    }

    /// What it offers.
    pub fn containers(&self) -> &[computer_info::Container] {
        &self.containers
    }

    /// How much each processor is used.
    pub(crate) fn utilization(&self) -> Vec<Used> {
        let mut core = lock(&self.core);
        let now = self.clock.now();
        core.complete(now);
        let names: Vec<_> = core.computer.processors().map(str::to_owned).collect();
        let used = names.into_iter().enumerate().map(|(number, processor)| {
            let usage = core.computer.usage(now, number);
            Used {
                processor,
                last_second: usage.last_second,
                busy: usage.busy.as_secs_f64() / f64::from(usage.cores),
            }
        });
        used.collect()
    }

    /// The tasks that are executed, and those that wait for a worker.
    pub(crate) fn tasks(&self) -> (usize, usize) {
        let core = lock(&self.core);
        (core.computer.running(), core.computer.queued())
    }

    /// Executes a function and returns when it is done.
    pub(super) async fn execute(&self, function: &str, input: usize) -> Result<Done, String> {
        let (task, output) = self.submit(function, input)?;
        let _left = Left {
            core: &self.core,
            task,
        };
        let completion = poll_fn(|cx| {
            let mut core = lock(&self.core);
            match core.waiting.get_mut(SlotKey::from_bits(task)) {
                Some(Waiting::Done(completion)) => Poll::Ready(Ok(*completion)),
                Some(waiting) => {
                    *waiting = Waiting::Asked(cx.waker().clone());
                    Poll::Pending
                }
                None => Poll::Ready(Err("the task is gone".to_owned())),
            }
        });
        let completion = completion.await?;
        Ok(Done {
            output,
            processing: completion.processing(),
            loads: loads(completion.load),
            in_flight: Some(lock(&self.core).computer.in_flight()),
        })
    }

    /// Submits a task, and says what it will return.
    fn submit(&self, function: &str, input: usize) -> Result<(u64, Text), String> {
        let mut core = lock(&self.core);
        let known = core.known(function)?;
        let task = core.waiting.insert(Waiting::New).to_bits();
        let input = Bytes(input as u64);
        let submitted = core
            .computer
            .submit(self.clock.now(), TaskId(task), known, input);
        if let Err(refusal) = submitted {
            core.waiting.remove(SlotKey::from_bits(task));
            return Err(core.explain(refusal));
        }
        let output = match core.computer.output(known) {
            Some(Output::Fixed(text)) => Text::Own(text.as_ref().to_owned()),
            Some(Output::Size(size)) => {
                let size = usize::try_from(size.0).map_err(|_| "the output is too large")?;
                Text::Own("A".repeat(size))
            }
            _ => Text::Input,
        };
        let now = self.clock.now();
        if core.computer.next_wake().is_some_and(|next| next <= now) {
            core.complete(now);
        }
        let next = core.computer.next_wake();
        if let Some(next) = next.and_then(|next| self.clock.instant(next)) {
            self.alarm.set(next);
        }
        Ok((task, output))
    }

    /// How long a function would take.
    pub(super) fn estimate(&self, function: &str, input: usize) -> Result<Done, String> {
        let mut core = lock(&self.core);
        let known = core.known(function)?;
        let now = self.clock.now();
        core.complete(now);
        let estimate = core.computer.estimate(now, known, Bytes(input as u64));
        match estimate {
            Ok((processing, load)) => Ok(Done {
                output: Text::Input,
                processing,
                loads: loads(load),
                in_flight: Some(core.computer.in_flight()),
            }),
            Err(refusal) => Err(core.explain(refusal)),
        }
    }
}

impl Core {
    /// The number of a function, or an error if it is unknown.
    fn known(&self, function: &str) -> Result<FunctionId, String> {
        self.functions.find(function).ok_or_else(|| {
            format!(
                "No container for lambda {function} found in computer computer@{}",
                self.computer.name()
            )
        })
    }

    fn explain(&self, refusal: Refusal) -> String {
        self.computer.explain(refusal, &self.functions)
    }

    /// Hands over the tasks that are done by `now`.
    fn complete(&mut self, now: SimTime) {
        while let Some(completion) = self.computer.wake(now) {
            let task = completion.task.0;
            let Some(waiting) = self.waiting.get_mut(SlotKey::from_bits(task)) else {
                continue;
            };
            match std::mem::replace(waiting, Waiting::Done(completion)) {
                Waiting::Asked(waker) => waker.wake(),
                Waiting::Left => {
                    self.waiting.remove(SlotKey::from_bits(task));
                }
                Waiting::New | Waiting::Done(_) => {}
            }
        }
    }
}

/// Drops a task when no caller waits for it any longer.
struct Left<'a> {
    core: &'a Mutex<Core>,
    task: u64,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let mut core = lock(self.core);
        match core.waiting.get_mut(SlotKey::from_bits(self.task)) {
            Some(Waiting::Done(_)) => {
                core.waiting.remove(SlotKey::from_bits(self.task));
            }
            Some(waiting) => *waiting = Waiting::Left,
            None => {}
        }
    }
}

fn loads(load: Load) -> [u8; 3] {
    [load.one, load.ten, load.thirty]
}

fn lock(core: &Mutex<Core>) -> MutexGuard<'_, Core> {
    core.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::SimDuration;
    use soe_model::catalogue::Value;
    use soe_model::computer::LifecycleSpec;
    use soe_model::computer::platform::PLATFORMS;
    use soe_model::duration::DURATIONS;
    use soe_model::instances::keep_alive::KEEP_ALIVES;
    use soe_model::instances::{
        Binding, InstancesSpec, Overflow, PoolSpec, Scaling, StartSpec, WarmChoice,
    };

    /// The first call waits for a start of 300 ms in real time, the second one does not.
    /// Processing times are those of the model, whatever the speed of this machine.
    #[tokio::test]
    async fn instances_start_and_stay_in_real_time() {
        let start = Value::Duration(SimDuration::from_millis(300));
        let start = vec![("duration".to_owned(), start)];
        let lifecycle = LifecycleSpec {
            pool: PoolSpec {
                keep_alive: KEEP_ALIVES.configure("fixed", Vec::new()).unwrap(),
                overflow: Overflow::Reject,
                images: None,
            },
            instances: InstancesSpec {
                scaling: Scaling::PerRequest,
                binding: Binding::Early,
                warm_choice: WarmChoice::Mru,
                concurrency: 1,
                min: 0,
                max: 1,
                queue: usize::MAX,
                memory: Bytes(0),
                start: StartSpec {
                    init: Some(DURATIONS.configure("fixed", start).unwrap()),
                    ..StartSpec::default()
                },
                teardown: SimDuration::ZERO,
                autoscaler: None,
            },
        };
        let platform = PLATFORMS.configure("raspberry", Vec::new()).unwrap();
        let platform = (platform.kind.build)(&platform.arguments);
        let mut spec = platform.computer("host".to_owned(), String::new(), None);
        for container in &mut spec.containers {
            container.workers = 1;
            container.lifecycle = Some(Box::new(lifecycle.clone()));
        }
        let computer = Simulated::new(&spec).unwrap();
        // 104 Mop on a core of 100 Gop/s: 1.04 ms.
        let call = || computer.execute("clambda0", 100);
        let began = std::time::Instant::now();
        let (first, refused) = tokio::join!(call(), call());
        assert!(began.elapsed() >= std::time::Duration::from_millis(300));
        assert_eq!(first.unwrap().processing, SimDuration::from_micros(301_040));
        assert!(
            refused
                .unwrap_err()
                .starts_with("No instance for lambda clambda0")
        );
        let second = call().await.unwrap();
        assert_eq!(second.processing, SimDuration::from_micros(1040));
    }
}
