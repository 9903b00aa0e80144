//! The users of one machine are given different ports, and nobody's file is anybody else's to change.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Run, Sandbox, skip};

/// Four people of one machine.
const PEOPLE: [(&str, u32); 4] = [("ana", 61001), ("ben", 61002), ("cem", 61003), ("dora", 61004)];

/// Users by numeric ids, each with a repository, below one sandbox; only root can become them.
struct Machine {
    sandbox: Sandbox,
}

impl Machine {
    fn new(ports: u16) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            skip("root is needed to become other users");
            return None;
        }
        let sandbox = Sandbox::with_ports(ports);
        fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let line = |(name, user): &(&str, u32)| format!("{name}:x:{user}:{user}::/:/bin/sh\n");
        let passwd: String =
            std::iter::once("root:x:0:0::/:/bin/sh\n".to_owned()).chain(PEOPLE.iter().map(line)).collect();
        fs::write(sandbox.path("passwd"), passwd).unwrap();
        let machine = Self { sandbox };
        let probe = machine.program(PEOPLE[0].1, &machine.sandbox.path(""), "true", &[]).output().unwrap();
        if !probe.status.success() {
            skip("unshare, setpriv and mount are needed");
            return None;
        }
        for (name, user) in PEOPLE {
            machine.sandbox.make_repository(&format!("{name}/proj"));
            fs::create_dir_all(machine.sandbox.path(&format!("{name}/state"))).unwrap();
            let home = machine.sandbox.path(name);
            let owned =
                Command::new("chown").args(["-R", &format!("{user}:{user}")]).arg(home).status().unwrap();
            assert!(owned.success());
        }
        machine
            .sandbox
            .wt_in(
                &machine.sandbox.path(""),
                &["team", "init", "--shared-host", machine.folder().to_str().unwrap()],
            )
            .ok();
        Some(machine)
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.path("claims")
    }

    fn program(&self, user: u32, folder: &Path, program: &str, arguments: &[&str]) -> Command {
        let become_user = "mount --bind \"$0\" /etc/passwd && user=$1 && shift && exec setpriv --reuid=$user --regid=$user \
                           --clear-groups --inh-caps=-all --bounding-set=-all \"$@\"";
        let mut command = self.sandbox.program("unshare", folder);
        command.args(["-m", "sh", "-c", become_user]).arg(self.sandbox.path("passwd")).arg(user.to_string());
        command.arg(program).args(arguments).env("WT_TEAM_SHARED_HOST", self.folder());
        command
    }

    fn command(&self, (name, user): (&str, u32), arguments: &[&str]) -> Command {
        let mut command = self.program(
            user,
            &self.sandbox.path(&format!("{name}/proj")),
            env!("CARGO_BIN_EXE_wt"),
            arguments,
        );
        command.env("XDG_STATE_HOME", self.sandbox.path(&format!("{name}/state")));
        command
    }

    fn wt(&self, person: (&str, u32), arguments: &[&str]) -> Run {
        Run::new(arguments, &self.command(person, arguments).output().unwrap())
    }

    fn json(&self, person: (&str, u32), arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = std::iter::once("--json").chain(arguments.iter().copied()).collect();
        self.wt(person, &arguments).ok().json()
    }

    /// The ports of everybody's worktrees, by their own registries.
    fn ports(&self) -> Vec<u64> {
        let registries =
            PEOPLE.iter().map(|(name, _)| self.sandbox.path(&format!("{name}/state/wt/registry.json")));
        let registries =
            registries.filter_map(|path| serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok());
        let entries =
            registries.flat_map(|registry| registry["worktrees"].as_array().cloned().unwrap_or_default());
        let ports = entries.flat_map(|entry| entry["allocations"].as_array().cloned().unwrap_or_default());
        ports.filter_map(|allocation| allocation["port"].as_u64()).collect()
    }

    fn claims(&self, user: u32) -> Vec<Value> {
        let bytes = fs::read(self.folder().join(format!("{user}.json"))).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["claims"].as_array().unwrap().clone()
    }

    /// Each of `people` creates `each` worktrees at once: no port is given twice, and each file has what its registry has.
    fn create_at_once(&self, people: &[(&str, u32)], each: usize) -> Duration {
        let mut children = Vec::new();
        let began = Instant::now();
        for person in people.iter().copied() {
            for number in 0..each {
                let name = format!("w{number}");
                let mut command = self.command(person, &["create", &name, "--ports", "--no-hooks"]);
                command.env("WT_TEAM_TIMEOUT", "60s").env("WT_REGISTRY_LOCK_TIMEOUT", "60s");
                children.push(command.spawn().unwrap());
            }
        }
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let took = began.elapsed();
        let mut ports = self.ports();
        assert_eq!(ports.len(), people.len() * each);
        ports.sort_unstable();
        let all = ports.len();
        ports.dedup();
        assert_eq!(ports.len(), all, "no port twice");
        for (_, user) in people {
            assert_eq!(self.claims(*user).len(), each);
        }
        took
    }
}

#[test]
fn users_of_one_machine_get_different_ports_and_see_who_has_which() {
    let Some(machine) = Machine::new(10) else { return };
    let [ana, ben, ..] = PEOPLE;
    let port = |index| machine.sandbox.port(index);
    machine.wt(ana, &["create", "login", "--ports"]).ok();
    let file = machine.folder().join("61001.json").metadata().unwrap();
    assert_eq!((file.mode() & 0o7777, file.uid()), (0o644, 61001));
    let created = machine.json(ben, &["create", "search", "--ports"]);
    assert_eq!(created["worktree"]["ports"][0]["port"], port(1), "the next candidate");
    let first = port(0).to_string();
    let checked = machine.wt(ben, &["--json", "ports", "check", &first]).exits(1).json();
    assert_eq!(checked["verdict"], "claimed");
    assert_eq!(checked["reason"], "held by ana (feature-login)");
    assert_eq!(
        (&checked["claim"]["user"], &checked["claim"]["worktree"]),
        (&json!("ana"), &json!("feature-login"))
    );
    let of_search = ["--json", "ports", "allocate", "--worktree", "feature-search", "--service", "api"];
    let wish: Vec<&str> = of_search.into_iter().chain(["--port", &first]).collect();
    let error = machine.wt(ben, &wish).exits(1).error("port_conflict");
    assert!(error["message"].as_str().unwrap().contains("held by ana (feature-login)"), "{error}");
    assert_eq!(machine.json(ben, &["ports", "next"])["next"], port(2));
    let rows = machine.json(ben, &["team"]);
    let rows: Vec<_> = rows["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["port"].clone(), row["user"].clone(), row["own"].clone()))
        .collect();
    assert_eq!(
        rows,
        [(json!(port(0)), json!("ana"), json!(false)), (json!(port(1)), json!("ben"), json!(true))]
    );

    // Given back by remove, taken by another, and by restore no more than what is free.
    machine.wt(ana, &["remove", "feature-login"]).ok();
    assert_eq!(machine.claims(61001).len(), 0);
    machine
        .wt(ben, &["ports", "allocate", "--worktree", "feature-search", "--service", "api", "--port", &first])
        .ok();
    let restored = machine.wt(ana, &["restore", "feature-login"]).ok();
    assert!(restored.stderr.contains("held by ben (feature-search)"), "{}", restored.shown());
    assert_eq!(machine.claims(61001)[0]["port"], port(2));
    // A release gives back too.
    machine.wt(ben, &["ports", "release", &first, "--worktree", "feature-search"]).ok();
    assert_eq!(machine.claims(61002).len(), 1);

    // A user who is deleted keeps the ports, named by number; a squatter is named and changes nothing.
    let passwd = fs::read_to_string(machine.sandbox.path("passwd")).unwrap();
    let without = passwd.split_inclusive('\n').filter(|line| !line.starts_with("ana:")).collect::<String>();
    fs::write(machine.sandbox.path("passwd"), without).unwrap();
    let third = port(2).to_string();
    let checked = machine.wt(ben, &["--json", "ports", "check", &third]).exits(1).json();
    assert_eq!(checked["reason"], "held by 61001 (feature-login)");
    let squatted = machine.folder().join("61003.json");
    fs::write(&squatted, format!("{{\"schema\":1,\"user\":61003,\"claims\":[{{\"id\":\"x\",\"port\":{},\"registry\":\"r\",\"worktree\":\"w\",\"since\":\"2026-01-01T00:00:00Z\"}}]}}", port(3))).unwrap();
    chown(&squatted, Some(61002), Some(61002)).unwrap();
    assert_eq!(
        machine.json(ben, &["ports", "next"])["next"],
        port(0),
        "a file is believed of its user alone"
    );
    let refused =
        machine.wt(PEOPLE[2], &["--json", "create", "x", "--ports"]).exits(1).error("claims_unreachable");
    assert_eq!(refused["details"]["reason"], "squatted");
    assert!(refused["message"].as_str().unwrap().contains("ben"), "{refused}");
    assert_eq!(machine.ports().len(), 2, "and nothing was recorded");
}

#[test]
fn root_in_a_users_state_folder_claims_for_that_user() {
    let Some(machine) = Machine::new(4) else { return };
    let mut command =
        machine.sandbox.command(&machine.sandbox.path("ana/proj"), &["create", "login", "--ports"]);
    command
        .env("XDG_STATE_HOME", machine.sandbox.path("ana/state"))
        .env("WT_TEAM_SHARED_HOST", machine.folder());
    command.env("SUDO_UID", "61001");
    let output = command.output().unwrap();
    if !output.status.success() {
        return skip("root may not work in another user's repository here");
    }
    assert_eq!(machine.folder().join("61001.json").metadata().unwrap().uid(), 61001);
    assert!(!machine.folder().join("0.json").exists());
    assert_eq!(machine.claims(61001).len(), 1);
}

#[test]
fn creates_of_four_users_at_once_share_no_port() {
    let Some(machine) = Machine::new(20) else { return };
    machine.create_at_once(&PEOPLE, 2);
}

#[test]
#[ignore = "heavy: 64 creates at once"]
fn sixty_four_creates_of_four_users_at_once_share_no_port() {
    let Some(machine) = Machine::new(80) else { return };
    let of_four = machine.create_at_once(&PEOPLE, 16);
    let of_one = Machine::new(80).unwrap().create_at_once(&PEOPLE[..1], 64);
    eprintln!("64 creates: four users {of_four:.2?}, one user {of_one:.2?}");
}

/// A sandbox whose machine has a shared folder.
fn shared() -> (Sandbox, PathBuf) {
    let mut sandbox = Sandbox::new();
    let folder = sandbox.path("claims");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
    sandbox.set("WT_TEAM_SHARED_HOST", folder.clone());
    (sandbox, folder)
}

fn claims_in(folder: &Path) -> (PathBuf, Value) {
    let path = folder.join(format!("{}.json", rustix::process::geteuid().as_raw()));
    let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (path, value)
}

#[test]
fn whoever_sits_on_the_folder_is_named_and_nothing_is_made() {
    let (mut sandbox, folder) = shared();
    sandbox.set("WT_TEAM_TIMEOUT", "250ms");
    let seat = File::open(&folder).unwrap();
    rustix::fs::flock(&seat, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let refused = sandbox.refused(&["create", "login", "--ports"], "claims_unreachable");
    assert_eq!(refused["details"]["reason"], "locked");
    let holder = refused["details"]["holder"].as_str().unwrap();
    assert!(holder.contains(&format!("pid {}", std::process::id())), "{holder}");
    rustix::fs::flock(&seat, rustix::fs::FlockOperation::Unlock).unwrap();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    // A removal never waits: what it cannot give back, the next change does.
    rustix::fs::flock(&seat, rustix::fs::FlockOperation::LockExclusive).unwrap();
    sandbox.wt(&["remove", "feature-login"]).ok();
    assert_eq!(claims_in(&folder).1["claims"].as_array().unwrap().len(), 1);
    rustix::fs::flock(&seat, rustix::fs::FlockOperation::Unlock).unwrap();
    sandbox.wt(&["create", "search", "--ports"]).ok();
    let claims = claims_in(&folder).1["claims"].as_array().unwrap().clone();
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert_eq!(claims[0]["worktree"], "feature-search");
}

#[test]
fn what_no_record_has_is_given_back_and_what_is_another_registrys_is_not() {
    let (sandbox, folder) = shared();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let (path, mut file) = claims_in(&folder);
    let own = file["claims"][0].clone();
    let like = |id: &str, port: u16, registry: Value| {
        let mut claim = own.clone();
        claim["id"] = json!(id);
        claim["port"] = json!(port);
        claim["registry"] = registry;
        claim
    };
    // A create that died between the folder and the record; and the same user with another state folder.
    let lost = like("dead", sandbox.port(1), own["registry"].clone());
    let other = like("other", sandbox.port(2), json!("another"));
    file["claims"].as_array_mut().unwrap().extend([lost, other]);
    fs::write(&path, serde_json::to_vec(&file).unwrap()).unwrap();
    let created = sandbox.json(&["create", "search", "--ports"]);
    assert_eq!(created["worktree"]["ports"][0]["port"], sandbox.port(1));
    let created = sandbox.json(&["create", "third", "--ports"]);
    assert_eq!(
        created["worktree"]["ports"][0]["port"],
        sandbox.port(3),
        "the other registry's is passed over"
    );
    let ids: Vec<Value> =
        claims_in(&folder).1["claims"].as_array().unwrap().iter().map(|claim| claim["id"].clone()).collect();
    assert!(!ids.contains(&json!("dead")) && ids.contains(&json!("other")), "{ids:?}");
    // A move takes the new one and gives the old one back.
    let (from, to) = (sandbox.port(3).to_string(), sandbox.port(4));
    sandbox.wt(&["ports", "release", &from, "--worktree", "feature-third"]).ok();
    sandbox
        .wt(&[
            "ports",
            "allocate",
            "--worktree",
            "feature-third",
            "--service",
            "web",
            "--port",
            &to.to_string(),
        ])
        .ok();
    let ports: Vec<Value> = claims_in(&folder).1["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|claim| claim["port"].clone())
        .collect();
    assert!(ports.contains(&json!(to)) && !ports.contains(&json!(sandbox.port(3))), "{ports:?}");
}

#[test]
fn what_is_no_users_own_file_counts_for_nothing() {
    let (sandbox, folder) = shared();
    let claim = |port: u16| json!({ "schema": 1, "user": 4242, "claims": [{ "id": "x", "port": port, "registry": "r", "worktree": "w", "since": "2026-01-01T00:00:00Z" }] });
    let bytes = serde_json::to_vec(&claim(sandbox.port(0))).unwrap();
    fs::write(folder.join("4242.json"), &bytes).unwrap();
    fs::write(sandbox.path("elsewhere"), &bytes).unwrap();
    symlink(sandbox.path("elsewhere"), folder.join("4243.json")).unwrap();
    fs::create_dir(folder.join("4244.json")).unwrap();
    fs::write(folder.join("4245.json"), "garbage").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.join("4246.json"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    // Filled without end: not even read.
    File::create(folder.join("4247.json")).unwrap().set_len(1 << 40).unwrap();
    let created = sandbox.json(&["create", "login", "--ports"]);
    assert_eq!(created["worktree"]["ports"][0]["port"], sandbox.port(0));
}

#[test]
fn a_folder_that_others_can_empty_is_not_used_and_stops_no_removal() {
    let (mut sandbox, folder) = shared();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    // One that others cannot write in keeps nobody apart.
    for mode in [0o777, 0o755, 0o1770] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        let refused = sandbox.refused(&["create", "search", "--ports"], "claims_unreachable");
        assert_eq!(refused["details"]["reason"], "mode", "{mode:o}");
    }
    sandbox.wt(&["remove", "feature-login"]).ok();
    fs::remove_dir_all(&folder).unwrap();
    let refused = sandbox.refused(&["create", "search", "--ports"], "claims_unreachable");
    assert_eq!(refused["details"]["reason"], "missing");
    symlink(sandbox.path("home"), &folder).unwrap();
    let refused = sandbox.refused(&["create", "search", "--ports"], "claims_unreachable");
    assert_eq!(refused["details"]["reason"], "unreadable");
    fs::remove_file(&folder).unwrap();
    let made = sandbox.wt(&["--json", "team", "init", "--shared-host"]);
    if rustix::process::geteuid().is_root() {
        assert_eq!(made.ok().json()["made"], true);
        assert_eq!(folder.metadata().unwrap().mode() & 0o7777, 0o1777);
        assert_eq!(sandbox.json(&["team", "init", "--shared-host"])["made"], false);
    } else {
        made.exits(1).error("permission");
    }
    sandbox.set("WT_TEAM_SHARED_HOST", "off");
    sandbox.wt(&["create", "search", "--ports"]).ok();
    assert!(!folder.join("0.json").exists());
    assert_eq!(sandbox.json(&["team"])["shared_host"], Value::Null);
    assert!(
        !sandbox.living()[0].as_object().unwrap().contains_key("claims"),
        "nothing is noted without a team"
    );
}
