//! Writes outcomes to files.

pub mod native;

use crate::evaluation::Outcome;

/// A number as `printf("%g")` writes it.
pub fn format_general(value: f64) -> String {
    let mut text = Vec::new();
    crate::number::write_general(value, &mut text);
    text.into_iter().map(char::from).collect()
}

/// Rounds the times of an outcome to the six digits that the original's files have.
///
/// The published averages were computed from the files, so that their last digit
/// depends on it.
pub fn round_as_written(outcome: &mut Outcome) {
    let mut text = Vec::new();
    let mut round = |value: &mut f64| {
        text.clear();
        crate::number::write_general(*value, &mut text);
        if let Some(read) = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok())
        {
            *value = read;
        }
    };
    for job in &mut outcome.jobs {
        round(&mut job.processing);
        round(&mut job.network);
    }
}
