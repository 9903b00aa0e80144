//! Python programs that behave badly on purpose, ready when the function returns. Each ends when its stdin does, so none
//! outlives its test.

use std::path::Path;

use super::Sandbox;
use super::holder::Holder;

/// `listen(port)` listens on 127.0.0.1; `stay()` waits for the end of stdin.
const PRELUDE: &str = r"
import os, signal, socket, sys
def listen(port, reuse_port=False, address='127.0.0.1'):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind((address, port)); s.listen(5)
    return s
def ready(): print('ready', os.getpid(), flush=True)
def stay(): sys.stdin.read()
port = int(sys.argv[1])
";

/// A program, and the pid of the process that said it was ready: itself or a descendant.
pub struct Program {
    pub holder: Holder,
    pub pid: u32,
}

impl Program {
    /// Answers whether the first process of the program still runs.
    pub fn is_running(&mut self) -> bool {
        self.holder.child.try_wait().unwrap().is_none()
    }
}

impl Sandbox {
    /// Starts a program that says `ready()` once it is; `None` where there is no Python.
    pub fn python(&self, folder: &Path, port: u16, script: &str) -> Option<Program> {
        let script = format!("{PRELUDE}{script}");
        let (holder, line) = self.talking(folder, &["-c", &script, &port.to_string()])?;
        let pid = line.strip_prefix("ready ").and_then(|pid| pid.trim().parse().ok());
        Some(Program { holder, pid: pid.unwrap_or_else(|| panic!("not ready: {line:?}")) })
    }
}
