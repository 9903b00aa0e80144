//! `wt serve`: the same answers as the commands', for its user alone, and nothing changes because somebody looks.

use std::fs;
use std::io::{Read, Write};

use crate::support::Sandbox;
use crate::support::git::write;
use crate::support::holder::{Hold, hold};
use crate::support::http::{Detached, await_change, read};
use crate::support::ports::PortBlock;
use crate::support::services::kill;
use crate::support::wait::until;

#[test]
fn each_body_is_the_answer_of_its_command_and_looking_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "search", "--ports"]).ok();
    sandbox.wt(&["list"]).ok();
    let server = sandbox.serve(&[]);
    let main = sandbox.path(".");
    let reports = [
        ("/api/worktrees", vec!["list", "--all", "--status"]),
        ("/api/conflicts", vec!["ports", "conflicts"]),
        ("/api/events", vec!["events", "--all"]),
        ("/api/findings", vec!["validate", "--all", "--verify-ports"]),
    ];
    let before = sandbox.state_files();
    for (path, _) in &reports {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(server.get("/api/worktrees/proj/feature-login").status, 200);
    assert_eq!(sandbox.state_files(), before, "looking changes nothing");
    for (path, command) in reports {
        let reply = server.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        let mut words = command.clone();
        words.push("--json");
        let run = sandbox.wt_in(&main, &words);
        assert_eq!(without_times(&reply.body), without_times(&run.stdout), "{path}");
    }
    let listed = server.get("/api/worktrees").json();
    let worktree = &listed["worktrees"][1];
    assert_eq!(
        (worktree["name"].as_str(), worktree["repository_name"].as_str()),
        (Some("feature-login"), Some("proj"))
    );
    let one = server.get("/api/worktrees/proj/feature-login");
    assert_eq!(one.body, sandbox.wt(&["status", "-w", "feature-login", "--json"]).stdout);
    assert_eq!(server.get("/api/worktrees/proj/feature-login/logs").json()["command"], "logs");
}

/// What is measured anew for each answer goes.
fn without_times(text: &str) -> serde_json::Value {
    fn clear(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                fields.remove("checked_at");
                // How many sockets there are on the machine changes all the time.
                fields.remove("listeners");
                fields.values_mut().for_each(clear);
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(clear),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    clear(&mut value);
    value
}

#[test]
fn markup_and_escape_codes_of_others_are_text_in_every_body() {
    let sandbox = Sandbox::new();
    let branch = "x<img/src=x/onerror=alert(1)>";
    sandbox.git(&sandbox.repo(), &["branch", branch]);
    let (odd, script) = ("<script>alert(1)</script>", sandbox.path("loud.sh"));
    write(&sandbox.path(""), "loud.sh", &format!("printf '\\033]0;owned\\007{odd}\\n'\nexec sleep 1000\n"));
    let config = format!("[service.web]\nrun = \"sh {}\"\nlistens = false\n", script.display());
    let fleet = sandbox.fleet("one", &config);
    sandbox.wt(&["create", "odd", "--branch", branch, "--lock=<b>\u{1b}[31mmine"]).ok();
    fleet.wt(&["up"]).ok();
    let server = sandbox.serve(&[]);
    let logs = "/api/worktrees/proj/feature-one/logs?service=web";
    until("the line in the log", || server.get(logs).body.contains("owned"));
    for (path, says) in [("/api/worktrees", branch), (logs, odd)] {
        let reply = server.get(path);
        assert!(reply.body.contains(says), "{path}: {}", reply.body);
        assert!(reply.head.contains("application/json") && reply.head.contains("nosniff"), "{}", reply.head);
        assert!(!reply.body.contains(['\u{1b}', '\u{7}']), "{path}: {:?}", reply.body);
    }
}

#[test]
fn what_is_wrong_with_a_request_is_said_in_the_shape_of_every_failure() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&[]);
    let port = sandbox.port(0);
    for (path, status, code) in [
        ("/nowhere", 404, "not_found"),
        ("/api/worktrees/nowhere/feature-login", 404, "not_found"),
        ("/api/worktrees/proj/nowhere", 404, "not_found"),
        ("/api/worktrees/proj/feature-login/logs?service=nothing", 404, "not_found"),
        ("/api/worktrees/proj/feature-login/logs?service=%00;", 400, "usage"),
        ("/api/worktrees/proj/feature-login/logs?tail=-1", 400, "usage"),
        ("/api/health/ports/0", 400, "usage"),
        ("/api/health/ports/70000", 400, "usage"),
        ("/api/health/ports/web", 400, "usage"),
        ("/api/health/ports/1", 404, "not_found"),
    ] {
        let reply = server.get(path);
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path}: {}", reply.body);
        assert!(reply.json()["command"].is_string() && reply.json()["schema"] == 1);
    }
    let posted =
        server.ask_with("POST", "/api/worktrees", &format!("Authorization: Bearer {}\r\n", server.token));
    assert_eq!((posted.status, posted.code().as_str()), (405, "usage"));
    let one = server.get(&format!("/api/health/ports/{port}"));
    assert_eq!((one.status, one.json()["verdict"].as_str()), (200, Some("allocated")), "{}", one.body);
    assert_eq!(one.json()["worktree"], "feature-login");
}

#[test]
fn nobody_gets_in_by_another_name_from_another_page_or_without_the_token() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&[]);
    let (port, bearer) = (server.port, format!("Authorization: Bearer {}\r\n", server.token));
    let ask = |headers: &str| server.ask_with("GET", "/api/worktrees", headers).status;
    assert_eq!(ask(""), 401);
    assert_eq!(ask("Authorization: Bearer 00000000000000000000000000000000\r\n"), 401);
    assert_eq!(ask(&format!("Cookie: token={}\r\n", server.token)), 401);
    assert_eq!(server.ask_with("GET", &format!("/api/worktrees?token={}", server.token), "").status, 401);
    for host in [
        "evil.example",
        "127.0.0.1",
        &format!("evil.example:{port}"),
        &format!("login.localhost.evil.example:{port}"),
    ] {
        assert_eq!(ask(&format!("Host: {host}\r\n{bearer}")), 421, "{host}");
    }
    let rebound = format!(
        "Host: evil.example:{port}\r\nOrigin: http://evil.example:{port}\r\nSec-Fetch-Site: same-origin\r\n{bearer}"
    );
    assert_eq!(ask(&rebound), 421);
    let twice = format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n{bearer}");
    assert!(matches!(ask(&twice), 400 | 421));
    for header in [
        "Origin: http://evil.example".to_owned(),
        "Origin: null".to_owned(),
        format!("Origin: http://127.0.0.1:{}", port - 1),
        "Sec-Fetch-Site: cross-site".to_owned(),
        "Sec-Fetch-Site: same-site".to_owned(),
    ] {
        assert_eq!(ask(&format!("{header}\r\n{bearer}")), 403, "{header}");
    }
    assert_eq!(
        ask(&format!("Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n{bearer}")),
        200
    );
    // The page and the sign of life tell nothing, and need no token; no answer may be framed, kept or read by others.
    for path in ["/", "/dashboard.js", "/dashboard.css", "/icon.svg", "/openapi.json", "/healthz"] {
        let reply = server.ask_with("GET", path, "");
        assert_eq!(reply.status, 200, "{path}");
        for header in ["default-src 'none'", "cache-control: no-store", "nosniff", "x-frame-options: deny"] {
            assert!(reply.head.contains(header), "{path}: {}", reply.head);
        }
        assert!(
            !reply.head.contains("access-control") && !reply.head.contains("set-cookie"),
            "{}",
            reply.head
        );
        assert!(!reply.body.contains(&server.token) && !reply.body.contains("login"), "{path}");
    }
    serde_json::from_str::<serde_json::Value>(&server.ask_with("GET", "/openapi.json", "").body).unwrap();
}

#[test]
fn health_is_open_only_where_the_user_says_so_and_tells_what_is_unhealthy_by_its_status() {
    let sandbox = Sandbox::new();
    sandbox.configure("[serve]\nopen = [\"health\"]\n");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let (port, server) = (sandbox.port(0), sandbox.serve(&[]));
    let fresh = server.ask_with("GET", "/api/health/ports", "");
    assert_eq!(
        (fresh.status, &fresh.json()["summary"]["unknown"]),
        (200, &serde_json::json!(1)),
        "{}",
        fresh.body
    );
    let _stranger = hold("127.0.0.1", port, Hold::Listen).unwrap();
    // A stranger is seen before anybody checks, and each advice has its command.
    let unchecked = server.ask_with("GET", &format!("/api/health/ports/{port}"), "");
    let row = unchecked.json();
    assert_eq!((unchecked.status, &row["healthy"]), (503, &serde_json::json!(false)), "{row}");
    let advised = row["recommendations"].as_array().unwrap();
    assert!(!advised.is_empty() && advised.iter().all(|one| one["command"].is_string()), "{row}");
    sandbox.wt(&["health"]).exits(1);
    let sick = server.ask_with("GET", "/api/health/ports", "");
    assert_eq!(
        (sick.status, &sick.json()["ports"][0]["healthy"]),
        (503, &serde_json::json!(false)),
        "{}",
        sick.body
    );
    let one = server.ask_with("GET", &format!("/api/health/ports/{port}"), "");
    assert_eq!((one.status, &one.json()["in_use"]), (503, &serde_json::json!(true)), "{}", one.body);
    assert!(!one.json()["recommendations"].as_array().unwrap().is_empty());
    let sums = server.ask_with("GET", "/api/health/ports/system", "").json();
    // The server itself stands on a port outside of the ranges.
    assert_eq!((&sums["tracked"], &sums["in_use"]), (&serde_json::json!(1), &serde_json::json!(1)), "{sums}");
    assert_eq!(server.ask_with("GET", "/api/worktrees", "").status, 401);
    assert_eq!(server.ask_with("GET", "/metrics", "").status, 401);
    let scraped = server.get("/metrics");
    assert!(scraped.head.contains("version=0.0.4") && scraped.body.ends_with("# EOF\n"), "{}", scraped.body);
    fs::write(sandbox.state().join("counters.json"), "{").unwrap();
    let scraped = server.get("/metrics");
    let first = scraped.body.lines().next().unwrap_or_default();
    assert!(first.starts_with("# ") && first.contains("counters.json is damaged"), "{first}");
    let ports = r#"wt_port_allocations{health="unhealthy",purpose="feature"} 1"#;
    assert!(scraped.body.contains(ports), "{}", scraped.body);
}

#[test]
fn a_change_is_told_to_who_reads_the_stream() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let mut stream = server.follow();
    await_change(&mut stream);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    await_change(&mut stream);
    assert_eq!(server.ask_with("GET", "/events", "").status, 401);
    // Who comes back is told what it missed, each once.
    let all = sandbox.json(&["events"])["events"].as_array().unwrap().clone();
    let known = all[all.len() - 2]["sequence"].as_u64().unwrap();
    let mut again = server.follow_from(Some(known));
    let mut missed = String::new();
    while !missed.contains("event: changed") {
        assert!(std::io::BufRead::read_line(&mut again, &mut missed).unwrap() > 0);
    }
    let data: Vec<&str> = missed.lines().filter_map(|line| line.strip_prefix("data: {\"")).collect();
    assert_eq!(data.len(), 1, "{missed}");
    assert!(missed.contains(&format!("id: {}\n", known + 1)), "{missed}");
}

#[test]
fn only_one_serves_and_it_is_found_ended_and_not_believed_after_a_kill() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.serve(&[]);
    let refused = sandbox.refused(&["serve"], "already_running");
    assert_eq!(refused["details"]["pid"], server.pid());
    let shown = sandbox.json(&["serve", "--url"]);
    assert_eq!(shown["url"], format!("http://127.0.0.1:{}/", server.port));
    assert!(!shown.to_string().contains(&server.token));
    assert!(!sandbox.wt(&["serve", "--url"]).ok().stdout.contains(&server.token), "a pipe is kept somewhere");
    sandbox.wt(&["serve", "--stop"]).ok();
    assert_eq!(server.wait(), Some(0));
    sandbox.refused(&["serve", "--url"], "not_found");
    sandbox.refused(&["serve", "--stop"], "not_found");
    let mut second = sandbox.serve(&[]);
    assert_ne!(second.token, server.token);
    kill(second.pid());
    second.wait();
    sandbox.refused(&["serve", "--url"], "not_found");
    let third = sandbox.serve(&["--keep-token"]);
    assert_eq!(third.token, second.token);
}

#[test]
fn in_the_background_it_goes_on_without_its_terminal_until_it_is_stopped() {
    let sandbox = Sandbox::new();
    let port = sandbox.ports.last().to_string();
    let _ends = Detached(&sandbox);
    let shown = sandbox.json(&["serve", "--detach", "--port", &port]);
    assert_eq!(shown["url"], format!("http://127.0.0.1:{port}/"));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &sandbox.state().join("serve.token").metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    sandbox.refused(&["serve", "--detach"], "already_running");
    sandbox.wt(&["serve", "--stop"]).ok();
    // Of two who start one at the same moment, each on a port of its own, one is told that somebody serves already.
    let blocks = [PortBlock::take(1), PortBlock::take(1)];
    let at_once = std::thread::scope(|scope| {
        let start = |block: &PortBlock| {
            let port = block.first.to_string();
            let sandbox = &sandbox;
            scope.spawn(move || (port.clone(), sandbox.wt(&["--json", "serve", "--detach", "--port", &port])))
        };
        [start(&blocks[0]), start(&blocks[1])].map(|started| started.join().unwrap())
    });
    let (came, went): (Vec<_>, Vec<_>) = at_once.iter().partition(|(_, run)| run.status == 0);
    assert_eq!((came.len(), went.len()), (1, 1), "{}{}", at_once[0].1.shown(), at_once[1].1.shown());
    assert_eq!(came[0].1.json()["url"], format!("http://127.0.0.1:{}/", came[0].0));
    assert_eq!(went[0].1.json()["error"]["code"], "already_running");
    sandbox.wt(&["serve", "--stop"]).ok();
    // A port that a worktree has, and one that somebody holds, are refused with the reason.
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let theirs = sandbox.port(0).to_string();
    for how in [&["serve"][..], &["serve", "--detach"]] {
        let words = [how, &["--port", &theirs]].concat();
        sandbox.refused(&words, "port_conflict");
    }
    // So are those that worktrees may be given, and those that are nobody's.
    let [held, excluded] = blocks.map(|block| block.first);
    let _holder = hold("127.0.0.1", held, Hold::Listen).unwrap();
    sandbox.configure(&format!("[ports]\nexclude = [{{ ports = \"{excluded}\", reason = \"x\" }}]\n"));
    for port in [held, sandbox.port(1), excluded] {
        sandbox.refused(&["serve", "--detach", "--port", &port.to_string()], "port_conflict");
    }
    sandbox.json(&["serve", "--detach", "--port", &port]);
    sandbox.wt(&["serve", "--stop"]).ok();
    until("the port is free", || std::net::TcpListener::bind(("127.0.0.1", sandbox.ports.last())).is_ok());
}

#[test]
fn in_the_background_it_stands_in_no_worktree_and_outlives_the_one_it_was_started_in() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let _ends = Detached(&sandbox);
    let shown = sandbox.json_in(&folder, &["serve", "--detach", "--socket", "../wt.sock"]);
    let socket = folder.parent().unwrap().join("wt.sock");
    let at = std::path::absolute(shown["url"].as_str().unwrap()).unwrap();
    assert_eq!(at.canonicalize().unwrap(), socket.canonicalize().unwrap());
    assert_eq!(std::fs::read_link(format!("/proc/{}/cwd", shown["pid"])).unwrap(), std::path::Path::new("/"));
    sandbox.wt(&["remove", "feature-login"]).ok();
    let token = std::fs::read_to_string(sandbox.state().join("serve.token")).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let request = "GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    write!(stream, "{request}Authorization: Bearer {token}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains(" 200 ") && text.contains("\"removed\""), "{text}");
}

#[test]
fn a_socket_in_the_file_system_takes_nobodys_place() {
    let sandbox = Sandbox::new();
    write(&sandbox.path("."), "notes", "mine");
    let path = sandbox.path("notes");
    sandbox.refused(&["serve", "--socket", path.to_str().unwrap()], "path_not_empty");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    let socket = sandbox.path("run/wt.sock");
    let _ends = Detached(&sandbox);
    sandbox.json(&["serve", "--detach", "--socket", socket.to_str().unwrap()]);
    let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.ends_with("ok"), "{text}");
    sandbox.wt(&["serve", "--stop"]).ok();
    until("the socket is gone", || !socket.exists());
}

#[test]
fn bombs_of_headers_and_half_requests_do_not_stop_it() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let bomb =
        format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX: {}\r\n\r\n", server.port, "a".repeat(100_000));
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    // It may hang up in the middle.
    let _ = stream.write_all(bomb.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    let half: Vec<_> = (0..50).map(|_| server.send("GET /healthz HT")).collect();
    // What is no request is answered as every failure is.
    let large = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(16 * 1024 - 19));
    for (head, status) in [("\0\u{1}nonsense\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400), (&large, 431)] {
        let refused = read(server.send(head));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (status, "usage"),
            "{} {}",
            refused.head,
            refused.body
        );
        assert!(refused.head.contains("x-frame-options: deny") && refused.head.contains("application/json"));
    }
    assert_eq!(server.ask_with("GET", "/healthz", "").body, "ok");
    drop(half);
}
