//! Whether a branch changed the repository's configuration file: its own text against the one that counts.

use toml::Table;

/// Answers whether `own`, the file of a branch, says something else than `counted`, the one that counts, because the branch
/// changed it. `base` is the text that both began with: a branch that is merely behind still says just that. `None` is a
/// file that is not there; a base that cannot be told leaves the branch's text an edit.
#[must_use]
pub fn is_edited(own: &str, counted: Option<&str>, base: Option<&str>) -> bool {
    let says_the_same = |other: &str| own == other || same_meaning(own, other);
    !counted.is_some_and(says_the_same) && !base.is_some_and(says_the_same)
}

/// Comments, order and line endings change nothing.
fn same_meaning(one: &str, other: &str) -> bool {
    let read = |text: &str| text.parse::<Table>().ok();
    read(one).is_some_and(|one| Some(one) == read(other))
}

#[cfg(test)]
mod tests {
    use super::is_edited;

    #[test]
    fn only_what_a_branch_itself_says_differently_is_its_edit() {
        let (first, second) = ("[trash]\nkeep = \"1d\"\n", "[trash]\nkeep = \"2d\"\n");
        for (own, counted, base, edited) in [
            (first, Some(first), Some(first), false),
            ("# why\r\n[trash]\r\nkeep = '1d'\r\n", Some(first), None, false),
            (second, Some(first), Some(first), true),
            (second, Some(first), None, true),
            (first, Some(second), Some(first), false),
            (second, None, None, true),
            (first, None, Some(first), false),
            ("no toml", Some(first), Some(first), true),
            ("no toml", Some("no toml"), None, false),
        ] {
            assert_eq!(is_edited(own, counted, base), edited, "{own:?} {counted:?} {base:?}");
        }
    }
}
