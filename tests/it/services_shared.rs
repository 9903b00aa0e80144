//! `shared = true`: one process of a service for all worktrees of the repository.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;

use serde_json::json;

use crate::support::http::read;
use crate::support::services::{Fleet, is_running};
use crate::support::terminal::Terminal;
use crate::support::wait::{end_of, until};
use crate::support::{Sandbox, skip};

const CONFIG: &str = "[service.db]\nshared = true\nhealth = { tcp = {} }\n\
                      run = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                      [service.api]\nrun = \"sleep 1000\"\nlistens = false\ndepends_on = [\"db\"]\n\
                      [env.set]\nDATABASE_URL = \"pg://localhost:{{ ports.db }}/x\"\n";

#[test]
fn the_first_up_starts_it_the_last_down_stops_it_and_every_env_block_has_its_port() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.path(".")).arg("--version").output().is_err() {
        return skip("python3");
    }
    let one = sandbox.fleet("one", CONFIG);
    sandbox.wt(&["create", "two", "--ports=db"]).ok();
    let two = Fleet { sandbox: &sandbox, folder: sandbox.worktree("feature-two") };
    let env = |fleet: &Fleet<'_>| fs::read_to_string(fleet.folder.join(".env")).unwrap();
    // One allocation, the main worktree's.
    let allocations: Vec<u64> = sandbox
        .living()
        .iter()
        .flat_map(|entry| entry["allocations"].as_array().cloned().unwrap_or_default())
        .filter(|known| known["service"] == "db")
        .map(|known| known["port"].as_u64().unwrap())
        .collect();
    let [port] = allocations[..] else { panic!("{allocations:?}") };
    for fleet in [&one, &two] {
        let env = env(fleet);
        assert!(
            env.contains(&format!("DB_PORT={port}\n"))
                && env.contains(&format!("DATABASE_URL=pg://localhost:{port}/x\n")),
            "{env}"
        );
        assert!(!env.contains("\nPORT="), "it is no worktree's own server: {env}");
    }
    let given = two.json(&["ports", "allocate", "--service", "db"]);
    assert_eq!(
        (&given["ports"][0]["port"], &given["ports"][0]["new"]),
        (&json!(port), &json!(false)),
        "{given}"
    );
    sandbox.wt(&["validate", "--verify-ports"]).ok();

    let up = one.json(&["up"]);
    assert_eq!(up["services"].as_array().unwrap().len(), 2, "{up}");
    let server = one.pid("db");
    two.wt(&["up"]).ok();
    assert_eq!(two.pid("db"), server, "one process for both");
    let db = two.service("db");
    assert_eq!(
        (&db["state"], &db["port"], &db["shared_by"]),
        (&json!("ready"), &json!(port), &json!(2)),
        "{db}"
    );
    assert!(two.wt(&["status"]).ok().stdout.contains("shared by 2"));
    for fleet in [&one, &two] {
        fleet.wt(&["wait", "db"]).ok();
    }
    sandbox.wt(&["validate", "--verify-ports"]).ok();
    assert_eq!(sandbox.json(&["ports", "conflicts"])["summary"]["conflicts"], 0);

    let refused = sandbox.refused_in(&one.folder, &["down", "db"], "dirty");
    assert_eq!(refused["details"]["used_by"], json!(["feature-two"]), "{refused}");
    one.wt(&["down"]).ok();
    assert!(is_running(server), "the other one uses it");
    assert_eq!(one.service("db")["shared_by"], 1);
    // The last one that uses it takes it along.
    sandbox.wt(&["remove", "feature-two", "--force"]).ok();
    until("the end of the server", || !is_running(server));
    assert!(TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).is_err());
    // A removal leaves the port, and what was named goes with force whoever uses it.
    sandbox.wt(&["restore", "feature-two"]).ok();
    assert!(env(&two).contains(&format!("DB_PORT={port}\n")));
    one.wt(&["up"]).ok();
    two.wt(&["up"]).ok();
    let again = one.pid("db");
    two.wt(&["down", "db", "--force"]).ok();
    assert!(!is_running(again));
    assert_eq!(one.service("db")["shared_by"], 0);
    one.wt(&["down"]).ok();
    two.wt(&["down"]).ok();
}

#[test]
fn a_worktree_that_does_not_start_uses_nothing_that_serves_all() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.path(".")).arg("--version").output().is_err() {
        return skip("python3");
    }
    let one = sandbox.fleet("one", &CONFIG.replace("sleep 1000", "wt-no-such-program"));
    one.wt(&["up"]).exits(1);
    let db = one.service("db");
    assert_eq!((&db["state"], &db["shared_by"]), (&json!("stopped"), &json!(0)), "{db}");
}

/// One that listens on no port.
const QUEUE: &str = "[service.queue]\nshared = true\nlistens = false\nrun = \"sleep 1000\"\n\
                     [service.api]\nrun = \"sleep 1000\"\nlistens = false\ndepends_on = [\"queue\"]\n";

fn main(sandbox: &Sandbox) -> Fleet<'_> {
    Fleet { sandbox, folder: sandbox.repo() }
}

#[test]
fn what_others_use_ends_neither_with_the_foreground_nor_with_a_down_of_the_main_worktree() {
    let sandbox = Sandbox::new();
    let one = sandbox.fleet("one", QUEUE);
    let main = main(&sandbox);
    let mut screen = Terminal::start(sandbox.command(&main.folder, &["up", "--foreground"]));
    screen.expect("Ctrl-C stops");
    one.wt(&["up"]).ok();
    let queue = one.pid("queue");
    assert_eq!(one.service("queue")["shared_by"], 2);
    screen.interrupt();
    let (code, seen) = screen.finish();
    assert_eq!((code, main.state("api").0.as_str()), (130, "stopped"), "{seen}");
    assert!(is_running(queue), "{seen}");
    assert_eq!((one.pid("queue"), &one.service("queue")["shared_by"]), (queue, &json!(1)));

    main.wt(&["up"]).ok();
    let down = main.wt(&["down", "--reset"]).ok();
    assert!(down.stderr.contains("`queue` runs on for feature-one"), "{}", down.shown());
    assert!(down.stderr.contains("what is on record about services stays"), "{}", down.shown());
    assert_eq!((main.state("api").0.as_str(), one.pid("queue")), ("stopped", queue));
    let down = one.json(&["down"]);
    assert_eq!(down["stopped"], json!(["api", "queue"]), "with the last one that uses it: {down}");
    assert!(!is_running(queue));
}

#[test]
fn a_restart_starts_what_serves_all_and_whoever_stays_uses_it_until_they_leave() {
    let sandbox = Sandbox::new();
    let one = sandbox.fleet("one", QUEUE);
    one.wt(&["restart"]).ok();
    let queue = one.pid("queue");
    assert_eq!(one.service("queue")["shared_by"], 1);
    one.wt(&["restart"]).ok();
    main(&sandbox).wt(&["restart"]).ok();
    assert_eq!(one.pid("queue"), queue, "it is restarted where it is named alone");
    main(&sandbox).wt(&["down"]).ok();
    let refused = sandbox.refused_in(&one.folder, &["up", "--foreground", "queue"], "usage");
    assert!(refused["hint"].as_str().unwrap().contains("`wt up queue`"), "{refused}");

    let mut screen = Terminal::start(sandbox.command(&one.folder, &["up", "--foreground"]));
    screen.expect("Ctrl-C stops");
    screen.interrupt();
    let (code, seen) = screen.finish();
    assert_eq!(code, 130, "{seen}");
    until("its end with the last one that used it", || !is_running(queue));
    assert_eq!(one.service("queue")["shared_by"], 0);
}

#[test]
fn a_start_waits_for_the_end_that_another_worktree_began() {
    let sandbox = Sandbox::new();
    let go = sandbox.path("go");
    // It ends once the file is there.
    let run =
        format!("trap 'while ! [ -e {} ]; do sleep 0.01; done; exit' TERM; sleep 1000 & wait", go.display());
    let run = json!(format!("sh -c {}", json!(run))).to_string();
    let config = QUEUE.replacen("\"sleep 1000\"", &run, 1);
    let one = sandbox.fleet("one", &config);
    sandbox.wt(&["create", "two"]).ok();
    let two = Fleet { sandbox: &sandbox, folder: sandbox.worktree("feature-two") };
    one.wt(&["up"]).ok();
    let queue = one.pid("queue");
    let mut down = sandbox.command(&one.folder, &["down"]).stderr(Stdio::null()).spawn().unwrap();
    until("the begin of its end", || one.state("queue").0 == "stopping");
    let mut up = sandbox.command(&two.folder, &["up"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(up.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("it is waited for")), "nobody starts what ends");
    fs::write(&go, "").unwrap();
    assert!(end_of(&mut down).success());
    said.for_each(drop);
    assert!(end_of(&mut up).success());
    assert_ne!(two.pid("queue"), queue);
    assert_eq!(two.service("queue")["shared_by"], 1);
}

#[test]
fn a_sleeper_is_not_started_without_what_serves_all_and_what_ran_before_it_was_shared_is_seen_and_ended() {
    let sandbox = Sandbox::new();
    let web = "[service.web]\nrun = \"sleep 1000\"\nstart = \"on-demand\"\nsocket = \"activate\"\n\
               depends_on = [\"queue\"]\n";
    let before = format!("{}{web}", QUEUE.replace("shared = true\n", ""));
    let one = sandbox.fleet("one", &before);
    one.wt(&["up", "queue"]).ok();
    let own = one.pid("queue");
    fs::write(sandbox.repo().join(".wt.toml"), format!("{QUEUE}{web}")).unwrap();
    one.wt(&["trust", "--yes"]).ok();
    let main = main(&sandbox);
    main.wt(&["up", "queue"]).ok();
    let (_, reason) = one.state("queue");
    assert!(reason.contains("runs on here: `wt down queue --worktree feature-one` ends it"), "{reason}");
    // Typed anywhere: what serves all runs on.
    let serving = main.pid("queue");
    let ended = sandbox.json(&["down", "queue", "--worktree", "feature-one"]);
    assert_eq!(ended["stopped"], json!(["queue"]));
    assert!(is_running(serving));
    assert!(!is_running(own));

    one.wt(&["up"]).ok();
    assert_eq!(one.state("web").0, "asleep");
    main.wt(&["down", "queue", "--force"]).ok();
    let _caller = TcpStream::connect(("127.0.0.1", one.port("web"))).unwrap();
    until("the reason why it is not started", || one.state("web").1.contains("needs `queue`"));
    assert_eq!(one.service("web")["pid"], json!(null));
}

#[test]
fn every_worktree_says_the_same_of_a_server_that_was_started_by_hand_and_nobody_is_led_astray() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.path(".")).arg("--version").output().is_err() {
        return skip("python3");
    }
    let one = sandbox.fleet("one", &CONFIG.replace("health = { tcp = {} }\n", ""));
    let main = main(&sandbox);
    let port = main.port("db").to_string();
    let serve = ["-m", "http.server", &port, "--bind", "127.0.0.1"];
    let mut server =
        sandbox.program("python3", &main.folder).args(serve).stderr(Stdio::null()).spawn().unwrap();
    until("the server", || TcpStream::connect(format!("127.0.0.1:{port}")).is_ok());
    one.wt(&["up"]).ok();
    for fleet in [&one, &main] {
        let db = fleet.service("db");
        assert_eq!(
            (&db["state"], &db["managed"], &db["pid"], &db["shared_by"]),
            (&json!("ready"), &json!(false), &json!(server.id()), &json!(1)),
            "{db}"
        );
    }
    one.wt(&["up", "--take-over", "db", "--yes"]).ok();
    end_of(&mut server);
    let db = one.service("db");
    assert_eq!((&db["managed"], &db["state"]), (&json!(true), &json!("ready")), "{db}");
    assert_eq!(one.json(&["url", "db"])["url"], db["url"], "one name for one server");

    let refused = sandbox.refused_in(&one.folder, &["run", "--service", "db", "--", "true"], "port_conflict");
    assert!(refused["hint"].as_str().unwrap().contains("`wt up db`"), "{refused}");
    let other = ["ports", "allocate", "--service", "db", "--port", "5990"];
    let refused = sandbox.refused_in(&one.folder, &other, "port_conflict");
    assert!(refused["hint"].as_str().unwrap().contains("`ports = { db = 5990 }` under [main]"), "{refused}");
    sandbox.refused(&["ports", "release", &port], "port_denied");
    let killed = one.wt(&["ports", "kill", &port, "--yes"]).ok();
    assert!(
        killed.stderr.contains("`db` serves all worktrees; they use it: feature-one"),
        "{}",
        killed.shown()
    );
}

#[test]
fn in_a_bare_repository_each_worktree_has_its_own_and_a_dry_run_says_the_ports_that_will_be() {
    let sandbox = Sandbox::new();
    let config = CONFIG.replace("listens = false\n", "");
    fs::write(sandbox.repo().join(".wt.toml"), &config).unwrap();
    let said = sandbox.json(&["create", "one", "--ports=web,db", "--dry-run"]);
    let made = sandbox.json(&["create", "one", "--ports=web,db"]);
    let port = |ports: &serde_json::Value| {
        let web = ports.as_array().unwrap().iter().find(|given| given["service"] == "web");
        web.unwrap()["port"].clone()
    };
    assert_eq!(port(&said["plan"]["ports"]), port(&made["worktree"]["ports"]), "{said}");

    let served = sandbox.serve(&[]);
    let host = format!("Host: db.feature-one.proj.localhost:{}\r\nAccept: application/json\r\n", served.port);
    let ask = |with: &str| {
        let reply = read(served.send(&format!("GET / HTTP/1.1\r\n{host}{with}Connection: close\r\n\r\n")));
        assert_eq!(reply.status, 404, "{}", reply.body);
        reply.body
    };
    let unknown = ask("");
    assert!(!unknown.contains("serves all"), "whoever has no token learns that it is unknown: {unknown}");
    let known = ask(&format!("Authorization: Bearer {}\r\n", served.token));
    assert!(known.contains(&format!("`wt -C {} url db` says it", sandbox.repo().display())), "{known}");

    let bare = sandbox.path("bare.git");
    sandbox.git(&sandbox.path("."), &["clone", "-q", "--bare", "proj", "bare.git"]);
    fs::write(bare.join(".wt.toml"), &config).unwrap();
    let made = sandbox.json_in(&bare, &["create", "two", "--ports=db"]);
    assert_eq!(made["worktree"]["ports"][0]["service"], "db", "{made}");
}
