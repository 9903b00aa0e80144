//! JSON as text that fits into a file: with its indentation and its line breaks.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// How a file is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// One step of indentation.
    pub step: String,
    pub line_break: &'static str,
}

impl Layout {
    /// Tells the layout by the first property, which begins at `first`.
    #[must_use]
    pub fn of(body: &str, first: Option<usize>) -> Self {
        let line_break = if body.contains("\r\n") { "\r\n" } else { "\n" };
        let step = first.and_then(|first| {
            let line = &body[body[..first].rfind('\n')? + 1..first];
            (!line.is_empty() && line.chars().all(|letter| matches!(letter, ' ' | '\t')))
                .then(|| line.to_owned())
        });
        Self { step: step.unwrap_or_else(|| "  ".to_owned()), line_break }
    }

    /// Returns the value as it stands behind `indent`, on several lines.
    #[must_use]
    pub fn render(&self, value: &Value, indent: &str) -> String {
        let mut bytes = Vec::new();
        let formatter = PrettyFormatter::with_indent(self.step.as_bytes());
        // A value made of text and numbers alone can always be written.
        let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.replace('\n', &format!("{}{indent}", self.line_break))
    }
}

/// Returns the blanks that the line of `at` begins with.
#[must_use]
pub fn indent_at(body: &str, at: usize) -> &str {
    let line = &body[body[..at].rfind('\n').map_or(0, |end| end + 1)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_is_what_the_first_property_stands_behind() {
        let step = |body: &str| Layout::of(body, body.find('"')).step;
        assert_eq!(step("{\n    \"a\": 1\n}"), "    ");
        assert_eq!(step("{\n\t\"a\": 1\n}"), "\t");
        for elsewhere in ["{\"a\": 1}", "{\n\"a\": 1\n}", "{ /* b\n*/ \"a\": 1}", "{}"] {
            assert_eq!(step(elsewhere), "  ", "{elsewhere}");
        }
    }

    #[test]
    fn a_value_has_the_steps_and_line_breaks_of_the_file_around_it() {
        let body = "{\r\n\t\"a\": 1\r\n}";
        let layout = Layout::of(body, body.find('"'));
        assert_eq!(indent_at(body, body.find('"').unwrap()), "\t");
        assert_eq!(layout.render(&json!({ "b": [1] }), "\t"), "{\r\n\t\t\"b\": [\r\n\t\t\t1\r\n\t\t]\r\n\t}");
    }
}
