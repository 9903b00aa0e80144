//! A settings file as JSON with comments, each part with its place in the text; and which parts of it are ours.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// Why a file is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFault(pub String);

/// The byte order mark, which is none of the text.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What stands before each call of ours: without `git-wt` it does nothing.
pub const GUARD: &str = "command -v git-wt >/dev/null && ";

/// Answers whether a property of the whole is a status line of ours, of this version or another.
#[must_use]
pub fn is_status_line(property: &ObjectProp<'_>) -> bool {
    let line = property.value.as_object().and_then(|line| line.get_string("command"));
    property.name.as_str() == "statusLine"
        && line.is_some_and(|line| {
            line.value.strip_prefix(GUARD).unwrap_or(&line.value).starts_with("git-wt prompt")
        })
}

/// How our entries are told from others.
#[derive(Clone, Copy, Debug)]
pub struct EntryMark<'a> {
    /// The word behind `--as`.
    pub program: &'a str,
}

impl EntryMark<'_> {
    /// Answers whether a command is one of ours.
    #[must_use]
    pub fn is_ours(self, command: &str) -> bool {
        let words: Vec<&str> = command.split_whitespace().collect();
        words.windows(2).any(|pair| pair == ["git-wt", "agent"])
            && words.windows(2).any(|pair| pair == ["--as", self.program])
    }

    /// Answers whether a part of the file is a call of ours.
    #[must_use]
    pub fn is_call(self, value: &Value<'_>) -> bool {
        let Value::Object(object) = value else { return false };
        let commands = ["command", "bash"].map(|name| object.get_string(name));
        commands.into_iter().flatten().any(|command| self.is_ours(&command.value))
    }

    /// Answers whether an element of an event's list has a call of ours: it is one, or a group with one.
    #[must_use]
    pub fn is_in(self, value: &Value<'_>) -> bool {
        let group = value.as_object().and_then(|object| object.get_array("hooks"));
        self.is_call(value)
            || group.is_some_and(|group| group.elements.iter().any(|inner| self.is_call(inner)))
    }
}

/// Reads the whole.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse(body: &str) -> Result<Object<'_>, SettingsFault> {
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
        ..ParseOptions::default()
    };
    let read = parse_to_ast(body, &CollectOptions::default(), &options)
        .map_err(|error| SettingsFault(format!("it is no JSON: {error}")))?;
    match read.value {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(SettingsFault("it is no JSON object".to_owned())),
    }
}

/// Returns the one property of that name; `None` where there is none.
///
/// # Errors
///
/// Where there are two: programs differ in which one counts.
pub fn property<'a, 'b>(
    object: &'b Object<'a>,
    name: &str,
) -> Result<Option<&'b ObjectProp<'a>>, SettingsFault> {
    let mut found = object.properties.iter().filter(|property| property.name.as_str() == name);
    let first = found.next();
    match found.next() {
        Some(_) => Err(SettingsFault(format!("`{name}` stands there twice"))),
        None => Ok(first),
    }
}

/// Returns the object `hooks`.
///
/// # Errors
///
/// Where it is something else.
pub fn hooks<'a, 'b>(root: &'b Object<'a>) -> Result<Option<&'b Object<'a>>, SettingsFault> {
    let Some(property) = property(root, "hooks")? else { return Ok(None) };
    property.value.as_object().map(Some).ok_or_else(|| SettingsFault("`hooks` is no object".to_owned()))
}

/// Returns the elements of an event's list; `None` where there is none.
///
/// # Errors
///
/// Where it is no list.
pub fn event<'a, 'b>(
    hooks: &'b Object<'a>,
    name: &str,
) -> Result<Option<&'b jsonc_parser::ast::Array<'a>>, SettingsFault> {
    let Some(property) = property(hooks, name)? else { return Ok(None) };
    property.value.as_array().map(Some).ok_or_else(|| SettingsFault(format!("`hooks.{name}` is no list")))
}

/// Returns the place of a part.
#[must_use]
pub fn span(part: &impl Ranged) -> std::ops::Range<usize> {
    part.start()..part.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_read(text: &str) -> bool {
        parse(text).is_ok()
    }

    #[test]
    fn comments_and_a_last_comma_are_read_and_nothing_else_that_is_no_json() {
        for text in [
            "{}",
            "{\"a\": 1} // so",
            "{/* so */ \"a\": [1, 2,],}",
            "{\"a\": \"\\u0041\\n\"}",
            "{\"a\": -1.5e3}",
        ] {
            assert!(is_read(text), "{text}");
        }
        for text in [
            "{a: 1}",
            "{\"a\": 1 \"b\": 2}",
            "{'a': 1}",
            "{\"a\": 0x1F}",
            "{\"a\": +1}",
            "{\"a\": .5}",
            "{\"a\": 5.}",
            "{\"a\": NaN}",
            "{\"a\": Infinity}",
            "{\"a\": \"\\x41\"}",
            "{\"a\": \"\\v\"}",
            "[]",
            "",
        ] {
            assert!(!is_read(text), "{text}");
        }
    }

    #[test]
    fn what_stands_there_twice_or_is_of_another_kind_is_a_fault() {
        let fault = |said: &str| Err(SettingsFault(said.to_owned()));
        let twice = parse("{\"hooks\": {}, \"hooks\": {}}").unwrap();
        assert_eq!(hooks(&twice).map(|_| ()), fault("`hooks` stands there twice"));
        let list = parse("{\"hooks\": []}").unwrap();
        assert_eq!(hooks(&list).map(|_| ()), fault("`hooks` is no object"));
        assert_eq!(hooks(&parse("{}").unwrap()).map(|found| found.is_none()), Ok(true));
        let whole = parse("{\"hooks\": {\"stop\": {}, \"start\": [1]}}").unwrap();
        let found = hooks(&whole).unwrap().unwrap();
        assert_eq!(event(found, "stop").map(|_| ()), fault("`hooks.stop` is no list"));
        assert_eq!(event(found, "start").map(|list| list.map(|list| list.elements.len())), Ok(Some(1)));
        assert_eq!(event(found, "end").map(|list| list.is_none()), Ok(true));
    }

    #[test]
    fn a_call_is_ours_by_its_words_and_by_the_program_that_it_names() {
        let mark = EntryMark { program: "codex" };
        for (command, is_ours) in [
            ("git-wt agent enter --as codex || true", true),
            ("command -v git-wt >/dev/null && git-wt agent enter --as codex", true),
            ("git-wt agent enter --as claude", false),
            ("git-wt enter --as codex", false),
            ("git-wt --as agent codex", false),
            ("echo agent --as codex", false),
            ("", false),
        ] {
            assert_eq!(mark.is_ours(command), is_ours, "{command}");
            for (group, is_call) in [
                (format!("{{\"command\": \"{command}\"}}"), true),
                (format!("{{\"bash\": \"{command}\"}}"), true),
                (
                    format!("{{\"hooks\": [{{\"command\": \"mine\"}}, {{\"command\": \"{command}\"}}]}}"),
                    false,
                ),
            ] {
                let value = Value::Object(parse(&group).unwrap());
                assert_eq!(mark.is_call(&value), is_ours && is_call, "{group}");
                assert_eq!(mark.is_in(&value), is_ours, "{group}");
            }
        }
    }

    #[test]
    fn a_status_line_is_ours_by_its_name_and_by_how_its_command_begins() {
        for (text, is_ours) in [
            ("{\"statusLine\": {\"command\": \"git-wt prompt --format claude\"}}", true),
            ("{\"statusLine\": {\"command\": \"command -v git-wt >/dev/null && git-wt prompt\"}}", true),
            ("{\"statusLine\": {\"command\": \"mine; git-wt prompt\"}}", false),
            ("{\"statusLine\": \"git-wt prompt\"}", false),
            ("{\"line\": {\"command\": \"git-wt prompt\"}}", false),
        ] {
            assert_eq!(is_status_line(&parse(text).unwrap().properties[0]), is_ours, "{text}");
        }
    }
}
