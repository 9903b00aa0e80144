//! A git folder that lies elsewhere (a link, `--separate-git-dir`): the repository is one, from wherever one stands.

use std::fs;
use std::path::Path;

use crate::support::Sandbox;

#[track_caller]
fn assert_one(sandbox: &Sandbox, git_dir: &Path) {
    let repo = sandbox.repo();
    fs::write(repo.join(".wt.toml"), "").unwrap();
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    assert!(folder.exists(), "beside the main worktree");
    for place in [&repo, &folder] {
        let listed = sandbox.json_in(place, &["list"])["worktrees"].clone();
        let main = listed.as_array().unwrap().iter().find(|worktree| worktree["main"] == true).unwrap();
        assert_eq!(main["path"], repo.to_str().unwrap(), "from {}", place.display());
        assert!(
            listed
                .as_array()
                .unwrap()
                .iter()
                .all(|worktree| worktree["repository"] == repo.to_str().unwrap())
        );
        let read = sandbox.wt_in(place, &["config", "path"]).ok().stdout;
        assert!(read.contains(repo.join(".wt.toml").to_str().unwrap()), "{read}");
    }
    sandbox.wt_in(&folder, &["create", "other", "--no-env"]).ok();
    assert!(sandbox.worktree("feature-other").exists(), "the same place, from wherever one stands");
    sandbox.wt_in(&folder, &["remove", "feature-other"]).ok();
    sandbox.wt_in(&folder, &["validate"]).ok();
    assert!(git_dir.join("HEAD").exists());
}

#[test]
fn a_git_folder_that_is_a_link() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    fs::rename(repo.join(".git"), repo.join(".git.nosync")).unwrap();
    std::os::unix::fs::symlink(".git.nosync", repo.join(".git")).unwrap();
    fs::write(repo.join(".git.nosync/info/exclude"), ".git.nosync\n").unwrap();
    assert_one(&sandbox, &repo.join(".git.nosync"));
}

#[test]
fn a_git_folder_in_another_place() {
    for name in ["store/proj.git", "store/.git"] {
        let sandbox = Sandbox::new();
        let git_dir = sandbox.path(name);
        fs::create_dir_all(git_dir.parent().unwrap()).unwrap();
        sandbox.git(&sandbox.repo(), &["init", "-q", &format!("--separate-git-dir={}", git_dir.display())]);
        assert_one(&sandbox, &git_dir);
    }
}

#[test]
fn a_main_worktree_that_was_moved_is_found_again_from_itself() {
    let sandbox = Sandbox::new();
    let (repo, git_dir, moved) = (sandbox.repo(), sandbox.path("store.git"), sandbox.path("moved"));
    sandbox.git(&repo, &["init", "-q", &format!("--separate-git-dir={}", git_dir.display())]);
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::rename(&repo, &moved).unwrap();
    // Somebody else's repository in its place proves nothing.
    sandbox.git(sandbox.path("").as_path(), &["init", "-q", repo.to_str().unwrap()]);
    let main = |place: &Path| {
        let listed = sandbox.json_in(place, &["list"])["worktrees"].clone();
        listed.as_array().unwrap().iter().find(|worktree| worktree["main"] == true).unwrap()["path"].clone()
    };
    assert_ne!(main(&folder), repo.to_str().unwrap());
    sandbox.wt_in(&moved, &["create", "other", "--no-env"]).ok();
    assert_eq!(main(&folder), moved.to_str().unwrap());
}
