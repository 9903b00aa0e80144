//! A service of a compose file through the `docker` command. No engine runs where these tests do: a stand-in on the PATH,
//! written by hand after the documentation, answers instead.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::support::docker::Docker;
use crate::support::{Sandbox, git, wait};

fn follow(sandbox: &Sandbox, service: &str) -> Child {
    let mut command = sandbox.command(&sandbox.repo(), &["compose-service", service, "--stop-timeout", "7"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

fn ready() -> (Sandbox, Docker) {
    let mut sandbox = Sandbox::new();
    let docker = Docker::install(&mut sandbox);
    sandbox.set("COMPOSE_PROJECT_NAME", "p");
    (sandbox, docker)
}

#[test]
fn a_container_lives_as_long_as_its_follower_and_is_stopped_with_it() {
    let (sandbox, docker) = ready();
    let mut child = follow(&sandbox, "db");
    wait::until("the container runs", || docker.container("p", "db") == "running");
    sandbox.wt(&["compose-service", "db", "--check"]).ok();
    let (mut output, mut said) = (BufReader::new(child.stdout.take().unwrap()), String::new());
    output.read_line(&mut said).unwrap();
    terminate(&child);
    assert_eq!(wait::end_of(&mut child).code(), Some(143));
    assert_eq!(docker.container("p", "db"), "exited 0");
    let calls = docker.calls();
    let repo = sandbox.repo();
    for words in ["up --detach --no-deps --no-color -- db", "stop --timeout 7 -- db"] {
        assert!(calls.contains(&format!("p|{}|compose {words}", repo.display())), "{calls}");
    }
    output.read_to_string(&mut said).unwrap();
    assert_eq!(said, "db speaks\n");
}

#[test]
fn a_container_that_ends_gives_its_exit_status() {
    let (sandbox, docker) = ready();
    let mut child = follow(&sandbox, "seed");
    wait::until("its log is followed", || docker.calls().contains("compose logs"));
    docker.set_container("p", "seed", "exited 3");
    assert_eq!(wait::end_of(&mut child).code(), Some(3));
    assert!(!docker.calls().contains("compose stop"));
}

#[test]
fn what_cannot_be_started_is_not_left_half_started() {
    let (sandbox, docker) = ready();
    let mut child = follow(&sandbox, "broken");
    assert_eq!(wait::end_of(&mut child).code(), Some(1));
    assert!(docker.calls().contains("compose stop --timeout 7 -- broken"));
}

#[test]
fn the_containers_own_health_check_counts() {
    let (sandbox, docker) = ready();
    for (state, said) in [
        ("starting", "has not passed yet"),
        ("unhealthy", "fails"),
        ("exited 137", "exit status 137"),
        ("paused", "is paused"),
    ] {
        docker.set_container("p", "db", state);
        sandbox.wt(&["compose-service", "db", "--check"]).exits(1).says(&["db", said]);
    }
    docker.set_container("p", "db", "running");
    sandbox.wt(&["compose-service", "db", "--check"]).ok();
    sandbox.wt(&["compose-service", "none", "--check"]).exits(1).says(&["there is no container"]);
}

#[test]
fn without_docker_it_is_said() {
    let mut sandbox = Sandbox::new();
    let empty = sandbox.path("empty");
    fs::create_dir(&empty).unwrap();
    sandbox.set("PATH", empty);
    sandbox.wt(&["compose-service", "db"]).exits(1).says(&["there is no `docker` command"]);
}

#[test]
fn a_missing_plugin_and_a_missing_engine_are_told_apart_and_neither_is_said_in_dockers_words_alone() {
    for (trouble, said, hint) in [
        ("plugin", "docker has no Compose plugin", "docs.docker.com/compose/install"),
        ("engine", "the Docker engine does not answer: Cannot connect", "start it"),
    ] {
        let mut sandbox = Sandbox::new();
        let docker = Docker::install(&mut sandbox);
        docker.trouble(trouble);
        let run = sandbox.wt(&["compose-service", "db"]).exits(1).says(&[said, hint]);
        assert!(!run.stderr.contains("unknown flag"), "{}", run.shown());
        assert!(!docker.calls().contains("compose stop"), "there is nothing to stop");
        sandbox.wt(&["compose-service", "db", "--check"]).exits(1).says(&[said, hint]);
        let fleet = sandbox.fleet("x", "[service.db]\ncompose = \"database\"\n");
        let run = fleet.wt(&["up"]).exits(1).says(&["`db` did not start", said, hint]);
        assert!(!run.stderr.contains("/proc/self/exe"), "{}", run.shown());
    }
}

#[test]
fn equally_named_clones_have_projects_of_their_own() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("elsewhere/proj");
    let project = |folder: &std::path::Path, name: &str| {
        let variables = sandbox.json_in(folder, &["env", name, "--print"]);
        variables["variables"]["COMPOSE_PROJECT_NAME"].as_str().unwrap().to_owned()
    };
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt_in(&other, &["create", "login", "--ports"]).ok();
    let (first, second) = (project(&sandbox.repo(), "feature-login"), project(&other, "feature-login"));
    assert_eq!(first, "proj-feature-login");
    assert!(second.starts_with("proj-feature-login-") && second.len() > first.len(), "{second}");
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert_eq!(project(&other, "feature-login"), second, "a name that is used stays");
    sandbox.wt_in(&other, &["env", "feature-login", "--check"]).ok();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    assert_eq!(project(&sandbox.repo(), "feature-login"), first);
}

#[test]
fn up_starts_a_compose_service_waits_for_its_health_and_down_stops_it() {
    let mut sandbox = Sandbox::new();
    let docker = Docker::install(&mut sandbox);
    let file = "services:\n  database:\n    image: postgres\n    ports: [\"${DB_PORT}:5432\"]\n";
    git::write(&sandbox.repo(), "compose.yaml", file);
    git::write(&sandbox.repo(), ".wt.toml", "[service.db]\ncompose = \"database\"\n");
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "services"]);
    sandbox.wt(&["create", "x", "--ports"]).ok();
    let folder = sandbox.worktree("feature-x");
    sandbox.refused_in(&folder, &["up"], "untrusted");
    sandbox.wt(&["--yes", "trust"]).ok();
    docker.set_container("proj-feature-x", "database", "starting");
    sandbox.wt_in(&folder, &["up"]).ok();
    assert_eq!(docker.container("proj-feature-x", "database"), "running");
    let calls = docker.calls();
    let up = format!("proj-feature-x|{}|compose up", folder.display());
    assert!(calls.contains(&up), "{calls}");
    let status = sandbox.json_in(&folder, &["status"]);
    assert_eq!(status["services"][0]["state"], "ready", "{status}");
    assert!(status["services"][0]["port"].is_number(), "{status}");
    sandbox.wt_in(&folder, &["down"]).ok();
    assert_eq!(docker.container("proj-feature-x", "database"), "exited 0");
    assert_eq!(sandbox.json_in(&folder, &["status"])["services"][0]["state"], "stopped");
}

#[test]
fn a_signal_to_the_whole_group_stops_the_container_all_the_same() {
    use std::os::unix::process::CommandExt;
    let (sandbox, docker) = ready();
    for _ in 0..5 {
        let mut command = sandbox.command(&sandbox.repo(), &["compose-service", "db"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
        wait::until("the container runs", || docker.container("p", "db") == "running");
        let group = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process_group(group, rustix::process::Signal::TERM).unwrap();
        assert_eq!(wait::end_of(&mut child).code(), Some(143));
        assert_eq!(docker.container("p", "db"), "exited 0");
    }
}
