//! Which ignored paths are to be carried: the lines of `.worktreeinclude` and of `carry.copy`, matched as a `.gitignore` is.

use crate::model::ignore::IgnorePatterns;

/// About a second of matching, for one carry.
const MOST_STEPS: u64 = 1 << 29;

/// The lists, each asked for itself: a line that brings something back does so in its own list alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarryLists(Vec<IgnorePatterns>);

/// The patterns have taken more steps than any that were written in good faith.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl CarryLists {
    /// Reads the lists; those without a pattern are none.
    #[must_use]
    pub fn new(lists: &[&[u8]]) -> Self {
        Self(
            lists
                .iter()
                .map(|text| IgnorePatterns::parse(text))
                .filter(|patterns| !patterns.is_empty())
                .collect(),
        )
    }

    /// Answers whether nothing is to be carried.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Answers whether a list names the path itself; those above it are asked for themselves.
    ///
    /// # Errors
    ///
    /// Once all asking together has taken too long.
    pub fn names(&self, path: &[u8], is_folder: bool, spent: &mut u64) -> Result<bool, TooSlow> {
        let is_named = self.0.iter().any(|patterns| patterns.verdict(path, is_folder, spent) == Some(true));
        if *spent > MOST_STEPS { Err(TooSlow) } else { Ok(is_named) }
    }

    /// Returns the topmost of the path and those above it that a list names.
    ///
    /// # Errors
    ///
    /// As [`CarryLists::names`].
    pub fn topmost<'a>(
        &self,
        path: &'a [u8],
        is_folder: bool,
        spent: &mut u64,
    ) -> Result<Option<&'a [u8]>, TooSlow> {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            if self.names(&path[..at], true, spent)? {
                return Ok(Some(&path[..at]));
            }
        }
        Ok(self.names(path, is_folder, spent)?.then_some(path))
    }

    /// Answers whether something below a folder may be named.
    #[must_use]
    pub fn may_name_below(&self, folder: &[u8]) -> bool {
        self.0.iter().any(|patterns| patterns.may_match_below(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topmost(lines: &str, path: &str) -> Option<String> {
        let (path, is_folder) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        let found = CarryLists::new(&[lines.as_bytes()]).topmost(path.as_bytes(), is_folder, &mut 0).unwrap();
        found.map(|found| String::from_utf8(found.to_vec()).unwrap())
    }

    #[test]
    fn the_topmost_path_that_a_line_names_is_the_match() {
        for (lines, path, expected) in [
            (".env", "apps/web/.env", Some("apps/web/.env")),
            ("/.env", "apps/web/.env", None),
            ("node_modules/", "web/node_modules/a/b", Some("web/node_modules")),
            ("node_modules/", "node_modules", None),
            ("**/secret.json", "cache/deep/secret.json", Some("cache/deep/secret.json")),
            ("cache/**/x", "cache/a/b/x", Some("cache/a/b/x")),
            ("*.local\r\n", ".env.local", Some(".env.local")),
            ("data\n!data/big", "data/big", Some("data")),
            ("*.db\n!big.db", "big.db", None),
            ("../x\n/\n", "x", None),
            ("[a", "[a", None),
        ] {
            assert_eq!(topmost(lines, path).as_deref(), expected, "{lines:?} {path}");
        }
    }

    #[test]
    fn lists_are_united_whatever_one_of_them_brings_back() {
        let wish = CarryLists::new(&[b"*.db\n", b"!*.db\n.env\n"]);
        assert_eq!(wish.topmost(b"a.db", false, &mut 0), Ok(Some(&b"a.db"[..])));
        assert!(CarryLists::new(&[b"# only words\n", b""]).is_empty());
    }

    #[test]
    fn folders_are_looked_into_only_where_a_line_may_reach_them() {
        let below = |lines: &str, folder: &str| {
            CarryLists::new(&[lines.as_bytes()]).may_name_below(folder.as_bytes())
        };
        assert!(below(".env", "node_modules") && below("**/x", "a") && below("a/b/c", "a/b"));
        assert!(below("a/*/c", "a/b") && below("a/b*/c", "a/bb") && below("/a/b", "a"));
        assert!(!below("/.env", "node_modules") && !below("apps/*/x", "node_modules") && !below("a/b", "ab"));
        assert!(!below("!**/x", "a"));
    }

    #[test]
    fn lines_that_match_nothing_are_named_by_their_number() {
        let text = "\u{feff}# words\n.env\r\n\n[a-\n/\n../up\na//b\nx\\\n\\[a\n";
        let numbers: Vec<usize> =
            IgnorePatterns::faults(text.as_bytes()).iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [4, 5, 6, 7, 8]);
    }

    #[test]
    fn patterns_that_take_forever_are_given_up() {
        let wish = CarryLists::new(&[b"*a*b"]);
        let mut spent = MOST_STEPS - 100;
        let outcome = (0..100).map(|_| wish.names(b"aaaa", false, &mut spent)).find(Result::is_err);
        assert_eq!(outcome, Some(Err(TooSlow)));
    }

    #[test]
    fn lists_with_a_line_are_not_empty_and_name_the_path_itself() {
        let wish = CarryLists::new(&[b"# words\n", b"a/\n.env\n"]);
        assert!(!wish.is_empty());
        for (path, is_folder, is_named) in
            [(".env", false, true), ("a", true, true), ("a", false, false), ("b", false, false)]
        {
            assert_eq!(wish.names(path.as_bytes(), is_folder, &mut 0), Ok(is_named), "{path}");
        }
        let mut spent = MOST_STEPS;
        assert_eq!(wish.names(b"b", false, &mut spent), Err(TooSlow));
    }
}
