//! Stopping: what is asked to end is said to be ending as long as it runs, one service may be stopped alone, and what was taken
//! out of the configuration can still be stopped.

use std::fs;
use std::process::Stdio;

use crate::support::Sandbox;
use crate::support::services::{Fleet, is_running};
use crate::support::wait::{end_of, until};

/// Serves, and ends once a file is there after it was asked to.
const SLOW: &str = "import sys, os, time, signal, http.server as h
def end(*_):
    while not os.path.exists('end'): time.sleep(0.01)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()
";

const API: &str = "[service.api]\nrun = \"python3 -m http.server {{ port }}\"\n";

fn slow(sandbox: &Sandbox) -> Fleet<'_> {
    fs::write(sandbox.path("slow.py"), SLOW).unwrap();
    let script = sandbox.path("slow.py");
    sandbox
        .fleet("one", &format!("[service.web]\nrun = \"python3 {} {{{{ port }}}}\"\n{API}", script.display()))
}

#[test]
fn a_service_is_stopping_as_long_as_it_runs_after_it_was_asked_to_end() {
    let sandbox = Sandbox::new();
    let fleet = slow(&sandbox);
    fleet.wt(&["up"]).ok();
    let pid = fleet.pid("web");
    let mut down = sandbox.command(&fleet.folder, &["down"]);
    let mut down = down.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the state", || fleet.state("web").0 == "stopping");
    assert!(is_running(pid) && fleet.pid("web") == pid);
    fs::write(fleet.folder.join("end"), "").unwrap();
    assert!(end_of(&mut down).success());
    assert_eq!(fleet.state("web").0, "stopped");
    assert!(!is_running(pid));
}

#[test]
fn one_service_is_stopped_alone_and_a_wrong_name_is_said() {
    let sandbox = Sandbox::new();
    let fleet = slow(&sandbox);
    fs::write(fleet.folder.join("end"), "").unwrap();
    fleet.wt(&["up"]).ok();
    fleet.wt(&["down", "wbe"]).exits(1).says(&["there is no service `wbe`", "did you mean `web`"]);
    fleet.wt(&["down", "web"]).ok().answers(&["web"]);
    assert_eq!((fleet.state("web").0.as_str(), fleet.state("api").0.as_str()), ("stopped", "ready"));
    fleet.wt(&["down", "web"]).ok().says(&["nothing ran"]);
}

#[test]
fn what_was_taken_out_of_the_configuration_is_shown_while_it_runs_and_gone_once_it_is_stopped() {
    let sandbox = Sandbox::new();
    let fleet = slow(&sandbox);
    fs::write(fleet.folder.join("end"), "").unwrap();
    fleet.wt(&["up"]).ok();
    fs::write(sandbox.repo().join(".wt.toml"), API).unwrap();
    assert_eq!(fleet.state("web"), ("ready".to_owned(), "no longer configured".to_owned()));
    fleet.wt(&["up", "web"]).exits(1).says(&["there is no service `web`"]);
    fleet.wt(&["down", "web"]).ok().answers(&["web"]);
    assert!(fleet.service("web").is_null(), "{}", fleet.service("web"));
    fleet.wt(&["down", "web"]).exits(1).says(&["there is no service `web`"]);
    assert_eq!(fleet.state("api").0, "ready");
}
