//! What `gh` or `glab` know of a pull request. They are asked where they are there, for three seconds, and can ask nothing back;
//! what they say only adds to what git says.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;

use crate::context::Context;
use crate::host::git::Repository;
use crate::host::process::ask;
use crate::model::forge::{Forge, ForgeKind};
use crate::model::pull::{ForgePlace, Remote, WantedPull};
use crate::ops::external;

/// What a forge says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ForgeAnswer {
    pub head: Option<String>,
    pub branch: Option<String>,
    pub title: Option<String>,
    pub author: Option<String>,
    pub url: Option<String>,
    /// Whether it comes from another repository; `None` where that is not said.
    pub is_fork: Option<bool>,
    /// Owner and name of that one.
    pub fork: Option<(String, String)>,
}

/// The longest title, author and branch that is kept, in letters.
const LONGEST: usize = 250;

/// Asks; what went wrong is said in `warnings` and costs nothing.
pub(super) fn ask_forge(
    context: &Context,
    repository: &Repository,
    wanted: &WantedPull,
    remote: &Remote,
    forge: &Forge,
    warnings: &mut Vec<String>,
) -> Option<ForgeAnswer> {
    let program = match wanted.served_by(forge) {
        ForgeKind::Github => "gh",
        ForgeKind::Gitlab => "glab",
        ForgeKind::Gitea | ForgeKind::Bitbucket => return None,
    };
    let path = external::find_outside(&context.host, Some(repository), program)?;
    let place = remote.urls.iter().find_map(|url| place(url))?;
    let number = wanted.number.to_string();
    let repo =
        if place.host.is_empty() { place.path.clone() } else { format!("{}/{}", place.host, place.path) };
    let words: Vec<&str> = if program == "gh" {
        const FIELDS: &str =
            "title,url,author,headRefName,headRefOid,headRepository,headRepositoryOwner,isCrossRepository";
        vec!["pr", "view", &number, "--repo", &repo, "--json", FIELDS]
    } else {
        vec!["mr", "view", &number, "--repo", &repo, "--output", "json"]
    };
    match run(context, &path, &words, repository.common_dir()) {
        Ok(told) if program == "gh" => Some(of_github(&told)),
        Ok(told) => Some(of_gitlab(&told)),
        Err(why) => {
            warnings.push(format!("`{program}` did not tell more of the pull request: {why}"));
            None
        }
    }
}

/// A URL without a host names a folder: its last two parts.
fn place(url: &str) -> Option<ForgePlace> {
    ForgePlace::of(url).or_else(|| {
        let plain = url.trim_end_matches('/');
        let plain = plain.strip_suffix(".git").unwrap_or(plain);
        let mut parts = plain.rsplit('/');
        let (name, owner) = (parts.next()?, parts.next()?);
        Some(ForgePlace { host: String::new(), path: format!("{owner}/{name}") })
    })
}

fn run(context: &Context, program: &Path, words: &[&str], folder: &Path) -> Result<Value, String> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let variables =
        [("GH_PROMPT_DISABLED", "1"), ("GH_NO_UPDATE_NOTIFIER", "1"), ("NO_PROMPT", "1"), ("NO_COLOR", "1")];
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let text = ask::ask(program, &words, folder, &variables, &context.host.interrupt)?;
    serde_json::from_str(&text).map_err(|_| "its answer is not JSON".to_owned())
}

fn text(told: &Value, key: &str) -> Option<String> {
    let text = told.pointer(key)?.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(LONGEST).collect())
}

fn of_github(told: &Value) -> ForgeAnswer {
    ForgeAnswer {
        head: text(told, "/headRefOid"),
        branch: text(told, "/headRefName"),
        title: text(told, "/title"),
        author: text(told, "/author/login"),
        url: text(told, "/url"),
        is_fork: told["isCrossRepository"].as_bool(),
        fork: text(told, "/headRepositoryOwner/login").zip(text(told, "/headRepository/name")),
    }
}

fn of_gitlab(told: &Value) -> ForgeAnswer {
    let (source, target) = (told["source_project_id"].as_u64(), told["target_project_id"].as_u64());
    ForgeAnswer {
        head: text(told, "/sha"),
        branch: text(told, "/source_branch"),
        title: text(told, "/title"),
        author: text(told, "/author/username"),
        url: text(told, "/web_url"),
        is_fork: source.zip(target).map(|(source, target)| source != target),
        fork: None,
    }
}
