//! What is run: from which state, which command, and what must hold afterwards beside what always does.

use serde_json::Value;

use super::calls::Role;
use super::run::Outcome;
use super::situations as from;
use crate::support::Sandbox;

/// Whose calls fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Those of the command.
    Command,
    /// Those of a `wt serve --actions` that answers; `arguments` are the path and the body of what it is asked for.
    Server,
    /// Those of the supervisor that runs, while the command talks to it.
    Supervisor,
    /// Those of a supervisor that begins, and that the command then talks to.
    Beginning,
}

/// One command in one situation.
pub struct Scenario {
    pub name: &'static str,
    /// Makes the situation; nothing runs in it.
    pub make: fn() -> Sandbox,
    /// Starts what runs when the command comes.
    pub before: fn(&Sandbox),
    pub how: How,
    /// Where the command is run, seen from the sandbox.
    pub folder: &'static str,
    /// `@ROOT@` stands for the sandbox, `@PORT0@` for its first port.
    pub arguments: &'static [&'static str],
    /// What it reads.
    pub input: Option<&'static str>,
    /// Looks at what the command said and made, and takes away what is neither a worktree's nor ours.
    pub after: fn(&Sandbox, &Outcome),
    /// The plain command that comes next, and heals.
    pub next: &'static [&'static str],
    /// Whether its files are still to be had afterwards.
    pub keeps_login: bool,
    /// Whether services may run when the command has ended.
    pub has_services: bool,
    pub needs_root: bool,
    pub roles: &'static [Role],
    pub ends: fn(&Sandbox, &Outcome),
}

pub const PLAIN: Scenario = Scenario {
    name: "",
    make: from::with_login,
    before: |_| (),
    how: How::Command,
    folder: "proj",
    arguments: &[],
    input: None,
    after: |_, _| (),
    next: &["list"],
    keeps_login: true,
    has_services: false,
    needs_root: false,
    roles: &[Role::Everyone],
    ends: |_, _| (),
};

pub const EVERYBODY: &[Role] = &[Role::Main, Role::Everyone, Role::Git];

pub fn find_login(sandbox: &Sandbox) -> Option<Value> {
    sandbox.living().into_iter().find(|entry| entry["name"] == "feature-login")
}

/// A create that says that it is done is; one that failed or died left nothing, or all of it.
pub fn all_or_nothing(sandbox: &Sandbox, outcome: &Outcome) {
    let entry = find_login(sandbox);
    assert!(outcome.code != Some(0) || entry.is_some(), "it said that it is done\n{}", outcome.shown());
    if entry.is_some() {
        has_one_port(sandbox, outcome);
        assert_eq!(sandbox.status(&sandbox.worktree("feature-login")), "", "{}", outcome.shown());
        return;
    }
    assert!(!sandbox.worktree("feature-login").exists(), "{}", outcome.shown());
    assert!(!sandbox.has_branch(&sandbox.repo(), "feature/login"), "{}", outcome.shown());
    let again = sandbox.wt(&["create", "login", "--ports"]);
    assert_eq!(again.status, 0, "{}\n{}", again.shown(), outcome.shown());
}

/// The judge has brought it back by now: the log says whether it had been removed.
pub fn is_removed(sandbox: &Sandbox, outcome: &Outcome) {
    let events = std::fs::read_to_string(sandbox.state().join("events.jsonl")).unwrap_or_default();
    assert!(outcome.code != Some(0) || events.contains("restored"), "{events}\n{}", outcome.shown());
    has_one_port(sandbox, outcome);
}

pub fn has_one_port(sandbox: &Sandbox, outcome: &Outcome) {
    has_ports(sandbox, outcome, &[1]);
}

pub fn has_ports(sandbox: &Sandbox, outcome: &Outcome, counts: &[usize]) {
    let entry = find_login(sandbox).unwrap_or_else(|| panic!("it is gone\n{}", outcome.shown()));
    let count = entry["allocations"].as_array().unwrap().len();
    assert!(counts.contains(&count), "{count} ports: {entry:#}\n{}", outcome.shown());
}

/// It has its old name or its new one, and the new one where it was said that it has.
pub fn is_renamed(sandbox: &Sandbox, outcome: &Outcome) {
    let is_old = find_login(sandbox).is_some();
    let (branch, other) = if is_old { ("login", "signup") } else { ("signup", "login") };
    assert!(outcome.code != Some(0) || !is_old, "{}", outcome.shown());
    assert!(sandbox.has_branch(&sandbox.repo(), &format!("feature/{branch}")), "{}", outcome.shown());
    assert!(!sandbox.has_branch(&sandbox.repo(), &format!("feature/{other}")), "{}", outcome.shown());
    assert!(!sandbox.worktree(&format!("feature-{other}")).exists(), "{}", outcome.shown());
}

pub fn is_gone(sandbox: &Sandbox, outcome: &Outcome) {
    assert!(find_login(sandbox).is_none(), "{}", outcome.shown());
    assert!(!sandbox.worktree("feature-login").exists(), "{}", outcome.shown());
}

/// It was done where it was said that it is, and is done or not else.
pub fn is_done(outcome: &Outcome, is_so: bool) {
    assert!(outcome.code != Some(0) || is_so, "it said that it is done\n{}", outcome.shown());
}
