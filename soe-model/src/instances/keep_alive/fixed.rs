//! `fixed`: idle instances expire after a constant time, as in AWS Lambda (about 10 min) and
//! Azure Functions (20 min), according to Shahrad et al., "Serverless in the Wild" (ATC 2020).

use sim_core::SimDuration;

use super::{BuildKeepAlive, Idle, KeepAlive, Window};
use crate::catalogue::{Kind, Parameter, Quantity};

pub const KIND: Kind<BuildKeepAlive> = Kind {
    name: "fixed",
    help: "Keeps an instance for a constant time after its last call; the one that is idle \
           longest is evicted first.",
    parameters: &[
        Parameter {
            name: "ttl",
            quantity: Quantity::Duration,
            default: Some("600 s"),
            help: "The time; about that of AWS Lambda.",
        },
        Parameter {
            name: "renew",
            quantity: Quantity::Word(&["yes", "no"]),
            default: Some("yes"),
            help: "With \"no\" the time counts from the first idle moment of the instance (the \
                   default of dslab-faas), and ends at the end of a call that then runs.",
        },
    ],
    version: 1,
    build: |arguments| {
        Box::new(Fixed {
            ttl: arguments.duration("ttl"),
            renew: arguments.word("renew") == "yes",
        })
    },
};

#[derive(Clone, Debug)]
struct Fixed {
    ttl: SimDuration,
    renew: bool,
}

impl KeepAlive for Fixed {
    fn window(&mut self, idle: &Idle) -> Window {
        match self.renew {
            true => Window::of(self.ttl),
            false => Window::of(self.ttl.saturating_sub(idle.now.since(idle.first))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FunctionUse;
    use super::*;
    use sim_core::SimTime;

    #[test]
    fn a_window_that_is_not_renewed_ends_at_a_fixed_time() {
        let secs = SimDuration::from_secs;
        let idle = |first, now| Idle {
            now: SimTime::ZERO + secs(now),
            first: SimTime::ZERO + secs(first),
            is_function_idle: true,
            function: FunctionUse {
                function: 0,
                uses: 1,
                start_ms: 0.0,
                megabytes: 1.0,
            },
        };
        let mut fixed = Fixed {
            ttl: secs(10),
            renew: false,
        };
        assert_eq!(fixed.window(&idle(5, 5)), Window::of(secs(10)));
        assert_eq!(fixed.window(&idle(5, 12)), Window::of(secs(3)));
        assert_eq!(fixed.window(&idle(5, 20)), Window::of(secs(0)));
        fixed.renew = true;
        assert_eq!(fixed.window(&idle(5, 12)), Window::of(secs(10)));
    }
}
