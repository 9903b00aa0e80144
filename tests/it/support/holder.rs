//! Processes and sockets that hold ports, ready when the function returns and gone when the value is.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use socket2::{Domain, Socket, Type};

use super::Sandbox;

/// A child process, ended with the value.
pub struct Holder {
    pub child: Child,
}

impl Holder {
    /// Starts a program and returns once it said a line.
    pub fn ready(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    /// Starts a Python server on `address` with `folder` as its current folder; `None` where there is no Python.
    pub fn python_server(&self, folder: &Path, address: &str, ports: &[u16]) -> Option<Holder> {
        let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let script = format!(
            "import socket, sys\nheld = []\nfor port in [{list}]:\n\
             \x20   s = socket.socket(socket.AF_INET6 if ':' in '{address}' else socket.AF_INET)\n\
             \x20   s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
             \x20   s.bind(('{address}', port)); s.listen(5); held.append(s)\n\
             print('ready', flush=True)\nsys.stdin.read()\n"
        );
        self.ready_script(folder, &script)
    }

    /// Runs a Python script with `folder` as its current folder; returns once it printed `ready`. `None` where there is
    /// no Python. The script ends with the value: `hold()` waits for that.
    pub fn python_script(&self, folder: &Path, script: &str) -> Option<Holder> {
        let script = format!(
            "import socket, sys, time, threading\n\
             def hold():\n    print('ready', flush=True)\n    sys.stdin.read()\n{script}\n"
        );
        self.ready_script(folder, &script)
    }

    /// Runs a script that prints `ready` and waits.
    fn ready_script(&self, folder: &Path, script: &str) -> Option<Holder> {
        // Somebody else of the machine may hold the port for the moment in which it looks whether it is free.
        for _ in 0..10 {
            let (holder, line) = self.talking(folder, &["-c", script])?;
            if line == "ready\n" {
                return Some(holder);
            }
        }
        panic!("the script did not get ready:\n{script}");
    }

    /// Starts Python and returns its first line; `None` where there is none.
    pub fn talking(&self, folder: &Path, arguments: &[&str]) -> Option<(Holder, String)> {
        let mut child = self
            .program("python3", folder)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some((Holder { child }, line))
    }

    /// Starts `sleep` with `folder` as its current folder.
    pub fn sleeper(&self, folder: &Path) -> Holder {
        Holder { child: self.program("sleep", folder).arg("600").spawn().unwrap() }
    }
}

/// Leaves `port` to a connection that has ended (`TIME_WAIT`), past which no server gets.
pub fn linger(port: u16) {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    client.bind(&SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
    client.connect(&server.local_addr().unwrap().into()).unwrap();
    let (accepted, _) = server.accept().unwrap();
    // Who ends a connection first keeps its port.
    drop(client);
    drop(accepted);
}

/// How a socket of the test's own process holds a port.
#[derive(Clone, Copy)]
pub enum Hold {
    Listen,
    /// IPv6 only: the same port of IPv4 stays free.
    ListenV6Only,
    /// Bound, never listening.
    Bound,
    /// Bound with `SO_REUSEADDR`, never listening: another bind with it succeeds.
    BoundReusable,
}

/// Holds `port` of `address`; `None` where the address family or the address is missing.
pub fn hold(address: &str, port: u16, how: Hold) -> Option<Socket> {
    let ip: IpAddr = address.parse().unwrap();
    let address = SocketAddr::new(ip, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).ok()?;
    if ip.is_ipv6() {
        socket.set_only_v6(matches!(how, Hold::ListenV6Only) || !ip.is_unspecified()).unwrap();
    }
    if matches!(how, Hold::BoundReusable | Hold::Listen | Hold::ListenV6Only) {
        socket.set_reuse_address(true).unwrap();
    }
    socket.bind(&address.into()).ok()?;
    if matches!(how, Hold::Listen | Hold::ListenV6Only) {
        socket.listen(5).unwrap();
    }
    Some(socket)
}
