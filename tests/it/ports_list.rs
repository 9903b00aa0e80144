//! `wt ports list`: which worktree has which ports, and how full each range is.

use serde_json::{Value, json};

use super::support::Sandbox;
use super::support::terminal::Terminal;

fn names(answer: &Value) -> Vec<&str> {
    answer["worktrees"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

fn range<'a>(answer: &'a Value, purpose: &str) -> &'a Value {
    answer["ranges"].as_array().unwrap().iter().find(|range| range["purpose"] == purpose).unwrap()
}

#[test]
fn ports_are_listed_by_worktree_with_each_ranges_capacity() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    sandbox.wt(&["create", "plain"]).ok();
    sandbox.wt(&["create", "pay", "--purpose", "bugfix", "--ports"]).ok();
    let answer = sandbox.json(&["ports", "list"]);
    assert_eq!(names(&answer), ["feature-login", "bugfix-pay"], "what has no ports is not there");
    let (first, url) = (sandbox.port(0), format!("http://localhost:{}", sandbox.port(0)));
    let ports = &answer["worktrees"][0]["ports"];
    assert_eq!((&ports[0]["port"], &ports[0]["service"]), (&json!(first), &json!("web")));
    assert_eq!((&ports[0]["url"], &ports[0]["pinned"]), (&json!(url), &json!(false)));
    assert_eq!(ports[0].get("health"), Some(&Value::Null));
    assert_eq!(ports[1]["service"], "api");
    let feature = range(&answer, "feature");
    assert_eq!(feature["first"], first);
    assert_eq!((&feature["used"], &feature["excluded"]), (&json!(2), &json!(0)));
    assert_eq!(feature["free"], sandbox.feature_count() - 2);
    assert_eq!(range(&answer, "bugfix")["used"], 1);
}

#[test]
fn a_pipe_gets_a_row_for_each_port_and_a_sentence_for_each_range() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    let run = sandbox.wt(&["ports", "list"]).ok();
    let web = format!("feature-login\tweb\t{0}\tallocated\thttp://localhost:{0}\t-\t-\n", sandbox.port(0));
    assert!(run.stdout.starts_with(&web), "{}", run.shown());
    assert!(run.stdout.contains(&format!("\nfeature-login\tapi\t{}\t", sandbox.port(1))), "{}", run.shown());
    let count = sandbox.feature_count();
    run.answers(&[&format!("\nfeature {}: 2 of {count} taken\n", sandbox.feature_range())]);
}

#[test]
fn the_bare_word_is_the_list() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let list = sandbox.wt(&["ports", "list"]).ok().stdout;
    assert_eq!(sandbox.wt(&["ports"]).ok().stdout, list);
    assert_eq!(sandbox.wt(&["ports", "--service", "web"]).ok().stdout, list);
    let output = sandbox.command(&sandbox.repo(), &["ports", "--json"]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["command"], "ports list");
    let run = sandbox.wt(&["ports", "--all", "owner", "5000"]).exits(2);
    run.says(&["stands before `wt ports owner`"]);
}

#[test]
fn the_list_is_narrowed_by_worktree_service_and_purpose() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    sandbox.wt(&["create", "pay", "--purpose", "bugfix", "--ports"]).ok();
    let login = sandbox.json(&["ports", "list", "--worktree", "login"]);
    assert_eq!(names(&login), ["feature-login"]);
    let api = sandbox.json(&["ports", "list", "--service", "api"]);
    assert_eq!(names(&api), ["feature-login"]);
    assert_eq!(api["worktrees"][0]["ports"].as_array().unwrap().len(), 1);
    let bugfix = sandbox.json(&["ports", "list", "--purpose", "bugfix"]);
    assert_eq!((names(&bugfix), &bugfix["ranges"][0]["purpose"]), (vec!["bugfix-pay"], &json!("bugfix")));
    sandbox.refused(&["ports", "list", "--purpose", "bugfx"], "usage");
    sandbox.refused(&["ports", "list", "--worktree", "nothing"], "not_found");
    sandbox.refused(&["ports", "list", "--service", "Web"], "usage");
}

#[test]
fn a_worktree_without_a_record_is_pointed_to_adopt() {
    let sandbox = Sandbox::new();
    let plain = sandbox.path("plain");
    sandbox.git(&sandbox.repo(), &["worktree", "add", plain.to_str().unwrap()]);
    let error = sandbox.refused(&["ports", "list", "--worktree", "plain"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("wt adopt"), "{error}");
}

#[test]
fn other_repositories_are_shown_when_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.make_repository("other");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt_in(&sandbox.path("other"), &["create", "shop", "--ports"]).ok();
    let here = sandbox.json(&["ports", "list"]);
    assert_eq!(names(&here), ["feature-login"]);
    assert_eq!(range(&here, "feature")["used"], 2, "the machine has each port once");
    let all = sandbox.json(&["ports", "list", "--all"]);
    assert_eq!(names(&all), ["feature-login", "feature-shop"]);
    assert_eq!(all["worktrees"][1]["repository"], sandbox.path("other").to_str().unwrap());
    let nowhere = sandbox.path("home");
    let error = sandbox.refused_in(&nowhere, &["ports", "list"], "not_a_repository");
    assert!(error["hint"].as_str().unwrap().contains("--all"), "{error}");
    assert_eq!(names(&sandbox.json_in(&nowhere, &["ports", "list", "--all"])).len(), 2);
}

#[test]
fn excluded_ports_are_not_there_to_be_taken() {
    let sandbox = Sandbox::new();
    let last = sandbox.port(9);
    sandbox.wt(&["ports", "exclude", &last.to_string(), "--reason", "the printer"]).ok();
    let answer = sandbox.json(&["ports", "list"]);
    let feature = range(&answer, "feature");
    assert_eq!((&feature["used"], &feature["excluded"]), (&json!(0), &json!(1)));
    assert_eq!(feature["free"], sandbox.feature_count() - 1);
}

#[test]
fn a_services_own_range_is_counted_by_itself() {
    let sandbox = Sandbox::new();
    let own = format!("{}-{}", sandbox.port(4), sandbox.port(6));
    sandbox.configure(&format!("[service.db]\nports = \"{own}\"\n"));
    sandbox.wt(&["create", "login", "--ports=web,db"]).ok();
    let answer = sandbox.json(&["ports", "list"]);
    let db = answer["ranges"].as_array().unwrap().iter().find(|range| range["service"] == "db").unwrap();
    assert_eq!((&db["used"], &db["free"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&range(&answer, "feature")["used"], &range(&answer, "feature")["excluded"]),
        (&json!(1), &json!(3))
    );
    let shown = sandbox.wt(&["ports", "list", "--service", "db"]).ok();
    assert_eq!(shown.stdout.lines().last().unwrap(), format!("db {own}: 1 of 3 taken"));
}

#[test]
fn a_terminal_shows_bars() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    let terminal = Terminal::start(sandbox.command(&sandbox.repo(), &["ports"]));
    let (status, screen) = terminal.finish();
    assert_eq!(status, 0);
    for shown in ["feature-login", "web", "taken", "█", "░"] {
        assert!(screen.contains(shown), "the screen lacks {shown}:\n{screen}");
    }
    assert_eq!(screen.matches("feature-login").count(), 1, "a worktree is named once:\n{screen}");
}

#[test]
fn nothing_allocated_is_no_error() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["ports"]).ok().answers(&[": 0 of "]);
}

#[test]
fn a_pinned_port_and_its_last_health_are_shown() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0).to_string();
    sandbox.wt(&["ports", "allocate", "-w", "login", "-s", "web", "--port", &port]).ok();
    sandbox.wt(&["health"]);
    let answer = sandbox.json(&["ports", "list"]);
    let web = &answer["worktrees"][0]["ports"][0];
    assert_eq!((&web["pinned"], &web["health"]["state"]), (&json!(true), &json!("not_running")), "{web}");
    sandbox.wt(&["ports"]).ok().answers(&["\tpinned\tnot_running\n"]);
}

#[test]
fn of_all_repositories_each_worktree_is_shown_with_its_own() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let repository = sandbox.repo().display().to_string();
    let piped = sandbox.wt_in(&sandbox.path(""), &["ports", "list", "--all"]).ok();
    assert!(piped.stdout.lines().next().unwrap().ends_with(&format!("\t{repository}")), "{}", piped.shown());
    let terminal = Terminal::start(sandbox.command(&sandbox.path(""), &["ports", "list", "--all"]));
    let (status, screen) = terminal.finish();
    assert!(status == 0 && screen.contains(&repository), "{screen}");
}
