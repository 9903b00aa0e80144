//! A state folder that is missing, elsewhere, read-only or on a full disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{Run, Sandbox, skip};

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn without_any_place_for_the_state_it_says_which_variable_to_set() {
    let sandbox = Sandbox::new();
    let mut statuses = Vec::new();
    for arguments in [&["create", "x", "--ports"][..], &["--json", "create", "x"]] {
        let mut command = sandbox.command(&sandbox.repo(), arguments);
        let output = command.env_remove("HOME").env_remove("XDG_STATE_HOME").output().unwrap();
        let run = Run::new(arguments, &output);
        assert!(
            run.stdout.clone().contains("WT_STATE_DIR") || run.stderr.contains("WT_STATE_DIR"),
            "{}",
            run.shown()
        );
        statuses.push(run.status);
    }
    assert!(statuses[0] != 0 && statuses[0] == statuses[1], "{statuses:?}");
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/x"));
    assert!(!sandbox.worktree("feature-x").exists());
}

#[test]
fn a_state_dir_of_its_own_is_used() {
    let mut sandbox = Sandbox::new();
    sandbox.set("WT_STATE_DIR", sandbox.path("mine"));
    sandbox.wt(&["create", "x"]).ok();
    assert!(sandbox.path("mine/registry.json").exists());
    assert!(!sandbox.state().exists());
}

#[test]
fn home_is_enough() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&sandbox.repo(), &["create", "x"]);
    assert!(command.env_remove("XDG_STATE_HOME").output().unwrap().status.success());
    assert!(sandbox.path("home/.local/state/wt/registry.json").exists());
}

#[test]
fn a_state_folder_one_may_not_write_is_a_permission_error_and_nothing_is_made() {
    if is_root() {
        return skip("root may write everywhere");
    }
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    fs::set_permissions(sandbox.state(), PermissionsExt::from_mode(0o500)).unwrap();
    sandbox.refused(&["create", "x", "--ports"], "permission");
    fs::set_permissions(sandbox.state(), PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn a_state_path_that_is_a_file_is_an_error_and_nothing_is_made() {
    let mut sandbox = Sandbox::new();
    fs::write(sandbox.path("file"), "x").unwrap();
    sandbox.set("WT_STATE_DIR", sandbox.path("file/wt"));
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["--json", "create", "x"]).exits(1);
    assert!(run.json()["error"]["message"].as_str().unwrap().contains("file/wt"), "{}", run.shown());
    sandbox.assert_unchanged(&before, &run);
}

/// A file system of its own in the sandbox, unmounted with the value.
pub struct Mount(pub std::path::PathBuf);

impl Mount {
    pub fn tmpfs(path: std::path::PathBuf, options: &str) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).output().ok()?;
        done.status.success().then_some(Self(path))
    }

    /// A file system of its own in a file of so many MiB, which `mkfs.KIND` makes.
    pub fn made(
        image: &std::path::Path,
        kind: &str,
        mebibytes: u64,
        path: std::path::PathBuf,
    ) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        fs::File::create(image).unwrap().set_len(mebibytes << 20).unwrap();
        let mkfs = format!("mkfs.{kind}");
        let made = Command::new(mkfs).arg("-q").arg(image).output().ok()?;
        made.status.success().then(|| Self::of(image, path))?
    }

    /// The file system that is in a file.
    pub fn of(image: &std::path::Path, path: std::path::PathBuf) -> Option<Self> {
        let done = Command::new("mount").args(["-o", "loop"]).arg(image).arg(&path).output().ok()?;
        done.status.success().then_some(Self(path))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_read_only_state_is_a_permission_error_and_nothing_is_made() {
    if !is_root() {
        return skip("only root can mount");
    }
    let sandbox = Sandbox::new();
    let Some(mount) = Mount::tmpfs(sandbox.state(), "size=1m") else { return skip("no mounts here") };
    sandbox.wt(&["create", "one"]).ok();
    let done = Command::new("mount").args(["-o", "remount,ro"]).arg(&mount.0).status().unwrap();
    assert!(done.success());
    sandbox.refused(&["create", "x", "--ports"], "permission");
    sandbox.wt(&["list"]).ok().answers(&["feature-one"]);
}

#[test]
fn a_full_disk_under_the_worktree_undoes_everything() {
    if !is_root() {
        return skip("only root can mount");
    }
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    for name in ["a", "b", "c"] {
        fs::write(repo.join(name), name.repeat(400_000)).unwrap();
    }
    sandbox.commit(&repo, "big");
    let Some(_mount) = Mount::tmpfs(sandbox.path("small"), "size=1m") else { return skip("no mounts here") };
    let target = sandbox.path("small/tree");
    let arguments = ["create", "x", "--ports", "--path", target.to_str().unwrap()];
    sandbox.refused(&arguments, "disk_full");
    assert!(!target.exists());
    assert_eq!(sandbox.living().len(), 0);
}

#[test]
fn a_full_disk_under_the_state_undoes_everything() {
    if !is_root() {
        return skip("only root can mount");
    }
    let sandbox = Sandbox::new();
    let Some(mount) = Mount::tmpfs(sandbox.state(), "size=256k") else { return skip("no mounts here") };
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let filler = mount.0.join("filler");
    let _ = fs::write(&filler, vec![b'x'; 1 << 20]);
    sandbox.refused(&["create", "x", "--ports"], "disk_full");
    fs::remove_file(&filler).unwrap();
    sandbox.wt(&["list"]).ok().answers(&["feature-one"]);
    sandbox.wt(&["create", "x", "--ports"]).ok();
}

#[test]
fn a_relative_state_folder_is_refused_rather_than_passed_over() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .program(env!("CARGO_BIN_EXE_wt"), &sandbox.repo())
        .env("WT_STATE_DIR", "relative")
        .args(["create", "login"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!sandbox.worktree("feature-login").exists());
}
