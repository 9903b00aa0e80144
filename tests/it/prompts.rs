//! Questions: asked on a terminal, never elsewhere.

use crate::support::Sandbox;
use crate::support::git;
use crate::support::terminal::Terminal;

#[test]
fn create_on_a_terminal_asks_for_purpose_and_identifier() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["create"]));
    terminal.expect("purpose");
    // The purposes are a list, `feature` first: one down is `bugfix`.
    terminal.send("\u{1b}[B\r");
    terminal.expect("identifier");
    terminal.send("crash\r");
    let (status, screen) = terminal.finish();
    assert_eq!(status, 0, "{screen}");
    assert!(sandbox.has_branch(&sandbox.repo(), "bugfix/crash"), "{screen}");
}

#[test]
fn create_with_no_input_asks_nothing_even_on_a_terminal() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["create", "--no-input"]));
    let (status, screen) = terminal.finish();
    assert_eq!(status, 0, "{screen}");
    assert!(sandbox.has_branch(&sandbox.repo(), "feature/1"), "{screen}");
}

#[test]
fn remove_on_a_terminal_asks_before_it_gives_anything_up() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    git::write(&folder, "new.txt", "new\n");
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["remove", "feature-login"]));
    terminal.expect("new.txt");
    terminal.expect("?");
    terminal.send("n");
    terminal.send("\r");
    let (status, screen) = terminal.finish();
    assert_ne!(status, 0, "{screen}");
    assert!(folder.join("new.txt").exists(), "{screen}");

    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["remove", "feature-login"]));
    terminal.expect("?");
    terminal.send("y");
    terminal.send("\r");
    let (status, screen) = terminal.finish();
    assert_eq!(status, 0, "{screen}");
    assert!(!folder.exists(), "{screen}");
}

#[test]
fn nothing_to_lose_is_nothing_to_ask() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["remove", "feature-login"]));
    let (status, screen) = terminal.finish();
    assert_eq!(status, 0, "{screen}");
}

#[test]
fn json_on_a_terminal_asks_nothing() {
    let sandbox = Sandbox::new();
    let (status, screen) = Terminal::start(sandbox.command(&sandbox.repo(), &["--json", "create"])).finish();
    assert_eq!(status, 0, "{screen}");
}
