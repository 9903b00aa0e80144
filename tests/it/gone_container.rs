//! A create in a container, which has process numbers of its own: while it runs nobody takes it for dead, and once the
//! container is gone it is undone like any other.

use std::process::{Child, Stdio};

use crate::support::{Sandbox, git, skip, wait};

struct Container(Child);

impl Container {
    /// Creates `slow` in process numbers of its own; returns while git writes its files. `None` where that cannot be.
    fn start(sandbox: &Sandbox) -> Option<Self> {
        let repo = sandbox.repo();
        let ready = sandbox.path("ready");
        let filter = format!("touch '{}'; cat >/dev/null; exec sleep 1000", ready.display());
        git::write(&repo, ".gitattributes", "*.slow filter=slow\n");
        git::write(&repo, "a.slow", "x\n");
        sandbox.commit(&repo, "slow");
        sandbox.git(&repo, &["config", "filter.slow.smudge", &format!("sh -c \"{filter}\"")]);
        let mut probe = sandbox.program("unshare", &repo);
        let can = probe.args(["--pid", "--fork", "--mount-proc", "true"]).stderr(Stdio::null()).status();
        if !can.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut command = sandbox.program("unshare", &repo);
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child=KILL", env!("CARGO_BIN_EXE_wt")]);
        command.args(["create", "slow", "--ports"]).stdout(Stdio::null()).stderr(Stdio::null());
        let container = Self(command.spawn().unwrap());
        wait::until("git writes the files", || ready.exists());
        Some(container)
    }

    fn end(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_create_in_a_container_that_is_gone_is_undone_and_not_while_it_lives() {
    let sandbox = Sandbox::new();
    let Some(container) = Container::start(&sandbox) else { return skip("no process numbers of their own") };
    sandbox.wt(&["list"]).ok();
    assert_eq!(sandbox.living()[0]["state"], "creating", "it lives");
    assert!(sandbox.worktree("feature-slow").exists());
    container.end();
    wait::until("the lock is free", || {
        sandbox.wt(&["list"]).ok();
        sandbox.living().is_empty()
    });
    assert!(!sandbox.worktree("feature-slow").exists());
    sandbox.git(&sandbox.repo(), &["config", "--unset", "filter.slow.smudge"]);
    assert_eq!(
        sandbox.json(&["create", "other", "--ports"])["worktree"]["ports"][0]["port"],
        sandbox.port(0)
    );
}
