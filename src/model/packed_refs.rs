//! The text of git's `packed-refs` (gitrepository-layout(5)): one line for each ref, a line `^…` below an annotated tag.

/// A ref that was found in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its value, in hexadecimal.
    pub value: String,
    /// The text without it, every other byte as it was.
    pub rest: Vec<u8>,
}

/// Finds the ref with the full name `name`; `None` where the text has none.
#[must_use]
pub fn find(text: &[u8], name: &str) -> Option<Packed> {
    let mut start = 0;
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let mut end = start + line.len();
        let words = line.strip_suffix(b"\n").unwrap_or(line);
        let at = words.iter().position(|byte| *byte == b' ').filter(|_| !words.starts_with(b"#"));
        if let Some(at) = at.filter(|at| &words[at + 1..] == name.as_bytes()) {
            if let Some(peeled) = lines.next_if(|next| next.starts_with(b"^")) {
                end += peeled.len();
            }
            let value = String::from_utf8_lossy(&words[..at]).into_owned();
            return Some(Packed { value, rest: [&text[..start], &text[end..]].concat() });
        }
        start = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# pack-refs with: peeled fully-peeled sorted \n\
        aa refs/heads/a\nbb refs/heads/a/b\ncc refs/tags/v1\n^dd\nee refs/tags/v2\n";

    #[test]
    fn one_ref_goes_with_its_peeled_line_and_every_other_byte_stays() {
        let found = find(TEXT.as_bytes(), "refs/tags/v1").unwrap();
        assert_eq!(found.value, "cc");
        assert_eq!(String::from_utf8(found.rest).unwrap(), TEXT.replace("cc refs/tags/v1\n^dd\n", ""));
        let found = find(TEXT.as_bytes(), "refs/heads/a").unwrap();
        assert_eq!(String::from_utf8(found.rest).unwrap(), TEXT.replace("aa refs/heads/a\n", ""));
    }

    #[test]
    fn a_name_that_is_not_there_is_not_found() {
        for name in ["refs/heads", "refs/heads/b", "heads/a", "pack-refs with: peeled fully-peeled sorted "] {
            assert_eq!(find(TEXT.as_bytes(), name), None, "{name}");
        }
        assert_eq!(find(b"", "refs/heads/a"), None);
    }
}
