//! A gateway's unreliable neighbour: passes requests on to an etcd, and treats one of them badly.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What becomes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// The connection is cut before etcd hears of it.
    Cut,
    /// etcd does it, and its answer is lost.
    Lost,
    /// Nobody answers; it is passed on when it is let go of.
    Held,
}

/// One in front of a member. Each request has a connection of its own.
pub struct Neighbour {
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    member: String,
    treatment: Treatment,
    /// Which request is meant, from 1; 0 for none.
    which: AtomicUsize,
    seen: AtomicUsize,
    ends: AtomicBool,
    held: Mutex<Option<Vec<u8>>>,
    /// Paths of requests, in their order.
    heard: Mutex<Vec<String>>,
}

impl Neighbour {
    /// Treats the `which`-th request so.
    pub fn new(member: &str, treatment: Treatment, which: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            member: member.trim_start_matches("http://").to_owned(),
            treatment,
            which: AtomicUsize::new(which),
            seen: AtomicUsize::new(0),
            ends: AtomicBool::new(false),
            held: Mutex::default(),
            heard: Mutex::default(),
        });
        let ours = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ours.ends.load(Ordering::SeqCst) {
                    return;
                }
                let ours = Arc::clone(&ours);
                thread::spawn(move || ours.pass(stream));
            }
        });
        Self { url: format!("http://{address}"), shared }
    }

    /// Answers whether the request was met.
    pub fn was_met(&self) -> bool {
        self.shared.seen.load(Ordering::SeqCst) >= self.shared.which.load(Ordering::SeqCst)
    }

    /// The paths that were asked for.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Passes the held request on, long after whoever sent it has gone; returns etcd's answer.
    pub fn let_go(&self) -> String {
        let request = self.shared.held.lock().unwrap().take().unwrap();
        String::from_utf8_lossy(&self.shared.ask(&request)).into_owned()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
    }
}

impl Shared {
    fn pass(&self, mut stream: TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
        if let Some(request) = read_request(&mut stream) {
            let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
            let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
            self.heard.lock().unwrap().push(line);
            if number == self.which.load(Ordering::SeqCst) {
                match self.treatment {
                    Treatment::Cut => {}
                    Treatment::Lost => drop(self.ask(&request)),
                    Treatment::Held => {
                        *self.held.lock().unwrap() = Some(request);
                        // Until the other end gives up.
                        let mut byte = [0];
                        while stream.read(&mut byte).is_ok_and(|count| count > 0) {}
                    }
                }
                return;
            }
            let _ = stream.write_all(&self.ask(&request));
        }
    }

    fn ask(&self, request: &[u8]) -> Vec<u8> {
        let Ok(mut stream) = TcpStream::connect(&self.member) else { return Vec::new() };
        let text = String::from_utf8_lossy(request).into_owned();
        // So that the answer ends with the connection.
        let asked = text.replacen(" HTTP/1.1\r\n", " HTTP/1.1\r\nConnection: close\r\n", 1);
        let _ = stream.write_all(asked.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }
}

/// Reads one request with its body.
fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = heard.windows(4).position(|part| part == b"\r\n\r\n") {
            let fields = String::from_utf8_lossy(&heard[..end]).to_lowercase();
            let length =
                fields.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse::<usize>();
            if heard.len() >= end + 4 + length.ok()? {
                return Some(heard);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => heard.extend_from_slice(&piece[..count]),
        }
    }
}
