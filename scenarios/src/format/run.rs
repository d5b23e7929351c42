//! The section `[run]`: length and number of runs.

use soe_model::deployment::RunControl;

use crate::reader::diagnostic::Report;
use crate::reader::record::Record;
use crate::reader::section::{Default, Form, Key, Section, When};

pub(crate) static SECTION: Section = Section {
    path: "run",
    help: "Duration, warm-up and replications. The run needs an end: `duration`, `calls`, or \
           clients that all stop by themselves.",
    keys: &[
        Key {
            name: "seed",
            form: Form::Count {
                min: 0,
                max: u64::MAX,
                or: None,
            },
            default: Default::Value("0"),
            when: When::Always,
            help: "The seed of all random draws; the default is that of the original's clients.",
        },
        Key {
            name: "replications",
            form: Form::Count {
                min: 1,
                max: 1_000_000,
                or: None,
            },
            default: Default::Value("10"),
            when: When::Always,
            help: "The number of independent replications, from which confidence intervals are \
                   computed. With the default of 10, the quantile of Student's t is within 16 % of \
                   that of the normal distribution.",
        },
        Key {
            name: "warm-up",
            form: Form::Duration { or: None },
            default: Default::Value("0 s"),
            when: When::Always,
            help: "Calls sent before this time are excluded from the statistics; by default none \
                   are.",
        },
        Key {
            name: "duration",
            form: Form::Duration {
                or: Some("unlimited"),
            },
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The simulated time at which the run ends at the latest; by default unlimited, \
                   as `--duration 0` of the original's clients.",
        },
        Key {
            name: "calls",
            form: Form::Count {
                min: 1,
                max: u64::MAX,
                or: Some("unlimited"),
            },
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The total number of calls of all clients; the run ends when they have been \
                   answered.",
        },
        Key {
            name: "slo",
            form: Form::Duration {
                or: Some("unlimited"),
            },
            default: Default::Value("unlimited"),
            when: When::Always,
            help: "The latency that a call should not exceed (service-level objective); the metric \
                   `calls_over_slo` is the share of calls that do, or are lost.",
        },
    ],
};

pub(crate) fn resolve(record: &Record, report: &mut Report<'_>) -> RunControl {
    let control = RunControl {
        seed: record.count("seed"),
        replications: u32::try_from(record.count("replications")).unwrap_or(u32::MAX),
        warm_up: record.duration("warm-up"),
        duration: record.maybe_duration("duration"),
        calls: record.maybe_count("calls"),
        slo: record.maybe_duration("slo"),
    };
    if let Some(duration) = control.duration {
        if duration.is_zero() {
            report.wrong(record.at("duration"), "run.duration: must be more than 0 s");
        } else if control.warm_up >= duration {
            let message = format!(
                "run.warm-up: found {}, must be less than the duration of {duration}",
                control.warm_up
            );
            report.wrong(record.at("warm-up"), message);
        }
    }
    control
}
