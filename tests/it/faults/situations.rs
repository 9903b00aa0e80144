//! The states from which commands are run.

use std::fs;
use std::path::Path;

use crate::support::Sandbox;
use crate::support::git::write;

pub fn with_bystander() -> Sandbox {
    with_configuration(None)
}

/// A repository with this `.wt.toml`, trusted, and a worktree that is no command's business.
fn with_configuration(config: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::without_repository();
    let repo = sandbox.make_repository_with("proj", &["init", "-q", "-b", "main", "--template="]);
    write(&repo, ".gitignore", "/cache/\n/.secret\nnode_modules\n.claude/\n");
    write(&repo, ".worktreeinclude", "/cache/\n/.secret\n");
    if let Some(config) = config {
        write(&repo, ".wt.toml", config);
    }
    sandbox.commit(&repo, "lists");
    write(&repo, ".secret", "secret\n");
    write(&repo, "cache/one", "1");
    sandbox.wt(&["create", "bystander", "--ports", "--no-setup"]).ok();
    own_line(&sandbox, "feature-bystander");
    make_precious(&sandbox, &sandbox.worktree("feature-bystander"));
    write(&repo, "of-main.txt", "main's\n");
    if config.is_some() {
        sandbox.wt(&["trust", "--yes"]).ok();
    }
    sandbox
}

/// Puts a line of the user's into the env file.
fn own_line(sandbox: &Sandbox, name: &str) {
    let folder = sandbox.worktree(name);
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    write(&folder, ".env", &format!("MINE=1\n{env}"));
}

/// Writes what must survive: something new, something staged, something edited.
fn make_precious(sandbox: &Sandbox, folder: &Path) {
    write(folder, "precious.txt", "precious\n");
    write(folder, "staged.txt", "staged\n");
    sandbox.git(folder, &["add", "staged.txt"]);
    write(folder, "src/main.txt", "edited\n");
}

/// So many files that two threads write them.
pub fn with_many_files() -> Sandbox {
    let sandbox = with_bystander();
    let repo = sandbox.repo();
    for number in 0..50 {
        write(&repo, &format!("many/{number}/file"), &format!("{number}\n"));
    }
    sandbox.git(&repo, &["add", "many"]);
    sandbox.git(&repo, &["commit", "-qm", "many", "--", "many"]);
    sandbox.git(&repo, &["config", "checkout.workers", "2"]);
    sandbox
}

pub fn with_login() -> Sandbox {
    login_in(with_bystander())
}

fn login_in(sandbox: Sandbox) -> Sandbox {
    sandbox.wt(&["create", "login", "--ports", "--no-setup"]).ok();
    own_line(&sandbox, "feature-login");
    make_precious(&sandbox, &sandbox.worktree("feature-login"));
    sandbox
}

pub fn with_removed() -> Sandbox {
    let sandbox = with_login();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    sandbox
}

/// What was removed can be restored no longer.
pub fn with_spent_trash() -> Sandbox {
    let sandbox = with_removed();
    crate::teardown::let_time_pass(&sandbox);
    sandbox
}

/// Made by git, so that we know nothing of it.
pub fn with_unrecorded() -> Sandbox {
    let sandbox = with_bystander();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/login", folder.to_str().unwrap()]);
    make_precious(&sandbox, &folder);
    sandbox
}

/// Its folder was deleted behind everybody's back.
pub fn with_vanished() -> Sandbox {
    let sandbox = with_login();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox
}

/// Its work is in the default branch.
pub fn with_merged() -> Sandbox {
    let sandbox = with_bystander();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    write(&folder, "work.txt", "work\n");
    sandbox.commit(&folder, "work");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--no-ff", "-m", "merged", "feature/login"]);
    sandbox
}

/// Its env block is not as it should be, and a port is on record that no file names.
pub fn with_broken_env() -> Sandbox {
    let sandbox = with_login();
    let path = sandbox.worktree("feature-login").join(".env");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("WT_NAME=", "WT_NAME=x")).unwrap();
    sandbox
}

/// Much is wrong: an env block, a vanished worktree, one of git's alone.
pub fn with_disorder() -> Sandbox {
    let sandbox = with_broken_env();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    sandbox
}

/// Somebody else listens on its port, as long as the tests run.
pub fn with_stranger() -> Sandbox {
    let sandbox = with_login();
    let living = sandbox.living();
    let entry = living.iter().find(|entry| entry["name"] == "feature-login").unwrap();
    let port = u16::try_from(entry["allocations"][0]["port"].as_u64().unwrap()).unwrap();
    Box::leak(Box::new(std::net::TcpListener::bind(("127.0.0.1", port)).unwrap()));
    sandbox
}

/// The source of a carried file has changed since.
pub fn with_newer_sources() -> Sandbox {
    let sandbox = with_login();
    write(&sandbox.repo(), ".secret", "another\n");
    write(&sandbox.repo(), "cache/two", "2");
    sandbox
}

pub fn with_caches() -> Sandbox {
    let sandbox = with_login();
    let folder = sandbox.worktree("feature-login");
    write(&folder, "node_modules/a/index.js", "x");
    write(&folder, "node_modules/b/index.js", "x");
    // A cache is nobody's work: it is no user's file here.
    sandbox
}

pub fn with_setup() -> Sandbox {
    login_in(with_configuration(Some(
        "[worktree]\nsetup = [\"sh -c 'echo a > ../one'\", \"sh -c 'echo b > ../two'\"]\n",
    )))
}

/// Nobody has allowed yet what the configuration wants to run.
pub fn with_untrusted() -> Sandbox {
    let sandbox = with_setup();
    sandbox.wt(&["trust", "--revoke"]).ok();
    sandbox
}

/// Two services, which do nothing but run.
pub fn with_services() -> Sandbox {
    login_in(with_configuration(Some(
        "[service.api]\nrun = \"sleep 1000\"\nlistens = false\n\n[service.mail]\nrun = \"sleep 1000\"\nlistens = false\n\
         depends_on = [\"api\"]\n",
    )))
}

/// Branches are claimed on a remote.
pub fn with_claims() -> Sandbox {
    let sandbox = with_bystander();
    let repo = sandbox.repo();
    sandbox.add_remote(&repo, "origin");
    sandbox.configure("[team]\nclaims = \"git\"\ntimeout = \"20s\"\n");
    sandbox
}

/// A worktree where an agent's program makes its own.
pub fn with_agents() -> Sandbox {
    let sandbox = with_bystander();
    let folder = sandbox.repo().join(".claude/worktrees/calm-fox");
    let name = folder.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "worktree-calm-fox", name]);
    sandbox
}

/// Two repositories' worth of settings that hooks are put into.
pub fn with_foreign_hook() -> Sandbox {
    let sandbox = with_bystander();
    let hook = sandbox.repo().join(".git/hooks/post-checkout");
    write(hook.parent().unwrap(), "post-checkout", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox
}

pub fn with_hooks() -> Sandbox {
    let sandbox = with_foreign_hook();
    sandbox.wt(&["hooks", "install"]).ok();
    sandbox
}
