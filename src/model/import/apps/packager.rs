//! The package managers of JavaScript: whose a folder's packages are, and how each runs a script, runs a program, installs.

use serde_json::Value;

use super::tree::{AppFolder, Tree};
use crate::model::glob::Glob;

/// What installs and runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackagerKind {
    Npm,
    Yarn,
    /// yarn 2 and later: other flags.
    Berry,
    Pnpm,
    Bun,
}

/// The packager of a folder's packages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Packager {
    pub kind: PackagerKind,
    /// The folder that is installed: the one of the workspaces or of the lockfile.
    pub folder: String,
    /// The lockfile, where there is one.
    pub lockfile: Option<&'static str>,
}

/// The lockfiles, and whose they are.
const LOCKFILES: [(&str, PackagerKind); 6] = [
    ("pnpm-lock.yaml", PackagerKind::Pnpm),
    ("yarn.lock", PackagerKind::Yarn),
    ("bun.lock", PackagerKind::Bun),
    ("bun.lockb", PackagerKind::Bun),
    ("package-lock.json", PackagerKind::Npm),
    ("npm-shrinkwrap.json", PackagerKind::Npm),
];

/// Where pnpm names the packages of a repository.
pub const PNPM_WORKSPACES: &str = "pnpm-workspace.yaml";

impl Packager {
    /// Returns whose the packages of the folder at `path` are: of the folder above that has it among its workspaces, else of
    /// the folder itself.
    #[must_use]
    pub fn of(tree: &Tree, path: &str) -> Self {
        let is_above = |folder: &&AppFolder| folder.path == path || names_workspace(folder, path);
        let owner = tree.upwards(path).filter(is_above).last();
        owner.map_or(
            Self { kind: PackagerKind::Npm, folder: path.to_owned(), lockfile: None },
            Self::of_folder,
        )
    }

    fn of_folder(folder: &AppFolder) -> Self {
        let named = folder.text("package.json").and_then(|text| {
            let package: Value = serde_json::from_str(text).ok()?;
            package.get("packageManager")?.as_str().map(str::to_owned)
        });
        let found = LOCKFILES.iter().find(|(file, _)| folder.has(file));
        let kind = found.map_or_else(|| called(named.as_deref().unwrap_or_default()), |(_, kind)| *kind);
        let is_new = folder.has(".yarnrc.yml")
            || matches!(called(named.as_deref().unwrap_or_default()), PackagerKind::Berry);
        let kind = if kind == PackagerKind::Yarn && is_new { PackagerKind::Berry } else { kind };
        Self { kind, folder: folder.path.clone(), lockfile: found.map(|(file, _)| *file) }
    }

    /// Returns the command that runs a script of a package.json in its folder.
    #[must_use]
    pub fn run(&self, script: &str, arguments: &str) -> String {
        let words = match self.kind {
            // npm keeps what stands before `--` for itself; the others pass on what follows the script's name.
            PackagerKind::Npm if !arguments.is_empty() => format!("npm run {script} -- {arguments}"),
            PackagerKind::Npm => format!("npm run {script}"),
            PackagerKind::Yarn | PackagerKind::Berry => format!("yarn run {script} {arguments}"),
            PackagerKind::Pnpm => format!("pnpm run {script} {arguments}"),
            PackagerKind::Bun => format!("bun run {script} {arguments}"),
        };
        words.trim_end().to_owned()
    }

    /// Returns the command that runs a program which a package brought.
    #[must_use]
    pub fn execute(&self, words: &str) -> String {
        match self.kind {
            PackagerKind::Npm => format!("npm exec -- {words}"),
            PackagerKind::Yarn | PackagerKind::Berry => format!("yarn run {words}"),
            PackagerKind::Pnpm => format!("pnpm exec {words}"),
            PackagerKind::Bun => format!("bun x {words}"),
        }
    }

    /// Returns the command that installs the packages, typed in the root of the worktree. Without a lock file it makes none
    /// either: an untracked file in every new worktree would be work that its removal must not lose.
    #[must_use]
    pub fn install(&self) -> String {
        let folder = |flag: &str| {
            if self.folder.is_empty() { String::new() } else { format!(" {flag} {}", quoted(&self.folder)) }
        };
        let words = |locked: &'static str, unlocked| if self.lockfile.is_some() { locked } else { unlocked };
        match self.kind {
            PackagerKind::Npm => {
                format!("npm{} {}", folder("--prefix"), words("ci", "install --no-package-lock"))
            }
            PackagerKind::Yarn => {
                let flag = words("--frozen-lockfile", "--no-lockfile");
                format!("yarn{} install {flag}", folder("--cwd"))
            }
            // It knows no word for that.
            PackagerKind::Berry => format!("yarn{} install{}", folder("--cwd"), words(" --immutable", "")),
            PackagerKind::Pnpm => {
                let flag = words("--frozen-lockfile", "--no-lockfile");
                format!("pnpm{} install {flag}", folder("--dir"))
            }
            PackagerKind::Bun => {
                format!("bun install {}{}", words("--frozen-lockfile", "--no-save"), folder("--cwd"))
            }
        }
    }
}

/// Quotes a path for a command of the configuration, where it needs that.
#[must_use]
pub fn quoted(path: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./@+".contains(letter);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

fn called(named: &str) -> PackagerKind {
    match named.split_once('@').unwrap_or((named, "")) {
        ("pnpm", _) => PackagerKind::Pnpm,
        ("yarn", version) if version.is_empty() || version.starts_with("1.") || version == "1" => {
            PackagerKind::Yarn
        }
        ("yarn", _) => PackagerKind::Berry,
        ("bun", _) => PackagerKind::Bun,
        _ => PackagerKind::Npm,
    }
}

/// Answers whether the folder has the one at `path` among its workspaces (npm, yarn and bun in package.json, pnpm in a file of
/// its own).
fn names_workspace(folder: &AppFolder, path: &str) -> bool {
    let Some(below) = below(&folder.path, path) else { return false };
    let mut is_named = false;
    for glob in workspaces(folder) {
        let (takes, glob) = glob.strip_prefix('!').map_or((true, glob.as_str()), |glob| (false, glob));
        let glob = glob.trim_start_matches("./").trim_end_matches('/');
        if Glob::new(glob.as_bytes(), true, false).is_match(below.as_bytes(), &mut 0) {
            is_named = takes;
        }
    }
    is_named
}

fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return (!path.is_empty()).then_some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

fn workspaces(folder: &AppFolder) -> Vec<String> {
    let package = folder.text("package.json").and_then(|text| serde_json::from_str::<Value>(text).ok());
    // yarn also writes them as an object, with the globs below `packages`.
    let written = package.as_ref().and_then(|package| package.get("workspaces"));
    let named = written.and_then(|written| written.get("packages").or(Some(written)).cloned());
    let pnpm =
        folder.text(PNPM_WORKSPACES).and_then(|text| crate::model::import::compose_file::yaml(text).ok());
    let of_pnpm = pnpm.and_then(|document| document.get("packages").cloned());
    let globs = [named, of_pnpm].into_iter().flatten();
    globs
        .flat_map(|list| list.as_array().cloned().unwrap_or_default())
        .filter_map(|glob| glob.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    #[test]
    fn each_packager_has_words_of_its_own() {
        for (kind, run, run_with, execute) in [
            (PackagerKind::Npm, "npm run dev", "npm run dev -- -p 1", "npm exec -- vite"),
            (PackagerKind::Yarn, "yarn run dev", "yarn run dev -p 1", "yarn run vite"),
            (PackagerKind::Berry, "yarn run dev", "yarn run dev -p 1", "yarn run vite"),
            (PackagerKind::Pnpm, "pnpm run dev", "pnpm run dev -p 1", "pnpm exec vite"),
            (PackagerKind::Bun, "bun run dev", "bun run dev -p 1", "bun x vite"),
        ] {
            let packager = Packager { kind, folder: String::new(), lockfile: None };
            assert_eq!(packager.run("dev", ""), run);
            assert_eq!(packager.run("dev", "-p 1"), run_with);
            assert_eq!(packager.execute("vite"), execute);
        }
    }

    #[test]
    fn packages_are_installed_as_the_lockfile_says_and_without_one_none_is_made() {
        for (kind, locked, unlocked) in [
            (PackagerKind::Npm, "npm ci", "npm --prefix a/b install --no-package-lock"),
            (PackagerKind::Yarn, "yarn install --frozen-lockfile", "yarn --cwd a/b install --no-lockfile"),
            (PackagerKind::Berry, "yarn install --immutable", "yarn --cwd a/b install"),
            (PackagerKind::Pnpm, "pnpm install --frozen-lockfile", "pnpm --dir a/b install --no-lockfile"),
            (PackagerKind::Bun, "bun install --frozen-lockfile", "bun install --no-save --cwd a/b"),
        ] {
            let of =
                |folder: &str, lockfile| Packager { kind, folder: folder.to_owned(), lockfile }.install();
            assert_eq!((of("", Some("x")).as_str(), of("a/b", None).as_str()), (locked, unlocked));
        }
    }

    #[test]
    fn packages_are_of_the_folder_whose_workspaces_name_it() {
        let of = |path: &str, files: &[(&str, &str)]| Packager::of(&tree(files), path);
        let packager = |kind, folder: &str, lockfile| Packager { kind, folder: folder.to_owned(), lockfile };
        let spaces = r#"{ "workspaces": ["./apps/*/", "!apps/old"] }"#;
        let object = r#"{ "workspaces": { "packages": ["apps/*"] } }"#;
        let pnpm = "packages:\n  - apps/*\n";
        for (files, expected) in [
            (
                &[("package.json", spaces), ("yarn.lock", "")][..],
                packager(PackagerKind::Yarn, "", Some("yarn.lock")),
            ),
            (
                &[("package.json", object), ("bun.lockb", "")],
                packager(PackagerKind::Bun, "", Some("bun.lockb")),
            ),
            (
                &[("pnpm-workspace.yaml", pnpm), ("pnpm-lock.yaml", "")],
                packager(PackagerKind::Pnpm, "", Some("pnpm-lock.yaml")),
            ),
            (&[("package.json", "{}"), ("yarn.lock", "")], packager(PackagerKind::Npm, "apps/web", None)),
        ] {
            let mut files = files.to_vec();
            files.push(("apps/web/package.json", "{}"));
            assert_eq!(of("apps/web", &files), expected, "{files:?}");
        }
        let old = [("package.json", spaces), ("apps/old/package.json", "{}")];
        assert_eq!(of("apps/old", &old).folder, "apps/old");
        assert_eq!(of("gone", &[("package.json", "{}")]), packager(PackagerKind::Npm, "gone", None));
    }

    #[test]
    fn a_packager_is_the_lockfiles_else_the_one_that_is_called() {
        for (name, expected) in [
            ("pnpm@9.1.0", PackagerKind::Pnpm),
            ("yarn", PackagerKind::Yarn),
            ("yarn@1", PackagerKind::Yarn),
            ("yarn@1.22.1", PackagerKind::Yarn),
            ("yarn@10.0.0", PackagerKind::Berry),
            ("yarn@4.1.0", PackagerKind::Berry),
            ("bun@1", PackagerKind::Bun),
            ("npm@10", PackagerKind::Npm),
            ("", PackagerKind::Npm),
        ] {
            assert_eq!(called(name), expected, "{name}");
        }
        let kind = |files: &[(&str, &str)]| Packager::of(&tree(files), "").kind;
        let berry = r#"{ "packageManager": "yarn@4.0.0" }"#;
        assert_eq!(kind(&[("package.json", berry), ("yarn.lock", "")]), PackagerKind::Berry);
        assert_eq!(
            kind(&[("package.json", "{}"), ("yarn.lock", ""), (".yarnrc.yml", "")]),
            PackagerKind::Berry
        );
        assert_eq!(kind(&[("package.json", berry), ("package-lock.json", "")]), PackagerKind::Npm);
    }

    #[test]
    fn a_path_is_quoted_where_a_shell_would_read_more_in_it() {
        for (path, expected) in [("a/b-c_d.e@f+g", "a/b-c_d.e@f+g"), ("a b", "'a b'"), ("it's", "'it'\\''s'")]
        {
            assert_eq!(quoted(path), expected);
        }
    }

    #[test]
    fn a_folder_is_below_another_by_whole_names() {
        for (folder, path, expected) in [
            ("", "a/b", Some("a/b")),
            ("", "", None),
            ("a", "a/b", Some("b")),
            ("a", "ab", None),
            ("a", "a", None),
            ("b", "a/b", None),
        ] {
            assert_eq!(below(folder, path), expected, "{folder} {path}");
        }
    }
}
