//! The patterns of `.gitignore` files, matched as git does (gitignore(5); `dir.c` of git).

use super::glob::Glob;

/// The patterns of one file, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnorePatterns(Vec<Pattern>);

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
    /// What comes after the plain part of a path, or the whole of a name, where that has wildcards.
    glob: Option<Glob>,
}

impl IgnorePatterns {
    /// Reads the text of an ignore file.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        Self(text.split(|byte| *byte == b'\n').filter_map(Pattern::find).collect())
    }

    /// Answers what the last matching line says about `path`, which counts from the file's folder: `true` that it is
    /// ignored, `false` that it is not; `None` where no line matches. Adds to `spent` about how many steps that took.
    #[must_use]
    pub fn verdict(&self, path: &[u8], is_folder: bool, spent: &mut u64) -> Option<bool> {
        let matching = self.0.iter().rev().find(|pattern| pattern.matches(path, is_folder, spent))?;
        Some(!matching.brings_back)
    }

    /// Answers whether some line may say of something below `folder`, whose path counts from the file's own folder, that
    /// it is ignored. True where only a look can tell.
    #[must_use]
    pub fn may_match_below(&self, folder: &[u8]) -> bool {
        self.0.iter().any(|pattern| !pattern.brings_back && pattern.may_match_below(folder))
    }

    /// Returns the lines of an ignore file that match nothing, by their numbers from 1, and why that is.
    #[must_use]
    pub fn faults(text: &[u8]) -> Vec<(usize, &'static str)> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n').enumerate();
        lines.filter_map(|(index, line)| Some((index + 1, fault(line)?))).collect()
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
        let wild =
            if by_name { (plain < text.len() && !by_end).then_some(text) } else { Some(&text[plain..]) };
        let glob = wild.filter(|wild| !wild.is_empty()).map(|wild| Glob::new(wild, !by_name, false));
        Some(Self { text: text.to_vec(), plain, brings_back, only_folders, by_name, by_end, glob })
    }

    fn may_match_below(&self, folder: &[u8]) -> bool {
        if self.by_name {
            return true;
        }
        // Up to its first wildcard a path is plain: the shorter of the two must begin the longer one.
        let plain = &self.text[..self.plain];
        let shorter = plain.len().min(folder.len());
        plain[..shorter] == folder[..shorter] && (plain.len() <= folder.len() || plain[folder.len()] == b'/')
    }

    fn matches(&self, path: &[u8], is_folder: bool, spent: &mut u64) -> bool {
        *spent += 1;
        if self.only_folders && !is_folder {
            return false;
        }
        if !self.by_name {
            return path.strip_prefix(&self.text[..self.plain]).is_some_and(|path| match &self.glob {
                Some(glob) => glob.is_match(path, spent),
                None => path.is_empty(),
            });
        }
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if self.plain == self.text.len() {
            name == self.text
        } else if self.by_end {
            name.ends_with(&self.text[1..])
        } else {
            self.glob.as_ref().is_some_and(|glob| glob.is_match(name, spent))
        }
    }
}

/// Why a line of an ignore file matches nothing; `None` for one that may, and for one that is meant for people.
fn fault(line: &[u8]) -> Option<&'static str> {
    let bare = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii();
    if bare.is_empty() || bare.starts_with(b"#") {
        return None;
    }
    let Some(pattern) = Pattern::find(line) else { return Some("it names nothing") };
    if pattern.glob.as_ref().is_some_and(Glob::is_broken) {
        return Some("a bracket or a backslash is not closed");
    }
    let mut parts = pattern.text.split(|byte| *byte == b'/');
    if parts.any(|part| matches!(part, b"" | b"." | b"..")) {
        return Some("no path in a worktree is written so");
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(lines: &str, path: &str) -> Option<bool> {
        let (path, is_folder) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        IgnorePatterns::parse(lines.as_bytes()).verdict(path.as_bytes(), is_folder, &mut 0)
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
