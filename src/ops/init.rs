//! `wt init`: a commented starter for the repository's configuration, with the services that other tools' files describe.
//! It never overwrites anything.

use std::path::Path;

use serde::Serialize;

use super::import::{self, Imported};
use crate::error::Result;
use crate::host::config_files::{is_there, repository_file, write_new};
use crate::model::config::layers::Layer;
use crate::model::config::merge::merge_leniently;
use crate::model::import::proposal::Found;
use crate::model::import::{override_file, render};

/// The starter: every line is a comment, so that it changes nothing until someone does.
pub const STARTER: &str = include_str!("../../templates/wt.toml");

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub path: String,
    /// The services that were proposed, in the order of the file.
    pub services: Vec<Proposed>,
    /// The override of the compose file, where one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose_override: Option<String>,
    pub warnings: Vec<String>,
}

/// A service that was proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposed {
    pub service: String,
    /// The file and the name in it.
    pub from: String,
}

/// Writes the configuration into `root`: the main worktree, or in a bare repository the folder one stands in.
///
/// # Errors
///
/// `path_not_empty` when the repository has a configuration, `permission` where it may not be written.
pub fn run(root: &Path) -> Result<Report> {
    let path = repository_file(root);
    let mut imported = import::gather(root);
    let text = text(&mut imported);
    write_new(&path, &text)?;
    let compose_override = write_override(root, &mut imported)?;
    let services = imported.found.services.iter();
    Ok(Report {
        path: path.display().to_string(),
        services: services
            .map(|proposal| Proposed { service: proposal.name.to_string(), from: proposal.from.clone() })
            .collect(),
        compose_override,
        warnings: imported.warnings,
    })
}

/// The starter with the proposed services in place of its examples; what is not valid is never proposed.
fn text(imported: &mut Imported) -> String {
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
    let text = format!("{head}\n\n{}\n{}\n", sections, paragraphs.join("\n\n"));
    let layer = Layer { path: ".wt.toml".to_owned(), text };
    match merge_leniently(std::slice::from_ref(&layer), &[], &[]).1.first() {
        None => layer.text,
        Some(problem) => {
            imported.warnings.push(format!("nothing is proposed: {}", problem.message));
            imported.found = Found::default();
            STARTER.to_owned()
        }
    }
}

fn write_override(root: &Path, imported: &mut Imported) -> Result<Option<String>> {
    let Some((file, read)) = &imported.compose else { return Ok(None) };
    let colliding = override_file::colliding(&read.services, &imported.found);
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
    let path = root.join(&name);
    write_new(&path, &override_file::text(file, &colliding)?)?;
    Ok(Some(path.display().to_string()))
}
