//! The folders of a repository as they were read: their file names, and the text of the files that say how an app is started.

use std::collections::{BTreeMap, BTreeSet};

/// The files whose text is read, in any folder.
const READ: [&str; 27] = [
    ".env.example",
    ".env.sample",
    "Cargo.toml",
    "Gemfile",
    "app.php",
    "app.py",
    "asgi.py",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "go.mod",
    "go.work",
    "main.go",
    "main.py",
    "main.rs",
    "mix.exs",
    "package.json",
    "pnpm-workspace.yaml",
    "pom.xml",
    "pyproject.toml",
    "requirements.txt",
    "routes.rb",
    "server.py",
    "vite.config.js",
    "vite.config.mjs",
    "vite.config.mts",
    "vite.config.ts",
];

/// Folders that hold no app of the repository's own: what is installed or built, and what only tests or shows something.
const PASSED_OVER: [&str; 27] = [
    "__fixtures__",
    "__pycache__",
    "__tests__",
    "benches",
    "benchmarks",
    "build",
    "coverage",
    "dist",
    "e2e",
    "env",
    "example",
    "examples",
    "fixtures",
    "node_modules",
    "out",
    "playground",
    "samples",
    "spec",
    "target",
    "template",
    "templates",
    "test",
    "testdata",
    "tests",
    "tmp",
    "vendor",
    "venv",
];

/// How deep below the root an app is looked for: `services/api/cmd/server/main.go`.
pub const DEEPEST: usize = 5;
/// How many folders are looked into; a repository with more is looked at as far as that.
pub const MOST_FOLDERS: usize = 2000;

/// A folder of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppFolder {
    /// Relative to the root, `""` for the root itself.
    pub path: String,
    pub names: BTreeSet<String>,
    pub texts: BTreeMap<String, String>,
}

impl AppFolder {
    /// Answers whether the folder has a file or folder of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns the text of a file that was read.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Returns the path of `name` in this folder.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        join(&self.path, name)
    }
}

/// The folders of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub folders: BTreeMap<String, AppFolder>,
    /// Files that git neither tracks nor shows: they stay behind when a worktree is made.
    pub ignored: Vec<String>,
    /// Files that git does not track.
    pub untracked: Vec<String>,
}

impl Tree {
    /// Returns the folder at `path`.
    #[must_use]
    pub fn folder(&self, path: &str) -> Option<&AppFolder> {
        self.folders.get(path)
    }

    /// Returns the text of the file at `path`, where it was read.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folder(folder)?.text(name)
    }

    /// Returns the folder and those above it, the nearest first.
    pub fn upwards<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a AppFolder> {
        let mut next = Some(path);
        std::iter::from_fn(move || {
            let path = next?;
            next = (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(above, _)| above));
            Some(path)
        })
        .filter_map(|path| self.folder(path))
    }

    /// Answers whether git does not track the file at `path`, which is there.
    #[must_use]
    pub fn is_own(&self, path: &str) -> bool {
        self.ignored.iter().chain(&self.untracked).any(|own| own == path)
    }
}

/// Answers whether the text of a file of that name is read.
#[must_use]
pub fn is_read(name: &str) -> bool {
    READ.contains(&name)
}

/// Answers whether a folder of that name is not looked into.
#[must_use]
pub fn is_passed_over(name: &str) -> bool {
    name.starts_with('.') || PASSED_OVER.contains(&name)
}

/// Returns the path of `name` in `folder`.
#[must_use]
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    #[test]
    fn the_files_that_say_how_an_app_is_started_are_read_and_no_others() {
        for name in READ {
            assert!(is_read(name), "{name}");
        }
        for name in ["README.md", "index.js", ".env", "package.json5", ""] {
            assert!(!is_read(name), "{name}");
        }
        for (name, is_over) in [(".git", true), ("node_modules", true), ("apps", false), ("modules", false)] {
            assert_eq!(is_passed_over(name), is_over, "{name}");
        }
    }

    #[test]
    fn a_file_is_found_in_its_folder_and_folders_from_the_nearest_up() {
        let tree = tree(&[("a/b/package.json", "x"), ("go.mod", "y"), (".env!", "")]);
        assert_eq!((tree.text("a/b/package.json"), tree.text("go.mod")), (Some("x"), Some("y")));
        assert_eq!((tree.text("a/package.json"), tree.text("c/go.mod")), (None, None));
        let up = |path: &str| tree.upwards(path).map(|folder| folder.path.clone()).collect::<Vec<_>>();
        assert_eq!(
            (up("a/b"), up("a/gone"), up("")),
            (
                vec!["a/b".to_owned(), "a".to_owned(), String::new()],
                vec!["a".to_owned(), String::new()],
                vec![String::new()]
            )
        );
        assert!(tree.is_own(".env") && !tree.is_own("go.mod"));
        let tree = Tree { untracked: vec!["x".to_owned()], ..tree };
        assert!(tree.is_own("x") && tree.is_own(".env"));
        assert_eq!((join("", "x"), join("a", "x")), ("x".to_owned(), "a/x".to_owned()));
    }
}
