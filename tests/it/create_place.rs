//! Where a create may be started, and where the worktree may go.

use std::fs;

use crate::support::{Sandbox, git};

#[test]
fn outside_a_repository_it_says_so() {
    let sandbox = Sandbox::without_repository();
    let folder = sandbox.path("plain");
    fs::create_dir(&folder).unwrap();
    for command in ["create", "list", "remove"] {
        let error = sandbox.refused_in(&folder, &[command], "not_a_repository");
        assert!(error["message"].as_str().unwrap().contains(folder.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let sandbox = Sandbox::without_repository();
    let folder = sandbox.path("fresh");
    fs::create_dir(&folder).unwrap();
    sandbox.git(&folder, &["init", "-q"]);
    let error = sandbox.refused_in(&folder, &["create", "x"], "branch_not_found");
    assert!(error["hint"].as_str().unwrap().contains("commit"), "{error}");
}

#[test]
fn from_a_subfolder_the_worktree_is_the_same() {
    let sandbox = Sandbox::new();
    sandbox.json_in(&sandbox.repo().join("src/deep"), &["create", "login"]);
    assert!(sandbox.worktree("feature-login").join("README.md").exists());
}

#[test]
fn from_inside_a_linked_worktree_the_sibling_goes_beside_it() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let first = sandbox.worktree("feature-one");
    let tip = sandbox.commit(&first, "on one");
    sandbox.json_in(&first, &["create", "two"]);
    let second = sandbox.worktree("feature-two");
    assert_eq!(sandbox.git(&second, &["rev-parse", "HEAD"]), tip, "the base is the HEAD one stands on");
    assert_eq!(sandbox.living()[1]["repository"], sandbox.repo().to_str().unwrap());
}

#[test]
fn the_folder_can_be_given_with_c() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.path("home");
    sandbox.json_in(&elsewhere, &["-C", sandbox.repo().to_str().unwrap(), "create", "login"]);
    assert!(sandbox.worktree("feature-login").exists());
}

#[test]
fn several_c_count_one_from_the_other_and_an_empty_one_is_none() {
    let sandbox = Sandbox::new();
    let root = sandbox.path("");
    let name = sandbox.repo().file_name().unwrap().to_str().unwrap().to_owned();
    let words = ["-C", root.to_str().unwrap(), "-C", &name, "-C", "", "list"];
    let listed = sandbox.json_in(&sandbox.path("home"), &words);
    assert_eq!(listed["worktrees"][0]["path"], sandbox.repo().to_str().unwrap(), "{listed}");
}

#[test]
fn inside_another_worktree_it_is_ignored_there() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "outer"]).ok();
    let outer = sandbox.worktree("feature-outer");
    let inner = outer.join("made/inner");
    sandbox.wt(&["create", "inner", "--path", inner.to_str().unwrap()]).ok();
    assert_eq!(sandbox.git(&outer, &["status", "--porcelain"]), "");
    // What is ignored there hides nothing of the others.
    git::write(&sandbox.repo(), "made/code.c", "");
    assert_eq!(sandbox.git(&sandbox.repo(), &["status", "--porcelain"]), "?? made/");
    let error = sandbox.refused(&["remove", "outer"], "git_failed");
    let first = format!("wt remove {}", inner.display());
    assert!(error["hint"].as_str().unwrap().contains(&first), "{error}");
    // Also where git's link names the folder itself.
    let link = sandbox.repo().join(".git/worktrees/feature-inner/gitdir");
    let whole = fs::read_to_string(&link).unwrap();
    fs::write(&link, format!("{}\n", inner.display())).unwrap();
    sandbox.refused(&["remove", "outer", "--force"], "git_failed");
    fs::write(&link, whole).unwrap();
    sandbox.wt(&["remove", inner.to_str().unwrap()]).ok();
}

#[test]
fn a_leaking_git_dir_changes_nothing() {
    let mut sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    let before = sandbox.git(&other, &["for-each-ref"]);
    for (name, value) in [
        ("GIT_DIR", other.join(".git")),
        ("GIT_WORK_TREE", other.clone()),
        ("GIT_INDEX_FILE", other.join(".git/index")),
        ("GIT_OBJECT_DIRECTORY", other.join(".git/objects")),
        ("GIT_COMMON_DIR", other.join(".git")),
    ] {
        sandbox.set(name, value);
    }
    sandbox.wt(&["create", "login"]).ok();
    let clean = Sandbox::without_repository();
    let folder = sandbox.worktree("feature-login");
    assert!(folder.join("README.md").exists());
    assert_eq!(clean.git(&folder, &["branch", "--show-current"]), "feature/login");
    assert_eq!(clean.git(&other, &["for-each-ref"]), before);
    assert_eq!(clean.git(&other, &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_leaking_git_dir_does_not_lead_the_git_child_astray() {
    let mut sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, ".gitattributes", "*.bin filter=up\n");
    git::write(&repo, "a.bin", "a\n");
    sandbox.commit(&repo, "filtered");
    sandbox.git(&repo, &["config", "filter.up.smudge", "tr a-z A-Z"]);
    let other = sandbox.make_repository("other");
    sandbox.set("GIT_DIR", other.join(".git"));
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert_eq!(fs::read_to_string(folder.join("a.bin")).unwrap(), "A\n");
    let clean = Sandbox::without_repository();
    assert_eq!(clean.git(&other, &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn a_bare_repository_gets_worktrees_beside_it() {
    let sandbox = Sandbox::new();
    let bare = sandbox.path("store/proj.git");
    sandbox.git(&sandbox.repo(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let answer = sandbox.json_in(&bare, &["create", "login"]);
    let folder = sandbox.path("store/proj.worktrees/feature-login");
    assert_eq!(answer["worktree"]["path"], folder.to_str().unwrap());
    assert!(folder.join("README.md").exists());
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn a_hidden_bare_repository_works_from_its_folder_and_from_its_worktrees() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("hub");
    fs::create_dir(&home).unwrap();
    let bare = home.join(".bare");
    sandbox.git(&sandbox.repo(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    git::write(&home, ".git", "gitdir: ./.bare\n");
    let first = sandbox.json_in(&home, &["create", "one"]);
    let path = first["worktree"]["path"].as_str().unwrap().to_owned();
    let second = sandbox.json_in(path.as_ref(), &["create", "two"]);
    assert_eq!(
        std::path::Path::new(second["worktree"]["path"].as_str().unwrap()).parent(),
        std::path::Path::new(&path).parent()
    );
    assert_eq!(sandbox.status(path.as_ref()), "");
}

#[test]
fn a_path_taken_by_a_file_is_refused() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.path("proj.worktrees"), "feature-login", "mine\n");
    let error = sandbox.refused(&["create", "login"], "path_not_empty");
    assert!(error["message"].as_str().unwrap().contains("feature-login"), "{error}");
}

#[test]
fn a_path_taken_by_a_folder_with_something_in_it_is_refused() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.worktree("feature-login"), "note.txt", "mine\n");
    sandbox.refused(&["create", "login"], "path_not_empty");
}

#[test]
fn a_dangling_link_at_the_path_is_refused() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("proj.worktrees")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", sandbox.worktree("feature-login")).unwrap();
    sandbox.refused(&["create", "login"], "path_not_empty");
}

#[test]
fn an_empty_folder_at_the_path_is_used() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox.wt(&["create", "login"]).ok();
    assert!(sandbox.worktree("feature-login").join("README.md").exists());
}

#[test]
fn a_path_can_be_named_and_its_parents_are_made() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("a/b/c");
    sandbox.wt(&["create", "login", "--path", folder.to_str().unwrap()]).ok();
    assert!(folder.join("README.md").exists());
    sandbox.wt(&["create", "rel", "--path", "../rel"]).ok();
    assert!(sandbox.path("rel/README.md").exists());
}

#[test]
fn a_path_whose_parent_is_a_file_is_refused() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.path(""), "file", "x\n");
    let before = sandbox.snapshot();
    let target = sandbox.path("file/tree");
    let run = sandbox.wt(&["--json", "create", "x", "--path", target.to_str().unwrap()]).exits(1);
    assert!(run.json()["error"]["message"].as_str().unwrap().contains("file"), "{}", run.shown());
    sandbox.assert_unchanged(&before, &run);
}

#[test]
fn the_path_of_a_registered_but_deleted_worktree_is_refused() {
    let sandbox = Sandbox::new();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "t", folder.to_str().unwrap()]);
    fs::remove_dir_all(&folder).unwrap();
    sandbox.refused(&["create", "login"], "worktree_exists");
}

#[test]
fn a_lock_can_be_put_on_at_once_with_a_reason() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--lock"]).ok();
    sandbox.wt(&["create", "two", "--lock=on a stick"]).ok();
    let list = sandbox.git(&sandbox.repo(), &["worktree", "list", "--porcelain"]);
    assert!(list.lines().any(|line| line == "locked"), "{list}");
    assert!(list.contains("locked on a stick"), "{list}");
}

#[test]
fn a_moved_repository_keeps_its_worktrees() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    fs::rename(sandbox.repo(), sandbox.path("moved")).unwrap();
    let moved = sandbox.path("moved");
    sandbox.git(&moved, &["worktree", "repair", sandbox.worktree("feature-login").to_str().unwrap()]);
    assert_eq!(sandbox.status(&sandbox.worktree("feature-login")), "");
    let list = sandbox.json_in(&moved, &["list"]);
    assert!(list.to_string().contains("feature-login"), "{list}");
}

#[test]
fn a_shared_repository_stays_open_to_its_group() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.git(&sandbox.repo(), &["config", "core.sharedRepository", "group"]);
    sandbox.wt(&["create", "ours"]).ok();
    let theirs = sandbox.path("theirs");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", theirs.to_str().unwrap()]);
    let admin = sandbox.repo().join(".git/worktrees");
    let mode = |path: &str| fs::metadata(admin.join(path)).unwrap().permissions().mode() & 0o7777;
    for file in ["HEAD", "index", "gitdir", "commondir", "logs/HEAD"] {
        assert_eq!(mode(&format!("feature-ours/{file}")) & 0o060, 0o060, "{file}");
    }
    for file in ["HEAD", "index"] {
        assert_eq!(mode(&format!("feature-ours/{file}")), mode(&format!("theirs/{file}")), "{file}");
    }
    let id = fs::metadata(sandbox.repo().join(".git/wt/id")).unwrap().permissions().mode();
    assert_eq!(id & 0o060, 0o060);
}

#[test]
fn a_worktree_inside_of_the_main_one_is_ignored_there() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    for (id, path) in [("one", ".trees/a b"), ("two", ".trees/two"), ("three", "we[i]rd")] {
        sandbox.wt(&["create", id, "--path", repo.join(path).to_str().unwrap()]).ok();
    }
    assert_eq!(sandbox.status(&repo), "");
    let exclude = std::fs::read_to_string(repo.join(".git/info/exclude")).unwrap();
    assert_eq!(exclude.matches("# worktrees made by wt").count(), 2, "{exclude}");
    assert!(exclude.contains("\n/.trees/\n") && exclude.contains("\n/we\\[i]rd/\n"), "{exclude}");
}

#[test]
fn hooks_that_a_tool_keeps_untracked_are_said_to_be_missing() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    std::fs::create_dir_all(repo.join(".husky/_")).unwrap();
    std::fs::write(repo.join(".husky/_/.gitignore"), "*\n").unwrap();
    sandbox.git(&repo, &["config", "core.hooksPath", ".husky/_"]);
    sandbox.wt(&["create", "login"]).ok().says(&["core.hooksPath", ".husky/_", "npm install"]);
    sandbox.git(&repo, &["config", "core.hooksPath", "/dev/null"]);
    let run = sandbox.wt(&["create", "pay"]).ok();
    assert!(!run.stderr.contains("core.hooksPath"), "{}", run.shown());
}
