//! What the apps of a repository and the files of other tools in it say about its services.

use std::path::Path;

use crate::host::app_tree;
use crate::host::config_files::{is_there, read_layer};
use crate::host::git::Repository;
use crate::model::carry::wish::CarryLists;
use crate::model::config::layers::Source;
use crate::model::import::apps::detect::{RepositoryFacts, detect};
use crate::model::import::combine::combine;
use crate::model::import::compose_file::{self, ComposeFile};
use crate::model::import::proposal::{FileProposal, What};
use crate::model::import::tools::choose::choose;
use crate::model::import::tools::read::FILES;
use crate::model::import::{process_compose, procfile};
use crate::ops::unignored;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    pub found: FileProposal,
    /// The compose file's name, and what it says.
    pub compose: Option<(String, ComposeFile)>,
    /// Files that are there and could not be read.
    pub warnings: Vec<String>,
}

/// Reads what there is in `root`: process-compose says most, then a Procfile, else the apps themselves, and a compose file
/// beside.
#[must_use]
pub fn gather(root: &Path, repository: Option<&Repository>) -> Imported {
    let mut imported = Imported::default();
    let warnings = &mut imported.warnings;
    let processes = first(root, &["process-compose.yaml", "process-compose.yml"], warnings);
    let processes =
        processes.and_then(|(file, text)| said(&file, process_compose::read(&file, &text), warnings));
    let lines = first(root, &["Procfile.dev", "Procfile"], warnings);
    let lines = lines.map(|(file, text)| {
        warnings.extend(procfile::problems(&file, &text));
        procfile::read(&file, &text)
    });
    let compose = first(root, &compose_file::FILES, warnings);
    let mut compose = compose.and_then(|(file, text)| {
        Some((file.clone(), said(&file, compose_file::read(&file, &text), warnings)?))
    });
    let mut sources: Vec<FileProposal> = processes.into_iter().chain(lines).collect();
    let runner = sources.iter().find_map(|source| {
        let from = source.services.first()?.from.as_str();
        Some(from.split(':').next().unwrap_or(from).to_owned())
    });
    // Where git cannot be asked no file is taken for one that stays behind.
    let changes = repository.filter(|repository| !repository.is_bare());
    let changes = changes.and_then(|repository| repository.changes(root, true).ok()).unwrap_or_default();
    let survey = app_tree::read(root, changes.ignored, changes.untracked);
    warnings.extend(survey.warnings);
    let wish =
        first(root, &[".worktreeinclude"], warnings).map(|(_, text)| CarryLists::new(&[text.as_bytes()]));
    let beside = RepositoryFacts {
        runner: runner.as_deref(),
        compose: compose.as_ref().map(|(_, read)| read),
        wish: &wish.unwrap_or_default(),
    };
    let mut apps = detect(&survey.tree, &beside, warnings);
    let tools: Vec<FileProposal> = FILES
        .iter()
        .filter_map(|(file, read)| {
            let (_, text) = first(root, &[file], warnings)?;
            said(file, read(file, &text), warnings)
        })
        .collect();
    let runs = runner.clone().or_else(|| Some(apps.services.first()?.from.clone()));
    let mut tools = choose(tools, runs.as_deref(), &mut apps);
    let mut spent = 0;
    tools.carry.retain(|one| {
        let path = one.pattern.trim_start_matches('/').as_bytes();
        beside.wish.topmost(path, false, &mut spent).is_ok_and(|named| named.is_none())
    });
    if let Some((file, read)) = &mut compose {
        leave_apps(file, read, &apps);
    }
    sources.extend([apps, tools]);
    sources.extend(compose.iter().map(|(_, read)| read.found.clone()));
    imported.found = combine(sources);
    if let Some(repository) = repository.filter(|repository| !repository.is_bare()) {
        let unignored = unignored::warnings(root, repository, &survey.tree.untracked, &imported.found);
        imported.warnings.extend(unignored);
    }
    imported.compose = compose;
    imported
}

/// A service of the compose file that is built from an app's folder is that app.
fn leave_apps(file: &str, read: &mut ComposeFile, apps: &FileProposal) {
    for service in &read.services {
        let folder = service.build.as_deref();
        let Some(app) = apps
            .services
            .iter()
            .find(|app| folder.is_some_and(|folder| app.folder.as_deref().unwrap_or_default() == folder))
        else {
            continue;
        };
        let is_it = |what: &What| matches!(what, What::Compose(name) if *name == service.service);
        let before = read.found.services.len();
        read.found.services.retain(|proposal| !is_it(&proposal.what));
        if read.found.services.len() < before {
            read.found.leave(file, &service.service, format!("is built from the folder of `{}`", app.name));
        }
    }
}

fn first(root: &Path, files: &[&str], warnings: &mut Vec<String>) -> Option<(String, String)> {
    let file = files.iter().find(|file| is_there(&root.join(file)))?;
    match read_layer(&root.join(file), Source::others()) {
        Ok(layer) => layer.map(|layer| ((*file).to_owned(), layer.text)),
        Err(failure) => {
            warnings.push(format!("{file} was left out: {failure}"));
            None
        }
    }
}

fn said<T>(file: &str, read: Result<T, String>, warnings: &mut Vec<String>) -> Option<T> {
    read.map_err(|reason| warnings.push(format!("{file} was left out: {reason}"))).ok()
}
