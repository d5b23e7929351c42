//! Trace files: calls planned in advance, as `clienttracegen` writes them and
//! `edgemulticlient` plays them.
//!
//! One call per line, `time function endpoint size`, separated by blanks: seconds
//! from the start and bytes of input. Empty lines and lines that begin with `#`
//! are skipped; the last line needs no end.

use std::fmt;

use sim_core::{SimDuration, SimTime, Stream};

use crate::catalogue::Timetable;
use crate::units::Bytes;

/// A call of a trace file.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceCall {
    /// When it is due, in seconds from the start; at least 0.
    pub secs: f64,
    /// The function to call.
    pub function: String,
    /// Where to send it.
    pub endpoint: String,
    /// The size of its input.
    pub size: Bytes,
}

/// What is wrong with a trace file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {problem}")]
pub struct TraceError {
    /// The file.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What was found and what is allowed.
    pub problem: String,
}

impl TraceCall {
    /// When it is due, to the nearest nanosecond.
    pub fn at(&self) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs_f64(self.secs)
    }

    /// Reads a line.
    fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<_> = line.split_whitespace().collect();
        let &[time, function, endpoint, size] = fields.as_slice() else {
            return Err(format!(
                "found {} fields, expected 4: time function endpoint size",
                fields.len()
            ));
        };
        let secs = time.parse().ok();
        let secs = secs.filter(|secs| SimDuration::try_from_secs_f64(*secs).is_some());
        let size = size.parse().ok().filter(|size| *size <= 1 << 53);
        Ok(Self {
            secs: secs.ok_or_else(|| {
                format!("found time `{time}`, expected a number of seconds, at least 0")
            })?,
            function: function.to_owned(),
            endpoint: endpoint.to_owned(),
            size: Bytes(size.ok_or_else(|| {
                format!(
                    "found size `{size}`, expected a whole number of bytes",
                    size = fields[3]
                )
            })?),
        })
    }
}

impl fmt::Display for TraceCall {
    /// Prints the line of the file, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = sim_core::libstdcxx::general(self.secs);
        write!(
            f,
            "{time} {} {} {}",
            self.function, self.endpoint, self.size.0
        )
    }
}

/// Reads the calls of a trace file, in the order of the file; `path` is for
/// messages.
///
/// # Errors
/// The first line that is wrong.
pub fn parse(path: &str, text: &str) -> Result<Vec<TraceCall>, TraceError> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(line, text)| {
            TraceCall::parse(text).map_err(|problem| TraceError {
                path: path.to_owned(),
                line,
                problem,
            })
        })
        .collect()
}

impl Timetable {
    /// Reads a trace file as the timetable of one client, which calls its own
    /// function at its own destinations: of each line only time and size count.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(path: &str, text: &str) -> Result<Self, TraceError> {
        let calls = parse(path, text)?;
        let mut calls: Vec<_> = calls.iter().map(|call| (call.at(), call.size)).collect();
        calls.sort_by_key(|&(at, _)| at);
        Ok(Self {
            path: path.to_owned(),
            calls,
        })
    }
}

/// What `clienttracegen` writes: a number of independent Poisson processes.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceGenerator {
    /// How many clients there are.
    pub clients: u64,
    /// How many calls per second each of them issues on average; more than 0.
    pub rate: f64,
    /// For how many seconds.
    pub duration: f64,
    /// What is added to every time, in seconds.
    pub starting_time: f64,
    /// Least size.
    pub min_size: Bytes,
    /// Greatest size, included.
    pub max_size: Bytes,
    /// The function to call.
    pub function: String,
    /// Where to send the calls.
    pub endpoint: String,
}

impl Default for TraceGenerator {
    /// The defaults of `clienttracegen`.
    fn default() -> Self {
        Self {
            clients: 5,
            rate: 1.0,
            duration: 10.0,
            starting_time: 0.0,
            min_size: Bytes(100),
            max_size: Bytes(500),
            function: "clambda0".to_owned(),
            endpoint: "localhost:6473".to_owned(),
        }
    }
}

impl TraceGenerator {
    /// The calls, in order of time. With [`Stream::original_from_seed`] they are
    /// those of the original.
    pub fn generate(&self, stream: &mut Stream) -> Vec<TraceCall> {
        let mut calls = Vec::new();
        for _ in 0..self.clients {
            let mut time = stream.exponential_with_rate(self.rate);
            while time < self.duration {
                calls.push(TraceCall {
                    secs: self.starting_time + time,
                    function: self.function.clone(),
                    endpoint: self.endpoint.clone(),
                    size: Bytes(stream.integer(self.min_size.0..=self.max_size.0)),
                });
                time += stream.exponential_with_rate(self.rate);
            }
        }
        calls.sort_by(|a, b| a.secs.total_cmp(&b.secs));
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn original(seed: u64) -> Vec<TraceCall> {
        TraceGenerator::default().generate(&mut Stream::original_from_seed(seed))
    }

    #[test]
    fn the_generator_repeats_the_sequences_of_the_original() {
        let calls = original(0);
        assert_eq!(calls.len(), 62);
        let first: Vec<_> = calls.iter().take(3).map(TraceCall::to_string).collect();
        assert_eq!(
            first,
            [
                "0.0460887 clambda0 localhost:6473 401",
                "0.386835 clambda0 localhost:6473 101",
                "0.466352 clambda0 localhost:6473 194",
            ]
        );
        let calls = original(1);
        assert_eq!(calls.len(), 58);
        let first = "0.0806707 clambda0 localhost:6473 205";
        assert_eq!(calls[0].to_string(), first);
    }

    #[test]
    fn what_is_written_reads_back() {
        let calls = original(7);
        let text: String = calls.iter().map(|call| format!("{call}\n")).collect();
        let read = parse("trace", &text).unwrap();
        let again: String = read.iter().map(|call| format!("{call}\n")).collect();
        assert_eq!(again, text);
        let timetable = Timetable::parse("trace", &text).unwrap();
        assert_eq!(timetable.calls.len(), calls.len());
    }

    #[test]
    fn the_last_line_needs_no_end_and_order_does_not_matter() {
        let timetable = Timetable::parse("t", "2.5 f e 10\n\n# comment\n1e-3 f e 20").unwrap();
        let at = |micros| SimTime::ZERO + SimDuration::from_micros(micros);
        let expected = [(at(1_000), Bytes(20)), (at(2_500_000), Bytes(10))];
        assert_eq!(timetable.calls, expected);
    }

    #[test]
    fn mistakes_say_file_and_line() {
        for (text, message) in [
            (
                "1 f e",
                "t:1: found 3 fields, expected 4: time function endpoint size",
            ),
            (
                "\n-1 f e 1",
                "t:2: found time `-1`, expected a number of seconds, at least 0",
            ),
            (
                "nan f e 1",
                "t:1: found time `nan`, expected a number of seconds, at least 0",
            ),
            (
                "1 f e 1.5",
                "t:1: found size `1.5`, expected a whole number of bytes",
            ),
        ] {
            assert_eq!(parse("t", text).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "([0-9.e+-]{0,5}[ \n]|[a-z:]{1,3} ){0,20}") {
            if let Err(error) = Timetable::parse("t", &text) {
                prop_assert!(error.line >= 1);
            }
        }
    }
}
