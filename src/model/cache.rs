//! Caches: by which names they are known, what is never taken for one, and which command brings one back.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

/// Folders that are never deleted, whatever a pattern says.
const NEVER: [&str; 2] = ["src", ".git"];

/// The name of folders that are caches only where a `CACHEDIR.TAG` says so: build tools write it there, and others use the
/// name for other things (<https://bford.info/cachedir/>).
const NEEDS_TAG: &str = "target";

/// How a `CACHEDIR.TAG` begins.
pub const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55";

/// Answers whether an ignored path holds nothing worth keeping: one of its components fits one of `patterns`, in which `*`
/// stands for anything.
#[must_use]
pub fn is_cache(path: &str, patterns: &[String]) -> bool {
    path.split('/').filter(|component| !component.is_empty()).any(|component| is_name(component, patterns))
}

/// Answers whether a name fits one of `patterns`.
fn is_name(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| fits(name, pattern.trim_end_matches('/')))
}

/// Answers whether a folder called so may be deleted as a cache. A pattern that fits every name names nothing.
#[must_use]
pub fn is_deletable(name: &str, patterns: &[String]) -> bool {
    let is_plain = !NEVER.contains(&name) && !matches!(name, "" | "." | "..");
    let names = |pattern: &&String| pattern.chars().any(|letter| !matches!(letter, '*' | '/' | '.'));
    is_plain && patterns.iter().filter(names).any(|pattern| fits(name, pattern.trim_end_matches('/')))
}

/// Answers whether a folder called so is a cache only with a `CACHEDIR.TAG` in it.
#[must_use]
pub fn needs_tag(name: &str) -> bool {
    name == NEEDS_TAG
}

fn fits(text: &str, pattern: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else { return text == pattern };
    let (between, last) = others.rsplit_once('*').unwrap_or(("", others));
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    // The earliest place leaves most for the pieces that follow, so there is nothing to try twice.
    for piece in between.split('*') {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    true
}

/// Why a folder of a cache's name stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// git does not ignore it.
    NotIgnored,
    /// git tracks something in it.
    Tracked,
    /// It is a link.
    Link,
    /// A repository or a worktree is in it.
    Repository,
    /// Something is mounted there or in it, or it lies on another file system.
    Mounted,
    /// A process works in it, or a service of the worktree runs.
    InUse,
    /// A setup of the worktree runs.
    Setup,
    /// It is called `target` and has no `CACHEDIR.TAG`.
    NoTag,
    /// It cannot be looked through.
    Unreadable,
    /// It went away, or something else came, while it was looked at.
    Vanished,
}

impl Stays {
    /// Returns the reason for people, after a path.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotIgnored => "is not ignored",
            Self::Tracked => "has files that git tracks",
            Self::Link => "is a link",
            Self::Repository => "has a repository or a worktree in it",
            Self::Mounted => "is a mount point, has one in it, or lies on another file system",
            Self::InUse => "is in use",
            Self::Setup => "belongs to a worktree whose setup runs",
            Self::NoTag => "has no CACHEDIR.TAG with its signature, so it may be something else",
            Self::Unreadable => "cannot be looked through",
            Self::Vanished => "changed while it was looked at",
        }
    }
}

/// Folds folders that git does not ignore into the topmost one that holds several of them and that it knows nothing of, as
/// `git status` does; `is_tracked` answers whether git tracks anything in a folder. Returns each with how many it stands for.
#[must_use]
pub fn folded(paths: &[PathBuf], is_tracked: impl Fn(&Path) -> bool) -> Vec<(PathBuf, usize)> {
    let topmost = |path: &PathBuf| {
        let mut above: Vec<&Path> = path.ancestors().filter(|above| *above != Path::new("")).collect();
        above.reverse();
        above.into_iter().find(|above| !is_tracked(above)).unwrap_or(path).to_path_buf()
    };
    let mut folded: Vec<(PathBuf, Vec<&PathBuf>)> = Vec::new();
    for path in paths {
        let top = topmost(path);
        match folded.iter_mut().find(|(known, _)| *known == top) {
            Some((_, inside)) => inside.push(path),
            None => folded.push((top, vec![path])),
        }
    }
    folded
        .into_iter()
        .map(|(top, inside)| match inside.as_slice() {
            [one] => ((*one).clone(), 1),
            inside => (top, inside.len()),
        })
        .collect()
}

/// By the name of a cache and a file beside it, the command that brings the cache back.
const BACK: [(&str, &str, &str); 20] = [
    ("node_modules", "pnpm-lock.yaml", "pnpm install"),
    ("node_modules", "yarn.lock", "yarn install"),
    ("node_modules", "bun.lock", "bun install"),
    ("node_modules", "bun.lockb", "bun install"),
    ("node_modules", "package-lock.json", "npm ci"),
    ("node_modules", "package.json", "npm install"),
    (".pnpm-store", "pnpm-lock.yaml", "pnpm install"),
    (".yarn", "yarn.lock", "yarn install"),
    ("target", "Cargo.toml", "cargo build"),
    ("target", "pom.xml", "mvn package"),
    (".venv", "uv.lock", "uv sync"),
    (".venv", "poetry.lock", "poetry install"),
    (".venv", "requirements.txt", "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
    ("venv", "requirements.txt", "python3 -m venv venv && venv/bin/pip install -r requirements.txt"),
    (".terraform", "", "terraform init"),
    (".gradle", "", "./gradlew build"),
    ("_build", "mix.exs", "mix compile"),
    ("dist", "package.json", "npm run build"),
    ("build", "package.json", "npm run build"),
    ("out", "package.json", "npm run build"),
];

/// Returns the command, in the folder that the cache lies in, that brings it back; `None` where it comes back by itself, or
/// nobody can tell. `is_beside` answers whether that folder has a file.
#[must_use]
pub fn back_with(name: &str, is_beside: impl Fn(&str) -> bool) -> Option<&'static str> {
    let fits = |(of, file, _): &&(&str, &str, &str)| *of == name && (file.is_empty() || is_beside(file));
    BACK.iter().find(fits).map(|(_, _, command)| *command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_git_does_not_ignore_are_told_by_the_one_that_holds_them() {
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
        let many =
            paths(&["server/.venv", "server/.venv/a/__pycache__", "server/.venv/b/__pycache__", "x/dist"]);
        let is_tracked = |path: &Path| path == Path::new("server");
        assert_eq!(
            folded(&many, is_tracked),
            [(PathBuf::from("server/.venv"), 3), (PathBuf::from("x/dist"), 1)],
            "one alone is told as it is"
        );
    }

    #[test]
    fn caches_are_known_by_any_component_and_by_stars() {
        let patterns = ["node_modules".to_owned(), "*.pyc".to_owned()];
        assert!(is_cache("node_modules/", &patterns));
        assert!(is_cache("web/node_modules/", &patterns));
        assert!(is_cache("a/b.pyc", &patterns));
        assert!(!is_cache("data.sqlite", &patterns));
        assert!(!is_cache("node_modules2/", &patterns));
    }

    #[test]
    fn a_star_stands_for_anything_also_for_nothing_and_more_than_once() {
        let is = |path: &str, pattern: &str| is_cache(path, &[pattern.to_owned()]);
        assert!(
            is("a", "*")
                && is("abc", "a*c")
                && is("ac", "a*c")
                && is("aXbXc", "a*b*c")
                && is("é.pyc", "*.pyc")
        );
        assert!(!is("aba", "ab*ba") && !is("acb", "a*b*c") && !is("abc", "b*") && !is("abc", "*b"));
    }

    #[test]
    fn many_stars_cost_no_more_than_a_look() {
        let pattern = format!("{}b", "*a".repeat(40));
        assert!(!is_cache(&"a".repeat(250), &[pattern]));
    }

    #[test]
    fn no_pattern_has_everything_or_the_sources_deleted() {
        let patterns: Vec<String> =
            [".", "..", "*", "**", "./", "src", "s*", ".git", ".g*", ""].map(str::to_owned).to_vec();
        for name in ["src", ".git", ".", "..", "", "local", "data"] {
            assert!(!is_deletable(name, &patterns), "{name}");
        }
        assert!(
            is_deletable("scratch", &patterns) && is_deletable("node_modules", &["node_modules/".to_owned()])
        );
        assert!(
            is_deletable("x.egg-info", &["*.egg-info".to_owned()])
                && !is_deletable("x", &["*.egg-info".to_owned()])
        );
        assert!(needs_tag("target") && !needs_tag("dist"));
    }

    #[test]
    fn what_lies_beside_a_cache_says_what_brings_it_back() {
        let back = |name: &str, beside: &[&str]| back_with(name, |file| beside.contains(&file));
        assert_eq!(back("node_modules", &["package.json", "package-lock.json"]), Some("npm ci"));
        assert_eq!(back("node_modules", &["package.json", "pnpm-lock.yaml"]), Some("pnpm install"));
        assert_eq!(back("node_modules", &["package.json"]), Some("npm install"));
        assert_eq!(back("target", &["Cargo.toml"]), Some("cargo build"));
        assert_eq!(back(".venv", &["uv.lock"]), Some("uv sync"));
        assert_eq!(back("__pycache__", &["setup.py"]), None);
        assert_eq!(back("node_modules", &[]), None);
        assert_eq!(back(".terraform", &[]), Some("terraform init"));
    }

    #[test]
    fn reasons_are_spelled_as_scripts_know_them() {
        assert_eq!(serde_json::to_value(Stays::NotIgnored).unwrap(), "not_ignored");
        assert_eq!(serde_json::to_value(Stays::NoTag).unwrap(), "no_tag");
    }

    #[test]
    fn each_reason_is_said_in_words_of_its_own() {
        for (stays, words) in [
            (Stays::NotIgnored, "is not ignored"),
            (Stays::Tracked, "has files that git tracks"),
            (Stays::Link, "is a link"),
            (Stays::Repository, "has a repository or a worktree in it"),
            (Stays::Mounted, "is a mount point, has one in it, or lies on another file system"),
            (Stays::InUse, "is in use"),
            (Stays::Setup, "belongs to a worktree whose setup runs"),
            (Stays::NoTag, "has no CACHEDIR.TAG with its signature, so it may be something else"),
            (Stays::Unreadable, "cannot be looked through"),
            (Stays::Vanished, "changed while it was looked at"),
        ] {
            assert_eq!(stays.words(), words);
        }
    }
}
