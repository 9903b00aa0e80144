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
    sandbox.git(&sandbox.repo(), &["branch", "it's;$(strange)"]);
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
fn a_name_that_a_shell_would_obey_is_quoted_and_one_that_hides_letters_is_left_out() {
    let sandbox = world();
    let strange = ["a;b", "a$(touch)", "a'b", "a&b", "a{b,c}", "a#b", "ünï", "a`b`"];
    for branch in strange.into_iter().chain(["a\u{202e}b"]) {
        sandbox.git(&sandbox.repo(), &["branch", branch]);
    }
    let lines = completed(&sandbox, &["wt", "create", "--branch", ""]);
    assert!(lines.contains(&"other".to_owned()), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains('\u{202e}')), "{lines:?}");
    let script = format!("printf '%s\\n' {}", lines.join(" "));
    let output = sandbox.program("bash", &sandbox.repo()).args(["-c", &script]).output().unwrap();
    let read = String::from_utf8(output.stdout).unwrap();
    for branch in strange {
        assert!(read.lines().any(|line| line == branch), "{branch}: {lines:?}");
    }
    assert_eq!(read.lines().count(), lines.len());
    assert!(!sandbox.repo().join("x").exists(), "nothing is obeyed");
    assert_eq!(completed(&sandbox, &["wt", "create", "--branch", "a\\'"]), ["a\\'b"]);
}

#[test]
fn worktrees_of_other_repositories_are_offered_to_who_may_go_there() {
    let sandbox = world();
    let shop = sandbox.make_repository("shop");
    sandbox.wt_in(&shop, &["create", "cart"]).ok();
    for words in [
        &["wt", "switch", "shop/"][..],
        &["wt", "path", "sh"],
        &["wt", "exec", "sh"],
        &["wt", "url", "-w", "sh"],
        &["wt", "ports", "allocate", "--worktree", "sh"],
    ] {
        assert_eq!(completed(&sandbox, words), ["shop/feature-cart"], "{words:?}");
    }
    for words in [
        &["wt", "remove", "sh"][..],
        &["wt", "switch", ""],
        &["wt", "ports", "release", "--worktree", "sh"],
        &["wt", "prune", "sh"],
    ] {
        let found = completed(&sandbox, words);
        assert!(found.iter().all(|word| !word.starts_with("shop")), "{words:?}: {found:?}");
    }
}

#[test]
fn nothing_is_said_written_or_started_whatever_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::without_repository();
    let words = ["__complete", "--shell", "bash", "--index", "2", "--", "wt", "remove", ""];
    let run = sandbox.wt_in(&sandbox.path("."), &words).ok();
    assert!(!run.stdout.contains("feature") && run.stderr.is_empty(), "{}", run.shown());
    assert!(!sandbox.state().exists(), "a press of Tab makes no state folder");
    let mut sandbox = world();
    let bin = sandbox.path("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("git"), format!("#!/bin/sh\ntouch {}/started\n", bin.display())).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("PATH", bin.as_os_str());
    // A worktree that vanished is released by the next command, not by a press of Tab.
    std::fs::remove_dir_all(sandbox.worktree("bugfix-pay")).unwrap();
    let before = sandbox.snapshot();
    for place in [
        &["wt", "switch", "x"][..],
        &["wt", "restore", ""],
        &["wt", "create", "--branch", ""],
        &["wt", "up", ""],
    ] {
        let run = sandbox.wt(&[&["__complete", "--shell", "fish", "--index", "2", "--"][..], place].concat());
        sandbox.assert_unchanged(&before, &run.ok());
    }
    assert!(!bin.join("started").exists());
    std::fs::write(sandbox.state().join("registry.json"), "{ broken").unwrap();
    std::fs::write(sandbox.repo().join(".wt.toml"), "broken = [").unwrap();
    completed(&sandbox, &["wt", "remove", ""]);
    assert_eq!(std::fs::read_to_string(sandbox.state().join("registry.json")).unwrap(), "{ broken");
}

#[test]
fn the_commands_are_known_where_the_program_is_missing() {
    let sandbox = Sandbox::new();
    let script = |shell: &str| sandbox.wt(&["completions", shell]).ok().stdout;
    let nowhere = sandbox.path("home");
    let ask = |shell: &str, script: &str| {
        let command = sandbox.program(shell, &nowhere).args(["-c", script]).output();
        command.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let stub = script("bash") + "COMP_WORDS=(wt swi) COMP_CWORD=1; _wt wt swi wt; echo \"${COMPREPLY[@]}\"";
    assert_eq!(ask("bash", &stub).unwrap(), "switch\n");
    match ask("fish", &(script("fish") + "complete -C 'wt swi'")) {
        Ok(found) => assert_eq!(found, "switch\n"),
        Err(_) => skip("fish"),
    }
    assert!(script("zsh").contains(" switch "));
    for shell in ["elvish", "powershell"] {
        assert!(script(shell).contains("switch"), "{shell}");
    }
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
    let line = "wt create --dry-run x --branch it\t\n";
    types("bash", &["--norc", "--noprofile", "-i"], setup, line, "it's;$(strange)");
}

#[test]
fn zsh_completes_an_identifier() {
    let setup = "autoload -Uz compinit && compinit -u -D; eval \"$(wt shell-init zsh)\"\n";
    types("zsh", &["-f", "-i"], setup, "wt remove --dry-run log\t\n", "would remove feature-login");
    let line = "wt create --dry-run x --branch it\t\n";
    types("zsh", &["-f", "-i"], setup, line, "it's;$(strange)");
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
