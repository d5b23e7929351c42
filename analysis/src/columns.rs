//! Column files of clients: a line for each call, as the original's clients write them
//! (`out.*` of its experiments).

use crate::text::printable;

/// No number in a column file is larger.
const MOST: f64 = 1e15;

/// One call in a column file.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnCall {
    /// When it was answered, in seconds.
    pub time: f64,
    /// How long it took, in seconds.
    pub latency: f64,
    /// The load of the computer, in percent.
    pub load: f64,
    /// The computer that executed it.
    pub computer: String,
    /// The function.
    pub function: String,
    /// The nodes that it passed.
    pub hops: f64,
}

/// A text is not a column file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// A line has other columns.
    #[error("{0}: found `{1}`, expected: time latency load responder function hops")]
    Line(usize, String),
    /// There is no call in it.
    #[error("there is no call in it")]
    Empty,
}

impl ColumnCall {
    /// The calls of a column file. Empty lines and those that begin with `#` are skipped.
    ///
    /// ```
    /// let calls = analysis::ColumnCall::read("# time latency ...\n0.4 0.3 10 host:1 f 2\n")?;
    /// assert_eq!((calls[0].latency, &*calls[0].computer), (0.3, "host:1"));
    /// let wrong = analysis::ColumnCall::read("1 2 3\n").unwrap_err();
    /// assert!(wrong.to_string().starts_with("1: found `1 2 3`, expected"));
    /// # Ok::<(), analysis::ColumnError>(())
    /// ```
    ///
    /// # Errors
    /// The first line that has other columns, or numbers below 0 or above 10^15.
    pub fn read(text: &str) -> Result<Vec<Self>, ColumnError> {
        let mut calls = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            let words: Vec<_> = content.split_whitespace().collect();
            if words.first().is_none_or(|word| word.starts_with('#')) {
                continue;
            }
            let wrong = |found: &str| {
                let found: String = found.chars().take(100).collect();
                ColumnError::Line(line, printable(&found))
            };
            let [time, latency, load, computer, function, hops] = *words else {
                return Err(wrong(content));
            };
            let number = |word: &str| match word.parse::<f64>() {
                Ok(number) if (0.0..=MOST).contains(&number) => Ok(number),
                _ => Err(wrong(word)),
            };
            calls.push(Self {
                time: number(time)?,
                latency: number(latency)?,
                load: number(load)?,
                computer: computer.to_owned(),
                function: function.to_owned(),
                hops: number(hops)?,
            });
        }
        match calls.is_empty() {
            true => Err(ColumnError::Empty),
            false => Ok(calls),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_line() {
        let expected = "expected: time latency load responder function hops";
        for (text, message) in [
            ("", "there is no call in it".to_owned()),
            ("1 2 3\n", format!("1: found `1 2 3`, {expected}")),
            (
                "# comment\n0 x 0 a b 1\n",
                format!("2: found `x`, {expected}"),
            ),
            ("0 1e16 0 a b 1", format!("1: found `1e16`, {expected}")),
            ("nan 1 0 a b 1", format!("1: found `nan`, {expected}")),
        ] {
            let error = ColumnCall::read(text).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    /// What fuzzing began with and what it found (`scenarios/fuzz`, target `columns`).
    #[test]
    fn the_corpus_of_the_fuzz_target_is_read_or_refused_in_one_line() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = folder.join("../scenarios/fuzz/corpus/columns");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            match ColumnCall::read(&text) {
                Ok(calls) => {
                    read += 1;
                    let finite = |it: &ColumnCall| (it.time + it.latency + it.load).is_finite();
                    assert!(calls.iter().all(finite));
                }
                Err(error) => assert!(!error.to_string().contains(char::is_control)),
            }
        }
        assert_eq!(read, 5);
    }
}
