//! A real etcd (Debian's package `etcd-server`), one member or several on loopback, with ports and a folder of its own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::ports::PortBlock;
use super::team::Team;
use super::wait::until;

/// What the tests say where it is missing.
pub const NEEDS: &str = "etcd (Debian's package etcd-server) is needed";

/// The password of each user that [`Etcd::ask_for_users`] makes.
pub const PASSWORD: &str = "secret";

/// The members; they end with the test.
pub struct Etcd {
    _folder: TempDir,
    ports: PortBlock,
    pub members: Vec<Member>,
    token: Option<String>,
}

/// One member.
pub struct Member {
    arguments: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
    /// Where it is asked by the programs of the test.
    pub url: String,
    /// Where the test itself asks it, in plain.
    plain: u16,
}

impl Member {
    /// Starts it, with what it had.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new("etcd");
        command.args(&self.arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Kills it, as a machine dies.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            self.signal("CONT", &child);
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Has it take connections and never answer.
    pub fn freeze(&self) {
        self.child.iter().for_each(|child| self.signal("STOP", child));
    }

    pub fn thaw(&self) {
        self.child.iter().for_each(|child| self.signal("CONT", child));
    }

    fn signal(&self, name: &str, child: &Child) {
        let _ = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    }

    /// Asks it in plain; `None` where nobody answers.
    pub fn ask(&self, path: &str, body: &Value, token: Option<&str>) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.plain)).ok()?;
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).ok()?;
        let (body, token) = (body.to_string(), token.map(|token| format!("Authorization: {token}\r\n")));
        let head = format!(
            "POST /v3/{path} HTTP/1.0\r\nContent-Length: {}\r\n{}\r\n",
            body.len(),
            token.unwrap_or_default()
        );
        stream.write_all((head + &body).as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let text = String::from_utf8(answer).ok()?;
        serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.members.iter_mut().for_each(Member::kill);
    }
}

impl Etcd {
    /// Starts `count` members and waits until they answer; `None` where there is no etcd. `more` are further words for each.
    pub fn start(count: u16, tls: bool, more: &[&str]) -> Option<Self> {
        Command::new("etcd").arg("--version").stdout(Stdio::null()).status().ok()?;
        // What it writes it also syncs; memory is faster than the disk of a machine that does other things.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("wt-test-etcd-").tempdir_in(place).unwrap();
        let ports = PortBlock::take(3 * count);
        let port = |member: u16, which: u16| ports.first + 3 * member + which;
        let scheme = if tls { "https" } else { "http" };
        let peers: Vec<String> =
            (0..count).map(|member| format!("m{member}=http://127.0.0.1:{}", port(member, 2))).collect();
        let mut members = Vec::new();
        for number in 0..count {
            let (url, plain) = (format!("{scheme}://127.0.0.1:{}", port(number, 0)), port(number, 1));
            let (data, peer) =
                (folder.path().join(format!("m{number}")), format!("http://127.0.0.1:{}", port(number, 2)));
            let mut words = vec![format!("--name=m{number}"), format!("--data-dir={}", data.display())];
            words.push(format!("--listen-client-urls={url},http://127.0.0.1:{plain}"));
            words.push(format!("--advertise-client-urls={url}"));
            words.push(format!("--listen-peer-urls={peer}"));
            words.push(format!("--initial-advertise-peer-urls={peer}"));
            words.push(format!("--initial-cluster={}", peers.join(",")));
            // A machine that does much else is no reason for another leader.
            words.extend(["--heartbeat-interval=200".to_owned(), "--election-timeout=2000".to_owned()]);
            words.extend(more.iter().map(|word| (*word).to_owned()));
            let log = folder.path().join(format!("m{number}.log"));
            members.push(Member { arguments: words, log, child: None, url, plain });
        }
        let mut etcd = Self { _folder: folder, ports, members, token: None };
        etcd.members.iter_mut().for_each(Member::start);
        etcd.wait();
        Some(etcd)
    }

    /// Waits until every member answers.
    pub fn wait(&self) {
        for member in &self.members {
            until("etcd answers", || {
                let answer =
                    member.ask("kv/range", &json!({"key": STANDARD.encode("x")}), self.token.as_deref());
                answer.is_some_and(|answer| answer["header"].is_object() || answer["code"] == 16)
            });
        }
    }

    /// The settings of a team that claims there.
    pub fn settings(&self, more: &str) -> String {
        let urls: Vec<&str> = self.members.iter().map(|member| member.url.as_str()).collect();
        settings(&urls, more)
    }

    /// Asks the first member that answers.
    pub fn ask(&self, path: &str, body: &Value) -> Value {
        let mut asked =
            self.members.iter().filter_map(|member| member.ask(path, body, self.token.as_deref()));
        asked.next().unwrap()
    }

    /// Everything that stands below a prefix, key by key, with what etcd says of each.
    pub fn all(&self, prefix: &str) -> Vec<(String, Value)> {
        let end = format!("{prefix}~");
        let asked = json!({"key": STANDARD.encode(prefix), "range_end": STANDARD.encode(end)});
        let answer = self.ask("kv/range", &asked);
        assert!(answer["header"].is_object(), "{answer}");
        let text = |value: &Value| {
            String::from_utf8(STANDARD.decode(value.as_str().unwrap_or_default()).unwrap()).unwrap()
        };
        let pairs = answer["kvs"].as_array().cloned().unwrap_or_default().into_iter();
        pairs
            .map(|mut pair| {
                pair["value"] = serde_json::from_str(&text(&pair["value"])).unwrap_or_default();
                (text(&pair["key"]), pair)
            })
            .collect()
    }

    /// The branches that are claimed, by name; no lease is on any of them.
    #[track_caller]
    pub fn branches(&self) -> Vec<String> {
        let all = self.all("/wt/v1/shop/claims/");
        all.into_iter()
            .map(|(key, pair)| {
                assert!(pair["lease"].is_null(), "a lease would free {key}: {pair}");
                pair["value"]["branch"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// Puts pairs below the first member, as many as one transaction takes at a time.
    pub fn put(&self, pairs: &[(String, String)]) {
        for some in pairs.chunks(100) {
            let put = |(key, value): &(String, String)| json!({"request_put": {"key": STANDARD.encode(key), "value": STANDARD.encode(value)}});
            let puts: Vec<Value> = some.iter().map(put).collect();
            assert_eq!(self.ask("kv/txn", &json!({"success": puts}))["succeeded"], true);
        }
    }

    /// Has it ask who one is: `ana` may use the team's keys, `eve` nothing.
    pub fn ask_for_users(&mut self) {
        for user in ["root", "ana", "eve"] {
            self.ask("auth/user/add", &json!({"name": user, "password": PASSWORD}));
        }
        self.ask("auth/role/add", &json!({"name": "root"}));
        self.ask("auth/user/grant", &json!({"user": "root", "role": "root"}));
        self.ask("auth/role/add", &json!({"name": "shop"}));
        let (key, end) = (STANDARD.encode("/wt/v1/shop/"), STANDARD.encode("/wt/v1/shop0"));
        let permission = json!({"permType": "READWRITE", "key": key, "range_end": end});
        self.ask("auth/role/grant", &json!({"name": "shop", "perm": permission}));
        self.ask("auth/user/grant", &json!({"user": "ana", "role": "shop"}));
        self.ask("auth/enable", &json!({}));
        self.log_in();
    }

    fn log_in(&mut self) {
        self.token = None;
        let answer = self.ask("auth/authenticate", &json!({"name": "root", "password": PASSWORD}));
        self.token = answer["token"].as_str().map(str::to_owned);
        assert!(self.token.is_some(), "{answer}");
    }

    /// A port that nobody else has.
    pub fn spare_port(&self) -> u16 {
        self.ports.last()
    }
}

/// The settings of a team that claims at `urls`.
pub fn settings(urls: &[&str], more: &str) -> String {
    let urls: Vec<String> = urls.iter().map(|url| format!("\"{url}\"")).collect();
    format!(
        "[team]\nclaims = \"etcd\"\ntimeout = \"20s\"\n[team.etcd]\nteam = \"shop\"\nendpoints = [{}]\n{more}",
        urls.join(", ")
    )
}

/// Clones that claim in `etcd`.
pub fn team(etcd: &Etcd, clones: &[&str], more: &str) -> Team {
    let team = Team::new(clones);
    team.sandbox.configure(&etcd.settings(more));
    team
}

/// Certificates of the test's own.
pub struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    folder: PathBuf,
}

impl Authority {
    /// One whose own certificate is `ca.pem` in `folder`.
    pub fn new(folder: &Path) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut words = rcgen::CertificateParams::new(Vec::new()).unwrap();
        words.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let own = words.self_signed(&key).unwrap();
        std::fs::write(folder.join("ca.pem"), own.pem()).unwrap();
        Self { issuer: rcgen::Issuer::new(words, key), folder: folder.to_path_buf() }
    }

    /// Writes `NAME.pem` and `NAME-key.pem`, of somebody called `common` or without a common name.
    pub fn issue(&self, name: &str, common: Option<&str>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut words = rcgen::CertificateParams::new(names).unwrap();
        words.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(common) = common {
            words.distinguished_name.push(rcgen::DnType::CommonName, common);
        }
        let certificate = words.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.folder.join(format!("{name}-key.pem")), key.serialize_pem()).unwrap();
    }
}
