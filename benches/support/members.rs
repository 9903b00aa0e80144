//! Two etcds of one member each, Debian's package etcd-server: one in plain, one with TLS that asks for a password.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The members; they end with the bench.
pub struct Members {
    children: Vec<Child>,
    pub plain: String,
    pub secured: String,
}

impl Drop for Members {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Members {
    /// Starts both below `folder`, which then has `ca.pem` and the `password` of the user `root`; `None` where there is no etcd.
    pub fn start(folder: &Path) -> Option<Self> {
        Command::new("etcd").arg("--version").stdout(Stdio::null()).status().ok()?;
        certify(folder);
        let ports: [u16; 5] = free_ports();
        let [plain, peer, secured, other_peer, own] = ports;
        let mut members = Self {
            children: Vec::new(),
            plain: format!("http://127.0.0.1:{plain}"),
            secured: format!("https://127.0.0.1:{secured}"),
        };
        let path = |name: &str| folder.join(name).display().to_string();
        members.begin(folder, "plain", &members.plain.clone(), peer, &[]);
        let words =
            [format!("--cert-file={}", path("server.pem")), format!("--key-file={}", path("server-key.pem"))];
        let urls = format!("{},http://127.0.0.1:{own}", members.secured);
        members.begin(folder, "secured", &urls, other_peer, &words);
        for port in [plain, own] {
            ask_until_it_answers(port, "kv/range", "{\"key\":\"eA==\"}");
        }
        fs::write(folder.join("password"), "secret\n").unwrap();
        ask_until_it_answers(own, "auth/user/add", "{\"name\":\"root\",\"password\":\"secret\"}");
        ask_until_it_answers(own, "auth/role/add", "{\"name\":\"root\"}");
        ask_until_it_answers(own, "auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
        ask_until_it_answers(own, "auth/enable", "{}");
        Some(members)
    }

    fn begin(&mut self, folder: &Path, name: &str, urls: &str, peer: u16, more: &[String]) {
        let peer = format!("http://127.0.0.1:{peer}");
        let mut command = Command::new("etcd");
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.args([format!("--name={name}"), format!("--data-dir={}", folder.join(name).display())]);
        command.args([format!("--listen-client-urls={urls}"), format!("--advertise-client-urls={urls}")]);
        command.args([format!("--listen-peer-urls={peer}"), format!("--initial-advertise-peer-urls={peer}")]);
        command.arg(format!("--initial-cluster={name}={peer}")).args(more);
        self.children.push(command.spawn().unwrap());
    }
}

/// Makes `ca.pem`, and with it `server.pem` and its key.
fn certify(folder: &Path) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut words = rcgen::CertificateParams::new(Vec::new()).unwrap();
    words.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    fs::write(folder.join("ca.pem"), words.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(words, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let words = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    fs::write(folder.join("server.pem"), words.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    fs::write(folder.join("server-key.pem"), key.serialize_pem()).unwrap();
}

fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let held: [TcpListener; COUNT] = std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    held.map(|socket| socket.local_addr().unwrap().port())
}

fn ask_until_it_answers(port: u16, path: &str, body: &str) {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        let head = format!("POST /v3/{path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.contains("200 OK").then_some(())
    };
    let began = Instant::now();
    while ask().is_none() {
        assert!(began.elapsed() < Duration::from_mins(1), "etcd does not answer {path}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
