//! Never the wrong server: a command, a URL and a wait are for this worktree's own server, or refused with whoever is there.

use std::os::unix::fs::symlink;

use crate::support::docker::Docker;
use crate::support::{Sandbox, skip, wait};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for id in ["one", "two"] {
        sandbox.wt(&["create", id, "--ports=web,api"]).ok();
    }
    sandbox
}

#[test]
fn a_sibling_on_a_port_of_the_worktree_stops_a_command_and_is_named() {
    let sandbox = sandbox();
    let (one, two) = (sandbox.worktree("feature-one"), sandbox.worktree("feature-two"));
    // Its configuration names a fixed port, say.
    let Some(server) = sandbox.python_server(&two, "::1", &[sandbox.port(1)]) else {
        return skip::skip("no python3");
    };
    let error = sandbox.refused_in(&one, &["run", "touch", "never"], "port_conflict");
    let message = error["message"].as_str().unwrap();
    for word in ["python3", &server.pid().to_string(), "feature-two", "`api`"] {
        assert!(message.contains(word), "{error}");
    }
    assert_eq!(error["details"]["ports"], serde_json::json!([sandbox.port(1)]));
    let last = sandbox.events().pop().unwrap();
    assert_eq!((&last["event"], &last["service"]), (&"port_conflict".into(), &"api".into()), "{last}");
    // A stranger beside the own server may be the one that answers.
    let _own = sandbox.python_server(&one, "127.0.0.1", &[sandbox.port(1)]).unwrap();
    sandbox.refused_in(&one, &["run", "--service", "api", "touch", "never"], "port_conflict");
    sandbox.wt_in(&one, &["run", "--service", "web", "true"]).ok();
    drop(server);
    sandbox.wt_in(&one, &["run", "touch", "made"]).ok();
    assert!(one.join("made").exists() && !one.join("never").exists());
}

#[test]
fn a_container_of_the_own_compose_project_is_the_worktrees_own_server() {
    let mut sandbox = Sandbox::new();
    let docker = Docker::install(&mut sandbox);
    sandbox.wt(&["create", "one", "--ports=web,db"]).ok();
    let worktree = sandbox.worktree("feature-one");
    let proxy = sandbox.path("docker-proxy");
    let Some(python) = python(&sandbox) else { return skip::skip("no python3") };
    symlink(python, &proxy).unwrap();
    let script = "import socket,sys\ns=socket.socket(); s.bind(('127.0.0.1',int(sys.argv[1]))); s.listen(5)\n\
                  print('ready',flush=True)\nwhile True: s.accept()[0].close()";
    let mut command = sandbox.program(proxy.to_str().unwrap(), &sandbox.path(""));
    command.args(["-c", script, &sandbox.port(1).to_string()]);
    let mut child =
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    sandbox.wt_in(&worktree, &["--json", "run", "true"]).exits(1).error("port_conflict");
    docker.publish("proj-feature-two", sandbox.port(1));
    sandbox.wt_in(&worktree, &["--json", "run", "true"]).exits(1).error("port_conflict");
    docker.publish("proj-feature-one", sandbox.port(1));
    let answer = sandbox.json_in(&worktree, &["run", "--service", "db", "true"]);
    assert_eq!((&answer["held"], &answer["port"]), (&false.into(), &sandbox.port(1).into()), "{answer}");
    sandbox.wt_in(&worktree, &["run", "true"]).ok();
    sandbox.wt_in(&worktree, &["wait", "db", "--timeout", "10s"]).ok();
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The interpreter itself, not what some manager of versions puts in its place.
fn python(sandbox: &Sandbox) -> Option<String> {
    let mut command = sandbox.program("python3", &sandbox.path(""));
    let said = command.args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    Some(String::from_utf8(said.stdout).ok()?.trim().to_owned())
}

#[test]
fn a_url_is_printed_and_checked_only_where_the_own_server_answers() {
    let sandbox = sandbox();
    let (one, two) = (sandbox.worktree("feature-one"), sandbox.worktree("feature-two"));
    let (web, api) = (sandbox.port(0), sandbox.port(1));
    assert_eq!(sandbox.wt_in(&one, &["url"]).ok().stdout, format!("http://localhost:{web}\n"));
    assert_eq!(
        sandbox.json(&["url", "api", "-w", "one"]),
        serde_json::json!({"schema": 1, "command": "url", "url": format!("http://localhost:{api}"), "service": "api", "port": api})
    );
    let error = sandbox.refused_in(&one, &["url", "db"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("wt ports allocate --service db"), "{error}");
    let run = sandbox.wt_in(&one, &["url", "--check"]).exits(1);
    assert_eq!(run.stdout, "", "nobody answers, so nothing is printed");
    sandbox.wt_in(&one, &["--json", "url", "--check"]).exits(1).error("service_failed");
    let Some(stranger) = sandbox.python_server(&two, "127.0.0.1", &[web]) else {
        return skip::skip("no python3");
    };
    let run = sandbox.wt_in(&one, &["--json", "url", "--check"]).exits(1);
    let error = run.error("port_conflict");
    assert!(error["message"].as_str().unwrap().contains("feature-two"), "{error}");
    drop(stranger);
    let _own = sandbox.python_script(&one, &http(web, 0)).unwrap();
    assert_eq!(sandbox.json(&["url", "-w", "feature-one", "--check"])["answers"], true);
}

#[test]
fn without_a_name_the_service_is_meant_whose_port_is_port() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.repo().join(".wt.toml"), "[service.db]\nhealth = { postgres = {} }\n").unwrap();
    sandbox.wt(&["create", "one", "--ports=db,api"]).ok();
    let folder = sandbox.worktree("feature-one");
    let env = std::fs::read_to_string(folder.join(".env")).unwrap();
    let port = env.lines().find_map(|line| line.strip_prefix("PORT=")).unwrap().to_owned();
    assert_eq!(sandbox.json_in(&folder, &["url"])["port"].to_string(), port);
    assert_eq!(sandbox.json_in(&folder, &["run", "true"])["port"].to_string(), port);
    assert_eq!(sandbox.json_in(&folder, &["url"])["service"], "api");
}

/// A server that answers every request, after that many refusals with 500.
fn http(port: u16, refusals: u16) -> String {
    format!(
        "import http.server\nleft = [{refusals}]\nclass H(http.server.BaseHTTPRequestHandler):\n\
         \x20   def do_GET(self):\n        left[0] -= 1\n        self.send_response(500 if left[0] >= 0 else 200)\n\
         \x20       self.send_header('Content-Length', '0')\n        self.end_headers()\n\
         \x20   def log_message(self, *rest): pass\n\
         s = http.server.HTTPServer(('127.0.0.1', {port}), H)\n\
         threading.Thread(target=s.serve_forever, daemon=True).start()\nhold()"
    )
}

#[test]
fn a_wait_ends_when_all_are_healthy_and_tells_who_is_not() {
    let sandbox = sandbox();
    let (one, two) = (sandbox.worktree("feature-one"), sandbox.worktree("feature-two"));
    let (web, api) = (sandbox.port(0), sandbox.port(1));
    let run = sandbox.wt_in(&one, &["--json", "wait", "--timeout", "150ms"]).exits(1);
    let error = run.error("service_failed");
    let services = error["details"]["services"].as_array().unwrap();
    assert_eq!(services.len(), 2, "{error}");
    assert!(services.iter().all(|service| service["health"] == "not_running"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("within 150ms"), "{error}");
    sandbox.refused_in(&one, &["wait", "db"], "not_found");
    sandbox.wt(&["create", "bare"]).ok();
    sandbox.refused(&["wait", "-w", "bare"], "not_found");
    let mut waiting = sandbox.command(&one, &["wait", "web", "--timeout", "25s"]);
    let mut waiting = waiting.stderr(std::process::Stdio::null()).spawn().unwrap();
    let own = sandbox.python_script(&one, &http(web, 2));
    let ended = wait::end_of(&mut waiting);
    let Some(own) = own else { return skip::skip("no python3") };
    assert!(ended.success(), "it becomes healthy after two refusals");
    let answer = sandbox.json(&["wait", "web", "--worktree", "one"]);
    assert_eq!((&answer["worktree"], &answer["services"][0]["level"]), (&"feature-one".into(), &3.into()));
    let _sibling = sandbox.python_server(&two, "127.0.0.1", &[api]).unwrap();
    let run = sandbox.wt_in(&one, &["--json", "wait", "--timeout", "1m"]).exits(1);
    assert_eq!(run.error("port_conflict")["details"]["service"], "api");
    drop(own);
}
