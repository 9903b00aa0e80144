//! `$Id$` becomes `$Id: ` with the blob's name (gitattributes(5), `ident`). git has two expanders that part ways on odd
//! content: one sees a file whole, the other byte by byte. Which one runs depends on the line endings wanted.

use std::borrow::Cow;

use git2::Oid;

/// Whether `$Id$` is expanded, and by which of git's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ident {
    /// It stays.
    #[default]
    Kept,
    /// By the rules for a file that is seen whole, as git does where it must guess whether it is text.
    Whole,
    /// By the rules for a stream, as git does elsewhere.
    Streamed,
}

const HEAD: &[u8] = b"$Id";

impl Ident {
    /// Returns the content with the name put in.
    pub(super) fn expand(self, content: &[u8], id: Oid) -> Cow<'_, [u8]> {
        if self == Self::Kept || memchr::memmem::find(content, HEAD).is_none() {
            return Cow::Borrowed(content);
        }
        let name = format!("Id: {id} $");
        Cow::Owned(match self {
            Self::Whole => expand_whole(content, name.as_bytes()),
            _ => expand_stream(content, name.as_bytes()),
        })
    }
}

fn expand_whole(content: &[u8], name: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(content.len() + 64);
    let mut rest = content;
    while let Some(dollar) = memchr::memchr(b'$', rest) {
        expanded.extend_from_slice(&rest[..=dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix(b"Id$") {
            rest = after;
        } else if let Some(old) = rest.strip_prefix(b"Id:") {
            let Some(end) = memchr::memchr(b'$', old) else { break };
            if old[..end].contains(&b'\n') || is_strange_whole(&old[..end]) {
                continue;
            }
            rest = &old[end + 1..];
        } else {
            continue;
        }
        expanded.extend_from_slice(name);
    }
    expanded.extend_from_slice(rest);
    expanded
}

/// A blank inside, the first place aside, is another system's: `$Id: file,v 1.2 date $`.
fn is_strange_whole(old: &[u8]) -> bool {
    let blank = old.get(1..).and_then(|old| memchr::memchr(b' ', old));
    blank.is_some_and(|at| at + 2 < old.len())
}

/// Where the byte-by-byte reader stands.
enum State {
    /// So many bytes of `$Id` were seen. A NUL after it is taken for a fourth.
    Head(usize),
    /// In `$Id:` up to a dollar or the end of the line.
    Old,
}

fn expand_stream(content: &[u8], name: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(content.len() + 64);
    // What git has not let go of yet: an old name is replaced together with all of that.
    let mut held = Vec::new();
    let mut state = State::Head(0);
    for &byte in content {
        match state {
            State::Old => {
                held.push(byte);
                if byte != b'\n' && byte != b'$' {
                    continue;
                }
                if byte == b'$' && !is_strange_streamed(&held) {
                    held.truncate(0);
                    held.push(b'$');
                    held.extend_from_slice(name);
                }
            }
            State::Head(seen) if seen < 4 && b"$Id\0".get(seen) == Some(&byte) => {
                state = State::Head(seen + 1);
                continue;
            }
            State::Head(seen) => {
                held.extend_from_slice(&b"$Id\0"[..seen]);
                match byte {
                    b':' if seen == 3 => {
                        held.push(byte);
                        state = State::Old;
                        continue;
                    }
                    b'$' if seen == 3 => held.extend_from_slice(name.strip_prefix(b"Id").unwrap_or(name)),
                    _ => held.push(byte),
                }
                if seen == 3 && byte != b'$' {
                    state = State::Head(0);
                    continue;
                }
            }
        }
        expanded.append(&mut held);
        state = State::Head(0);
    }
    expanded.append(&mut held);
    if let State::Head(seen) = state {
        expanded.extend_from_slice(&b"$Id\0"[..seen]);
    }
    expanded
}

/// As [`is_strange_whole`], but of everything held, up to a NUL, and any white space counts.
fn is_strange_streamed(held: &[u8]) -> bool {
    let held = held.split(|byte| *byte == 0).next().unwrap_or_default();
    let Some(old) = held.strip_prefix(b"$Id: ") else { return false };
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    old.iter().enumerate().any(|(at, byte)| is_space(*byte) && old.get(at + 1) != Some(&b'$'))
}
