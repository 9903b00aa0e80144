//! `wt agent enter`, `state` and `leave`: an agent's session finds its ports and its rules, and is seen as long as it lives.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::run::Run;
use crate::support::wait::{end_of, until};

/// A sandbox with a worktree as an agent's program makes it, which nobody recorded.
fn with_agents_worktree() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let folder = sandbox.repo().join(".claude/worktrees/calm-fox");
    sandbox.git(
        &sandbox.repo(),
        &["worktree", "add", "-q", "-b", "worktree-calm-fox", folder.to_str().unwrap()],
    );
    (sandbox, folder)
}

/// Runs `wt agent …` as a hook does, with `input` on stdin.
fn hook(sandbox: &Sandbox, folder: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut words = vec!["agent"];
    words.extend(arguments);
    let mut command = sandbox.command(folder, &words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // Whoever has read enough closes the pipe.
        scope.spawn(move || drop(stdin.write_all(input)));
        let output = child.wait_with_output().unwrap();
        let run = Run::new(&words, &output);
        assert!(!run.stderr.contains("panicked"), "{}", run.shown());
        run
    })
}

fn told(folder: &Path, session: &str) -> Vec<u8> {
    json!({ "session_id": session, "cwd": folder, "hook_event_name": "SessionStart" })
        .to_string()
        .into_bytes()
}

/// The row of the worktree called `name`.
fn row(sandbox: &Sandbox, name: &str) -> Value {
    let list = sandbox.json(&["list"]);
    let rows = list["worktrees"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{list}")).clone()
}

fn registry(sandbox: &Sandbox) -> Vec<u8> {
    fs::read(sandbox.state().join("registry.json")).unwrap_or_default()
}

#[test]
fn a_session_in_a_worktree_that_nobody_recorded_finds_its_ports_and_its_rules() {
    let (sandbox, folder) = with_agents_worktree();
    let below = folder.join("below");
    fs::create_dir(&below).unwrap();
    let run = hook(&sandbox, &sandbox.path(""), &["enter", "--as", "claude"], &told(&below, "s1")).ok();
    assert_eq!(run.stderr, "");
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(answer["hookSpecificOutput"]["hookEventName"], "SessionStart");
    let text = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    let port = sandbox.port(0).to_string();
    for words in ["\"calm-fox\"", "\"worktree-calm-fox\"", "purpose feature", &port, "`wt up`", "\".env\""] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(fs::read_to_string(folder.join(".env")).unwrap().contains(&format!("PORT={port}\n")));
    let found = row(&sandbox, "calm-fox");
    assert_eq!((&found["purpose"], &found["ports"][0]["port"]), (&json!("feature"), &json!(sandbox.port(0))));
    assert_eq!((&found["agent"]["program"], &found["agent"]["state"]), (&json!("claude"), &json!("working")));
    assert_eq!(found["agents"][0]["session"], "s1");
    assert_eq!(found["agents"][0]["pid"], std::process::id(), "the nearest that is no shell");
    sandbox.wt(&["list"]).ok().answers(&["claude working"]);
    // Again, by the hooks of another program too: answered, and nothing is written.
    until("the worktree to be ready", || registry_says(&sandbox, "\"done\""));
    let before = registry(&sandbox);
    for program in ["claude", "cursor", "gemini", "copilot", "codex"] {
        let run = hook(&sandbox, &below, &["enter", "--as", program], &told(&folder, "s1")).ok();
        assert!(run.stdout.contains(&port), "{}", run.shown());
    }
    hook(&sandbox, &folder, &["enter"], b"").ok().answers(&["calm-fox", &port]);
    assert_eq!(registry(&sandbox), before);
    let json = hook(&sandbox, &folder, &["enter", "--json"], b"").ok().json();
    assert_eq!((&json["adopted"], &json["worktree"]["name"]), (&json!(false), &json!("calm-fox")));
    assert!(json["context"].as_str().unwrap().contains(&port));
    // Said from elsewhere: the session is known.
    for (state, shown) in [("waiting", "waiting"), ("done", "done"), ("done", "done"), ("working", "working")]
    {
        let run =
            hook(&sandbox, &sandbox.path(""), &["state", state], &told(&sandbox.path("gone"), "s1")).ok();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
        assert_eq!(row(&sandbox, "calm-fox")["agent"]["state"], shown);
    }
    assert_eq!(
        hook(&sandbox, &folder, &["leave", "--as", "gemini"], &told(&folder, "s1")).ok().stdout,
        "{}\n"
    );
    assert!(row(&sandbox, "calm-fox").get("agent").is_none());
    assert_eq!(hook(&sandbox, &folder, &["leave"], &told(&folder, "s1")).ok().stdout, "", "twice is fine");
}

fn registry_says(sandbox: &Sandbox, words: &str) -> bool {
    String::from_utf8_lossy(&registry(sandbox)).contains(words)
}

#[test]
fn a_session_that_is_killed_takes_its_mark_with_it_and_two_are_told_apart() {
    let (sandbox, folder) = with_agents_worktree();
    let (one, two) = (sandbox.sleeper(&folder), sandbox.sleeper(&folder));
    let pids = [one.pid().to_string(), two.pid().to_string()];
    for (pid, program) in pids.iter().zip(["codex", "claude"]) {
        hook(&sandbox, &folder, &["enter", "--as", program, "--pid", pid], b"").ok();
    }
    hook(&sandbox, &folder, &["state", "waiting", "--pid", &pids[0]], b"").ok();
    let found = row(&sandbox, "calm-fox");
    assert_eq!(found["agents"].as_array().unwrap().len(), 2);
    assert_eq!((&found["agent"]["program"], &found["agent"]["state"]), (&json!("codex"), &json!("waiting")));
    drop(one);
    let found = row(&sandbox, "calm-fox");
    assert_eq!((&found["agent"]["program"], &found["agent"]["state"]), (&json!("claude"), &json!("working")));
    assert_eq!(found["agents"].as_array().unwrap().len(), 1);
    drop(two);
    assert!(row(&sandbox, "calm-fox").get("agents").is_none());
    // The next one that writes clears what is dead away.
    hook(&sandbox, &folder, &["enter"], &told(&folder, "s3")).ok();
    assert_eq!(sandbox.living()[0]["agents"].as_array().unwrap().len(), 1);
    // A process that is not there is no reason to fail.
    let run = hook(&sandbox, &folder, &["enter", "--pid", "999999999"], &told(&folder, "s4")).ok();
    assert!(run.stderr.contains("999999999"), "{}", run.shown());
    assert_eq!(row(&sandbox, "calm-fox")["agents"].as_array().unwrap().len(), 2);
}

#[test]
fn whatever_a_hook_says_the_session_goes_on() {
    let (mut sandbox, folder) = with_agents_worktree();
    let outside = sandbox.path("home");
    let gone = told(&sandbox.path("gone"), "s");
    let mut large = vec![b' '; 10 * 1024 * 1024];
    large.extend(told(&folder, "s"));
    let strange =
        json!({ "cwd": "/tmp;$(touch pwned)`touch pwned`", "session_id": "$(touch pwned)" }).to_string();
    let inputs: [&[u8]; 9] = [
        b"",
        b"no JSON",
        b"[1]",
        b"{\"cwd\":7}",
        b"\xff\xfe\x00",
        &large,
        &gone,
        strange.as_bytes(),
        &told(&outside, "s"),
    ];
    let programs = [("claude", ""), ("gemini", "{}\n"), ("cursor", "{}\n")];
    for (input, (program, silence)) in inputs.iter().zip(programs.iter().cycle()) {
        for words in [&["enter"][..], &["state", "working"], &["leave"]] {
            let mut words = words.to_vec();
            words.extend(["--as", program]);
            let run = hook(&sandbox, &outside, &words, input).ok();
            assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (*silence, ""), "{}", run.shown());
        }
    }
    assert!(sandbox.living().is_empty() && !outside.join("pwned").exists());
    // Asked wrongly is asked wrongly.
    for words in [&["agent", "enter", "--as", "nobody"][..], &["agent", "state", "asleep"], &["agent"]] {
        sandbox.wt(words).exits(2);
    }
    // The main worktree is nobody's to adopt.
    assert_eq!(hook(&sandbox, &sandbox.repo(), &["enter"], b"").ok().stdout, "");
    assert!(sandbox.living().is_empty());
    // A pipe that never ends.
    let (_writer, reader) = std::io::pipe().map(|(reader, writer)| (writer, reader)).unwrap();
    let mut command = sandbox.command(&folder, &["agent", "enter"]);
    let mut child = command.stdin(reader).stdout(Stdio::null()).spawn().unwrap();
    assert!(end_of(&mut child).success());
    assert_eq!(sandbox.living().len(), 1);
    // A registry that cannot be read is said, and the agent hears of it.
    until("the worktree to be ready", || registry_says(&sandbox, "\"done\""));
    fs::write(sandbox.state().join("registry.json"), "{ nonsense").unwrap();
    let run = hook(&sandbox, &folder, &["enter"], &told(&folder, "s")).ok();
    assert!(run.stderr.contains("registry") && run.stdout.contains("registry"), "{}", run.shown());
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.shown());
    sandbox.set("WT_STATE_DIR", sandbox.path("other"));
    sandbox.configure("nonsense = 1\n");
    let run = hook(&sandbox, &folder, &["enter"], b"").ok();
    assert!(run.stderr.contains("nonsense") && run.stdout.contains("nonsense"), "{}", run.shown());
    sandbox.configure("[adopt]\nagents = false\n");
    assert_eq!(hook(&sandbox, &folder, &["enter"], b"").ok().stdout, "");
    assert!(!sandbox.path("other/registry.json").exists());
}

#[test]
fn names_of_others_stand_in_quotes_and_a_removed_worktree_is_fine() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("we;$(touch pwned)");
    let branch = "a\u{202e}b;$(touch${IFS}pwned)`x`\"c";
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", branch, folder.to_str().unwrap()]);
    sandbox.configure("[adopt]\npurpose = { \"a*\" = \"experiment\" }\n");
    let run = hook(&sandbox, &folder, &["enter"], &told(&folder, "s")).ok();
    assert!(run.stdout.contains("\\u{202e}b;$(touch${IFS}pwned)'x'\\\"c"), "{}", run.shown());
    assert!(!run.stdout.contains('\u{202e}') && run.stdout.len() < 4097, "{}", run.shown());
    assert!(!sandbox.path("pwned").exists() && !folder.join("pwned").exists());
    until("the worktree to be ready", || registry_says(&sandbox, "\"done\""));
    let name = sandbox.living()[0]["name"].as_str().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    for words in [&["enter"][..], &["state", "done"], &["leave"]] {
        let run = hook(&sandbox, &sandbox.repo(), words, &told(&folder, "s")).ok();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{name} {}", run.shown());
    }
}

#[test]
fn a_port_that_somebody_holds_is_passed_over() {
    let (sandbox, folder) = with_agents_worktree();
    let _held = std::net::TcpListener::bind(("127.0.0.1", sandbox.port(0))).unwrap();
    let run = hook(&sandbox, &folder, &["enter"], &told(&folder, "s1")).ok();
    assert!(run.stderr.is_empty() && run.stdout.contains(&sandbox.port(1).to_string()), "{}", run.shown());
    assert_eq!(row(&sandbox, "calm-fox")["ports"][0]["port"], sandbox.port(1));
}

#[test]
fn a_worktree_that_was_moved_is_marked_where_it_is_now() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let (old, new) = (sandbox.worktree("feature-login"), sandbox.path("moved"));
    let at = |path: &Path| path.to_string_lossy().into_owned();
    sandbox.git(&sandbox.repo(), &["worktree", "move", &at(&old), &at(&new)]);
    let pid = std::process::id().to_string();
    let marked = sandbox.json_in(&new, &["agent", "state", "working", "--pid", &pid]);
    assert_eq!(marked["changed"], true, "{marked}");
    assert_eq!(row(&sandbox, "feature-login")["agent"]["state"], "working");
}

#[test]
fn ignored_files_and_the_setup_come_behind_the_answer() {
    let (sandbox, folder) = with_agents_worktree();
    let repo = sandbox.repo();
    fs::write(repo.join(".git/info/exclude"), ".env\nnotes\nmade\n").unwrap();
    fs::write(repo.join(".worktreeinclude"), ".env\nnotes\n").unwrap();
    fs::write(repo.join(".env"), "SECRET=1\n").unwrap();
    fs::write(repo.join("notes"), "carried\n").unwrap();
    sandbox.configure(
        "[worktree]\nsetup = [\"sh -c 'cat notes .env > made'\"]\nbackground = [\"touch ../last\"]\n",
    );
    let run = hook(&sandbox, &folder, &["enter"], b"").ok();
    assert!(run.stdout.contains("`wt list` shows how far"), "{}", run.shown());
    until("the setup", || folder.parent().unwrap().join("last").exists());
    let made = fs::read_to_string(folder.join("made")).unwrap();
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(made.contains("carried") && made.contains("SECRET=1") && made.contains("PORT="), "{made}");
    assert!(env.starts_with("SECRET=1\n") && env.contains(&sandbox.port(0).to_string()), "{env}");
    let found = row(&sandbox, "calm-fox");
    assert_eq!(found["setup"]["state"], "done", "{found}");
    let run = hook(&sandbox, &folder, &["enter"], b"").ok();
    assert!(!run.stdout.contains("how far"), "{}", run.shown());
    // Copies of what the main worktree has are no loss.
    fs::remove_file(folder.join("made")).unwrap();
    sandbox.wt(&["remove", "calm-fox"]).ok();
}
