//! `socket = "activate"`: the service is handed a socket that listens already, so that no client is ever turned away.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::Sandbox;
use crate::support::services::kill;
use crate::support::skip::skip;
use crate::support::wait::until;

/// A server that takes descriptor 3 once the file `go` is there, and answers with how often it was started.
const SERVER: &str = "import os, socket, time
assert os.environ['LISTEN_FDS'] == '1' and int(os.environ['LISTEN_PID']) == os.getpid(), os.environ
with open('starts', 'a') as file: file.write('x')
print('begun', flush=True)
while not os.path.exists('go'): time.sleep(0.005)
server = socket.socket(fileno=3)
while True:
    connection, _ = server.accept()
    connection.sendall(b'start %d' % len(open('starts').read()))
    connection.close()
";

fn config(sandbox: &Sandbox, more: &str) -> String {
    fs::write(sandbox.path("server.py"), SERVER).unwrap();
    let script = sandbox.path("server.py");
    format!("[service.web]\nrun = \"python3 {}\"\nsocket = \"activate\"\n{more}\n", script.display())
}

fn answer(mut client: TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_client_that_connects_before_the_server_takes_its_socket_gets_its_answer() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, ""));
    let mut up = sandbox.command(&fleet.folder, &["up", "-q"]).spawn().unwrap();
    let starts = fleet.folder.join("starts");
    until("the server's process", || starts.exists());
    let early = TcpStream::connect(("127.0.0.1", sandbox.port(0))).unwrap();
    fs::write(fleet.folder.join("go"), "").unwrap();
    assert_eq!(answer(early), "start 1");
    assert!(up.wait().unwrap().success());
    assert_eq!(fleet.state("web").0, "ready");
}

#[test]
fn a_client_that_comes_between_a_crash_and_the_restart_waits_and_is_answered() {
    let sandbox = Sandbox::new();
    let policy = "restart = { policy = \"always\", backoff = \"200ms\" }";
    let fleet = sandbox.fleet("one", &config(&sandbox, policy));
    fs::write(fleet.folder.join("go"), "").unwrap();
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    let connect = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert_eq!(answer(connect()), "start 1");
    fs::remove_file(fleet.folder.join("go")).unwrap();
    kill(fleet.pid("web"));
    until("its end", || fleet.state("web").0 != "ready");
    let patient = connect();
    fs::write(fleet.folder.join("go"), "").unwrap();
    assert_eq!(answer(patient), "start 2");
}

#[test]
fn a_server_that_ends_before_it_takes_a_client_is_not_said_to_have_lost_its_port() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'echo no such table; exit 3'\"\nsocket = \"activate\"\n\
                  health = { http = \"/\" }\n";
    let fleet = sandbox.fleet("one", config);
    let error = sandbox.wt_in(&fleet.folder, &["--json", "up"]).exits(1).error("service_failed");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("ended with status 3\n") && message.contains("no such table"), "{message}");
}

#[test]
fn a_server_that_shared_its_port_with_nobody_is_handed_a_socket_once_it_is_configured_so() {
    let sandbox = Sandbox::new();
    let script = "import os,socket; s=socket.socket(); s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen(); \
                  [s.accept() for _ in iter(int, 1)]";
    let fleet = sandbox.fleet("one", &format!("[service.web]\nrun = '''python3 -c \"{script}\"'''\n"));
    fleet.wt(&["up"]).ok().says(&["shares its port with nobody"]);
    fs::write(sandbox.repo().join(".wt.toml"), config(&sandbox, "")).unwrap();
    fs::write(fleet.folder.join("go"), "").unwrap();
    fleet.wt(&["trust", "--yes"]).ok();
    fleet.wt(&["restart"]).ok();
    assert_eq!(answer(TcpStream::connect(("127.0.0.1", fleet.port("web"))).unwrap()), "start 1");
}

#[test]
fn after_down_nobody_listens_any_more() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, ""));
    fs::write(fleet.folder.join("go"), "").unwrap();
    fleet.wt(&["up"]).ok();
    let port = fleet.port("web");
    fleet.wt(&["down"]).ok();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn node_listens_on_the_socket_it_is_handed() {
    let sandbox = Sandbox::new();
    let answers = sandbox.program("node", &sandbox.path("")).arg("--version").output();
    if !answers.is_ok_and(|done| done.status.success()) {
        return skip("no node");
    }
    let script = "require('http').createServer((q, s) => s.end('node')).listen({ fd: 3 })";
    let config = format!("[service.web]\nrun = '''node -e \"{script}\"'''\nsocket = \"activate\"\n");
    let fleet = sandbox.fleet("one", &config);
    fleet.wt(&["up"]).ok();
    let mut client = TcpStream::connect(("127.0.0.1", fleet.port("web"))).unwrap();
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(answer(client).ends_with("node"));
}
