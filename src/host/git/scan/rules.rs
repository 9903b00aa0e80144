//! What git's configuration says about telling changed files: which stat data counts, and what is ignored everywhere.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use git2::Config;

use super::super::repository::Repository;
use super::doubt::ScanDoubt;
use crate::host::files;
use crate::model::ignore::IgnorePatterns;

/// The rules of one repository.
#[derive(Debug)]
pub(in crate::host::git) struct Rules {
    /// `core.trustctime`.
    pub(super) trusts_ctime: bool,
    /// `core.checkStat=minimal`.
    pub(super) is_minimal: bool,
    /// `core.fileMode`.
    pub(super) minds_modes: bool,
    /// Whether text may be converted on its way: then carriage returns are git's to judge.
    pub(super) converts: bool,
    /// Attribute files outside the tree that name filters.
    pub(super) filters: bool,
    /// `info/exclude`, then `core.excludesFile`: the first to say something decides.
    pub(super) ignores: Vec<IgnorePatterns>,
    /// How many steps all ignore patterns have taken so far.
    pub(super) spent: AtomicU64,
}

impl Rules {
    pub(in crate::host::git) fn read(
        repository: &Repository,
        git_dir: Option<&Path>,
    ) -> Result<Self, ScanDoubt> {
        let unread = |_| ScanDoubt("git's configuration cannot be read");
        if repository.only_git_knows_settings().map_err(unread)? {
            return Err(ScanDoubt("the configuration has conditions"));
        }
        let settings = repository.settings(git_dir).map_err(unread)?;
        let is_on = |key: &str, usual: bool| settings.get_bool(key).unwrap_or(usual);
        for (key, usual, why) in [
            ("core.sparseCheckout", false, "the checkout is sparse"),
            ("core.ignoreCase", false, "names are compared without case"),
            ("core.precomposeUnicode", false, "names are composed"),
        ] {
            if is_on(key, usual) {
                return Err(ScanDoubt(why));
            }
        }
        if !is_on("core.symlinks", true) {
            return Err(ScanDoubt("symbolic links are files"));
        }
        let common_dir = repository.common_dir();
        let exclude = common_dir.join("info/exclude");
        let ignores = [Some(exclude), user_file(&settings, "core.excludesFile", "ignore")];
        let ignores = ignores.iter().flatten().filter_map(|file| files::read_plain(file).ok());
        let attributes = [
            Some(common_dir.join("info/attributes")),
            Some(PathBuf::from("/etc/gitattributes")),
            user_file(&settings, "core.attributesFile", "attributes"),
        ];
        let attributes: Vec<Vec<u8>> =
            attributes.iter().flatten().filter_map(|file| files::read_plain(file).ok()).collect();
        let autocrlf = settings.get_string("core.autocrlf").is_ok_and(|value| value != "false");
        Ok(Self {
            trusts_ctime: is_on("core.trustctime", true),
            is_minimal: settings.get_string("core.checkStat").is_ok_and(|value| value == "minimal"),
            minds_modes: is_on("core.fileMode", true),
            converts: autocrlf || !attributes.is_empty(),
            filters: attributes.iter().any(|text| names_filters(text)),
            ignores: ignores.map(|text| IgnorePatterns::parse(&text)).filter(|all| !all.is_empty()).collect(),
            spent: AtomicU64::new(0),
        })
    }
}

/// Answers whether an attribute file has content changed in ways that only git knows.
pub(super) fn names_filters(text: &[u8]) -> bool {
    ["filter", "encoding"].iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
}

/// The file that `key` names, else the usual one of that name (gitignore(5), gitattributes(5)).
#[expect(clippy::disallowed_methods, reason = "git looks there, and libgit2 tells only where files are")]
pub(in crate::host::git) fn user_file(settings: &Config, key: &str, usual: &str) -> Option<PathBuf> {
    if let Ok(path) = settings.get_path(key) {
        return Some(path);
    }
    let found = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = found("XDG_CONFIG_HOME").or_else(|| Some(found("HOME")?.join(".config")))?;
    Some(folder.join("git").join(usual))
}
