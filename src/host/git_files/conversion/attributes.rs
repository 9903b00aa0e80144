//! The lines of an attribute file, read as git reads them (gitattributes(5)).

use super::pattern::Pattern;

/// git passes over longer lines and larger files, in bytes.
const LONGEST_LINE: usize = 2047;
const LARGEST_FILE: usize = 100 * 1024 * 1024 - 1;

/// What a line says about one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AttributeState {
    Set,
    Unset,
    Unspecified,
    Value(Vec<u8>),
}

/// An attribute by name, and what it is set to.
pub(super) type Assignment = (Vec<u8>, AttributeState);

/// One line.
#[derive(Clone, Debug)]
pub(super) enum AttributeLine {
    Rule(Pattern, Vec<Assignment>),
    Macro(Vec<u8>, Vec<Assignment>),
}

impl AttributeLine {
    pub(super) fn assignments(&self) -> &[Assignment] {
        match self {
            Self::Rule(_, assignments) | Self::Macro(_, assignments) => assignments,
        }
    }
}

/// Where the text is from: git reads a file line by line, and an object as one string that a NUL ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttributeOrigin {
    File,
    /// One from the top folder of a tree may define macros.
    Top,
    Below,
}

/// Answers whether an attribute file has a pattern that we would rather leave to git.
pub fn has_odd_pattern(text: &[u8]) -> bool {
    parse(text, AttributeOrigin::File)
        .iter()
        .any(|line| matches!(line, AttributeLine::Rule(pattern, assignments) if pattern.is_odd() && !assignments.is_empty()))
}

/// Reads the lines that mean something.
pub(super) fn parse(text: &[u8], origin: AttributeOrigin) -> Vec<AttributeLine> {
    if text.len() > LARGEST_FILE {
        return Vec::new();
    }
    let until_nul = |text| <[u8]>::split(text, |byte| *byte == 0).next().unwrap_or_default();
    let text = match origin {
        AttributeOrigin::File => text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
        AttributeOrigin::Top | AttributeOrigin::Below => until_nul(text),
    };
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let line = match origin {
                AttributeOrigin::File => until_nul(line.strip_suffix(b"\r").unwrap_or(line)),
                AttributeOrigin::Top | AttributeOrigin::Below => line,
            };
            parse_line(line, origin != AttributeOrigin::Below)
        })
        .collect()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len());
    &text[start..]
}

fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| is_blank(*byte)).unwrap_or(text.len()))
}

fn parse_line(line: &[u8], may_define: bool) -> Option<AttributeLine> {
    let text = skip_blanks(line);
    if text.is_empty() || text.starts_with(b"#") || line.len() > LONGEST_LINE {
        return None;
    }
    let (name, rest) = unquote(text).unwrap_or_else(|| {
        let (name, rest) = split_word(text);
        (name.to_vec(), rest)
    });
    let macro_name = match name.strip_prefix(b"[attr]") {
        Some(rest) if !rest.is_empty() => {
            let name = split_word(skip_blanks(rest)).0;
            if !may_define || !is_name(name) {
                return None;
            }
            Some(name.to_vec())
        }
        _ => None,
    };
    let words = rest.split(|byte| is_blank(*byte)).filter(|word| !word.is_empty());
    let assignments = words.map(parse_assignment).collect::<Option<Vec<_>>>()?;
    Some(match macro_name {
        Some(name) => AttributeLine::Macro(name, assignments),
        None => AttributeLine::Rule(Pattern::new(&name)?, assignments),
    })
}

fn parse_assignment(word: &[u8]) -> Option<Assignment> {
    let (name, value) = match word.iter().position(|byte| *byte == b'=') {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let (name, state) = match (name.split_first(), value) {
        (Some((b'-', name)), _) => (name, AttributeState::Unset),
        (Some((b'!', name)), _) => (name, AttributeState::Unspecified),
        (_, Some(value)) => (name, AttributeState::Value(value.to_vec())),
        (_, None) => (name, AttributeState::Set),
    };
    is_name(name).then(|| (name.to_vec(), state))
}

/// Names that begin with `builtin_` are git's own; a line with a wrong name is passed over whole.
fn is_name(name: &[u8]) -> bool {
    let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    !name.is_empty() && name[0] != b'-' && name.iter().all(is_good) && !name.starts_with(b"builtin_")
}

/// Reads a pattern in quotes, as C has them; returns it and what follows. `None` where the quotes do not hold.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'"' => {
                // To git it is a string that a NUL ends.
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                name.truncate(end);
                return Some((name, rest));
            }
            b'\\' => {
                let (escaped, after) = rest.split_first()?;
                rest = after;
                name.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' | b'"' => *escaped,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        if !digits.iter().all(|digit| (b'0'..=b'7').contains(digit)) {
                            return None;
                        }
                        rest = after;
                        (escaped - b'0') * 64 + (digits[0] - b'0') * 8 + (digits[1] - b'0')
                    }
                    _ => return None,
                });
            }
            byte => name.push(*byte),
        }
    }
}
