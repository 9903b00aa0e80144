//! Checks over HTTP against servers that behave, and against those that do not.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::health_states::{health, sandbox, service};
use crate::support::{Sandbox, skip};

/// The health of `web` with `check`, while `answer` (a Python expression of `c`, the connection) serves each client.
fn served(check: &str, serve: &str) -> Option<Value> {
    let sandbox = sandbox("web", &format!("[service.web]\nhealth = {check}\n"));
    let _server = start(&sandbox, serve)?;
    let begun = Instant::now();
    let run = sandbox.wt(&["--json", "health"]);
    assert!(begun.elapsed() < Duration::from_secs(8), "it took {:?}", begun.elapsed());
    Some(service(&run.json(), "web").clone())
}

fn start(sandbox: &Sandbox, serve: &str) -> Option<crate::support::holder::Holder> {
    let body: String = serve.lines().flat_map(|line| ["        ", line, "\n"]).collect();
    let script = format!(
        "s = socket.create_server(('127.0.0.1', {})); CR = b'\\r\\n'\n\
         def serve(c):\n    try:\n{body}    except OSError: pass\n    finally: c.close()\n\
         def loop():\n    while True:\n        c, _ = s.accept()\n        threading.Thread(target=serve, args=(c,), daemon=True).start()\n\
         threading.Thread(target=loop, daemon=True).start()\nhold()",
        sandbox.port(0)
    );
    sandbox.python_script(&sandbox.worktree("feature-login"), &script)
}

#[track_caller]
fn is_healthy(check: &str, serve: &str) {
    let Some(web) = served(check, serve) else { return skip("no python3") };
    assert_eq!(web["health"], "healthy", "{check}: {web}");
}

#[track_caller]
fn is_unhealthy(check: &str, serve: &str, words: &str) {
    let Some(web) = served(check, serve) else { return skip("no python3") };
    assert_eq!((&web["health"], &web["level"]), (&"unhealthy".into(), &2.into()), "{check}: {web}");
    assert!(web["reason"].as_str().unwrap().contains(words), "{check}: {web}");
}

#[test]
fn pythons_own_server_answers() {
    let sandbox = sandbox(
        "web",
        "[service.web]\nhealth = { http = \"/README.md\", status = 200, body = \"# A project\" }\n",
    );
    let script = format!(
        "import http.server as h\ns = h.ThreadingHTTPServer(('127.0.0.1', {}), h.SimpleHTTPRequestHandler)\n\
         threading.Thread(target=s.serve_forever, daemon=True).start(); hold()",
        sandbox.port(0)
    );
    let Some(_server) = sandbox.python_script(&sandbox.worktree("feature-login"), &script) else {
        return skip("no python3");
    };
    let answer = health(&sandbox, 0);
    assert_eq!(service(&answer, "web")["health"], "healthy", "{answer}");
}

#[test]
fn any_status_below_500_is_fine_and_one_above_is_named() {
    is_healthy("{ http = \"/\" }", "c.recv(9999); c.sendall(b'HTTP/1.1 404 Not Found\\r\\n\\r\\n')");
    is_unhealthy(
        "{ http = \"/\" }",
        "c.recv(9999); c.sendall(b'HTTP/1.1 503 Later\\r\\n\\r\\n')",
        "answered 503",
    );
}

#[test]
fn statuses_headers_and_the_method_are_as_configured() {
    let serve = "r = c.recv(9999)\nok = r.startswith(b'HEAD /up?x=1 HTTP/1.1') and b'X-Key: s3cret' in r\n\
                 c.sendall(b'HTTP/1.1 %d x\\r\\n\\r\\n' % (204 if ok else 200))";
    is_healthy(
        "{ http = \"/up?x=1\", method = \"HEAD\", status = [204], headers = { X-Key = \"s3cret\" } }",
        serve,
    );
    is_unhealthy("{ http = \"/\", status = [201, 204] }", serve, "answered 200 instead of 201 or 204");
}

#[test]
fn a_text_is_found_in_the_body_also_across_chunks() {
    let chunked = "c.recv(9999)\nc.sendall(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n')\n\
                   c.sendall(b'4\\r\\nall \\r\\n'); c.sendall(b'4\\r\\nwell\\r\\n0\\r\\n\\r\\n')\nc.recv(1)";
    is_healthy("{ http = \"/\", body = \"all well\" }", chunked);
    is_unhealthy("{ http = \"/\", body = \"not this\" }", chunked, "does not contain `not this`");
}

#[test]
fn headers_that_drip_forever_end_with_the_deadline() {
    is_unhealthy(
        "{ http = \"/\", timeout = \"500ms\" }",
        "c.recv(9999)\nc.sendall(b'HTTP/1.1 200 OK\\r\\n')\nwhile True: c.sendall(b'X: y\\r\\n'); time.sleep(0.05)",
        "headers did not end in time",
    );
}

#[test]
fn headers_without_an_end_are_read_up_to_64_kib() {
    is_unhealthy(
        "{ http = \"/\" }",
        "c.recv(9999)\nc.sendall(b'HTTP/1.1 200 OK\\r\\n')\nwhile True: c.sendall(b'X: ' + b'y' * 4096 + CR)",
        "do not end within 64 KiB",
    );
}

#[test]
fn a_body_of_a_gibibyte_is_not_read() {
    let huge = "c.recv(9999)\nc.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 1073741824\\r\\n\\r\\n')\n\
                for _ in range(16384): c.sendall(b'z' * 65536)";
    is_healthy("{ http = \"/\" }", huge);
    is_unhealthy("{ http = \"/\", body = \"needle\" }", huge, "64 KiB do not contain `needle`");
}

#[test]
fn a_redirect_is_an_answer_and_never_followed() {
    let redirect = "r = c.recv(9999)\nassert r.startswith(b'GET / ')\nc.sendall(b'HTTP/1.1 302 Found\\r\\nLocation: /\\r\\n\\r\\n')";
    is_healthy("{ http = \"/\" }", redirect);
    is_unhealthy("{ http = \"/\", status = 200 }", redirect, "answered 302 instead of 200");
}

#[test]
fn what_is_not_http_is_said() {
    is_unhealthy(
        "{ http = \"/\" }",
        "c.sendall(b'SSH-2.0-OpenSSH_9.2\\r\\n'); c.recv(9999)",
        "SSH-2.0-OpenSSH_9.2",
    );
    is_unhealthy("{ http = \"/\" }", "c.recv(9999); c.sendall(bytes([21, 3, 3, 0, 2, 2, 70]))", "speaks TLS");
    is_unhealthy("{ http = \"/\" }", "pass", "closed the connection without an answer");
}

#[test]
fn a_server_of_tls_on_a_plain_port_is_told_as_one() {
    let sandbox = sandbox("web", "[service.web]\nhealth = { http = \"/\", timeout = \"2s\" }\n");
    let folder = sandbox.worktree("feature-login");
    let made = sandbox
        .program("openssl", &folder)
        .args(
            "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=localhost"
                .split(' '),
        )
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return skip("no openssl to make a certificate");
    }
    let script = format!(
        "import ssl, http.server as h\ns = h.ThreadingHTTPServer(('127.0.0.1', {}), h.SimpleHTTPRequestHandler)\n\
         t = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); t.load_cert_chain('c.pem', 'k.pem')\n\
         s.socket = t.wrap_socket(s.socket, server_side=True)\n\
         threading.Thread(target=s.serve_forever, daemon=True).start(); hold()",
        sandbox.port(0)
    );
    let Some(_server) = sandbox.python_script(&folder, &script) else { return skip("no python3") };
    let answer = health(&sandbox, 1);
    assert!(service(&answer, "web")["reason"].as_str().unwrap().contains("TLS"), "{answer}");
}

#[test]
fn a_silent_server_that_accepts_is_told_from_one_that_does_not() {
    is_unhealthy("{ http = \"/\", timeout = \"300ms\" }", "time.sleep(60)", "did not answer within 300ms");
}

#[test]
fn many_slow_services_are_asked_at_once() {
    let sandbox = Sandbox::with_ports(40);
    sandbox.make_repository("proj");
    sandbox.wt(&["create", "login", "--ports=40"]).ok();
    let checks: Vec<String> =
        (2..=40).map(|n| format!("[service.port-{n}]\nhealth = {{ http = \"/\" }}\n")).collect();
    sandbox.configure(&checks.concat());
    let script = format!(
        "def one(s):\n    while True:\n        c, _ = s.accept(); c.recv(9999); time.sleep(0.2)\n\
         \x20       c.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n'); c.close()\n\
         for port in range({}, {} + 40):\n\
         \x20   threading.Thread(target=one, args=(socket.create_server(('127.0.0.1', port)),), daemon=True).start()\nhold()",
        sandbox.port(0),
        sandbox.port(0),
    );
    let Some(_server) = sandbox.python_script(&sandbox.worktree("feature-login"), &script) else {
        return skip("no python3");
    };
    let begun = Instant::now();
    let answer = health(&sandbox, 0);
    assert_eq!(answer["summary"]["healthy"], 40, "{answer}");
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "one after the other takes eight seconds: {:?}",
        begun.elapsed()
    );
}
