//! The lines of a worktree's env block, from the built-in template or the repository's own.

use std::path::Path;

use serde::Serialize;

use super::env;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::config_files;
use crate::host::git::Repository;
use crate::model::config::layers::Source;
use crate::model::port::Port;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::variables::{self, BlockValues, MissingVariable};
use crate::model::{quoting, template};

/// The built-in template of the block's lines.
pub const TEMPLATE: &str = include_str!("../../templates/env");

/// A block as it is written.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The lines, markers aside.
    pub lines: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// What names a service without a port here.
    pub left_out: Vec<MissingVariable>,
    /// The services of the worktree with their ports.
    pub ports: Vec<(ServiceName, Port)>,
    /// What there is to say about single values.
    pub warnings: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    value: &'a str,
    /// `NAME=value`, quoted.
    #[serde(rename = "line")]
    text: String,
}

#[derive(Serialize)]
struct TemplateValues<'a> {
    variables: Vec<Line<'a>>,
    #[serde(flatten)]
    others: BlockValues<'a>,
}

/// Renders the block of `entry`. The variables of `[env.set]` come after whatever the template makes.
///
/// # Errors
///
/// `config_invalid`.
pub fn rendered(context: &Context, repository: &Repository, entry: &Entry) -> Result<Rendered> {
    let facts = env::facts_of(context, repository, entry);
    let block = variables::block(&context.config, &facts)?;
    let mut warnings = Vec::new();
    let usual = quoted(&block.usual, &mut warnings)?;
    let set = quoted(&block.set, &mut warnings)?;
    let values = TemplateValues { variables: usual, others: BlockValues::of(&context.config, &facts)? };
    let text = match &context.config.env.template {
        Some(own) if !is_of_repository(repository, &repository.root().join(own)) => {
            return Err(Failure::new(
                Code::ConfigInvalid,
                format!("`env.template` names {own}, which is not a file of the repository"),
            )
            .hint("give a path relative to the main worktree"));
        }
        Some(own) => template::render(
            "env.template",
            &config_files::require_layer(&repository.root().join(own), Source::others())?.text,
            &values,
        )?,
        None => template::render("templates/env", TEMPLATE, &values)?,
    };
    let own = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(ToOwned::to_owned);
    Ok(Rendered {
        lines: own.chain(set.into_iter().map(|line| line.text)).collect(),
        variables: block.variables(),
        left_out: block.left_out,
        ports: facts.ports,
        warnings,
    })
}

fn quoted<'a>(variables: &'a [(String, String)], warnings: &mut Vec<String>) -> Result<Vec<Line<'a>>> {
    let mut lines = Vec::new();
    for (name, value) in variables {
        let quoted = quoting::quote(name, value)?;
        if quoted.disputed {
            warnings.push(format!(
                "{name} has quotes and `$` in it: `sh` reads it right, other readers of `.env` may not"
            ));
        }
        lines.push(Line { name, value, text: format!("{name}={}", quoted.text) });
    }
    Ok(lines)
}

/// Answers whether `path` is a plain file beneath the main worktree, links resolved: a repository's configuration may read
/// no other, and nothing of git's, whose own configuration may have passwords.
fn is_of_repository(repository: &Repository, path: &Path) -> bool {
    match (path.canonicalize(), repository.root().canonicalize(), repository.common_dir().canonicalize()) {
        (Ok(path), Ok(root), Ok(git)) => {
            let is_of_git = |part: &std::ffi::OsStr| part.eq_ignore_ascii_case(".git");
            let is_own = |below: &Path| !below.iter().any(is_of_git);
            path.strip_prefix(&root).is_ok_and(is_own) && !path.starts_with(git) && path.is_file()
        }
        _ => false,
    }
}
