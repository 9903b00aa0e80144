//! Things that people meet in their first days: said once, said where they look, and with a next step that goes through.

use std::fs;

use crate::support::Sandbox;
use crate::support::terminal::Terminal;

#[test]
fn a_line_of_ones_own_beside_the_block_stays_and_is_said_once() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("by-git");
    let path = folder.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/x", path]);
    fs::write(folder.join(".env"), "PORT=3000\nAPI_PORT=9\n").unwrap();
    let run = sandbox.wt(&["adopt", path, "--ports"]).ok();
    let port = sandbox.port(0);
    assert!(
        run.stderr.contains(&format!("sets PORT to `3000`, and stays: what wt itself starts gets {port}")),
        "{}",
        run.shown()
    );
    assert_eq!(run.stderr.matches("your own line").count(), 1, "{}", run.shown());
    for words in [&["env"][..], &["adopt", path, "--ports"], &["run", "true"], &["status"]] {
        let run = sandbox.wt_in(&folder, words).ok();
        assert!(!run.stderr.contains("your own line"), "{}", run.shown());
    }
    // A name that is new in the block is new to be said.
    let run = sandbox.wt_in(&folder, &["ports", "allocate", "--service", "api"]).ok();
    assert!(
        run.stderr.contains("sets API_PORT to `9`") && !run.stderr.contains("sets PORT"),
        "{}",
        run.shown()
    );
    let found = sandbox.wt(&["validate"]).ok().stdout;
    assert_eq!(found.matches("env-duplicate").count(), 2, "{found}");
    // Several at once are one sentence.
    let other = sandbox.path("other");
    let path = other.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/y", path]);
    fs::write(other.join(".env"), "PORT=3000\nAPI_PORT=9\n").unwrap();
    let run = sandbox.wt(&["adopt", path, "--ports=web,api"]).ok();
    let ports = [sandbox.port(2), sandbox.port(3)];
    let said = format!(
        "set PORT to `3000`, API_PORT to `9`, and stay: what wt itself starts gets {}, {}",
        ports[0], ports[1]
    );
    assert!(run.stderr.contains(&said), "{}", run.shown());
    assert_eq!(run.stderr.matches("your own line").count(), 1, "{}", run.shown());
    assert!(fs::read_to_string(folder.join(".env")).unwrap().starts_with("PORT=3000\nAPI_PORT=9\n"));
}

#[test]
fn nothing_new_for_a_configuration_is_said_once() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), "").unwrap();
    let (status, screen) = Terminal::start(sandbox.command(&sandbox.repo(), &["init"])).finish();
    assert_eq!((status, screen.matches("Nothing is new").count()), (0, 1), "{screen}");
}

#[test]
fn a_setup_that_did_not_run_is_said_where_it_is_missed() {
    let sandbox = Sandbox::new();
    let config = "[worktree]\nsetup = [\"sh -c 'echo x > ready'\"]\n[service.web]\nrun = \"sleep 600\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", config);
    sandbox.wt(&["create", "two", "--no-setup"]).ok();
    let two = sandbox.worktree("feature-two");
    let run = sandbox.wt_in(&two, &["up"]).ok();
    sandbox.wt_in(&two, &["down"]).ok();
    assert!(
        run.stderr.contains("was skipped") && run.stderr.contains("`wt setup feature-two`"),
        "{}",
        run.shown()
    );
    // Made before anybody trusted the setup.
    let run = fleet.wt(&["up"]).ok();
    assert!(run.stderr.contains("`wt setup feature-one`"), "{}", run.shown());
    fleet.wt(&["down"]).ok();
    let run = sandbox.wt(&["create", "two", "--reuse"]).ok();
    assert!(
        run.stderr.contains("running the setup of `feature-two`") && two.join("ready").exists(),
        "{}",
        run.shown()
    );
    let run = sandbox.wt(&["create", "two", "--reuse"]).ok();
    assert!(!run.stderr.contains("setup"), "{}", run.shown());
    let folder = sandbox.path("by-git");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/y", folder.to_str().unwrap()]);
    let run = sandbox.wt(&["adopt", folder.to_str().unwrap()]).ok();
    assert!(run.stderr.contains("adopting runs no setup: `wt setup by-git` does"), "{}", run.shown());
    let run = sandbox.wt_in(&folder, &["up"]).ok();
    assert!(run.stderr.contains("`wt setup by-git` runs it"), "{}", run.shown());
    sandbox.wt_in(&folder, &["down"]).ok();
}

#[test]
fn what_was_stopped_is_not_called_unhealthy_any_more_and_the_reason_of_a_failure_is_shown() {
    let sandbox = Sandbox::new();
    let noise = "for i in $(seq 40); do echo \\\"npm error line $i\\\"; done";
    let config = format!(
        "[service.web]\nrun = \"sh -c 'echo \\\"npm error code ENOENT\\\"; echo \\\"npm error Missing script: dev\\\"; {noise}; exit 1'\"\n"
    );
    let fleet = sandbox.fleet("one", &config);
    let error = fleet.wt(&["--json", "up"]).exits(1).error("service_failed");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("Missing script: dev") && message.contains("line 40"), "{message}");
    assert!(message.lines().count() < 26, "{message}");
    let health = || fleet.json(&["ports", "list"])["worktrees"][0]["ports"][0]["health"]["state"].clone();
    fleet.wt(&["health"]);
    assert_eq!(health(), "unhealthy", "it failed");
    fleet.wt(&["down"]).ok();
    assert_eq!(health(), "not_running");
    let setup =
        format!("[worktree]\nsetup = [\"sh -c 'echo \\\"npm error code EUSAGE\\\"; {noise}; exit 1'\"]\n");
    fs::write(sandbox.repo().join(".wt.toml"), setup).unwrap();
    sandbox.wt(&["trust", "--yes"]).ok();
    let run = sandbox.wt(&["create", "two"]).exits(1);
    assert!(
        run.stderr.contains("npm error code EUSAGE") && run.stderr.contains("line 40"),
        "{}",
        run.shown()
    );
}

#[test]
fn refusals_lead_on_and_not_in_a_circle() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    // One that is there.
    let error = sandbox.refused(&["restore", "one"], "worktree_exists");
    assert!(error["message"].as_str().unwrap().contains("feature-one"), "{error}");
    sandbox.refused(&["restore", "none"], "not_found");
    // A purpose without ports: the first command of the hint goes through.
    sandbox.wt(&["create", "two", "--purpose", "docs"]).ok();
    let two = sandbox.worktree("docs-two");
    let error = sandbox.refused_in(&two, &["ports", "allocate", "--service", "web"], "usage");
    let hint = error["hint"].as_str().unwrap();
    let command = hint.split('`').nth(1).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    sandbox.wt_in(&two, &words).ok();
    assert!(hint.contains("[service.web]\nports = "), "{hint}");
    let error = sandbox.refused(&["create", "three", "--purpose", "docs", "--ports"], "usage");
    assert!(error["hint"].as_str().unwrap().contains("[purpose.docs]\nports = "), "{error}");
    // The words of another command.
    for (words, again) in [
        (&["exec", "one", "npm", "test"][..], "`wt exec one -- npm test`"),
        (&["exec", "-j", "2", "--all", "git", "status"], "`wt exec -j 2 --all -- git status`"),
        (&["exec", "one"], "`wt exec --all -- git status`"),
        (&["exec", "one", "npm", "test", "--silent"], "`wt exec one -- npm test --silent`"),
    ] {
        sandbox.refused(words, "usage");
        let run = sandbox.wt(words).exits(2);
        assert!(run.stderr.contains(again), "{}", run.shown());
    }
}

#[test]
fn a_port_that_comes_back_is_said_in_a_sentence() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports=web,api"]).ok();
    sandbox.wt(&["validate", "--verify-ports", "--fix"]).ok();
    let folder = sandbox.worktree("feature-one");
    let run = sandbox.wt_in(&folder, &["run", "true"]).ok();
    let (web, api) = (sandbox.port(0), sandbox.port(1));
    let said = format!(
        "`api` has port {api} and `web` has port {web} again: their ports were released while nothing listened there"
    );
    assert!(run.stderr.contains(&said), "{}", run.shown());
}
