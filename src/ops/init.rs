//! `wt init`: a commented starter for the repository's configuration, with the services that other tools' files describe;
//! where there is a configuration, what is new. Nothing that is there is ever changed but by adding to its end.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::import::{self, Imported};
use crate::error::{Code, Failure, Result};
use crate::host::config_files::{append, is_there, read_layer, repository_file, write_new};
use crate::host::git::Repository;
use crate::model::config::layers::{Layer, Source};
use crate::model::import::fitting::fit;
use crate::model::import::proposal::{FileProposal, NotProposed, ProposedCarry, ProposedCommand, Variable};
use crate::model::import::{override_file, text};

/// What would be written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Plan {
    pub path: PathBuf,
    /// The text of a new file, or what an existing one gets at its end; `None` where nothing is new.
    pub text: Option<String>,
    /// Whether the file is there already.
    pub appends: bool,
    /// The services that are proposed, in the order of the file.
    pub services: Vec<Proposed>,
    /// What is proposed beside them.
    #[serde(flatten)]
    pub beside: ProposedBeside,
    /// The override of the compose file, where one would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose_override: Option<Override>,
    pub warnings: Vec<String>,
}

/// A file beside the compose file, which Compose reads over it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Override {
    pub path: PathBuf,
    pub text: String,
}

/// A service that is proposed.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Proposed {
    pub service: String,
    /// The file and the name in it.
    pub from: String,
}

/// What is proposed beside services.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ProposedBeside {
    /// Ignored paths that a new worktree gets a copy of.
    pub carry: Vec<ProposedCarry>,
    /// Commands that make a new worktree ready.
    pub setup: Vec<ProposedCommand>,
    /// Commands that take back what they made.
    pub teardown: Vec<ProposedCommand>,
    /// Further variables of the env block.
    pub variables: Vec<Variable>,
    /// What is there and is not proposed.
    pub left_out: Vec<NotProposed>,
}

/// What somebody agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreedProposal {
    pub configuration: bool,
    pub compose_override: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    pub path: PathBuf,
    /// Whether anything was written there.
    pub written: bool,
    /// The services that were proposed, in the order of the file.
    pub services: Vec<Proposed>,
    /// What was proposed beside them.
    #[serde(flatten)]
    pub beside: ProposedBeside,
    /// The override of the compose file, where one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose_override: Option<PathBuf>,
    pub warnings: Vec<String>,
}

/// Returns what would be written into `root`: the main worktree, or in a bare repository the folder one stands in.
///
/// # Errors
///
/// `config_invalid` where the repository's file is no TOML: what it has already cannot be told.
pub fn plan(root: &Path, repository: Option<&Repository>) -> Result<Plan> {
    let path = repository_file(root);
    let mut imported = import::gather(root, repository);
    let known = read_layer(&path, Source::User)?;
    // What the file names already still has its ports in the compose file.
    let all = imported.found.clone();
    let (text, named) = match &known {
        Some(layer) => (addition(layer, &mut imported)?, all),
        None => (Some(whole(&mut imported)), imported.found.clone()),
    };
    let compose_override = plan_override(root, &mut imported, &named)?;
    let FileProposal { services, setup, teardown, carry, variables, left_out, .. } = imported.found;
    Ok(Plan {
        path,
        text,
        appends: known.is_some(),
        services: services
            .into_iter()
            .map(|proposal| Proposed { service: proposal.name.to_string(), from: proposal.from })
            .collect(),
        beside: ProposedBeside { carry, setup, teardown, variables, left_out },
        compose_override,
        warnings: imported.warnings,
    })
}

/// Writes what was agreed to of the plan.
///
/// # Errors
///
/// `path_not_empty` when a file came into being meanwhile, `permission` where it may not be written.
pub fn apply(plan: Plan, agreed: AgreedProposal) -> Result<Report> {
    let text = plan.text.filter(|_| agreed.configuration);
    match &text {
        Some(text) if plan.appends => append(&plan.path, text)?,
        Some(text) => write_new(&plan.path, text)?,
        None => {}
    }
    let compose_override = plan.compose_override.filter(|_| agreed.compose_override);
    if let Some(file) = &compose_override {
        write_new(&file.path, &file.text)?;
    }
    Ok(Report {
        path: plan.path,
        written: text.is_some(),
        services: plan.services,
        beside: plan.beside,
        compose_override: compose_override.map(|file| file.path),
        warnings: plan.warnings,
    })
}

/// The starter with what is proposed in place of its examples.
fn whole(imported: &mut Imported) -> String {
    fit(&mut imported.found, |found| text::whole(found));
    text::whole(&imported.found)
}

/// What the repository's file does not say yet.
fn addition(layer: &Layer, imported: &mut Imported) -> Result<Option<String>> {
    let said: toml::Table = toml::from_str(&layer.text).map_err(|error| {
        Failure::new(Code::ConfigInvalid, format!("{}: {}", layer.path, error.message()))
            .hint("mend it first; `wt config show` says where it is wrong")
    })?;
    let is_ended = layer.text.ends_with('\n');
    fit(&mut imported.found, |found| {
        let (text, _) = text::addition(&said, is_ended, found);
        format!("{}{}", layer.text, text.unwrap_or_default())
    });
    let (text, by_hand) = text::addition(&said, is_ended, &mut imported.found);
    imported.warnings.extend(by_hand);
    Ok(text)
}

fn plan_override(root: &Path, imported: &mut Imported, named: &FileProposal) -> Result<Option<Override>> {
    let Some((file, read)) = &imported.compose else { return Ok(None) };
    let colliding = override_file::colliding(&read.services, named);
    if colliding.is_empty() {
        return Ok(None);
    }
    let name = override_file::name_beside(file);
    // Compose reads either ending beside either file.
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    let there = ["yaml", "yml"].map(|ending| format!("{stem}.{ending}"));
    if let Some(there) = there.iter().find(|name| is_there(&root.join(name))) {
        imported.warnings.push(format!(
            "{there} is there and was left as it is: the ports of {file} are the same in every worktree"
        ));
        return Ok(None);
    }
    Ok(Some(Override { path: root.join(&name), text: override_file::text(file, &colliding)? }))
}
