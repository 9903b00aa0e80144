//! Names in place of ports: a request goes on to the service that its name stands for, and to nobody else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::support::Sandbox;
use crate::support::git::write;
use crate::support::holder::Holder;
use crate::support::http::{Reply, Server, read};
use crate::support::skip;
use crate::support::wait::until;

/// A server that tells what it was asked, speaks of itself as `said`, counts uploads, streams, and goes on in another protocol.
const SCRIPT: &str = r"
import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *words): pass
    def say(self, text, **headers):
        body = text.encode()
        self.send_response(200)
        for name, value in headers.items(): self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == '/ws':
            self.send_response(101); self.send_header('Connection', 'Upgrade'); self.send_header('Upgrade', 'echo'); self.end_headers()
            while data := self.connection.recv(65536): self.wfile.write(data)
            self.wfile.write(b'bye'); self.close_connection = True
        elif self.path == '/events':
            self.send_response(200); self.send_header('Content-Type', 'text/event-stream'); self.send_header('Connection', 'close'); self.end_headers()
            self.close_connection = True
            for count in range(COUNT):
                self.wfile.write(b'data: %d\n\n' % count); time.sleep(0.01)
        elif self.path == '/die': os._exit(1)
        elif self.path == '/cut':
            self.send_response(200); self.send_header('Content-Length', '1000'); self.end_headers()
            self.wfile.write(b'half'); self.wfile.flush(); time.sleep(0.05); os._exit(1)
        else:
            self.say('SAID %s\n%s' % (self.requestline, self.headers), Set_Cookie='a=b', X_Wt_Worktree='made-up')
    def do_POST(self):
        left, seen = self.headers.get('Content-Length'), 0
        if left is None:
            while size := int(self.rfile.readline(), 16):
                seen += len(self.rfile.read(size)); self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(left)
            while left > 0 and (data := self.rfile.read(min(left, 1 << 20))): seen += len(data); left -= len(data)
        self.say(str(seen))
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6 if ':' in ADDRESS else socket.AF_INET
threading.Thread(target=Server((ADDRESS, PORT), Handler).serve_forever, daemon=True).start()
hold()
";

/// Runs such a server in `folder`; `None` where there is no Python.
fn server(
    sandbox: &Sandbox,
    folder: &std::path::Path,
    address: &str,
    port: u16,
    said: &str,
) -> Option<Holder> {
    let script = format!("ADDRESS, PORT, COUNT = '{address}', {port}, 100\n{}", SCRIPT.replace("SAID", said));
    sandbox.python_script(folder, &script)
}

fn ask(server: &Server, host: &str, path: &str, more: &str) -> Reply {
    let port = server.port;
    read(server.send(&format!(
        "GET {path} HTTP/1.1\r\nHost: {host}.localhost:{port}\r\n{more}Connection: close\r\n\r\n"
    )))
}

fn json(server: &Server, host: &str, path: &str) -> Reply {
    ask(server, host, path, "Accept: application/json\r\n")
}

/// Reads the head of an answer.
fn head(reader: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "the connection ended: {head}");
    }
    head
}

#[test]
fn a_name_leads_to_its_service_and_the_service_learns_who_asked() {
    let sandbox = Sandbox::new();
    write(&sandbox.repo(), ".wt.toml", "[purpose.feature]\nservices = [\"web\", \"api\"]\n");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let Some(_web) = server(&sandbox, &folder, "127.0.0.1", sandbox.port(0), "web") else {
        return skip("python3");
    };
    let Some(_api) = server(&sandbox, &folder, "::1", sandbox.port(1), "api") else { return skip("IPv6") };
    let wt = sandbox.serve(&[]);
    let port = wt.port;
    for (host, said) in [
        ("web.feature-login.proj", "web GET"),
        ("api.feature-login.proj", "api GET"),
        ("feature-login.proj", "web GET"),
        ("Feature-Login", "web GET"),
    ] {
        let reply = ask(&wt, host, "/a/b?c=d", "");
        assert_eq!(
            (reply.status, reply.body.contains(said)),
            (200, true),
            "{host}: {} {}",
            reply.head,
            reply.body
        );
        assert!(
            reply.head.contains("x-wt-worktree: feature-login") && !reply.head.contains("made-up"),
            "{}",
            reply.head
        );
        assert!(!reply.head.contains("content-security-policy"), "the page is the service's: {}", reply.head);
    }
    // Of another origin, with a body, and with headers that only we may say.
    let host = format!("web.feature-login.proj.localhost:{port}");
    let reply = ask(
        &wt,
        "web.feature-login.proj",
        "/a?b=%2F",
        "Origin: http://elsewhere.example\r\nSec-Fetch-Site: cross-site\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\
         X-Wt-Worktree: other\r\nX-Wt-Anything: x\r\nCookie: one=two\r\n",
    );
    let body = reply.body.to_lowercase();
    for line in [
        "web get /a?b=%2f http/1.1".to_owned(),
        format!("host: {host}"),
        "origin: http://elsewhere.example".to_owned(),
        "cookie: one=two".to_owned(),
        "x-forwarded-for: 127.0.0.1".to_owned(),
        "x-forwarded-proto: http".to_owned(),
        format!("x-forwarded-host: {host}"),
        "x-wt-worktree: feature-login".to_owned(),
    ] {
        assert!(body.lines().any(|known| known.trim() == line), "{line}: {body}");
    }
    assert!(
        !body.contains("x-wt-anything") && !body.contains("1.2.3.4") && !body.contains("other"),
        "{body}"
    );
    // The dashboard's own token stays here; anybody else's is the service's affair.
    let own = ask(&wt, "web.feature-login.proj", "/", &format!("Authorization: Bearer {}\r\n", wt.token));
    assert!(own.status == 200 && !own.body.to_lowercase().contains("authorization"), "{}", own.body);
    let foreign = ask(&wt, "web.feature-login.proj", "/", "Authorization: Bearer abc\r\n");
    assert!(foreign.body.to_lowercase().contains("authorization: bearer abc"), "{}", foreign.body);
    // One connection of the client carries requests for several names.
    let mut reader = BufReader::new(wt.send(""));
    for (name, said) in [("web", "web GET"), ("api", "api GET"), ("web", "web GET")] {
        let request = format!("GET / HTTP/1.1\r\nHost: {name}.feature-login.proj.localhost:{port}\r\n\r\n");
        reader.get_mut().write_all(request.as_bytes()).unwrap();
        let head = head(&mut reader).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).unwrap();
        assert!(String::from_utf8_lossy(&body).starts_with(said), "{head}");
    }
}

#[test]
fn an_unknown_name_is_nobody_and_names_are_told_to_who_has_the_token() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let wt = sandbox.serve(&[]);
    for host in [
        "login",
        "web.login.proj",
        "db.feature-login.proj",
        "feature-login.other",
        "x.y.feature-login.proj",
        "wt",
    ] {
        let reply = json(&wt, host, "/");
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"), "{host}: {}", reply.body);
        assert!(reply.json()["error"]["details"]["names"].is_null());
    }
    // A page for people: it says that the name is unknown, and where the dashboard is.
    let page = ask(&wt, "login", "/", "Accept: text/html\r\n");
    assert!(
        page.body.contains(&format!("http://127.0.0.1:{}/", wt.port)) && !page.body.contains("feature-login"),
        "{}",
        page.body
    );
    let bearer = format!("Authorization: Bearer {}\r\nAccept: application/json\r\n", wt.token);
    let known = ask(&wt, "login", "/", &bearer).json();
    assert_eq!(known["error"]["details"]["names"], serde_json::json!(["feature-login.proj.localhost"]));
    // What is no name of ours, or another port's, is nobody's; and nothing is forwarded to the dashboard itself.
    for host in ["login.localhost:1", "evil.example", "..localhost", "a b.localhost"] {
        let reply = read(wt.send(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")));
        assert!(matches!(reply.status, 400 | 421), "{host}: {}", reply.status);
    }
    // A service that does not run is told of, with the command that starts it.
    let idle = json(&wt, "feature-login.proj", "/");
    assert_eq!((idle.status, idle.code().as_str()), (502, "service_failed"), "{}", idle.body);
    assert!(
        idle.json()["error"]["hint"]
            .as_str()
            .unwrap()
            .contains(&format!("wt -C {} up web -w feature-login", sandbox.repo().display())),
        "{}",
        idle.body
    );
}

#[test]
fn nobody_but_the_worktrees_own_process_gets_a_request() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "search", "--ports"]).ok();
    let (folder, other, elsewhere) =
        (sandbox.worktree("feature-login"), sandbox.worktree("feature-search"), sandbox.path("elsewhere"));
    std::fs::create_dir_all(&elsewhere).unwrap();
    let port = sandbox.port(0);
    let wt = sandbox.serve(&[]);
    let Some(own) = server(&sandbox, &folder, "127.0.0.1", port, "own") else { return skip("python3") };
    let is_own = || ask(&wt, "feature-login", "/", "").body.starts_with("own");
    for _ in 0..2 {
        assert!(is_own());
    }
    drop(own);
    // Replaced by a stranger between two requests: the kept connection is not used, and the stranger is named.
    let stranger = server(&sandbox, &elsewhere, "127.0.0.1", port, "stranger").unwrap();
    let refused = json(&wt, "feature-login", "/secret");
    assert_eq!((refused.status, refused.code().as_str()), (502, "port_conflict"), "{}", refused.body);
    let error = &refused.json()["error"];
    assert_eq!(error["details"]["pid"], stranger.pid());
    assert!(error["message"].as_str().unwrap().contains("a stranger"), "{error}");
    let page = ask(&wt, "feature-login", "/", "Accept: text/html\r\n");
    assert!(page.status == 502 && page.body.contains("python3"), "{}", page.body);
    // Its own server on the other family is found past the stranger.
    if let Some(six) = server(&sandbox, &folder, "::1", port, "own") {
        assert!(is_own());
        drop(six);
    }
    drop(stranger);
    // The server of a sibling is a stranger as well.
    let sibling = server(&sandbox, &other, "127.0.0.1", port, "sibling").unwrap();
    let refused = json(&wt, "feature-login", "/");
    assert_eq!(refused.code(), "port_conflict");
    assert!(refused.body.contains("feature-search"), "{}", refused.body);
    drop(sibling);
    // Back again: nothing of the refusals stays.
    let _own = server(&sandbox, &folder, "127.0.0.1", port, "own").unwrap();
    until("its own server is reached again", is_own);
}

#[test]
fn streams_uploads_and_other_protocols_pass_and_an_end_is_told() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let port = sandbox.port(0);
    let Some(first) = server(&sandbox, &folder, "127.0.0.1", port, "own") else { return skip("python3") };
    let wt = sandbox.serve(&[]);
    let host = format!("Host: feature-login.localhost:{}\r\n", wt.port);
    // Chunks, and a length, both larger than any limit of our own pages.
    let mut stream = wt
        .send(&format!("POST /up HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"));
    let chunk = vec![b'x'; 1 << 16];
    for _ in 0..64 {
        stream.write_all(b"10000\r\n").unwrap();
        stream.write_all(&chunk).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(read(stream).body, (64 << 16).to_string());
    assert_eq!(upload(&wt, &host, 8 << 20), (8 << 20).to_string());
    // Events come as they are sent: the first one long before the last.
    let mut reader = BufReader::new(wt.send(&format!("GET /events HTTP/1.1\r\n{host}\r\n")));
    assert!(head(&mut reader).to_lowercase().contains("text/event-stream"));
    let mut text = String::new();
    while !text.contains("data: 0") {
        reader.read_line(&mut text).unwrap();
    }
    assert!(!text.contains("data: 99"));
    while !text.contains("data: 99") {
        assert!(reader.read_line(&mut text).unwrap() > 0, "{text}");
    }
    // Another protocol: both ways, and one half may end before the other.
    let mut reader = BufReader::new(
        wt.send(&format!("GET /ws HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n")),
    );
    assert!(head(&mut reader).to_lowercase().starts_with("http/1.1 101"));
    for size in [1, 100_000] {
        let sent = vec![b'y'; size];
        reader.get_mut().write_all(&sent).unwrap();
        let mut back = vec![0; size];
        reader.read_exact(&mut back).unwrap();
        assert_eq!(back, sent);
    }
    reader.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "bye");
    // A client that goes in the middle harms nobody.
    drop(wt.send(&format!("GET /events HTTP/1.1\r\n{host}\r\n")));
    drop(wt.send(&format!("POST /up HTTP/1.1\r\n{host}Content-Length: 1000\r\n\r\nhalf")));
    // A service that dies under a request, before and within its answer, and comes back.
    let died = json(&wt, "feature-login", "/die");
    assert_eq!((died.status, died.code().as_str()), (502, "service_failed"), "{}", died.body);
    drop(first);
    let second = server(&sandbox, &folder, "127.0.0.1", port, "own").unwrap();
    let cut = ask(&wt, "feature-login", "/cut", "");
    assert_eq!((cut.status, cut.body.as_str()), (200, "half"));
    drop(second);
    let _third = server(&sandbox, &folder, "127.0.0.1", port, "own").unwrap();
    assert!(ask(&wt, "feature-login", "/", "").body.starts_with("own"));
    // Heads that are too large, or end nowhere, are no service's affair.
    let bomb = format!("GET / HTTP/1.1\r\n{host}X-Bomb: {}\r\n\r\n", "x".repeat(64 << 10));
    assert_eq!(read(wt.send(&bomb)).status, 431);
    let slow = wt.send(&format!("GET / HTTP/1.1\r\n{host}X-Slow: "));
    assert!(ask(&wt, "feature-login", "/", "").body.starts_with("own"), "nobody waits for the slow one");
    let mut end = Vec::new();
    let _ = (&slow).read_to_end(&mut end);
}

/// Uploads that many bytes and returns what was answered.
fn upload(wt: &Server, host: &str, size: usize) -> String {
    let mut stream =
        wt.send(&format!("POST /up HTTP/1.1\r\n{host}Content-Length: {size}\r\nConnection: close\r\n\r\n"));
    let chunk = vec![b'x'; 1 << 20];
    let mut left = size;
    while left > 0 {
        let part = left.min(chunk.len());
        stream.write_all(&chunk[..part]).unwrap();
        left -= part;
    }
    read(stream).body
}

#[test]
#[ignore = "heavy: sends 1 GiB, and streams for two minutes"]
fn a_gibibyte_and_minutes_of_streaming_pass() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let script = format!("ADDRESS, PORT, COUNT = '127.0.0.1', {}, 12000\n{SCRIPT}", sandbox.port(0));
    let Some(_own) = sandbox.python_script(&folder, &script) else { return skip("python3") };
    let wt = sandbox.serve(&[]);
    let host = format!("Host: feature-login.localhost:{}\r\n", wt.port);
    assert_eq!(upload(&wt, &host, 1 << 30), (1_u64 << 30).to_string());
    let mut socket = BufReader::new(
        wt.send(&format!("GET /ws HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n")),
    );
    assert!(head(&mut socket).to_lowercase().starts_with("http/1.1 101"));
    let mut events = BufReader::new(wt.send(&format!("GET /events HTTP/1.1\r\n{host}\r\n")));
    let mut line = String::new();
    let mut count = 0;
    while count < 12_000 {
        line.clear();
        assert!(events.read_line(&mut line).unwrap() > 0, "the stream ended at {count}");
        if line.starts_with("data: ") {
            assert_eq!(line.trim(), format!("data: {count}"));
            count += 1;
            if count % 100 == 0 {
                socket.get_mut().write_all(line.as_bytes()).unwrap();
                let mut back = vec![0; line.len()];
                socket.read_exact(&mut back).unwrap();
                assert_eq!(back, line.as_bytes());
            }
        }
    }
}
