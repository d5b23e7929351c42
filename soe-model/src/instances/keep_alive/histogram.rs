//! `histogram`: the hybrid policy of Shahrad et al., "Serverless in the Wild" (ATC 2020).
//!
//! Times between the end of an execution and the next call are counted in bins of one
//! minute. If they are regular, an instance is unloaded at once and created again shortly
//! before the next call is expected. The original forecasts times beyond the last bin with
//! ARIMA; here a damped Holt forecast (Gardner and McKenzie, 1985) takes its place.

use sim_core::SimDuration;

use super::{BuildKeepAlive, Idle, KeepAlive, Prewarm, Window};
use crate::catalogue::{Kind, Parameter, Quantity};
use forecast::Recent;

mod forecast;

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "histogram",
    help: "Learns the idle times of each function, and creates instances shortly before the next \
           call is expected (Shahrad et al.; a damped Holt forecast instead of ARIMA).",
    parameters: &[
        Parameter {
            name: "bins",
            quantity: Quantity::Count { min: 1 },
            default: Some("240"),
            help: "The number of bins; longer idle times are out of bounds.",
        },
        Parameter {
            name: "bin-width",
            quantity: Quantity::Duration,
            default: Some("60 s"),
            help: "The width of a bin.",
        },
        Parameter {
            name: "head",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.05"),
            help: "The quantile before which the instance is created.",
        },
        Parameter {
            name: "tail",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.99"),
            help: "The quantile until which it is kept.",
        },
        Parameter {
            name: "margin",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.1"),
            help: "The margin before the head and behind the tail.",
        },
        Parameter {
            name: "variation",
            quantity: Quantity::Number {
                min: 0.0,
                max: f64::MAX,
            },
            default: Some("2"),
            help: "Below this coefficient of variation of the counts, the histogram is not used.",
        },
        Parameter {
            name: "out-of-bounds",
            quantity: Quantity::Number { min: 0.0, max: 1.0 },
            default: Some("0.5"),
            help: "From this share of idle times out of bounds, the next one is forecast.",
        },
        Parameter {
            name: "min-samples",
            quantity: Quantity::Count { min: 0 },
            default: Some("5"),
            help: "With fewer idle times, instances are kept for the range of the histogram.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(Histogram {
            rule: Rule {
                bins: usize::try_from(arguments.count("bins").min(MOST_BINS)).unwrap_or(1),
                width: arguments.duration("bin-width"),
                head: arguments.number("head"),
                tail: arguments.number("tail"),
                margin: arguments.number("margin"),
                variation: arguments.number("variation"),
                out_of_bounds: arguments.number("out-of-bounds"),
                min_samples: arguments.count("min-samples"),
            },
            functions: Vec::new(),
        })
    },
};

/// The most bins: one for each minute of two months.
const MOST_BINS: u64 = 100_000;

#[derive(Clone, Debug)]
struct Histogram {
    rule: Rule,
    functions: Vec<Times>,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    bins: usize,
    width: SimDuration,
    head: f64,
    tail: f64,
    margin: f64,
    variation: f64,
    out_of_bounds: f64,
    min_samples: u64,
}

/// The idle times of one function.
#[derive(Clone, Debug, Default)]
struct Times {
    bins: Vec<u32>,
    inside: u64,
    outside: u64,
    /// Of the counts of all bins.
    sum_of_squares: u64,
    recent: Recent,
}

impl Rule {
    fn range(&self) -> SimDuration {
        self.width * self.bins as u64
    }

    /// The windows of an instance that leaves its function idle.
    fn decide(&self, times: &Times) -> Window {
        let all = times.inside + times.outside;
        if all == 0 || all < self.min_samples {
            return Window::of(self.range());
        }
        if times.outside as f64 >= self.out_of_bounds * all as f64 {
            return times.recent.forecast().map_or(Window::FOREVER, |next| {
                let next = next.as_secs_f64();
                prewarmed(0.85 * next, 0.30 * next)
            });
        }
        let count = times.inside as f64;
        let squares = times.sum_of_squares as f64 * self.bins as f64 / (count * count);
        if (squares - 1.0).max(0.0).sqrt() < self.variation {
            return Window::of(self.range());
        }
        let width = self.width.as_secs_f64();
        let head = times.bin(self.head) as f64 * width * (1.0 - self.margin);
        let tail = (times.bin(self.tail) + 1) as f64 * width * (1.0 + self.margin);
        prewarmed(head, tail - head)
    }
}

/// An instance that is created again after `head` seconds and kept for `keep` seconds.
fn prewarmed(head: f64, keep: f64) -> Window {
    let keep = SimDuration::from_secs_f64(keep.max(0.0));
    match head > 0.0 {
        false => Window::of(keep),
        true => Window {
            keep: Some(SimDuration::ZERO),
            prewarm: Some(Prewarm {
                after: SimDuration::from_secs_f64(head),
                keep,
            }),
        },
    }
}

impl Times {
    fn record(&mut self, idle: SimDuration, rule: &Rule) {
        self.recent.record(idle);
        let bin = idle.as_nanos() / rule.width.as_nanos().max(1);
        let bin = usize::try_from(bin).unwrap_or(usize::MAX);
        if bin >= rule.bins {
            self.outside += 1;
            return;
        }
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        let count = &mut self.bins[bin];
        self.sum_of_squares += 2 * u64::from(*count) + 1;
        *count += 1;
        self.inside += 1;
    }

    /// The bin with this quantile.
    fn bin(&self, quantile: f64) -> usize {
        let wanted = quantile * self.inside as f64 - 1e-9;
        let mut counted = 0.0;
        let reached = |count: &u32| {
            counted += f64::from(*count);
            counted >= wanted && counted > 0.0
        };
        let found = self.bins.iter().position(reached);
        found.unwrap_or(self.bins.len().saturating_sub(1))
    }
}

impl KeepAlive for Histogram {
    fn window(&mut self, idle: &Idle) -> Window {
        let window = match self.functions.get(idle.function.function) {
            Some(times) => self.rule.decide(times),
            None => Window::of(self.rule.range()),
        };
        match (idle.is_function_idle, window.prewarm) {
            // Others of the function are busy: there is no idle time to learn from.
            (false, Some(prewarm)) => Window::of(prewarm.after + prewarm.keep),
            _ => window,
        }
    }

    fn idle_time(&mut self, function: usize, idle: SimDuration) {
        if self.functions.len() <= function {
            self.functions.resize_with(function + 1, Times::default);
        }
        self.functions[function].record(idle, &self.rule);
    }
}

#[cfg(test)]
mod tests;
