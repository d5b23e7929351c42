//! The log on standard error.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Failure;

/// The environment variable with filter directives.
const RUST_LOG: &str = "RUST_LOG";

/// The environment variable of the original, a number from 0 to 3.
const GLOG_V: &str = "GLOG_v";

/// How the lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    #[default]
    Text,
    /// A JSON object per line.
    Json,
}

/// Starts the log of the process at the level set in the environment, or
/// `usual` of what happens here.
pub fn start(usual: Level, form: Form) -> Result<(), Failure> {
    let variable = |name| std::env::var(name).ok();
    let (rust_log, glog_v) = (variable(RUST_LOG), variable(GLOG_V));
    let filter = filter(rust_log.as_deref(), glog_v.as_deref(), usual);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // Told on standard error, which is what failed.
        .log_internal_errors(false);
    let log = tracing_subscriber::registry().with(filter.map_err(Failure::Input)?);
    let started = match form {
        Form::Text => {
            let ansi = std::io::stderr().is_terminal();
            log.with(lines.with_ansi(ansi)).try_init()
        }
        Form::Json => log.with(lines.json().flatten_event(true)).try_init(),
    };
    started.map_err(Failure::run)
}

/// What is logged: `RUST_LOG` counts before `GLOG_v`.
fn filter(rust_log: Option<&str>, glog_v: Option<&str>, usual: Level) -> Result<Targets, String> {
    if let Some(text) = rust_log.filter(|text| !text.is_empty()) {
        return text.parse().map_err(|error| {
            format!("{RUST_LOG}=`{text}`: {error}; expected directives such as `info` or `soe_live=debug`")
        });
    }
    let verbosity = glog_v.filter(|text| !text.is_empty()).map(|text| {
        let number = text.parse::<i32>();
        number.map_err(|_| format!("{GLOG_V}=`{text}`: expected a whole number, 0 to 3"))
    });
    // 0: what happens to the process; 1: the result of each call; 2: why it went
    // where it went; 3: also what the transport does.
    let (own, others) = match verbosity.transpose()? {
        None => (usual, Level::WARN),
        Some(..=0) => (Level::INFO, Level::WARN),
        Some(1) => (Level::DEBUG, Level::WARN),
        Some(2) => (Level::TRACE, Level::INFO),
        Some(3..) => (Level::TRACE, Level::DEBUG),
    };
    Ok(Targets::new()
        .with_default(others)
        .with_target(env!("CARGO_CRATE_NAME"), own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(filter: &Targets, target: &str) -> Option<Level> {
        let levels = [
            Level::TRACE,
            Level::DEBUG,
            Level::INFO,
            Level::WARN,
            Level::ERROR,
        ];
        levels
            .into_iter()
            .find(|level| filter.would_enable(target, level))
    }

    #[test]
    fn the_numbers_of_the_original_raise_the_level() {
        for (glog_v, own, others) in [
            (None, Level::WARN, Level::WARN),
            (Some("0"), Level::INFO, Level::WARN),
            (Some("1"), Level::DEBUG, Level::WARN),
            (Some("2"), Level::TRACE, Level::INFO),
            (Some("3"), Level::TRACE, Level::DEBUG),
        ] {
            let filter = filter(None, glog_v, Level::WARN).unwrap();
            assert_eq!(logs(&filter, "soe_live::client"), Some(own));
            assert_eq!(logs(&filter, "h2"), Some(others));
        }
    }

    #[test]
    fn directives_count_first() {
        let filter = filter(Some("error,soe_live=trace"), Some("0"), Level::INFO).unwrap();
        assert_eq!(logs(&filter, "soe_live"), Some(Level::TRACE));
        assert_eq!(logs(&filter, "h2"), Some(Level::ERROR));
    }

    #[test]
    fn mistakes_say_what_is_expected() {
        let message = filter(Some("soe_live=loud"), None, Level::INFO).unwrap_err();
        assert!(
            message.starts_with("RUST_LOG=`soe_live=loud`: "),
            "{message}"
        );
        let message = filter(None, Some("loud"), Level::INFO).unwrap_err();
        assert_eq!(message, "GLOG_v=`loud`: expected a whole number, 0 to 3");
    }
}
