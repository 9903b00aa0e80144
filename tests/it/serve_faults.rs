//! `wt serve` under attack and under load: nobody gets in, nobody stops it, and nobody is left without an answer.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;
use serde_json::Value;

use crate::state::Mount;
use crate::support::http::{await_change, read};
use crate::support::services::signal;
use crate::support::wait::until;
use crate::support::{Sandbox, clock, skip};

/// How many files a process has open; a server that begins opens a few more for itself.
fn open_files(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

#[test]
fn a_token_guessed_ten_thousand_times_is_not_found_and_its_owner_is_answered_all_the_while() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let mut stream = server.send("");
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    // All but the last digit are right: who compares sees no difference in the time either.
    let head = &server.token[..31];
    let mut refused = 0;
    for batch in 0..100 {
        let guesses: Vec<String> = (0..100)
            .map(|guess| {
                let end = "0123456789abcdefgh".chars().nth((batch + guess) % 18).unwrap();
                let end = if server.token.ends_with(end) { 'x' } else { end };
                format!(
                    "GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {head}{end}\r\n\r\n",
                    server.port
                )
            })
            .collect();
        stream.write_all(guesses.concat().as_bytes()).unwrap();
        for _ in 0..100 {
            let (mut line, mut length) = (String::new(), 0);
            reader.read_line(&mut line).unwrap();
            refused += usize::from(line.contains(" 401 "));
            while line.trim() != "" {
                line.clear();
                reader.read_line(&mut line).unwrap();
                if let Some(rest) = line.to_lowercase().strip_prefix("content-length:") {
                    length = rest.trim().parse().unwrap();
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
        }
        if batch % 25 == 0 {
            assert_eq!(server.get("/api/events").status, 200);
        }
    }
    assert_eq!(refused, 10_000);
}

#[test]
fn two_hundred_readers_of_events_and_sixty_four_clients_are_all_answered_at_once() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let files = open_files(server.pid());
    let mut readers: Vec<_> = (0..200).map(|_| server.follow()).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..64).map(|_| scope.spawn(|| server.get("/api/worktrees").status)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    // The first word says that a stream is open; the second one is that of the change.
    readers.iter_mut().for_each(await_change);
    sandbox.wt(&["create", "login"]).ok();
    readers.iter_mut().for_each(await_change);
    drop(readers);
    until("what they held is given back", || {
        // A reader that is gone is noticed when something is sent to it.
        sandbox.wt(&["ports", "exclude", "49000", "--reason", "x"]);
        open_files(server.pid()) <= files + 8
    });
}

#[test]
fn who_stops_sending_is_answered_and_who_hangs_up_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&["--actions"]);
    let files = open_files(server.pid());
    let request = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port);
    let half_closed = server.send(&request);
    half_closed.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read(half_closed).body, "ok");
    // A report takes longer than the end of its request takes to come.
    let report = format!(
        "GET /api/worktrees HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\r\n",
        server.port, server.token
    );
    // Nor does it matter whether both are there already when it looks.
    for stands in [false, true] {
        if stands {
            signal(server.pid(), Signal::STOP);
        }
        let half_closed = server.send(&report);
        half_closed.shutdown(Shutdown::Write).unwrap();
        if stands {
            signal(server.pid(), Signal::CONT);
        }
        let answered = read(half_closed);
        assert_eq!(answered.json()["command"], "list", "{}", answered.head);
    }
    let gone: Vec<TcpStream> = (0..100)
        .map(|number| {
            let body = "POST /api/worktrees/proj/x/up HTTP/1.1\r\nContent-Type: application/json\r\n";
            let text = match number % 4 {
                0 => request.clone(),
                1 => request[..20].to_owned(),
                2 => format!(
                    "{body}Host: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Length: 9\r\n\r\n{{",
                    server.port, server.token
                ),
                _ => String::new(),
            };
            server.send(&text)
        })
        .collect();
    drop(gone);
    until("what they held is given back", || open_files(server.pid()) <= files + 8);
    assert_eq!(server.ask_with("GET", "/healthz", "").body, "ok");
}

#[test]
fn a_registry_that_is_damaged_is_said_and_answered_from_again_once_it_is_whole() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&["--actions"]);
    let registry = sandbox.state().join("registry.json");
    let whole = fs::read(&registry).unwrap();
    fs::write(&registry, b"{\"schema\": 1, \"worktrees\": [{").unwrap();
    for path in
        ["/api/worktrees", "/api/worktrees/proj/feature-login", "/metrics", "/sd", "/api/health/ports"]
    {
        let reply = server.get(path);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (503, "registry_corrupt"),
            "{path}: {}",
            reply.body
        );
    }
    let down = server.post("/api/worktrees/proj/feature-login/down", "{}");
    assert_eq!((down.status, down.code().as_str()), (503, "registry_corrupt"), "{}", down.body);
    assert_eq!(
        fs::read(&registry).unwrap(),
        b"{\"schema\": 1, \"worktrees\": [{",
        "nobody repairs it by looking"
    );
    assert_eq!(server.ask_with("GET", "/healthz", "").body, "ok");
    fs::write(&registry, whole).unwrap();
    assert_eq!(server.get("/api/worktrees").json()["worktrees"][1]["name"], "feature-login");
}

#[test]
fn a_registry_that_is_locked_keeps_nobody_waiting_and_one_that_is_replaced_is_the_one_that_counts() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&[]);
    let state = sandbox.state();
    let held = fs::File::open(&state).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    for path in ["/api/worktrees", "/api/worktrees/proj/feature-login", "/api/events", "/metrics", "/sd"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    drop(held);
    let registry = state.join("registry.json");
    let whole = fs::read_to_string(&registry).unwrap();
    fs::write(state.join("another"), whole.replace("feature-login", "feature-other")).unwrap();
    fs::rename(state.join("another"), &registry).unwrap();
    assert_eq!(server.get("/api/worktrees/proj/feature-other").status, 200);
    assert_eq!(server.get("/api/worktrees/proj/feature-login").status, 404);
    // What is no file is not waited for, and not taken for an empty registry.
    fs::remove_file(&registry).unwrap();
    for kind in ["folder", "pipe"] {
        let made = if kind == "folder" {
            fs::create_dir(&registry).is_ok()
        } else {
            std::process::Command::new("mkfifo").arg(&registry).status().is_ok_and(|status| status.success())
        };
        assert!(made, "{kind}");
        let reply = server.get("/api/worktrees");
        assert!(reply.status >= 400 && !reply.code().is_empty(), "{kind}: {} {}", reply.status, reply.body);
        let _ = fs::remove_dir(&registry).or_else(|_| fs::remove_file(&registry));
    }
    fs::write(&registry, whole).unwrap();
    assert_eq!(server.get("/api/worktrees/proj/feature-login").status, 200);
}

#[test]
fn ten_thousand_events_at_once_are_told_each_once_to_who_reads() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login"]).ok();
    let server = sandbox.serve(&[]);
    let mut reader = server.follow();
    await_change(&mut reader);
    let log = sandbox.state().join("events.jsonl");
    let written = fs::read_to_string(&log).unwrap();
    let last = written.lines().last().unwrap();
    let known: Value = serde_json::from_str(last).unwrap();
    let first = known["sequence"].as_u64().unwrap() + 1;
    let old = format!("\"sequence\":{}", first - 1);
    assert!(last.contains(&old), "{last}");
    let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    // Two thousand at a time are more than the words that wait for a reader.
    for batch in 0..5 {
        let numbers = first + batch * 2_000..first + (batch + 1) * 2_000;
        let lines = numbers.map(|number| last.replace(&old, &format!("\"sequence\":{number}")) + "\n");
        file.write_all(lines.collect::<String>().as_bytes()).unwrap();
    }
    let mut line = String::new();
    for expected in first..first + 10_000 {
        while !line.starts_with("id: ") {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended before {expected}");
        }
        assert_eq!(line.trim(), format!("id: {expected}"));
        line.clear();
    }
    assert_eq!(server.get("/api/events").status, 200);
}

#[test]
fn a_server_that_stood_still_answers_whoever_waited_and_tells_what_it_missed() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let mut reader = server.follow();
    await_change(&mut reader);
    signal(server.pid(), Signal::STOP);
    let waiting: Vec<TcpStream> = (0..20)
        .map(|_| {
            server.send(&format!(
                "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
                server.port
            ))
        })
        .collect();
    sandbox.wt(&["create", "login"]).ok();
    // It is still the one, asleep or not.
    sandbox.refused(&["serve"], "already_running");
    signal(server.pid(), Signal::CONT);
    for stream in waiting {
        assert_eq!(read(stream).body, "ok");
    }
    let mut line = String::new();
    while !line.contains("\"created\"") {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
    }
}

#[test]
fn a_server_whose_clock_jumps_ahead_and_back_answers_tells_and_takes_nothing_away() {
    let mut sandbox = Sandbox::new();
    sandbox.wt(&["create", "gone"]).ok();
    sandbox.wt(&["remove", "gone"]).ok();
    let ahead = sandbox.path("ahead");
    let Some(library) = clock::jumping(&sandbox, &ahead) else { return skip("no C compiler") };
    sandbox.set("LD_PRELOAD", library);
    let server = sandbox.serve(&[]);
    sandbox.set("LD_PRELOAD", "");
    let mut reader = server.follow();
    await_change(&mut reader);
    for (name, is_ahead) in [("one", true), ("two", false)] {
        if is_ahead {
            fs::write(&ahead, "").unwrap();
        } else {
            fs::remove_file(&ahead).unwrap();
        }
        assert_eq!(server.get("/api/worktrees").status, 200);
        sandbox.wt(&["create", name]).ok();
        let mut line = String::new();
        while !(line.contains("\"created\"") && line.contains(&format!("feature-{name}"))) {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
        }
        for path in ["/healthz", "/api/findings", "/api/report", "/api/events?since=1h", "/metrics"] {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
    }
    sandbox.wt(&["restore", "gone"]).ok();
}

#[test]
fn a_full_disk_stops_nobody_who_looks_and_an_action_says_so() {
    let sandbox = Sandbox::new();
    let Some(mount) = Mount::tmpfs(sandbox.state(), "size=512k,mode=700") else {
        return skip("no mounts here");
    };
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let server = sandbox.serve(&["--actions"]);
    let filler = mount.0.join("filler");
    let _ = fs::write(&filler, vec![b'x'; 1 << 20]);
    for path in ["/api/worktrees", "/api/worktrees/proj/feature-login", "/api/events", "/metrics"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let refused = server.post("/api/worktrees/proj/feature-login/remove", "{}");
    assert_eq!((refused.status, refused.code().as_str()), (500, "disk_full"), "{}", refused.body);
    assert!(sandbox.worktree("feature-login").is_dir());
    fs::remove_file(&filler).unwrap();
    assert_eq!(server.post("/api/worktrees/proj/feature-login/remove", "{}").status, 200);
}

#[test]
fn more_connections_than_it_takes_wait_and_the_next_one_is_answered_when_one_goes() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&[]);
    let mut many: Vec<TcpStream> = (0..520).map(|_| server.send("")).collect();
    let waiting = server.send(&format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port));
    waiting.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!((&waiting).read(&mut [0]).is_err(), "it was taken beyond the limit");
    many.truncate(100);
    waiting.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut line = String::new();
    BufReader::new(waiting).read_line(&mut line).unwrap();
    assert!(line.contains("200"), "{line}");
}

#[test]
#[ignore = "heavy: waits out the time that a request may take"]
fn who_sends_a_head_or_a_body_drop_by_drop_is_hung_up_on() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve(&["--actions"]);
    let body = format!(
        "POST /api/worktrees/proj/x/up HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n",
        server.port, server.token
    );
    for (start, said) in [("GET / HTTP/1.1\r\nX: ".to_owned(), ""), (body, "408"), (String::new(), "")] {
        let mut stream = server.send(&start);
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let began = Instant::now();
        let mut answer = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => answer.extend(&buffer[..count]),
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock) => {}
                Err(_) => break,
            }
            assert!(began.elapsed() < Duration::from_secs(12), "it still waits");
            if !start.is_empty() && stream.write_all(b"x").is_err() {
                break;
            }
        }
        assert!(String::from_utf8_lossy(&answer).contains(said), "{}", String::from_utf8_lossy(&answer));
        assert!(began.elapsed() > Duration::from_secs(3));
    }
}
