//! What a service takes: told where it is over its limits, and never ended for it; shown as far back as its supervisor reaches.

use std::fs;

use serde_json::{Value, json};

use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const SERVER: &str = "\
import os, socketserver, threading, time
def follow():
    held = None
    while True:
        held = held or b'x' * (200 << 20) if os.path.exists('big') else None
        time.sleep(0.01)
threading.Thread(target=follow, daemon=True).start()
class Quiet(socketserver.BaseRequestHandler):
    def handle(self): pass
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(('127.0.0.1', int(os.environ['PORT'])), Quiet).serve_forever()
";

#[test]
fn over_its_limits_a_service_is_told_of_and_runs_on_and_what_it_took_is_shown() {
    let sandbox = Sandbox::new();
    if sandbox.program("python3", &sandbox.repo()).arg("-V").output().is_err() {
        return skip("python3");
    }
    fs::write(sandbox.repo().join("server.py"), SERVER).unwrap();
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "server"]);
    let fleet = sandbox.fleet(
        "one",
        "[service.web]\nrun = \"python3 server.py\"\nhealth = { tcp = {}, interval = \"100ms\" }\n\
         limits = { memory = \"100MiB\", cpu = \"6400%\" }\n",
    );
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let told = |name: &str| sandbox.events().into_iter().find(|event| event["event"] == name);
    fs::write(fleet.folder.join("big"), "").unwrap();
    until("the event", || told("over_limit").is_some());
    let over = told("over_limit").unwrap();
    assert_eq!(
        (&over["kind"], &over["service"], &over["limit"]),
        (&json!("service"), &json!("web"), &json!("memory"))
    );
    assert_eq!(
        (&over["from"], &over["state"], &over["port"]),
        (&json!("ready"), &json!("ready"), &json!(fleet.port("web")))
    );
    assert!(over["reason"].as_str().unwrap().ends_with("MiB, where 100 MiB is the limit"), "{over}");
    let web = fleet.service("web");
    assert_eq!((&web["state"], &web["pid"]), (&json!("ready"), &json!(pid)), "it is told of, not ended");
    assert_eq!(web["reason"], "over its limit of memory, 100 MiB");
    fs::remove_file(fleet.folder.join("big")).unwrap();
    until("the event", || told("recovered").is_some());
    assert_eq!(fleet.service("web")["reason"], Value::Null);

    let web = fleet.json(&["status", "--since", "1h"])["services"][0].clone();
    let samples = web["samples"].as_array().unwrap();
    assert!(samples.len() > 3 && samples.len() <= 720, "{}", samples.len());
    let memory = || samples.iter().map(|sample| sample["memory_bytes"].as_u64().unwrap());
    assert!(memory().max().unwrap() > 200 << 20 && memory().min().unwrap() < 100 << 20, "{samples:?}");
    let last = samples.last().unwrap();
    assert!(
        last["at"].is_string() && last["cpu_percent"].is_number() && last["latency_ms"].is_number(),
        "{last}"
    );
    assert_eq!(fleet.service("web").get("samples"), None, "only where it is asked for");
    let shown = fleet.wt(&["status", "--since", "1h"]).ok().stdout;
    assert!(["memory", "cpu", "latency", "█"].iter().all(|word| shown.contains(word)), "{shown}");
    assert!(
        fleet.json(&["status", "--since", "0s"])["services"][0]["samples"].as_array().unwrap().len() <= 1
    );
    sandbox.refused_in(&fleet.folder, &["status", "--since", "soon"], "usage");
    fleet.wt(&["down"]).ok();
}
