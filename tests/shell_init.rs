//! The shell functions, run by the real shells: they change folder, keep the exit code, and are harmless elsewhere.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start processes, and panic when they cannot"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// A `wt` that writes the folder it is asked for and ends with 3, as a command run by `-x` may.
const STAND_IN: &str = r#"#!/bin/sh
if [ -n "$WT_DIRECTIVE_FILE" ]; then printf '%s' "$1" > "$WT_DIRECTIVE_FILE"; else echo bare; fi
exit 3
"#;

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

struct Stage {
    root: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let stand_in = bin.join("wt");
        fs::write(&stand_in, STAND_IN).unwrap();
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
        Self { root }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = fs::canonicalize(self.root.path()).unwrap().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    }

    /// Sources the shell's function, runs `script`, where `$1` is `folder`.
    fn run(&self, shell: &str, temporary: &Path, script: &str, folder: &Path) -> Output {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("templates/shell-init.{shell}"));
        let path = format!("{}:{}", self.root.path().join("bin").display(), std::env::var("PATH").unwrap());
        let script = format!("source {}\n{script}", template.display());
        let mut command = Command::new(shell);
        match shell {
            "fish" => command.args(["--no-config", "-c", &script.replace("$1", "$argv[1]")]),
            _ => command.args(["-c", &script, "shell"]),
        };
        command.arg(folder).env("PATH", path).env("TMPDIR", temporary).env("HOME", self.root.path());
        command.output().unwrap()
    }
}

#[test]
fn the_functions_are_words_the_shells_understand() {
    for shell in SHELLS.into_iter().filter(|shell| is_installed(shell)) {
        let template = format!("{}/templates/shell-init.{shell}", env!("CARGO_MANIFEST_DIR"));
        let checked = Command::new(shell).args(["-n", &template]).output().unwrap();
        assert!(checked.status.success() && checked.stderr.is_empty(), "{shell}: {checked:?}");
    }
}

#[test]
fn the_folder_changes_also_to_one_with_spaces_and_line_breaks_and_the_exit_code_stays() {
    for shell in SHELLS.into_iter().filter(|shell| is_installed(shell)) {
        let stage = Stage::new();
        for name in ["with space", "line\nbreak", "break at the end\n", "-dash"] {
            let folder = stage.folder(name);
            let code = if shell == "fish" { "$status" } else { "$?" };
            let script = format!("wt \"$1\"; echo code {code}; pwd");
            let shown = stage.run(shell, stage.root.path(), &script, &folder);
            let expected = format!("code 3\n{}\n", folder.display());
            assert_eq!(String::from_utf8_lossy(&shown.stdout), expected, "{shell}, {name:?}: {shown:?}");
        }
        let left = fs::read_dir(stage.root.path()).unwrap().flatten();
        let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("wt-directive"));
        assert_eq!(left.count(), 0, "{shell} leaves no temporary file");
    }
}

#[test]
fn without_a_temporary_folder_the_program_runs_all_the_same() {
    for shell in SHELLS.into_iter().filter(|shell| is_installed(shell)) {
        let stage = Stage::new();
        let folder = stage.folder("here");
        let code = if shell == "fish" { "$status" } else { "$?" };
        let script = format!("wt \"$1\"; echo code {code}");
        let shown = stage.run(shell, Path::new("/nonexistent"), &script, &folder);
        assert_eq!(String::from_utf8_lossy(&shown.stdout), "bare\ncode 3\n", "{shell}: {shown:?}");
    }
}
