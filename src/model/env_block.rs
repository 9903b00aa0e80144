//! The part of `.env` that is ours, between two marker lines. The user's lines stay byte for byte, whatever they are.

use std::ops::Range;

use crate::error::{Code, Failure, Result};

/// The file that has the block where nothing says otherwise.
pub const USUAL: &str = ".env";

/// The line that opens the block.
pub const OPENING: &str = "# >>> wt >>> written by wt: edits between these lines are overwritten";

/// The line that closes it.
pub const CLOSING: &str = "# <<< wt <<<";

/// Ends the opening line when the user's last line had no end: the line break before the block is then ours too, and goes
/// with it.
const JOINED: &str = " (joined)";

/// What every version's opening line begins with.
const OPENING_SIGN: &str = "# >>> wt >>>";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where the block is, its line ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBlock {
    None,
    Whole(Range<usize>),
    /// One marker without the other, or more than one block: nobody can tell what is ours.
    Broken,
}

/// Finds the block.
#[must_use]
pub fn find(bytes: &[u8]) -> FoundBlock {
    let mut opened = None;
    let mut whole = None;
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        // A byte order mark is the user's, also where the block is the first thing in the file.
        if start == 0 && line.starts_with(BYTE_ORDER_MARK) {
            start = BYTE_ORDER_MARK.len();
        }
        let text = bytes[start..end].trim_ascii_end();
        if text.starts_with(OPENING_SIGN.as_bytes()) {
            if opened.is_some() || whole.is_some() {
                return FoundBlock::Broken;
            }
            opened = Some(start);
        } else if text == CLOSING.as_bytes() {
            match opened.take() {
                Some(first) => whole = Some(first..end),
                None => return FoundBlock::Broken,
            }
        }
        start = end;
    }
    match (opened, whole) {
        (Some(_), _) => FoundBlock::Broken,
        (None, Some(range)) => FoundBlock::Whole(range),
        (None, None) => FoundBlock::None,
    }
}

/// Returns the file with `lines` as its block: in place of the old one, else at the end.
///
/// # Errors
///
/// `config_invalid` when one marker stands without the other, or one of `lines` would pass for a marker.
pub fn splice(bytes: &[u8], lines: &[String]) -> Result<Vec<u8>> {
    if let Some(line) = lines.iter().find(|line| is_marker(line)) {
        let message = format!(
            "the template of the env block makes the line `{line}`, which marks the block's end or start"
        );
        return Err(Failure::new(Code::ConfigInvalid, message).hint("take it out of `env.template`"));
    }
    let found = find(bytes);
    let crlf = match &found {
        FoundBlock::Whole(range) => is_crlf(&bytes[range.clone()]),
        _ => is_crlf(bytes),
    };
    let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let joined = match &found {
        FoundBlock::Whole(range) => is_joined(&bytes[range.clone()]),
        _ => !bytes.is_empty() && !bytes.ends_with(b"\n"),
    };
    let opening = if joined { format!("{OPENING}{JOINED}") } else { OPENING.to_owned() };
    let mut block = Vec::new();
    for line in std::iter::once(opening.as_str()).chain(lines.iter().map(String::as_str)).chain([CLOSING]) {
        block.extend_from_slice(line.as_bytes());
        block.extend_from_slice(end);
    }
    match found {
        FoundBlock::Whole(range) => Ok([&bytes[..range.start], &block, &bytes[range.end..]].concat()),
        FoundBlock::Broken => Err(broken()),
        FoundBlock::None if joined => Ok([bytes, end, &block].concat()),
        FoundBlock::None => Ok([bytes, &block].concat()),
    }
}

/// Returns the file without the block: the user's own bytes.
///
/// # Errors
///
/// `config_invalid` when one marker stands without the other.
pub fn remove(bytes: &[u8]) -> Result<Vec<u8>> {
    match find(bytes) {
        FoundBlock::None => Ok(bytes.to_vec()),
        FoundBlock::Broken => Err(broken()),
        FoundBlock::Whole(range) => {
            let mut before = &bytes[..range.start];
            if is_joined(&bytes[range.clone()]) {
                before = before.strip_suffix(b"\n").unwrap_or(before);
                // The break we put there is the one our own lines have.
                before = if is_crlf(&bytes[range.clone()]) {
                    before.strip_suffix(b"\r").unwrap_or(before)
                } else {
                    before
                };
            }
            Ok([before, &bytes[range.end..]].concat())
        }
    }
}

/// Refuses a file called `name` whose block nobody can tell from the user's lines.
///
/// # Errors
///
/// `config_invalid` when one marker stands without the other, or there are two blocks.
pub fn require_clear(bytes: &[u8], name: &str) -> Result<()> {
    if find(bytes) != FoundBlock::Broken {
        return Ok(());
    }
    let message =
        format!("the env block in `{name}` has lost one of its marker lines, or stands there twice");
    Err(Failure::new(Code::ConfigInvalid, message).hint(broken_hint()))
}

/// Returns the text of the block's lines, markers aside; `None` without a whole block.
#[must_use]
pub fn lines(bytes: &[u8]) -> Option<Vec<String>> {
    let FoundBlock::Whole(range) = find(bytes) else { return None };
    let text = String::from_utf8_lossy(&bytes[range]).into_owned();
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect();
    lines.pop();
    lines.remove(0);
    Some(lines)
}

fn is_marker(line: &str) -> bool {
    line.starts_with(OPENING_SIGN) || line.trim_end() == CLOSING
}

/// Answers whether the block's opening line says that the line break before it is ours.
fn is_joined(block: &[u8]) -> bool {
    let first = block.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.trim_ascii_end().ends_with(JOINED.as_bytes())
}

/// A file is CRLF when its first line ends so.
fn is_crlf(bytes: &[u8]) -> bool {
    bytes.iter().position(|byte| *byte == b'\n').is_some_and(|at| at > 0 && bytes[at - 1] == b'\r')
}

fn broken() -> Failure {
    Failure::new(Code::ConfigInvalid, "the env block has lost one of its marker lines, or stands there twice")
        .hint(broken_hint())
}

fn broken_hint() -> String {
    format!("delete what is left of it (from `{OPENING_SIGN}` to `{CLOSING}`), then run `wt env`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block() -> Vec<String> {
        vec!["PORT=5000".to_owned(), "WEB_PORT=5000".to_owned()]
    }

    #[test]
    fn a_new_file_is_the_block_alone() {
        let text = String::from_utf8(splice(b"", &block()).unwrap()).unwrap();
        assert_eq!(text, format!("{OPENING}\nPORT=5000\nWEB_PORT=5000\n{CLOSING}\n"));
        assert_eq!(lines(text.as_bytes()), Some(block()));
    }

    #[test]
    fn the_users_lines_stay_whatever_they_are() {
        for own in [
            &b"A=1\n"[..],
            b"A=1",
            b"export B='x y'\r\nC=2\r\n",
            b"A=1\r\nB=2",
            b"\xef\xbb\xbfA=1\n",
            b"\xff\xfe\x00",
            b"\n\n",
            b"# note",
        ] {
            let written = splice(own, &block()).unwrap();
            assert_eq!(remove(&written).unwrap(), own, "{own:?}");
            assert_eq!(
                splice(&written, &block()).unwrap(),
                written,
                "writing twice is writing once: {own:?}"
            );
        }
    }

    #[test]
    fn a_block_in_the_middle_is_replaced_where_it_stands() {
        let file = format!("A=1\n{OPENING}\nPORT=1\n{CLOSING}\nB=2\n");
        let written = String::from_utf8(splice(file.as_bytes(), &block()).unwrap()).unwrap();
        assert!(written.starts_with("A=1\n") && written.ends_with("B=2\n") && written.contains("PORT=5000"));
    }

    #[test]
    fn a_crlf_file_keeps_its_line_ends() {
        let written = splice(b"A=1\r\n", &block()).unwrap();
        assert_eq!(written.split(|byte| *byte == b'\n').count(), 6);
        assert_eq!(written.windows(2).filter(|pair| pair == b"\r\n").count(), 5);
    }

    #[test]
    fn one_marker_alone_is_never_guessed_at() {
        for file in [
            format!("{OPENING}\nPORT=1\n"),
            format!("PORT=1\n{CLOSING}\n"),
            format!("{OPENING}\n{CLOSING}\n{OPENING}\n{CLOSING}\n"),
        ] {
            assert_eq!(find(file.as_bytes()), FoundBlock::Broken);
            assert!(splice(file.as_bytes(), &block()).is_err());
        }
    }

    #[test]
    fn a_byte_order_mark_before_the_block_is_the_users() {
        let file = [b"\xef\xbb\xbf".as_slice(), &splice(b"", &block()).unwrap()].concat();
        assert_eq!(splice(&file, &block()).unwrap(), file);
        assert_eq!(lines(&file), Some(block()));
        assert_eq!(remove(&file).unwrap(), b"\xef\xbb\xbf");
    }

    #[test]
    fn a_line_that_would_pass_for_a_marker_is_refused() {
        for line in [OPENING, "# >>> wt >>>", CLOSING, "# <<< wt <<<  "] {
            let refused = splice(b"A=1\n", &[line.to_owned()]).unwrap_err();
            assert_eq!(refused.code(), Code::ConfigInvalid);
            assert!(refused.message().contains("template"), "{refused}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn taking_the_block_out_gives_the_users_bytes_back(own in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assume!(find(&own) == FoundBlock::None);
            let written = splice(&own, &block()).unwrap();
            prop_assert_eq!(remove(&written).unwrap(), own);
        }
    }

    #[test]
    fn only_a_file_whose_block_can_be_told_from_the_users_lines_is_clear() {
        let whole = splice(b"A=1\n", &block()).unwrap();
        for bytes in [b"".as_slice(), b"A=1\n", &whole] {
            assert!(require_clear(bytes, ".env").is_ok());
        }
        let refused = require_clear(format!("{OPENING}\nPORT=1\n").as_bytes(), "web/.env").unwrap_err();
        let said = "the env block in `web/.env` has lost one of its marker lines, or stands there twice";
        assert_eq!((refused.code(), refused.message()), (Code::ConfigInvalid, said));
        let hint = "delete what is left of it (from `# >>> wt >>>` to `# <<< wt <<<`), then run `wt env`";
        assert_eq!(refused.next_step(), Some(hint));
        assert!(remove(format!("{CLOSING}\n").as_bytes()).is_err());
    }

    #[test]
    fn a_line_break_before_the_block_goes_with_it_only_where_it_was_put_there() {
        for (own, joined) in [(&b"A=1"[..], true), (b"A=1\n", false), (b"A=1\r\nB=2", true), (b"", false)] {
            let written = splice(own, &block()).unwrap();
            let FoundBlock::Whole(range) = find(&written) else { panic!("a whole block") };
            assert_eq!(is_joined(&written[range.clone()]), joined, "{own:?}");
            assert!(written[range].starts_with(OPENING.as_bytes()));
        }
        assert!(is_crlf(b"A\r\n") && !is_crlf(b"A\n\r\n") && !is_crlf(b"\n") && !is_crlf(b"A\r"));
    }
}
