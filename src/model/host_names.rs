//! The name that stands for a worktree in what people click: rendered from `[url] host`, and told apart where two would have
//! the same one.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::template::{self, TemplateFault};
use super::variables::{EnvFacts, LOCAL};

/// The key that says it.
pub const KEY: &str = "url.host";

/// What its template may use.
pub const VALUES: &[&str] = &["purpose", "identifier", "name", "branch", "repo_name"];

/// The longest label and the longest name of a host, in bytes (RFC 1035, 2.3.4).
const LABEL: usize = 63;
const NAME: usize = 253;

#[derive(Serialize)]
struct Values<'a> {
    purpose: &'a str,
    identifier: &'a str,
    name: &'a str,
    branch: &'a str,
    repo_name: &'a str,
}

/// Answers whether `text` can be the name of a host: labels of letters, digits and `-`.
#[must_use]
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= NAME && text.split('.').all(is_label)
}

/// Checks a template: whatever the worktree is called, a name of a host comes of it.
///
/// # Errors
///
/// Returns what is wrong with it.
pub fn check(written: &str) -> Result<(), TemplateFault> {
    template::check(written, VALUES)?;
    let odd = "Feature/a b";
    let values = Values { purpose: odd, identifier: odd, name: odd, branch: odd, repo_name: odd };
    let made = template::render(KEY, written, &values).unwrap_or_default();
    if is_host(&made) {
        return Ok(());
    }
    Err(TemplateFault {
        message: format!("`{}` would not always be the name of a host", written.escape_debug()),
        hint: Some("pass each value through `label`: `{{ name | label }}.localhost`".to_owned()),
    })
}

/// Returns the name of a worktree, before others are looked at; `localhost` where none can be made.
#[must_use]
pub fn rendered(written: &str, facts: &EnvFacts) -> String {
    let values = Values {
        purpose: &facts.purpose,
        identifier: &facts.identifier,
        name: &facts.name,
        branch: &facts.branch,
        repo_name: &facts.repo_name,
    };
    let made = template::render(KEY, written, &values).ok();
    made.filter(|made| is_host(made)).unwrap_or_else(|| LOCAL.to_owned())
}

/// Answers whether every worktree has a name of its own by that template.
#[must_use]
pub fn tells_apart(written: &str) -> bool {
    !template::paths(written).is_empty()
}

/// Tells apart those that have one name: the first keeps it, the first label of the next gets `-2`.
#[must_use]
pub fn told_apart(names: impl Iterator<Item = (u64, String)>) -> HashMap<u64, String> {
    let mut taken = HashSet::new();
    let mut found = HashMap::new();
    for (whose, name) in names {
        let numbers = (2_u32..).map(|number| numbered(&name, number));
        let free = std::iter::once(name.clone()).chain(numbers).find(|name| !taken.contains(name));
        let free = free.unwrap_or(name);
        taken.insert(free.clone());
        found.insert(whose, free);
    }
    found
}

/// Puts a number behind the first label, which is cut where it would be too long.
fn numbered(name: &str, number: u32) -> String {
    let (label, rest) = name.split_once('.').map_or((name, None), |(label, rest)| (label, Some(rest)));
    let number = format!("-{number}");
    let room = LABEL.saturating_sub(number.len()).min(label.len());
    let label = label.get(..room).unwrap_or(label).trim_end_matches('-');
    match rest {
        Some(rest) => format!("{label}{number}.{rest}"),
        None => format!("{label}{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_one_that_always_makes_a_host() {
        for written in
            ["localhost", "{{ name | label }}.localhost", "{{ branch | label }}.{{ repo_name | label }}.test"]
        {
            check(written).unwrap();
        }
        for written in [
            "{{ name }}.localhost",
            "a b",
            "Shop.localhost",
            "http://x",
            "localhost:80",
            "-a",
            "a..b",
            "{{ port }}",
        ] {
            assert!(check(written).is_err(), "{written}");
        }
    }

    #[test]
    fn of_two_with_one_name_the_later_one_gets_a_number() {
        let long = "a".repeat(63);
        let names = [
            "x.localhost",
            "x.localhost",
            "x-2.localhost",
            "x.localhost",
            &format!("{long}.l"),
            &format!("{long}.l"),
            "localhost",
        ];
        let found = told_apart((0..).zip(names.map(str::to_owned)));
        assert_eq!(found[&0], "x.localhost");
        assert_eq!(found[&1], "x-2.localhost");
        assert_eq!(found[&2], "x-2-2.localhost");
        assert_eq!(found[&3], "x-3.localhost");
        assert_eq!(found[&5], format!("{}-2.l", "a".repeat(61)));
        assert!(found.values().all(|name| is_host(name)));
    }

    #[test]
    fn a_template_tells_worktrees_apart_where_it_uses_any_value() {
        for (written, is_apart) in
            [("localhost", false), ("shop.localhost", false), ("{{ name | label }}.localhost", true)]
        {
            assert_eq!(tells_apart(written), is_apart, "{written}");
        }
    }

    #[test]
    fn a_label_and_a_name_have_their_greatest_lengths() {
        let label = |length| "a".repeat(length);
        let name = |length: usize| {
            let three = vec![label(63); 3].join(".");
            format!("{three}.{}", label(length - 192))
        };
        for (text, is) in [
            (label(63), true),
            (label(64), false),
            (name(253), true),
            (name(254), false),
            ("a-b.c9".to_owned(), true),
            ("a-.c".to_owned(), false),
            ("a.-c".to_owned(), false),
            ("a_b".to_owned(), false),
            ("A".to_owned(), false),
            (String::new(), false),
            ("a.".to_owned(), false),
        ] {
            assert_eq!(is_host(&text), is, "{text}");
        }
    }

    #[test]
    fn a_worktree_has_the_name_that_the_template_makes_and_localhost_where_that_is_none() {
        let facts = EnvFacts {
            repo_name: "My Shop".to_owned(),
            name: "feature-x".to_owned(),
            purpose: "feature".to_owned(),
            identifier: "x".to_owned(),
            branch: "feature/x".to_owned(),
            compose_project: String::new(),
            is_foreign: false,
            ports: Vec::new(),
        };
        for (written, made) in [
            ("{{ name }}.localhost", "feature-x.localhost"),
            ("{{ purpose }}.{{ identifier }}.test", "feature.x.test"),
            ("{{ name | label }}.{{ purpose | label }}.test", "feature-x.feature.test"),
            ("{{ branch }}.localhost", "localhost"),
            ("{{ nothing }}.localhost", "localhost"),
            ("", "localhost"),
        ] {
            assert_eq!(rendered(written, &facts), made, "{written}");
        }
    }

    #[test]
    fn a_number_has_room_behind_a_label_of_any_length() {
        for (name, number, numbered_as) in [
            ("x", 2, "x-2".to_owned()),
            ("x.y.z", 12, "x-12.y.z".to_owned()),
            (&*"a".repeat(62), 2, format!("{}-2", "a".repeat(61))),
            (&*"a".repeat(61), 2, format!("{}-2", "a".repeat(61))),
            (&*format!("{}-bc", "a".repeat(60)), 2, format!("{}-2", "a".repeat(60))),
        ] {
            assert_eq!(numbered(name, number), numbered_as, "{name}");
        }
    }
}
