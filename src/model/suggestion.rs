//! The word that was probably meant.

/// Returns the candidate that was probably meant: the shortest that begins with `word`, else the nearest by letters; `None`
/// when nothing is near.
#[must_use]
pub fn nearest<'a, Candidate: AsRef<str> + ?Sized + 'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a Candidate>,
) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let allowed = wanted.chars().count() / 4 + 1;
    let candidates: Vec<&str> = candidates.into_iter().map(AsRef::as_ref).collect();
    let begun = candidates.iter().filter(|candidate| candidate.to_lowercase().starts_with(&wanted));
    if wanted.chars().count() > 1
        && let Some(begun) = begun.min_by_key(|candidate| candidate.chars().count())
    {
        return Some(begun);
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let words = ["ports", "purpose", "services", "env"];
        assert_eq!(nearest("prots", words), Some("ports"));
        assert_eq!(nearest("port", words), Some("ports"));
        assert_eq!(nearest("PORPOSE", words), Some("purpose"));
        assert_eq!(nearest("service", words), Some("services"));
        assert_eq!(nearest("update", ["create", "up"]), None, "another word is no slip");
    }

    #[test]
    fn a_beginning_is_nearer_than_any_slip() {
        assert_eq!(nearest("feat", ["test", "feature"]), Some("feature"));
        assert_eq!(nearest("creat", ["health", "create"]), Some("create"));
        assert_eq!(nearest("re", ["restore", "remove", "restart"]), Some("remove"), "the shortest");
        assert_eq!(nearest("t", ["test"]), None, "one letter begins too much");
    }

    #[test]
    fn what_is_far_from_everything_finds_nothing() {
        assert_eq!(nearest("banana", ["ports", "purpose", "env"]), None);
        assert_eq!(nearest("x", ["y", "z"]), None);
        assert_eq!(nearest("ports", std::iter::empty::<&str>()), None);
    }

    #[test]
    fn owned_words_are_as_good_as_borrowed_ones() {
        let words = vec!["feature".to_owned(), "bugfix".to_owned()];
        assert_eq!(nearest("featur", &words), Some("feature"));
    }
}
