//! The statistics of a client's calls: mean and deviation, and errors.

use std::collections::BTreeMap;
use std::fmt;

use sim_core::libstdcxx::general;
use sim_core::monitor::Tally;

use crate::command::Failure;

/// No more different errors than this are listed.
const LISTED: usize = 10;

/// Latency and processing time of the calls that were executed, in seconds.
#[derive(Clone, Debug)]
pub struct Statistics {
    latency: Tally,
    processing: Tally,
    errors: u64,
    texts: BTreeMap<String, u64>,
}

impl Statistics {
    pub fn new() -> Self {
        Self {
            latency: Tally::new(),
            processing: Tally::new(),
            errors: 0,
            texts: BTreeMap::new(),
        }
    }

    /// Counts a call that was executed, with its times in seconds.
    pub fn executed(&mut self, latency: f64, processing: f64) {
        self.latency.record(latency);
        self.processing.record(processing);
    }

    /// Counts a call that was not. Says whether it is the first with this error.
    pub fn failed(&mut self, error: &str) -> bool {
        self.errors += 1;
        if let Some(count) = self.texts.get_mut(error) {
            *count += 1;
            return false;
        }
        if self.texts.len() < LISTED {
            self.texts.insert(error.to_owned(), 1);
        }
        true
    }

    /// How many calls were executed.
    pub fn completed(&self) -> u64 {
        self.latency.count()
    }

    /// Mean and deviation of the latency.
    pub fn latency(&self) -> Spread<'_> {
        Spread(&self.latency)
    }

    /// Mean and deviation of the processing time.
    pub fn processing(&self) -> Spread<'_> {
        Spread(&self.processing)
    }

    /// Success, if there were no errors.
    ///
    /// # Errors
    /// One line about all errors.
    pub fn verdict(&self) -> Result<(), Failure> {
        if self.errors == 0 {
            return Ok(());
        }
        let times = |(text, count): (&String, &u64)| match count {
            1 => text.clone(),
            count => format!("{text} ({count} times)"),
        };
        let mut texts: Vec<_> = self.texts.iter().map(times).collect();
        if self.texts.values().sum::<u64>() < self.errors {
            texts.push("...".to_owned());
        }
        Err(Failure::Run(format!(
            "{} error{} occurred: {}",
            self.errors,
            if self.errors == 1 { "" } else { "s" },
            texts.join(" | ")
        )))
    }
}

/// Prints as `mean +- deviation` (of the population), like the original.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a>(&'a Tally);

impl fmt::Display for Spread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.count() as f64;
        let variance = self.0.variance().unwrap_or(0.0) * (count - 1.0).max(0.0) / count.max(1.0);
        let mean = self.0.mean().unwrap_or(0.0);
        write!(f, "{} +- {}", general(mean), general(variance.sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_the_population() {
        let mut statistics = Statistics::new();
        assert_eq!(statistics.latency().to_string(), "0 +- 0");
        for latency in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            statistics.executed(latency, 0.1);
        }
        assert_eq!(statistics.latency().to_string(), "5 +- 2");
        assert_eq!(statistics.processing().to_string(), "0.1 +- 0");
        assert_eq!(statistics.completed(), 8);
        assert_eq!(statistics.verdict(), Ok(()));
    }

    #[test]
    fn errors_are_counted_and_told_in_one_line() {
        let mut statistics = Statistics::new();
        assert!(statistics.failed("lost"));
        let text = statistics.verdict().unwrap_err().to_string();
        assert_eq!(text, "1 error occurred: lost");
        assert!(statistics.failed("broken"));
        assert!(!statistics.failed("broken"));
        let text = statistics.verdict().unwrap_err().to_string();
        assert_eq!(text, "3 errors occurred: broken (2 times) | lost");
        for number in 0..100 {
            statistics.failed(&format!("z{number}"));
        }
        let text = statistics.verdict().unwrap_err().to_string();
        assert!(text.starts_with("103 errors occurred: broken (2 times) | lost | z0"));
        assert!(text.ends_with("| z7 | ..."), "{text}");
    }
}
