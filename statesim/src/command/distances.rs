//! Makes a table of distances from coordinates.

use std::path::PathBuf;

use super::topology::write_file;
use super::{CommandError, print};

/// The most nodes of a table: it has the square of this number of distances.
const NODES: usize = 5000;
/// No coordinate is farther from 0, so that each distance is a number.
const FAR: f64 = 1e150;

/// Coordinates, and where their distances go.
#[derive(Clone, Debug, clap::Args)]
pub struct DistancesArgs {
    /// A line for each node: X Y, or NAME X Y. Lines that begin with # are comments
    #[arg(value_name = "FILE")]
    pub coordinates: PathBuf,
    /// Leave out nodes that are no farther than this from one that is kept
    #[arg(long, value_name = "DISTANCE", default_value_t = 0.0)]
    pub collapse: f64,
    /// The table, for `edgecontroller --topology-file` and the key `distances` of scenarios
    #[arg(long, value_name = "FILE", default_value = "dist.txt")]
    pub output: PathBuf,
}

/// One node.
#[derive(Debug)]
struct Node {
    name: String,
    x: f64,
    y: f64,
}

impl Node {
    fn distance(&self, other: &Self) -> f64 {
        let (x, y) = (self.x - other.x, self.y - other.y);
        (x * x + y * y).sqrt()
    }
}

/// Reads coordinates and writes the distances between them.
///
/// # Errors
/// If the coordinates cannot be read, or the table cannot be written.
pub fn distances(args: &DistancesArgs) -> Result<(), CommandError> {
    if !(args.collapse.is_finite() && args.collapse >= 0.0) {
        let found = args.collapse;
        return Err(CommandError::Usage(format!(
            "--collapse: found {found}, expected a distance of at least 0"
        )));
    }
    let text = soe_model::text::read(&args.coordinates)
        .map_err(|error| CommandError::Usage(format!("{}: {error}", args.coordinates.display())))?;
    let file = args.coordinates.display().to_string();
    let made = distance_table(&text, &file, args.collapse).map_err(CommandError::Usage)?;
    write_file(&args.output, &made.text)?;
    let (kept, found) = (made.kept, made.found);
    print(&format!(
        "{}: {kept} of {found} nodes\n",
        args.output.display()
    ))
}

/// A table of distances between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistanceTable {
    /// A line for each node: its name and its distances to all nodes.
    pub text: String,
    /// The nodes in the coordinates.
    pub found: usize,
    /// The nodes in the table.
    pub kept: usize,
}

/// The table of coordinates that were read from `file`, without nodes that are no farther
/// than `collapse` from one that is kept.
///
/// # Errors
/// The line that is wrong, what was found, and what is expected.
pub fn distance_table(text: &str, file: &str, collapse: f64) -> Result<DistanceTable, String> {
    let nodes = parse(text, file)?;
    let found = nodes.len();
    let kept = self::collapse(nodes, collapse);
    Ok(DistanceTable {
        text: table(&kept),
        found,
        kept: kept.len(),
    })
}

fn parse(text: &str, path: &str) -> Result<Vec<Node>, String> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for (line, content) in (1..).zip(text.lines()) {
        let words: Vec<_> = content.split_whitespace().collect();
        if words.first().is_none_or(|word| word.starts_with('#')) {
            continue;
        }
        let (name, x, y) = match *words {
            [x, y] => (format!("node{}", nodes.len()), x, y),
            [name, x, y] => (name.to_owned(), x, y),
            _ => {
                let found = words.len();
                return Err(format!(
                    "{path}:{line}: found {found} words, expected X Y or NAME X Y"
                ));
            }
        };
        let number = |word: &str| match word.parse::<f64>() {
            Ok(number) if number.abs() <= FAR => Ok(number),
            Ok(number) if number.is_finite() => Err(format!(
                "{path}:{line}: found `{word}`, expected a coordinate of at most {FAR:e}"
            )),
            _ => Err(format!(
                "{path}:{line}: found `{}`, expected a coordinate, a number",
                quoted(word)
            )),
        };
        let (x, y) = (number(x)?, number(y)?);
        if !names.insert(name.clone()) {
            return Err(format!(
                "{path}:{line}: node `{}` appears twice, names must differ",
                quoted(&name)
            ));
        }
        if nodes.len() == NODES {
            return Err(format!("{path}:{line}: more than {NODES} nodes"));
        }
        nodes.push(Node { name, x, y });
    }
    match nodes.is_empty() {
        true => Err(format!("{path}: found no node, expected a line for each")),
        false => Ok(nodes),
    }
}

/// A word of the file, fit for a message of one line.
fn quoted(word: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    word.chars().take(100).map(plain).collect()
}

/// The nodes that are farther than `distance` from all nodes before them that are kept;
/// all of them if that is 0.
fn collapse(nodes: Vec<Node>, distance: f64) -> Vec<Node> {
    let mut kept: Vec<Node> = Vec::new();
    for node in nodes {
        let is_close = |other: &Node| distance > 0.0 && node.distance(other) <= distance;
        if !kept.iter().any(is_close) {
            kept.push(node);
        }
    }
    kept
}

/// A line for each node: its name and its distances to all nodes.
fn table(nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        text += &node.name;
        for other in nodes {
            text += &format!(" {}", node.distance(other));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use soe_model::controller::Distances;

    use super::*;

    fn read(text: &str) -> Result<Vec<Node>, String> {
        parse(text, "file")
    }

    #[test]
    fn the_table_has_the_distances_of_the_plane_and_is_read_by_the_controller() {
        let nodes = read("# a triangle\n0 0\nb 3 0\n0 4\n").unwrap();
        let table = table(&nodes);
        assert_eq!(table, "node0 0 3 4\nb 3 0 5\nnode2 4 5 0\n");
        let distances = Distances::parse(&table).unwrap();
        assert_eq!(distances.nodes, ["node0", "b", "node2"]);
        assert_eq!(distances.rows[1], [3.0, 0.0, 5.0]);
    }

    #[test]
    fn nodes_close_to_one_that_is_kept_are_left_out() {
        let names = |distance| {
            let nodes = read("a 0 0\nb 1 0\nc 2 0\nd 2 0\n").unwrap();
            let kept = collapse(nodes, distance);
            kept.iter()
                .map(|node| node.name.clone())
                .collect::<String>()
        };
        assert_eq!(names(0.0), "abcd");
        assert_eq!(names(1.0), "ac");
        assert_eq!(names(0.5), "abc");
        assert_eq!(names(10.0), "a");
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, message) in [
            ("", "file: found no node, expected a line for each"),
            (
                "0 0\n1\n",
                "file:2: found 1 words, expected X Y or NAME X Y",
            ),
            (
                "a 0 zero\n",
                "file:1: found `zero`, expected a coordinate, a number",
            ),
            (
                "a 0 inf\n",
                "file:1: found `inf`, expected a coordinate, a number",
            ),
            (
                "a 0 -2e200\n",
                "file:1: found `-2e200`, expected a coordinate of at most 1e150",
            ),
            (
                "a 0 0\na 1 1\n",
                "file:2: node `a` appears twice, names must differ",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), message);
        }
    }

    /// What fuzzing began with and what it found (`scenarios/fuzz`, target `coordinates`).
    #[test]
    fn the_corpus_of_the_fuzz_target_makes_tables_that_the_controller_reads() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = folder.join("../scenarios/fuzz/corpus/coordinates");
        let mut made = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            match distance_table(&text, "file", 0.0) {
                Ok(table) => {
                    made += 1;
                    let distances = Distances::parse(&table.text).unwrap();
                    assert_eq!(distances.nodes.len(), table.kept);
                }
                Err(error) => assert!(!error.contains(char::is_control)),
            }
        }
        assert_eq!(made, 5);
    }
}
