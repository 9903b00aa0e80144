//! The JSON schemas of answers, made from their types (JSON Schema 2020-12). The program never makes them: a test writes
//! them into docs/json, and the program has those files.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::model::envelope::{Envelope, Nothing, SCHEMA};

/// One shape that a command's answer may have.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    make: fn(&mut SchemaGenerator) -> Schema,
    error: ErrorPlace,
}

/// Whether an answer has an `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorPlace {
    Never,
    Sometimes,
    Always,
}

/// Returns the shape of an answer that is a report alone.
#[must_use]
pub fn shape<Report: JsonSchema>() -> Shape {
    Shape { make: Envelope::<Report>::json_schema, error: ErrorPlace::Never }
}

/// Returns the shape of an answer that may have an error beside its report.
#[must_use]
pub fn shape_beside_error<Report: JsonSchema>() -> Shape {
    Shape { error: ErrorPlace::Sometimes, ..shape::<Report>() }
}

/// Returns the schema of everything that `command` may answer: one of `shapes`, or an error.
#[must_use]
pub fn json_schema(command: &str, shapes: &[Shape]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let failure = Shape { error: ErrorPlace::Always, ..shape::<Nothing>() };
    let answers: Vec<Value> = shapes
        .iter()
        .chain([&failure])
        .map(|shape| of_command((shape.make)(&mut generator), command, shape.error))
        .collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("{command} --json"),
        "anyOf": answers,
        "$defs": generator.take_definitions(true),
    });
    speak_json(&mut schema);
    schema
}

/// The descriptions are the comments of the types, which say `None` where JSON has `null`.
fn speak_json(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace("`None`", "`null`");
            }
            fields.values_mut().for_each(speak_json);
        }
        Value::Array(items) => items.iter_mut().for_each(speak_json),
        _ => {}
    }
}

/// Narrows an envelope to one command, and its error to where there is one.
fn of_command(schema: Schema, command: &str, error: ErrorPlace) -> Value {
    let mut value = schema.to_value();
    let Some(fields) = value.as_object_mut() else { return value };
    fields.remove("description");
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        narrow(properties, "schema", &SCHEMA.into());
        narrow(properties, "command", &command.into());
        if error == ErrorPlace::Never {
            properties.remove("error");
        }
        if let Some(reference) = properties.get_mut("error").filter(|_| error == ErrorPlace::Always) {
            *reference = json!({ "$ref": "#/$defs/ErrorObject" });
        }
    }
    if let (Some(Value::Array(required)), ErrorPlace::Always) = (fields.get_mut("required"), error) {
        required.push("error".into());
    }
    value
}

fn narrow(properties: &mut Map<String, Value>, name: &str, only: &Value) {
    properties.insert(name.to_owned(), json!({ "const": only }));
}
