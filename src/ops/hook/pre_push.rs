//! Before a push: what vanished is released and what is wrong is said; a push is stopped only when it would publish an
//! env block or, where that is asked for, when nothing can be relied on.

use std::time::Instant;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::config::settings::PrePush;
use crate::model::counted::counted;
use crate::model::env_files;
use crate::model::finding::{Finding, Severity};
use crate::model::hook_event::{self, Pushed};
use crate::model::validity::ValiditySummary;
use crate::ops::arrival::{Arrival, arrive};
use crate::ops::validate;

use super::published::{self, PublishedSearch};

/// A push, as git tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The remote's name; its URL where it has none.
    pub remote: String,
    /// The lines from stdin.
    pub refs: Vec<u8>,
}

/// Looks at what is about to be pushed until `deadline`, and returns what there is to say.
///
/// # Errors
///
/// Where the push is to be stopped: `env_tracked`, it has a file with our env block; `hook_failed`, there are critical
/// findings and `[hooks] pre_push` says that they block.
pub fn pre_push(context: &Context, push: &Push, deadline: Instant) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let pushed = hook_event::pushed(&push.refs);
    if context.config.hooks.protect_env
        && let Some(repository) = &context.repository
    {
        let named = env_files::named(&context.config);
        match published::find(repository, &named, &push.remote, &pushed, deadline) {
            Ok(PublishedSearch::Nothing) => {}
            Ok(PublishedSearch::Found { commit, file }) => {
                return Err(would_publish(repository, &pushed, commit.as_deref(), &file));
            }
            Ok(PublishedSearch::Unfinished) => {
                said.push("this push is too large to be searched for env blocks in time".to_owned());
            }
            Err(failure) => said.push(format!("this push was not searched for env blocks: {failure}")),
        }
    }
    said.extend(arrive(context, Arrival::Watch).said);
    match validate::validate(context, &validate::Request::default()) {
        Ok(report) => {
            if context.config.hooks.pre_push == PrePush::Block && report.summary.critical > 0 {
                return Err(critical(&report.findings));
            }
            said.extend(found(&report.summary));
        }
        Err(failure) => said.push(format!("the records were not validated: {failure}")),
    }
    Ok(said)
}

/// What was found, in one line; `None` where nothing is wrong.
fn found(summary: &ValiditySummary) -> Option<String> {
    let counts =
        [(summary.critical, "critical finding"), (summary.error, "error"), (summary.warning, "warning")];
    let some = counts.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = some.map(|(count, what)| counted(count, what)).collect();
    (!words.is_empty()).then(|| format!("{} (`wt validate` shows them)", words.join(", ")))
}

fn critical(findings: &[Finding]) -> Failure {
    let critical = findings.iter().find(|finding| finding.severity == Severity::Critical);
    let message = critical.map(|finding| finding.message.clone()).unwrap_or_default();
    Failure::new(Code::HookFailed, format!("`[hooks] pre_push = \"block\"` stops this push: {message}"))
        .hint("`wt validate` shows it, `wt validate --fix` mends what can be mended; `git push --no-verify` pushes all the same")
}

fn would_publish(repository: &Repository, pushed: &[Pushed], commit: Option<&str>, file: &str) -> Failure {
    let short = |commit: &str| commit[..commit.len().min(12)].to_owned();
    let named = commit.map_or_else(|| "a commit".to_owned(), |commit| format!("commit {}", short(commit)));
    let is_tip = |commit: &str| pushed.iter().any(|pushed| pushed.local == commit);
    let way = match commit {
        Some(commit) if !is_tip(commit) => {
            format!("`git rebase -i {}~1`, mark it `edit`, then ", short(commit))
        }
        _ => String::new(),
    };
    let quoted = crate::model::quoting::quote_sh(file);
    Failure::new(
        Code::EnvTracked,
        format!("{named} has an env block of wt's in `{file}`: its ports and names mean something on this machine alone"),
    )
    .hint(format!(
        "take it out: {way}`git rm --cached -- {quoted}` and `git commit --amend --no-edit`, and push again;\n\
         `git push --no-verify` publishes it, `[hooks] protect_env = false` turns this off"
    ))
    .detail("file", file)
    .detail("repository", repository.root().display().to_string())
}
