//! Whether a pattern of an attribute file matches a path (gitattributes(5), gitignore(5)).

use gix_glob::wildmatch::Mode;

/// One pattern, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: Vec<u8>,
    /// How many bytes come before the first wildcard.
    literal: usize,
    scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Has no slash: the last part of a path counts.
    Name,
    /// Counts from the folder of its file.
    Path,
    /// Ends with a slash: attributes are for files, so nothing.
    Nothing,
}

/// More stars than this are beyond the depth to which our matcher goes.
const MOST_STARS: usize = 32;

impl Pattern {
    /// Takes it apart; `None` for a negative one, which git passes over.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        if text.starts_with(b"!") {
            return None;
        }
        let (scope, text) = match text.strip_suffix(b"/") {
            Some(text) => (Scope::Nothing, text),
            None if text.contains(&b'/') => (Scope::Path, text),
            None => (Scope::Name, text),
        };
        let text = if scope == Scope::Path { text.strip_prefix(b"/").unwrap_or(text) } else { text };
        let literal = text.iter().position(|byte| b"*?[\\".contains(byte)).unwrap_or(text.len());
        Some(Self { text: text.to_vec(), literal, scope })
    }

    /// Answers whether versions of git, or git and our matcher, may disagree about it.
    pub(super) fn is_odd(&self) -> bool {
        let (before, after) = self.text.split_at(self.literal);
        let is_glued = after.starts_with(b"**") && before.last().is_some_and(|byte| *byte != b'/');
        (self.scope == Scope::Path && is_glued) || memchr::memchr_iter(b'*', &self.text).count() > MOST_STARS
    }

    /// Answers whether it matches `path`, which is relative to the folder of the pattern's file.
    pub(super) fn is_match(&self, path: &[u8], folds_case: bool) -> bool {
        let case = if folds_case { Mode::IGNORE_CASE } else { Mode::empty() };
        let is_same = |one: &[u8], other: &[u8]| {
            if folds_case { one.eq_ignore_ascii_case(other) } else { one == other }
        };
        let wild = |pattern: &[u8], text: &[u8], mode| gix_glob::wildmatch(pattern.into(), text.into(), mode);
        match self.scope {
            Scope::Nothing => false,
            Scope::Name => {
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
                if self.literal == self.text.len() {
                    return is_same(&self.text, name);
                }
                wild(&self.text, name, case)
            }
            Scope::Path => {
                let Some((start, rest)) = path.split_at_checked(self.literal) else { return false };
                let (literal, pattern) = self.text.split_at(self.literal);
                is_same(literal, start)
                    && if pattern.is_empty() {
                        rest.is_empty()
                    } else {
                        wild(pattern, rest, case | Mode::NO_MATCH_SLASH_LITERAL)
                    }
            }
        }
    }
}
