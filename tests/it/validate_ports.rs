//! `wt validate --verify-ports`: what listens against what is allocated.

use std::fs;

use crate::support::holder::{Hold, hold};
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, git, skip};
use crate::validate::{codes, findings, mended};

#[test]
fn a_port_of_which_nothing_listens_is_stale_and_leaves_the_env_block() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    assert_eq!(codes(&findings(&sandbox, &[], 0)), [""; 0], "only where listeners are asked for");
    assert_eq!(codes(&findings(&sandbox, &["--verify-ports"], 0)), ["port-stale"]);
    mended(&sandbox, &["--verify-ports"]);
    let text = fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(!text.contains(&sandbox.port(0).to_string()) && text.contains("WT_NAME"), "{text}");
}

#[test]
fn a_worktree_of_which_anything_listens_is_not_stale() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(_server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("there is no python3");
    };
    assert_eq!(codes(&findings(&sandbox, &["--verify-ports"], 0)), [""; 0]);
}

#[test]
fn pinned_and_locked_and_recent_ports_are_never_stale() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "locked", "--ports", "--lock"]).ok();
    assert_eq!(codes(&findings(&sandbox, &["--verify-ports"], 0)), [""; 0]);
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "recent", "--ports"]).ok();
    sandbox.configure("[ports]\nstale_after = \"1h\"\n");
    assert_eq!(codes(&findings(&sandbox, &["--verify-ports"], 0)), [""; 0]);
    sandbox.configure("");
    let file = sandbox.state().join("registry.json");
    let text = fs::read_to_string(&file).unwrap().replace("\"pinned\":false", "\"pinned\":true");
    git::write(&sandbox.state(), "registry.json", &text);
    assert_eq!(codes(&findings(&sandbox, &["--verify-ports"], 0)), [""; 0]);
}

#[test]
fn a_stranger_on_an_allocated_port_is_named_and_the_service_moves_away() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0);
    let Some(_stranger) = sandbox.python_server(&sandbox.path(""), "127.0.0.1", &[port]) else {
        return skip("there is no python3");
    };
    let found = findings(&sandbox, &["--verify-ports"], 1);
    assert_eq!(codes(&found), ["port-conflict"]);
    assert!(found[0]["message"].as_str().unwrap().contains("python3"), "{found:?}");
    let found = findings(&sandbox, &["--verify-ports", "--fix"], 0);
    assert_eq!(found[0]["fixed"], true);
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(1));
    let text = fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(text.contains(&format!("PORT={}", sandbox.port(1))), "{text}");
}

#[test]
fn a_sibling_on_ones_port_is_named_by_its_worktree() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let Some(_sibling) =
        sandbox.python_server(&sandbox.worktree("feature-two"), "127.0.0.1", &[sandbox.port(0)])
    else {
        return skip("there is no python3");
    };
    let found = findings(&sandbox, &["--verify-ports"], 1);
    let conflict = found.iter().find(|finding| finding["code"] == "port-conflict").unwrap();
    assert_eq!(conflict["subject"], "feature-one");
    assert!(conflict["message"].as_str().unwrap().contains("worktree feature-two)"), "{conflict}");
    let drift = found.iter().find(|finding| finding["code"] == "port-drift").unwrap();
    assert_eq!(drift["subject"], "feature-two");
}

#[test]
fn a_pinned_port_and_one_that_our_own_server_shares_are_not_moved() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0);
    let folder = sandbox.worktree("feature-login");
    let Some(_ours) = sandbox.python_server(&folder, "127.0.0.1", &[port]) else {
        return skip("there is no python3");
    };
    let Some(_stranger) = hold("127.0.0.2", port, Hold::Listen) else {
        return skip("there is no 127.0.0.2");
    };
    let found = findings(&sandbox, &["--verify-ports", "--fix"], 2);
    assert_eq!((codes(&found), found[0]["fixable"].as_bool()), (vec!["port-conflict"], Some(false)));
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], port);
}

#[test]
fn a_server_on_another_port_than_its_own_is_drift() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let other = sandbox.port(5);
    let Some(_server) = sandbox.python_server(&folder, "127.0.0.1", &[other]) else {
        return skip("there is no python3");
    };
    let found = findings(&sandbox, &["--verify-ports"], 0);
    assert_eq!(codes(&found), ["port-drift"]);
    let message = format!("allocated {}, its server listens on {other}", sandbox.port(0));
    assert!(found[0]["message"].as_str().unwrap().contains(&message), "{found:?}");
}

#[test]
fn one_port_allocated_twice_is_the_elders_and_the_younger_moves() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let file = sandbox.state().join("registry.json");
    let (first, second) = (sandbox.port(0), sandbox.port(1));
    let text = fs::read_to_string(&file).unwrap();
    git::write(
        &sandbox.state(),
        "registry.json",
        &text.replace(&format!("\"port\":{second}"), &format!("\"port\":{first}")),
    );
    let found = findings(&sandbox, &[], 1);
    assert_eq!(codes(&found), ["duplicate-port", "env-drift"]);
    assert_eq!(found[0]["subject"], "feature-two");
    mended(&sandbox, &[]);
    let ports: Vec<u64> =
        sandbox.living().iter().map(|entry| entry["allocations"][0]["port"].as_u64().unwrap()).collect();
    assert_eq!(ports, [u64::from(first), u64::from(second)]);
}

#[test]
fn a_duplicate_across_repositories_is_found_from_either() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt_in(&other, &["create", "two", "--ports"]).ok();
    let (first, second) = (sandbox.port(0), sandbox.port(1));
    let text = fs::read_to_string(sandbox.state().join("registry.json")).unwrap();
    git::write(
        &sandbox.state(),
        "registry.json",
        &text.replace(&format!("\"port\":{second}"), &format!("\"port\":{first}")),
    );
    let found = findings(&sandbox, &["--fix"], 0);
    assert_eq!((codes(&found), found[0]["fixed"].as_bool()), (vec!["duplicate-port"], Some(true)));
    sandbox.wt_in(&other, &["env", "two", "--check"]).ok();
    sandbox.wt(&["validate", "--all"]).ok();
}

#[test]
fn numbers_that_are_no_ports_are_released() {
    for nonsense in ["0", "70000", "\"abc\"", "null", "-1", "[]", "1e99"] {
        let sandbox = Sandbox::new();
        sandbox.wt(&["create", "login", "--ports"]).ok();
        let text = fs::read_to_string(sandbox.state().join("registry.json")).unwrap();
        let broken = text.replace(&format!("\"port\":{}", sandbox.port(0)), &format!("\"port\":{nonsense}"));
        git::write(&sandbox.state(), "registry.json", &broken);
        let found = findings(&sandbox, &[], 1);
        assert!(codes(&found).contains(&"port-invalid"), "{nonsense}: {found:?}");
        mended(&sandbox, &[]);
        assert_eq!(sandbox.living()[0]["allocations"], serde_json::json!([]), "{nonsense}");
    }
}

#[test]
fn a_range_that_the_kernel_gives_away_itself_is_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.configure("[purpose.far]\nports = \"45000-45009\"\n");
    let found = findings(&sandbox, &["--verify-ports"], 0);
    assert_eq!(codes(&found), ["ephemeral-overlap"]);
}

/// The ports of the worktree called `name`, as recorded.
fn ports_of(sandbox: &Sandbox, name: &str) -> Vec<u64> {
    let living = sandbox.living();
    let entry = living.iter().find(|entry| entry["name"] == name).unwrap();
    entry["allocations"].as_array().unwrap().iter().map(|known| known["port"].as_u64().unwrap()).collect()
}

#[test]
fn what_was_stale_comes_back_as_it_was_and_others_are_given_other_ports() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    let before = ports_of(&sandbox, "feature-login");
    let found = findings(&sandbox, &["--verify-ports"], 0);
    assert!(found[0]["message"].as_str().unwrap().contains("idle for less than a minute"), "{found:?}");
    findings(&sandbox, &["--verify-ports", "--fix"], 0);
    assert_eq!(ports_of(&sandbox, "feature-login"), Vec::<u64>::new());
    sandbox.wt(&["create", "other", "--ports=web,api"]).ok();
    let others = ports_of(&sandbox, "feature-other");
    assert!(others.iter().all(|port| !before.contains(port)), "{others:?}");
    sandbox.wt(&["ports", "allocate", "--worktree", "feature-login", "--service", "web,api"]).ok();
    assert_eq!(ports_of(&sandbox, "feature-login"), before);
}

#[test]
fn a_person_who_releases_a_port_gives_it_to_whoever_comes() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let before = ports_of(&sandbox, "feature-login");
    sandbox.wt(&["ports", "release", &before[0].to_string()]).ok();
    sandbox.wt(&["create", "other", "--ports"]).ok();
    assert_eq!(ports_of(&sandbox, "feature-other"), before);
}

#[test]
fn on_a_terminal_ports_of_worktrees_that_are_there_are_asked_about() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let words = ["validate", "--verify-ports", "--fix"];
    let mut terminal = Terminal::start(sandbox.command(&sandbox.repo(), &words));
    terminal.expect("Release this port");
    terminal.send("\r");
    let (status, screen) = terminal.finish();
    assert_eq!((status, ports_of(&sandbox, "feature-login").len()), (0, 1), "{screen}");
    let terminal =
        Terminal::start(sandbox.command(&sandbox.repo(), &["-y", "validate", "--verify-ports", "--fix"]));
    let (status, screen) = terminal.finish();
    assert_eq!((status, ports_of(&sandbox, "feature-login").len()), (0, 0), "{screen}");
}
