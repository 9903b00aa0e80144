//! `wt hook post-checkout`, called by the real git: new worktrees are recorded, and switches are followed.

use std::fs;
use std::path::Path;

use crate::support::Sandbox;
use crate::support::hooks::{add, git, hooked, said, write_hooks};

fn env(folder: &Path) -> String {
    fs::read_to_string(folder.join(".env")).unwrap_or_default()
}

#[test]
fn a_worktree_made_by_git_gets_record_ports_and_env() {
    let sandbox = hooked();
    let (folder, output) = add(&sandbox, "by-git", "feature/login");
    let line = said(&output);
    assert!(line.contains("by-git") && line.contains(&sandbox.port(0).to_string()), "{line}");
    assert!(output.stdout.is_empty());
    let living = sandbox.living();
    assert_eq!(living.len(), 1);
    assert_eq!(living[0]["path"], folder.to_str().unwrap());
    assert_eq!(living[0]["branch"], "feature/login");
    assert_eq!(living[0]["purpose"], "feature");
    assert_eq!(living[0]["state"], "active");
    assert_eq!(living[0]["allocations"][0]["port"], sandbox.port(0));
    assert!(env(&folder).contains(&format!("PORT={}", sandbox.port(0))), "{}", env(&folder));
    assert!(env(&folder).contains("WT_BRANCH=feature/login"), "{}", env(&folder));
    assert_eq!(sandbox.status(&folder), "");
}

#[test]
fn the_purpose_is_what_the_branch_says() {
    let sandbox = hooked();
    for (branch, purpose) in
        [("fix/a", "bugfix"), ("bugfix/b", "bugfix"), ("review/c", "review"), ("hotfix/d", "hotfix")]
    {
        let name = branch.replace('/', "-");
        add(&sandbox, &name, branch);
        let living = sandbox.living();
        let entry = living.iter().find(|entry| entry["branch"] == branch).unwrap();
        assert_eq!(entry["purpose"], purpose, "{branch}");
        assert_eq!(entry["allocations"].as_array().unwrap().len(), 1, "{branch}");
    }
}

#[test]
fn a_branch_that_tells_no_purpose_is_recorded_alone() {
    let sandbox = hooked();
    let (folder, output) = add(&sandbox, "by-git", "whatever");
    assert!(said(&output).contains("by-git"));
    let living = sandbox.living();
    assert_eq!((&living[0]["branch"], &living[0]["purpose"]), (&"whatever".into(), &serde_json::Value::Null));
    assert_eq!(living[0]["allocations"], serde_json::json!([]));
    assert!(!folder.join(".env").exists());
}

#[test]
fn a_switch_of_branch_is_followed_by_record_and_env() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    let ports = sandbox.living()[0]["allocations"].clone();
    let output = git(&sandbox, &folder, &["switch", "-q", "-c", "feature/other"]);
    assert_eq!(said(&output), "");
    assert_eq!(sandbox.living()[0]["branch"], "feature/other");
    assert_eq!(sandbox.living()[0]["allocations"], ports);
    assert!(env(&folder).contains("WT_BRANCH=feature/other"), "{}", env(&folder));
    let changed = sandbox.events().into_iter().find(|event| event["event"] == "branch_changed").unwrap();
    assert_eq!((&changed["from"], &changed["to"]), (&"feature/login".into(), &"feature/other".into()));
    git(&sandbox, &folder, &["checkout", "-q", "--detach"]);
    assert_eq!(sandbox.living()[0]["branch"], serde_json::Value::Null);
    git(&sandbox, &folder, &["checkout", "-q", "feature/login"]);
    assert_eq!(sandbox.living()[0]["branch"], "feature/login");
    assert!(env(&folder).contains("WT_BRANCH=feature/login"));
}

#[test]
fn single_files_change_nothing() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    fs::remove_dir_all(sandbox.path("by-git/src")).unwrap();
    let before = fs::read(sandbox.state().join("registry.json")).unwrap();
    git(&sandbox, &folder, &["checkout", "-q", "--", "src"]);
    git(&sandbox, &folder, &["restore", "README.md"]);
    assert_eq!(fs::read(sandbox.state().join("registry.json")).unwrap(), before);
}

#[test]
fn the_main_worktree_and_a_clone_are_left_alone() {
    let mut sandbox = hooked();
    git(&sandbox, &sandbox.repo(), &["switch", "-q", "-c", "feature/here"]);
    let templates = sandbox.path("templates");
    write_hooks(&templates.join("hooks"));
    sandbox.set("GIT_TEMPLATE_DIR", templates);
    let output = git(&sandbox, &sandbox.path(""), &["clone", "-q", "proj", "copy"]);
    assert!(sandbox.path("copy/.git/hooks/post-checkout").exists());
    assert_eq!(said(&output), "");
    assert!(!sandbox.repo().join(".env").exists() && !sandbox.path("copy/.env").exists());
    assert_eq!(sandbox.living().len(), 0);
    assert!(!sandbox.state().join("registry.json").exists(), "nothing was to be recorded");
}

#[test]
fn a_worktree_of_a_bare_repository_is_recorded_too() {
    let mut sandbox = Sandbox::new();
    git(&sandbox, &sandbox.path(""), &["clone", "-q", "--bare", "proj", "bare.git"]);
    let bare = sandbox.path("bare.git");
    sandbox.install_hooks(&bare);
    let folder = sandbox.path("of-bare");
    git(&sandbox, &bare, &["worktree", "add", "-q", "-b", "feature/x", folder.to_str().unwrap()]);
    assert_eq!(sandbox.living()[0]["path"], folder.to_str().unwrap());
    assert!(env(&folder).contains("PORT="));
}

#[test]
fn a_create_records_its_own_worktree_and_the_hook_leaves_it() {
    let sandbox = hooked();
    let run = sandbox.wt(&["create", "login", "--ports"]).ok();
    assert!(!run.stderr.contains("wt: "), "{}", run.shown());
    let living = sandbox.living();
    assert_eq!(living.len(), 1);
    assert_eq!((&living[0]["created_by"], &living[0]["name"]), (&"wt".into(), &"feature-login".into()));
    let without = sandbox.wt(&["create", "plain", "--no-env"]).ok();
    assert!(!sandbox.worktree("feature-plain").join(".env").exists(), "{}", without.shown());
}

#[test]
fn automatic_adoption_can_be_turned_off() {
    let sandbox = hooked();
    sandbox.configure("[adopt]\nauto = false\n");
    let (folder, output) = add(&sandbox, "by-git", "feature/login");
    assert_eq!(said(&output), "");
    assert_eq!(sandbox.living().len(), 0);
    assert!(!folder.join(".env").exists());
}

#[test]
fn a_busy_port_is_named_and_the_worktree_recorded_without() {
    let sandbox = hooked();
    let _held = std::net::TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let (folder, output) = add(&sandbox, "by-git", "feature/login");
    let line = said(&output);
    assert!(line.contains("without ports") && line.contains(&sandbox.port(0).to_string()), "{line}");
    assert_eq!(sandbox.living()[0]["allocations"], serde_json::json!([]));
    assert!(!folder.join(".env").exists());
}

#[test]
fn an_env_file_that_git_tracks_or_nobody_can_read_is_said_and_stays() {
    let sandbox = hooked();
    for file in [".env", ".env.local"] {
        crate::support::git::write(&sandbox.repo(), file, "A=1\n");
    }
    sandbox.commit(&sandbox.repo(), "tracked");
    let (folder, output) = add(&sandbox, "tracked", "feature/tracked");
    assert!(said(&output).contains("tracked by git"), "{output:?}");
    assert_eq!(env(&folder), "A=1\n");
    assert_eq!(sandbox.status(&folder), "");
    assert_eq!(sandbox.living()[0]["branch"], "feature/tracked");
}

#[test]
fn an_exhausted_range_is_said() {
    let sandbox = hooked();
    add(&sandbox, "one", "hotfix/one");
    let (_, output) = add(&sandbox, "two", "hotfix/two");
    assert!(said(&output).contains("no free port"), "{output:?}");
    assert_eq!(sandbox.living().len(), 2);
}

#[test]
fn a_rebase_and_a_bisection_leave_the_branch_on_record() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    crate::support::git::write(&folder, "mine.txt", "mine\n");
    sandbox.commit(&folder, "mine");
    crate::support::git::write(&sandbox.repo(), "theirs.txt", "theirs\n");
    sandbox.commit(&sandbox.repo(), "theirs");
    let before = fs::read(sandbox.state().join("registry.json")).unwrap();
    git(&sandbox, &folder, &["rebase", "-q", "main"]);
    git(&sandbox, &folder, &["rebase", "-q", "--apply", "--force-rebase", "main"]);
    git(&sandbox, &folder, &["pull", "-q", "--rebase=true", ".", "main"]);
    git(&sandbox, &folder, &["bisect", "start", "HEAD", "HEAD~2"]);
    git(&sandbox, &folder, &["bisect", "reset"]);
    assert_eq!(sandbox.living()[0]["branch"], "feature/login");
    assert!(fs::read(sandbox.state().join("registry.json")).unwrap() == before, "nothing was written");
    assert!(env(&folder).contains("WT_BRANCH=feature/login"));
}

#[test]
fn a_folder_made_again_by_git_gets_its_block_again() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    let block = env(&folder);
    fs::remove_dir_all(&folder).unwrap();
    let path = folder.to_str().unwrap();
    git(&sandbox, &sandbox.repo(), &["worktree", "add", "-q", "-f", path, "feature/login"]);
    assert_eq!(env(&folder), block);
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn variables_that_point_git_elsewhere_are_not_heard() {
    let mut sandbox = hooked();
    let other = sandbox.make_repository("other");
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    sandbox.set("GIT_DIR", other.join(".git"));
    sandbox.set("GIT_WORK_TREE", other);
    let zeros = "0".repeat(40);
    sandbox.set("GIT_INDEX_FILE", "/nowhere");
    fs::write(folder.join(".git-head"), "").unwrap();
    let head = fs::read_to_string(sandbox.repo().join(".git/worktrees/by-git/HEAD")).unwrap();
    fs::write(sandbox.repo().join(".git/worktrees/by-git/HEAD"), head.replace("login", "else")).unwrap();
    sandbox.wt_in(&folder, &["hook", "post-checkout", &zeros[1..], &zeros, "1"]).ok();
    assert_eq!(sandbox.living()[0]["branch"], "feature/else");
}

#[test]
fn many_worktrees_at_once_get_ports_of_their_own() {
    let sandbox = hooked();
    let children: Vec<_> = (0..6)
        .map(|number| {
            let path = sandbox.path(&format!("many-{number}"));
            let branch = format!("feature/many-{number}");
            let repo = sandbox.path(&format!("clone-{number}"));
            git(&sandbox, &sandbox.path(""), &["clone", "-q", "proj", repo.to_str().unwrap()]);
            write_hooks(&repo.join(".git/hooks"));
            let arguments = ["worktree", "add", "-q", "-b", &branch, path.to_str().unwrap()];
            sandbox.program("git", &repo).args(arguments).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(crate::support::wait::end_of(&mut child).success());
    }
    let mut ports: Vec<u64> =
        sandbox.living().iter().map(|entry| entry["allocations"][0]["port"].as_u64().unwrap()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 6);
}

#[test]
fn a_deleted_worktree_is_released_by_the_next_checkout() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    let (kept, _) = add(&sandbox, "kept", "feature/kept");
    let (moved, _) = add(&sandbox, "moved", "feature/moved");
    git(&sandbox, &sandbox.repo(), &["worktree", "lock", kept.to_str().unwrap()]);
    git(
        &sandbox,
        &sandbox.repo(),
        &["worktree", "move", moved.to_str().unwrap(), sandbox.path("away").to_str().unwrap()],
    );
    fs::rename(&kept, sandbox.path("carried-off")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let output = git(&sandbox, &sandbox.repo(), &["switch", "-q", "-c", "x"]);
    assert!(said(&output).contains("by-git"), "{output:?}");
    let names: Vec<_> = sandbox.living().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, ["kept", "moved"]);
    assert_eq!(said(&git(&sandbox, &sandbox.repo(), &["switch", "-q", "main"])), "", "said once");
}

#[test]
fn a_name_that_git_gives_again_is_a_new_worktree() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "one/same", "feature/first");
    fs::remove_dir_all(&folder).unwrap();
    git(&sandbox, &sandbox.repo(), &["worktree", "prune"]);
    let (folder, _) = add(&sandbox, "two/same", "feature/second");
    let living = sandbox.living();
    assert_eq!(living.len(), 1, "{living:?}");
    assert_eq!(
        (&living[0]["branch"], &living[0]["path"]),
        (&"feature/second".into(), &folder.to_str().unwrap().into())
    );
    assert!(env(&folder).contains("WT_BRANCH=feature/second"), "{}", env(&folder));
}

#[test]
fn a_moved_worktree_is_followed_to_its_folder() {
    let sandbox = hooked();
    let (folder, _) = add(&sandbox, "by-git", "feature/login");
    let moved = sandbox.path("moved");
    git(&sandbox, &sandbox.repo(), &["worktree", "move", folder.to_str().unwrap(), moved.to_str().unwrap()]);
    git(&sandbox, &moved, &["switch", "-q", "-c", "feature/other"]);
    let living = sandbox.living();
    assert_eq!(
        (&living[0]["branch"], &living[0]["path"]),
        (&"feature/other".into(), &moved.to_str().unwrap().into())
    );
    assert!(env(&moved).contains("WT_BRANCH=feature/other"));
}

#[test]
fn a_worktree_that_git_makes_again_gets_its_former_port() {
    let sandbox = hooked();
    add(&sandbox, "first", "feature/first");
    let (folder, _) = add(&sandbox, "second", "feature/second");
    for name in ["first", "second"] {
        fs::remove_dir_all(sandbox.path(name)).unwrap();
    }
    git(&sandbox, &sandbox.repo(), &["checkout", "-q", "main"]);
    git(&sandbox, &sandbox.repo(), &["worktree", "prune"]);
    assert_eq!(sandbox.living().len(), 0);
    git(&sandbox, &sandbox.repo(), &["worktree", "add", "-q", folder.to_str().unwrap(), "feature/second"]);
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(1));
}
