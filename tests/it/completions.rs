//! Completions: names, branches, purposes and services of the moment, in the real shells.

use std::process::Command;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, skip};

/// A repository with worktrees, services and branches, and what a shell with our function needs to find the program.
fn world() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure("[service.api]\nenv = [\"API_PORT\"]\n");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "pay", "--purpose", "bugfix"]).ok();
    sandbox.git(&sandbox.repo(), &["branch", "other"]);
    sandbox
}

fn completed(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let mut arguments = vec!["__complete", "--shell", "bash", "--index", &index, "--"];
    arguments.extend(words);
    let run = sandbox.wt(&arguments).ok();
    assert_eq!(run.stderr, "");
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn each_place_is_offered_the_names_that_it_takes() {
    let sandbox = world();
    sandbox.wt(&["create", "gone"]).ok();
    sandbox.wt(&["remove", "gone"]).ok();
    let port = sandbox.port(0).to_string();
    let cases: [(&[&str], &[&str]); 13] = [
        (&["wt", "remove", ""], &["feature-login", "bugfix-pay", "login", "pay"]),
        (&["wt", "path", "feat"], &["feature-login"]),
        (&["wt", "env", "lo"], &["login"]),
        (&["wt", "health", "--worktree", "p"], &["pay"]),
        (&["wt", "restore", ""], &["feature-gone"]),
        (&["wt", "create", "--purpose", "b"], &["bugfix"]),
        (&["wt", "create", "x", "--branch", "oth"], &["other"]),
        (&["wt", "create", "x", "--base", "bugfix/"], &["bugfix/pay"]),
        (&["wt", "create", "--ports", "=", "web,a"], &["web,api"]),
        (&["wt", "up", "a"], &["api"]),
        (&["wt", "ports", "release", ""], &[&port]),
        (&["wt", "config", "show", "ports.st"], &["ports.stale_after"]),
        (&["wt", "swi"], &["switch"]),
    ];
    for (words, expected) in cases {
        let found = completed(&sandbox, words);
        for name in expected {
            assert!(found.iter().any(|word| word == name), "{words:?} lacks {name}: {found:?}");
        }
        let asked = words.last().unwrap();
        assert!(found.iter().all(|word| word.starts_with(asked)), "{words:?}: {found:?}");
    }
}

#[test]
fn flags_are_offered_only_to_who_begins_one() {
    let sandbox = world();
    assert!(completed(&sandbox, &["wt", "remove", ""]).iter().all(|word| !word.starts_with('-')));
    assert!(completed(&sandbox, &["wt", "remove", "--f"]).contains(&"--force".to_owned()));
}

#[test]
fn a_name_that_a_shell_would_obey_is_never_offered() {
    let sandbox = world();
    for branch in ["a;b", "$(touch x)", "a'b", "a\u{202e}b", "a*b"] {
        let _ = Command::new("git").arg("-C").arg(sandbox.repo()).args(["branch", branch]).output();
    }
    let found = completed(&sandbox, &["wt", "create", "--branch", ""]);
    assert!(found.contains(&"other".to_owned()), "{found:?}");
    assert!(found.iter().all(|word| !word.contains([';', '$', '\'', '*', '\u{202e}'])), "{found:?}");
}

#[test]
fn nothing_is_said_or_written_where_nothing_can_be_read() {
    let sandbox = Sandbox::without_repository();
    let words = ["__complete", "--shell", "bash", "--index", "2", "--", "wt", "remove", ""];
    let run = sandbox.wt_in(&sandbox.path("."), &words).ok();
    assert!(!run.stdout.contains("feature") && run.stderr.is_empty(), "{}", run.shown());
    assert!(!sandbox.state().exists(), "a press of Tab makes no state folder");
    let sandbox = world();
    std::fs::write(sandbox.state().join("registry.json"), "{ broken").unwrap();
    std::fs::write(sandbox.repo().join(".wt.toml"), "broken = [").unwrap();
    completed(&sandbox, &["wt", "remove", ""]);
    assert_eq!(std::fs::read_to_string(sandbox.state().join("registry.json")).unwrap(), "{ broken");
}

/// Types `keys` into the real shell, which has our functions, and waits for `wanted` on the screen.
fn types(shell: &str, flags: &[&str], setup: &str, keys: &str, wanted: &str) {
    if Command::new(shell).arg("--version").output().is_err() {
        return skip(shell);
    }
    let sandbox = world();
    let bin = sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_wt"), bin.join("wt")).unwrap();
    let mut command = sandbox.program(shell, &sandbox.repo());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    command.args(flags).env("PATH", path).env("PS1", "$ ").env("WT_STATE_DIR", sandbox.state());
    let mut terminal = Terminal::start(command);
    terminal.send(setup);
    terminal.send("echo re''ady\n");
    terminal.expect("ready");
    terminal.send(keys);
    terminal.expect(wanted);
    terminal.send("\u{3}exit\n");
    terminal.finish();
}

#[test]
fn bash_completes_an_identifier_and_a_value_behind_a_sign() {
    let setup = "eval \"$(wt shell-init bash)\"\n";
    types(
        "bash",
        &["--norc", "--noprofile", "-i"],
        setup,
        "wt remove --dry-run log\t\n",
        "would remove feature-login",
    );
    types(
        "bash",
        &["--norc", "--noprofile", "-i"],
        setup,
        "wt create --dry-run x --purpose=bug\t\n",
        "bugfix-x",
    );
}

#[test]
fn zsh_completes_an_identifier() {
    let setup = "autoload -Uz compinit && compinit -u -D; eval \"$(wt shell-init zsh)\"\n";
    types("zsh", &["-f", "-i"], setup, "wt remove --dry-run log\t\n", "would remove feature-login");
}

#[test]
fn fish_completes_an_identifier() {
    if Command::new("fish").arg("--version").output().is_err() {
        return skip("fish");
    }
    let sandbox = world();
    let bin = sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_wt"), bin.join("wt")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let script = "wt shell-init fish | source; complete -C 'wt remove log'";
    let mut command = sandbox.program("fish", &sandbox.repo());
    let output = command.args(["--no-config", "-c", script]).env("PATH", path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "login\tfeature/login\n", "{output:?}");
}
