//! `wt prompt`: one line from the registry, for a prompt that is shown after every command.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::support::Sandbox;

#[test]
fn a_prompt_has_name_ports_and_what_was_seen_and_is_silent_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::create_dir(folder.join("below")).unwrap();
    let port = sandbox.port(0);
    let line = |words: &[&str]| sandbox.wt_in(&folder.join("below"), words).ok().stdout;
    assert_eq!(line(&["prompt"]), format!("feature-login web:{port}\n"));
    // Changes are those that somebody saw.
    fs::write(folder.join("new"), "x").unwrap();
    let registry = fs::read(sandbox.state().join("registry.json")).unwrap();
    assert_eq!(line(&["prompt"]), format!("feature-login web:{port}\n"));
    assert_eq!(fs::read(sandbox.state().join("registry.json")).unwrap(), registry);
    sandbox.wt(&["list", "--status"]).ok();
    assert_eq!(line(&["prompt", "--format", "starship"]), format!("feature-login web:{port} 1 changed\n"));
    sandbox.wt(&["health"]).ok();
    assert_eq!(line(&["prompt", "--format", "zsh"]), format!("feature-login web:{port}○ 1 changed\n"));
    sandbox.wt_in(&folder, &["agent", "enter", "--as", "codex"]).ok();
    assert!(line(&["prompt"]).ends_with(" codex working\n"));
    let json = sandbox.json_in(&folder, &["prompt"]);
    assert!(json["line"].as_str().unwrap().starts_with("feature-login"), "{json}");
    // The main worktree, no repository, and a folder that is gone have nothing to say.
    for place in [sandbox.repo(), sandbox.path("home")] {
        let run = sandbox.wt_in(&place, &["prompt"]).ok();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
    let run = sandbox.wt(&["-C", "/gone", "prompt"]).ok();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    sandbox.wt(&["prompt", "--format", "nonsense"]).exits(2);
    // Claude Code says where it stands.
    let mut command = sandbox.command(&sandbox.path("home"), &["prompt", "--format", "claude"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let told = serde_json::json!({ "workspace": { "current_dir": folder } }).to_string();
    child.stdin.take().unwrap().write_all(told.as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(said, format!("feature-login web:{port}○ 1 changed\n"));
    // A registry that cannot be read says nothing.
    fs::write(sandbox.state().join("registry.json"), "{ nonsense").unwrap();
    assert_eq!(line(&["prompt"]), "");
}
