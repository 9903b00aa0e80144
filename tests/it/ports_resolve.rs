//! `wt ports resolve`: conflicts over ports are settled by moving ours or ending who is in its way, as far as is agreed.

use std::fs;

use serde_json::{Value, json};

use super::support::python::Program;
use super::support::terminal::Terminal;
use super::support::{Sandbox, skip, wait};

const SERVER: &str = "s = listen(port); ready(); stay()";

/// A sandbox with a worktree `feature-login` that has the first port, and a stranger that holds it.
fn disputed() -> Option<(Sandbox, Program)> {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let stranger = sandbox.python(&sandbox.path("home"), sandbox.port(0), SERVER)?;
    Some((sandbox, stranger))
}

fn resolve(sandbox: &Sandbox, more: &[&str]) -> (i32, Value) {
    let arguments: Vec<&str> =
        ["--json", "ports", "resolve"].into_iter().chain(more.iter().copied()).collect();
    let run = sandbox.wt(&arguments);
    (run.status, run.json())
}

/// The port that `feature-NAME` has by the registry, which `.env` must agree with.
fn port_of(sandbox: &Sandbox, name: &str) -> u64 {
    let name = format!("feature-{name}");
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == name.as_str()).unwrap();
    let port = entry["allocations"][0]["port"].as_u64().unwrap();
    let env = fs::read_to_string(sandbox.worktree(&name).join(".env")).unwrap();
    assert!(env.lines().any(|line| line == format!("PORT={port}")), "{port}: {env}");
    port
}

fn events(sandbox: &Sandbox) -> Vec<String> {
    let all = sandbox.events();
    let names = all.iter().map(|event| event["event"].as_str().unwrap().to_owned());
    names
        .filter(|name| name.contains("resolve") || name.contains("port_move") || name.contains("terminated"))
        .collect()
}

/// Changes the registry as a person with an editor would.
fn edit(sandbox: &Sandbox, change: impl FnOnce(&mut Value)) {
    let mut registry = sandbox.registry();
    change(&mut registry);
    fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
}

#[test]
fn no_conflict_is_nothing_to_do() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    for more in [&[][..], &["--dry-run"], &["--strategy", "aggressive", "--yes"]] {
        assert_eq!(resolve(&sandbox, more).0, 0, "{more:?}");
    }
    sandbox.wt(&["ports", "resolve"]).ok().says(&["no conflicts"]);
    assert!(events(&sandbox).is_empty());
}

#[test]
fn ours_moves_away_from_a_stranger_and_the_env_block_follows() {
    for strategy in ["conservative", "intelligent"] {
        let Some((sandbox, mut stranger)) = disputed() else { return skip("no python3") };
        let (status, answer) = resolve(&sandbox, &["--strategy", strategy]);
        assert_eq!((status, &answer["strategy"], &answer["remaining"]), (0, &json!(strategy), &json!([])));
        let step = &answer["steps"][0];
        assert_eq!(
            (&step["action"], &step["outcome"], &step["level"]),
            (&json!("move"), &json!("done"), &json!("high"))
        );
        assert_eq!(step["to"], sandbox.port(1));
        assert_eq!(port_of(&sandbox, "login"), u64::from(sandbox.port(1)));
        assert!(stranger.is_running());
        assert_eq!(events(&sandbox), ["resolve_planned", "port_moved", "resolve_verified"]);
        // Each says whose it is, so that no other repository hears of it.
        for event in
            sandbox.events().iter().filter(|event| event["event"].as_str().unwrap().starts_with("resolve"))
        {
            let repository = sandbox.repo();
            let said = (&event["repository"], &event["worktree"], &event["service"], &event["policy"]);
            let whose = (&json!(repository), &json!("feature-login"), &json!("web"), &json!(strategy));
            assert_eq!(said, whose, "{event}");
            assert_eq!(event["holders"][0]["port"], sandbox.port(0), "{event}");
        }
        let told = sandbox.json(&["ports", "history", "--port", &sandbox.port(0).to_string()]);
        assert_eq!(told["events"].as_array().unwrap().len(), 3, "{told}");
    }
}

#[test]
fn a_person_is_told_which_port_the_next_start_has() {
    let Some((sandbox, _stranger)) = disputed() else { return skip("no python3") };
    let moved = format!("moved `web` of feature-login to {}", sandbox.port(1));
    sandbox
        .wt(&["ports", "resolve"])
        .ok()
        .answers(&["high: held by python3 (pid", &moved])
        .says(&["`web` of feature-login has port", "from its next start on, and .env says so"]);
    let web = sandbox.json(&["status", "-w", "feature-login"])["services"].clone();
    assert!(web.as_array().unwrap().iter().all(|one| one["port"] != sandbox.port(0)), "{web}");
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let Some((sandbox, mut stranger)) = disputed() else { return skip("no python3") };
    let before = sandbox.snapshot();
    for (strategy, action) in [("conservative", "move"), ("aggressive", "terminate"), ("intelligent", "move")]
    {
        let (status, answer) = resolve(&sandbox, &["--dry-run", "--strategy", strategy]);
        assert_eq!((status, &answer["plan"][0]["action"]), (1, &json!(action)), "{answer}");
        assert_eq!(answer["plan"][0]["worktree"], "feature-login");
    }
    let run = sandbox.wt(&["ports", "resolve", "--dry-run", "--yes"]).exits(1);
    sandbox.assert_unchanged(&before, &run);
    run.answers(&["would move `web` of feature-login"]);
    assert!(stranger.is_running());
}

#[test]
fn the_aggressive_ends_a_stranger_only_once_somebody_agreed() {
    let Some((sandbox, mut stranger)) = disputed() else { return skip("no python3") };
    let (status, answer) = resolve(&sandbox, &["--strategy", "aggressive"]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (1, &json!("left")), "{answer}");
    assert!(stranger.is_running());
    sandbox
        .wt(&["ports", "resolve", "--strategy", "aggressive"])
        .exits(1)
        .says(&["conflicts are left", "wt ports kill"]);
    let (status, answer) = resolve(&sandbox, &["--strategy", "aggressive", "--yes"]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (0, &json!("done")), "{answer}");
    wait::end_of(&mut stranger.holder.child);
    assert_eq!(port_of(&sandbox, "login"), u64::from(sandbox.port(0)), "ours stays where it was");
    assert!(events(&sandbox).ends_with(&["holder_terminated".to_owned(), "resolve_verified".to_owned()]));
}

#[test]
fn strangers_that_the_user_keeps_bind_the_aggressive_too() {
    let Some((mut sandbox, mut stranger)) = disputed() else { return skip("no python3") };
    sandbox.set("WT_RESOLVE_PRESERVE_FOREIGN", "true");
    let (status, answer) = resolve(&sandbox, &["--strategy", "aggressive", "--yes"]);
    assert_eq!((status, &answer["steps"][0]["action"]), (1, &json!("leave")), "{answer}");
    assert!(answer["steps"][0]["why"].as_str().unwrap().contains("preserve_foreign"), "{answer}");
    assert!(stranger.is_running());
    // A file that was exported from a configuration where nobody set it binds nothing.
    sandbox.set("WT_RESOLVE_PRESERVE_FOREIGN", "");
    let file = sandbox.path("all.toml").to_str().unwrap().to_owned();
    sandbox.wt(&["config", "export", &file]).ok();
    let answer = sandbox.wt(&[
        "--config",
        &file,
        "--json",
        "ports",
        "resolve",
        "--strategy",
        "aggressive",
        "--dry-run",
    ]);
    assert_eq!(answer.json()["plan"][0]["action"], "terminate", "{}", answer.shown());
}

#[test]
fn a_terminal_is_shown_the_plan_and_asked() {
    let Some((sandbox, mut stranger)) = disputed() else { return skip("no python3") };
    let arguments = ["ports", "resolve", "--strategy", "aggressive"];
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &arguments));
    terminal.expect("Do this?");
    terminal.send("\r");
    let (status, seen) = terminal.finish();
    assert!(
        status == 1 && seen.contains("would end python3") && seen.contains("nothing was changed"),
        "{seen}"
    );
    assert!(stranger.is_running());
}

#[test]
fn the_aggressive_leaves_what_kill_refuses() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let script = format!("open('/proc/self/comm', 'w').write('postgres')\n{SERVER}");
    let Some(mut database) = sandbox.python(&sandbox.path("home"), sandbox.port(0), &script) else {
        return skip("no python3");
    };
    let (status, answer) = resolve(&sandbox, &["--strategy", "aggressive", "--yes"]);
    assert_eq!((status, &answer["steps"][0]["action"]), (1, &json!("leave")), "{answer}");
    assert!(answer["steps"][0]["why"].as_str().unwrap().contains("a database"), "{answer}");
    assert!(database.is_running());
    assert!(events(&sandbox).contains(&"resolve_failed".to_owned()));
}

#[test]
fn the_aggressive_spares_the_server_of_the_worktree_itself() {
    let Some((sandbox, mut own)) = disputed() else { return skip("no python3") };
    // Now the first one is the worktree's own, and the other a stranger beside it.
    drop(own);
    let shared = "s = listen(port, reuse_port=True); ready(); stay()";
    own = sandbox.python(&sandbox.worktree("feature-login"), sandbox.port(0), shared).unwrap();
    let mut stranger = sandbox.python(&sandbox.path("home"), sandbox.port(0), shared).unwrap();
    let (status, answer) = resolve(&sandbox, &["--strategy", "aggressive", "--yes"]);
    assert_eq!((status, &answer["steps"][0]["level"]), (0, &json!("critical")), "{answer}");
    assert_eq!(answer["steps"][0]["pids"], json!([stranger.pid]));
    wait::end_of(&mut stranger.holder.child);
    assert!(own.is_running());
}

#[test]
fn the_intelligent_ends_our_own_strays_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    let Some(mut stray) = sandbox.python(&sandbox.worktree("feature-gone"), sandbox.port(0), SERVER) else {
        return skip("no python3");
    };
    sandbox.wt(&["remove", "gone", "--force"]).ok();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    edit(&sandbox, |registry| {
        let all = registry["worktrees"].as_array_mut().unwrap();
        let login = all.iter_mut().find(|entry| entry["name"] == "feature-login").unwrap();
        login["allocations"][0]["port"] = json!(sandbox.port(0));
    });
    let (status, answer) = resolve(&sandbox, &[]);
    assert_eq!((status, &answer["steps"][0]["action"]), (1, &json!("terminate")), "{answer}");
    assert_eq!(
        (&answer["steps"][0]["level"], &answer["steps"][0]["outcome"]),
        (&json!("medium"), &json!("left"))
    );
    assert!(stray.is_running());
    let (status, answer) = resolve(&sandbox, &["--yes"]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (0, &json!("done")), "{answer}");
    wait::end_of(&mut stray.holder.child);
}

#[test]
fn of_a_port_that_two_worktrees_have_the_younger_moves() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "old", "--ports"]).ok();
    sandbox.wt(&["create", "young", "--ports"]).ok();
    let shared = sandbox.port(0);
    edit(&sandbox, |registry| registry["worktrees"][1]["allocations"][0]["port"] = json!(shared));
    let (status, answer) = resolve(&sandbox, &["--strategy", "aggressive"]);
    assert_eq!((status, &answer["steps"][0]["worktree"]), (0, &json!("feature-young")), "{answer}");
    assert_eq!(port_of(&sandbox, "young"), u64::from(sandbox.port(1)));
    let registry = sandbox.registry();
    assert_eq!(registry["worktrees"][0]["allocations"][0]["port"], shared);
}

#[test]
fn two_who_resolve_at_once_move_it_once() {
    let Some((sandbox, _stranger)) = disputed() else { return skip("no python3") };
    let start = || sandbox.command(&sandbox.repo(), &["ports", "resolve", "-q"]).spawn().unwrap();
    let mut children: Vec<_> = (0..4).map(|_| start()).collect();
    for child in &mut children {
        assert_eq!(wait::end_of(child).code(), Some(0));
    }
    assert_eq!(port_of(&sandbox, "login"), u64::from(sandbox.port(1)));
    assert_eq!(events(&sandbox).iter().filter(|name| *name == "port_moved").count(), 1);
}

#[test]
fn pinned_and_locked_ports_are_never_moved_and_it_is_said() {
    let Some((sandbox, _stranger)) = disputed() else { return skip("no python3") };
    sandbox.git(&sandbox.repo(), &["worktree", "lock", sandbox.worktree("feature-login").to_str().unwrap()]);
    let left = |word: &str| {
        let (status, answer) = resolve(&sandbox, &["--yes"]);
        assert_eq!((status, &answer["steps"][0]["action"]), (1, &json!("leave")), "{answer}");
        assert!(answer["steps"][0]["why"].as_str().unwrap().contains(word), "{answer}");
        assert_eq!(port_of(&sandbox, "login"), u64::from(sandbox.port(0)));
    };
    left("a locked worktree");
    edit(&sandbox, |registry| registry["worktrees"][0]["allocations"][0]["pinned"] = json!(true));
    left("is pinned");
}

#[test]
fn the_configuration_may_forbid_moves_and_limit_their_tries() {
    let Some((sandbox, _stranger)) = disputed() else { return skip("no python3") };
    sandbox.configure("[resolve]\nallow_move = false\n");
    let (status, answer) = resolve(&sandbox, &[]);
    assert!(status == 1 && answer["steps"][0]["why"].as_str().unwrap().contains("allow_move"), "{answer}");
    let second = sandbox.python(&sandbox.path("home"), sandbox.port(1), SERVER).unwrap();
    sandbox.configure("[resolve]\nmax_alternatives = 1\n");
    let (status, answer) = resolve(&sandbox, &[]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (1, &json!("failed")), "{answer}");
    sandbox.configure("[resolve]\nmax_alternatives = 2\nstrategy = \"conservative\"\n");
    let (status, answer) = resolve(&sandbox, &[]);
    assert_eq!((status, &answer["steps"][0]["to"]), (0, &json!(sandbox.port(2))), "{answer}");
    assert_eq!(answer["strategy"], "conservative");
    drop(second);
}

#[test]
fn an_env_block_that_cannot_be_written_takes_the_move_back() {
    let Some((sandbox, _stranger)) = disputed() else { return skip("no python3") };
    let worktree = sandbox.worktree("feature-login");
    sandbox.git(&worktree, &["add", "-f", ".env"]);
    let (status, answer) = resolve(&sandbox, &[]);
    assert_eq!((status, &answer["steps"][0]["outcome"]), (1, &json!("failed")), "{answer}");
    assert_eq!(port_of(&sandbox, "login"), u64::from(sandbox.port(0)));
    assert!(events(&sandbox).contains(&"port_move_undone".to_owned()));
}

#[test]
fn nonsense_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["ports", "resolve", "--strategy", "brutal"], "usage");
    sandbox.refused(&["ports", "resolve", "5000"], "usage");
}
