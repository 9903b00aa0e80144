//! `wt init`: a commented starter for the repository's configuration, with the services that other tools' files describe;
//! where there is a configuration, what is new. Nothing that is there is ever changed but by adding to its end.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::import::{self, Imported};
use crate::error::{Code, Failure, Result};
use crate::host::config_files::{append, is_there, read_layer, repository_file, write_new};
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge_leniently;
use crate::model::import::proposal::Found;
use crate::model::import::{override_file, render};

/// The starter: every line is a comment, so that it changes nothing until someone does.
pub const STARTER: &str = include_str!("../../templates/wt.toml");

/// Where there is what listens, every new worktree has ports for it.
const CREATE: &str = "# Every new worktree gets the ports of its purpose's services; `wt create --no-ports` makes one without.\n\
                      [create]\nports = true\n\n";

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

/// What somebody agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
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
pub fn plan(root: &Path) -> Result<Plan> {
    let path = repository_file(root);
    let mut imported = import::gather(root);
    let known = read_layer(&path, Source::User)?;
    // What the file names already still has its ports in the compose file.
    let named = known.is_some().then(|| imported.found.clone());
    let text = match &known {
        Some(layer) => addition(layer, &mut imported)?,
        None => Some(whole(&mut imported)),
    };
    let named = named.unwrap_or_else(|| imported.found.clone());
    let compose_override = plan_override(root, &mut imported, &named)?;
    let services = imported.found.services.iter();
    Ok(Plan {
        path,
        text,
        appends: known.is_some(),
        services: services
            .map(|proposal| Proposed { service: proposal.name.to_string(), from: proposal.from.clone() })
            .collect(),
        compose_override,
        warnings: imported.warnings,
    })
}

/// Writes what was agreed to of the plan.
///
/// # Errors
///
/// `path_not_empty` when a file came into being meanwhile, `permission` where it may not be written.
pub fn apply(plan: Plan, agreed: Agreed) -> Result<Report> {
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
        compose_override: compose_override.map(|file| file.path),
        warnings: plan.warnings,
    })
}

/// The starter with the proposed services in place of its examples; what is not valid is never proposed.
fn whole(imported: &mut Imported) -> String {
    if imported.found.services.is_empty() {
        if imported.found.notes.is_empty() {
            return STARTER.to_owned();
        }
        return format!("{STARTER}\n{}", render::sections(&imported.found));
    }
    let is_example = |paragraph: &&str| paragraph.contains("#[service.");
    let mut paragraphs: Vec<&str> =
        STARTER.split("\n\n").map(str::trim_end).filter(|paragraph| !is_example(paragraph)).collect();
    let head = if paragraphs.is_empty() { "" } else { paragraphs.remove(0) };
    let sections = render::sections(&imported.found);
    let listens = imported.found.services.iter().any(|proposal| proposal.listens);
    let create = if listens { CREATE } else { "" };
    let text = format!("{head}\n\n{create}{}\n{}\n", sections, paragraphs.join("\n\n"));
    if is_valid(&text, imported) { text } else { STARTER.to_owned() }
}

/// What the repository's file does not say yet.
fn addition(layer: &Layer, imported: &mut Imported) -> Result<Option<String>> {
    let said: toml::Table = toml::from_str(&layer.text).map_err(|error| {
        Failure::new(Code::ConfigInvalid, format!("{}: {}", layer.path, error.message()))
            .hint("mend it first; `wt config show` says where it is wrong")
    })?;
    let known = said.get("service").and_then(toml::Value::as_table);
    let is_new = |name: &str| known.is_none_or(|known| !known.contains_key(name));
    imported.found.services.retain(|proposal| is_new(proposal.name.as_str()));
    imported.found.notes.clear();
    if imported.found.services.is_empty() {
        return Ok(None);
    }
    let gap = if layer.text.ends_with('\n') { "\n" } else { "\n\n" };
    let text = format!("{gap}{}", render::sections(&imported.found));
    Ok(is_valid(&format!("{}{text}", layer.text), imported).then_some(text))
}

/// Answers whether the whole text is a valid configuration; where it is none nothing is proposed.
fn is_valid(text: &str, imported: &mut Imported) -> bool {
    let layer = Layer { path: ".wt.toml".to_owned(), text: text.to_owned(), source: Source::User };
    let Some(problem) = merge_leniently(std::slice::from_ref(&layer), &[], &[]).1.into_iter().next() else {
        return true;
    };
    imported.warnings.push(format!("nothing is proposed: {}", problem.message));
    imported.found = Found::default();
    false
}

fn plan_override(root: &Path, imported: &mut Imported, named: &Found) -> Result<Option<Override>> {
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
