//! Whether our own checkout gives what git would give, or git must do it; every reason is one of libgit2's gaps.

use std::path::PathBuf;

use git2::Config;

use super::attributes::Wanted;
use super::repository::{Repository, from_library};
use crate::error::Result;

/// Who does the work.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "by", content = "because", rename_all = "snake_case")]
pub enum Way {
    /// libgit2 and our own checkout.
    Engine,
    /// The git child, for these reasons, each a phrase: "the filter `lfs` is in use".
    Git(Vec<String>),
}

impl std::fmt::Display for Way {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine => formatter.write_str("wt's own checkout"),
            Self::Git(reasons) => write!(formatter, "git: {}", reasons.join(", ")),
        }
    }
}

impl Way {
    fn from_reasons(mut reasons: Vec<String>) -> Self {
        reasons.sort();
        reasons.dedup();
        if reasons.is_empty() { Self::Engine } else { Self::Git(reasons) }
    }
}

impl Repository {
    /// Decides who checks out `commit` (in hexadecimal): one walk over its trees, reading only `.gitattributes`.
    pub fn way(&self, commit: &str) -> Result<Way> {
        let Some(library) = self.library() else {
            return Ok(Way::Git(vec![self.refusal_phrase()]));
        };
        let git_dir = self.current_admin().map(|admin| self.admin_dir(admin));
        let settings = self.settings(git_dir.as_deref())?;
        let mut reasons = settings_reasons(&settings)?;
        let own = git_dir.as_deref().unwrap_or(&self.common_dir).join("config.worktree");
        if settings.get_bool("extensions.worktreeconfig").unwrap_or(false) && own.exists() {
            reasons.push(
                "worktrees have their own configuration (config.worktree), which git copies".to_owned(),
            );
        }
        // Trees of a partial clone may be missing, and what is found there could not change the answer.
        if reasons.is_empty() {
            let wanted = Wanted::new(&settings)?;
            reasons.extend(self.outside_attributes(&settings, &wanted));
            let folds_case = settings.get_bool("core.ignorecase").unwrap_or(false);
            let failed = |error| from_library(error, &format!("read the tree of {commit}"));
            let tree =
                library.revparse_single(commit).and_then(|found| found.peel_to_tree()).map_err(failed)?;
            reasons.extend(
                super::attributes::tree_reasons(library, &tree, &wanted, folds_case).map_err(failed)?,
            );
        }
        Ok(Way::from_reasons(reasons))
    }

    fn refusal_phrase(&self) -> String {
        format!("libgit2 cannot open the repository: {}", self.refusal.as_deref().unwrap_or("unknown format"))
    }

    /// Reads the attribute files outside the tree: the repository's, the user's and the system's (gitattributes(5)).
    fn outside_attributes(&self, settings: &Config, wanted: &Wanted) -> Vec<String> {
        let mut files = vec![self.common_dir.join("info/attributes"), PathBuf::from("/etc/gitattributes")];
        if let Ok(path) = settings.get_path("core.attributesFile") {
            files.push(path);
        } else if let Ok(path) = Config::find_xdg() {
            // $XDG_CONFIG_HOME/git/config lies beside the attributes.
            files.push(path.with_file_name("attributes"));
        } else if let Ok(path) = Config::find_global() {
            files.push(path.with_file_name(".config").join("git/attributes"));
        }
        files
            .iter()
            .filter_map(|path| std::fs::read(path).ok())
            .flat_map(|text| wanted.reasons(&text))
            .collect()
    }
}

/// Returns what the configuration alone says against libgit2.
fn settings_reasons(settings: &Config) -> Result<Vec<String>> {
    let is_on = |key: &str| settings.get_bool(key).unwrap_or(false);
    let mut reasons = Vec::new();
    let mut add = |phrase: &str| reasons.push(phrase.to_owned());
    if is_on("core.sparseCheckout") {
        add("the checkout is sparse");
    }
    if settings
        .get_string("core.autocrlf")
        .is_ok_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    {
        add("core.autocrlf is on");
    }
    if settings.get_string("core.eol").is_ok_and(|value| value.eq_ignore_ascii_case("crlf")) {
        add("core.eol is crlf");
    }
    if settings.get_bool("core.symlinks").is_ok_and(|symlinks| !symlinks) {
        add("core.symlinks is off");
    }
    if settings.get_string("extensions.partialclone").is_ok() {
        add("the clone is partial");
    } else {
        let failed = |error| from_library(error, "read the remotes");
        let mut is_promised = false;
        let entries = settings.entries(Some(r"^remote\..*\.promisor$")).map_err(failed)?;
        entries
            .for_each(|entry| {
                is_promised |= !entry.has_value() || entry.value().is_ok_and(|value| value != "false");
            })
            .map_err(failed)?;
        if is_promised {
            add("the clone is partial");
        }
    }
    Ok(reasons)
}
