//! `wt list`: every worktree at a glance, plain in a pipe, whole in JSON.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git};

fn named<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let all = answer["worktrees"].as_array().unwrap();
    all.iter().find(|worktree| worktree["name"] == name).unwrap_or_else(|| panic!("no {name}: {answer}"))
}

#[test]
fn json_has_every_worktree_whole() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let answer = sandbox.json(&["list"]);
    let all = answer["worktrees"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    let main = all.iter().find(|worktree| worktree["main"] == true).unwrap();
    assert_eq!(main["path"], sandbox.repo().to_str().unwrap());
    assert_eq!(main["branch"], "main");
    assert_eq!(main["current"], true);
    let login = named(&answer, "feature-login");
    assert_eq!(login["branch"], "feature/login");
    assert_eq!(login["purpose"], "feature");
    assert_eq!(login["identifier"], "login");
    assert_eq!(login["state"], "active");
    assert_eq!(login["registered"], true);
    assert_eq!(login["missing"], false);
    assert_eq!(login["current"], false);
    assert_eq!(login["ports"][0]["port"], sandbox.port(0));
    assert!(login.get("changes").is_none(), "status was not asked for");
}

#[test]
fn the_current_one_is_the_one_one_stands_in() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    let answer = sandbox.json_in(&folder.join("src"), &["list"]);
    assert_eq!(named(&answer, "feature-login")["current"], true);
}

#[test]
fn in_a_list_of_all_repositories_only_where_one_stands_is_current() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let other = sandbox.make_repository("other");
    sandbox.json_in(&other, &["create", "pay"]);
    let login = sandbox.worktree("feature-login");
    for (folder, expected) in [
        (sandbox.repo(), vec![sandbox.repo()]),
        (login.join("src"), vec![login]),
        (other.clone(), vec![other]),
        (sandbox.path("home"), vec![]),
    ] {
        let answer = sandbox.json_in(&folder, &["list", "--all"]);
        let all = answer["worktrees"].as_array().unwrap();
        assert_eq!(all.len(), 4, "{answer}");
        let current = all.iter().filter(|worktree| worktree["current"] == true);
        let current: Vec<_> = current.map(|worktree| worktree["path"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = expected.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
        assert_eq!(current, expected, "from {}", folder.display());
        let shown = sandbox.wt_in(&folder, &["list", "--all"]).ok();
        assert_eq!(shown.stdout.matches("current").count(), expected.len(), "{}", shown.shown());
    }
}

#[test]
fn locked_missing_and_unregistered_are_marked() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "kept", "--lock=why not"]).ok();
    sandbox.wt(&["create", "gone"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    let by_git = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "topic", by_git.to_str().unwrap()]);
    let answer = sandbox.json(&["list"]);
    let locked = &named(&answer, "feature-kept")["locked"];
    assert!(locked == true || locked == "why not", "{locked}");
    assert_eq!(named(&answer, "feature-gone")["missing"], true);
    let all = answer["worktrees"].as_array().unwrap();
    let other = all.iter().find(|worktree| worktree["branch"] == "topic").unwrap();
    assert_eq!(other["registered"], false);
    let plain = sandbox.wt(&["list"]).ok();
    for word in ["locked", "missing", "unregistered"] {
        assert!(plain.stdout.contains(word), "{word} is not shown: {}", plain.shown());
    }
}

#[test]
fn status_counts_changes_and_commits() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.commit(&folder, "ahead");
    sandbox.commit(&sandbox.repo(), "one");
    sandbox.commit(&sandbox.repo(), "two");
    git::write(&folder, "README.md", "changed\n");
    git::write(&folder, "new.txt", "new\n");
    git::write(&folder, "staged.txt", "staged\n");
    sandbox.git(&folder, &["add", "staged.txt"]);
    let answer = sandbox.json(&["list", "--status"]);
    let login = named(&answer, "feature-login");
    assert_eq!(login["changes"]["staged"], 1);
    assert_eq!(login["changes"]["modified"], 1);
    assert_eq!(login["changes"]["untracked"], 1);
    assert_eq!((&login["ahead"], &login["behind"]), (&Value::from(1), &Value::from(2)));
    sandbox.wt(&["list", "--status"]).ok();
}

#[test]
fn all_spans_repositories() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.wt(&["create", "here"]).ok();
    sandbox.json_in(&other, &["create", "there"]);
    let answer = sandbox.json(&["list", "--all"]);
    named(&answer, "feature-here");
    assert_eq!(named(&answer, "feature-there")["repository"], other.to_str().unwrap());
    let from_nowhere = sandbox.json_in(&sandbox.path("home"), &["list", "--all"]);
    named(&from_nowhere, "feature-there");
    let only_here = sandbox.json(&["list"]);
    assert!(!only_here.to_string().contains("feature-there"), "{only_here}");
}

#[test]
fn each_repository_is_shown_with_the_configuration_that_counts_in_it() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    for (repository, name) in [(sandbox.repo(), "here"), (other.clone(), "there")] {
        let url = format!("[service.web]\nurl = \"http://{name}.test:{{{{ port }}}}\"\n");
        git::write(&repository, ".wt.toml", &url);
        sandbox.wt_in(&repository, &["trust", "--yes"]).ok();
        sandbox.json_in(&repository, &["create", name, "--ports=web"]);
    }
    let ports = [0, 1].map(|index| sandbox.port(index));
    let home = sandbox.path("home");
    for folder in [&sandbox.repo(), &other, &home] {
        let list = sandbox.json_in(folder, &["list", "--all"]);
        let ports_list = sandbox.json_in(folder, &["ports", "list", "--all"]);
        for (name, port) in [("here", ports[0]), ("there", ports[1])] {
            let url = Value::from(format!("http://{name}.test:{port}"));
            let worktree = format!("feature-{name}");
            assert_eq!(named(&list, &worktree)["ports"][0]["url"], url, "{list}");
            assert_eq!(named(&ports_list, &worktree)["ports"][0]["url"], url, "{ports_list}");
        }
        let current = |one: &&Value| one["current"] == true;
        assert!(list["worktrees"].as_array().unwrap().iter().filter(current).count() <= 1, "{list}");
    }
}

#[test]
fn all_survives_a_repository_that_is_gone() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.json_in(&other, &["create", "there"]);
    fs::remove_dir_all(&other).unwrap();
    sandbox.wt(&["list", "--all"]).ok();
}

#[test]
fn in_a_pipe_it_is_plain_and_a_line_a_worktree() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let run = sandbox.wt(&["list"]).ok();
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('│'), "{}", run.shown());
    let line = run.stdout.lines().find(|line| line.contains("feature-login")).unwrap();
    assert!(line.contains("feature/login") && line.contains(&sandbox.port(0).to_string()), "{}", run.shown());
    let forced = sandbox.wt(&["--color", "always", "list"]).ok();
    assert!(forced.stdout.contains('\u{1b}') || forced.stdout.contains("feature-login"));
}

#[test]
fn a_closed_pipe_is_silence() {
    let sandbox = Sandbox::new();
    for number in 0..3 {
        sandbox.wt(&["create", &format!("n{number}")]).ok();
    }
    let wt = env!("CARGO_BIN_EXE_wt");
    for arguments in ["list", "--json list", "config show", "completions bash"] {
        let script = format!("{{ '{wt}' {arguments}; echo \"exit $?\" >&2; }} | head -c 1 >/dev/null");
        let output = sandbox
            .program("sh", &sandbox.repo())
            .args(["-c", &script])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "exit 0\n", "{arguments}");
    }
    // A pipe that is closed before anything is written, for certain.
    let mut command = sandbox.command(&sandbox.repo(), &["list"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn on_a_terminal_it_is_a_table() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let (status, screen) = Terminal::start(sandbox.command(&sandbox.repo(), &["list"])).finish();
    assert_eq!(status, 0, "{screen}");
    for word in ["feature-login", "feature/login", &sandbox.port(0).to_string()] {
        assert!(screen.contains(word), "{word} is not shown:\n{screen}");
    }
}

#[test]
fn escapes_in_a_branch_never_reach_the_terminal_raw() {
    let sandbox = Sandbox::new();
    let branch = "evil/a\u{202e}b";
    sandbox.wt(&["create", "evil", "--branch", branch]).ok();
    let run = sandbox.wt(&["list"]).ok();
    assert!(!run.stdout.contains('\u{202e}'), "{}", run.shown());
    let answer = sandbox.json(&["list"]);
    assert_eq!(named(&answer, "feature-evil")["branch"], branch, "JSON has it whole");
}

#[test]
fn a_branch_switched_by_git_is_shown_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["switch", "-q", "-c", "elsewhere"]);
    let answer = sandbox.json(&["list"]);
    assert_eq!(named(&answer, "feature-login")["branch"], "elsewhere");
}

#[test]
fn a_worktree_moved_by_git_is_shown_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let moved = sandbox.path("moved");
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "move", folder.to_str().unwrap(), moved.to_str().unwrap()]);
    let answer = sandbox.json(&["list"]);
    let login = named(&answer, "feature-login");
    assert_eq!(login["path"], moved.to_str().unwrap());
    assert_eq!(login["missing"], false);
}

#[test]
fn a_worktree_that_rebases_or_bisects_is_shown_and_found_by_its_branch() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    sandbox.wt(&["create", "a", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-a");
    git::write(&folder, "README.md", "topic\n");
    sandbox.commit(&folder, "topic");
    git::write(&repo, "README.md", "main\n");
    sandbox.commit(&repo, "main");
    assert!(!sandbox.try_git(&folder, &["rebase", "main"]).status.success());
    let told = sandbox.json(&["list"]);
    let told = named(&told, "feature-a");
    assert!(told["branch"].is_null(), "{told}");
    assert_eq!(told["returning"], serde_json::json!({"doing": "rebasing", "branch": "feature/a"}), "{told}");
    let shown = sandbox.wt(&["list"]).ok().stdout;
    assert!(shown.contains("rebasing feature/a"), "{shown}");
    assert_eq!(sandbox.wt(&["path", "feature/a"]).ok().stdout.trim(), folder.to_str().unwrap());
    sandbox.git(&folder, &["rebase", "--abort"]);
    assert!(named(&sandbox.json(&["list"]), "feature-a").get("returning").is_none());
    sandbox.git(&folder, &["bisect", "start", "HEAD", "HEAD~1"]);
    sandbox.git(&folder, &["checkout", "-q", "--detach"]);
    assert!(sandbox.wt(&["list"]).ok().stdout.contains("bisecting feature/a"));
}
