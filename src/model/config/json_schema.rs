//! The configuration file as a JSON schema, for editors: made from the table of keys.

use serde_json::{Map, Value, json};

use super::health::KINDS;
use super::running::{CONDITIONS, POLICIES};
use super::schema::{KEYS, KeyKind};
use crate::model::creation::MOST_PORTS;
use crate::model::forge::KINDS as FORGE_KINDS;

/// Returns the JSON schema (draft 2020-12) of a configuration file.
#[must_use]
pub fn json_schema() -> Value {
    let mut root = section("The configuration of wt");
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    for key in KEYS {
        let parts: Vec<&str> = key.path.split('.').collect();
        let Some((last, sections)) = parts.split_last() else { continue };
        let mut place = &mut root;
        for part in sections {
            place = match *part {
                "*" => &mut place["patternProperties"]["^[a-z][a-z0-9-]{0,31}$"],
                name => &mut place["properties"][name],
            };
            if place.is_null() {
                *place = section("");
            }
        }
        let mut kind = kind(key.kind);
        kind["description"] = key.meaning.into();
        match *last {
            "*" if sections == ["main", "ports"] => {
                place["patternProperties"]["^[a-z][a-z0-9-]{0,31}$"] = kind;
            }
            "*" => place["patternProperties"]["^[A-Za-z_][A-Za-z0-9_]*$"] = kind,
            "**" => place["additionalProperties"] = kind,
            last => place["properties"][last] = kind,
        }
    }
    root
}

fn section(title: &str) -> Value {
    let mut section = json!({ "type": "object", "additionalProperties": false });
    if !title.is_empty() {
        section["title"] = title.into();
    }
    section
}

fn kind(of: KeyKind) -> Value {
    match of {
        KeyKind::Text
        | KeyKind::Template(_)
        | KeyKind::Host
        | KeyKind::Command
        | KeyKind::NoticeCommand
        | KeyKind::Folder
        | KeyKind::EnvFile => {
            json!({ "type": "string", "minLength": 1 })
        }
        KeyKind::Words | KeyKind::Commands => {
            json!({ "type": "array", "items": { "type": "string", "minLength": 1 } })
        }
        KeyKind::Services => {
            json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$" } })
        }
        KeyKind::Variables => {
            json!({ "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" } })
        }
        KeyKind::Environment => json!({
            "type": "object", "additionalProperties": { "type": "string" },
        }),
        KeyKind::Ports => json!({ "anyOf": [range(), { "type": "array", "items": range() }] }),
        KeyKind::Exclusions => json!({ "type": "array", "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["ports", "reason"],
            "properties": { "ports": range(), "reason": { "type": "string", "minLength": 1 } },
        } }),
        KeyKind::Choice(words) => json!({ "enum": words }),
        KeyKind::ChoiceOrCommand(words) => json!({ "anyOf": [{ "enum": words }, {
            "type": "object", "additionalProperties": false, "required": ["command"],
            "properties": { "command": { "type": "string", "minLength": 1 } },
        }] }),
        KeyKind::Choices(words) => json!({ "type": "array", "items": { "enum": words } }),
        KeyKind::UrlPath => json!({ "type": "string", "pattern": "^/" }),
        KeyKind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        KeyKind::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        KeyKind::Flag => json!({ "type": "boolean" }),
        KeyKind::BranchPurposes => json!({
            "type": "object", "additionalProperties": { "type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$" },
        }),
        KeyKind::Forge => json!({
            "type": "object", "additionalProperties": false, "properties": {
                "kind": { "enum": FORGE_KINDS }, "pull": { "type": "string", "pattern": "^refs/.*[{]number[}]" },
            },
        }),
        KeyKind::PortWish => json!({ "anyOf": [
            { "type": "boolean" },
            { "type": "integer", "minimum": 1, "maximum": MOST_PORTS },
            kind(KeyKind::Services),
        ] }),
        KeyKind::Duration => json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d|w) *)+$" }),
        KeyKind::Size => json!({ "type": ["string", "integer"], "minimum": 0 }),
        KeyKind::Limits => {
            json!({ "type": "object", "additionalProperties": false, "minProperties": 1, "properties": {
            "memory": kind(KeyKind::Size), "cpu": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *%$" },
        } })
        }
        KeyKind::Hours => {
            json!({ "type": "string", "pattern": "^[0-9]{1,2}:[0-9]{2} *- *[0-9]{1,2}:[0-9]{2}$" })
        }
        KeyKind::Webhook => json!({ "anyOf": [
            { "type": "string", "pattern": "^https?://" },
            { "type": "object", "additionalProperties": false, "required": ["file"], "properties": {
                "file": { "type": "string", "minLength": 1 },
            } },
        ] }),
        KeyKind::Compose => json!({ "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]*$" }),
        KeyKind::Needs => json!({ "anyOf": [
            { "type": "array", "uniqueItems": true, "items": { "type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$" } },
            { "type": "object", "additionalProperties": { "enum": CONDITIONS } },
        ] }),
        KeyKind::Stop => json!({ "type": "object", "additionalProperties": false, "properties": {
            "signal": { "type": "string" }, "timeout": kind(KeyKind::Duration),
        } }),
        KeyKind::Restart => json!({ "anyOf": [
            { "enum": POLICIES },
            { "type": "object", "additionalProperties": false, "properties": {
                "policy": { "enum": POLICIES },
                "max": kind(KeyKind::Whole(0, 1000)),
                "backoff": kind(KeyKind::Duration),
            } },
        ] }),
        KeyKind::Health => {
            let checks: Vec<Value> = KINDS.iter().map(|kind| json!({ "required": [kind.word] })).collect();
            let mut health = Map::new();
            health.insert("type".into(), "object".into());
            health.insert("oneOf".into(), checks.into());
            health.insert("additionalProperties".into(), false.into());
            health.insert("properties".into(), health_keys());
            Value::Object(health)
        }
    }
}

fn health_keys() -> Value {
    let status = kind(KeyKind::Whole(100, 599));
    let time = |meaning: &str| {
        let mut time = kind(KeyKind::Duration);
        time["description"] = meaning.into();
        time
    };
    let count = |meaning: &str| {
        let mut count = kind(KeyKind::Whole(1, 100));
        count["description"] = meaning.into();
        count
    };
    let mut keys = json!({
        "method": { "type": "string", "description": "Of http; GET." },
        "status": { "anyOf": [status, { "type": "array", "items": status }],
                    "description": "Of http: the statuses that are well; all below 500." },
        "body": { "type": "string", "description": "Of http: what the answer must hold." },
        "headers": { "type": "object", "additionalProperties": { "type": "string" } },
        "timeout": time("How long one check may take; [health] timeout."),
        "interval": time("How often it is checked; [health] interval."),
        "failures": count("How many failures in a row make it unhealthy; [health] failures."),
        "successes": count("How many successes in a row make it healthy again; [health] successes."),
        "start_timeout": time("How long it may take from its start until it is ready; 1m."),
    });
    for kind in &KINDS {
        keys[kind.word] = (kind.schema)();
    }
    keys
}

fn range() -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": 65535 },
        { "type": "string", "pattern": "^ *[0-9]{1,5} *(- *[0-9]{1,5} *)?$" },
    ] })
}
