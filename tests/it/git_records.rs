//! git's records that are damaged, or name what is not theirs: listed as that, told with what helps, and none without a way
//! to be rid of it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::support::Sandbox;
use crate::support::git::{age, write};

fn codes(sandbox: &Sandbox) -> Vec<String> {
    let report = sandbox.wt(&["--json", "validate"]).json();
    let found = report["findings"].as_array().unwrap().iter();
    found.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_goes_by_its_name_while_its_files_stay() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "h1"]).ok();
    sandbox.wt(&["create", "h2"]).ok();
    let admin = |name: &str| sandbox.repo().join(".git/worktrees").join(name);
    write(&admin("feature-h1"), "HEAD", "garbage\n");
    fs::remove_file(admin("feature-h2").join("commondir")).unwrap();
    let error = sandbox.refused(&["prune", "h1"], "locked");
    assert!(error["hint"].as_str().unwrap().contains("try again"), "it changed just now: {error}");
    for name in ["feature-h1", "feature-h2"] {
        write(&sandbox.worktree(name), "mine.txt", "not committed\n");
        age(&admin(name));
        age(&sandbox.worktree(name));
    }
    assert_eq!(codes(&sandbox), ["git-record-damaged"; 2]);
    sandbox.wt(&["doctor"]).answers(&["feature-h1", "HEAD cannot be read"]);
    sandbox.wt(&["list"]).ok().answers(&["damaged"]);
    let error = sandbox.refused(&["remove", "h2", "--force"], "git_failed");
    assert!(error["hint"].as_str().unwrap().contains("`wt prune feature-h2`"), "{error}");
    // A lock is said to be that, with the command that lifts it.
    write(&admin("feature-h1"), "locked", "");
    let error = sandbox.refused(&["prune", "h1"], "locked");
    let unlock = format!("git worktree unlock {}", sandbox.worktree("feature-h1").display());
    assert!(error["hint"].as_str().unwrap().contains(&unlock), "{error}");
    sandbox.git(&sandbox.repo(), &["worktree", "unlock", sandbox.worktree("feature-h1").to_str().unwrap()]);
    age(&admin("feature-h1"));
    for name in ["feature-h1", "feature-h2"] {
        let answer = sandbox.json(&["prune", name]);
        assert_eq!(answer["pruned"][0]["kind"], "damaged", "{answer}");
        assert!(!admin(name).exists() && sandbox.worktree(name).join("mine.txt").exists());
    }
    sandbox.wt(&["validate"]).ok();
    // It was put away, and comes back as it was.
    sandbox.wt(&["restore", "feature-h2"]).ok();
    assert!(admin("feature-h2").join("index").exists());
}

#[test]
fn a_record_that_names_the_folder_of_another_worktree_is_not_that_worktree() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    for name in ["w1d", "w2d", "def"] {
        let folder = sandbox.path(name);
        sandbox.git(&repo, &["worktree", "add", "-q", "-b", name, folder.to_str().unwrap()]);
    }
    let gitdir = |name: &str| repo.join(".git/worktrees").join(name).join("gitdir");
    fs::copy(gitdir("w1d"), gitdir("w2d")).unwrap();
    // As git's own tests have it: a link that names no `.git`.
    fs::write(gitdir("def"), format!("{}\n", repo.join("nowhere").display())).unwrap();
    fs::remove_dir_all(sandbox.path("def")).unwrap();
    let list = sandbox.json(&["list"]);
    let worktrees = list["worktrees"].as_array().unwrap();
    let def = worktrees.iter().find(|worktree| worktree["name"] == "def").unwrap();
    assert_eq!(
        (&def["path"], &def["missing"]),
        (&repo.join("nowhere").to_str().unwrap().into(), &true.into())
    );
    let refused = sandbox.refused(&["adopt", "w2d"], "git_failed");
    assert!(refused["hint"].as_str().unwrap().contains("`wt prune w2d`"), "{refused}");
    sandbox.wt(&["validate", "--fix"]);
    assert_eq!(codes(&sandbox), ["git-record-damaged"]);
    let recorded: Vec<_> = sandbox.living().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(recorded, ["w1d"]);
    sandbox.wt(&["prune", "w2d"]).ok();
    sandbox.wt(&["validate"]).ok();
    assert!(sandbox.path("w1d").join(".git").exists() && sandbox.path("w2d").join(".git").exists());
}

#[test]
fn a_folder_whose_link_is_damaged_is_shown_so_and_every_refusal_has_the_cure() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    write(&folder, ".git", "garbage\n");
    let listed = sandbox.json(&["list"])["worktrees"][1].clone();
    assert_eq!(listed["damaged"], true, "{listed}");
    let repair = format!("`git -C {} worktree repair`", sandbox.repo().display());
    for words in [&["remove", "login"][..], &["prune", "login"]] {
        let error = sandbox.refused(words, "git_failed");
        assert!(error["hint"].as_str().unwrap().contains(&repair), "{words:?} {error}");
    }
    sandbox.git(&sandbox.repo(), &["worktree", "repair"]);
    sandbox.wt(&["remove", "login"]).ok();
}

#[test]
fn a_repository_whose_path_no_record_can_name_is_refused_at_the_door() {
    let sandbox = Sandbox::new();
    let repo = sandbox.path(".").join(OsStr::from_bytes(b"s p\xff\xe9"));
    fs::rename(sandbox.repo(), &repo).unwrap();
    let okpath = sandbox.path("okpath");
    for words in [&["create", "a"][..], &["create", "a", "--path", okpath.to_str().unwrap()]] {
        let error = sandbox.refused_in(&repo, words, "name_invalid");
        assert!(error["hint"].as_str().unwrap().contains("rename the folder"), "{error}");
    }
    assert!(!okpath.exists());
    sandbox.wt_in(&repo, &["doctor"]).exits(1).answers(&["not valid UTF-8"]);
    sandbox.git(&repo, &["worktree", "add", "-q", okpath.to_str().unwrap()]);
    sandbox.refused_in(&okpath, &["adopt"], "name_invalid");
    sandbox.refused_in(&repo, &["remove", "okpath"], "name_invalid");
    assert!(okpath.join(".git").exists());
}

#[test]
fn of_two_folders_that_changed_places_each_is_named_and_the_advice_lets_the_records_follow() {
    let sandbox = Sandbox::new();
    let of = |name: &str| sandbox.worktree(name);
    for name in ["one", "two"] {
        sandbox.wt(&["create", name, "--ports"]).ok();
        write(&of(&format!("feature-{name}")), "mine.txt", name);
    }
    fs::rename(of("feature-one"), sandbox.path("aside")).unwrap();
    fs::rename(of("feature-two"), of("feature-one")).unwrap();
    fs::rename(sandbox.path("aside"), of("feature-two")).unwrap();
    assert_eq!(codes(&sandbox), ["worktree-foreign"; 2]);
    let told = sandbox.wt(&["--json", "validate"]).json();
    let hint = told["findings"][0]["hint"].as_str().unwrap();
    let cure = format!("git -C {} worktree repair {}", sandbox.repo().display(), of("feature-one").display());
    assert!(hint.starts_with(&format!("`{cure}` tells git that `feature-two` is there now")), "{hint}");
    let refused = sandbox.refused(&["remove", "feature-one", "--force"], "git_failed");
    assert!(refused["hint"].as_str().unwrap().contains(&cure), "{refused}");
    for name in ["feature-one", "feature-two"] {
        sandbox.git(&sandbox.repo(), &["worktree", "repair", &of(name).to_string_lossy()]);
    }
    sandbox.wt(&["validate", "--fix", "--yes"]).ok();
    assert!(codes(&sandbox).is_empty());
    let list = sandbox.json(&["list"]);
    for (name, folder) in [("one", "feature-two"), ("two", "feature-one")] {
        assert_eq!(fs::read_to_string(of(folder).join("mine.txt")).unwrap(), name);
        let is_it = |row: &&serde_json::Value| row["name"] == format!("feature-{name}");
        let row = list["worktrees"].as_array().unwrap().iter().find(is_it).unwrap();
        assert_eq!(row["path"], of(folder).to_str().unwrap(), "{list}");
    }
}
