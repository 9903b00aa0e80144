//! Whether a pattern of an attribute file matches a path (gitattributes(5), gitignore(5)).

use crate::model::glob::Glob;

/// One pattern, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: Vec<u8>,
    /// How many bytes come before the first wildcard.
    literal: usize,
    scope: Scope,
    /// What has wildcards, case minded and not.
    globs: [Glob; 2],
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
        let wild = if scope == Scope::Path { &text[literal..] } else { text };
        let globs = [false, true].map(|folds| Glob::new(wild, scope == Scope::Path, folds));
        Some(Self { text: text.to_vec(), literal, scope, globs })
    }

    /// Answers whether versions of git may disagree about it.
    pub(super) fn is_odd(&self) -> bool {
        let (before, after) = self.text.split_at(self.literal);
        let is_glued = after.starts_with(b"**") && before.last().is_some_and(|byte| *byte != b'/');
        self.scope == Scope::Path && is_glued
    }

    /// Answers whether it matches `path`, which is relative to the folder of the pattern's file.
    pub(super) fn is_match(&self, path: &[u8], folds_case: bool) -> bool {
        let is_same = |one: &[u8], other: &[u8]| {
            if folds_case { one.eq_ignore_ascii_case(other) } else { one == other }
        };
        let wild = |text: &[u8]| self.globs[usize::from(folds_case)].is_match(text, &mut 0);
        match self.scope {
            Scope::Nothing => false,
            Scope::Name => {
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
                if self.literal == self.text.len() {
                    return is_same(&self.text, name);
                }
                wild(name)
            }
            Scope::Path => {
                let Some((start, rest)) = path.split_at_checked(self.literal) else { return false };
                let (literal, pattern) = self.text.split_at(self.literal);
                is_same(literal, start) && if pattern.is_empty() { rest.is_empty() } else { wild(rest) }
            }
        }
    }
}
