//! What the files of other tools in a repository say about its services.

use std::path::Path;

use crate::host::config_files::{is_there, read_layer};
use crate::model::config::layers::Source;
use crate::model::import::combine::combine;
use crate::model::import::compose_file::{self, ComposeFile};
use crate::model::import::package;
use crate::model::import::proposal::Found;
use crate::model::import::{process_compose, procfile};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    pub found: Found,
    /// The compose file's name, and what it says.
    pub compose: Option<(String, ComposeFile)>,
    /// Files that are there and could not be read.
    pub warnings: Vec<String>,
}

/// Reads what there is in `root`: process-compose says most, then a Procfile, else the scripts of package.json, and a compose
/// file beside.
#[must_use]
pub fn gather(root: &Path) -> Imported {
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
    let compose = compose.and_then(|(file, text)| {
        Some((file.clone(), said(&file, compose_file::read(&file, &text), warnings)?))
    });
    let mut sources: Vec<Found> = processes.into_iter().chain(lines).collect();
    let scripts = first(root, &["package.json"], warnings).and_then(|(file, text)| {
        let has_own_file = is_there(&root.join(package::PNPM_WORKSPACES));
        warnings.extend(package::unread_workspaces(&text, has_own_file));
        said(&file, package::read(&text, |lockfile| is_there(&root.join(lockfile))), warnings)
    });
    if let Some(scripts) = scripts.filter(|scripts| !scripts.services.is_empty()) {
        match sources.iter_mut().find(|source| !source.services.is_empty()) {
            None => sources.push(scripts),
            Some(source) => {
                let names: Vec<&str> = scripts.services.iter().map(|script| script.from.as_str()).collect();
                let first = source.services.first().map_or("another file", |first| first.from.as_str());
                let file = first.split(':').next().unwrap_or(first);
                source.notes.push(format!("{}: {file} says what runs", names.join(", ")));
            }
        }
    }
    sources.extend(compose.iter().map(|(_, read)| read.found.clone()));
    imported.found = combine(sources);
    imported.compose = compose;
    imported
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
