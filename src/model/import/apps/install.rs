//! The commands that make a new worktree ready, by the lockfiles of its apps.

use std::collections::BTreeSet;

use super::app::App;
use super::packager::{Packager, quoted};
use super::python;
use super::tree::{AppFolder, Tree, join};
use crate::model::import::proposal::ProposedCommand;

/// Returns the commands for the folders of `apps`, and for the root, each once.
#[must_use]
pub fn steps(tree: &Tree, apps: &[App]) -> Vec<ProposedCommand> {
    let mut folders: BTreeSet<&str> = apps.iter().map(|app| app.folder.as_str()).collect();
    folders.insert("");
    let mut steps: Vec<ProposedCommand> = Vec::new();
    for folder in folders.into_iter().filter_map(|path| tree.folder(path)) {
        for step in of_folder(tree, folder) {
            if steps.iter().all(|known| known.command != step.command) {
                steps.push(step);
            }
        }
    }
    steps
}

fn of_folder(tree: &Tree, folder: &AppFolder) -> Vec<ProposedCommand> {
    let mut steps = Vec::new();
    let mut add = |command: String, from: String| steps.push(ProposedCommand { command, from });
    let at = |flag: &str| {
        if folder.path.is_empty() { String::new() } else { format!(" {flag} {}", quoted(&folder.path)) }
    };
    if folder.has("package.json") && is_package(folder) {
        let packager = Packager::of(tree, &folder.path);
        let file = packager.lockfile.unwrap_or("package.json");
        add(packager.install(), join(&packager.folder, file));
    }
    let is_python = ["pyproject.toml", "requirements.txt", "uv.lock", "Pipfile"];
    if is_python.iter().any(|file| folder.has(file)) && is_environment(folder) {
        steps.extend(python::environment(tree, folder).setup);
    }
    let mut add = |command: String, from: String| steps.push(ProposedCommand { command, from });
    if folder.has("Gemfile") {
        let file = if folder.path.is_empty() {
            String::new()
        } else {
            format!(" --gemfile {}", quoted(&folder.at("Gemfile")))
        };
        add(format!("bundle install{file}"), folder.at("Gemfile"));
    }
    if folder.has("composer.json") {
        add(format!("composer install{}", at("--working-dir")), folder.at("composer.json"));
    }
    if folder.has("mix.exs") && folder.path.is_empty() {
        add("mix deps.get".to_owned(), "mix.exs".to_owned());
    }
    if folder.has("go.mod") {
        let flag =
            if folder.path.is_empty() { String::new() } else { format!(" -C {}", quoted(&folder.path)) };
        add(format!("go{flag} mod download"), folder.at("go.mod"));
    }
    if folder.has("Cargo.lock") {
        let file = if folder.path.is_empty() {
            String::new()
        } else {
            format!(" --manifest-path {}", quoted(&folder.at("Cargo.toml")))
        };
        add(format!("cargo fetch --locked{file}"), folder.at("Cargo.lock"));
    }
    steps
}

/// A pyproject.toml that only configures tools installs nothing.
fn is_environment(folder: &AppFolder) -> bool {
    let project = folder.text("pyproject.toml").unwrap_or_default();
    project.contains("[project]") || project.contains("[tool.poetry") || project.is_empty()
}

/// Answers whether a package.json needs anything installed.
fn is_package(folder: &AppFolder) -> bool {
    let text = folder.text("package.json").unwrap_or_default();
    let Ok(package) = serde_json::from_str::<serde_json::Value>(text) else { return false };
    let is_filled = |key: &&str| match package.get(*key) {
        Some(serde_json::Value::Object(table)) => !table.is_empty(),
        Some(serde_json::Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    ["dependencies", "devDependencies", "workspaces", "scripts"].iter().any(is_filled)
        || folder.has(super::packager::PNPM_WORKSPACES)
}
