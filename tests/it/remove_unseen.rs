//! What cannot be looked at, or was hidden from git, is lost by a removal all the same: it is named and refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Sandbox, git, skip};

fn with_worktree() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    (sandbox, folder)
}

#[test]
fn changes_that_git_was_told_to_pass_over() {
    for marks in
        [&["--skip-worktree"][..], &["--assume-unchanged"], &["--skip-worktree", "--assume-unchanged"]]
    {
        let (sandbox, folder) = with_worktree();
        let file = "src/main.txt";
        for mark in marks {
            sandbox.git(&folder, &["update-index", mark, file]);
        }
        let losses =
            sandbox.json(&["remove", "feature-login", "--dry-run"])["plan"]["worktrees"][0]["losses"].clone();
        assert_eq!(losses.as_array().map_or(0, Vec::len), 0, "marked alone: {losses}");
        git::write(&folder, file, "mine\n");
        assert_eq!(sandbox.status(&folder), "", "{marks:?}");
        let error = sandbox.refused(&["remove", "feature-login"], "dirty");
        let told = error["details"]["losses"][0].clone();
        assert_eq!((&told["kind"], &told["paths"][0]), (&"hidden".into(), &file.into()), "{error}");
        let said = error["message"].as_str().unwrap();
        assert!(said.contains("hidden from git") && said.contains(file), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("git ls-files -v"), "{error}");
        sandbox.wt(&["remove", "--force", "feature-login"]).ok();
    }
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_no_loss() {
    let (sandbox, folder) = with_worktree();
    sandbox.git(&folder, &["sparse-checkout", "set", "nothing"]);
    assert!(!folder.join("src/main.txt").exists());
    sandbox.wt(&["remove", "feature-login"]).ok();
}

#[test]
fn a_folder_that_may_not_be_looked_into() {
    // As another user: root looks into everything.
    let as_nobody = |command: &str| {
        let mut program = Command::new("setpriv");
        program.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=-all",
            "--bounding-set=-all",
        ]);
        program.args(["sh", "-c", command]);
        program
    };
    let is_root = rustix::process::geteuid().is_root();
    if is_root && !as_nobody("true").status().is_ok_and(|status| status.success()) {
        return skip("setpriv is needed to become another user");
    }
    for ignored in [false, true] {
        let (sandbox, folder) = with_worktree();
        if ignored {
            fs::write(sandbox.repo().join(".git/info/exclude"), "secret/\n").unwrap();
        }
        let secret = folder.join("secret");
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join("work"), "mine\n").unwrap();
        let run = |arguments: &str| {
            let wt = env!("CARGO_BIN_EXE_wt");
            let command = format!("exec '{wt}' --json {arguments}");
            let mut program = if is_root { as_nobody(&command) } else { Command::new("sh") };
            if !is_root {
                program.args(["-c", &command]);
            }
            let plain = sandbox.command(&sandbox.repo(), &[]);
            program.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
            program.current_dir(sandbox.repo()).output().unwrap()
        };
        if is_root {
            let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(sandbox.path("")).status();
            assert!(owned.unwrap().success());
            std::os::unix::fs::chown(&secret, Some(0), Some(0)).unwrap();
        }
        fs::set_permissions(&secret, fs::Permissions::from_mode(if is_root { 0o700 } else { 0 })).unwrap();
        let listed = run("list --status");
        let told: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        let worktrees = told["worktrees"].as_array().unwrap();
        let told = worktrees.iter().find(|worktree| worktree["name"] == "feature-login").unwrap();
        // What is ignored is no change, whatever it is; only a removal minds it.
        assert!(ignored || told["changes"]["untracked"] != 0, "{told}");
        let removed = run("remove feature-login");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o755)).unwrap();
        let said = String::from_utf8_lossy(&removed.stdout);
        assert_eq!(removed.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot be looked into") && said.contains("secret/"), "{said}");
        assert!(secret.join("work").exists());
    }
}
