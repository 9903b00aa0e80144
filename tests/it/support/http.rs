//! Speaks HTTP/1.1 over a socket of its own, byte by byte: no client library would send what an attacker sends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Sandbox;
use super::wait::until;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `wt serve`; it ends with the test.
pub struct Server {
    child: Child,
    pub port: u16,
    pub token: String,
}

/// A `wt serve` in the background; it ends with the test, however that ends.
pub struct Detached<'a>(pub &'a Sandbox);

impl Drop for Detached<'_> {
    fn drop(&mut self) {
        let _ = self.0.command(&self.0.path("."), &["serve", "--stop"]).stderr(Stdio::null()).output();
    }
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The error code of a failure.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Sandbox {
    /// Starts `wt serve` on a port that nobody else of the tests uses.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let port = self.ports.last();
        let port_text = port.to_string();
        let mut words = vec!["serve", "--port", &port_text];
        words.extend(arguments);
        let child = self
            .command(&self.path("."), &words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Server { child, port, token: String::new() };
        until("the server answers", || {
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended: {}", server.said());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        // One that was killed leaves its record, and its token.
        let record = self.state().join("serve.json");
        let pid = server.pid();
        until("the server is on record", || {
            let text = std::fs::read_to_string(&record).unwrap_or_default();
            serde_json::from_str::<Value>(&text).is_ok_and(|known| known["process"]["pid"] == pid)
        });
        server.token = std::fs::read_to_string(self.state().join("serve.token")).unwrap();
        server
    }
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn said(&mut self) -> String {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }

    /// Waits for its end and returns its exit status.
    pub fn wait(&mut self) -> Option<i32> {
        super::wait::end_of(&mut self.child).code()
    }

    /// Opens a connection and sends these bytes.
    pub fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    }

    /// Sends a request with these header lines beside `Host`, and reads the whole answer.
    pub fn ask_with(&self, method: &str, path: &str, headers: &str) -> Reply {
        let host = format!("127.0.0.1:{}", self.port);
        let host = if headers.to_lowercase().contains("host:") {
            String::new()
        } else {
            format!("Host: {host}\r\n")
        };
        let stream =
            self.send(&format!("{method} {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n"));
        read(stream)
    }

    /// As [`Server::ask_with`], with a body behind the head; its length is said in `headers`.
    pub fn ask_body(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let host = if headers.to_lowercase().contains("host:") {
            String::new()
        } else {
            format!("Host: 127.0.0.1:{}\r\n", self.port)
        };
        let mut stream =
            self.send(&format!("{method} {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n"));
        // It may answer and hang up before it has read all of it.
        let _ = stream.write_all(body.as_bytes());
        read(stream)
    }

    /// Posts an action with the token.
    pub fn post(&self, path: &str, body: &str) -> Reply {
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.token,
            body.len()
        );
        self.ask_body("POST", path, &headers, body)
    }

    /// Gets `path` with the token.
    pub fn get(&self, path: &str) -> Reply {
        self.ask_with("GET", path, &format!("Authorization: Bearer {}\r\n", self.token))
    }

    /// Opens the stream of changes and returns it behind its head.
    pub fn follow(&self) -> BufReader<TcpStream> {
        self.follow_from(None)
    }

    /// The same behind the event with that sequence.
    pub fn follow_from(&self, last: Option<u64>) -> BufReader<TcpStream> {
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        let stream = self.send(&format!(
            "GET /events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n{last}\r\n",
            self.port, self.token
        ));
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains("200"), "{line}");
        while line.trim() != "" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        reader
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer to its end.
pub fn read(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Reads the stream of changes until a word of one comes.
pub fn await_change(reader: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    while !line.starts_with("event: changed") {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
    }
}
