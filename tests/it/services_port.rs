//! Which service `PORT` belongs to: the first one of the configuration, in whatever order services are given their ports.

use std::fs;

use crate::support::Sandbox;
use crate::support::services::Fleet;

const TWO: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\ndepends_on = [\"api\"]\n\
                   [service.api]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                   [purpose.feature]\nservices = [\"web\", \"api\"]\n";

/// The variable, as the worktree's env block would have it.
fn variable(fleet: &Fleet<'_>, name: &str) -> String {
    let printed = fleet.wt(&["env", "--print"]).ok().stdout;
    let found = printed.lines().find_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned));
    found.unwrap_or_default()
}

#[test]
fn a_start_gives_the_same_ports_as_a_create() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up"]).ok();
    assert_eq!(variable(&fleet, "PORT"), sandbox.port(0).to_string());
    assert_eq!((fleet.port("web"), fleet.port("api")), (sandbox.port(0), sandbox.port(1)));
    let answer = sandbox.json(&["create", "two", "--ports"]);
    let ports = answer["worktree"]["ports"].as_array().unwrap();
    let services: Vec<&str> = ports.iter().map(|port| port["service"].as_str().unwrap()).collect();
    assert_eq!(services, ["web", "api"]);
}

#[test]
fn what_starts_first_does_not_keep_port_from_the_first_service() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", TWO);
    fleet.wt(&["up", "api"]).ok();
    fleet.wt(&["up", "web"]).ok();
    assert_eq!(variable(&fleet, "PORT"), fleet.port("web").to_string());
}

#[test]
fn port_is_said_to_go_to_another_service_and_comes_back_with_the_first_ones_new_port() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), TWO).unwrap();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let fleet = Fleet { sandbox: &sandbox, folder: sandbox.worktree("feature-one") };
    fleet.wt(&["trust", "--yes"]).ok();
    let (first, second, other) = (sandbox.port(0), sandbox.port(1), sandbox.port(2).to_string());
    let released = fleet.wt(&["ports", "release", &first.to_string()]).ok();
    released.says(&[&format!("PORT in .env is now {second}, of `api`: `web` has no port")]);
    fleet.wt(&["up", "web", "--port", &other]).ok();
    assert_eq!(variable(&fleet, "PORT"), other);
    assert!(fs::read_to_string(fleet.folder.join(".env")).unwrap().contains(&format!("\nPORT={other}\n")));
}

#[test]
fn the_release_of_the_first_service_leaves_no_port_that_leads_to_the_database() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"true\"\n[service.db]\nrun = \"true\"\nhealth = { postgres = {} }\n\
                  [purpose.feature]\nservices = [\"web\", \"db\"]\n";
    fs::write(sandbox.repo().join(".wt.toml"), config).unwrap();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let released = sandbox.wt(&["ports", "release", &sandbox.port(0).to_string()]).ok();
    released.says(&["PORT is no longer in .env: `web` has no port"]);
    let written = fs::read_to_string(sandbox.worktree("feature-one").join(".env")).unwrap();
    assert!(!written.lines().any(|line| line.starts_with("PORT=")), "{written}");
    assert!(written.contains(&format!("DB_PORT={}", sandbox.port(1))), "{written}");
}
