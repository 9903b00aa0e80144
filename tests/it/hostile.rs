//! Repositories and folders that want `wt` to run, end or believe what their user never agreed to.

use std::fs;

use crate::support::{Sandbox, git, skip};

fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_repository_cannot_choose_which_programs_run_by_naming_a_ports_variable() {
    for name in ["PATH", "LD_PRELOAD", "BASH_ENV", "GIT_DIR", "PYTHONPATH", "WT_STATE_DIR", "HOME"] {
        let sandbox = Sandbox::new();
        git::write(&sandbox.repo(), ".wt.toml", &format!("[service.web]\nenv = [\"{name}\"]\n"));
        let error = sandbox.refused(&["create", "login", "--ports"], "config_invalid");
        assert!(error["message"].as_str().unwrap().contains(name), "{error}");
    }
}

#[test]
fn a_branchs_name_is_never_a_command_of_a_shell() {
    let sandbox = Sandbox::new();
    let toml = "[service.web]\nhealth = { command = \"sh -c 'echo {{ branch }} >/dev/null; exit 0'\" }\n";
    git::write(&sandbox.repo(), ".wt.toml", toml);
    sandbox.wt(&["--yes", "trust"]).ok();
    let branch = "feature/x;touch${IFS}$HOME/ran;true";
    sandbox.git(&sandbox.repo(), &["branch", branch]);
    sandbox.wt(&["create", "login", "--branch", branch, "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(_server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    sandbox.wt(&["health"]);
    assert!(!sandbox.path("home/ran").exists());
}

#[test]
fn a_server_in_a_folder_that_is_not_the_worktree_is_a_stranger() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    sandbox.git(&folder, &["init", "-q"]);
    let Some(server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let port = sandbox.port(0).to_string();
    let answer = sandbox.wt(&["--json", "ports", "check", &port]).exits(1).json();
    assert_eq!(answer["verdict"], "stranger");
    let answer = sandbox.wt(&["--json", "ports", "kill", &port]).exits(1).json();
    assert_eq!(answer["error"]["code"], "port_conflict", "{answer}");
    assert!(is_alive(server.pid()));
}

#[test]
fn a_repositorys_file_cannot_have_anybodys_process_ended() {
    let sandbox = Sandbox::new();
    let toml = "[resolve]\nstrategy = \"aggressive\"\nconfirm = false\npreserve_foreign = false\n";
    git::write(&sandbox.repo(), ".wt.toml", toml);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let Some(server) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    sandbox.wt(&["ports", "resolve"]).ok();
    assert!(is_alive(server.pid()));
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(1), "our service moved");
}

#[test]
fn a_fix_whose_env_block_cannot_be_written_leaves_the_record_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.git(&sandbox.worktree("feature-login"), &["add", "-f", ".env"]);
    sandbox.wt(&["validate", "--verify-ports", "--fix"]);
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(0));
}

#[test]
fn a_server_of_a_worktree_that_git_moved_is_its_own() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let (from, to) = (sandbox.worktree("feature-login"), sandbox.path("elsewhere"));
    sandbox.git(&sandbox.repo(), &["worktree", "move", from.to_str().unwrap(), to.to_str().unwrap()]);
    let Some(_server) = sandbox.python_server(&to, "127.0.0.1", &[sandbox.port(0)]) else {
        return skip("no python3");
    };
    let answer = sandbox.wt(&["--json", "ports", "check", &sandbox.port(0).to_string()]).exits(1).json();
    assert_eq!(answer["verdict"], "own_listener", "{answer}");
}
