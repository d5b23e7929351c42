//! Reading the original's topology file.

use sim_core::Stream;

use super::Distances;

/// What is wrong with a table of distances.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DistancesError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What was found there, and what is allowed.
    pub problem: String,
}

impl Distances {
    /// Reads a table of distances: a line for each node with its name and its
    /// distances to all nodes, itself included, in the order of the lines.
    /// Blank lines and lines that begin with `#` are skipped.
    ///
    /// ```
    /// use soe_model::controller::Distances;
    ///
    /// let distances = Distances::parse("# two hosts\nhost0 0 1\nhost1 1 0\n")?;
    /// assert_eq!(distances.nodes, ["host0", "host1"]);
    /// # Ok::<(), soe_model::controller::DistancesError>(())
    /// ```
    ///
    /// # Errors
    /// If a name appears twice, a distance is not a number of at least 0, or a row
    /// has not as many distances as there are rows.
    pub fn parse(text: &str) -> Result<Self, DistancesError> {
        let mut distances = Self::default();
        let mut lines = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            let mut words = content.split_whitespace();
            let Some(name) = words.next().filter(|name| !name.starts_with('#')) else {
                continue;
            };
            let wrong = |problem| DistancesError { line, problem };
            if distances.nodes.iter().any(|known| known == name) {
                return Err(wrong(format!(
                    "node `{name}` appears twice, names must differ"
                )));
            }
            let distance = |word: &str| {
                let parsed: Option<f64> = word.parse().ok();
                let valid = parsed.filter(|distance| distance.is_finite() && *distance >= 0.0);
                valid.ok_or_else(|| {
                    wrong(format!(
                        "found `{word}`, expected a distance, a number of at least 0"
                    ))
                })
            };
            let row = words.map(distance).collect::<Result<_, _>>()?;
            distances.nodes.push(name.to_owned());
            distances.rows.push(row);
            lines.push(line);
        }
        let count = distances.nodes.len();
        if count == 0 {
            return Err(DistancesError {
                line: 1,
                problem: "found no node, expected a line for each".to_owned(),
            });
        }
        for ((name, row), line) in distances.nodes.iter().zip(&distances.rows).zip(lines) {
            if row.len() != count {
                let found = row.len();
                let problem = format!(
                    "found {found} distances of node `{name}`, expected {count}, one for each node"
                );
                return Err(DistancesError { line, problem });
            }
        }
        Ok(distances)
    }

    /// The number of the node called `name`.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|known| known == name)
    }

    /// Replaces all distances between different nodes by random ones between 0
    /// and 1 (the original's `--topology-randomized`).
    pub fn randomize(&mut self, chance: &mut Stream) {
        for (i, row) in self.rows.iter_mut().enumerate() {
            for (j, distance) in row.iter_mut().enumerate() {
                if i != j {
                    *distance = chance.uniform();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_named_with_what_is_allowed() {
        let message = |text| Distances::parse(text).unwrap_err().to_string();
        assert_eq!(
            message(""),
            "line 1: found no node, expected a line for each"
        );
        assert_eq!(
            message("a 0 1\n\nb 1\n"),
            "line 3: found 1 distances of node `b`, expected 2, one for each node"
        );
        assert_eq!(
            message("a 0 x\nb 1 0"),
            "line 1: found `x`, expected a distance, a number of at least 0"
        );
        assert_eq!(
            message("a 0 -1\nb 1 0"),
            "line 1: found `-1`, expected a distance, a number of at least 0"
        );
        assert_eq!(
            message("a 0 1\na 1 0"),
            "line 2: node `a` appears twice, names must differ"
        );
    }

    #[test]
    fn random_distances_leave_the_diagonal_alone() {
        let mut distances = Distances::parse("a 0 5\nb 5 0").unwrap();
        let mut chance = sim_core::Streams::new(1, 0).stream("controller", "topology");
        distances.randomize(&mut chance);
        assert_eq!((distances.rows[0][0], distances.rows[1][1]), (0.0, 0.0));
        assert!((0.0..1.0).contains(&distances.rows[0][1]));
        assert_ne!(distances.rows[0][1], distances.rows[1][0]);
    }
}
