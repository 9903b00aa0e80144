//! `instances`: several processes of one service, each on a port of its own, with the command and the trust of the first.

use std::fs;

use serde_json::Value;

use crate::support::http::read;
use crate::support::services::is_running;
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const SEVERAL: &str = "[service.web]\ninstances = 3\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                       [service.www]\ninstances = 2\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
                       [service.api]\nrun = \"sleep 1000\"\nlistens = false\ndepends_on = [\"web\", \"www\"]\n";

#[test]
fn each_has_a_port_of_its_own_is_waited_for_and_is_restarted_behind_the_one_before() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.path(".")).arg("--version").output().is_err() {
        return skip("python3");
    }
    let fleet = sandbox.fleet("one", SEVERAL);
    fleet.wt(&["up", "api"]).ok();
    let names = ["web", "web-2", "web-3"];
    let ports: Vec<u16> = names.iter().map(|name| fleet.port(name)).collect();
    assert_eq!(ports, [sandbox.port(0), sandbox.port(1), sandbox.port(2)]);
    for (name, port) in names.iter().zip(&ports) {
        assert_eq!(fleet.state(name).0, "ready");
        std::net::TcpStream::connect(("127.0.0.1", *port)).unwrap();
    }
    // The first one's variables are what they were without the others.
    let env = fs::read_to_string(fleet.folder.join(".env")).unwrap();
    for line in [
        format!("PORT={}", ports[0]),
        format!("WEB_URL=http://localhost:{}", ports[0]),
        format!("WEB_2_PORT={}", ports[1]),
        format!("WEB_3_PORT={}", ports[2]),
    ] {
        assert!(env.lines().any(|known| known == line), "{line}: {env}");
    }
    // The name of the first one stands for all: each is asked in turn, and nobody waits for one that is gone.
    let server = sandbox.serve(&[]);
    let ask_for = |service: &str, path: &str| {
        let host = format!("{service}.feature-one.proj.localhost:{}", server.port);
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        read(server.send(&head)).status
    };
    let ask = |path: &str| ask_for("web", path);
    let asked = |name: &str, path: &str| fleet.wt(&["logs", name]).ok().stdout.matches(path).count();
    for _ in 0..6 {
        // Each service has turns of its own.
        assert_eq!((ask("/each"), ask_for("www", "/each")), (404, 404));
    }
    for name in [&names[..], &["www", "www-2"]].concat() {
        until("its share in its log", || asked(name, "/each") > 0);
    }
    fleet.wt(&["down", "web-2"]).ok();
    for _ in 0..4 {
        assert_eq!(ask("/rest"), 404);
    }
    until("what the others were asked", || asked("web", "/rest") + asked("web-3", "/rest") == 4);
    drop(server);
    fleet.wt(&["up", "api"]).ok();
    let before: Vec<u32> = names.iter().map(|name| fleet.pid(name)).collect();
    let known = sandbox.events().len();
    fleet.wt(&["restart", "web"]).ok();
    assert!(before.iter().all(|pid| !is_running(*pid)));
    let events = sandbox.events().split_off(known);
    let at = |event: &str, service: &str| {
        let is_it = |known: &&Value| known["event"] == event && known["service"] == service;
        events.iter().find(is_it).unwrap_or_else(|| panic!("{event} {service}: {events:?}"))["sequence"]
            .as_u64()
    };
    for pair in names.windows(2) {
        assert!(at("ready", pair[0]) < at("restarted", pair[1]), "{events:?}");
    }
    let one = fleet.pid("web-2");
    fleet.wt(&["restart", "web-2"]).ok();
    assert!(!is_running(one) && is_running(fleet.pid("web")));
    let down = fleet.json(&["down", "web"]);
    assert_eq!(down["stopped"].as_array().unwrap().len(), 3, "{down}");
    // A changed command is as little trusted for the further ones as for the first.
    fs::write(sandbox.repo().join(".wt.toml"), SEVERAL.replace("--bind 127.0.0.1", "--bind ::1")).unwrap();
    sandbox.refused_in(&fleet.folder, &["up", "web-2"], "untrusted");
    fs::write(sandbox.repo().join(".wt.toml"), SEVERAL.to_owned() + "[service.web-2]\nrun = \"true\"\n")
        .unwrap();
    let error = sandbox.refused_in(&fleet.folder, &["up"], "config_invalid");
    assert_eq!(error["details"]["key"], "service.web.instances", "{error}");
}
