//! Trust is asked at every start: what was taken back is not started again by anybody, and what runs is said.

use crate::support::Sandbox;
use crate::support::services::{Fleet, is_running, kill};
use crate::support::wait::until;

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                      restart = { policy = \"always\", backoff = \"5ms\" }\n";

fn revoke(fleet: &Fleet<'_>) {
    fleet.wt(&["trust", "--revoke"]).ok().says(&["feature-one", "web", "wt down"]);
}

#[test]
fn after_a_revocation_what_crashes_is_not_started_again() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let answer = fleet.json(&["trust", "--revoke"]);
    assert_eq!(answer["running"][0]["services"][0], "web", "{answer}");
    assert!(is_running(pid) && fleet.state("web").0 == "ready", "it runs on");
    fleet.wt(&["restart"]).exits(1).says(&["not trusted"]);
    assert_eq!(fleet.pid("web"), pid);
    kill(pid);
    until("its end", || fleet.state("web").0 == "failed");
    assert!(
        fleet.state("web").1.contains("`service.web.run` is not trusted any more"),
        "{:?}",
        fleet.state("web")
    );
}

#[test]
fn after_a_revocation_a_takeover_starts_nothing_and_names_what_runs() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    let (pid, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
    kill(supervisor);
    until("its end", || !is_running(supervisor));
    revoke(&fleet);
    fleet.wt(&["status"]).ok().says(&["took over web", "`web` runs on", "not trusted any more"]);
    assert!(is_running(pid));
    let supervisor = fleet.supervisor().unwrap();
    kill(supervisor);
    kill(pid);
    until("their ends", || !is_running(supervisor) && !is_running(pid));
    fleet.wt(&["status"]).ok().says(&["ended while nobody watched: web"]);
    until("the judgement", || fleet.state("web").0 == "failed");
    assert!(fleet.state("web").1.contains("not trusted any more"), "{:?}", fleet.state("web"));
}

#[test]
fn after_a_revocation_no_check_that_is_a_command_is_run() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sleep 600\"\nlistens = false\n\
                  health = { command = \"sh -c 'echo x >> checked'\", interval = \"100ms\" }\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["up"]).ok();
    let checked = || std::fs::read(fleet.folder.join("checked")).map_or(0, |text| text.len());
    let before = checked();
    until("checks", || checked() > before + 2);
    revoke(&fleet);
    let asked = checked();
    // One may have been under way.
    let sandbox = &fleet.sandbox;
    sandbox.wt(&["list"]).ok();
    fleet.wt(&["status"]).ok();
    assert!(checked() <= asked + 2);
    assert_eq!(fleet.state("web").0, "ready");
}
