//! git's settings, wherever they come from: a new worktree's files are those that git would write there, in its git folder
//! and on its branch.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Sandbox, git};

/// A repository whose file `a` is `one` in git; with `SHOUT` in effect it is `ONE` on disk.
fn filtered(sandbox: &Sandbox) -> PathBuf {
    let repo = sandbox.repo();
    git::write(&repo, "a", "one\ntwo\n");
    git::write(&repo, ".gitattributes", "a filter=shout\n");
    sandbox.commit(&repo, "filtered");
    repo
}

const SHOUT: &str = "[filter \"shout\"]\n\tsmudge = tr a-z A-Z\n\tclean = tr A-Z a-z\n";
const CRLF: &str = "[core]\n\tautocrlf = true\n";

/// Makes a worktree with `wt` and one with git, both on branches below `kind/`; asserts equal bytes; returns them with
/// what `wt` told.
#[track_caller]
fn assert_same(sandbox: &Sandbox, repo: &Path, kind: &str) -> (String, serde_json::Value) {
    let (ours, gits) =
        (sandbox.path(&format!("trees/{kind}/ours")), sandbox.path(&format!("trees/{kind}/gits")));
    let (our_branch, git_branch) = (format!("{kind}/ours"), format!("{kind}/gits"));
    let name = our_branch.replace('/', "-");
    let words = ["create", &name, "-b", &our_branch, "--no-env", "--path", ours.to_str().unwrap()];
    let told = sandbox.json_in(repo, &words);
    sandbox.git(repo, &["worktree", "add", "-q", "-b", &git_branch, gits.to_str().unwrap()]);
    let read = |tree: &Path| fs::read_to_string(tree.join("a")).unwrap();
    assert_eq!(read(&ours), read(&gits), "{kind}: {told}");
    assert_eq!(sandbox.status(&ours), "", "{kind}");
    (read(&ours), told)
}

#[test]
fn conditional_settings_count_as_they_do_for_git_in_the_new_worktree() {
    let sandbox = Sandbox::new();
    let repo = filtered(&sandbox);
    let more = sandbox.path("more");
    sandbox.git(&repo, &["remote", "add", "origin", "https://example.org/team/proj.git"]);
    let admins = format!("gitdir:{}/.git/worktrees/", repo.display());
    let conditions = [
        ("gitdir", admins.clone(), "any", true),
        (
            "folded",
            admins.replace("gitdir:", "gitdir/i:").to_uppercase().replace("GITDIR/I", "gitdir/i"),
            "any",
            true,
        ),
        ("branch", "onbranch:loud/".to_owned(), "loud", true),
        ("other", "onbranch:loud/".to_owned(), "quiet", false),
        ("remote", "hasconfig:remote.*.url:https://example.org/team/**".to_owned(), "any", true),
        ("elsewhere", "gitdir:/nowhere/".to_owned(), "any", false),
    ];
    for (at, (name, condition, branch, holds)) in conditions.into_iter().enumerate() {
        for (text, wanted) in [(SHOUT, "ONE\nTWO\n"), (CRLF, "one\r\ntwo\r\n")] {
            fs::write(&more, text).unwrap();
            // A path that counts from the file that names it.
            fs::write(
                sandbox.path("home/.gitconfig"),
                format!("[includeIf \"{condition}\"]\n\tpath = ../more\n"),
            )
            .unwrap();
            let kind = format!("{branch}/{name}{at}{}", text.len());
            let (read, told) = assert_same(&sandbox, &repo, &kind);
            assert_eq!(read, if holds { wanted } else { "one\ntwo\n" }, "{name}: {told}");
            let by = if holds && text == SHOUT { "git" } else { "engine" };
            assert_eq!(told["way"]["by"], by, "{name}: {told}");
        }
    }
}

#[test]
fn settings_count_from_every_variable_of_gits() {
    let mut sandbox = Sandbox::new();
    let repo = filtered(&sandbox);
    let file = sandbox.path("variables");
    fs::write(&file, SHOUT).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let cases: [&[(&str, &str)]; 4] = [
        &[("GIT_CONFIG_GLOBAL", &file)],
        &[("GIT_CONFIG_SYSTEM", &file), ("GIT_CONFIG_NOSYSTEM", "false")],
        &[
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "filter.shout.smudge"),
            ("GIT_CONFIG_VALUE_0", "tr a-z A-Z"),
            ("GIT_CONFIG_GLOBAL", &file),
        ],
        &[("GIT_CONFIG_PARAMETERS", "'filter.shout.smudge'='tr a-z A-Z' 'filter.shout.clean'='tr A-Z a-z'")],
    ];
    for (at, variables) in cases.into_iter().enumerate() {
        for (name, value) in variables {
            sandbox.set(name, *value);
        }
        let (read, _) = assert_same(&sandbox, &repo, &format!("case{at}"));
        assert_eq!(read, "ONE\nTWO\n", "{variables:?}");
        for (name, _) in variables {
            // Both mean the same as no variable.
            let usual = match *name {
                "GIT_CONFIG_NOSYSTEM" => "1",
                "GIT_CONFIG_COUNT" => "0",
                "GIT_CONFIG_PARAMETERS" => "",
                _ => "/dev/null",
            };
            sandbox.set(name, usual);
        }
    }
    let (read, told) = assert_same(&sandbox, &repo, "none");
    assert_eq!((read.as_str(), &told["way"]["by"]), ("one\ntwo\n", &"engine".into()), "{told}");
}

#[test]
fn a_condition_that_brings_in_who_the_user_is_leaves_the_work_to_us() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, "a", "one\n");
    sandbox.commit(&repo, "plain");
    fs::write(sandbox.path("home/.gitconfig"), "[includeIf \"gitdir:~/\"]\n\tpath = work\n").unwrap();
    fs::write(sandbox.path("home/work"), "[user]\n\temail = w@example.org\n").unwrap();
    // No git is there to be asked.
    let git = sandbox.path("bin/git");
    fs::create_dir_all(git.parent().unwrap()).unwrap();
    fs::write(&git, "#!/bin/sh\necho asked >&2\nexit 1\n").unwrap();
    fs::set_permissions(&git, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", git.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let run =
        sandbox.command(&repo, &["create", "x", "--no-env", "--json"]).env("PATH", path).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("\"engine\"") && !said.contains("asked"), "{said}");
}
