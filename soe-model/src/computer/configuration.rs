//! Platforms described by a JSON file, in the format of the original's `--conf
//! type=file,path=…`.
//!
//! The format is that of the original, with defaults for keys that its older version
//! did not have: `cores` is 1, `type` is `GenericCpu`, `num-workers` is 1,
//! `output-type` is `copy-input`, `requirements` is `proportional`, and `op-offset`,
//! `mem-coeff` and `mem-offset` are 0. A misspelt key is an error, so that a default
//! is never used by accident.

use serde_json::{Map, Value};

use super::platform::Platform;
use super::{ContainerSpec, ProcessorKind, ProcessorSpec};
use crate::function::{FunctionSpec, Output, Requirements};
use crate::units::{Bytes, OpsPerSecond};

/// A small configuration to start from: one function, `clambda@1`, on one
/// processor with one core.
pub const EXAMPLE: &str = r#"{
  "containers": [
    {
      "lambda": {
        "mem-coeff": 100,
        "mem-offset": 0,
        "name": "clambda@1",
        "op-coeff": 1e6,
        "op-offset": 4e6,
        "output-type": "copy-input",
        "requirements": "proportional"
      },
      "name": "ccontainer0",
      "num-workers": 1,
      "processor": "arm"
    }
  ],
  "processors": [
    {
      "cores": 1,
      "memory": 500e6,
      "name": "arm",
      "speed": 4e9,
      "type": "GenericCpu"
    }
  ],
  "version": "1.0"
}
"#;

/// What is wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{reason}")]
pub struct ConfigurationError {
    // Empty at the top, otherwise with a colon and a blank at the end.
    place: String,
    reason: String,
}

impl Platform {
    /// Reads a configuration.
    ///
    /// # Errors
    /// The first thing that is wrong, in the words of the original where it has
    /// any.
    pub fn from_json(text: &str) -> Result<Self, ConfigurationError> {
        let root: Value = serde_json::from_str(text).map_err(|error| ConfigurationError {
            place: String::new(),
            reason: format!("Invalid JSON: {error}"),
        })?;
        let root = Object::new(&root, String::new())?;
        root.allow(&["containers", "processors", "version"])?;
        let containers = root.list("containers", container)?;
        let processors = root.list("processors", processor)?;
        match root.text("version")? {
            "1.0" => Ok(Self {
                processors,
                containers,
            }),
            version => Err(root.wrong(format!("Invalid version found: {version}"))),
        }
    }
}

fn processor(object: &Object<'_>) -> Result<ProcessorSpec, ConfigurationError> {
    object.allow(&["cores", "memory", "name", "speed", "type"])?;
    let cores = object.whole_or("cores", 1)?;
    let memory = object.number("memory")?;
    if !(0.0..9e18).contains(&memory) {
        return Err(object.wrong(format!("Invalid memory: {memory}")));
    }
    let name = object.text("name")?.to_owned();
    let speed = object.number("speed")?;
    if speed <= 0.0 {
        return Err(object.wrong(format!("Invalid speed: {speed}, must be > 0")));
    }
    let kind = match object.text_or("type", "GenericCpu")? {
        "GenericCpu" => ProcessorKind::GenericCpu,
        "GenericGpu" => ProcessorKind::GenericGpu,
        kind => return Err(object.wrong(format!("Invalid processor type: {kind}"))),
    };
    Ok(ProcessorSpec {
        name,
        kind,
        speed: OpsPerSecond(speed),
        cores,
        memory: Bytes(memory as u64),
    })
}

fn container(object: &Object<'_>) -> Result<ContainerSpec, ConfigurationError> {
    object.allow(&["lambda", "name", "num-workers", "processor"])?;
    let lambda = Object::new(object.value("lambda")?, object.inside("lambda"))?;
    Ok(ContainerSpec {
        function: function(&lambda)?,
        name: object.text("name")?.to_owned(),
        workers: object.whole_or("num-workers", 1)?,
        processor: object.text("processor")?.to_owned(),
        lifecycle: None,
    })
}

fn function(object: &Object<'_>) -> Result<FunctionSpec, ConfigurationError> {
    object.allow(&[
        "mem-coeff",
        "mem-offset",
        "name",
        "op-coeff",
        "op-offset",
        "output-type",
        "output-value",
        "requirements",
    ])?;
    let mem_coeff = object.number_or("mem-coeff", 0.0)? as f32;
    let mem_offset = object.number_or("mem-offset", 0.0)? as f32;
    let name = object.text("name")?.to_owned();
    let op_coeff = object.number("op-coeff")? as f32;
    let op_offset = object.number_or("op-offset", 0.0)? as f32;
    let output = match object.text_or("output-type", "copy-input")? {
        "copy-input" => Output::CopyInput,
        "fixed" => Output::Fixed(object.text("output-value")?.into()),
        output => {
            return Err(object.wrong(format!("Unsupported output-type in lambda: {output}")));
        }
    };
    match object.text_or("requirements", "proportional")? {
        "proportional" => Ok(FunctionSpec {
            name,
            requirements: Requirements {
                op_coeff,
                op_offset,
                mem_coeff,
                mem_offset,
            },
            output,
        }),
        other => Err(object.wrong(format!("Unsupported requirements in lambda: {other}"))),
    }
}

/// A JSON object and where it stands.
struct Object<'a> {
    place: String,
    map: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    fn new(value: &'a Value, place: String) -> Result<Self, ConfigurationError> {
        match value {
            Value::Object(map) => Ok(Self { place, map }),
            _ => Err(ConfigurationError {
                place,
                reason: "Not an object".to_owned(),
            }),
        }
    }

    fn wrong(&self, reason: String) -> ConfigurationError {
        ConfigurationError {
            place: self.place.clone(),
            reason,
        }
    }

    /// The place of something inside this object.
    fn inside(&self, key: &str) -> String {
        match self.place.strip_suffix(": ") {
            Some(place) => format!("{place}.{key}: "),
            None => format!("{key}: "),
        }
    }

    fn allow(&self, known: &[&str]) -> Result<(), ConfigurationError> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                let known = known.join(", ");
                Err(self.wrong(format!("Unknown key: {key}, known: {known}")))
            }
            None => Ok(()),
        }
    }

    fn value(&self, key: &str) -> Result<&'a Value, ConfigurationError> {
        let value = self.map.get(key);
        value.ok_or_else(|| self.wrong(format!("Missing key: {key}")))
    }

    fn list<T>(
        &self,
        key: &str,
        read: fn(&Object<'_>) -> Result<T, ConfigurationError>,
    ) -> Result<Vec<T>, ConfigurationError> {
        let Value::Array(items) = self.value(key)? else {
            return Err(self.wrong(format!("Not a list: {key}")));
        };
        let item = |(number, item)| {
            let place = self.inside(&format!("{key}[{number}]"));
            read(&Object::new(item, place)?)
        };
        items.iter().enumerate().map(item).collect()
    }

    fn text(&self, key: &str) -> Result<&'a str, ConfigurationError> {
        let text = self.value(key)?.as_str();
        text.ok_or_else(|| self.wrong(format!("Not a text: {key}")))
    }

    fn text_or(&self, key: &str, default: &'a str) -> Result<&'a str, ConfigurationError> {
        if self.map.contains_key(key) {
            self.text(key)
        } else {
            Ok(default)
        }
    }

    fn number(&self, key: &str) -> Result<f64, ConfigurationError> {
        let number = self.value(key)?.as_f64();
        number.ok_or_else(|| self.wrong(format!("Not a number: {key}")))
    }

    fn number_or(&self, key: &str, default: f64) -> Result<f64, ConfigurationError> {
        if self.map.contains_key(key) {
            self.number(key)
        } else {
            Ok(default)
        }
    }

    /// A whole number, which may be written as a float, at least 1.
    fn whole_or(&self, key: &str, default: u32) -> Result<u32, ConfigurationError> {
        let number = self.number_or(key, f64::from(default))?;
        if number == number.trunc() && (1.0..=f64::from(u32::MAX)).contains(&number) {
            Ok(number as u32)
        } else {
            Err(self.wrong(format!(
                "Invalid {key}: {number}, must be a whole number > 0"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// In the form of an older version: neither `cores` nor `output-type`.
    const OLD: &str = r#"{
        "version": "1.0",
        "processors": [
            {"name": "arm", "type": "GenericCpu", "speed": 4e9, "memory": 500e6},
            {"name": "bm2837", "type": "GenericGpu", "speed": 1e9, "memory": 500e6}
        ],
        "containers": [
            {"name": "ccontainer0", "processor": "arm", "num-workers": 5, "lambda": {
                "name": "clambda0", "requirements": "proportional",
                "op-coeff": 1e6, "op-offset": 4e6, "mem-coeff": 100, "mem-offset": 0}}
        ]
    }"#;

    fn error(text: &str) -> String {
        Platform::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn configurations_of_older_versions_take_defaults() {
        let platform = Platform::from_json(OLD).unwrap();
        assert_eq!(platform.processors[1].kind, ProcessorKind::GenericGpu);
        assert_eq!(platform.processors[1].cores, 1);
        assert_eq!(platform.processors[0].memory, Bytes(500_000_000));
        assert_eq!(platform.containers[0].workers, 5);
        assert_eq!(platform.containers[0].function.output, Output::CopyInput);
    }

    #[test]
    fn the_example_is_valid() {
        let platform = Platform::from_json(EXAMPLE).unwrap();
        assert_eq!(platform.containers[0].function.name, "clambda@1");
        assert_eq!(platform.processors[0].speed, OpsPerSecond(4e9));
    }

    #[test]
    fn fixed_output_needs_a_value() {
        let fixed = OLD.replace(r#""op-coeff""#, r#""output-type": "fixed", "op-coeff""#);
        assert_eq!(
            error(&fixed),
            "containers[0].lambda: Missing key: output-value"
        );
        let fixed = fixed.replace(
            r#""op-coeff""#,
            r#""output-value": "{\"found\":1}", "op-coeff""#,
        );
        let platform = Platform::from_json(&fixed).unwrap();
        let output = Output::Fixed("{\"found\":1}".into());
        assert_eq!(platform.containers[0].function.output, output);
    }

    #[test]
    fn mistakes_say_where_and_what() {
        let replaced = |from, to| error(&OLD.replace(from, to));
        for (message, expected) in [
            (error("{}"), "Missing key: containers"),
            (error("[]"), "Not an object"),
            (replaced("\"1.0\"", "\"2.0\""), "Invalid version found: 2.0"),
            (replaced("\"1.0\"", "1.0"), "Not a text: version"),
            (
                replaced("\"speed\": 1e9,", ""),
                "processors[1]: Missing key: speed",
            ),
            (
                replaced("\"speed\": 1e9", "\"speed\": 0"),
                "processors[1]: Invalid speed: 0, must be > 0",
            ),
            (
                replaced("GenericGpu", "Tpu"),
                "processors[1]: Invalid processor type: Tpu",
            ),
            (
                replaced("\"speed\": 4e9", "\"speed\": 4e9, \"core\": 4"),
                "processors[0]: Unknown key: core, known: cores, memory, name, speed, type",
            ),
            (
                replaced("\"proportional\"", "\"constant\""),
                "containers[0].lambda: Unsupported requirements in lambda: constant",
            ),
            (
                replaced("\"num-workers\": 5", "\"num-workers\": 2.5"),
                "containers[0]: Invalid num-workers: 2.5, must be a whole number > 0",
            ),
            (
                replaced("\"op-coeff\"", "\"output-type\": \"none\", \"op-coeff\""),
                "containers[0].lambda: Unsupported output-type in lambda: none",
            ),
        ] {
            assert_eq!(message, expected);
        }
        assert!(error("{").starts_with("Invalid JSON: "));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(
            position in 0..OLD.len(),
            removed in 0..20usize,
            inserted in "[\\[\\]{}:,\"0-9a-z-]{0,6}",
        ) {
            let end = (position + removed).min(OLD.len());
            let text = format!("{}{inserted}{}", &OLD[..position], &OLD[end..]);
            if let Err(error) = Platform::from_json(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
