//! Holds every JSON answer that any test is given against its schema in docs/json, with no field that the schema does not
//! have: a new field is in the schema, or no test passes that meets it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Asserts that each answer among the lines of `stdout` is what its command's schema says.
#[track_caller]
pub fn assert_known(stdout: &str) {
    for line in stdout.lines().filter(|line| line.starts_with('{')) {
        // A reader that went away, or a kill, may leave half a line; and what is no answer of ours has no command.
        let Ok(answer) = serde_json::from_str::<Value>(line) else { continue };
        if answer["schema"] == 1 && answer["command"].is_string() {
            // A reader of it may take the first of two, the last, or neither.
            serde_json::from_str::<EachKeyOnce>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_answer(&answer);
        }
    }
}

#[track_caller]
fn assert_answer(answer: &Value) {
    static KNOWN: OnceLock<Mutex<HashMap<String, Option<&'static Validator>>>> = OnceLock::new();
    let command = answer["command"].as_str().unwrap().to_owned();
    let validator = {
        let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap();
        *known.entry(command.clone()).or_insert_with(|| validator(&command))
    };
    let Some(validator) = validator else {
        assert!(answer["error"].is_object(), "no schema in docs/json for `{command}`: {answer:#}");
        return;
    };
    let faults: Vec<String> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "not what docs/json says of `{command}`: {}\n{answer:#}", faults.join("\n"));
}

/// The validator of a command's answers, closed; one for all tests of the run.
fn validator(command: &str) -> Option<&'static Validator> {
    let file = format!("docs/json/{}.json", command.replace(' ', "-"));
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).ok()?;
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    close(&mut schema, false);
    Some(Box::leak(Box::new(jsonschema::draft202012::new(&schema).unwrap())))
}

/// The keywords whose schemas speak of the same object as the schema that has them.
const OF_THE_SAME: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Forbids fields that a schema does not name, in it and in what it holds. Where several schemas speak of one object, the
/// outermost that names fields forbids the others.
fn close(schema: &mut Value, is_closed: bool) {
    let Some(fields) = schema.as_object_mut() else { return };
    let names_fields = fields.contains_key("properties");
    if names_fields && !is_closed && !fields.contains_key("additionalProperties") {
        fields.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    for (key, inner) in fields.iter_mut() {
        match (key.as_str(), inner) {
            ("properties" | "$defs", Value::Object(inner)) => {
                for (_, schema) in inner.iter_mut() {
                    close(schema, false);
                }
            }
            ("items" | "additionalProperties", inner) => close(inner, false),
            ("prefixItems", Value::Array(inner)) => {
                for schema in inner {
                    close(schema, false);
                }
            }
            (key, Value::Array(inner)) if OF_THE_SAME.contains(&key) => {
                for schema in inner {
                    close(schema, is_closed || names_fields);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_field_that_no_schema_has_is_met() {
    let answer = serde_json::json!({ "schema": 1, "command": "path", "name": "a", "path": "/a" });
    assert_answer(&answer);
    let with = |change: fn(&mut Value)| {
        let mut answer = answer.clone();
        change(&mut answer);
        std::panic::catch_unwind(|| assert_answer(&answer)).is_err()
    };
    assert!(with(|answer| answer["colour"] = "red".into()), "a field more");
    assert!(with(|answer| answer["name"] = 5.into()), "another type");
    assert!(with(|answer| drop(answer.as_object_mut().unwrap().remove("path"))), "a field less");
    assert!(
        with(|answer| answer["error"] = serde_json::json!({ "code": "usage" })),
        "an error beside an answer"
    );
}

/// JSON in which no object has a key twice.
struct EachKeyOnce;

impl<'de> Deserialize<'de> for EachKeyOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for EachKeyOnce {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, Self)) = map.next_entry::<String, Self>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format!("`{key}` stands twice in one object")));
            }
            keys.insert(key);
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[test]
fn a_key_that_stands_twice_fails_the_test_that_meets_it() {
    assert!(serde_json::from_str::<EachKeyOnce>(r#"{"a":[{"b":1,"c":null},{"b":"x"}],"b":true}"#).is_ok());
    assert!(serde_json::from_str::<EachKeyOnce>(r#"{"a":[{"b":1,"c":2.5,"b":{}}]}"#).is_err());
}
