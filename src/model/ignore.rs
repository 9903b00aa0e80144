//! The patterns of `.gitignore` files, matched as git does (gitignore(5); `dir.c` and `wildmatch.c` of git).

/// The patterns of one file, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// Without the leading `!` and the trailing `/`.
    text: Vec<u8>,
    /// How much of the text has no wildcard.
    plain: usize,
    brings_back: bool,
    only_folders: bool,
    /// Has no slash: the name alone counts, at any depth.
    by_name: bool,
    /// `*` and then nothing special: the name's end counts.
    by_end: bool,
}

impl Patterns {
    /// Reads the text of an ignore file.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        Self(text.split(|byte| *byte == b'\n').filter_map(Pattern::find).collect())
    }

    /// Answers what the last matching line says about `path`, which counts from the file's folder: `true` that it is
    /// ignored, `false` that it is not; `None` where no line matches.
    #[must_use]
    pub fn verdict(&self, path: &[u8], is_folder: bool) -> Option<bool> {
        let matching = self.0.iter().rev().find(|pattern| pattern.matches(path, is_folder))?;
        Some(!matching.brings_back)
    }

    /// Answers whether there is no pattern.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Pattern {
    fn find(line: &[u8]) -> Option<Self> {
        if line.starts_with(b"#") {
            return None;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let line = without_trailing_spaces(line);
        let (brings_back, text) = line.strip_prefix(b"!").map_or((false, line), |rest| (true, rest));
        let (only_folders, text) = text.strip_suffix(b"/").map_or((false, text), |rest| (true, rest));
        if text.is_empty() {
            return None;
        }
        let by_name = !text.contains(&b'/');
        let by_end = text[0] == b'*' && !text[1..].iter().copied().any(is_special);
        // The slash that ties a pattern to its folder is no part of the path.
        let text = if by_name { text } else { text.strip_prefix(b"/").unwrap_or(text) };
        let plain = text.iter().position(|byte| is_special(*byte)).unwrap_or(text.len());
        Some(Self { text: text.to_vec(), plain, brings_back, only_folders, by_name, by_end })
    }

    fn matches(&self, path: &[u8], is_folder: bool) -> bool {
        if self.only_folders && !is_folder {
            return false;
        }
        if !self.by_name {
            let (plain, rest) = self.text.split_at(self.plain);
            return path.strip_prefix(plain).is_some_and(|path| {
                if rest.is_empty() { path.is_empty() } else { is_match(rest, path, true) }
            });
        }
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if self.plain == self.text.len() {
            name == self.text
        } else if self.by_end {
            name.ends_with(&self.text[1..])
        } else {
            is_match(&self.text, name, false)
        }
    }
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// A space at the end counts only after a backslash.
fn without_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut end = None;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b' ' => end = end.or(Some(at)),
            b'\\' => {
                at += 1;
                if at == line.len() {
                    return line;
                }
                end = None;
            }
            _ => end = None,
        }
        at += 1;
    }
    &line[..end.unwrap_or(line.len())]
}

/// Answers whether the glob matches the whole text; with `of_path` a single star and `?` stop at slashes.
fn is_match(glob: &[u8], text: &[u8], of_path: bool) -> bool {
    matched(Glob { glob, of_path }, 0, text) == Outcome::Match
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Match,
    Differs,
    /// No longer text to the right can help.
    Hopeless,
    /// Only a `**` further left could still help.
    HopelessWithoutSlash,
}

#[derive(Clone, Copy)]
struct Glob<'a> {
    glob: &'a [u8],
    of_path: bool,
}

impl Glob<'_> {
    /// The byte there; 0 past the end, which occurs nowhere else.
    fn at(self, index: usize) -> u8 {
        self.glob.get(index).copied().unwrap_or(0)
    }
}

fn matched(glob: Glob, start: usize, mut text: &[u8]) -> Outcome {
    let mut at = start;
    while glob.at(at) != 0 {
        let found = text.first().copied().unwrap_or(0);
        if found == 0 && glob.at(at) != b'*' {
            return Outcome::Hopeless;
        }
        match glob.at(at) {
            b'*' => match star(glob, at, text) {
                Star::Done(outcome) => return outcome,
                Star::AtSlash(rest, next) => {
                    text = rest;
                    at = next;
                }
            },
            b'?' if glob.of_path && found == b'/' => return Outcome::Differs,
            b'?' => {}
            b'[' => match class(glob, at, found) {
                None => return Outcome::Hopeless,
                Some((is_in, end)) => {
                    if !is_in || (glob.of_path && found == b'/') {
                        return Outcome::Differs;
                    }
                    at = end;
                }
            },
            plain => {
                let wanted = if plain == b'\\' {
                    at += 1;
                    glob.at(at)
                } else {
                    plain
                };
                if wanted != found {
                    return Outcome::Differs;
                }
            }
        }
        at += 1;
        text = &text[1..];
    }
    if text.is_empty() { Outcome::Match } else { Outcome::Differs }
}

enum Star<'a> {
    Done(Outcome),
    /// `*/` has met the next slash: the text from there, and where in the glob that slash is.
    AtSlash(&'a [u8], usize),
}

fn star<'a>(glob: Glob, at: usize, mut text: &'a [u8]) -> Star<'a> {
    let mut next = at + 1;
    let mut crosses = !glob.of_path;
    if glob.at(next) == b'*' {
        while glob.at(next) == b'*' {
            next += 1;
        }
        let begins = at == 0 || glob.at(at - 1) == b'/';
        let is_escaped_slash = glob.at(next) == b'\\' && glob.at(next + 1) == b'/';
        let ends = matches!(glob.at(next), 0 | b'/') || is_escaped_slash;
        if glob.of_path && begins && ends {
            // `**/` may stand for nothing.
            if glob.at(next) == b'/' && matched(glob, next + 1, text) == Outcome::Match {
                return Star::Done(Outcome::Match);
            }
            crosses = true;
        }
    }
    if glob.at(next) == 0 {
        let stops = !crosses && text.contains(&b'/');
        return Star::Done(if stops { Outcome::HopelessWithoutSlash } else { Outcome::Match });
    }
    if !crosses && glob.at(next) == b'/' {
        return match text.iter().position(|byte| *byte == b'/') {
            Some(slash) => Star::AtSlash(&text[slash..], next),
            None => Star::Done(Outcome::Hopeless),
        };
    }
    loop {
        if !is_special(glob.at(next)) {
            let wanted = glob.at(next);
            let stop = |byte: &u8| *byte == wanted || (!crosses && *byte == b'/');
            match text.iter().position(stop) {
                Some(place) if text[place] == wanted => text = &text[place..],
                Some(_) => return Star::Done(Outcome::HopelessWithoutSlash),
                None => return Star::Done(Outcome::Hopeless),
            }
        }
        let Some(found) = text.first() else { return Star::Done(Outcome::Hopeless) };
        match matched(glob, next, text) {
            Outcome::Differs if !crosses && *found == b'/' => {
                return Star::Done(Outcome::HopelessWithoutSlash);
            }
            Outcome::Differs => {}
            Outcome::HopelessWithoutSlash if crosses => {}
            other => return Star::Done(other),
        }
        text = &text[1..];
    }
}

/// Answers whether `found` is in the class that begins at `at`, and where its `]` is; `None` for one that is malformed.
fn class(glob: Glob, at: usize, found: u8) -> Option<(bool, usize)> {
    let mut at = at + 1;
    let is_negated = matches!(glob.at(at), b'!' | b'^');
    if is_negated {
        at += 1;
    }
    let mut is_in = false;
    let mut before = 0;
    loop {
        let mut byte = glob.at(at);
        match byte {
            0 => return None,
            b'\\' => {
                at += 1;
                byte = glob.at(at);
                if byte == 0 {
                    return None;
                }
                is_in |= found == byte;
            }
            b'-' if before != 0 && !matches!(glob.at(at + 1), 0 | b']') => {
                at += 1;
                let mut last = glob.at(at);
                if last == b'\\' {
                    at += 1;
                    last = glob.at(at);
                    if last == 0 {
                        return None;
                    }
                }
                is_in |= (before..=last).contains(&found);
                byte = 0;
            }
            b'[' if glob.at(at + 1) == b':' => {
                let begin = at + 2;
                let length = glob.glob.get(begin..)?.iter().position(|byte| *byte == b']')?;
                match glob.glob[begin..begin + length].strip_suffix(b":") {
                    Some(name) => {
                        is_in |= is_of_kind(name, found)?;
                        at = begin + length;
                        byte = 0;
                    }
                    None => is_in |= found == b'[',
                }
            }
            _ => is_in |= found == byte,
        }
        before = byte;
        at += 1;
        if glob.at(at) == b']' {
            return Some((is_in != is_negated, at));
        }
    }
}

fn is_of_kind(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte == b' ' || byte.is_ascii_graphic(),
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(lines: &str, path: &str) -> Option<bool> {
        let (path, is_folder) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        Patterns::parse(lines.as_bytes()).verdict(path.as_bytes(), is_folder)
    }

    #[test]
    fn a_pattern_matches_what_gits_manual_says() {
        for (lines, path) in [
            ("hello", "a/hello"),
            ("/hello", "hello"),
            ("doc/frotz/", "doc/frotz/"),
            ("frotz/", "a/frotz/"),
            ("foo/*", "foo/test.json"),
            ("**/foo", "a/b/foo"),
            ("**/foo/bar", "foo/bar"),
            ("abc/**", "abc/x/y"),
            ("a/**/b", "a/b"),
            ("a/**/b", "a/x/y/b"),
            ("*.o", "x/y.o"),
            ("\\!important", "!important"),
            ("\\#hash", "#hash"),
            ("trail\\ ", "trail "),
            ("trail   ", "trail"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[[:digit:]]", "7"),
            ("x?z", "xyz"),
            ("\u{feff}first", "first"),
            ("windows\r\nother", "windows"),
        ] {
            assert_eq!(verdict(lines, path), Some(true), "{lines} {path}");
        }
        for (lines, path) in [
            ("/hello", "a/hello"),
            ("doc/frotz/", "a/doc/frotz/"),
            ("frotz/", "frotz"),
            ("foo/*", "foo/bar/hello.c"),
            ("# comment", "# comment"),
            ("x?z", "x/z"),
            ("[a", "a"),
            ("", "a"),
            ("/", "a"),
        ] {
            assert_eq!(verdict(lines, path), None, "{lines} {path}");
        }
    }

    #[test]
    fn the_last_matching_line_decides() {
        assert_eq!(verdict("*.log\n!keep.log", "keep.log"), Some(false));
        assert_eq!(verdict("!keep.log\n*.log", "keep.log"), Some(true));
    }
}
