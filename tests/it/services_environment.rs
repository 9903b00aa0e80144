//! `[service.NAME] environment`: variables of a service, over the shell's and below the env block's, once they are trusted.

use std::fs;

use crate::support::Sandbox;
use crate::support::wait::until;

const CONFIG: &str = "[service.web]\nrun = \"sh -c 'env > seen; exec sleep 600'\"\nlistens = false\n\
    environment = { LOG = \"debug $HOME\", TEST_LEVEL = \"3\", COMPOSE_PROJECT_NAME = \"mine\" }\n";

#[test]
fn a_service_has_its_variables_and_the_env_block_stays_right() {
    let mut sandbox = Sandbox::new();
    sandbox.set("LOG", "of the shell");
    let fleet = sandbox.fleet("one", CONFIG);
    fleet.wt(&["up"]).ok();
    let seen = fleet.folder.join("seen");
    let has = |line: &str| fs::read_to_string(&seen).unwrap_or_default().lines().any(|found| found == line);
    until("its variables", || has("LOG=debug $HOME"));
    assert!(
        has("TEST_LEVEL=3") && has("WT_NAME=feature-one") && !has("COMPOSE_PROJECT_NAME=mine"),
        "{}",
        fs::read_to_string(&seen).unwrap()
    );
    fleet.wt(&["down"]).ok();
    until("the supervisor's last word", || fleet.supervisor().is_none());
    // Another text is another agreement.
    fs::write(sandbox.repo().join(".wt.toml"), CONFIG.replace("debug", "trace")).unwrap();
    let error = sandbox.refused_in(&fleet.folder, &["up"], "untrusted");
    assert!(error.to_string().contains("service.web.environment"), "{error}");
}

#[test]
fn names_that_decide_which_programs_run_are_refused() {
    let sandbox = Sandbox::new();
    for (environment, words) in [
        ("{ LD_PRELOAD = \"x\" }", "LD_PRELOAD"),
        ("{ PATH = \"x\" }", "PATH"),
        ("{ A = 1 }", "must be a text"),
        ("[]", "a table"),
    ] {
        let text = format!("[service.web]\nrun = \"true\"\nenvironment = {environment}\n");
        fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
        let error = sandbox.refused(&["create", "one"], "config_invalid");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
}
