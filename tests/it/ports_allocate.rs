//! `wt ports allocate` and `release`: a port for a service of a worktree that is there, and back.

use std::fs;

use super::support::holder::{Hold, hold};
use super::support::{Sandbox, skip};

fn env(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.worktree(name).join(".env")).unwrap_or_default()
}

#[test]
fn a_service_gets_a_port_and_the_same_one_the_second_time() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let allocate = ["ports", "allocate", "--worktree", "login", "--service", "web", "-q"];
    let first = sandbox.wt(&allocate).ok();
    assert_eq!(first.stdout, format!("{}\n", sandbox.port(0)));
    assert!(env(&sandbox, "feature-login").contains(&format!("WEB_PORT={}", sandbox.port(0))));
    let before = sandbox.snapshot();
    let second = sandbox.wt(&allocate).ok();
    assert_eq!(second.stdout, first.stdout);
    sandbox.assert_unchanged(&before, &second);
}

#[test]
fn several_services_get_a_line_each_in_the_worktree_one_stands_in() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let run = sandbox.wt_in(&folder, &["ports", "allocate", "--service", "api,web", "-q"]).ok();
    assert_eq!(run.stdout, format!("{}\n{}\n", sandbox.port(1), sandbox.port(0)));
    let answer = sandbox.json_in(&folder, &["ports", "allocate", "--service", "api"]);
    assert_eq!(
        (answer["worktree"].as_str(), &answer["ports"][0]["port"]),
        (Some("feature-login"), &sandbox.port(1).into())
    );
}

#[test]
fn a_chosen_port_is_pinned_also_where_it_was_given_by_chance() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let (first, seventh) = (sandbox.port(0).to_string(), sandbox.port(7).to_string());
    sandbox.wt(&["ports", "allocate", "--worktree", "login", "--service", "api", "--port", &seventh]).ok();
    sandbox.wt(&["ports", "allocate", "--worktree", "login", "--service", "web", "--port", &first]).ok();
    let allocations = sandbox.living()[0]["allocations"].clone();
    assert!(allocations.as_array().unwrap().iter().all(|known| known["pinned"] == true), "{allocations}");
    assert_eq!(allocations[1]["port"], sandbox.port(7));
}

#[test]
fn a_port_that_is_owned_excluded_or_held_is_refused_and_nothing_changes() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    let owned = sandbox.port(0).to_string();
    let error = sandbox.refused(
        &["ports", "allocate", "--worktree", "two", "--service", "web", "--port", &owned],
        "port_conflict",
    );
    assert!(error["message"].as_str().unwrap().contains("feature-one"), "{error}");
    sandbox.refused(
        &["ports", "allocate", "--worktree", "two", "--service", "web", "--port", "6000"],
        "port_excluded",
    );
    let held = sandbox.port(3).to_string();
    let Some(_holder) = hold("127.0.0.1", sandbox.port(3), Hold::Listen) else { return skip("no loopback") };
    let before = sandbox.living();
    let words = ["ports", "allocate", "--worktree", "two", "--service", "web", "--port", &held];
    let run = sandbox.wt(&words).exits(1);
    let first = format!("error: Port conflict detected in feature range {}.", sandbox.feature_range());
    run.says(&[&first, &format!("occupied on system: {held} ("), &format!("wt ports owner {held}")]);
    // The holder is the test itself, a parent of the command: to end it would be refused.
    assert!(!sandbox.wt(&words).stderr.contains("ports kill"));
    assert_eq!(sandbox.living(), before);
    sandbox.refused(
        &["ports", "allocate", "--worktree", "two", "--service", "web", "--port", "80"],
        "port_denied",
    );
}

#[test]
fn a_conflict_is_logged_and_counted() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let Some(_holder) = hold("127.0.0.1", sandbox.port(0), Hold::Listen) else { return skip("no loopback") };
    sandbox.wt(&["ports", "allocate", "-w", "login", "-s", "web"]).exits(1);
    let words = ["ports", "allocate", "-w", "login", "-s", "web", "--on-conflict", "retry"];
    let answer = sandbox.json(&words);
    assert_eq!(answer["ports"][0]["port"], sandbox.port(1));
    assert_eq!(answer["ports"][0]["url"], format!("http://localhost:{}", sandbox.port(1)));
    let conflicts = sandbox.events().iter().filter(|event| event["event"] == "port_conflict").count();
    assert_eq!(conflicts, 2);
    assert_eq!(sandbox.registry()["counters"][0]["count"], 2);
}

#[test]
fn another_repositorys_owner_is_named_with_its_repository() {
    let sandbox = Sandbox::new();
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["create", "shop", "--ports"]).ok();
    sandbox.wt(&["create", "login"]).ok();
    let port = sandbox.port(0).to_string();
    let words = ["ports", "allocate", "-w", "login", "-s", "web", "--port", &port];
    let error = sandbox.refused(&words, "port_conflict");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("`feature-shop` of ") && message.contains("/other"), "{error}");
}

#[test]
fn a_worktree_made_without_an_env_block_keeps_none() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    sandbox.wt(&["ports", "allocate", "-w", "login", "-s", "web"]).ok().says(&["warning: ", "env block"]);
    assert!(!sandbox.worktree("feature-login").join(".env").exists());
    assert_eq!(sandbox.living()[0]["env"], false);
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
}

#[test]
fn an_env_block_that_cannot_be_written_leaves_the_record_as_it_was() {
    let sandbox = Sandbox::new();
    let plain = sandbox.path("plain");
    sandbox.git(&sandbox.repo(), &["worktree", "add", plain.to_str().unwrap()]);
    sandbox.wt(&["adopt", plain.to_str().unwrap()]).ok();
    for file in [".env", ".env.local"] {
        std::fs::write(plain.join(file), "A=1\n").unwrap();
        sandbox.git(&plain, &["add", "-f", file]);
    }
    let before = sandbox.living();
    assert_eq!(before[0]["env"], false);
    let port = (sandbox.port(0)).to_string();
    sandbox
        .wt(&["ports", "allocate", "-w", "plain", "-s", "web", "--port", &port])
        .exits(1)
        .says(&["tracked"]);
    assert_eq!(sandbox.living(), before);
    let exclude = std::fs::read_to_string(sandbox.repo().join(".git/info/exclude")).unwrap_or_default();
    assert!(!exclude.lines().any(|line| line.trim_start_matches('/') == ".env"), "{exclude}");
}

#[test]
fn a_busy_port_met_on_the_way_is_refused_as_in_create_and_retried_where_the_policy_says_so() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let Some(_holder) = hold("127.0.0.1", sandbox.port(0), Hold::Listen) else { return skip("no loopback") };
    let error =
        sandbox.refused(&["ports", "allocate", "--worktree", "login", "--service", "web"], "port_conflict");
    assert!(
        error["message"].as_str().unwrap().starts_with("Port conflict detected in feature range"),
        "{error}"
    );
    sandbox.configure("[ports.conflict]\npolicy = \"retry\"\nbackoff = \"1ms\"\n");
    let run = sandbox.wt(&["ports", "allocate", "--worktree", "login", "--service", "web", "-q"]).ok();
    assert_eq!(run.stdout, format!("{}\n", sandbox.port(1)));
}

#[test]
fn a_retry_says_what_it_passed_over_in_one_event_and_giving_up_names_all_that_was_tried() {
    let sandbox = Sandbox::new();
    let range = |from, to| format!("\"{}-{}\"", sandbox.port(from), sandbox.port(to));
    sandbox.configure(&format!("[purpose.feature]\nports = [{}, {}]\n", range(0, 1), range(4, 5)));
    sandbox.wt(&["create", "login"]).ok();
    let held = |index| hold("127.0.0.1", sandbox.port(index), Hold::Listen);
    let (Some(_one), Some(_two)) = (held(0), held(1)) else { return skip("no loopback") };
    let conflicts = || {
        let all = sandbox.events().into_iter().filter(|event| event["event"] == "port_conflict");
        all.map(|event| event["ports"].clone()).collect::<Vec<_>>()
    };
    let retry = ["ports", "allocate", "--worktree", "login", "--on-conflict", "retry", "--service"];
    let run = sandbox.wt(&[&["--json"], &retry[..], &["web"]].concat()).ok();
    for (index, next) in [(0, 1), (1, 4)] {
        let line =
            run.stderr.lines().find(|line| line.contains(&format!("{} is held by ", sandbox.port(index))));
        let trying = format!(": trying {}", sandbox.port(next));
        assert!(line.is_some_and(|line| line.ends_with(&trying)), "{}", run.shown());
    }
    let passed = [sandbox.port(0), sandbox.port(1)];
    assert_eq!(run.json()["ports"][0]["port"], sandbox.port(4));
    assert_eq!(run.json()["passed_over"], serde_json::json!(passed));
    assert_eq!(conflicts(), [serde_json::json!(passed)]);
    let _last = held(5);
    let error = sandbox.refused(&[&retry[..], &["api"]].concat(), "port_conflict");
    let tried = [0, 1, 5].map(|index| sandbox.port(index));
    assert_eq!(error["details"]["tried"], serde_json::json!(tried), "{error}");
    assert_eq!(error["details"]["max_retries"], 3, "{error}");
    assert!(!error["hint"].as_str().unwrap().contains("--on-conflict"), "{error}");
    // It was refused twice, with and without JSON.
    let tried = serde_json::json!(tried);
    assert_eq!(conflicts()[1..], [tried.clone(), tried]);
}

#[test]
fn a_range_that_worktrees_fill_says_that_nothing_was_tried() {
    let sandbox = Sandbox::new();
    sandbox.configure(&format!("[purpose.feature]\nports = \"{0}-{0}\"\n", sandbox.port(0)));
    sandbox.wt(&["create", "login", "--ports"]).ok();
    for arguments in [
        &["create", "other", "--ports"][..],
        &["create", "other", "--ports", "--on-conflict", "retry"],
        &["ports", "allocate", "--worktree", "login", "--service", "api"],
        &["ports", "allocate", "--worktree", "login", "--service", "api", "--on-conflict", "retry"],
        &["ports", "next"],
    ] {
        let error = sandbox.refused(arguments, "range_exhausted");
        assert_eq!(error["details"]["tried"], serde_json::json!([]), "{arguments:?}: {error}");
    }
}

#[test]
fn wrong_words_are_asked_wrongly() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    for words in [
        &["--service", "Web!"][..],
        &["--service", "web", "--port", "0"],
        &["--service", "web", "--port", "70000"],
        &["--service", "web", "--port", "abc"],
        &["--service", "web,api", "--port", "20000"],
        &[],
    ] {
        sandbox.refused(&[&["ports", "allocate", "--worktree", "login"], words].concat(), "usage");
    }
    sandbox.refused(&["ports", "allocate", "--service", "web"], "not_found");
    sandbox.refused(&["ports", "allocate", "--worktree", "nobody", "--service", "web"], "not_found");
    sandbox.refused(&["ports", "release"], "usage");
    sandbox.refused(&["ports", "release", "--all"], "usage");
    sandbox.refused(&["ports", "release", "70000"], "usage");
}

#[test]
fn a_tracked_env_file_takes_the_allocation_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&folder, &["add", "-f", ".env"]);
    sandbox.wt(&["ports", "allocate", "--worktree", "login", "--service", "web"]).exits(1);
    assert_eq!(sandbox.living()[0]["allocations"], serde_json::json!([]));
}

#[test]
fn an_adopted_worktree_gets_its_env_block_with_its_first_port() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("by-hand");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/hand", path.to_str().unwrap()]);
    sandbox.wt(&["adopt", path.to_str().unwrap()]).ok();
    sandbox.wt(&["ports", "allocate", "--worktree", "by-hand", "--service", "web"]).ok();
    assert!(fs::read_to_string(path.join(".env")).unwrap().contains(&sandbox.port(0).to_string()));
}

#[test]
fn a_scan_shows_who_listens_and_offers_what_belongs_to_a_worktree() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(_ours) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0), sandbox.port(4)]) else {
        return skip("no python3");
    };
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(2)])
    else {
        return skip("no python3");
    };
    let answer = sandbox.json(&["ports", "scan"]);
    let ports = answer["ports"].as_array().unwrap();
    let verdicts: Vec<_> = ports
        .iter()
        .map(|port| (port["port"].as_u64().unwrap(), port["verdict"].as_str().unwrap()))
        .collect();
    let port = |index| u64::from(sandbox.port(index));
    assert_eq!(verdicts, [(port(0), "own_listener"), (port(2), "stranger"), (port(4), "sibling")]);
    let offer = ports[2]["offer"]["command"].as_str().unwrap();
    assert!(offer.starts_with("wt ports allocate --worktree feature-login --service"), "{offer}");
    let words: Vec<&str> = offer.split(' ').skip(1).collect();
    sandbox.wt(&words).ok();
    let range = format!("{}-{}", sandbox.port(4), sandbox.port(5));
    let again = sandbox.json(&["ports", "scan", &range]);
    assert_eq!(again["ports"][0]["verdict"], "own_listener");
    assert_eq!(again["ports"].as_array().unwrap().len(), 1);
    sandbox.refused(&["ports", "scan", "5005-5000"], "usage");
}

#[test]
fn allocations_at_once_never_get_the_same_port() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let start = |index: usize| {
        let service = format!("s{index}");
        let words = ["ports", "allocate", "-w", "one", "-s", &service, "-q"];
        sandbox.command(&sandbox.repo(), &words).stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..8).map(start).collect();
    let mut ports: Vec<u16> = running
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        })
        .collect();
    ports.sort_unstable();
    assert_eq!(ports, (0..8).map(|index| sandbox.port(index)).collect::<Vec<_>>());
    assert_eq!(sandbox.wt(&["env", "one", "--check"]).status, 0, "the block has all of them");
}
