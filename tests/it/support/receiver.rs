//! Whoever is told: a real listener that keeps what is posted to it, and answers as a test has it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::wait::until;

/// How a post is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    /// To this address.
    Redirect(String),
    /// Never.
    Hang,
}

/// A listener on loopback; it ends with the test.
pub struct Receiver {
    pub port: u16,
    posts: Arc<Mutex<Vec<Value>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// Answers the first posts like this, and all others with 200.
    pub fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (posts, heads) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let receiver = Self { port, posts: Arc::clone(&posts), heads: Arc::clone(&heads) };
        let mut answers: Vec<Answer> = answers.iter().rev().cloned().collect();
        std::thread::spawn(move || {
            let mut hanging = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                let Some((head, body)) = read(&stream) else { continue };
                let answer = answers.pop().unwrap_or(Answer::Status(200));
                heads.lock().unwrap().push(head);
                posts.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                let said = match answer {
                    Answer::Status(status) => format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n"),
                    Answer::Redirect(to) => {
                        format!("HTTP/1.1 302 x\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
                    }
                    Answer::Hang => {
                        hanging.push(stream);
                        continue;
                    }
                };
                let _ = (&stream).write_all(said.as_bytes());
            }
        });
        receiver
    }

    /// Its address, with a secret in it.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/hook/SECRET-in-address", self.port)
    }

    /// What was posted so far.
    pub fn posts(&self) -> Vec<Value> {
        self.posts.lock().unwrap().clone()
    }

    /// The heads of what was posted so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Waits until so much was posted, and returns it.
    #[track_caller]
    pub fn after(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} posts, of {:?}", self.posts()), || self.posts().len() >= count);
        let posts = self.posts();
        assert_eq!(posts.len(), count, "{posts:?}");
        posts
    }
}

fn read(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
