//! `kill -9` of the server, the monitor and the supervisor: the rest goes on, and the next of each takes the place.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Stdio};

use crate::support::holder::Holder;
use crate::support::services::{is_running, kill};
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

#[test]
fn whatever_is_killed_the_rest_goes_on_and_comes_back() {
    killed_in(&[[2, 0, 1]]);
}

#[test]
#[ignore = "heavy: starts everything anew for each of six orders"]
fn whatever_is_killed_in_whatever_order_the_rest_goes_on_and_comes_back() {
    killed_in(&[[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]);
}

/// A monitor that watches, and what it says, which somebody goes on reading.
fn watch(sandbox: &Sandbox) -> (Holder, BufReader<ChildStdout>) {
    let mut command = sandbox.command(&sandbox.repo(), &["monitor", "--json", "--interval", "1s"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert!(first.starts_with('{'), "it does not watch: {first}");
    (Holder { child }, said)
}

/// Kills the server (0), the monitor (1) and the supervisor (2) in each of these orders.
fn killed_in(orders: &[[u8; 3]]) {
    let sandbox = Sandbox::new();
    let Some(_) = sandbox.python(&sandbox.path("home"), 0, "ready(); stay()\n") else {
        return skip("python3");
    };
    let service = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";
    let fleet = sandbox.fleet("one", service);
    for order in orders {
        fleet.wt(&["up"]).ok();
        let (web, supervisor) = (fleet.pid("web"), fleet.supervisor().unwrap());
        let mut server = sandbox.serve(&[]);
        let (monitor, _reader) = watch(&sandbox);
        for who in order {
            match who {
                0 => {
                    kill(server.pid());
                    server.wait();
                }
                1 => {
                    kill(monitor.pid());
                    until("the monitor's end", || !is_running(monitor.pid()));
                }
                _ => {
                    kill(supervisor);
                    until("its end", || !is_running(supervisor));
                }
            }
            // Nobody else goes along, and what is asked is answered.
            assert!(is_running(web), "{order:?}");
            fleet.wt(&["list"]).ok();
        }
        // The next of each takes the place; the service is the same one, or its successor where nobody may say so.
        let again = sandbox.serve(&[]);
        let one = again.get("/api/worktrees/proj/feature-one");
        assert_eq!(one.status, 200, "{}", one.body);
        fleet.wt(&["up"]).ok();
        assert_eq!(fleet.state("web").0, "ready", "{order:?}");
        assert_ne!(fleet.supervisor(), Some(supervisor));
        drop(monitor);
        let _next = watch(&sandbox);
    }
}
