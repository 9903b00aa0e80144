//! `wt serve` under a service manager: its units, and sockets that are handed over.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::support::git::write;
use crate::support::holder::Holder;
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

#[test]
fn its_units_are_written_verified_and_taken_away_and_nobody_elses_file_is_touched() {
    let sandbox = Sandbox::new();
    let units = sandbox.path("config/systemd/user");
    let run = sandbox.wt(&["serve", "--install-unit", "--actions"]).ok();
    let run = run.says(&["systemctl --user enable --now wt-serve.socket"]);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.shown());
    let socket = fs::read_to_string(units.join("wt-serve.socket")).unwrap();
    assert!(socket.contains("ListenStream=127.0.0.1:7373\n") && !socket.contains("{{"), "{socket}");
    let service = fs::read_to_string(units.join("wt-serve.service")).unwrap();
    assert!(service.contains("serve --keep-token --quiet --no-input \"--actions\" \"--yes\"\n"), "{service}");
    assert!(service.contains("KillMode=process"), "a stop would end what was started from the page");
    let verified = sandbox
        .program("systemd-analyze", &units)
        .args(["--user", "verify", "./wt-serve.service", "./wt-serve.socket"])
        .output();
    match verified {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains("wt-serve") || output.status.success(), "{said}");
        }
        Err(_) => skip("no systemd-analyze"),
    }
    sandbox.wt(&["serve", "--install-unit", "--socket", "run/wt.sock"]).ok();
    let socket = fs::read_to_string(units.join("wt-serve.socket")).unwrap();
    let path = sandbox.repo().join("run/wt.sock");
    assert!(socket.contains(&format!("ListenStream={}\nSocketMode=0600\n", path.display())), "{socket}");
    assert_eq!(sandbox.json(&["serve", "--uninstall-unit"])["files"].as_array().unwrap().len(), 2);
    write(&units, "wt-serve.socket", "[Socket]\n");
    sandbox.refused(&["serve", "--install-unit"], "path_not_empty");
    sandbox.wt(&["serve", "--uninstall-unit"]).ok().says(&["not ours"]);
    assert_eq!(fs::read_to_string(units.join("wt-serve.socket")).unwrap(), "[Socket]\n");
}

/// Starts `wt serve` through `systemd-socket-activate` on these addresses.
fn activated(sandbox: &Sandbox, addresses: &[String], more: &[&str]) -> Option<Holder> {
    let mut command = sandbox.program("systemd-socket-activate", &sandbox.repo());
    let names: Vec<String> =
        command.get_envs().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    command.args(addresses.iter().flat_map(|address| ["-l", address]));
    command.args(names.iter().flat_map(|name| ["-E", name.as_str()]));
    let command = command.arg(env!("CARGO_BIN_EXE_wt")).arg("serve").args(more).stderr(Stdio::null());
    Some(Holder { child: command.stdout(Stdio::null()).spawn().ok()? })
}

#[test]
fn sockets_that_are_handed_over_are_answered_on_and_only_those_of_loopback() {
    let sandbox = Sandbox::new();
    let port = sandbox.ports.last();
    let addresses = [format!("127.0.0.1:{port}"), format!("[::1]:{port}")];
    let Some(_server) = activated(&sandbox, &addresses, &[]) else { return skip("systemd-socket-activate") };
    let mut answer = String::new();
    until("an answer", || {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
        let request = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        answer.clear();
        stream.write_all(request.as_bytes()).is_ok()
            && stream.read_to_string(&mut answer).is_ok_and(|count| count > 0)
    });
    assert!(answer.ends_with("ok"), "{answer}");
    let shown = sandbox.json(&["serve", "--url"]);
    assert_eq!(shown["url"], format!("http://127.0.0.1:{port}/"));
    sandbox.wt(&["serve", "--stop"]).ok();
    // Where others reach it, and beside a flag that says something else, it refuses.
    let open = sandbox.port(0);
    for (address, more) in [(format!("0.0.0.0:{open}"), &[][..]), (addresses[0].clone(), &["--port", "7373"])]
    {
        let port = if more.is_empty() { open } else { port };
        let mut server = activated(&sandbox, &[address], more).unwrap();
        until("its end", || {
            let _ = TcpStream::connect(("127.0.0.1", port));
            server.child.try_wait().unwrap().is_some()
        });
        assert_eq!(crate::support::wait::end_of(&mut server.child).code(), Some(2));
    }
    sandbox.refused(&["serve", "--url"], "not_found");
}
