//! Whatever a column file contains, its calls have numbers with which one can compute, or the
//! line that is wrong is told in one line.

#![no_main]

use analysis::ColumnCall;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ColumnCall::read(text) {
        Ok(calls) => {
            let line = |it: &ColumnCall| {
                let ColumnCall { time, latency, load, computer, function, hops } = it;
                format!("{time} {latency} {load} {computer} {function} {hops}\n")
            };
            let again: String = calls.iter().map(line).collect();
            assert_eq!(ColumnCall::read(&again), Ok(calls));
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
});
