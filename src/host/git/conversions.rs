//! The rules for contents that lie outside a commit: git's configuration, and the attribute files of the repository, the
//! user and the system (gitattributes(5), git-config(1)).

use std::path::{Path, PathBuf};

use git2::Config;

use super::config_sources::foreign_system_files;
use super::repository::Repository;
use super::scan::user_file;
use crate::error::Result;
use crate::host::files;
use crate::host::git_files::conversion::{Outside, Settings, has_odd_pattern};

const SYSTEM: &str = "/etc/gitattributes";

impl Repository {
    /// Reads the rules as they are now in the worktree that git calls `admin`, else where we stand. What
    /// [`way_in`](Self::way_in) gives to git may read wrong here.
    pub fn outside_rules(&self, admin: Option<&str>) -> Result<Outside> {
        let git_dir = admin.or_else(|| self.current_admin()).map(|admin| self.admin_dir(admin));
        let settings = self.settings(git_dir.as_deref())?;
        Ok(self.outside_rules_of(&settings))
    }

    pub(super) fn outside_rules_of(&self, settings: &Config) -> Outside {
        let read = |path: &Path| files::read_plain(path).unwrap_or_default();
        let user = user_file(settings, "core.attributesFile", "attributes");
        Outside {
            settings: parse_settings(settings).unwrap_or_default(),
            info: read(&self.common_dir().join("info/attributes")),
            user: user.as_deref().map(read).unwrap_or_default(),
            system: read(Path::new(SYSTEM)),
        }
    }
}

/// Returns why git, not we, should convert, as far as that lies outside the commit.
#[expect(clippy::disallowed_methods, reason = "git looks there")]
pub(super) fn reasons_outside(settings: &Config, outside: &Outside) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut add = |phrase: &str| reasons.push(phrase.to_owned());
    if parse_settings(settings).is_none() {
        add("core.autocrlf is neither true, false nor input");
    }
    if settings.get_string("attr.tree").is_ok() || std::env::var_os("GIT_ATTR_SOURCE").is_some() {
        add("attributes are read from another tree");
    }
    if std::env::var_os("GIT_ATTR_NOSYSTEM").is_some() && !outside.system.is_empty() {
        add("GIT_ATTR_NOSYSTEM is set");
    }
    if !foreign_system_files("gitattributes").is_empty() {
        add("git may read the system's attributes elsewhere");
    }
    // git would look in the new worktree.
    if settings.get_string("core.attributesFile").is_ok()
        && user_file(settings, "core.attributesFile", "attributes")
            .is_none_or(|path: PathBuf| is_inside(&path))
    {
        add("core.attributesFile is relative");
    }
    if [&outside.info, &outside.user, &outside.system].iter().any(|text| has_odd_pattern(text)) {
        add(ODD_PATTERN);
    }
    reasons
}

/// The reason for a pattern that git's versions read in different ways.
pub(super) const ODD_PATTERN: &str = "a pattern of attributes is unusual";

fn is_inside(path: &Path) -> bool {
    path.is_relative() && !path.as_os_str().is_empty()
}

/// `None` for a value that git refuses.
fn parse_settings(settings: &Config) -> Option<Settings> {
    let is_input =
        settings.get_string("core.autocrlf").is_ok_and(|value| value.eq_ignore_ascii_case("input"));
    let auto_crlf = !is_input
        && match settings.get_bool("core.autocrlf") {
            Ok(is_on) => is_on,
            Err(error) if error.code() == git2::ErrorCode::NotFound => false,
            Err(_) => return None,
        };
    let is_crlf = settings.get_string("core.eol").is_ok_and(|value| value.eq_ignore_ascii_case("crlf"));
    Some(Settings {
        auto_crlf,
        text_is_crlf: auto_crlf || (!is_input && is_crlf),
        folds_case: settings.get_bool("core.ignorecase").unwrap_or(false),
    })
}
