//! The parts of a result file, each with a digest of its own.

use std::collections::BTreeMap;

/// A checksum that tells two versions of a part apart, in eight hexadecimal digits.
struct Digest(u64);

impl Digest {
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([b'\n']) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn hex(&self) -> String {
        format!("{:08x}", (self.0 >> 32) ^ (self.0 & 0xffff_ffff))
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

/// Digests by the names of parts.
#[derive(Default)]
pub struct Parts(BTreeMap<String, Digest>);

/// Columns of tables of metrics that belong to the metric of their row; any other column
/// is a part of its own, metric by metric.
const OF_METRICS: [&str; 12] = [
    "point",
    "replication",
    "metric",
    "entity",
    "unit",
    "value",
    "mean",
    "low",
    "high",
    "n",
    "time_ns",
    "within",
];

impl Parts {
    /// The digests of the parts of a file: columns and metrics of tables, else one for all,
    /// called `*`.
    pub fn of(name: &str, bytes: &[u8]) -> BTreeMap<String, String> {
        let mut parts = Self::default();
        let text = std::str::from_utf8(bytes);
        match (name.rsplit('.').next(), text) {
            (Some("csv"), Ok(text)) => parts.csv(text),
            (Some("json"), Ok(text)) if name == "summary.json" => parts.summary(text),
            (Some("jsonl"), Ok(text)) => {
                for line in text.lines() {
                    parts.row(serde_json::from_str(line).expect("a line of JSON"));
                }
            }
            (_, Ok(text)) => parts.add("*", text),
            (_, Err(_)) => parts.add("*", &format!("{bytes:?}")),
        }
        let parts = parts.0.into_iter();
        parts.map(|(part, digest)| (part, digest.hex())).collect()
    }

    fn csv(&mut self, text: &str) {
        let mut lines = text.split('\n');
        let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let metric = header.iter().position(|&column| column == "metric");
        for line in lines {
            // Texts in quotes may hold commas; splitting them says nothing wrong about
            // whether two files are equal, as long as no value is left out.
            let values: Vec<&str> = line.splitn(header.len(), ',').collect();
            let metric = metric.and_then(|column| values.get(column).copied());
            for (column, value) in header.iter().zip(&values) {
                self.value(metric, column, value);
            }
        }
    }

    fn summary(&mut self, text: &str) {
        let mut summary: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let rows = summary["rows"].take();
        self.add("*", &summary.to_string());
        for row in rows.as_array().expect("rows of the summary") {
            self.row(row.clone());
        }
    }

    fn row(&mut self, row: serde_json::Value) {
        let metric = row["metric"].as_str();
        for (column, value) in row.as_object().expect("an object") {
            self.value(metric, column, &value.to_string());
        }
    }

    fn value(&mut self, metric: Option<&str>, column: &str, value: &str) {
        match metric {
            Some(metric) if OF_METRICS.contains(&column) => {
                self.add(metric, &format!("{column}={value}"));
            }
            Some(metric) => self.add(&format!("{metric}.{column}"), value),
            None => self.add(column, value),
        }
    }

    fn add(&mut self, part: &str, text: &str) {
        self.0.entry(part.to_owned()).or_default().add(text);
    }
}
