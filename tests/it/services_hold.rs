//! From `wt up` until the service listens its port is nobody else's, and unmodified servers start on it.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Output};

use crate::support::services::Fleet;
use crate::support::skip::skip;
use crate::support::wait::{end_of, until};
use crate::support::{Run, Sandbox};

/// A server that is not there before the file `go` is.
const LATE: &str = "import http.server, os, sys, time
open('begun-' + str(os.getpid()), 'w')
while not os.path.exists('go'): time.sleep(0.005)
http.server.HTTPServer(('', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
";

/// Asks the kernel for ports out of the four from `first` on (`IP_LOCAL_PORT_RANGE`, ip(7)), a thousand times each way:
/// bound on either family, and for an outgoing connection.
const ASK: &str = "import socket, sys
first = int(sys.argv[1])
def narrow(s):
    s.setsockopt(socket.IPPROTO_IP, 51, (first + 3) << 16 | first)
    return s
def bound(family, address):
    s = narrow(socket.socket(family))
    s.bind((address, 0))
    return s.getsockname()[1], s
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(2000)
def connected():
    s = narrow(socket.socket())
    s.connect(server.getsockname())
    # Reset, so that no TIME_WAIT uses up the few ports.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\\1\\0\\0\\0\\0\\0\\0\\0')
    return s.getsockname()[1], s
seen = set()
for _ in range(1000):
    for ask in (lambda: bound(socket.AF_INET, '127.0.0.1'), lambda: bound(socket.AF_INET6, '::'), connected):
        try: port, s = ask()
        except OSError as error:
            if error.errno == 92: print('unsupported'); sys.exit()
            continue
        seen.add(port); s.close()
print(' '.join(str(port) for port in sorted(seen)))
";

/// Four neighbouring ports that the kernel gives away, all free just now.
fn ephemeral_block() -> u16 {
    let mut starts =
        (0..2000).map(|step| 34_000 + (u16::try_from(std::process::id() % 977).unwrap() + step) * 8);
    starts.find(|first| (*first..*first + 4).all(|port| TcpListener::bind(("::", port)).is_ok())).unwrap()
}

fn ended(child: Child, arguments: &[&str]) -> Run {
    let output: Output = child.wait_with_output().unwrap();
    Run::new(arguments, &output)
}

fn begun(fleet: &Fleet<'_>) -> bool {
    let names = fs::read_dir(&fleet.folder).unwrap().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| name.to_string_lossy().starts_with("begun-"))
}

fn ports_given(sandbox: &Sandbox, first: u16) -> Option<Vec<u16>> {
    let output = sandbox
        .program("python3", &sandbox.path(""))
        .args(["-c", ASK, &first.to_string()])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).unwrap();
    (!text.contains("unsupported"))
        .then(|| text.split_whitespace().map(|port| port.parse().unwrap()).collect())
}

#[test]
fn a_thousand_binds_and_connects_never_get_a_port_that_waits_for_its_service() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("late.py"), LATE).unwrap();
    let first = ephemeral_block();
    let held = first + 1;
    let Some(before) = ports_given(&sandbox, first) else {
        return skip("no python3, or no IP_LOCAL_PORT_RANGE (Linux 6.3)");
    };
    assert!(before.contains(&held), "otherwise this shows nothing: {before:?}");
    let script = sandbox.path("late.py");
    let config =
        format!("[service.web]\nrun = \"python3 {} {{{{ port }}}}\"\nports = \"{held}\"\n", script.display());
    let fleet = sandbox.fleet("one", &config);
    let up = sandbox
        .command(&fleet.folder, &["up"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until("the service has begun", || begun(&fleet));
    let given = ports_given(&sandbox, first).unwrap();
    assert!(!given.contains(&held) && !given.is_empty(), "{held} of {given:?}");
    assert_eq!(fleet.state("web").0, "starting");
    fs::write(fleet.folder.join("go"), "").unwrap();
    ended(up, &["up"]).ok();
    assert_eq!(fleet.state("web").0, "ready");
    assert_eq!(fleet.port("web"), held);
}

#[test]
fn a_held_port_is_called_taken_by_every_other_wt_and_free_again_after_down() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("late.py"), LATE).unwrap();
    let script = sandbox.path("late.py");
    let config = format!("[service.web]\nrun = \"python3 {} {{{{ port }}}}\"\n", script.display());
    let fleet = sandbox.fleet("one", &config);
    let mut up = sandbox.command(&fleet.folder, &["up", "-q"]).spawn().unwrap();
    until("the service has begun", || begun(&fleet));
    let port = sandbox.port(0);
    // Another user's registry, as it were: only the machine itself can say that the port is taken.
    let mut elsewhere = Sandbox::new();
    elsewhere.set("WT_STATE_DIR", elsewhere.path("other-state"));
    let check = elsewhere.wt(&["--json", "ports", "check", &port.to_string()]);
    let verdict = check.json()["verdict"].as_str().unwrap().to_owned();
    assert!(verdict != "free", "{}", check.shown());
    fleet.wt(&["down"]).ok();
    end_of(&mut up);
    let check = elsewhere.wt(&["--json", "ports", "check", &port.to_string()]);
    assert_eq!(check.json()["verdict"], "free", "{}", check.shown());
}

#[test]
fn servers_of_every_kind_start_on_a_held_port_as_they_are() {
    let sandbox = Sandbox::new();
    let node = "require('http').createServer((q, s) => s.end()).listen(+process.argv[1])";
    let mut config = String::from(
        "[service.std]\nrun = \"python3 -m http.server {{ port }}\"\n\
         [service.four]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n\
         [service.six]\nrun = \"python3 -m http.server {{ port }} --bind ::1\"\n",
    );
    let has = |program: &str| {
        sandbox
            .program(program, &sandbox.path(""))
            .arg("--version")
            .output()
            .is_ok_and(|done| done.status.success())
    };
    if has("node") {
        config = format!("{config}[service.node]\nrun = '''node -e \"{node}\" {{{{ port }}}}'''\n");
    }
    if has("redis-server") {
        config += "[service.redis]\nrun = \"redis-server --port {{ port }} --save '' --dir {{ path }}\"\nhealth = { redis = {} }\n";
    }
    let fleet = sandbox.fleet("one", &config);
    let up = fleet.json(&["up"]);
    for service in up["services"].as_array().unwrap() {
        assert_eq!(service["state"], "ready", "{up}");
    }
}
