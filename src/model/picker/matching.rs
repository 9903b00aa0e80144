//! Which rows fit what was typed, the best first.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Returns the positions of the texts that fit `typed`, the best first; all of them, in their order, where nothing was typed.
/// A word fits where its letters stand in that order; a capital letter stands for itself alone.
#[must_use]
pub fn fitting<'a>(typed: &str, texts: impl Iterator<Item = &'a str>) -> Vec<usize> {
    if typed.trim().is_empty() {
        return texts.enumerate().map(|(at, _)| at).collect();
    }
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let scored = texts.enumerate().filter_map(|(at, text)| {
        let score = pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher)?;
        Some((at, score))
    });
    let mut scored: Vec<(usize, u32)> = scored.collect();
    scored.sort_by_key(|(at, score)| (std::cmp::Reverse(*score), *at));
    scored.into_iter().map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(typed: &str, texts: &[&'a str]) -> Vec<&'a str> {
        fitting(typed, texts.iter().copied()).into_iter().map(|at| texts[at]).collect()
    }

    #[test]
    fn letters_in_their_order_are_enough_and_the_closest_comes_first() {
        let texts =
            ["proj main", "feature-logout feature/logout", "feature-login feature/login", "bugfix-pay"];
        assert_eq!(found("", &texts), texts);
        assert_eq!(found("login", &texts)[0], texts[2]);
        assert_eq!(found("flgn", &texts), [texts[2]]);
        assert_eq!(found("log feat", &texts).len(), 2);
        assert_eq!(found("nothing", &texts), [""; 0]);
        assert_eq!(found("LOGIN", &texts), [""; 0], "a capital letter stands for itself");
    }

    #[test]
    fn wide_letters_and_marks_are_found() {
        assert_eq!(found("漢", &["漢字", "kanji"]), ["漢字"]);
        assert_eq!(found("uber", &["über"]), ["über"]);
        assert_eq!(found("שלום", &["שלום", "x"]), ["שלום"]);
    }
}
