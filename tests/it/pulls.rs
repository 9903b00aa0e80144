//! Pull requests as worktrees, by git alone and with the forge's own program beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::git::write;

/// A forge with the repository `own/proj`, the fork `alice/proj`, and the user's clone of the first.
struct Forge {
    sandbox: Sandbox,
    own: PathBuf,
    fork: PathBuf,
}

impl Forge {
    fn new() -> Self {
        let mut sandbox = Sandbox::new();
        let repo = sandbox.repo();
        let (own, fork) = (sandbox.path("forge/own/proj.git"), sandbox.path("forge/alice/proj.git"));
        let at = |path: &Path| path.to_string_lossy().into_owned();
        for bare in [&own, &fork] {
            fs::create_dir_all(bare.parent().unwrap()).unwrap();
            sandbox.git(&repo, &["clone", "-q", "--bare", ".", &at(bare)]);
        }
        sandbox.git(&repo, &["remote", "add", "origin", &at(&own)]);
        sandbox.git(&repo, &["fetch", "-q", "origin"]);
        sandbox.git(&repo, &["branch", "-q", "--set-upstream-to=origin/main", "main"]);
        // No program of the machine's answers.
        let bin = sandbox.path("bin");
        fs::create_dir_all(&bin).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let is_silent = |folder: &PathBuf| !folder.join("gh").exists() && !folder.join("glab").exists();
        let folders = std::iter::once(bin).chain(std::env::split_paths(&path).filter(is_silent));
        sandbox.set("PATH", std::env::join_paths(folders).unwrap());
        Self { sandbox, own, fork }
    }

    /// Commits on `parent` and puts the result at `refs` of the repository; answers the commit.
    fn commit(&self, parent: &str, file: &str, refs: &[&str]) -> String {
        let work = self.sandbox.path("work");
        if !work.exists() {
            self.sandbox.git(&self.sandbox.path("."), &["clone", "-q", &self.own.to_string_lossy(), "work"]);
        }
        self.sandbox.git(&work, &["fetch", "-q", "origin"]);
        self.sandbox.git(&work, &["checkout", "-q", "--detach", parent]);
        write(&work, file, &format!("{file} of {parent}\n"));
        let commit = self.sandbox.commit(&work, file);
        for reference in refs {
            self.sandbox.git(&work, &["push", "-q", "--force", "origin", &format!("HEAD:{reference}")]);
        }
        commit
    }

    /// Puts a program on PATH that answers with `script`.
    fn program(&self, name: &str, script: &str) {
        let file = self.sandbox.path("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    }

    fn gh(&self, head: &str, branch: &str, is_fork: bool) {
        let told = json!({"title": "A title", "url": "https://forge.example/own/proj/pull/7", "author": {"login": "alice"},
            "headRefName": branch, "headRefOid": head, "isCrossRepository": is_fork,
            "headRepository": {"name": "proj"}, "headRepositoryOwner": {"login": if is_fork { "alice" } else { "own" }}});
        self.program("gh", &format!("test \"$GH_PROMPT_DISABLED\" = 1 || exit 9\ncat <<'END'\n{told}\nEND"));
    }

    fn settings(&self) -> String {
        self.sandbox.git(&self.sandbox.repo(), &["config", "--local", "--list"])
    }

    fn refs(&self) -> String {
        self.sandbox.git(&self.sandbox.repo(), &["for-each-ref", "--format=%(refname)", "refs/wt"])
    }
}

fn folder(report: &Value) -> PathBuf {
    PathBuf::from(report["worktree"]["path"].as_str().unwrap())
}

#[test]
fn a_pull_request_is_fetched_with_git_alone_and_is_foreign_where_nothing_proves_it_is_not() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    let head = forge.commit("origin/main", "theirs", &["refs/pull/7/head"]);
    let before = (forge.settings(), forge.refs());
    let shown = sandbox.json(&["create", "pr:7", "--dry-run"]);
    assert_eq!(
        (&shown["plan"]["name"], &shown["plan"]["pull"]["head"]),
        (&json!("review-pr-7"), &json!(head))
    );
    assert_eq!((forge.settings(), forge.refs()), before, "a dry run changes nothing");
    let report = sandbox.json(&["create", "pr:7", "--ports"]);
    let worktree = &report["worktree"];
    assert_eq!(
        (&worktree["name"], &worktree["purpose"]),
        (&json!("review-pr-7"), &json!("review")),
        "{report}"
    );
    assert_eq!((&worktree["branch"], &worktree["foreign"]), (&json!("pr/7"), &json!(true)), "{report}");
    assert_eq!(
        (&worktree["pull"]["number"], &worktree["pull"]["head"]),
        (&json!(7), &json!(head)),
        "{report}"
    );
    assert_eq!((&report["created"], &worktree["pull"]["remote"]), (&json!(true), &json!("origin")));
    assert!(folder(&report).join("theirs").exists());
    assert_eq!(forge.refs(), "refs/wt/pull/origin/pr-7");
    // A plain push reaches nothing and makes no branch.
    let push = sandbox.try_git(&folder(&report), &["push"]);
    assert!(!push.status.success());
    assert!(!sandbox.has_branch(&forge.own, "pr/7"));
    // Again: nothing new, something new, something of one's own in the way.
    let again = |arguments: &[&str]| sandbox.json(&[&["create", "pr:7"], arguments].concat());
    assert_eq!((&again(&[])["created"], &again(&[])["updated"]), (&json!(false), &json!(false)));
    sandbox.wt_in(&folder(&report), &["trust", "--here", "--yes"]).ok();
    let next = forge.commit(&head, "more", &["refs/pull/7/head"]);
    write(&folder(&report), "mine", "m");
    sandbox.wt(&["--json", "create", "pr:7"]).exits(1).error("dirty");
    fs::remove_file(folder(&report).join("mine")).unwrap();
    assert_eq!(sandbox.json(&["list"])["worktrees"][1]["foreign"], false);
    let moved = again(&[]);
    assert_eq!((&moved["updated"], &moved["worktree"]["head"]), (&json!(true), &json!(next)), "{moved}");
    assert_eq!(
        (&moved["worktree"]["foreign"], &moved["worktree"]["pull"]["head"]),
        (&json!(true), &json!(next))
    );
    // What git ignores there is nobody else's to overwrite.
    let exclude = sandbox.repo().join(".git/info/exclude");
    let lines = fs::read_to_string(&exclude).unwrap();
    fs::write(&exclude, format!("{lines}secret\n")).unwrap();
    write(&folder(&report), "secret", "mine");
    forge.commit(&next, "secret", &["refs/pull/7/head"]);
    sandbox.wt(&["--json", "create", "pr:7"]).exits(1).error("git_failed");
    assert_eq!(fs::read_to_string(folder(&report).join("secret")).unwrap(), "mine");
    fs::remove_file(folder(&report).join("secret")).unwrap();
    sandbox.commit(&folder(&report), "my own");
    forge.commit(&next, "still more", &["refs/pull/7/head"]);
    sandbox.wt(&["--json", "create", "pr:7"]).exits(1).error("unpushed");
    sandbox.git(&folder(&report), &["reset", "-q", "--hard", &next]);
    forge.commit("origin/main", "anew", &["refs/pull/7/head"]);
    let stays = again(&[]);
    assert_eq!((&stays["updated"], &stays["worktree"]["head"]), (&json!(false), &json!(next)), "{stays}");
    assert!(stays["warnings"].to_string().contains("reset --keep"), "{stays}");
    // It goes whole.
    sandbox.wt(&["remove", "review-pr-7", "--delete-branch", "--force"]).ok();
    assert_eq!((forge.settings(), forge.refs().contains("refs/wt/pull")), (before.0, false));
}

#[test]
fn with_the_forges_program_a_forks_push_reaches_it_and_ones_own_is_not_foreign() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    let head = forge.commit("origin/main", "theirs", &["refs/pull/7/head"]);
    let before = forge.settings();
    forge.gh(&head, "patch-1", true);
    let report = sandbox.json(&["create", "pr:7"]);
    let (worktree, pull) = (&report["worktree"], &report["worktree"]["pull"]);
    assert_eq!((&worktree["branch"], &worktree["foreign"]), (&json!("patch-1"), &json!(true)), "{report}");
    assert_eq!(
        (&pull["title"], &pull["author"], &pull["head_branch"]),
        (&json!("A title"), &json!("alice"), &json!("patch-1"))
    );
    sandbox.commit(&folder(&report), "reviewed");
    sandbox.git(&folder(&report), &["push", "-q"]);
    assert!(sandbox.has_branch(&forge.fork, "patch-1") && !sandbox.has_branch(&forge.own, "patch-1"));
    sandbox.wt(&["remove", "review-pr-7", "--delete-branch", "--force"]).ok();
    assert_eq!(forge.settings(), before);
    // A stranger's branch bears no name that is taken for something else.
    for name in ["main", "HEAD", "-x", "refs/heads/x", "@", "origin/x"] {
        forge.gh(&head, name, true);
        let report = sandbox.json(&["create", "pr:7"]);
        assert_eq!(report["worktree"]["branch"], "pr/7", "{name}: {report}");
        sandbox.wt(&["remove", "review-pr-7", "--delete-branch"]).ok();
    }
    // Of one's own: proven by the forge, and by git where only one branch stands there.
    forge.commit("origin/main", "ours", &["refs/heads/topic", "refs/pull/8/head"]);
    fs::remove_file(sandbox.path("bin/gh")).unwrap();
    let own = sandbox.json(&["create", "pr:8"]);
    assert_eq!(
        (own["worktree"].get("foreign"), &own["worktree"]["branch"]),
        (None, &json!("topic")),
        "{own}"
    );
    sandbox.commit(&folder(&own), "more of ours");
    sandbox.git(&folder(&own), &["push", "-q"]);
    let tip = sandbox.git(&forge.own, &["rev-parse", "refs/heads/topic"]);
    assert_eq!(tip, sandbox.git(&folder(&own), &["rev-parse", "HEAD"]));
    // Taken away and asked for again it has its branch again, and what came meanwhile.
    sandbox.wt(&["remove", "review-pr-8"]).ok();
    let next = forge.commit(&tip, "meanwhile", &["refs/heads/topic", "refs/pull/8/head"]);
    let own = sandbox.json(&["create", "pr:8"]);
    assert_eq!(
        (&own["created"], &own["worktree"]["branch"], &own["worktree"]["head"]),
        (&json!(true), &json!("topic"), &json!(next)),
        "{own}"
    );
    assert!(own["worktree"].get("foreign").is_none() && !forge.settings().contains("pr/8"), "{own}");
    // Where somebody works on that branch it stays theirs, and the remote that is made goes with the branch it is for.
    sandbox.wt(&["remove", "review-pr-8"]).ok();
    sandbox.wt(&["create", "--branch", "topic", "mine"]).ok();
    for _ in 0..2 {
        let beside = sandbox.json(&["create", "pr:8"]);
        assert_eq!(beside["worktree"]["branch"], "pr/8", "{beside}");
        assert!(forge.settings().contains("remote.wt-pr-8.pushurl"));
        sandbox.wt(&["remove", "review-pr-8"]).ok();
    }
    sandbox.wt(&["create", "pr:8"]).ok();
    sandbox.wt(&["remove", "review-pr-8", "--delete-branch", "--force"]).ok();
    assert!(!forge.settings().contains("wt-pr-8"), "{}", forge.settings());
    // A fork that stands where the default branch does is proven by nothing.
    let main = sandbox.git(&forge.own, &["rev-parse", "main"]);
    sandbox.git(&forge.own, &["update-ref", "refs/pull/9/head", &main]);
    let at_main = sandbox.json(&["create", "pr:9"]);
    assert_eq!(
        (&at_main["worktree"]["foreign"], &at_main["worktree"]["branch"]),
        (&json!(true), &json!("pr/9"))
    );
}

#[test]
fn a_program_that_fails_hangs_or_speaks_of_another_head_costs_nothing() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    forge.commit("origin/main", "theirs", &["refs/pull/7/head"]);
    forge.gh(&"0".repeat(40), "topic", false);
    let other = sandbox.json(&["create", "pr:7"]);
    assert_eq!(
        (&other["worktree"]["foreign"], &other["worktree"]["branch"]),
        (&json!(true), &json!("pr/7")),
        "{other}"
    );
    sandbox.wt(&["remove", "review-pr-7", "--delete-branch"]).ok();
    for (script, why) in [
        ("echo log in first >&2; exit 4", "log in first"),
        ("exec sleep 60", "no answer"),
        ("echo no", "JSON"),
    ] {
        forge.program("gh", script);
        let report = sandbox.json(&["create", "pr:7"]);
        assert!(report["warnings"].to_string().contains(why), "{report}");
        sandbox.wt(&["remove", "review-pr-7", "--delete-branch"]).ok();
    }
}

#[test]
fn what_no_remote_serves_and_what_makes_no_sense_is_refused_and_nothing_is_left() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    // As git takes it from the main worktree.
    sandbox.git(&sandbox.repo(), &["remote", "set-url", "origin", "../forge/own/proj.git"]);
    sandbox.wt(&["create", "pr:7"]).exits(1).says(&["origin", "refs/pull/7/head", "--branch origin/NAME"]);
    forge.commit("origin/main", "theirs", &["refs/pull/8/head", "refs/merge-requests/4/head"]);
    let error = sandbox.refused(&["create", "pr:7"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("number"), "{error}");
    sandbox.refused(&["create", "https://forge.example/own/proj/pull/8"], "not_found");
    for arguments in [
        &["create", "pr:x"][..],
        &["create", "pr:8", "--base", "main"],
        &["create", "pr:8", "--new-branch"],
        &["create", "pr:8", "--with-changes"],
    ] {
        sandbox.refused(arguments, "usage");
    }
    // All or nothing, whatever stops it.
    let before = (forge.settings(), forge.refs());
    sandbox.git(&sandbox.repo(), &["branch", "pr/8"]);
    sandbox.wt(&["--json", "create", "pr:8"]).exits(1).error("branch_exists");
    write(&sandbox.path("full"), "file", "x");
    sandbox
        .wt(&[
            "--json",
            "create",
            "pr:8",
            "--branch",
            "eight",
            "--path",
            &sandbox.path("full").to_string_lossy(),
        ])
        .exits(1)
        .error("path_not_empty");
    assert_eq!((forge.settings(), forge.refs()), before);
    let merge = sandbox.json(&["create", "mr:4", "--detach", "-x", "true"]);
    assert_eq!(
        (&merge["worktree"]["name"], &merge["worktree"]["branch"]),
        (&json!("review-mr-4"), &Value::Null)
    );
    assert_eq!(merge["worktree"]["foreign"], true, "{merge}");
    // Without a branch nothing but the ref is its own: it goes, and the trash brings back what it kept.
    sandbox.wt(&["remove", "review-mr-4"]).ok();
    assert_eq!((forge.settings(), forge.refs().contains("refs/wt/pull")), (before.0, false));
    sandbox.git(&sandbox.repo(), &["gc", "-q", "--prune=now"]);
    sandbox.wt(&["restore", "review-mr-4"]).ok();
    assert!(folder(&merge).join("theirs").exists());
}

#[test]
fn a_forge_that_is_configured_is_asked_as_its_kind_or_its_refs_say() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    let repo = sandbox.repo();
    let page = "https://git.example/own/proj";
    sandbox.git(&repo, &["config", &format!("url.{}.insteadOf", forge.own.display()), page]);
    sandbox.git(&repo, &["remote", "set-url", "origin", page]);
    let refs = ["refs/pull/7/head", "refs/merge-requests/7/head", "refs/pull-requests/7/from", "refs/x/7"];
    let heads = refs.map(|reference| (reference, forge.commit("origin/main", reference, &[reference])));
    let asked = |word: &str, configured: &str| {
        write(&repo, ".wt.toml", configured);
        let plan = &sandbox.json(&["create", word, "--dry-run"])["plan"];
        let found = heads.iter().find(|(_, head)| plan["pull"]["head"] == *head);
        found.unwrap_or_else(|| panic!("{word} {configured}: {plan}")).0
    };
    let host = |host: &str, line: &str| format!("[forge.\"{host}\"]\n{line}\n");
    for (word, configured, reference) in [
        ("pr:7", String::new(), refs[0]),
        ("mr:7", String::new(), refs[1]),
        ("pr:7", host("git.example", "kind = \"gitlab\""), refs[1]),
        ("mr:7", host("git.example", "kind = \"gitea\""), refs[0]),
        ("pr:7", host("Git.Example", "kind = \"bitbucket\""), refs[2]),
        ("pr:7", host("example", "kind = \"gitlab\""), refs[0]),
        ("pr:7", host("git.example", "kind = \"gitlab\"\npull = \"refs/x/{number}\""), refs[3]),
        (&format!("{page}/pull/7"), host("git.example", "pull = \"refs/x/{number}\""), refs[3]),
    ] {
        assert_eq!(asked(word, &configured), reference, "{word} {configured}");
    }
    // The program is the kind's, a forge without one is asked by git alone, and what it keeps elsewhere is foreign as ever.
    forge.program("gh", "echo of gh >&2; exit 4");
    forge.program("glab", "echo of glab >&2; exit 4");
    for (line, said) in
        [("kind = \"gitlab\"", "of glab"), ("kind = \"gitea\"", ""), ("kind = \"github\"", "of gh")]
    {
        write(&repo, ".wt.toml", &host("git.example", &format!("{line}\npull = \"refs/x/{{number}}\"")));
        let report = sandbox.json(&["create", "pr:7"]);
        let warnings = report.get("warnings").map(Value::to_string).unwrap_or_default();
        assert_eq!(
            (warnings.contains(said), warnings.is_empty()),
            (true, said.is_empty()),
            "{line} {report}"
        );
        assert_eq!(report["worktree"]["foreign"], true, "{report}");
        sandbox.wt(&["remove", "review-pr-7", "--delete-branch"]).ok();
    }
    for wrong in [
        host("git.example", "kind = \"gitlub\""),
        host("git.example", "pull = \"refs/x/head\""),
        host("git.example", "kin = \"gitlab\""),
        host("git.example/x", "kind = \"gitlab\""),
        "[forge]\nremot = \"origin\"\n".to_owned(),
    ] {
        write(&repo, ".wt.toml", &wrong);
        sandbox.refused(&["create", "pr:7"], "config_invalid");
    }
}

#[test]
fn the_default_branch_that_is_configured_counts_where_git_does_not_tell() {
    let forge = Forge::new();
    let sandbox = &forge.sandbox;
    let repo = sandbox.repo();
    // Nothing tells that `trunk` of `origin` is the default branch.
    sandbox.git(&repo, &["push", "-q", "origin", "main:trunk", "main:work"]);
    sandbox.git(&forge.own, &["symbolic-ref", "HEAD", "refs/heads/none"]);
    sandbox.git(&repo, &["push", "-q", "origin", ":main"]);
    sandbox.git(&repo, &["remote", "rename", "origin", "hub"]);
    sandbox.git(&repo, &["fetch", "-q", "--prune", "hub"]);
    sandbox.git(&repo, &["remote", "add", "alice", &forge.fork.to_string_lossy()]);
    sandbox.git(&repo, &["fetch", "-q", "alice"]);
    sandbox.git(&repo, &["branch", "-q", "--set-upstream-to=hub/trunk", "main"]);
    sandbox.git(&forge.own, &["update-ref", "refs/pull/9/head", "refs/heads/trunk"]);
    sandbox.git(&forge.own, &["update-ref", "-d", "refs/heads/work"]);
    let foreign = |arguments: &[&str]| {
        let plan = sandbox.json(arguments);
        sandbox
            .wt(&["remove", plan["worktree"]["name"].as_str().unwrap(), "--delete-branch", "--force"])
            .ok();
        plan["worktree"]["foreign"] == true
    };
    let nine = ["create", "https://forge.example/own/proj/pull/9"];
    sandbox.git(
        &repo,
        &["config", &format!("url.{}.insteadOf", forge.own.display()), "https://forge.example/own/proj"],
    );
    sandbox.git(&repo, &["remote", "set-url", "hub", "https://forge.example/own/proj"]);
    assert!(!foreign(&nine), "the only branch that stands there");
    assert!(foreign(&["create", "--branch", "hub/trunk"]));
    write(&repo, ".wt.toml", "[git]\ndefault_branch = \"trunk\"\n");
    assert!(foreign(&nine), "every fork begins there");
    assert!(!foreign(&["create", "--branch", "hub/trunk"]), "the default branch's remote");
}
