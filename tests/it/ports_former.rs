//! Ports that were released while nothing listened on them: whoever had them gets the same ones back.

use crate::support::services::Fleet;
use crate::support::{Sandbox, skip};

const TWO: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }}\"\n\
                   [service.api]\nrun = \"python3 -m http.server {{ port }}\"\n";

/// A worktree whose ports are not the first that would be given, released because nothing listened.
fn released(sandbox: &Sandbox) -> Fleet<'_> {
    let fleet = sandbox.fleet("one", TWO);
    sandbox.wt(&["create", "zero", "--ports=2"]).ok();
    fleet.wt(&["ports", "allocate", "--service", "web,api"]).ok();
    // What a person releases is forgotten: anybody may have these.
    sandbox.wt(&["ports", "release", "--worktree", "feature-zero", "--yes"]).ok();
    sandbox.wt(&["validate", "--verify-ports", "--fix"]).ok();
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-one").unwrap();
    assert_eq!(entry["allocations"], serde_json::json!([]), "{entry}");
    fleet
}

fn allocated(sandbox: &Sandbox) -> Vec<(String, u64)> {
    let entry = sandbox.living().into_iter().find(|entry| entry["name"] == "feature-one").unwrap();
    let all = entry["allocations"].as_array().unwrap().iter();
    let mut all: Vec<(String, u64)> = all
        .map(|known| (known["service"].as_str().unwrap().to_owned(), known["port"].as_u64().unwrap()))
        .collect();
    all.sort();
    all
}

fn as_before(sandbox: &Sandbox) -> Vec<(String, u64)> {
    vec![("api".to_owned(), sandbox.port(3).into()), ("web".to_owned(), sandbox.port(2).into())]
}

#[test]
fn a_start_gives_the_same_ports_as_before() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        return skip("no python3");
    }
    let sandbox = Sandbox::new();
    let fleet = released(&sandbox);
    fleet.wt(&["up"]).ok();
    assert_eq!(allocated(&sandbox), as_before(&sandbox));
}

#[test]
fn a_command_of_ones_own_gets_the_port_that_its_service_had() {
    let sandbox = Sandbox::new();
    let fleet = released(&sandbox);
    let run = fleet.wt(&["run", "--service", "api", "--", "sh", "-c", "echo $PORT"]).ok();
    assert_eq!(run.stdout, format!("{}\n", sandbox.port(3)));
    assert!(run.stderr.contains(&format!("`api` has port {} again", sandbox.port(3))), "{}", run.shown());
    assert_eq!(allocated(&sandbox), as_before(&sandbox)[..1]);
    let sandbox = Sandbox::new();
    let fleet = released(&sandbox);
    fleet.wt(&["run", "--", "true"]).ok();
    assert_eq!(allocated(&sandbox), as_before(&sandbox));
    // What it never had is still asked for.
    sandbox.refused_in(&fleet.folder, &["run", "--service", "other", "--", "true"], "not_found");
}

#[test]
fn a_removal_forgets_no_port_that_another_service_gave_up_before() {
    let sandbox = Sandbox::new();
    let fleet = released(&sandbox);
    fleet.wt(&["ports", "allocate", "--service", "web"]).ok();
    let name = "feature-one";
    sandbox.wt(&["remove", name]).ok();
    sandbox.wt(&["create", "one", "--ports=web,api"]).ok();
    assert_eq!(allocated(&sandbox), as_before(&sandbox));
}
