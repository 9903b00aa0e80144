//! `wt trust`: a repository's commands run only once somebody has seen them, as they stand.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git};

const COMMANDS: &str =
    "[service.web]\nrun = \"npm run dev\"\nhealth = { command = \"curl -fs localhost\" }\n";

fn with(commands: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".wt.toml", commands);
    sandbox
}

#[test]
fn without_a_terminal_it_is_refused_and_the_exact_text_is_shown() {
    let sandbox = with(COMMANDS);
    let error = sandbox.refused(&["trust"], "untrusted");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("service.web.run = npm run dev"), "{error}");
    assert!(message.contains("service.web.health.command = curl -fs localhost"), "{error}");
    assert_eq!(error["details"]["commands"][0]["command"], "npm run dev", "{error}");
    assert!(!sandbox.state().join("trust.json").exists());
}

#[test]
fn yes_allows_them_and_the_record_is_the_users_alone() {
    let sandbox = with(COMMANDS);
    sandbox.wt(&["trust", "--status"]).exits(1).answers(&["untrusted"]);
    let answer = sandbox.json(&["--yes", "trust"]);
    assert_eq!(
        (&answer["state"], &answer["commands"][1]["trusted"]),
        (&"trusted".into(), &true.into()),
        "{answer}"
    );
    let mode = fs::metadata(sandbox.state().join("trust.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    sandbox.wt(&["trust", "--status"]).ok().answers(&["trusted"]);
    sandbox.wt(&["trust"]).ok();
    sandbox.wt(&["trust", "--list"]).ok().answers(&["npm run dev", sandbox.repo().to_str().unwrap()]);
}

#[test]
fn a_changed_text_is_asked_about_again_and_the_former_one_shown() {
    let sandbox = with(COMMANDS);
    sandbox.wt(&["--yes", "trust"]).ok();
    git::write(&sandbox.repo(), ".wt.toml", &COMMANDS.replace("npm run dev", "npm run dev; rm -rf ~"));
    let error = sandbox.refused(&["trust"], "untrusted");
    assert_eq!(error["details"]["commands"][0]["formerly"], "npm run dev", "{error}");
    assert_eq!(error["details"]["commands"][1]["trusted"], true, "the other one did not change: {error}");
    sandbox.wt(&["--yes", "trust"]).ok();
    git::write(&sandbox.repo(), ".wt.toml", COMMANDS);
    sandbox.refused(&["trust"], "untrusted");
}

#[test]
fn revoking_forgets() {
    let sandbox = with(COMMANDS);
    sandbox.wt(&["--yes", "trust"]).ok();
    assert_eq!(sandbox.json(&["trust", "--revoke"])["revoked"], true);
    assert_eq!(sandbox.json(&["trust", "--revoke"])["revoked"], false);
    sandbox.refused(&["trust"], "untrusted");
}

#[test]
fn an_approval_is_for_one_repository() {
    let sandbox = with(COMMANDS);
    let other = sandbox.make_repository("other");
    git::write(&other, ".wt.toml", COMMANDS);
    sandbox.wt(&["--yes", "trust"]).ok();
    sandbox.refused_in(&other, &["trust"], "untrusted");
}

#[test]
fn ones_own_commands_need_no_approval_and_a_file_named_with_config_does() {
    let sandbox = Sandbox::new();
    sandbox.configure(COMMANDS);
    assert_eq!(sandbox.json(&["trust"])["state"], "nothing");
    git::write(&sandbox.path("elsewhere"), "x.toml", COMMANDS);
    let file = sandbox.path("elsewhere/x.toml");
    let error = sandbox.refused(&["--config", file.to_str().unwrap(), "trust"], "untrusted");
    let copied = format!("`wt trust --config {}` allows them", file.display());
    assert!(error["hint"].as_str().unwrap().contains(&copied), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!(" in {}:", file.display())), "{error}");
    assert!(!message.contains(sandbox.repo().to_str().unwrap()), "it is not the repository's: {error}");
    git::write(&sandbox.repo(), ".wt.toml", "[service.web]\nrun = \"something else\"\n");
    sandbox.refused(&["trust"], "untrusted");
}

#[test]
fn a_file_named_with_config_has_an_approval_of_its_own() {
    let sandbox = with(COMMANDS);
    git::write(&sandbox.path("elsewhere"), "x.toml", COMMANDS);
    let file = sandbox.path("elsewhere/x.toml");
    let named = ["--config", file.to_str().unwrap(), "--yes", "trust"];
    sandbox.wt(&["--yes", "trust"]).ok();
    sandbox.refused(&["--config", file.to_str().unwrap(), "trust"], "untrusted");
    sandbox.wt(&named).ok();
    sandbox.wt(&["--config", file.to_str().unwrap(), "trust", "--status"]).ok();
    sandbox.wt(&["trust", "--status"]).ok();
    git::write(&sandbox.path("elsewhere"), "x.toml", &COMMANDS.replace("npm", "pnpm"));
    sandbox.refused(&["--config", file.to_str().unwrap(), "trust"], "untrusted");
    sandbox.wt(&["trust", "--status"]).ok();
    sandbox.wt(&named).ok();
    sandbox.wt(&["trust", "--list"]).ok().answers(&["elsewhere/x.toml", "pnpm run dev"]);
    assert_eq!(sandbox.json(&["trust", "--revoke"])["revoked"], true);
    sandbox.refused(&["--config", file.to_str().unwrap(), "trust"], "untrusted");
}

#[test]
fn the_setup_and_the_compose_service_of_a_repository_are_asked_about_too() {
    let sandbox = with("[service.web]\nrun = \"a\"\nsetup = \"b\"\n[service.db]\ncompose = \"postgres\"\n");
    let error = sandbox.refused(&["trust"], "untrusted");
    let keys: Vec<&str> = error["details"]["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| command["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["service.web.run", "service.web.setup", "service.db.compose"], "{error}");
}

#[test]
fn a_terminal_is_asked_and_enter_is_no() {
    let sandbox = with(COMMANDS);
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["trust"]));
    terminal.expect("Allow them?");
    assert!(terminal.seen.contains("npm run dev"), "{}", terminal.seen);
    terminal.send("\r");
    assert_eq!(terminal.finish().0, 1);
    sandbox.wt(&["trust", "--status"]).exits(1);
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["trust"]));
    terminal.expect("Allow them?");
    terminal.send("y");
    assert_eq!(terminal.finish().0, 0);
    sandbox.wt(&["trust", "--status"]).ok();
}

#[test]
fn escapes_in_a_command_never_reach_the_terminal_raw() {
    let sandbox = with("[service.web]\nrun = \"evil\\u001b[2J \\u202e\"\n");
    let run = sandbox.wt(&["trust"]).exits(1);
    assert!(!run.stderr.contains('\u{1b}') && !run.stderr.contains('\u{202e}'), "{}", run.shown());
}

#[test]
fn a_line_break_in_a_command_does_not_look_like_the_next_command() {
    let sandbox = with("[service.web]\nrun = \"sh -c 'x\\n  service.api.run = true'\"\n");
    let run = sandbox.wt(&["trust"]).exits(1);
    assert!(run.stderr.contains("sh -c 'x\\n  service.api.run = true'"), "{}", run.shown());
}

#[test]
fn a_record_that_others_may_write_does_not_count() {
    let sandbox = with(COMMANDS);
    sandbox.wt(&["--yes", "trust"]).ok();
    let file = sandbox.state().join("trust.json");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    sandbox.wt(&["trust", "--status"]).exits(1).says(&["chmod 600"]);
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(&file, "{ nonsense").unwrap();
    sandbox.wt(&["--yes", "trust"]).exits(2).says(&["damaged"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "{ nonsense", "what is damaged is left as it is");
}
