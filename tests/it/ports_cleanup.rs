//! `wt ports cleanup`: what worktrees that are gone left running is stopped, and nothing else.

use std::fs;

use serde_json::{Value, json};

use super::support::python::Program;
use super::support::{Sandbox, skip, wait};

const SERVER: &str = "s = listen(port); ready(); stay()";

fn cleanup(sandbox: &Sandbox, more: &[&str]) -> (i32, Value) {
    let arguments: Vec<&str> =
        ["--json", "ports", "cleanup"].into_iter().chain(more.iter().copied()).collect();
    let run = sandbox.wt(&arguments);
    (run.status, run.json())
}

fn assert_ended(program: &mut Program) {
    wait::end_of(&mut program.holder.child);
}

/// A server that runs in worktree `feature-NAME`, on the `index`-th port.
fn server(sandbox: &Sandbox, name: &str, index: u16) -> Option<Program> {
    sandbox.wt(&["create", name, "--ports"]).ok();
    sandbox.python(&sandbox.worktree(&format!("feature-{name}")), sandbox.port(index), SERVER)
}

#[test]
fn a_server_of_a_removed_worktree_is_stopped_once_somebody_agrees() {
    let sandbox = Sandbox::new();
    let Some(mut stray) = server(&sandbox, "gone", 0) else { return skip("no python3") };
    let Some(mut other) = server(&sandbox, "stays", 1) else { return skip("no python3") };
    sandbox.wt(&["remove", "gone", "--force"]).ok();
    let (status, answer) = cleanup(&sandbox, &[]);
    assert_eq!((status, answer["strays"][0]["pid"].as_u64()), (1, Some(stray.pid.into())), "{answer}");
    assert_eq!((&answer["strays"][0]["why"], &answer["killed"]), (&json!("in_trash"), &json!([])));
    sandbox.wt(&["ports", "cleanup"]).exits(1).answers(&["feature-gone"]).says(&["wt ports cleanup --yes"]);
    assert!(stray.is_running());
    let (status, answer) = cleanup(&sandbox, &["--force"]);
    assert_eq!((status, answer["killed"][0]["pid"].as_u64()), (0, Some(stray.pid.into())), "{answer}");
    assert_eq!(answer["free"], json!([sandbox.port(0)]));
    assert_ended(&mut stray);
    assert!(other.is_running());
    let event = sandbox.events().pop().unwrap();
    assert_eq!((&event["event"], &event["worktree"]), (&json!("stray_terminated"), &json!("feature-gone")));
    sandbox.wt(&["ports", "cleanup"]).ok().says(&["no strays"]);
}

#[test]
fn a_server_whose_worktree_was_deleted_by_hand_is_stopped_also_when_its_record_went() {
    let sandbox = Sandbox::new();
    let Some(mut stray) = server(&sandbox, "gone", 0) else { return skip("no python3") };
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    let (status, answer) = cleanup(&sandbox, &["--yes"]);
    assert_eq!((status, &answer["strays"][0]["why"]), (0, &json!("in_deleted_folder")), "{answer}");
    assert_eq!(answer["strays"][0]["stray_of"], "feature-gone");
    assert_ended(&mut stray);
}

#[test]
fn a_marked_server_of_a_worktree_that_is_gone_is_stopped_wherever_it_stands() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    let id = sandbox.living()[0]["repository_id"].as_str().unwrap().to_owned();
    sandbox.wt(&["remove", "gone", "--force"]).ok();
    let start = |sandbox: &Sandbox, index| sandbox.python(&sandbox.path(""), sandbox.port(index), SERVER);
    let Some(mut plain) = start(&sandbox, 2) else { return skip("no python3") };
    sandbox.set("WT_MARKER", "0123456789abcdef0123456789abcdef/feature-gone");
    let mut foreign = start(&sandbox, 1).unwrap();
    sandbox.set("WT_MARKER", format!("{id}/feature-gone"));
    let mut stray = start(&sandbox, 0).unwrap();
    let (status, answer) = cleanup(&sandbox, &["--force"]);
    assert_eq!((status, answer["strays"].as_array().unwrap().len()), (0, 1), "{answer}");
    assert_eq!(answer["strays"][0]["why"], "marked");
    assert_ended(&mut stray);
    assert!(plain.is_running() && foreign.is_running());
}

#[test]
fn strangers_in_our_ranges_and_strays_outside_of_them_are_left_alone() {
    let sandbox = Sandbox::new();
    let Some(mut away) = server(&sandbox, "gone", 0) else { return skip("no python3") };
    let mut stranger = sandbox.python(&sandbox.path(""), sandbox.port(1), SERVER).unwrap();
    sandbox.wt(&["remove", "gone", "--force"]).ok();
    sandbox.configure(&format!("[purpose.feature]\nports = \"{}\"\n", sandbox.port(1)));
    let (status, answer) = cleanup(&sandbox, &["--force"]);
    assert_eq!((status, &answer["strays"]), (0, &json!([])), "{answer}");
    assert!(away.is_running() && stranger.is_running());
}

#[test]
fn a_folder_of_the_same_name_that_somebody_made_again_is_no_proof() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    sandbox.wt(&["remove", "gone"]).ok();
    let folder = sandbox.worktree("feature-gone");
    fs::create_dir_all(&folder).unwrap();
    let Some(mut theirs) = sandbox.python(&folder, sandbox.port(0), SERVER) else {
        return skip("no python3");
    };
    let (status, answer) = cleanup(&sandbox, &["--force"]);
    assert_eq!((status, &answer["strays"]), (0, &json!([])), "{answer}");
    assert!(theirs.is_running());
}

#[test]
fn a_stray_that_ignores_the_signal_is_killed_and_what_shares_its_port_is_not() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    let shared = "s = listen(port, reuse_port=True); ready(); stay()";
    let deaf =
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); s = listen(port, reuse_port=True); ready(); stay()";
    let Some(mut stray) = sandbox.python(&sandbox.worktree("feature-gone"), sandbox.port(0), deaf) else {
        return skip("no python3");
    };
    let mut stranger = sandbox.python(&sandbox.path(""), sandbox.port(0), shared).unwrap();
    sandbox.wt(&["remove", "gone", "--force"]).ok();
    let (status, answer) = cleanup(&sandbox, &["--force"]);
    assert_eq!((status, &answer["killed"][0]["signal"]), (0, &json!("KILL")), "{answer}");
    assert_eq!(answer["free"], json!([]), "the stranger holds it still");
    assert_ended(&mut stray);
    assert!(stranger.is_running());
}
