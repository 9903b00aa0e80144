//! Being told: once for each change, by whoever saw it, whatever the receiver does, and nothing that is a secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::receiver::{Answer, Receiver};
use crate::support::services::{is_running, signal};
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

/// Ends whoever sends, so that nothing outlives a test.
struct Sender<'a>(&'a Sandbox);

impl Sender<'_> {
    fn pid(&self) -> Option<u32> {
        let note: Value =
            serde_json::from_slice(&fs::read(self.0.state().join("notifier.json")).ok()?).ok()?;
        u32::try_from(note["pid"].as_u64()?).ok().filter(|pid| is_running(*pid))
    }

    fn end(&self, how: Signal) {
        if let Some(pid) = self.pid() {
            signal(pid, how);
            until("the end of whoever sends", || !is_running(pid));
        }
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            signal(pid, Signal::KILL);
        }
    }
}

fn file(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.state().join("notify.jsonl")
}

/// The lines of `notify.jsonl` of one kind.
fn rows(sandbox: &Sandbox, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(file(sandbox)).unwrap_or_default();
    let rows = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    rows.filter_map(|row| row.get(kind).cloned()).collect()
}

fn told(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    sandbox.events().into_iter().filter(|event| event["event"] == name).collect()
}

/// A setup of the user's own that fails.
const FAILING: &str = "[worktree]\nsetup = [\"sh -c 'echo SECRET-of-output; exit 3' SECRET-argument\"]\n";

#[test]
fn a_service_is_told_of_once_while_it_lasts_and_what_flaps_is_folded() {
    let sandbox = Sandbox::new();
    let sender = Sender(&sandbox);
    let receiver = Receiver::start(&[]);
    let said = sandbox.path("said");
    sandbox.configure(&format!(
        "[notify]\nwebhook = \"{}\"\ncommand = \"sh -c 'echo \\\"$1\\\" >> {}' sh {{{{ title }}}}\"\n",
        receiver.address(),
        said.display()
    ));
    let check = "sh -c 'echo SECRET-of-check >&2; test -f ok' SECRET-argument";
    let fleet = sandbox.fleet(
        "one",
        &format!(
            "[env.set]\nSECRET_URL = \"http://localhost/SECRET-of-env\"\n[service.web]\nrun = \"sleep 1000\"\nlistens = false\n\
             health = {{ command = \"{check}\", interval = \"20ms\", failures = 1 }}\n"
        ),
    );
    let ok = fleet.folder.join("ok");
    fs::write(&ok, "").unwrap();
    fleet.wt(&["up"]).ok();
    fs::remove_file(&ok).unwrap();
    let first = receiver.after(1);
    fleet.wt(&["health"]);
    fs::write(&ok, "").unwrap();
    let both = receiver.after(2);
    let words = |post: &Value| (post["notice"].clone(), post["service"].clone(), post["worktree"].clone());
    assert_eq!(words(&first[0]), (json!("unhealthy"), json!("web"), json!("feature-one")));
    assert_eq!(words(&both[1]), (json!("recovered"), json!("web"), json!("feature-one")));
    assert_eq!(
        (&first[0]["event"], &first[0]["title"]),
        (&json!("unhealthy"), &json!("web of feature-one is unhealthy"))
    );
    assert!(
        receiver.heads()[0].starts_with("POST /hook/SECRET-in-address HTTP/1.1\r\n"),
        "{:?}",
        receiver.heads()
    );
    until("the command", || fs::read_to_string(&said).is_ok_and(|text| text.lines().count() == 2));
    assert_eq!(
        fs::read_to_string(&said).unwrap(),
        "web of feature-one is unhealthy\nweb of feature-one recovered\n"
    );
    until("the record of both", || told(&sandbox, "notified").len() == 4);
    let events = told(&sandbox, "notified");
    let webhook = events.iter().find(|event| event["via"] == "webhook").unwrap();
    assert_eq!(
        (&webhook["kind"], &webhook["to"]),
        (&json!("notify"), &json!(format!("http://127.0.0.1:{}", receiver.port)))
    );
    for text in [format!("{both:?}"), format!("{events:?}"), fs::read_to_string(&said).unwrap()] {
        assert!(!text.contains("SECRET"), "{text}");
    }

    // Again and again: one, once it is calm.
    fs::remove_file(&ok).unwrap();
    let folded = || rows(&sandbox, "due").iter().find_map(|due| due["notice"]["changes"].as_u64());
    until("what is folded", || folded() == Some(3));
    fs::write(&ok, "").unwrap();
    until("what is folded", || folded() == Some(4));
    assert_eq!(rows(&sandbox, "due").len(), 1);
    receiver.after(2);
    fleet.wt(&["down"]).ok();
    sender.end(Signal::TERM);
}

#[test]
fn a_receiver_that_hangs_delays_nobody_and_whoever_runs_next_goes_on() {
    let sandbox = Sandbox::new();
    let sender = Sender(&sandbox);
    let receiver = Receiver::start(&[Answer::Hang]);
    sandbox.configure(&format!("{FAILING}[notify]\nwebhook = \"{}\"\n", receiver.address()));
    sandbox.wt(&["create", "one"]).exits(1);
    receiver.after(1);
    // It still waits there, and holds nothing that others need.
    sandbox.wt(&["create", "two"]).exits(1);
    assert_eq!(receiver.posts().len(), 1, "one at a time");
    assert_eq!(rows(&sandbox, "due").len() + rows(&sandbox, "heard").len(), 2);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file(&sandbox)).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    sender.end(Signal::KILL);
    sandbox.wt(&["list"]).ok();
    let posts = receiver.after(3);
    let mut names: Vec<&str> = posts[1..].iter().map(|post| post["worktree"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["feature-one", "feature-two"]);
    assert_eq!((&posts[1]["notice"], &posts[1]["command"]), (&json!("setup_failed"), &json!("sh")));
    assert!(!format!("{posts:?}").contains("SECRET"), "{posts:?}");
    until("the end of whoever sends", || sender.pid().is_none());
    assert!(rows(&sandbox, "due").is_empty());
    // The same failure once more is no news.
    sandbox.wt(&["setup", "feature-one"]).exits(1);
    sandbox.wt(&["list"]).ok();
    until("the end of whoever sends", || sender.pid().is_none() && rows(&sandbox, "heard").is_empty());
    receiver.after(3);
}

#[test]
fn what_is_refused_is_tried_again_and_no_redirect_is_followed() {
    let sandbox = Sandbox::new();
    let _sender = Sender(&sandbox);
    let elsewhere = Receiver::start(&[]);
    let receiver = Receiver::start(&[Answer::Redirect(elsewhere.address())]);
    sandbox
        .configure(&format!("{FAILING}[notify]\nwebhook = \"{}\"\nformat = \"slack\"\n", receiver.address()));
    sandbox.wt(&["create", "one"]).exits(1);
    let posts = receiver.after(2);
    assert_eq!(posts[0], posts[1]);
    assert!(posts[0]["text"].as_str().unwrap().starts_with("*the setup of feature-one failed"), "{posts:?}");
    assert!(elsewhere.posts().is_empty());
    until("the record", || told(&sandbox, "notified").len() == 1);
}

#[test]
fn what_nobody_takes_is_given_up_which_an_event_and_the_other_way_tell() {
    let sandbox = Sandbox::new();
    let sender = Sender(&sandbox);
    let receiver = Receiver::start(&[Answer::Hang, Answer::Status(500)]);
    let said = sandbox.path("said");
    let notify = format!(
        "{FAILING}[notify]\non = [\"setup_failed\", \"given_up\"]\nwebhook = \"{}\"\n",
        receiver.address()
    );
    sandbox.configure(&notify);
    sandbox.wt(&["create", "one"]).exits(1);
    receiver.after(1);
    sender.end(Signal::KILL);
    // As it is an hour later.
    let text = fs::read_to_string(file(&sandbox)).unwrap();
    let later = text.replace("\"tries\":0,\"first\":null", "\"tries\":12,\"first\":\"2026-01-01T00:00:00Z\"");
    assert_ne!(text, later, "{text}");
    fs::write(file(&sandbox), later).unwrap();
    sandbox.configure(&format!(
        "{notify}command = \"sh -c 'echo \\\"$1\\\" >> {}' sh {{{{ title }}}}\"\n",
        said.display()
    ));
    sandbox.wt(&["list"]).ok();
    until("the command", || fs::read_to_string(&said).is_ok_and(|text| text.ends_with('\n')));
    assert_eq!(fs::read_to_string(&said).unwrap(), "a notice was not taken, and is given up\n");
    let events = told(&sandbox, "notify_given_up");
    assert_eq!(
        (events.len(), &events[0]["reason"], &events[0]["notice"]),
        (1, &json!("answered 500"), &json!("setup_failed"))
    );
    assert!(!format!("{events:?}").contains("SECRET"));
    receiver.after(2);
}

#[test]
fn quiet_hours_hold_what_comes_and_their_end_tells_it_as_one() {
    let sandbox = Sandbox::new();
    let receiver = Receiver::start(&[]);
    let hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    let quiet = format!("{:02}:00-{:02}:59", (hour + 23) % 24, (hour + 2) % 24);
    let notify = format!("{FAILING}[notify]\nwebhook = \"{}\"\n", receiver.address());
    sandbox.configure(&format!("{notify}quiet = \"{quiet}\"\n"));
    let sender = Sender(&sandbox);
    sandbox.wt(&["create", "one"]).exits(1);
    sandbox.wt(&["create", "two"]).exits(1);
    let is_held = || {
        let due = rows(&sandbox, "due");
        due.len() == 2 && due.iter().all(|due| due["is_held"] == true)
    };
    until("what is held", is_held);
    assert!(receiver.posts().is_empty());
    sender.end(Signal::TERM);
    // Their end.
    let until_then = rows(&sandbox, "due")[0]["at"].as_str().unwrap().to_owned();
    let text = fs::read_to_string(file(&sandbox)).unwrap().replace(&until_then, "2026-01-01T00:00:00Z");
    fs::write(file(&sandbox), text).unwrap();
    sandbox.configure(&notify);
    sandbox.wt(&["list"]).ok();
    let post = receiver.after(1).remove(0);
    assert_eq!(
        (&post["notice"], post["notices"].as_array().unwrap().len()),
        (&json!("several"), 2),
        "{post}"
    );
    until("the record", || told(&sandbox, "notified").len() == 2);
}

#[test]
fn a_test_says_who_took_it_and_no_address_is_shown_anywhere() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["notify", "test"], "not_found");
    let receiver = Receiver::start(&[
        Answer::Status(200),
        Answer::Status(500),
        Answer::Redirect("http://x/".to_owned()),
    ]);
    let host = format!("http://127.0.0.1:{}", receiver.port);
    let told = sandbox.path("told");
    let hook = sandbox.path("home/hook");
    fs::write(&hook, format!("{}\n", receiver.address())).unwrap();
    sandbox.configure(&format!(
        "[notify]\non = []\nquiet = \"00:00-23:59\"\nwebhook = {{ file = \"~/hook\" }}\ncommand = \"sh -c 'echo \\\"$1\\\" > {}' sh {{{{ text }}}}\"\n",
        told.display()
    ));
    let report = sandbox.json(&["notify", "test"]);
    let sent = &report["sent"];
    assert_eq!(
        (&sent[0]["via"], &sent[0]["to"], &sent[0]["status"], &sent[0]["ok"]),
        (&json!("webhook"), &json!(host), &json!(200), &json!(true))
    );
    assert_eq!(
        (&sent[1]["via"], &sent[1]["to"], &sent[1]["ok"]),
        (&json!("command"), &json!("sh"), &json!(true))
    );
    assert_eq!(fs::read_to_string(&told).unwrap(), "a test of wt's notices (proj)\n");
    assert_eq!(receiver.posts()[0]["notice"], "test");

    sandbox.configure(&format!("[notify]\nwebhook = \"{}\"\n", receiver.address()));
    let run = sandbox.wt(&["notify", "test"]).exits(1);
    assert!(run.stdout.contains(&host) && run.stdout.contains("answered 500"), "{}", run.stdout);
    let run = sandbox.wt(&["notify", "test", "--json"]).exits(1);
    assert_eq!(run.json()["sent"][0]["reason"], "answered 302; no redirect is followed");
    for arguments in
        [&["config", "show"][..], &["config", "show", "--json"], &["config", "show", "notify.webhook"]]
    {
        let shown = sandbox.wt(arguments).ok().stdout;
        assert!(shown.contains(&host) && !shown.contains("SECRET"), "{shown}");
    }
    fs::remove_file(&hook).unwrap();
    sandbox.configure("[notify]\nwebhook = { file = \"~/hook\" }\n");
    let run = sandbox.wt(&["notify", "test", "--json"]).exits(1);
    assert!(
        run.json()["sent"][0]["reason"].as_str().unwrap().contains("hook cannot be read"),
        "{}",
        run.stdout
    );
    sandbox.configure("[notify]\nwebhook = \"https://u:SECRET@h/\"\n");
    assert!(!sandbox.refused(&["create", "x"], "config_invalid").to_string().contains("SECRET"));
}

#[test]
fn a_repositorys_webhook_and_command_count_once_they_are_trusted() {
    let sandbox = Sandbox::new();
    let receiver = Receiver::start(&[]);
    let told = sandbox.path("told");
    let text =
        format!("[notify]\nwebhook = \"{}\"\ncommand = \"touch {}\"\n", receiver.address(), told.display());
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
    sandbox.refused(&["notify", "test"], "untrusted");
    let shown = sandbox.wt(&["config", "show"]).ok();
    assert!(!format!("{}{}", shown.stdout, shown.stderr).contains("SECRET"), "{}", shown.stderr);
    let shown = sandbox.wt(&["trust", "--status"]).exits(1);
    assert!(
        shown.stdout.contains("notify.webhook") && shown.stdout.contains("http://127.0.0.1:"),
        "{}",
        shown.stdout
    );
    assert!(receiver.posts().is_empty() && !told.exists());
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt(&["notify", "test"]).ok();
    assert_eq!((receiver.posts().len(), told.exists()), (1, true));
    let trust = fs::read_to_string(sandbox.state().join("trust.json")).unwrap();
    assert!(!trust.contains("SECRET"), "{trust}");
    // Another address of the same host is another one.
    let other = format!("[notify]\nwebhook = \"{}-2\"\n", receiver.address());
    fs::write(sandbox.repo().join(".wt.toml"), other).unwrap();
    sandbox.refused(&["notify", "test"], "not_found");
}

#[test]
fn a_repositorys_command_that_nobody_agreed_to_does_not_silence_the_users_own() {
    let sandbox = Sandbox::new();
    let _sender = Sender(&sandbox);
    let (own, other) = (sandbox.path("own"), sandbox.path("other"));
    sandbox.configure(&format!("{FAILING}[notify]\ncommand = \"touch {}\"\n", own.display()));
    let text = format!("[notify]\ncommand = \"touch {}\"\non = []\n", other.display());
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
    sandbox.wt(&["create", "one"]).exits(1);
    until("the user's own", || own.exists());
    assert!(!other.exists());
}

#[test]
fn the_monitor_tells_of_a_conflict_once_and_again_when_it_comes_back() {
    let sandbox = Sandbox::new();
    let sender = Sender(&sandbox);
    let receiver = Receiver::start(&[]);
    sandbox
        .configure(&format!("[notify]\nwebhook = \"{}\"\nformat = \"alertmanager\"\n", receiver.address()));
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let hold = || sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &[sandbox.port(0)]);
    let Some(stranger) = hold() else { return skip("python3") };
    for _ in 0..2 {
        sandbox.wt(&["monitor", "--once"]).exits(1);
        until("the end of whoever sends", || sender.pid().is_none() && rows(&sandbox, "heard").is_empty());
    }
    let post = receiver.after(1).remove(0);
    assert_eq!(
        (&post[0]["labels"]["alertname"], &post[0]["labels"]["worktree"]),
        (&json!("wt_port"), &json!("feature-one"))
    );
    drop(stranger);
    let _other = hold();
    sandbox.wt(&["monitor", "--once"]).exits(1);
    receiver.after(2);
}

#[test]
fn a_webhook_is_reached_over_tls_as_the_machine_trusts() {
    let mut sandbox = Sandbox::without_repository();
    let folder = sandbox.path("home");
    let script = "set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=a test' -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=localhost' -keyout key.pem -out ask.pem
echo subjectAltName=IP:127.0.0.1 > names
openssl x509 -req -in ask.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem";
    let made = Command::new("sh").args(["-c", script]).current_dir(&folder).output();
    if !made.is_ok_and(|made| made.status.success()) {
        return skip("openssl");
    }
    let script = "import http.server, ssl\nclass H(http.server.BaseHTTPRequestHandler):\n def do_POST(self):\n  \
                  self.rfile.read(int(self.headers['Content-Length'])); self.send_response(204); self.end_headers()\n\
                  server = http.server.HTTPServer(('127.0.0.1', port), H)\n\
                  context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\ncontext.load_cert_chain('cert.pem', 'key.pem')\n\
                  server.socket = context.wrap_socket(server.socket, server_side=True)\nready()\nserver.serve_forever()\n";
    let port = sandbox.port(0);
    sandbox.configure(&format!("[notify]\nwebhook = \"https://127.0.0.1:{port}/SECRET\"\n"));
    let test = |sandbox: &Sandbox| sandbox.wt_in(Path::new(&folder), &["notify", "test", "--json"]);
    let Some(_server) = sandbox.python(&folder, port, script) else { return skip("python3") };
    let stranger = test(&sandbox).exits(1).json();
    assert!(stranger["sent"][0]["reason"].as_str().unwrap().starts_with("cannot be reached"), "{stranger}");
    sandbox.set("SSL_CERT_FILE", folder.join("ca.pem"));
    let known = test(&sandbox).ok().json();
    assert_eq!(
        (&known["sent"][0]["status"], &known["sent"][0]["to"]),
        (&json!(204), &json!(format!("https://127.0.0.1:{port}")))
    );
}
