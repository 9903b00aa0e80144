//! LF becomes CRLF, where a file asks for it or looks like text (gitattributes(5), `text` and `eol`).

use std::borrow::Cow;

/// What becomes of the ends of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Endings {
    /// They stay.
    #[default]
    Kept,
    /// LF becomes CRLF.
    Crlf,
    /// LF becomes CRLF in what looks like text and has no CR at all.
    CrlfIfText,
}

impl Endings {
    /// Returns the content with its lines ended so.
    pub(super) fn apply(self, content: &[u8]) -> Cow<'_, [u8]> {
        let is_wanted = match self {
            Self::Kept => false,
            Self::Crlf => has_bare_lf(content),
            Self::CrlfIfText => content.contains(&b'\n') && is_text_without_cr(content),
        };
        if is_wanted { Cow::Owned(with_crlf(content)) } else { Cow::Borrowed(content) }
    }
}

fn has_bare_lf(content: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', content).any(|at| at == 0 || content[at - 1] != b'\r')
}

fn with_crlf(content: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(content.len() + content.len() / 16 + 16);
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', content) {
        if at == 0 || content[at - 1] != b'\r' {
            converted.extend_from_slice(&content[from..at]);
            converted.push(b'\r');
            from = at;
        }
    }
    converted.extend_from_slice(&content[from..]);
    converted
}

/// Follows git's guess: no NUL, and at most one control character in 128 others. A DOS end of file (26) at the very end
/// does not count.
fn is_text_without_cr(content: &[u8]) -> bool {
    let body = content.strip_suffix(&[26]).unwrap_or(content);
    let (mut printable, mut strange) = (0_usize, 0_usize);
    for byte in body {
        match byte {
            0 | b'\r' => return false,
            b'\n' => {}
            8 | b'\t' | 12 | 27 | 32..=126 | 128.. => printable += 1,
            _ => strange += 1,
        }
    }
    printable / 128 >= strange
}
