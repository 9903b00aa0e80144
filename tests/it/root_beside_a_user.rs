//! `sudo -E wt …`: whatever root writes in a user's state folder stays the user's, who goes on as before.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::support::{Sandbox, skip};

const USER: u32 = 54_321;

/// Everything below `folder` that is not the user's.
fn of_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let facts = entry.path().symlink_metadata().unwrap();
        if (facts.uid(), facts.gid()) != (USER, USER) {
            found.push(format!("{} {}:{}", entry.path().display(), facts.uid(), facts.gid()));
        }
        if facts.is_dir() {
            found.extend(of_others(&entry.path()));
        }
    }
    found
}

#[test]
fn what_root_writes_in_a_users_state_folder_is_the_users() {
    if !rustix::process::geteuid().is_root() {
        return skip("not root");
    }
    let sandbox = Sandbox::new();
    // The folder itself is made too, below one of the user's.
    let home = sandbox.path("state");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(USER), Some(USER)).unwrap();
    fs::write(sandbox.repo().join(".wt.toml"), "[service.web]\nrun = \"sleep 1000\"\n").unwrap();
    for arguments in [
        &["create", "one", "--ports"][..],
        &["create", "two", "--ports"],
        &["health"],
        &["trust", "--yes"],
        &["list", "--status"],
        &["remove", "two"],
        &["restore", "feature-two"],
        &["hooks", "install"],
        &["validate", "--fix"],
        &["ports", "exclude", "9999", "--reason", "x"],
    ] {
        sandbox.wt(arguments).ok();
    }
    // A registry that is damaged, and rows set aside.
    let text = fs::read_to_string(sandbox.state().join("registry.json")).unwrap();
    fs::write(sandbox.state().join("registry.json"), text.replace("\"state\":\"active\"", "\"state\":7"))
        .unwrap();
    chown(sandbox.state().join("registry.json"), Some(USER), Some(USER)).unwrap();
    sandbox.wt(&["validate", "--fix"]);
    fs::write(sandbox.state().join("registry.json"), "half").unwrap();
    chown(sandbox.state().join("registry.json"), Some(USER), Some(USER)).unwrap();
    sandbox.wt(&["validate", "--fix"]);
    sandbox.wt(&["up"]);
    sandbox.wt(&["down"]);
    assert_eq!(of_others(&home), [""; 0]);
    let registry = sandbox.state().join("registry.json").metadata().unwrap();
    assert_eq!(registry.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_was_the_users_in_a_folder_of_roots_stays_the_users() {
    if !rustix::process::geteuid().is_root() {
        return skip("not root");
    }
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let registry = sandbox.state().join("registry.json");
    chown(&registry, Some(USER), Some(USER)).unwrap();
    sandbox.wt(&["create", "two"]).ok();
    assert_eq!(registry.metadata().unwrap().uid(), USER);
}
