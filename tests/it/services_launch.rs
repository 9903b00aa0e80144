//! How a service's first process comes to be: its own session, its words as they are, its socket, or a clear refusal.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use wt::door::{Launch, Launched, Port, hold, kin, launch_through};

struct Log {
    folder: tempfile::TempDir,
    file: File,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("log")).unwrap();
        Self { folder, file }
    }

    fn marker(&self) -> String {
        format!("r{}", self.folder.path().display())
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

fn start(log: &Log, words: &[&str], socket: Option<BorrowedFd<'_>>) -> std::io::Result<Launched> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let variables = [("WT_MARKER", &*log.marker()), ("WT_SERVICE", "web"), ("ODD", "a b\n$c")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    launch_through(
        Path::new(env!("CARGO_BIN_EXE_wt")),
        &Launch {
            words: &words,
            folder: log.folder.path(),
            variables: &variables,
            log: log.file.as_fd(),
            socket,
            terminal: None,
            open_files: None,
        },
    )
}

#[test]
fn a_service_leads_its_own_session_reads_nothing_and_gets_words_and_variables_as_they_are() {
    let log = Log::new();
    let script = r#"set -- $(cut -d' ' -f1,5,6 /proc/$$/stat); test "$1" = "$2" && test "$1" = "$3" && echo leads
        test -z "$(cat)" && test "$ODD" = "$WISH" && pwd && printenv ARG; ls /proc/$$/fd | tr '\n' ' '; exit 7"#;
    let mut launched =
        start(&log, &["env", "WISH=a b\n$c", "ARG=$(touch never)", "sh", "-c", script], None).unwrap();
    assert_eq!(launched.wait().unwrap().code(), Some(7));
    assert_eq!(launched.find_end().unwrap().unwrap().code(), Some(7), "asked again");
    let folder = log.folder.path().canonicalize().unwrap();
    let text = log.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("leads"), "{text}");
    assert_eq!(lines.next(), folder.to_str());
    assert_eq!(lines.next(), Some("$(touch never)"));
    assert!(lines.next().is_some_and(|open| open.trim_end() == "0 1 2"), "{text}");
}

#[test]
fn a_service_ends_by_a_signal_that_its_starter_was_made_to_ignore() {
    let log = Log::new();
    let careless = log.folder.path().join("careless");
    let script = format!("#!/bin/sh\ntrap '' INT HUP\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_wt"));
    std::fs::write(&careless, script).unwrap();
    std::fs::set_permissions(&careless, std::fs::Permissions::from_mode(0o755)).unwrap();
    for (name, number) in [("INT", 2), ("HUP", 1)] {
        let words = ["sh", "-c", &format!("kill -{name} $$; echo survived")].map(OsString::from);
        let wish = Launch {
            words: &words,
            folder: log.folder.path(),
            variables: &[],
            log: log.file.as_fd(),
            socket: None,
            terminal: None,
            open_files: None,
        };
        let mut launched = launch_through(&careless, &wish).unwrap();
        assert_eq!(launched.wait().unwrap().signal(), Some(number), "{name}: {}", log.text());
    }
}

#[test]
fn what_cannot_be_started_is_refused_with_its_reason_and_leaves_nothing() {
    let log = Log::new();
    std::fs::write(log.folder.path().join("plain"), "").unwrap();
    for (words, kind) in [
        (&["wt-no-such-command"][..], ErrorKind::NotFound),
        (&["./plain"], ErrorKind::PermissionDenied),
        (&["./missing/deep"], ErrorKind::NotFound),
        (&[], ErrorKind::NotFound),
    ] {
        let error = start(&log, words, None).unwrap_err();
        assert_eq!(error.kind(), kind, "{words:?}: {error}");
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{words:?}: {error}");
    }
    let words = [OsString::from("true")];
    let folder = log.folder.path().join("gone");
    let wish = Launch {
        words: &words,
        folder: &folder,
        variables: &[],
        log: log.file.as_fd(),
        socket: None,
        terminal: None,
        open_files: None,
    };
    let error = launch_through(Path::new(env!("CARGO_BIN_EXE_wt")), &wish).unwrap_err();
    assert!(error.kind() == ErrorKind::NotFound && error.to_string().contains("gone"), "{error}");
    assert_eq!(log.text(), "");
}

#[test]
fn a_service_takes_an_inherited_socket_as_systemd_hands_it_over() {
    let log = Log::new();
    let socket = (45_000..46_000).find_map(|number| Some((number, hold::listen(Port::new(number)?).ok()?)));
    let Some((port, socket)) = socket else { panic!("no port is free") };
    // Connected before there is a server.
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let script = "import os, socket, sys
assert os.environ['LISTEN_FDS'] == '1' and int(os.environ['LISTEN_PID']) == os.getpid()
server = socket.socket(fileno=3)
connection, _ = server.accept()
connection.sendall(b'answer to ' + connection.recv(100))
";
    let mut launched = start(&log, &["python3", "-c", script], Some(socket.as_fd())).unwrap();
    client.write_all(b"an early client").unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "answer to an early client", "{}", log.text());
    // pyenv's shim starts python as itself; it is the same process.
    assert!(launched.wait().unwrap().success(), "{}", log.text());
}

#[test]
fn the_kin_of_a_service_are_found_though_they_fork_twice_and_lead_sessions_of_their_own() {
    let log = Log::new();
    let script = "setsid setsid sh -c 'cat fifo; :' & cat fifo; wait";
    assert!(
        std::process::Command::new("mkfifo").arg(log.folder.path().join("fifo")).status().unwrap().success()
    );
    let mut launched = start(&log, &["sh", "-c", script], None).unwrap();
    crate::support::wait::until("both are there", || {
        kin::of_service(&log.marker(), "web", std::slice::from_ref(&launched.id), None).unwrap().len() >= 4
    });
    assert!(kin::of_service(&log.marker(), "db", &[], None).unwrap().is_empty());
    assert!(kin::of_worktree("r/other", &[], None).unwrap().is_empty());
    let all = kin::of_worktree(&log.marker(), &[], None).unwrap();
    assert!(all.iter().any(|kin| kin.id == launched.id), "{all:?}");
    assert!(all.iter().all(|kin| kin.service.as_deref() == Some("web")), "{all:?}");
    let pids: Vec<u32> = all.iter().map(|kin| kin.id.pid).collect();
    assert!(kin::usage(&pids).memory_bytes > 100_000);
    std::fs::OpenOptions::new()
        .write(true)
        .open(log.folder.path().join("fifo"))
        .unwrap()
        .write_all(b"\n")
        .unwrap();
    launched.wait().unwrap();
}
