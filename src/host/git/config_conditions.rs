//! Whether a condition in git's configuration (`includeIf`) may change anything that we go by: what each conditional file
//! could bring in is looked at, whether its condition holds or not.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use git2::{Config, ConfigEntry, ConfigLevel};

/// Sections that change nothing that we read: who the user is, how git talks, where it fetches from.
const LIGHT_SECTIONS: [&str; 26] = [
    "user",
    "author",
    "committer",
    "commit",
    "gpg",
    "tag",
    "credential",
    "alias",
    "color",
    "pager",
    "column",
    "push",
    "pull",
    "url",
    "http",
    "sendemail",
    "log",
    "format",
    "rebase",
    "merge",
    "mergetool",
    "diff",
    "difftool",
    "rerere",
    "include",
    "includeif",
];

/// Keys of `core` of which the same is true.
const LIGHT_KEYS: [&str; 4] = ["core.sshcommand", "core.editor", "core.pager", "core.askpass"];

/// More conditional files than this are git's to read.
const MOST_FILES: usize = 64;

/// Answers whether a conditional file of this configuration may hold something of weight. Where a file is to be found
/// cannot be told, the answer is yes.
pub(super) fn may_matter(settings: &Config, common_dir: &Path) -> bool {
    conditional_files(settings, |entry| match (entry.include_depth(), entry.level()) {
        (0, ConfigLevel::Local | ConfigLevel::Worktree) => Some(common_dir.to_owned()),
        (0, ConfigLevel::Global) => Some(Config::find_global().ok()?.parent()?.to_owned()),
        (0, ConfigLevel::XDG) => Some(Config::find_xdg().ok()?.parent()?.to_owned()),
        (0, ConfigLevel::System) => Some(Config::find_system().ok()?.parent()?.to_owned()),
        _ => None,
    })
    .is_none_or(may_any_matter)
}

/// Answers whether one of these files, or what it includes, may hold something of weight.
pub(super) fn may_any_matter(mut open: Vec<PathBuf>) -> bool {
    let mut seen = HashSet::new();
    while let Some(path) = open.pop() {
        // What is not there brings in nothing.
        if !path.exists() || !seen.insert(path.clone()) {
            continue;
        }
        let Some(config) = file(&path).filter(|_| seen.len() <= MOST_FILES) else { return true };
        if has_weight(&config).unwrap_or(true) {
            return true;
        }
        let beside =
            |entry: &ConfigEntry| path.parent().filter(|_| entry.include_depth() == 0).map(Path::to_owned);
        match conditional_files(&config, beside) {
            Some(inner) => open.extend(inner),
            None => return true,
        }
    }
    false
}

/// Returns the files of all conditions, a relative path counted from what `base` says; `None` where that is unknown.
fn conditional_files(
    settings: &Config,
    base: impl Fn(&ConfigEntry) -> Option<PathBuf>,
) -> Option<Vec<PathBuf>> {
    let mut found = Some(Vec::new());
    let entries = settings.entries(Some(r"^includeif\..*\.path$")).ok()?;
    entries
        .for_each(|entry| {
            let path = entry.value().ok().and_then(|value| match value.strip_prefix("~/") {
                Some(rest) => Some(home()?.join(rest)),
                None if value.starts_with('~') || value.starts_with('%') => None,
                None if value.starts_with('/') => Some(PathBuf::from(value)),
                None => Some(base(entry)?.join(value)),
            });
            match (&mut found, path) {
                (Some(found), Some(path)) => found.push(path),
                _ => found = None,
            }
        })
        .ok()?;
    found
}

fn has_weight(config: &Config) -> Option<bool> {
    let mut has = false;
    let entries = config.entries(None).ok()?;
    entries
        .for_each(|entry| {
            let is_light = entry.name().is_ok_and(|key| {
                let section = key.split('.').next().unwrap_or_default();
                LIGHT_SECTIONS.contains(&section) || LIGHT_KEYS.contains(&key)
            });
            has |= !is_light;
        })
        .ok()?;
    Some(has)
}

#[expect(clippy::disallowed_methods, reason = "git looks there, and libgit2 does not say where it looks")]
fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// Reads one configuration file; `None` when it is missing or broken.
pub(super) fn file(path: &Path) -> Option<Config> {
    if !path.is_file() {
        return None;
    }
    let config = Config::open(path).ok()?;
    Some(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(text: &str, more: &[(&str, &str)]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in more.iter().chain(&[("config", text)]) {
            let text = text.replace("HERE", folder.path().to_str().unwrap());
            #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut config = Config::new().unwrap();
        config.add_file(&folder.path().join("config"), ConfigLevel::Local, true).unwrap();
        may_matter(&config.snapshot().unwrap(), folder.path())
    }

    #[test]
    fn a_condition_counts_by_what_it_could_bring_in() {
        let conditional = "[includeIf \"gitdir:/x/\"]\npath = HERE/more\n";
        assert!(!may("[core]\nautocrlf = true\n", &[]));
        assert!(!may(conditional, &[]), "there is no such file");
        assert!(!may(conditional, &[("more", "[user]\nemail = a\n[core]\nsshCommand = x\n")]));
        assert!(may(conditional, &[("more", "[core]\nautocrlf = true\n")]));
        assert!(may(conditional, &[("more", "[filter \"x\"]\nsmudge = y\n")]));
        assert!(may(&conditional.replace("HERE/", ""), &[("more", "[core]\neol = crlf\n")]), "relative");
        assert!(may(conditional, &[("more", "[include]\npath = third\n"), ("third", "[core]\neol = lf\n")]));
        let nested = conditional.replace("more", "third");
        assert!(may(conditional, &[("more", &nested), ("third", "[core]\neol = lf\n")]));
        assert!(!may(conditional, &[("more", conditional)]), "a circle");
        assert!(may(conditional, &[("more", "[broken")]));
    }
}
