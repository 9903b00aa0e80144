//! What `[main]` of the configuration asks for: ports that are the main worktree's from the start, that move with the numbers
//! written there, and a block that comes and goes with `env`.

use std::fs;

use crate::main_worktree::{configure, main_of, ports};
use crate::support::{Sandbox, skip, strace};

#[test]
fn what_the_configuration_names_counts_at_once_and_is_recorded_by_the_next_create() {
    let sandbox = Sandbox::new();
    let (held, kept) = (sandbox.port(1), sandbox.port(0));
    configure(&sandbox, &format!("[main]\nports = {{ web = {kept}, api = {held} }}\n"));
    let before = sandbox.snapshot();
    let check = sandbox.wt(&["--json", "ports", "check", &kept.to_string()]).exits(1).json();
    assert_eq!(check["verdict"], "excluded", "{check}");
    assert_eq!(main_of(&sandbox, &sandbox.repo())["registered"], false);
    let doctor = sandbox.wt(&["doctor"]).stdout;
    assert!(doctor.contains("main-ports") && doctor.contains("wt adopt --main"), "{doctor}");
    assert_eq!(sandbox.snapshot(), before, "a look records nothing");
    let made = sandbox.json(&["create", "one", "--ports"]);
    assert_eq!(made["worktree"]["ports"][0]["port"], sandbox.port(2));
    let expected = [("web".to_owned(), u64::from(kept), true), ("api".to_owned(), u64::from(held), true)];
    assert_eq!(ports(&main_of(&sandbox, &sandbox.repo())), expected);
    sandbox.refused(
        &["ports", "allocate", "--worktree", "one", "--service", "x", "--port", &kept.to_string()],
        "port_excluded",
    );
    // It says how to leave for good.
    let run = sandbox.wt(&["adopt", "--main", "--no-ports"]).ok();
    assert!(run.stderr.contains("[main] ports"), "{}", run.shown());
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(ports(&main_of(&sandbox, &sandbox.repo())), expected);
    for (text, code) in [
        (format!("[main]\nports = {{ web = {kept}, api = {kept} }}\n"), "config_invalid"),
        ("[main]\nports = { web = 80 }\n".to_owned(), "config_invalid"),
        ("[main]\npurpose = \"feture\"\n".to_owned(), "config_invalid"),
    ] {
        configure(&sandbox, &text);
        sandbox.refused(&["create", "two"], code);
    }
}

#[test]
fn a_port_that_another_has_is_said_and_the_next_free_one_is_given() {
    let sandbox = Sandbox::new();
    let wanted = u64::from(sandbox.port(0));
    configure(&sandbox, &format!("[main]\nports = {{ web = {wanted} }}\n"));
    sandbox.wt(&["adopt", "--main"]).ok();
    let clone = sandbox.path("clone");
    sandbox
        .git(&sandbox.path(""), &["clone", "-q", sandbox.repo().to_str().unwrap(), clone.to_str().unwrap()]);
    fs::copy(sandbox.repo().join(".wt.toml"), clone.join(".wt.toml")).unwrap();
    let run = sandbox.wt_in(&clone, &["adopt", "--main"]).ok();
    assert!(run.stderr.contains(&format!("port {wanted} of `web` is that of `proj`")), "{}", run.shown());
    assert_eq!(ports(&main_of(&sandbox, &clone)), [("web".to_owned(), wanted + 1, true)]);
    let doctor = sandbox.wt_in(&clone, &["doctor"]).stdout;
    assert!(doctor.contains(&format!("`[main]` names {wanted}, that of `proj`")), "{doctor}");
    // Said once: what follows is quiet.
    let run = sandbox.wt_in(&clone, &["create", "one"]).ok();
    assert!(!run.stderr.contains("is that of"), "{}", run.shown());
    // A linked worktree keeps what it had before.
    configure(&sandbox, "");
    sandbox.wt(&["adopt", "--main", "--no-ports"]).ok();
    sandbox.wt(&["create", "holder", "--ports"]).ok();
    configure(&sandbox, &format!("[main]\nports = {{ web = {wanted} }}\n"));
    let run = sandbox.wt(&["create", "next"]).ok();
    assert!(run.stderr.contains("is that of `feature-holder`"), "{}", run.shown());
    assert_eq!(ports(&main_of(&sandbox, &sandbox.repo())), [("web".to_owned(), wanted + 2, true)]);
    // A clone in the place of one that is gone takes over there.
    fs::remove_dir_all(&clone).unwrap();
    sandbox
        .git(&sandbox.path(""), &["clone", "-q", sandbox.repo().to_str().unwrap(), clone.to_str().unwrap()]);
    let again = sandbox.json_in(&clone, &["adopt", "--main", "--ports"]);
    assert_eq!(ports(&again["worktree"]), [("web".to_owned(), wanted + 1, true)], "{again}");
}

#[test]
fn other_numbers_in_the_configuration_move_its_ports() {
    let sandbox = Sandbox::new();
    let root = sandbox.repo();
    let [one, two, three] = [0, 1, 2].map(|index| sandbox.port(index));
    let name = |web: u16, more: &str| {
        configure(&sandbox, &format!("[main]\nenv = true\nports = {{ web = {web}{more} }}\n"));
    };
    let own = || -> Vec<u64> { ports(&main_of(&sandbox, &root)).iter().map(|row| row.1).collect() };
    let of = |ports: &[u16]| -> Vec<u64> { ports.iter().copied().map(u64::from).collect() };
    name(one, "");
    sandbox.wt(&["adopt", "--main"]).ok();
    // By the next command that records anything: the block follows, and the old port is anybody's.
    name(two, "");
    sandbox.wt(&["create", "one"]).ok();
    assert_eq!(own(), of(&[two]));
    assert!(fs::read_to_string(root.join(".env")).unwrap().contains(&format!("PORT={two}\n")));
    assert!(sandbox.events().iter().any(|event| event["event"] == "port_moved" && event["from"] == one));
    sandbox.wt(&["ports", "check", &one.to_string()]).ok();
    assert!(sandbox.wt(&["validate"]).ok().stdout.starts_with("Valid"));
    // A further service is given its port, two change places, and what is right stays as it is.
    name(two, &format!(", api = {one}"));
    sandbox.wt(&["create", "two"]).ok();
    assert_eq!(own(), of(&[two, one]));
    name(one, &format!(", api = {two}"));
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(own(), of(&[one, two]));
    let before = sandbox.registry();
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(sandbox.registry(), before);
    // What a linked worktree has stays there, and the other one moves all the same.
    sandbox
        .wt(&["ports", "allocate", "--worktree", "one", "--service", "x", "--port", &three.to_string()])
        .ok();
    name(two, &format!(", api = {three}"));
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(own(), of(&[one, two]), "`web` wants the port that `api` cannot leave");
    sandbox.wt(&["ports", "release", "--worktree", "one"]).ok();
    sandbox.wt(&["adopt"]).ok();
    assert_eq!(own(), of(&[two, three]));
    sandbox.assert_sound(&root);
}

#[test]
fn a_port_that_is_served_moves_once_its_server_has_ended() {
    let sandbox = Sandbox::new();
    let [old, new] = [0, 1].map(|index| sandbox.port(index));
    let name = |port: u16| configure(&sandbox, &format!("[main]\nports = {{ web = {port} }}\n"));
    let own = || ports(&main_of(&sandbox, &sandbox.repo()))[0].1;
    name(old);
    sandbox.wt(&["adopt", "--main"]).ok();
    let Some(server) = sandbox.python_server(&sandbox.repo(), "127.0.0.1", &[old]) else {
        return skip::skip("no python3");
    };
    // Also where somebody else has the other loopback family.
    let beside = sandbox.python_server(&sandbox.path("home"), "::1", &[old]);
    name(new);
    for command in [&["create", "one"][..], &["adopt", "--main"]] {
        let run = sandbox.wt(command).ok();
        assert!(run.stderr.contains(&format!("runs on {old}: it gets {new} after that")), "{}", run.shown());
        assert_eq!(own(), u64::from(old));
    }
    drop((server, beside));
    // A stranger's on the new one is an obstacle only to who asks.
    let stranger = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[new]);
    let run = sandbox.wt(&["create", "two"]).ok();
    assert!(run.stderr.contains(&format!("another program holds {new}")), "{}", run.shown());
    assert_eq!(own(), u64::from(old));
    sandbox.refused(&["adopt", "--main"], "port_conflict");
    drop(stranger);
    sandbox.wt(&["adopt", "--main"]).ok();
    assert_eq!(own(), u64::from(new));
}

#[test]
fn a_block_that_is_to_go_goes_though_the_command_is_killed() {
    let sandbox = Sandbox::new();
    let root = sandbox.repo();
    if !strace::has_strace(&root) {
        return skip::skip("strace is not installed or may not trace here");
    }
    let text = |env: bool| format!("[main]\nports = {{ web = {} }}\nenv = {env}\n", sandbox.port(0));
    let mut deaths = 0;
    for number in 1..8 {
        configure(&sandbox, &text(true));
        sandbox.wt(&["adopt", "--main"]).ok();
        assert!(root.join(".env").exists());
        configure(&sandbox, &text(false));
        deaths += u32::from(strace::killed_at(
            &sandbox,
            &["adopt", "--main"],
            "rename,renameat,renameat2,unlink,unlinkat",
            number,
        ));
        sandbox.wt(&["adopt"]).ok();
        assert!(!root.join(".env").exists(), "killed at {number}");
        assert_eq!(sandbox.living()[0]["env"], false, "killed at {number}");
    }
    assert!(deaths > 1, "only {deaths} were killed");
}
