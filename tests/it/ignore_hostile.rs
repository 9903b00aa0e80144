//! Ignore and attribute files of a stranger's: no pattern keeps a command busy, none can be built that ends it.

use crate::support::{Sandbox, git};

/// Patterns that matchers which try again and again, or once for each star within the other, do not get over.
fn hostile() -> Vec<String> {
    let long = "x".repeat(1 << 20);
    vec![
        "**/".repeat(60) + "nothing",
        "*a".repeat(60) + "b",
        "a*/**/".repeat(30) + "b",
        "*".repeat(1 << 16) + "/b",
        long.clone() + "/*",
        format!("[{long}]*/b"),
        "?*".repeat(1 << 15) + "/b",
        "**/*a*".repeat(30) + "/b",
    ]
}

#[test]
fn patterns_of_a_strangers_keep_no_command_busy() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    git::write(&repo, ".gitignore", &hostile().join("\n"));
    git::write(&repo, ".gitattributes", &(hostile().join(" eol=crlf\n") + " eol=crlf\n"));
    sandbox.git(&repo, &["add", ".gitignore", ".gitattributes"]);
    sandbox.git(&repo, &["commit", "-q", "-m", "hostile"]);
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, &("a/".repeat(60) + &"a".repeat(200)), "mine\n");
    // A wait that fails the test where the command does not end.
    for words in [&["list", "--status"][..], &["remove", "feature-login"]] {
        let mut command = sandbox.command(&repo, words);
        let mut child =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let status = crate::support::wait::end_of(&mut child);
        assert_eq!(status.code(), Some(i32::from(words[0] == "remove")), "{words:?}");
    }
    let told = sandbox.json(&["list", "--status"])["worktrees"].clone();
    let login =
        told.as_array().unwrap().iter().find(|worktree| worktree["name"] == "feature-login").unwrap().clone();
    assert_eq!(login["changes"]["untracked"], 1, "{login}");
}
