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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    fn said(folder: &str, files: &[(&str, &str)]) -> Vec<(String, String)> {
        let tree = tree(files);
        of_folder(&tree, &tree.folders[folder]).into_iter().map(|step| (step.command, step.from)).collect()
    }

    #[test]
    fn each_lockfile_is_installed_from_where_the_worktree_begins() {
        let package = r#"{ "dependencies": { "x": "1" } }"#;
        for (file, text, at_root, below) in [
            (
                "package.json",
                package,
                Some("npm install --no-package-lock"),
                Some("npm --prefix a install --no-package-lock"),
            ),
            ("uv.lock", "", Some("uv sync --locked"), Some("uv sync --locked --project a")),
            ("Gemfile", "", Some("bundle install"), Some("bundle install --gemfile a/Gemfile")),
            ("composer.json", "", Some("composer install"), Some("composer install --working-dir a")),
            ("mix.exs", "", Some("mix deps.get"), None),
            ("go.mod", "", Some("go mod download"), Some("go -C a mod download")),
            (
                "Cargo.lock",
                "",
                Some("cargo fetch --locked"),
                Some("cargo fetch --locked --manifest-path a/Cargo.toml"),
            ),
            ("README.md", "", None, None),
        ] {
            let expected = |command: Option<&str>, file: &str| {
                command.map(|command| (command.to_owned(), file.to_owned())).into_iter().collect::<Vec<_>>()
            };
            assert_eq!(said("", &[(file, text)]), expected(at_root, file), "{file}");
            let path = format!("a/{file}");
            assert_eq!(said("a", &[(&path, text)]), expected(below, &path), "{file}");
        }
    }

    #[test]
    fn a_package_json_that_needs_nothing_installs_nothing() {
        for (text, is_filled) in [
            (r#"{ "dependencies": { "x": "1" } }"#, true),
            (r#"{ "devDependencies": { "x": "1" } }"#, true),
            (r#"{ "workspaces": ["a"] }"#, true),
            (r#"{ "scripts": { "dev": "x" } }"#, true),
            (r#"{ "dependencies": {}, "workspaces": [], "scripts": "x" }"#, false),
            (r#"{ "name": "x" }"#, false),
            ("{", false),
        ] {
            assert_eq!(!said("", &[("package.json", text)]).is_empty(), is_filled, "{text}");
        }
        assert_eq!(said("", &[("package.json", "{}"), ("pnpm-workspace.yaml", "")]).len(), 1);
    }

    #[test]
    fn a_pyproject_that_only_configures_tools_makes_no_environment() {
        for (text, steps) in [("[project]\n", 2), ("[tool.poetry]\n", 1), ("", 1), ("[tool.ruff]\n", 0)] {
            assert_eq!(said("", &[("pyproject.toml", text)]).len(), steps, "{text}");
        }
    }

    #[test]
    fn each_step_is_taken_once_for_the_folders_of_the_apps_and_the_root() {
        let spaces = r#"{ "workspaces": ["apps/*"] }"#;
        let package = r#"{ "scripts": { "dev": "x" } }"#;
        let tree = tree(&[
            ("package.json", spaces),
            ("apps/a/package.json", package),
            ("apps/b/package.json", package),
            ("apps/c/go.mod", ""),
            ("apps/d/go.mod", ""),
        ]);
        let apps =
            ["apps/a", "apps/b", "apps/c"].map(|folder| App { folder: folder.to_owned(), ..App::default() });
        let commands: Vec<String> = steps(&tree, &apps).into_iter().map(|step| step.command).collect();
        assert_eq!(commands, ["npm install --no-package-lock", "go -C apps/c mod download"]);
    }
}
