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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every section below a node, with the way to it.
    fn sections(way: &str, node: &Value, found: &mut Vec<(String, Value)>) {
        found.push((way.to_owned(), node.clone()));
        for place in ["properties", "patternProperties"] {
            for (name, below) in node[place].as_object().into_iter().flatten() {
                if below["description"].is_null() {
                    sections(&format!("{way}.{name}"), below, found);
                }
            }
        }
    }

    #[test]
    fn every_section_is_a_table_and_only_the_root_has_a_title() {
        let root = json_schema();
        assert_eq!(root["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let mut found = Vec::new();
        sections("", &root, &mut found);
        let names: Vec<&str> = found.iter().map(|(way, _)| way.as_str()).collect();
        assert!(
            names.contains(&".ports.conflict") && names.contains(&".purpose.^[a-z][a-z0-9-]{0,31}$"),
            "{names:?}"
        );
        for (way, section) in found {
            assert_eq!(section["type"], "object", "{way}");
            assert!(!section["additionalProperties"].is_null(), "{way}");
            let title = if way.is_empty() { json!("The configuration of wt") } else { Value::Null };
            assert_eq!(section["title"], title, "{way}");
        }
    }

    #[test]
    fn names_that_people_choose_have_the_pattern_of_what_they_name() {
        let root = json_schema();
        let of = |way: &str| root.pointer(way).unwrap_or_else(|| panic!("{way}"))["type"].clone();
        assert_eq!(of("/properties/env/properties/set/patternProperties/^[A-Za-z_][A-Za-z0-9_]*$"), "string");
        let ports = &root["properties"]["main"]["properties"]["ports"]["patternProperties"];
        assert!(ports["^[a-z][a-z0-9-]{0,31}$"].is_object(), "{ports}");
    }

    #[test]
    fn each_kind_of_value_is_described() {
        let name = json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$" });
        for (of, described) in [
            (KeyKind::Text, json!({ "type": "string", "minLength": 1 })),
            (KeyKind::Flag, json!({ "type": "boolean" })),
            (KeyKind::Whole(1, 9), json!({ "type": "integer", "minimum": 1, "maximum": 9 })),
            (KeyKind::Choice(&["a", "b"]), json!({ "enum": ["a", "b"] })),
            (KeyKind::Choices(&["a"]), json!({ "type": "array", "items": { "enum": ["a"] } })),
            (KeyKind::Services, json!({ "type": "array", "uniqueItems": true, "items": name })),
            (KeyKind::Size, json!({ "type": ["string", "integer"], "minimum": 0 })),
            (
                KeyKind::PortWish,
                json!({ "anyOf": [
                    { "type": "boolean" },
                    { "type": "integer", "minimum": 1, "maximum": 100 },
                    { "type": "array", "uniqueItems": true, "items": name },
                ] }),
            ),
            (
                KeyKind::Ports,
                json!({ "anyOf": [
                    { "anyOf": [
                        { "type": "integer", "minimum": 1, "maximum": 65535 },
                        { "type": "string", "pattern": "^ *[0-9]{1,5} *(- *[0-9]{1,5} *)?$" },
                    ] },
                    { "type": "array", "items": { "anyOf": [
                        { "type": "integer", "minimum": 1, "maximum": 65535 },
                        { "type": "string", "pattern": "^ *[0-9]{1,5} *(- *[0-9]{1,5} *)?$" },
                    ] } },
                ] }),
            ),
        ] {
            assert_eq!(kind(of), described);
        }
    }

    #[test]
    fn a_health_check_is_one_of_its_kinds_with_the_keys_of_all() {
        let health = kind(KeyKind::Health);
        let one_of: Vec<Value> = KINDS.iter().map(|kind| json!({ "required": [kind.word] })).collect();
        assert_eq!(health["oneOf"], Value::from(one_of));
        assert_eq!(health["additionalProperties"], false);
        let keys = &health["properties"];
        for known in
            ["method", "status", "body", "headers", "timeout", "failures", "start_timeout", "tcp", "http"]
        {
            assert!(keys[known].is_object(), "{known}: {keys}");
        }
        assert_eq!(keys["timeout"]["description"], "How long one check may take; [health] timeout.");
        assert_eq!(keys["failures"]["maximum"], 100);
    }
}
