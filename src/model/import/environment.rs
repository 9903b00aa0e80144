//! Variables that another tool gives a process, as words before its command: `env NAME=value …`.

use std::fmt::Write;

use serde_json::Value;

use super::shell::with_port;

/// What became of the variables of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenVariables {
    /// `env NAME=value ` in front of the command; empty where there are none.
    pub words: String,
    /// Whether the port is named in them.
    pub names_port: bool,
    /// The names of those that could not be taken over.
    pub left: Vec<String>,
}

/// Takes over the variables of `all` processes and those of one, which count where both name the same.
#[must_use]
pub fn take_over(all: Option<&Value>, own: Option<&Value>) -> TakenVariables {
    let mut pairs: Vec<(String, Option<String>)> = Vec::new();
    for (name, value) in [all, own].into_iter().flatten().flat_map(listed) {
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name, value));
    }
    let mut taken = TakenVariables::default();
    for (name, value) in pairs {
        // The worktree's own port, whatever number stood there.
        let value =
            if name == "PORT" { Some("{{ port }}".to_owned()) } else { value.as_deref().and_then(word) };
        match value.filter(|_| is_name(&name)) {
            Some(value) => {
                taken.names_port |= value.contains("{{ port }}");
                if name == "PORT" {
                    continue;
                }
                let start = if taken.words.is_empty() { "env " } else { "" };
                let _ = write!(taken.words, "{start}{name}={value} ");
            }
            None => taken.left.push(name),
        }
    }
    taken
}

/// `["A=b"]` or `{ A: b }`.
fn listed(written: &Value) -> Vec<(String, Option<String>)> {
    let pair = |text: &str| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    };
    match written {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(pair).collect(),
        Value::Object(table) => table
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name.clone(), Some(text.clone())),
                Value::Bool(_) | Value::Number(_) => (name.clone(), Some(value.to_string())),
                _ => (name.clone(), None),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn is_name(name: &str) -> bool {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty() && name.chars().all(is_fine) && !name.starts_with(|letter: char| letter.is_ascii_digit())
}

/// The value as it stands in a word of a command; `None` where a shell or a template would make something else of it.
fn word(value: &str) -> Option<String> {
    if ["{{", "{%", "{#"].iter().any(|mark| value.contains(mark)) {
        return None;
    }
    let value = with_port(value);
    if value.chars().any(|letter| letter.is_control() || "$'\\`".contains(letter)) {
        return None;
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+=,".contains(letter);
    Some(if value.chars().all(is_plain) { value } else { format!("'{value}'") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::take_over;

    #[test]
    fn variables_stand_before_the_command_and_what_cannot_be_said_is_named() {
        let (all, own) =
            (json!(["A=1", "B=2", "SECRET=$TOKEN"]), json!({ "B": "x y", "PORT": 8080, "C": true }));
        let taken = take_over(Some(&all), Some(&own));
        assert_eq!(taken.words, "env A=1 B='x y' C=true ");
        assert!(taken.names_port, "PORT is given by us");
        assert_eq!(taken.left, ["SECRET"]);
        let taken = take_over(None, Some(&json!(["URL=http://localhost:${PORT}/", "9x=1", "Q=it's"])));
        assert_eq!(taken.words, "env URL='http://localhost:{{ port }}/' ");
        assert_eq!(taken.left, ["9x", "Q"]);
        assert_eq!(take_over(None, None).words, "");
    }

    #[test]
    fn a_name_and_a_value_are_taken_over_where_a_shell_makes_nothing_else_of_them() {
        for (name, is_it) in
            [("A", true), ("A_1", true), ("_a", true), ("1A", false), ("A-B", false), ("", false)]
        {
            assert_eq!(super::is_name(name), is_it, "{name}");
        }
        for (value, expected) in [
            ("a_b-c./:@%+=,1", Some("a_b-c./:@%+=,1")),
            ("", Some("")),
            ("a b", Some("'a b'")),
            ("a;b", Some("'a;b'")),
            ("$PORT", Some("'{{ port }}'")),
            ("$HOME", None),
            ("it's", None),
            ("a\\b", None),
            ("a`b`", None),
            ("a\nb", None),
            ("{{ x }}", None),
            ("{% x %}", None),
            ("{# x #}", None),
        ] {
            assert_eq!(super::word(value).as_deref(), expected, "{value}");
        }
        let own = json!({ "A": 1, "B": null, "C": "x", "D": [1] });
        let taken = take_over(Some(&json!(["C=y", "E"])), Some(&own));
        assert_eq!((taken.words.as_str(), taken.names_port), ("env A=1 C=x ", false));
        assert_eq!(taken.left, ["E", "B", "D"]);
    }
}
