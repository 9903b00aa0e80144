//! One file's text as a list of checked values, each with its line, and what is wrong with the others.

use serde_json::{Number, Value};
use toml::de::{DeTable, DeValue};

use super::origin::{ConfigValue, Origin};
use super::problem::{Problem, ValueFault};
use super::schema::{self, KeyKind};
use super::{check, forges, value};
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;
use crate::model::suggestion::nearest;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The values that are right, in the order of the file.
    pub values: Vec<ConfigValue>,
    /// Purposes with a section of their own, an empty one too.
    pub purposes: Vec<(Purpose, Origin)>,
    /// What is wrong, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Reads the text of the file at `path`; `None` is the built-in one, whose values are right by test.
#[must_use]
pub fn parse(path: Option<&str>, text: &str) -> Parsed {
    // Every command reads the built-in one: half of it is what it says to people, and nobody asks for its lines.
    let uncommented = path.is_none().then(|| uncommented(text));
    let text = uncommented.as_deref().unwrap_or(text);
    let line_ends = path.map(|_| line_ends(text)).unwrap_or_default();
    let mut reader = Reader { path, line_ends, parsed: Parsed::default() };
    match DeTable::parse(text) {
        Ok(table) => reader.section("", table.get_ref()),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            let message = error.message().replace('\n', ", ");
            let problem = Problem {
                origin: reader.origin(offset),
                key: None,
                message: format!("not valid TOML: {message}"),
                hint: None,
            };
            reader.parsed.problems.push(problem);
        }
    }
    reader.parsed
}

struct Reader<'a> {
    path: Option<&'a str>,
    line_ends: Vec<usize>,
    parsed: Parsed,
}

impl Reader<'_> {
    fn origin(&self, offset: usize) -> Origin {
        match self.path {
            None => Origin::BuiltIn,
            Some(path) => {
                let line = self.line_ends.partition_point(|end| *end < offset) + 1;
                Origin::File { path: path.to_owned(), line }
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable) {
        let children = schema::children(section);
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (name, value) in entries {
            let word = name.get_ref().as_ref();
            let dotted = if section.is_empty() { word.to_owned() } else { format!("{section}.{word}") };
            let origin = self.origin(name.span().start);
            if section == "env.set" {
                self.variable(word, &dotted, value.get_ref(), origin);
            } else if section == "main.ports" {
                self.port_of_main(word, &dotted, value.get_ref(), origin);
            } else if section == "forge" && !children.contains(&word) && is_table(value.get_ref()) {
                self.forge(word, value.get_ref(), origin);
            } else if children == ["*"] {
                self.named(section, word, &dotted, value.get_ref(), origin);
            } else if !children.contains(&word) {
                self.parsed.problems.push(unknown(
                    section,
                    word,
                    &dotted,
                    value.get_ref(),
                    origin,
                    &children,
                ));
            } else if let Some(entry) = schema::find(&dotted) {
                self.value(&dotted, entry.kind, value.get_ref(), origin);
            } else {
                self.below(&dotted, value.get_ref(), origin);
            }
        }
    }

    /// A variable of the env block, under a name of the user's own.
    fn variable(&mut self, word: &str, dotted: &str, value: &DeValue, origin: Origin) {
        match (value::variable(&word.into()), schema::find(dotted)) {
            (Ok(_), Some(entry)) => self.value(dotted, entry.kind, value, origin),
            (Err(fault), _) => self.parsed.problems.push(Problem::with_value(origin, dotted, fault)),
            (Ok(_), None) => {}
        }
    }

    /// A port of the main worktree, under the name of a service.
    fn port_of_main(&mut self, word: &str, dotted: &str, value: &DeValue, origin: Origin) {
        match (word.parse::<ServiceName>(), schema::find(dotted)) {
            (Ok(_), Some(entry)) => self.value(dotted, entry.kind, value, origin),
            (Err(message), _) => {
                self.parsed.problems.push(Problem::with_value(origin, dotted, ValueFault::new(message)));
            }
            (Ok(_), None) => {}
        }
    }

    /// A forge, under the name of its host.
    fn forge(&mut self, word: &str, value: &DeValue, origin: Origin) {
        match forges::host(word) {
            Ok(host) => self.value(&format!("forge.{host}"), KeyKind::Forge, value, origin),
            Err(fault) => self.parsed.problems.push(Problem::with_value(origin, "forge", fault)),
        }
    }

    /// The section of one purpose or one service.
    fn named(&mut self, section: &str, word: &str, dotted: &str, value: &DeValue, origin: Origin) {
        let name = match section {
            "purpose" => word.parse::<Purpose>().map(Some),
            _ => word.parse::<ServiceName>().map(|_| None),
        };
        match name {
            Err(message) => {
                self.parsed.problems.push(Problem::with_value(origin, dotted, ValueFault::new(message)));
            }
            Ok(purpose) => {
                if let Some(purpose) = purpose.filter(|_| is_table(value)) {
                    self.parsed.purposes.push((purpose, origin.clone()));
                }
                self.below(dotted, value, origin);
            }
        }
    }

    fn below(&mut self, dotted: &str, value: &DeValue, origin: Origin) {
        match value {
            DeValue::Table(table) => self.section(dotted, table),
            other => {
                let fault = value::wrong("a section", &json(other))
                    .hint(format!("write `[{dotted}]` and its keys below"));
                self.parsed.problems.push(Problem::with_value(origin, dotted, fault));
            }
        }
    }

    fn value(&mut self, dotted: &str, kind: KeyKind, written: &DeValue, origin: Origin) {
        let value = json(written);
        match if self.path.is_none() { Ok(()) } else { check::check(kind, &value) } {
            Ok(()) => self.parsed.values.push(ConfigValue { key: dotted.to_owned(), value, origin }),
            Err(fault) => {
                let element = match (fault.element, written) {
                    (Some(index), DeValue::Array(elements)) => elements.get(index),
                    _ => None,
                };
                let origin = element.map_or(origin, |element| self.origin(element.span().start));
                self.parsed.problems.push(Problem::with_value(origin, dotted, fault));
            }
        }
    }
}

fn is_table(value: &DeValue) -> bool {
    matches!(value, DeValue::Table(_))
}

fn unknown(
    section: &str,
    word: &str,
    dotted: &str,
    value: &DeValue,
    origin: Origin,
    children: &[&str],
) -> Problem {
    let what = if is_table(value) { "section" } else { "key" };
    let place = if section.is_empty() { String::new() } else { format!("{section}.") };
    let known = children.iter().map(|child| format!("`{}`", child.replace("**", "HOST")));
    let known = known.collect::<Vec<_>>().join(", ");
    let hint = match nearest(word, children.iter().copied()) {
        Some(near) => format!("did you mean `{place}{near}`?"),
        None if section.is_empty() => format!("the sections are {known}"),
        None => format!("`{section}` knows {known}"),
    };
    let message = format!("unknown {what} `{}`", dotted.escape_debug());
    Problem { origin, key: Some(dotted.to_owned()), message, hint: Some(hint) }
}

fn uncommented(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect()
}

fn line_ends(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset).collect()
}

/// Returns the value as JSON; what JSON cannot say (a date, infinity) is null, which no key wants.
#[must_use]
pub fn json(value: &DeValue) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(_) => Value::Null,
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(whole) => Value::from(whole),
            Err(_) => float(integer.as_str()),
        },
        DeValue::Float(written) => float(written.as_str()),
        DeValue::Array(elements) => elements.iter().map(|element| json(element.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect(),
        ),
    }
}

fn float(text: &str) -> Value {
    text.parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(text: &str) -> Vec<(String, String)> {
        let parsed = parse(Some("f"), text);
        parsed.problems.into_iter().map(|problem| (problem.origin.to_string(), problem.message)).collect()
    }

    #[test]
    fn each_value_stands_at_its_line_and_each_fault_at_its_element() {
        let text = "# first\n[trash]\nkeep = \"1d\"\n\n[remove]\ncaches = [\n  \"a\",\n  1,\n]\n[trsh]\n";
        let parsed = parse(Some("f"), text);
        let origin = Origin::File { path: "f".to_owned(), line: 3 };
        let keep = ConfigValue { key: "trash.keep".to_owned(), value: json!("1d"), origin };
        assert_eq!(parsed.values, [keep]);
        let said =
            [("f:8", "`remove.caches`: must be a text, not a number"), ("f:10", "unknown section `trsh`")];
        assert_eq!(told(text), said.map(|(origin, said)| (origin.to_owned(), said.to_owned())));
    }

    #[test]
    fn a_purpose_is_there_as_soon_as_it_has_a_section() {
        let parsed = parse(Some("f"), "[purpose.spike]\n[purpose.late]\nports = 5700\n[service.web]\n");
        let names: Vec<&str> = parsed.purposes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, parsed.problems.len()), (vec!["spike", "late"], 0));
        let wrong = parse(Some("f"), "[purpose]\nspike = 1\n");
        assert_eq!((wrong.purposes, wrong.problems.len()), (Vec::new(), 1));
    }

    #[test]
    fn names_of_peoples_own_are_looked_at() {
        for (text, said) in [
            ("[env.set]\nA = \"1\"\n", None),
            ("[env.set]\n\"A B\" = \"1\"\n", Some("`env.set.A B`: `A B` is not the name of a variable")),
            ("[main.ports]\nweb = 8080\n", None),
            ("[main.ports]\nWeb = 8080\n", Some("`main.ports.Web`: `Web` is not a service name")),
            ("[main.ports]\nweb = 80\n", Some("`main.ports.web`: 80 is outside 1024 to 65535")),
            ("[forge.\"a.b\"]\nkind = \"gitlab\"\n", None),
            ("[forge.\"a/b\"]\nkind = \"gitlab\"\n", Some("`forge`: `a/b` is not the name of a host")),
            ("[forge]\nkind = \"gitlab\"\n", Some("unknown key `forge.kind`")),
        ] {
            let told = told(text);
            assert_eq!(told.len(), usize::from(said.is_some()), "{text}: {told:?}");
            if let (Some(said), [(_, told)]) = (said, told.as_slice()) {
                assert!(told.starts_with(said), "{told}");
            }
        }
        let forge = parse(Some("f"), "[forge.\"A.b\"]\nkind = \"gitlab\"\n");
        assert_eq!(forge.values[0].key, "forge.a.b");
    }

    #[test]
    fn the_comments_of_the_built_in_file_are_passed_over_and_its_values_have_no_line() {
        assert_eq!(uncommented("# a\n[trash]\n#b\nkeep = 1 # c\n"), "[trash]\nkeep = 1 # c\n");
        let parsed = parse(None, "# a\n[trash]\nkeep = \"1d\"\n");
        assert_eq!(parsed.values[0].origin, Origin::BuiltIn);
    }

    #[test]
    fn toml_is_read_as_json_and_what_json_cannot_say_is_null() {
        for (text, value) in [
            ("\"a\"", json!("a")),
            ("true", json!(true)),
            ("12", json!(12)),
            ("0x1f", json!(31)),
            ("1.5", json!(1.5)),
            ("inf", json!(null)),
            ("1979-05-27", json!(null)),
            ("[1, [2]]", json!([1, [2]])),
            ("{ a = 1 }", json!({ "a": 1 })),
        ] {
            assert_eq!(json(DeValue::parse(text).unwrap().get_ref()), value, "{text}");
        }
    }
}
