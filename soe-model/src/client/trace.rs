//! Trace files: timetables of calls, which `clienttracegen` writes and
//! `edgemulticlient` replays.
//!
//! Each line is one call, `time function endpoint size`, separated by blanks: seconds
//! from the start and bytes of input. Empty lines and lines that begin with `#` are
//! skipped. The last line needs no line feed.

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
        let secs: Option<f64> = time.parse().ok();
        let within = secs.filter(|secs| exact(time, *secs).is_some());
        let size = size.parse().ok().filter(|size| *size <= 1 << 53);
        Ok(Self {
            secs: within.ok_or_else(|| {
                let limit = SimTime::MAX.as_nanos() / 1_000_000_000;
                let too_large = match secs {
                    Some(secs) if secs > limit as f64 => {
                        format!(" and at most {limit}: is it in milliseconds or microseconds?")
                    }
                    _ => String::new(),
                };
                format!("found time `{time}`, expected a number of seconds, at least 0{too_large}")
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
    let call = |line: Result<(TraceCall, _), _>| line.map(|(call, _)| call);
    lines(path, text).map(call).collect()
}

/// The calls of a trace file, each with the text of its time.
fn lines<'a>(
    path: &'a str,
    text: &'a str,
) -> impl Iterator<Item = Result<(TraceCall, &'a str), TraceError>> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(move |(line, text)| {
            let time = text.split_whitespace().next().unwrap_or_default();
            let call = TraceCall::parse(text).map_err(|problem| TraceError {
                path: path.to_owned(),
                line,
                problem,
            });
            call.map(|call| (call, time))
        })
}

/// A number of seconds, which is `secs` as a floating-point number, to the nearest nanosecond:
/// a decimal number is read as it stands there, since seconds since 1970 have more digits than
/// an `f64`. `None` if it is negative or too large.
fn exact(text: &str, secs: f64) -> Option<SimDuration> {
    let rounded = SimDuration::try_from_secs_f64(secs)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_decimal(whole) || !is_decimal(fraction) {
        return Some(rounded);
    }
    let mut nanos: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    // The tenth digit rounds.
    let digits = fraction.bytes().chain(std::iter::repeat(b'0'));
    for digit in digits.clone().take(9) {
        nanos = nanos
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))?;
    }
    let up = digits.clone().nth(9).is_some_and(|digit| digit >= b'5');
    nanos
        .checked_add(u64::from(up))
        .map(SimDuration::from_nanos)
}

impl Timetable {
    /// Reads a trace file as the timetable of one client, which calls its own
    /// function at its own destinations: of each line only time and size count.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(path: &str, text: &str) -> Result<Self, TraceError> {
        let calls = lines(path, text).map(|line| {
            let (call, time) = line?;
            let at = exact(time, call.secs).map_or(call.at(), |at| SimTime::ZERO + at);
            Ok((at, call.size))
        });
        let mut calls: Vec<_> = calls.collect::<Result<_, _>>()?;
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
    fn decimal_times_are_read_to_the_nanosecond() {
        for (text, nanos) in [
            ("1627776000.125", 1_627_776_000_125_000_000),
            ("1627776000.1234567894", 1_627_776_000_123_456_789),
            ("0.0000000005", 1),
            ("0.00000000049", 0),
            (".5", 500_000_000),
            ("3.", 3_000_000_000),
            ("1.5e1", 15_000_000_000),
        ] {
            let text = format!("{text} f e 1\n");
            let table = Timetable::parse("t", &text).unwrap();
            assert_eq!(
                table.calls,
                [(SimTime::from_nanos(nanos), Bytes(1))],
                "{text}"
            );
        }
        let error = parse("t", "1627776000125 f e 1").unwrap_err().to_string();
        assert!(
            error.ends_with("is it in milliseconds or microseconds?"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn exact_times_are_those_of_floating_point_where_it_is_fine_enough(
            nanos in 0..1_000_000_000_000_u64,
        ) {
            let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            let secs = text.parse().unwrap();
            prop_assert_eq!(exact(&text, secs), SimDuration::try_from_secs_f64(secs));
        }
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
