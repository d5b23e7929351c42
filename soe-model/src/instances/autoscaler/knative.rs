//! `knative`: the pod autoscaler of Knative Serving (`pkg/autoscaler/scaling`).
//!
//! Every tick compares the mean concurrency over a stable and a short panic window with the
//! target of one instance. In panic, which begins when the panic window asks for at least
//! twice the ready instances, their number never decreases.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime};

use super::window::Buckets;
use super::{Autoscaler, BuildAutoscaler};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildAutoscaler> = Kind {
    name: "knative",
    help: "The pod autoscaler of Knative: concurrency over a stable and a panic window, compared \
           with a target.",
    parameters: &[
        Parameter {
            name: "metric",
            quantity: Quantity::Word(&["concurrency", "rps"]),
            default: Some("concurrency"),
            help: "Calls in progress, or calls per second.",
        },
        Parameter {
            name: "target",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("0"),
            help: "The metric of one instance. 0 is 0.7 of its concurrency, or 140 with rps.",
        },
        Parameter {
            name: "tick",
            quantity: Quantity::Duration,
            default: Some("2 s"),
            help: "The time between two decisions.",
        },
        Parameter {
            name: "stable-window",
            quantity: Quantity::Duration,
            default: Some("60 s"),
            help: "The stable window, rounded up to seconds.",
        },
        Parameter {
            name: "panic-window",
            quantity: Quantity::Number {
                min: 0.01,
                max: 1.0,
            },
            default: Some("0.1"),
            help: "The panic window as a share of the stable window.",
        },
        Parameter {
            name: "panic-threshold",
            quantity: Quantity::Number {
                min: 1.0,
                max: f64::MAX,
            },
            default: Some("2"),
            help: "Wanted over ready instances from which panic begins.",
        },
        Parameter {
            name: "max-scale-up",
            quantity: Quantity::Number {
                min: 1.01,
                max: f64::MAX,
            },
            default: Some("1000"),
            help: "The greatest factor of one decision.",
        },
        Parameter {
            name: "max-scale-down",
            quantity: Quantity::Number {
                min: 1.01,
                max: f64::MAX,
            },
            default: Some("2"),
            help: "The greatest divisor of one decision.",
        },
        Parameter {
            name: "scale-down-delay",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "Instances are removed only if they were not wanted for this long.",
        },
        Parameter {
            name: "min-scale",
            quantity: Quantity::Count { min: 0 },
            default: Some("0"),
            help: "The least number of instances.",
        },
        Parameter {
            name: "max-scale",
            quantity: Quantity::Count { min: 0 },
            default: Some("0"),
            help: "The greatest number of instances; 0 is unlimited.",
        },
        Parameter {
            name: "initial-scale",
            quantity: Quantity::Count { min: 0 },
            default: Some("1"),
            help: "The number of instances at the start, ready at once.",
        },
        Parameter {
            name: "grace",
            quantity: Quantity::Duration,
            default: Some("0 s"),
            help: "How long the last instance is kept after none is wanted.",
        },
        Parameter {
            name: "poke",
            quantity: Quantity::Word(&["yes", "no"]),
            default: Some("yes"),
            help: "Whether a call that finds no instance creates one at once; otherwise at the \
                   next tick.",
        },
    ],
    version: 1,
    build: |arguments, concurrency| {
        let rps = arguments.word("metric") == "rps";
        let scale = |name| u32::try_from(arguments.count(name)).unwrap_or(u32::MAX);
        let target = match arguments.number("target") {
            0.0 if rps => 140.0,
            0.0 => 0.7 * f64::from(concurrency.max(1)),
            target => target,
        };
        let stable = arguments.duration("stable-window");
        let seconds = whole_seconds(stable.as_secs_f64());
        let rule = Rule {
            rps,
            target,
            tick: arguments.duration("tick").max(SHORTEST_TICK),
            stable,
            stable_seconds: seconds,
            panic_seconds: whole_seconds(arguments.number("panic-window") * stable.as_secs_f64()),
            threshold: arguments.number("panic-threshold"),
            up: arguments.number("max-scale-up"),
            down: arguments.number("max-scale-down"),
            delay: arguments.duration("scale-down-delay"),
            min: scale("min-scale"),
            max: match scale("max-scale") {
                0 => u32::MAX,
                max => max,
            },
            initial: scale("initial-scale").max(scale("min-scale")),
            grace: arguments.duration("grace"),
            pokes: arguments.word("poke") == "yes",
        };
        Box::new(Knative::new(rule))
    },
};

/// A decision more often than this would only cost time.
const SHORTEST_TICK: SimDuration = SimDuration::from_millis(10);
/// The longest window.
const MOST_SECONDS: f64 = 86_400.0;

fn whole_seconds(secs: f64) -> usize {
    secs.ceil().clamp(1.0, MOST_SECONDS) as usize
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    rps: bool,
    target: f64,
    tick: SimDuration,
    stable: SimDuration,
    stable_seconds: usize,
    panic_seconds: usize,
    threshold: f64,
    up: f64,
    down: f64,
    delay: SimDuration,
    min: u32,
    max: u32,
    initial: u32,
    grace: SimDuration,
    pokes: bool,
}

#[derive(Clone, Debug)]
struct Knative {
    rule: Rule,
    buckets: Buckets,
    calls: u32,
    /// When panic began or was prolonged, and the most instances wanted in it.
    panic: Option<SimTime>,
    most: u32,
    /// What was decided within the delay of scaling down.
    decided: VecDeque<(SimTime, u32)>,
    /// Since when there are instances, and since when none is wanted.
    active: Option<SimTime>,
    unwanted: Option<SimTime>,
    last: u32,
}

/// What the windows ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    stable: u32,
    panic: u32,
    is_too_much: bool,
}

impl Rule {
    /// What the means over both windows ask for, while so many instances are ready.
    fn wanted(&self, stable: f64, panic: f64, ready: u32) -> Wanted {
        let ready = f64::from(ready.max(1));
        // Means are sums of exact parts: what exceeds a whole number by rounding does not
        // ask for one more.
        let up = |number: f64| (number - 1e-9).ceil().max(0.0);
        let (most, least) = (up(self.up * ready), (ready / self.down).floor());
        let (stable, panic) = (up(stable / self.target), up(panic / self.target));
        Wanted {
            stable: stable.max(least).min(most) as u32,
            panic: panic.max(least).min(most) as u32,
            is_too_much: panic / ready >= self.threshold,
        }
    }
}

impl Knative {
    fn new(rule: Rule) -> Self {
        let starts_in_panic = rule.initial > 1;
        Self {
            rule,
            buckets: Buckets::new(rule.stable_seconds),
            calls: 0,
            panic: starts_in_panic.then_some(SimTime::ZERO),
            most: if starts_in_panic { rule.initial } else { 0 },
            decided: VecDeque::new(),
            active: (rule.initial > 0).then_some(SimTime::ZERO),
            unwanted: None,
            last: rule.initial,
        }
    }

    /// Keeps what was wanted until it was not wanted for the delay.
    fn delayed(&mut self, now: SimTime, desired: u32) -> u32 {
        if self.rule.delay.is_zero() {
            return desired;
        }
        let delay = self.rule.delay;
        while let Some(&(at, _)) = self.decided.front()
            && now.since(at) >= delay
        {
            self.decided.pop_front();
        }
        // Only what is more than everything later can be the maximum.
        while let Some(&(_, earlier)) = self.decided.back()
            && earlier <= desired
        {
            self.decided.pop_back();
        }
        self.decided.push_back((now, desired));
        self.decided.front().map_or(desired, |&(_, most)| most)
    }

    /// Keeps the last instance until it was there for a stable window, and for the grace.
    fn last_one(&mut self, now: SimTime, desired: u32, ready: u32) -> u32 {
        if desired > 0 {
            self.unwanted = None;
            self.active = self.active.or(Some(now));
            return desired;
        }
        if ready == 0 {
            self.active = None;
            return 0;
        }
        let active = *self.active.get_or_insert(now);
        if now.since(active) < self.rule.stable {
            return 1;
        }
        let unwanted = *self.unwanted.get_or_insert(now);
        if now.since(unwanted) < self.rule.grace {
            return 1;
        }
        0
    }
}

impl Autoscaler for Knative {
    fn period(&self) -> SimDuration {
        self.rule.tick
    }

    fn initial(&self) -> u32 {
        self.rule.initial.min(self.rule.max)
    }

    fn pokes(&self) -> bool {
        self.rule.pokes
    }

    fn in_progress(&mut self, now: SimTime, calls: u32) {
        self.calls = calls;
        if !self.rule.rps {
            self.buckets.set(now, calls);
        }
    }

    fn arrived(&mut self, now: SimTime) {
        if self.rule.rps {
            self.buckets.add(now, 1);
        }
    }

    fn decide(&mut self, now: SimTime, ready: u32) -> u32 {
        let rule = self.rule;
        let stable = self.buckets.mean(now, rule.stable_seconds);
        let panic = self.buckets.mean(now, rule.panic_seconds);
        let wanted = rule.wanted(stable, panic, ready);
        if wanted.is_too_much {
            self.panic = Some(now);
        } else if let Some(began) = self.panic
            && now.since(began) > rule.stable
        {
            (self.panic, self.most) = (None, 0);
        }
        let mut desired = wanted.stable;
        if self.panic.is_some() {
            self.most = self.most.max(wanted.stable).max(wanted.panic);
            desired = self.most;
        }
        let desired = self.delayed(now, desired);
        let desired = desired.max(rule.min).min(rule.max);
        self.last = self.last_one(now, desired, ready);
        self.last
    }

    fn is_settled(&self) -> bool {
        let is_least = self.last == self.rule.min;
        is_least && self.calls == 0 && self.panic.is_none() && self.buckets.is_zero()
    }

    fn failed(&mut self, now: SimTime) {
        let mut fresh = Self::new(self.rule);
        fresh.active = None;
        (fresh.panic, fresh.most) = (None, 0);
        fresh.buckets.set(now, 0);
        fresh.last = 0;
        *self = fresh;
    }
}

#[cfg(test)]
mod tests;
