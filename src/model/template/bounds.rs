//! What a template may take: a stranger's template must neither hang nor fill the memory of whoever reads it. The steps are
//! counted, the text it makes is cut off, and what could multiply a text on the way to it is bounded by itself.

use std::io;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, filters};

use super::fault::TemplateFault;

/// Steps that one template may take.
const STEPS: u64 = 20_000;

/// Bytes of a template, and of every text that it makes.
const SIZE: usize = 64 << 10;

/// Bytes that a text put together of others may have on the way: each `~` and `+` can double the longest.
const JOINED: usize = 256 << 10;

/// Bytes of a value that is expected: a path, a line of an env block.
const VALUE: usize = 1 << 10;

/// Elements of a list that is made of a text or of a range.
const ELEMENTS: usize = 4 << 10;

/// Words and signs between one pair of braces, and braces with a statement: whoever reads a template goes a step deeper
/// with each of them, and its stack has an end.
const DEEPEST: usize = 500;

/// The detail of the error of whatever would go beyond the bounds.
const OVER: &str = "it makes too much";

/// The filters that make much of little and that no name, address or command needs.
const LEFT_OUT: [&str; 4] = ["batch", "slice", "indent", "format"];

/// Statements that neither keep a text for later nor call themselves.
const STATEMENTS: [&str; 10] =
    ["if", "elif", "else", "endif", "for", "endfor", "set", "with", "endwith", "do"];

/// Bounds what `environment` runs.
pub fn apply(environment: &mut Environment<'_>) {
    environment.set_fuel(Some(STEPS));
    for name in LEFT_OUT {
        environment.remove_filter(name);
    }
    environment.remove_global("namespace");
    environment.remove_global("debug");
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("split", split);
    environment.add_filter("lines", lines);
    environment.add_filter("list", list);
    environment.add_function("range", range);
}

/// Requires that nothing in `template` can multiply what it makes beyond the bounds.
///
/// # Errors
///
/// Returns what is too much.
pub fn require(template: &str) -> Result<(), TemplateFault> {
    if template.len() > SIZE {
        return Err(too_much());
    }
    let (mut joins, mut longest, mut word_is_next) = (0_usize, VALUE, false);
    let mut keeps_text = None;
    let (mut words, mut statements) = (0_usize, 0_usize);
    for token in tokenize(template, false, SyntaxConfig::default()) {
        // What is no template is said by whoever compiles it.
        let Ok((token, _)) = token else { return Ok(()) };
        match &token {
            Token::VariableStart => words = 0,
            Token::BlockStart => (words, statements) = (0, statements + 1),
            _ => words += 1,
        }
        if words.max(statements) > DEEPEST {
            let what = if words > DEEPEST { "an expression" } else { "it" };
            return Err(refused(&format!("{what} has more than {DEEPEST} parts")));
        }
        match &token {
            Token::Tilde | Token::Plus => joins += 1,
            Token::Mul | Token::Pow => return Err(refused("`*` cannot be used")),
            Token::Str(text) => longest = longest.max(text.len()),
            Token::String(text) => longest = longest.max(text.len()),
            Token::Ident("recursive") => return Err(refused("`recursive` cannot be used")),
            Token::Ident(word) if word_is_next => {
                let is_end = word.starts_with("end");
                if !is_end && !STATEMENTS.contains(word) {
                    return Err(refused(&format!("`{word}` cannot be used")));
                }
                keeps_text = (*word == "set").then_some(());
            }
            Token::Assign => keeps_text = None,
            Token::BlockEnd if keeps_text.is_some() => {
                return Err(refused("`set` needs `=`"));
            }
            _ => {}
        }
        word_is_next = matches!(token, Token::BlockStart);
    }
    let is_bounded = u32::try_from(joins).ok().and_then(|joins| 1_usize.checked_shl(joins));
    match is_bounded.and_then(|times| times.checked_mul(longest)) {
        Some(most) if most <= JOINED => Ok(()),
        // Text that is put together once, here and there, is none that doubles itself.
        _ if joins.saturating_mul(longest) <= JOINED && !template.contains("{%") => Ok(()),
        _ => Err(refused("too many `~` and `+` are used")),
    }
}

fn refused(what: &str) -> TemplateFault {
    TemplateFault {
        message: format!("the template is not valid: {what}"),
        hint: Some(
            "`if`, `for`, `set NAME = …`, filters and a few `~` or `+` are what a template may use"
                .to_owned(),
        ),
    }
}

/// The fault of a template that goes beyond the bounds.
pub fn too_much() -> TemplateFault {
    TemplateFault {
        message: format!("the template makes too much, or takes too long: at most 64 KiB and {STEPS} steps"),
        hint: Some("write a shorter one".to_owned()),
    }
}

/// Answers whether a template went beyond the bounds.
pub fn is_over(error: &Error) -> bool {
    error.kind() == ErrorKind::OutOfFuel || error.detail() == Some(OVER)
}

/// The text that a template makes, as far as it fits.
#[derive(Debug, Default)]
pub struct TemplateOutput {
    bytes: Vec<u8>,
    is_full: bool,
}

impl TemplateOutput {
    /// Answers whether there was more than fits.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// Never in practice: templates make text.
    pub fn into_text(self) -> Result<String, Error> {
        String::from_utf8(self.bytes)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, "it is not text").with_source(error))
    }
}

impl io::Write for TemplateOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > SIZE {
            self.is_full = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn over() -> Error {
    Error::new(ErrorKind::InvalidOperation, OVER)
}

fn replace(text: &Value, from: &str, to: &str) -> Result<String, Error> {
    let text = text.to_string();
    let found = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    let grown = found.checked_mul(to.len()).and_then(|added| added.checked_add(text.len()));
    if grown.is_none_or(|size| size > SIZE + found * from.len()) {
        return Err(over());
    }
    Ok(text.replace(from, to))
}

fn join(list: &Value, joiner: Option<&str>) -> Result<String, Error> {
    let mut made = String::new();
    for (index, element) in list.try_iter()?.enumerate() {
        if index > 0 {
            made.push_str(joiner.unwrap_or_default());
        }
        made.push_str(&element.to_string());
        if made.len() > SIZE {
            return Err(over());
        }
    }
    Ok(made)
}

fn split(text: &Value, separator: Option<std::sync::Arc<str>>, most: Option<i64>) -> Result<Value, Error> {
    require_short(text)?;
    filters::split(text, separator, most)
}

fn lines(text: &Value) -> Result<Value, Error> {
    require_short(text)?;
    filters::lines(text)
}

fn list(value: &Value) -> Result<Value, Error> {
    require_short(value)?;
    Ok(value.try_iter()?.take(ELEMENTS).collect())
}

/// A text of which a list is made has no more letters than the list may have elements.
fn require_short(value: &Value) -> Result<(), Error> {
    let is_long =
        value.kind() == ValueKind::String && value.as_str().is_some_and(|text| text.len() > ELEMENTS);
    if is_long { Err(over()) } else { Ok(()) }
}

fn range(lower: i64, upper: Option<i64>, step: Option<i64>) -> Result<Value, Error> {
    let (first, end) = upper.map_or((0, lower), |upper| (lower, upper));
    let step = step.unwrap_or(1);
    let Ok(stride @ 1..) = usize::try_from(step) else {
        return Err(Error::new(ErrorKind::InvalidOperation, "a range goes up by 1 or more"));
    };
    let elements: Vec<i64> = (first..end).step_by(stride).take(ELEMENTS + 1).collect();
    if elements.len() > ELEMENTS { Err(over()) } else { Ok(Value::from(elements)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_over_bounds<T>(made: Result<T, Error>) -> bool {
        made.is_err_and(|error| is_over(&error))
    }

    #[test]
    fn a_template_may_be_as_long_as_what_it_makes_and_no_longer() {
        assert_eq!(require(&"a".repeat(SIZE)), Ok(()));
        for more in [1, 2, SIZE] {
            assert_eq!(require(&"a".repeat(SIZE + more)), Err(too_much()), "{more}");
        }
    }

    #[test]
    fn a_text_grows_up_to_the_bound_and_no_further() {
        let many = Value::from("a".repeat(64));
        assert_eq!(replace(&many, "a", &"b".repeat(1024)).map(|made| made.len()).ok(), Some(SIZE));
        for longer in [1025, 1026, 4000] {
            assert!(is_over_bounds(replace(&many, "a", &"b".repeat(longer))), "{longer}");
        }
        assert_eq!(replace(&Value::from("abc"), "", "-").ok().as_deref(), Some("-a-b-c-"));
        assert_eq!(replace(&Value::from("abc"), "x", &"b".repeat(SIZE * 2)).ok().as_deref(), Some("abc"));
        assert_eq!(replace(&Value::from("a".repeat(SIZE)), "a", "").ok().as_deref(), Some(""));
    }

    #[test]
    fn a_list_is_joined_up_to_the_bound_and_no_further() {
        let list = |length: usize| Value::from(vec!["a".repeat(length), "b".repeat(SIZE / 2)]);
        let made = join(&list(SIZE / 2), None).unwrap();
        assert_eq!(made.len(), SIZE);
        assert!(is_over_bounds(join(&list(SIZE / 2 + 1), None)));
        assert!(is_over_bounds(join(&list(SIZE / 2), Some("-"))));
        let short = Value::from(vec!["a", "b", "c"]);
        assert_eq!(join(&short, Some(", ")).ok().as_deref(), Some("a, b, c"));
        assert_eq!(join(&short, None).ok().as_deref(), Some("abc"));
    }

    #[test]
    fn a_list_of_a_text_or_a_range_is_as_long_as_the_bound_and_no_longer() {
        let text = |length: usize| Value::from("a\n".repeat(length / 2));
        let bound = i64::try_from(ELEMENTS).unwrap();
        for (length, is_fine) in [(ELEMENTS, true), (ELEMENTS + 2, false)] {
            assert_eq!(split(&text(length), Some("a".into()), None).is_ok(), is_fine, "{length}");
            assert_eq!(lines(&text(length)).is_ok(), is_fine, "{length}");
            assert_eq!(list(&text(length)).is_ok(), is_fine, "{length}");
        }
        assert_eq!(range(bound, None, None).ok().and_then(|made| made.len()), Some(ELEMENTS));
        assert!(is_over_bounds(range(bound + 1, None, None)));
        let made = |lower, upper, step| range(lower, upper, step).ok().map(|made| made.to_string());
        assert_eq!(made(3, None, None).as_deref(), Some("[0, 1, 2]"));
        assert_eq!(made(2, Some(7), Some(2)).as_deref(), Some("[2, 4, 6]"));
        assert_eq!((made(1, Some(3), Some(0)), made(3, Some(1), Some(-1))), (None, None));
        assert_eq!(made(3, Some(1), None).as_deref(), Some("[]"));
    }

    #[test]
    fn what_is_written_fits_or_is_cut_off() {
        use std::io::Write;

        let mut output = TemplateOutput::default();
        let half = vec![b'a'; SIZE / 2];
        assert_eq!(output.write(&half).ok(), Some(SIZE / 2));
        assert_eq!(output.write(&half).ok(), Some(SIZE / 2));
        assert!(!output.is_full());
        assert!(output.write(b"a").is_err() && output.is_full());
        assert_eq!(output.into_text().ok(), Some("a".repeat(SIZE)));
    }

    #[test]
    fn statements_that_keep_text_or_call_themselves_are_refused() {
        for (template, refused) in [
            ("{% if a %}{% elif b %}{% else %}{% endif %}", None),
            ("{% for a in b %}{{ a }}{% endfor %}", None),
            ("{% set a = b %}", None),
            ("{% with a = b %}{% endwith %}", None),
            ("{% set a %}b{% endset %}", Some("`set` needs `=`")),
            ("{% macro a() %}{% endmacro %}", Some("`macro` cannot be used")),
            ("{% filter upper %}a{% endfilter %}", Some("`filter` cannot be used")),
            ("{{ a * 2 }}", Some("`*` cannot be used")),
            ("{{ a ** 2 }}", Some("`*` cannot be used")),
            ("{% for a in b recursive %}{% endfor %}", Some("`recursive` cannot be used")),
            ("a * b ** recursive macro", None),
        ] {
            let expected = refused.map(|what| format!("the template is not valid: {what}"));
            assert_eq!(require(template).err().map(|fault| fault.message), expected, "{template}");
        }
    }

    #[test]
    fn texts_are_put_together_as_often_as_cannot_grow_beyond_the_bound() {
        let too_many = Some("the template is not valid: too many `~` and `+` are used".to_owned());
        let loops = |joins: usize| ["{% if a %}{{ a", &" ~ a".repeat(joins), " }}{% endif %}"].concat();
        let once = |joins: usize| ["{{ a", &" ~ a".repeat(joins), " }}"].concat();
        let long = |joins: usize| ["{{ '", &"b".repeat(60_000), "'", &" ~ a".repeat(joins), " }}"].concat();
        for (template, is_fine) in [
            (loops(8), true),
            (loops(9), false),
            (once(9), true),
            (once(249), true),
            (long(4), true),
            (long(5), false),
            ([&long(2), "{% if a %}"].concat(), true),
            ([&long(3), "{% if a %}"].concat(), false),
        ] {
            let fault = require(&template).err().map(|fault| fault.message);
            assert_eq!(fault, (!is_fine).then(|| too_many.clone()).flatten(), "{}", template.len());
        }
    }

    #[test]
    fn a_template_has_as_many_parts_as_can_be_read_and_no_more() {
        let said = |template: String| require(&template).err().map(|fault| fault.message);
        let refused = |what: &str| Some(format!("the template is not valid: {what} has more than 500 parts"));
        assert_eq!(said(["{{ ", &"-".repeat(499), "1 }}"].concat()), refused("an expression"));
        assert_eq!(said(["{{ ", &"-".repeat(498), "1 }}"].concat()), None);
        assert_eq!(said("{% if a %}".repeat(500)), None);
        assert_eq!(said("{% if a %}".repeat(501)), refused("it"));
        assert_eq!(said("{{ a }}".repeat(2000)), None);
    }
}
