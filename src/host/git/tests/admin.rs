//! The admin folder, and the proof that precedes every move of it.

use std::path::Path;

use super::sandbox::{Sandbox, write};
use crate::host::git::AdminRequest;
use crate::model::branch::Head;

fn make(sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let repository = sandbox.repository();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let path = sandbox.path(name);
    repository.create_branch(name, &commit, "branch: Created").unwrap();
    std::fs::create_dir(&path).unwrap();
    let head = Head::Branch(name.into());
    let request =
        AdminRequest { name, path: &path, head: &head, commit: &commit, lock: None, token: "t0ken" };
    repository.make_admin(&request).unwrap().unwrap();
    repository.write_link(name, &path).unwrap();
    path
}

#[test]
fn our_admin_folder_holds_what_git_leaves() {
    let sandbox = Sandbox::new();
    let path = make(&sandbox, "ours");
    assert!(!sandbox.repository().is_whole("ours", &path), "the index is not there yet");
    sandbox.git_in(&path, &["read-tree", "-u", "--reset", "HEAD"]);
    sandbox.git(&["worktree", "add", "-q", sandbox.path("gits").to_str().unwrap()]);
    let repository = sandbox.repository();
    assert!(repository.is_whole("ours", &path) && repository.is_marked("ours", "t0ken"));
    repository.unmark("ours").unwrap();
    let read = |name: &str, file: &str| {
        let text =
            std::fs::read_to_string(sandbox.path("main/.git/worktrees").join(name).join(file)).unwrap();
        text.replace(name, "NAME").split('<').next().unwrap().to_owned()
    };
    for file in ["HEAD", "ORIG_HEAD", "commondir", "gitdir", "logs/HEAD"] {
        assert_eq!(read("ours", file), read("gits", file), "{file}");
    }
    let files = |name: &str| {
        let folder = sandbox.path("main/.git/worktrees").join(name);
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| name != "refs");
        names.sort();
        names
    };
    assert_eq!(files("ours"), files("gits"));
    assert_eq!(sandbox.git_in(&path, &["status", "--porcelain"]), "");
    assert_eq!(repository.choose_name("a/ours").unwrap(), "ours1");
    let head = Head::Detached(sandbox.git(&["rev-parse", "HEAD"]));
    let again = AdminRequest { name: "ours", path: &path, head: &head, commit: "", lock: None, token: "x" };
    assert!(repository.make_admin(&again).unwrap().is_none());
}

#[test]
fn an_admin_folder_goes_and_comes_back() {
    let sandbox = Sandbox::new();
    let path = make(&sandbox, "ours");
    let repository = sandbox.repository();
    let aside = repository.wt_dir().join("trash/t");
    repository.take_admin("ours", &aside).unwrap();
    assert_eq!(repository.worktrees().unwrap().len(), 1);
    std::fs::create_dir_all(repository.admin_dir("ours")).unwrap();
    assert_eq!(repository.put_back_admin(&aside, "ours", &path).unwrap(), "ours1");
    assert!(repository.require_linked(&path, "ours1", None).is_ok());
}

#[test]
fn of_a_copy_and_its_original_one_stays() {
    let sandbox = Sandbox::new();
    let path = make(&sandbox, "ours");
    let repository = sandbox.repository();
    let (admin, aside) = (repository.admin_dir("ours"), repository.wt_dir().join("copy"));
    crate::host::moving::copy_folder(&admin, &aside).unwrap();
    assert_eq!(repository.put_back_admin(&aside, "ours", &path).unwrap(), "ours");
    assert!(!aside.exists() && repository.require_linked(&path, "ours", None).is_ok());
}

#[test]
fn only_a_linked_worktree_of_this_repository_is_touched() {
    let sandbox = Sandbox::new();
    let path = make(&sandbox, "ours");
    let repository = sandbox.repository();
    assert!(repository.require_linked(&path, "ours", None).is_ok());
    let is_refused =
        |path: &Path, admin: &str, home: Option<&Path>| repository.require_linked(path, admin, home).is_err();
    assert!(is_refused(&sandbox.path("main"), "ours", None), "the main worktree");
    assert!(is_refused(&path, "ours", Some(&path)), "home");
    assert!(is_refused(Path::new("/"), "ours", None), "the root");
    assert!(is_refused(&sandbox.path(""), "ours", None), "a folder around the repository");
    assert!(is_refused(&path, "../..", None), "a name that climbs");
    std::os::unix::fs::symlink(&path, sandbox.path("link")).unwrap();
    assert!(is_refused(&sandbox.path("link"), "ours", None), "a symlink");

    let other = Sandbox::new();
    let gitdir = repository.admin_dir("ours").join("gitdir");
    write(&gitdir, &format!("{}\n", other.path("main/.git").display()));
    assert!(is_refused(&path, "ours", None), "gitdir names another repository");
    assert!(is_refused(&other.path("main"), "ours", None), "another repository");
    write(&gitdir, &format!("{}\n", path.join(".git").display()));
    assert!(!is_refused(&path, "ours", None));

    write(&path.join(".git"), &format!("gitdir: {}\n", other.path("main/.git").display()));
    assert!(is_refused(&path, "ours", None), "the link names another repository");
    std::fs::remove_file(path.join(".git")).unwrap();
    std::fs::create_dir(path.join(".git")).unwrap();
    assert!(is_refused(&path, "ours", None), ".git is a folder");
}

#[test]
fn a_worktree_that_another_one_stands_in_is_left_alone_whatever_a_plan_saw() {
    let sandbox = Sandbox::new();
    let path = make(&sandbox, "ours");
    make(&sandbox, "ours-too");
    let planned = sandbox.repository();
    assert!(planned.require_seemingly_linked(&path, "ours", None).is_ok());
    let inner = path.join("deep/inner");
    sandbox.git(&["worktree", "add", "-q", "--detach", inner.to_str().unwrap()]);
    // What was seen before it was made says nothing of it; the proof that counts is taken anew.
    let said = planned.require_linked(&path, "ours", None).unwrap_err().to_string();
    assert!(said.contains("contains another worktree") && said.contains("deep/inner"), "{said}");
    let planned = sandbox.repository();
    assert!(planned.require_seemingly_linked(&path, "ours", None).is_err());
    let elsewhere = sandbox.path("elsewhere");
    sandbox.git(&["worktree", "move", inner.to_str().unwrap(), elsewhere.to_str().unwrap()]);
    assert!(planned.require_seemingly_linked(&path, "ours", None).is_ok(), "it has moved away");
    std::fs::remove_dir_all(&elsewhere).unwrap();
    assert!(planned.require_linked(&path, "ours", None).is_ok());
}

#[test]
fn a_worktree_that_moved_into_another_a_moment_ago_is_seen_there() {
    let sandbox = Sandbox::new();
    let (path, guest) = (make(&sandbox, "ours"), make(&sandbox, "guest"));
    let planned = sandbox.repository();
    assert!(planned.require_linked(&path, "ours", None).is_ok());
    let inner = path.join("guest");
    sandbox.git(&["worktree", "move", guest.to_str().unwrap(), inner.to_str().unwrap()]);
    assert!(planned.require_linked(&path, "ours", None).is_err(), "git calls it by the same name");
    // Another one under its name, somewhere else.
    sandbox.git(&["worktree", "remove", "--force", inner.to_str().unwrap()]);
    assert!(planned.require_linked(&path, "ours", None).is_ok());
    let guest = sandbox.path("aside/guest");
    sandbox.git(&["worktree", "add", "-q", "--detach", guest.to_str().unwrap()]);
    assert!(planned.require_linked(&path, "ours", None).is_ok());
    sandbox.git(&["worktree", "remove", "--force", guest.to_str().unwrap()]);
    sandbox.git(&["worktree", "add", "-q", "--detach", inner.to_str().unwrap()]);
    assert!(planned.require_linked(&path, "ours", None).is_err(), "made anew under the same name");
}

#[test]
fn a_half_made_worktree_hides_no_other() {
    let sandbox = Sandbox::new();
    make(&sandbox, "ours");
    write(&sandbox.path("main/.git/worktrees/half/commondir"), "");
    write(&sandbox.path("main/.git/worktrees/half/locked"), "initializing\n");
    std::fs::create_dir(sandbox.path("main/.git/worktrees/empty")).unwrap();
    let worktrees = sandbox.repository().worktrees().unwrap();
    assert_eq!(worktrees.len(), 4);
    assert_eq!(worktrees.iter().filter(|worktree| worktree.broken.is_some()).count(), 2);
    assert!(worktrees.iter().any(|worktree| worktree.initializing));
}
