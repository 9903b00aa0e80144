//! Finds keys of the configuration: one by its dotted name, and those below a section.

use super::KEYS;
use crate::model::config::key::ConfigKey;
use crate::model::config::standing::{KeyStanding, Rule};

/// Where the run of keys ends that begin with the same word as this one, for each key. Every command looks up every value of
/// every file: it compares the first word of each run, and the keys of one of them.
const ENDS: [usize; KEYS.len()] = {
    let mut ends = [KEYS.len(); KEYS.len()];
    let mut at = KEYS.len() - 1;
    while at > 0 {
        at -= 1;
        let goes_on = begin_alike(KEYS[at].path.as_bytes(), KEYS[at + 1].path.as_bytes());
        ends[at] = if goes_on { ends[at + 1] } else { at + 1 };
    }
    ends
};

const fn begin_alike(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    loop {
        let (is_end, is_others_end) =
            (at == one.len() || one[at] == b'.', at == other.len() || other[at] == b'.');
        if is_end || is_others_end {
            return is_end && is_others_end;
        }
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
}

fn first_word(key: &str) -> &str {
    key.split_once('.').map_or(key, |(first, _)| first)
}

/// Returns the keys of each first word that are written behind each other.
fn runs() -> impl Iterator<Item = &'static [ConfigKey]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let end = *ENDS.get(at)?;
        let run = &KEYS[at..end];
        at = end;
        Some(run)
    })
}

/// Returns the keys that begin with the first word of `key`.
fn beside(key: &str) -> impl Iterator<Item = &'static ConfigKey> {
    let key = first_word(key);
    runs().filter(move |run| first_word(run[0].path) == key).flatten()
}

/// Returns the entry of a dotted key: `purpose.feature.ports` is `purpose.*.ports`.
#[must_use]
pub fn find(key: &str) -> Option<&'static ConfigKey> {
    // Most keys are written as they are.
    beside(key).find(|entry| entry.path == key).or_else(|| beside(key).find(|entry| matches(entry.path, key)))
}

/// Answers whether a key is the user's own affair: no repository's file sets it.
#[must_use]
pub fn is_users_own(key: &str) -> bool {
    find(key).is_some_and(|entry| entry.standing == KeyStanding::Stricter(Rule::Never))
}

fn matches(pattern: &str, key: &str) -> bool {
    let (mut pattern, mut key) = (pattern.split('.'), key.split('.'));
    loop {
        match (pattern.next(), key.next()) {
            (None, None) | (Some("**"), Some(_)) => return true,
            (Some(wanted), Some(given)) if wanted == "*" || wanted == given => {}
            _ => return false,
        }
    }
}

/// Returns the words of a key as a file has them: those of `forge.git.example.org` are two.
#[must_use]
pub fn words(key: &str) -> Vec<&str> {
    let is_host = find(key).is_some_and(|entry| entry.path.ends_with("**"));
    let most = if is_host { 2 } else { usize::MAX };
    key.splitn(most, '.').collect()
}

/// Returns the keys that are one value each, without those that have a name of one's own in them.
pub fn leaves() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|entry| entry.path).filter(|path| !path.contains('*'))
}

/// Returns what may stand below a section (`""` is the whole file), `*` for a name of one's own; empty when there is
/// no such section.
#[must_use]
pub fn children(section: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    if section.is_empty() {
        for run in runs() {
            let first = first_word(run[0].path);
            if !found.contains(&first) {
                found.push(first);
            }
        }
        return found;
    }
    for entry in beside(section) {
        // Nothing is collected on the way.
        let mut path = entry.path.split('.');
        let mut given = section.split('.');
        let is_below = given.all(|name| path.next().is_some_and(|wanted| wanted == "*" || wanted == name));
        if is_below
            && let Some(next) = path.next()
            && !found.contains(&next)
        {
            found.push(next);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::KEYS;
    use super::{children, find, first_word, runs, words};

    #[test]
    fn a_dotted_key_finds_its_entry() {
        assert_eq!(find("purpose.feature.ports").unwrap().path, "purpose.*.ports");
        assert_eq!(find("ports.conflict.policy").unwrap().path, "ports.conflict.policy");
        assert_eq!(find("forge.remote").unwrap().path, "forge.remote");
        assert_eq!(find("forge.git.example.org").unwrap().path, "forge.**");
        assert_eq!(words("forge.git.example.org"), ["forge", "git.example.org"]);
        assert_eq!(words("ports.conflict.policy"), ["ports", "conflict", "policy"]);
        assert!(
            find("ports").is_none()
                && find("forge").is_none()
                && find("ports.conflict").is_none()
                && find("purpose.x.y.ports").is_none()
        );
    }

    #[test]
    fn a_section_knows_what_stands_below() {
        assert_eq!(children("purpose"), ["*"]);
        assert_eq!(children("purpose.feature"), ["ports", "services"]);
        assert_eq!(children("ports"), ["exclude", "conflict", "stale_after", "reclaim_after"]);
        assert!(children("porpoise").is_empty());
        assert!(children("").contains(&"trash"));
    }

    #[test]
    fn the_runs_are_all_keys_each_with_one_first_word() {
        assert!(runs().flatten().map(|entry| entry.path).eq(KEYS.iter().map(|entry| entry.path)));
        assert!(runs().all(|run| run.iter().all(|entry| first_word(entry.path) == first_word(run[0].path))));
    }

    #[test]
    fn every_key_is_told_apart_and_explained() {
        for (index, entry) in KEYS.iter().enumerate() {
            assert!(entry.meaning.ends_with('.'), "{}", entry.path);
            assert!(KEYS[index + 1..].iter().all(|other| other.path != entry.path), "{}", entry.path);
        }
    }
}
