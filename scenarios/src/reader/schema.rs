//! The JSON Schema (draft 2020-12) of a format, with which editors complete keys and mark
//! mistakes.

use serde_json::{Map, Value as Json, json};
use soe_model::catalogue::{Parameter, Quantity};

use super::diagnostic::Place;
use super::kind::{KindInfo, Sort};
use super::section::{Default, Form, Key, Section, When};
use super::tree::{Node, Raw};
use super::value;

/// The JSON Schema of files that are read as this section, as text.
pub fn schema(root: &'static Section, title: &str) -> String {
    let mut definitions = Map::new();
    let mut schema = section(root, &mut definitions);
    if let Json::Object(root) = &mut schema {
        let draft = "https://json-schema.org/draft/2020-12/schema";
        root.insert("$schema".to_owned(), json!(draft));
        root.insert("title".to_owned(), json!(title));
        root.insert("$defs".to_owned(), Json::Object(definitions));
    }
    format!("{schema:#}\n")
}

fn section(section: &'static Section, definitions: &mut Map<String, Json>) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in section.keys {
        if matches!(key.default, Default::Mandatory) && matches!(key.when, When::Always) {
            required.push(key.name);
        }
        properties.insert(key.name.to_owned(), property(key, definitions));
    }
    json!({
        "type": "object",
        "description": section.help,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(key: &Key, definitions: &mut Map<String, Json>) -> Json {
    let mut schema = form(&key.form, definitions);
    if let Json::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(key.meaning()));
        if let Default::Value(text) = key.default
            && !matches!(
                key.form,
                Form::Table(_) | Form::Tables(_) | Form::Named(_) | Form::Later(_)
            )
        {
            schema.insert("default".to_owned(), plain(text));
        }
    }
    schema
}

fn plain(text: &str) -> Json {
    match Node::parse(text, Place::Default).raw {
        Raw::Integer(number) => json!(number as i64),
        Raw::Float(number) => json!(number),
        Raw::Flag(flag) => json!(flag),
        _ => json!(text),
    }
}

/// A reference to a definition, which is made if there is none yet.
fn defined(
    name: &str,
    definitions: &mut Map<String, Json>,
    make: impl FnOnce(&mut Map<String, Json>) -> Json,
) -> Json {
    if !definitions.contains_key(name) {
        // A placeholder, so that a definition may refer to itself.
        definitions.insert(name.to_owned(), Json::Bool(true));
        let made = make(definitions);
        definitions.insert(name.to_owned(), made);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn of_section(inner: &'static Section, definitions: &mut Map<String, Json>) -> Json {
    let name = inner.path.replace(".NAME", "");
    defined(&name, definitions, |definitions| {
        section(inner, definitions)
    })
}

fn form(form: &Form, definitions: &mut Map<String, Json>) -> Json {
    let schema = match *form {
        Form::Duration { .. } => duration(),
        Form::Durations => json!({ "anyOf": [
            duration(),
            { "type": "array", "items": duration(), "minItems": 2, "maxItems": 2 },
        ] }),
        Form::Bytes { .. } | Form::BytesEach => bytes(),
        Form::Operations => quantity("op|kop|Mop|Gop|Top"),
        Form::Rate { .. } => quantity("b/s|kb/s|Mb/s|Gb/s|Tb/s"),
        Form::Speed => quantity("op/s|kop/s|Mop/s|Gop/s|Top/s"),
        Form::Number { min, max } => number(min, max),
        Form::Count { min, max, .. } if max == u64::MAX => {
            json!({ "type": "integer", "minimum": min })
        }
        Form::Count { min, max, .. } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Form::Flag => json!({ "type": "boolean" }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Text(_) => json!({ "type": "string" }),
        Form::Texts(_) => json!({ "anyOf": [{ "type": "string" }, names()] }),
        Form::Pairs(_) => json!({ "type": "array", "items": {
            "type": "array", "items": { "type": "string" }, "minItems": 2, "maxItems": 2,
        } }),
        Form::Name(_) | Form::Path { .. } => json!({ "type": "string", "minLength": 1 }),
        Form::Names(_) => json!({ "anyOf": [{ "type": "string" }, names()] }),
        Form::Workers => json!({ "anyOf": [
            { "type": "string" },
            names(),
            {
                "type": "object",
                "additionalProperties": {
                    "type": "integer", "minimum": 1, "maximum": value::MOST_WORKERS,
                },
            },
        ] }),
        Form::Output => json!({ "anyOf": [
            { "const": "copy-input" },
            bytes(),
            {
                "type": "object",
                "properties": { "text": { "type": "string" } },
                "required": ["text"],
                "additionalProperties": false,
            },
        ] }),
        Form::Kind(sort) => {
            let name = sort.name().replace(' ', "-");
            defined(&name, definitions, |_| choice(sort))
        }
        Form::Table(section) => of_section(section, definitions),
        Form::Tables(section) => {
            json!({ "type": "array", "items": of_section(section, definitions) })
        }
        Form::Named(section) => json!({
            "type": "object",
            "additionalProperties": of_section(section, definitions),
        }),
        Form::CountOr { min, max, table } => json!({ "anyOf": [
            { "type": "integer", "minimum": min, "maximum": max },
            of_section(table, definitions),
        ] }),
        Form::Values(section) => json!({
            "type": "array", "items": { "anyOf": [of_section(section, definitions), true] },
            "minItems": 1,
        }),
        Form::Later(section) => of_section(section, definitions),
        Form::Changes(_) | Form::Foreign { .. } | Form::Open(_) => json!({ "type": "object" }),
    };
    match form.or() {
        Some(word) if !matches!(form, Form::Path { .. }) => {
            json!({ "anyOf": [{ "const": word }, schema] })
        }
        _ => schema,
    }
}

fn choice(sort: Sort) -> Json {
    let kinds = sort.kinds();
    let mut ways = Vec::new();
    for kind in &kinds {
        if kind
            .parameters
            .iter()
            .all(|parameter| parameter.default.is_some())
        {
            ways.push(json!({ "const": kind.name, "description": kind.help }));
        }
    }
    ways.extend(kinds.iter().map(with_parameters));
    if sort.shorthand().is_some() {
        let one = match sort {
            Sort::Duration => duration(),
            _ => bytes(),
        };
        ways.push(one.clone());
        ways.push(json!({ "type": "array", "items": one, "minItems": 1 }));
    }
    json!({ "anyOf": ways })
}

fn with_parameters(kind: &KindInfo) -> Json {
    let mut properties = Map::new();
    let word = json!({ "const": kind.name, "description": kind.help });
    properties.insert("type".to_owned(), word);
    let mut required = vec!["type"];
    for parameter in kind.parameters {
        if parameter.default.is_none() {
            required.push(parameter.name);
        }
        properties.insert(parameter.name.to_owned(), of_parameter(parameter));
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn of_parameter(parameter: &Parameter) -> Json {
    let mut schema = match parameter.quantity {
        Quantity::Duration => duration(),
        Quantity::Bytes => bytes(),
        Quantity::ByteList => json!({ "type": "array", "items": bytes(), "minItems": 1 }),
        Quantity::DurationList => json!({ "type": "array", "items": duration(), "minItems": 1 }),
        Quantity::Number { min, max } => number(min, max),
        Quantity::Count { min } => json!({ "type": "integer", "minimum": min }),
        Quantity::Word(words) => json!({ "enum": words }),
        Quantity::Timetable => json!({ "type": "string", "minLength": 1 }),
    };
    if let Json::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), json!(parameter.help));
        if let Some(default) = parameter.default {
            schema.insert("default".to_owned(), plain(default));
        }
    }
    schema
}

fn number(min: f64, max: f64) -> Json {
    if (min, max) == (f64::MIN, f64::MAX) {
        json!({ "type": "number" })
    } else if max == f64::MAX {
        json!({ "type": "number", "minimum": min })
    } else {
        json!({ "type": "number", "minimum": min, "maximum": max })
    }
}

fn names() -> Json {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn duration() -> Json {
    quantity("ns|us|µs|μs|ms|s|min|h|d")
}

fn bytes() -> Json {
    quantity("B|kB|MB|GB|TB|KiB|MiB|GiB|TiB")
}

fn quantity(units: &str) -> Json {
    let pattern = format!("^\\s*[0-9.]+([eE][-+]?[0-9]+)?\\s*({units})\\s*$");
    json!({ "type": "string", "pattern": pattern })
}
