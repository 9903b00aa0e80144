//! A real Prometheus with the configuration that the documentation shows: it scrapes, finds services, and an alert fires.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::holder::Holder;
use crate::support::http::read;
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const NEEDS: &str = "prometheus and promtool (Debian's package prometheus), and python3";

const SERVER: &str =
    "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\nmetrics = \"/metrics\"\n";

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics").join(name)
}

/// Asserts that promtool has nothing to say against a file.
fn assert_fine(sandbox: &Sandbox, what: &str, file: &Path) {
    let output =
        sandbox.program("promtool", &sandbox.path(".")).args(["check", what]).arg(file).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("FAILED"), "{said}");
}

fn ask(port: u16, path: &str) -> Value {
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return Value::Null };
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    serde_json::from_str(&read(stream).body).unwrap_or_default()
}

#[test]
fn the_rules_and_the_board_name_families_that_there_are() {
    // An empty machine has no rows of services: the page names every family.
    let families = fs::read_to_string(docs("../metrics.md")).unwrap();
    let board: Value = serde_json::from_str(&fs::read_to_string(docs("grafana.json")).unwrap()).unwrap();
    let rules = fs::read_to_string(docs("alerts.yml")).unwrap();
    let text = board.to_string() + &rules;
    let mut names: Vec<&str> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("wt_"))
        .collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        assert!(families.contains(&format!("`{name}`")), "{name}");
    }
    assert!(board["panels"].as_array().unwrap().len() > 5);
}

#[test]
#[ignore = "heavy: runs Prometheus"]
fn prometheus_scrapes_finds_services_and_fires_an_alert_for_a_stopped_one() {
    let sandbox = Sandbox::new();
    let has = |program: &str| sandbox.program(program, &sandbox.path(".")).arg("--version").output().is_ok();
    if !(has("prometheus") && has("promtool") && has("python3")) {
        return skip(NEEDS);
    }
    let fleet = sandbox.fleet("login", SERVER);
    fs::write(fleet.folder.join("metrics"), "# TYPE demo_total counter\ndemo_total 42\n").unwrap();
    fleet.wt(&["up"]).ok();
    let server = sandbox.serve(&[]);
    assert_fine(&sandbox, "rules", &docs("alerts.yml"));
    let folder = sandbox.path("prometheus");
    fs::create_dir_all(&folder).unwrap();
    // As the documentation has it, but for the places and the times.
    let token = sandbox.state().join("serve.token");
    let config = fs::read_to_string(docs("prometheus.yml")).unwrap();
    assert!(config.contains("/home/me/.local/state/wt/serve.token") && config.contains("127.0.0.1:7373"));
    let config = config
        .replace("/home/me/.local/state/wt/serve.token", token.to_str().unwrap())
        .replace("127.0.0.1:7373", &format!("127.0.0.1:{}", server.port))
        .replace("15s", "300ms");
    let rules = fs::read_to_string(docs("alerts.yml")).unwrap().replace("for: 5m", "for: 0s");
    fs::write(folder.join("alerts.yml"), rules).unwrap();
    fs::write(folder.join("prometheus.yml"), config).unwrap();
    assert_fine(&sandbox, "config", &folder.join("prometheus.yml"));
    let port = sandbox.port(sandbox.feature_count() - 2);
    let child = sandbox
        .program("prometheus", &folder)
        .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _prometheus = Holder { child };
    let value = |query: &str| {
        let answer = ask(port, &format!("/api/v1/query?query={query}"));
        answer["data"]["result"][0]["value"][1].as_str().map(str::to_owned)
    };
    until("a scrape", || value("wt_service_up%7Bworktree=%22feature-login%22%7D").as_deref() == Some("1"));
    until("the service that discovery found", || {
        value("demo_total%7Brepository=%22proj%22,worktree=%22feature-login%22,service=%22web%22%7D")
            .as_deref()
            == Some("42")
    });
    let fires = || {
        let alerts = ask(port, "/api/v1/alerts");
        let alerts = alerts["data"]["alerts"].as_array().cloned().unwrap_or_default();
        alerts.iter().any(|alert| {
            alert["state"] == "firing"
                && alert["labels"]["alertname"] == "WtServiceDown"
                && alert["labels"]["worktree"] == "feature-login"
        })
    };
    assert!(!fires(), "nothing is down yet");
    fleet.wt(&["down"]).ok();
    until("the alert", fires);
}
