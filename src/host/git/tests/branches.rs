//! Discovery and branches.

use super::sandbox::{Sandbox, write};
use crate::error::Code;
use crate::host::git::{Repository, Whereabouts};
use crate::model::branch::{BranchHold, Head};

#[test]
fn a_repository_is_found_from_anywhere_in_it() {
    let sandbox = Sandbox::new();
    let linked = sandbox.path("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    write(&sandbox.path("main").join("a/b/x"), "");
    for start in ["main", "main/a/b", "main/.git", "linked", "main/.git/worktrees/linked"] {
        let found = Repository::discover(&sandbox.path(start)).unwrap();
        assert_eq!(found.common_dir(), sandbox.path("main/.git"), "{start}");
        assert_eq!(found.root(), sandbox.path("main"), "{start}");
        assert_eq!(found.name(), "main");
    }
    let found = Repository::discover(&linked).unwrap();
    assert_eq!(found.current().unwrap().admin.as_deref(), Some("linked"));
    assert_eq!(found.head().unwrap(), Head::Branch("linked".into()));
    let outside = Repository::discover(sandbox.folder.path()).err().unwrap();
    assert_eq!(outside.code(), Code::NotARepository);
}

#[test]
fn a_branch_is_in_use_by_whoever_stands_on_another_name_of_it() {
    let sandbox = Sandbox::new();
    let linked = sandbox.path("linked");
    for command in [
        &["branch", "real"][..],
        &["symbolic-ref", "refs/heads/alias", "refs/heads/real"],
        &["symbolic-ref", "refs/heads/far", "refs/heads/alias"],
        &["worktree", "add", "-q", linked.to_str().unwrap(), "far"],
    ] {
        sandbox.git(command);
    }
    let found = Repository::discover(&sandbox.path("main")).unwrap();
    let used = found.branch_in_use("real").unwrap().unwrap();
    assert_eq!((used.path, used.hold), (linked, BranchHold::CheckedOut));
    assert!(found.branch_in_use("other").unwrap().is_none());
    // A circle leads nowhere.
    sandbox.git(&["symbolic-ref", "refs/heads/real", "refs/heads/far"]);
    assert!(found.branch_in_use("other").unwrap().is_none());
}

#[test]
fn a_bare_repository_goes_by_the_folder_around_it() {
    let sandbox = Sandbox::new();
    for (folder, start) in [("p/proj/.bare", "p/proj"), ("p/proj.git", "p/proj.git")] {
        let target = sandbox.path(folder);
        sandbox.git(&["clone", "-q", "--bare", ".", target.to_str().unwrap()]);
        if start == "p/proj" {
            write(&sandbox.path("p/proj/.git"), "gitdir: ./.bare\n");
        }
        let found = Repository::discover(&sandbox.path(start)).unwrap();
        assert!(found.is_bare() && found.current().is_none());
        assert_eq!((found.name().as_str(), found.parent()), ("proj", sandbox.path("p").as_path()));
        assert!(found.worktrees().unwrap().is_empty());
    }
}

#[test]
fn a_branch_being_rebased_or_bisected_or_whose_folder_is_gone_is_in_use() {
    let sandbox = Sandbox::new();
    let first = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.commit("file", "main's\n");
    for name in ["rebased", "bisected", "gone"] {
        sandbox.git(&["worktree", "add", "-q", "-b", name, sandbox.path(name).to_str().unwrap(), &first]);
    }
    write(&sandbox.path("rebased/file"), "ours\n");
    sandbox.git_in(&sandbox.path("rebased"), &["commit", "-qam", "ours"]);
    let (_, is_done) = sandbox.try_git(&sandbox.path("rebased"), &["rebase", "-q", "main"]);
    assert!(!is_done);
    sandbox.git_in(&sandbox.path("bisected"), &["bisect", "start"]);
    sandbox.git_in(&sandbox.path("bisected"), &["checkout", "-q", "--detach"]);
    std::fs::remove_dir_all(sandbox.path("gone")).unwrap();
    let repository = sandbox.repository();
    for (name, hold) in
        [("rebased", BranchHold::Rebase), ("bisected", BranchHold::Bisect), ("gone", BranchHold::CheckedOut)]
    {
        let found = repository.branch_in_use(name).unwrap().unwrap();
        assert_eq!((found.hold, found.path), (hold, sandbox.path(name)));
    }
    assert_eq!(repository.branch_in_use("main").unwrap().unwrap().admin, None);
    assert_eq!(repository.branch_in_use("other").unwrap(), None);
    // As git has it, also where somebody went to another branch in the middle of it.
    sandbox.git_in(&sandbox.path("bisected"), &["symbolic-ref", "HEAD", "refs/heads/elsewhere"]);
    sandbox.git_in(&sandbox.path("rebased"), &["symbolic-ref", "HEAD", "refs/heads/away"]);
    for (name, hold) in [("rebased", BranchHold::Rebase), ("bisected", BranchHold::Bisect)] {
        assert_eq!(repository.branch_in_use(name).unwrap().unwrap().hold, hold);
    }
}

#[test]
fn a_branch_that_is_not_there_yet_is_whoevers_head_names_it() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("linked");
    sandbox.git(&["worktree", "add", "-q", "--detach", path.to_str().unwrap()]);
    let repository = sandbox.repository();
    assert_eq!(repository.new_branch_in_use("fresh").unwrap(), None);
    write(&sandbox.path("main/.git/worktrees/linked/rebase-merge/head-name"), "refs/heads/fresh\n");
    assert_eq!(repository.new_branch_in_use("fresh").unwrap().unwrap().hold, BranchHold::Rebase);
    std::fs::remove_dir_all(sandbox.path("main/.git/worktrees/linked/rebase-merge")).unwrap();
    sandbox.git_in(&path, &["symbolic-ref", "HEAD", "refs/heads/fresh"]);
    let used = repository.new_branch_in_use("fresh").unwrap().unwrap();
    assert_eq!((used.hold, used.path), (BranchHold::CheckedOut, path));
    sandbox.git(&["symbolic-ref", "HEAD", "refs/heads/newer"]);
    assert_eq!(repository.new_branch_in_use("newer").unwrap().unwrap().admin, None);
}

#[test]
fn a_worktree_is_found_by_its_folder_also_where_that_is_gone_or_reached_through_a_link() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("real/linked");
    sandbox.git(&["worktree", "add", "-q", path.to_str().unwrap()]);
    sandbox.git(&["worktree", "add", "-q", sandbox.path("other").to_str().unwrap()]);
    std::os::unix::fs::symlink(sandbox.path("real"), sandbox.path("way")).unwrap();
    std::os::unix::fs::symlink(&path, sandbox.path("alias")).unwrap();
    let repository = sandbox.repository();
    let found = |path: &str| {
        let found = repository.find_worktree(&sandbox.path(path)).unwrap();
        found.and_then(|worktree| worktree.admin)
    };
    for spelled in ["real/linked", "way/linked", "alias", "real/../way/linked"] {
        assert_eq!(found(spelled).as_deref(), Some("linked"), "{spelled}");
    }
    // git's own record may name it through a link as well.
    write(
        &sandbox.path("main/.git/worktrees/linked/gitdir"),
        &format!("{}/alias/.git\n", sandbox.path("").display()),
    );
    assert_eq!(found("real/linked").as_deref(), Some("linked"));
    std::fs::remove_dir_all(sandbox.path("other")).unwrap();
    for spelled in ["other", "real/../other", "way/../other"] {
        assert_eq!(found(spelled).as_deref(), Some("other"), "{spelled}");
    }
    assert_eq!(found("real/other"), None);
}

#[test]
fn a_head_that_is_a_symbolic_link_names_its_branch_and_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.preferSymlinkRefs", "true"]);
    let path = sandbox.path("linked");
    sandbox.git(&["worktree", "add", "-q", "-b", "sb", path.to_str().unwrap()]);
    // git itself may write the name, as newer ones do.
    let point = |git_dir: &str, branch: &str| {
        let head = sandbox.path("main/.git").join(git_dir).join("HEAD");
        let _ = std::fs::remove_file(&head);
        std::os::unix::fs::symlink(format!("refs/heads/{branch}"), head).unwrap();
    };
    point("worktrees/linked", "sb");
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let at_branch = |name: &str| (Head::Branch(name.to_owned()), Some(commit.clone()));
    for is_packed in [false, true] {
        let repository = sandbox.repository();
        assert_eq!(repository.read_head_and_commit(Some("linked")).unwrap(), at_branch("sb"));
        assert_eq!(repository.head_in_file("linked"), Some(Head::Branch("sb".to_owned())));
        let linked = repository.find_worktree_called("linked").unwrap().unwrap();
        assert_eq!((linked.broken, linked.head), (None, Head::Branch("sb".to_owned())));
        let used = repository.branch_in_use("sb").unwrap().unwrap();
        assert_eq!((used.hold, used.path), (BranchHold::CheckedOut, path.clone()));
        let names = vec![("linked".to_owned(), Some("sb".to_owned()))];
        assert_eq!(repository.names_with_branches(), names);
        let inside = Repository::discover(&path).unwrap();
        assert_eq!(inside.find_commit("HEAD").unwrap().as_ref(), Some(&commit), "packed: {is_packed}");
        let place = Whereabouts::find(&path).unwrap();
        assert_eq!(place.head(), Head::Branch("sb".to_owned()));
        assert!(repository.has_worktree("linked") && place.has_other("linked"));
        // The main one's link leads to the branch's file, as long as it has one.
        point("", "main");
        let repository = sandbox.repository();
        assert_eq!(repository.read_head_and_commit(None).unwrap(), at_branch("main"));
        assert_eq!(repository.branch_in_use("main").unwrap().unwrap().admin, None);
        sandbox.git(&["pack-refs", "--all"]);
    }
    // A link to no ref is followed, as git follows it.
    let head = sandbox.path("main/.git/worktrees/linked/HEAD");
    std::fs::rename(&head, sandbox.path("kept")).unwrap();
    write(&sandbox.path("elsewhere"), "ref: refs/heads/sb\n");
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), head).unwrap();
    assert_eq!(sandbox.repository().read_head_and_commit(Some("linked")).unwrap(), at_branch("sb"));
}

#[test]
fn a_branch_is_made_once_and_deleted_only_unchanged() {
    let sandbox = Sandbox::new();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let repository = sandbox.repository();
    repository.create_branch("feat/x", &commit, "branch: Created from main").unwrap();
    assert_eq!(repository.create_branch("feat/x", &commit, "").unwrap_err().code(), Code::BranchExists);
    assert_eq!(repository.create_branch("feat", &commit, "").unwrap_err().code(), Code::BranchExists);
    assert_eq!(repository.branch_obstacle("feat").unwrap().as_deref(), Some("feat/x"));
    assert_eq!(repository.branch_obstacle("feat/x/y").unwrap().as_deref(), Some("feat/x"));
    sandbox.git(&["pack-refs", "--all"]);
    assert_eq!(repository.branch_obstacle("feat").unwrap().as_deref(), Some("feat/x"));
    sandbox.git(&["config", "branch.feat/x.remote", "."]);
    sandbox.git(&["config", "branch.feat/x.merge", "refs/heads/main"]);
    let later = sandbox.commit("more", "");
    assert!(!repository.delete_branch("feat/x", &later).unwrap());
    assert!(repository.delete_branch("feat/x", &commit).unwrap());
    assert_eq!(repository.find_branch("feat/x").unwrap(), None);
    assert!(!sandbox.git(&["config", "--list"]).contains("feat/x"));
    assert!(!repository.is_merged_or_pushed(&later, Some("main")).unwrap());
    assert!(repository.is_merged_or_pushed(&commit, None).unwrap());
}

#[test]
fn another_name_of_a_branch_is_not_deleted_and_neither_is_the_branch() {
    for init in [&["init", "-q"][..], &["init", "-q", "--object-format=sha256"]] {
        let sandbox = Sandbox::new();
        let path = sandbox.path("alias");
        std::fs::create_dir(&path).unwrap();
        for words in [
            init,
            &[
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@example.org",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                "x",
            ],
            &["branch", "topic"],
            &["symbolic-ref", "refs/heads/alias", "refs/heads/topic"],
        ] {
            sandbox.git_in(&path, words);
        }
        let repository = Repository::discover(&path).unwrap();
        let commit = sandbox.git_in(&path, &["rev-parse", "topic"]);
        assert!(!repository.delete_branch("alias", &commit).unwrap());
        assert_eq!(sandbox.git_in(&path, &["rev-parse", "topic"]), commit);
        assert_eq!(sandbox.git_in(&path, &["symbolic-ref", "refs/heads/alias"]), "refs/heads/topic");
        assert!(repository.delete_branch("topic", &commit).unwrap());
    }
}

#[test]
fn a_branch_of_several_remotes_is_ambiguous_until_one_is_preferred() {
    let sandbox = Sandbox::new();
    sandbox.git(&["branch", "topic"]);
    let clone = sandbox.path("clone");
    sandbox.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let open = || Repository::discover(&clone).unwrap();
    assert_eq!(open().find_remote_branch("topic").unwrap().unwrap().tracking, "refs/remotes/origin/topic");
    assert_eq!(open().find_tracking("origin/topic").unwrap().unwrap().name, "topic");
    let clues = open().default_branch_clues(None).unwrap();
    assert_eq!(clues.remotes[0].head.as_deref(), Some("main"));
    sandbox.git_in(&clone, &["remote", "add", "-f", "other", sandbox.path("main").to_str().unwrap()]);
    assert_eq!(open().find_remote_branch("topic").unwrap_err().code(), Code::Ambiguous);
    sandbox.git_in(&clone, &["config", "checkout.defaultRemote", "other"]);
    let chosen = open().find_remote_branch("topic").unwrap().unwrap();
    assert_eq!(chosen.remote, "other");
    open().create_branch("topic", &chosen.commit, "branch: Created").unwrap();
    open().set_upstream("topic", &chosen).unwrap();
    let upstream = open().upstream("topic").unwrap().unwrap();
    assert_eq!(upstream.commit, Some(chosen.commit));
    assert_eq!(sandbox.git_in(&clone, &["rev-parse", "--abbrev-ref", "topic@{u}"]), "other/topic");
}

#[test]
fn many_at_once_make_one_id_and_all_branches() {
    let sandbox = Sandbox::new();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let upstream = crate::model::branch::RemoteBranch {
        remote: ".".into(),
        name: "main".into(),
        tracking: "refs/heads/main".into(),
        commit: commit.clone(),
    };
    let path = sandbox.path("main");
    let one = |number: usize| {
        let repository = Repository::discover(&path).unwrap();
        let name = format!("many/{number}");
        repository.create_branch(&name, &commit, "branch: Created").unwrap();
        repository.set_upstream(&name, &upstream).unwrap();
        repository.require_id().unwrap()
    };
    let one = &one;
    let ids: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64).map(|number| scope.spawn(move || one(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(sandbox.repository().branches().unwrap().len(), 65);
    assert_eq!(sandbox.git(&["config", "--get-regexp", r"branch\.many.*\.merge"]).lines().count(), 64);
}
