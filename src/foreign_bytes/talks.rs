//! What others say to us: agents, callers of a supervisor, services that a health check asks.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::press;
use crate::host::interrupt::Interrupt;
use crate::host::net::check::ask::{ServiceQuestion, ask};
use crate::host::net::check::calls::OwnCalls;
use crate::host::services::line::LineEnd;
use crate::model::agent::input::Input;
use crate::model::agent::program::Program;
use crate::model::agent::settings::{edit, places};
use crate::model::health::check::{CheckKind, HttpCheck};
use crate::model::port::Port;
use crate::model::services::protocol::{Numbered, Reply, Request};

#[test]
fn an_agents_input_and_its_settings() {
    press("agent", |bytes| {
        let _ = Input::find(bytes);
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for program in Program::ALL {
            let wish = places::wish(program, true);
            let _ = edit::standing(text, &wish);
            if let Ok(Some(edited)) = edit::installed(text, &wish) {
                assert!(edit::uninstalled(&edited.text, &wish, &edited.pieces).is_ok(), "{}", edited.text);
            }
            let _ = edit::uninstalled(text, &wish, &[]);
            let _ = places::is_own(program, text);
        }
    });
}

#[test]
fn talk_with_a_supervisor() {
    press("protocol", |bytes| {
        let (caller, supervisor) = UnixStream::pair().unwrap();
        let mut supervisor = LineEnd::new(supervisor);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut caller = caller;
                let _ = caller.write_all(bytes);
            });
            while !supervisor.is_closed() {
                let Ok(lines) = supervisor.arrived() else { break };
                for line in lines {
                    if let Ok(asked) = serde_json::from_slice::<Numbered<Request>>(&line) {
                        let again = serde_json::to_vec(&asked).unwrap();
                        assert_eq!(serde_json::from_slice::<Numbered<Request>>(&again).unwrap(), asked);
                    }
                    let _ = serde_json::from_slice::<Numbered<Reply>>(&line);
                }
            }
            drop(supervisor);
        });
    });
}

/// The first byte of what is answered to that check; none for those that read no answer.
fn letter(check: &CheckKind) -> Option<u8> {
    match check {
        CheckKind::Tcp | CheckKind::Command(_) => None,
        CheckKind::Http(HttpCheck { body: None, .. }) => Some(b'h'),
        CheckKind::Http(_) => Some(b'b'),
        CheckKind::Postgres { .. } => Some(b'p'),
        CheckKind::Redis => Some(b'r'),
    }
}

/// The first byte says what is asked.
#[test]
fn answers_to_health_checks() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = Port::new(listener.local_addr().unwrap().port()).unwrap();
    press("health", |bytes| {
        let (which, answer) = bytes.split_first().unwrap_or((&b'h', &[]));
        let with_body = HttpCheck { body: Some("wanted".to_owned()), ..HttpCheck::of("/up") };
        let asked = [
            CheckKind::Http(HttpCheck::of("/up")),
            CheckKind::Http(with_body),
            CheckKind::Postgres { user: "u".to_owned(), database: "d".to_owned() },
            CheckKind::Redis,
        ];
        let found = asked.iter().find(|check| letter(check) == Some(*which));
        let check = found.unwrap_or(&asked[0]).clone();
        let question = ServiceQuestion {
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            port,
            check,
            timeout: Duration::from_secs(5),
            command: None,
            calls: OwnCalls::default(),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.write_all(answer);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                // Whoever hangs up on what was asked has it reset, and the answer with it.
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let _ = ask(&question, &Interrupt::default());
        });
    });
}
