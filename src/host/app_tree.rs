//! Reads the folders of a repository as far as `wt init` looks at them: names, and the text of the files that say how an app
//! is started. It follows no link, goes into no other repository, and reads at most so much.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use super::config_files::{is_there, read_layer};
use crate::model::config::layers::Source;
use crate::model::import::apps::tree::{self, AppFolder, Tree, join};

/// How many names of one folder are looked at: a folder with more holds data.
const MOST_NAMES: usize = 5000;
/// How many bytes of all files together are read.
const MOST_BYTES: usize = 16 << 20;

/// What was read, and what was not.
#[derive(Clone, Debug, Default)]
pub struct AppSurvey {
    pub tree: Tree,
    pub warnings: Vec<String>,
}

/// Reads the folders below `root`, but for those that `ignored` names (folders end in `/`).
#[must_use]
pub fn read(root: &Path, ignored: Vec<String>, untracked: Vec<String>) -> AppSurvey {
    let mut survey = AppSurvey::default();
    let mut spent = 0;
    let mut queue = VecDeque::from([(String::new(), 0_usize)]);
    while let Some((path, depth)) = queue.pop_front() {
        if survey.tree.folders.len() == tree::MOST_FOLDERS {
            let most = tree::MOST_FOLDERS;
            survey
                .warnings
                .push(format!("only the first {most} folders were looked at: {path} and more were not"));
            break;
        }
        let Some((folder, below)) = folder(root, path, &mut spent, &mut survey.warnings) else { continue };
        if depth < tree::DEEPEST {
            let below = below.into_iter().map(|name| join(&folder.path, &name));
            let is_own = |path: &String| !ignored.iter().any(|known| known.strip_suffix('/') == Some(path));
            queue.extend(below.filter(is_own).map(|path| (path, depth + 1)));
        }
        survey.tree.folders.insert(folder.path.clone(), folder);
    }
    survey.tree.ignored = ignored;
    survey.tree.untracked = untracked;
    survey
}

/// Reads one folder; the names of those below it that are looked into.
fn folder(
    root: &Path,
    path: String,
    spent: &mut usize,
    warnings: &mut Vec<String>,
) -> Option<(AppFolder, Vec<String>)> {
    let place = root.join(&path);
    // A worktree or a submodule is a repository of its own.
    if !path.is_empty() && is_there(&place.join(".git")) {
        return None;
    }
    let mut folder = AppFolder { path, ..AppFolder::default() };
    let mut below = Vec::new();
    for entry in fs::read_dir(&place).ok()?.take(MOST_NAMES).filter_map(Result::ok) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !tree::is_passed_over(&name) {
            below.push(name.clone());
        }
        folder.names.insert(name);
    }
    below.sort();
    for name in folder.names.iter().filter(|name| tree::is_read(name)) {
        match read_layer(&place.join(name), Source::others()) {
            Ok(Some(layer)) if *spent + layer.text.len() <= MOST_BYTES => {
                *spent += layer.text.len();
                folder.texts.insert(name.clone(), layer.text);
            }
            Ok(Some(_)) => warnings.push(format!("{} was left out: enough was read", folder.at(name))),
            Ok(None) => {}
            Err(failure) => warnings.push(format!("{} was left out: {failure}", folder.at(name))),
        }
    }
    Some((folder, below))
}
