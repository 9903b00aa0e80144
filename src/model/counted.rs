//! A number of things in words, of which there may be one alone.

use std::fmt::Display;

/// Returns `1 commit`, `2 commits`.
#[must_use]
pub fn counted(count: impl Display, word: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_is_no_plural() {
        assert_eq!(counted(1, "changed file"), "1 changed file");
        assert_eq!(counted(0_u8, "commit"), "0 commits");
        assert_eq!(counted(21_i64, "day"), "21 days");
    }
}
