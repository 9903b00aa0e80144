//! Every kind of repository that libgit2 does not do right: git does it, and the result is git's own.

use super::sandbox::{Sandbox, write};
use crate::host::git::{GitAdd, GitSupport, Repository};
use crate::model::branch::Head;

fn add(repository: &Repository, sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let commit = repository.find_commit("HEAD").unwrap().unwrap();
    let GitSupport::Git(_) = repository.way(&commit).unwrap() else {
        panic!("the engine would get it wrong")
    };
    repository.create_branch(name, &commit, "branch: Created").unwrap();
    let (path, head) = (sandbox.path(name), Head::Branch(name.into()));
    let request =
        GitAdd { path: &path, head: &head, lock: None, token: "t", hold: None, interrupted: &|| false };
    let admin = repository.register_with_git(&request).unwrap();
    repository.fill_with_git(&request).unwrap();
    assert!(repository.is_marked(&admin, "t"));
    assert!(repository.changes(&path, true).unwrap().is_clean());
    assert_eq!(repository.branch_in_use(name).unwrap().unwrap().path, path);
    assert!(repository.keep("t", &repository.admin_dir(&admin)).unwrap().is_some());
    repository.drop_keep("refs/wt/trash/t").unwrap();
    path
}

#[test]
fn a_plain_repository_is_done_by_the_engine_and_its_changes_are_told() {
    let sandbox = Sandbox::new();
    let commit = sandbox.commit(".gitattributes", "*.png filter=unconfigured\n* text=auto\n");
    let repository = sandbox.repository();
    assert_eq!(repository.way(&commit).unwrap(), GitSupport::Engine);
    let path = sandbox.path("main");
    write(&path.join(".gitignore"), "target\n");
    write(&path.join("target/x"), "");
    write(&path.join("file"), "changed\n");
    let changes = repository.changes(&path, true).unwrap();
    assert_eq!(changes.modified, ["file"]);
    assert_eq!(changes.untracked, [".gitignore"]);
    assert_eq!(changes.ignored, ["target/"]);
    sandbox.git(&["update-index", "--split-index"]);
    assert_eq!(repository.changes(&path, true).unwrap(), changes);
}

#[test]
fn filters_run() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "filter.up.smudge", "tr a-z A-Z"]);
    sandbox.git(&["config", "filter.up.clean", "tr A-Z a-z"]);
    sandbox.commit("sub/.gitattributes", "*.up filter=up\n");
    sandbox.commit("sub/x.up", "hello\n");
    let path = add(&sandbox.repository(), &sandbox, "filtered");
    assert_eq!(std::fs::read_to_string(path.join("sub/x.up")).unwrap(), "HELLO\n");
}

#[test]
fn content_rules_that_are_not_ours_go_to_git() {
    for rule in ["*.txt working-tree-encoding=UTF-16", "[attr]x working-tree-encoding=UTF-16", "a**/b text"] {
        let sandbox = Sandbox::new();
        let commit = sandbox.commit(".gitattributes", rule);
        assert!(matches!(sandbox.repository().way(&commit).unwrap(), GitSupport::Git(_)), "{rule}");
    }
    for rule in ["*.txt eol=crlf", "*.txt ident", "[attr]x ident"] {
        let sandbox = Sandbox::new();
        let commit = sandbox.commit(".gitattributes", rule);
        assert_eq!(sandbox.repository().way(&commit).unwrap(), GitSupport::Engine, "{rule}");
    }
    for (key, value) in [("core.autocrlf", "true"), ("core.autocrlf", "on"), ("core.eol", "crlf")] {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", key, value]);
        let commit = sandbox.git(&["rev-parse", "HEAD"]);
        assert_eq!(sandbox.repository().way(&commit).unwrap(), GitSupport::Engine, "{key}");
    }
    for (key, value) in
        [("core.symlinks", "false"), ("attr.tree", "HEAD"), ("core.attributesFile", "relative")]
    {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", key, value]);
        let commit = sandbox.git(&["rev-parse", "HEAD"]);
        assert!(matches!(sandbox.repository().way(&commit).unwrap(), GitSupport::Git(_)), "{key}");
    }
}

#[test]
fn sparse_patterns_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.commit("in/x", "");
    sandbox.commit("out/x", "");
    sandbox.git(&["sparse-checkout", "set", "in"]);
    let path = add(&sandbox.repository(), &sandbox, "sparse");
    assert!(path.join("in/x").exists() && !path.join("out/x").exists());
}

#[test]
fn a_partial_clone_fetches() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    let (clone, url) = (sandbox.path("clone"), format!("file://{}", sandbox.path("main").display()));
    let to = clone.to_str().unwrap();
    sandbox.git(&["clone", "-q", "--no-checkout", "--filter=blob:none", &url, to]);
    let path = add(&Repository::discover(&clone).unwrap(), &sandbox, "fetched");
    assert_eq!(std::fs::read_to_string(path.join("file")).unwrap(), "content\n");
}

#[test]
fn sha256_and_reftable_work_through_git() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let sandbox = Sandbox::with(&[format]);
        let repository = sandbox.repository();
        assert!(repository.library().is_none(), "{format}");
        assert_eq!(repository.head().unwrap(), Head::Branch("main".into()));
        let path = add(&repository, &sandbox, "linked");
        assert!(path.join("file").exists());
        let commit = repository.find_branch("linked").unwrap().unwrap();
        let code = repository.create_branch("linked", &commit, "x").unwrap_err().code();
        assert_eq!(code, crate::error::Code::BranchExists);
        assert_eq!(repository.worktrees().unwrap()[1].commit.as_deref(), Some(commit.as_str()));
        assert_eq!(repository.branch_obstacle("linked/x").unwrap().as_deref(), Some("linked"));
        assert!(repository.is_merged_or_pushed(&commit, Some("linked")).unwrap());
        let here = Repository::discover(&path).unwrap();
        assert_eq!(here.head().unwrap(), Head::Branch("linked".into()));
    }
}

#[test]
fn a_format_nobody_knows_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.repositoryformatversion", "1"]);
    sandbox.git(&["config", "extensions.fromtomorrow", "true"]);
    let repository = sandbox.repository();
    assert!(repository.library().is_none());
    let failure = repository.find_commit("HEAD").unwrap_err();
    assert_eq!(failure.code(), crate::error::Code::GitFailed);
    assert!(failure.message().contains("fromtomorrow"), "{failure}");
}

#[test]
fn post_checkout_runs_in_the_new_worktree() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    let (repository, path) = (sandbox.repository(), sandbox.path("main"));
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(repository.run_post_checkout(&path, &commit, false, &|| false).unwrap(), None);
    let hook = path.join(".git/hooks/post-checkout");
    write(&hook, "#!/bin/sh\necho \"$PWD $1 $2 $3\" > said\nexit 3\n");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(repository.run_post_checkout(&path, &commit, false, &|| false).unwrap(), Some(3));
    let said = std::fs::read_to_string(path.join("said")).unwrap();
    assert_eq!(said, format!("{} {} {commit} 1\n", path.display(), "0".repeat(40)));
}

#[test]
fn a_conflicted_index_and_stashes_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-qb", "side"]);
    sandbox.commit("file", "side\n");
    sandbox.git(&["checkout", "-q", "main"]);
    let ours = sandbox.commit("file", "main\n");
    write(&sandbox.path("main/file"), "stashed\n");
    sandbox.git(&["stash", "-q"]);
    assert!(!sandbox.try_git(&sandbox.path("main"), &["merge", "-q", "side"]).1);
    let repository = sandbox.repository();
    assert_eq!(repository.stash_entries("main").unwrap(), 1);
    assert_eq!(repository.stash_entries("side").unwrap(), 0);
    assert_eq!(repository.changes(&sandbox.path("main"), false).unwrap().conflicted, ["file"]);
    let kept = repository.keep("t", repository.common_dir()).unwrap().unwrap();
    let names = sandbox.git(&["ls-tree", "-r", "--name-only", &kept]);
    assert_eq!(names.lines().count(), 3, "{names}");
    assert!(sandbox.git(&["log", "-1", "--format=%P", &kept]).contains(&ours));
}
