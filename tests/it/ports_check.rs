//! `wt ports check`: one verdict about a port, against real sockets.

use std::net::TcpListener;

use serde_json::Value;

use super::support::holder::{Hold, hold};
use super::support::wait::until;
use super::support::{Sandbox, skip};

/// The verdict, after looking that exit code and answer agree.
fn verdict(sandbox: &Sandbox, port: u16) -> Value {
    let run = sandbox.wt(&["--json", "ports", "check", &port.to_string()]);
    let answer = run.json();
    let is_free = ["free", "time_wait"].contains(&answer["verdict"].as_str().unwrap());
    assert_eq!(run.status, i32::from(!is_free), "{answer}");
    assert_eq!(answer["port"], port);
    assert!(!answer["reason"].as_str().unwrap().is_empty());
    answer
}

#[test]
fn a_free_port_is_free_and_an_allocated_one_says_whose() {
    let sandbox = Sandbox::new();
    assert_eq!(verdict(&sandbox, sandbox.port(0))["verdict"], "free");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    assert_eq!(verdict(&sandbox, sandbox.port(0))["verdict"], "allocated");
    let port = sandbox.port(0).to_string();
    sandbox.wt(&["ports", "check", &port]).exits(1).answers(&["feature-login (web), nothing listens"]);
}

#[test]
fn a_listener_is_its_worktrees_own_a_siblings_or_a_strangers_on_any_address() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "pay", "--ports"]).ok();
    let (login, home) = (sandbox.worktree("feature-login"), sandbox.path("home"));
    let (first, second, third) = (sandbox.port(0), sandbox.port(1), sandbox.port(2));
    let Some(server) = sandbox.python_server(&login, "127.0.0.1", &[first, second]) else {
        return skip("no python3");
    };
    let own = verdict(&sandbox, first);
    assert_eq!(
        (&own["verdict"], &own["owners"][0]["worktree"]),
        (&"own_listener".into(), &"feature-login".into())
    );
    assert_eq!(own["owners"][0]["pid"], server.pid());
    assert!(own["owners"][0]["since"].is_string() && own["owners"][0]["user"].is_string());
    assert_eq!(verdict(&sandbox, second)["verdict"], "sibling");
    for address in ["127.0.0.1", "0.0.0.0", "::1", "::"] {
        let Some(_stranger) = sandbox.python_server(&home, address, &[third]) else { continue };
        assert_eq!(verdict(&sandbox, third)["verdict"], "stranger", "{address}");
    }
    // Ours on 127.0.0.1, a stranger on ::1.
    let _stranger = sandbox.python_server(&home, "::1", &[first]);
    let both = verdict(&sandbox, first);
    assert_eq!((&both["verdict"], both["owners"].as_array().unwrap().len()), (&"stranger".into(), 2));
}

#[test]
fn several_processes_that_share_a_port_are_all_named() {
    let sandbox = Sandbox::new();
    let script = "a = listen(port, True); ready(); stay()";
    let Some(_one) = sandbox.python(&sandbox.path("home"), sandbox.port(0), script) else {
        return skip("no python3");
    };
    let _other = sandbox.python(&sandbox.path("home"), sandbox.port(0), script);
    assert_eq!(verdict(&sandbox, sandbox.port(0))["owners"].as_array().unwrap().len(), 2);
}

#[test]
fn a_bound_socket_that_does_not_listen_is_not_free() {
    let sandbox = Sandbox::new();
    let _held = hold("127.0.0.1", sandbox.port(0), Hold::BoundReusable).unwrap();
    assert_eq!(verdict(&sandbox, sandbox.port(0))["verdict"], "bound");
}

#[test]
fn a_port_that_only_a_connection_has_is_told_from_a_servers() {
    let sandbox = Sandbox::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    // Without SO_REUSEADDR the kernel lets no server have the port, also not while it is in TIME_WAIT.
    for (index, reusable, during, after) in
        [(0, false, "outgoing", "outgoing"), (1, true, "free", "time_wait")]
    {
        let port = sandbox.port(index);
        let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        client.set_reuse_address(reusable).unwrap();
        let own: std::net::SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
        client.bind(&own.into()).unwrap();
        client.connect(&server.local_addr().unwrap().into()).unwrap();
        // Another case may knock at the server's port, which had another owner before.
        let accepted =
            server.incoming().flatten().find(|stream| stream.peer_addr().is_ok_and(|peer| peer == own));
        assert_eq!(verdict(&sandbox, port)["verdict"], during);
        // Who ends a connection first keeps its port in TIME_WAIT.
        drop(client);
        drop(accepted);
        // The last packets may still be on their way.
        until(after, || verdict(&sandbox, port)["verdict"] == after);
    }
}
#[test]
fn an_excluded_port_says_why_also_below_1024() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(3).to_string();
    sandbox.wt(&["ports", "exclude", &port, "--reason", "the office printer"]).ok();
    sandbox.wt(&["ports", "check", &port]).exits(1).answers(&["the office printer"]);
    let low = verdict(&sandbox, 999);
    assert!(["excluded", "privileged"].contains(&low["verdict"].as_str().unwrap()), "{low}");
}

#[test]
fn nonsense_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    for port in ["0", "70000", "abc", "", "-1", "5000-5001", "99999999999999999999", "５０００"] {
        sandbox.refused(&["ports", "check", "--", port], "usage");
    }
    for range in ["0", "0-5", "5010-5000", "5000-70000", "abc", "5000-", "-5000", "5-6-7", ""] {
        sandbox.refused(&["ports", "exclude", "--reason", "x", "--", range], "usage");
        sandbox.refused(&["ports", "include", "--", range], "usage");
    }
    sandbox.refused(&["ports", "exclude", "5000"], "usage");
    sandbox.refused(&["ports", "exclude", "5000", "--reason", " "], "usage");
    sandbox.refused(&["ports", "next", "--purpose", "docs"], "usage");
    sandbox.refused(&["ports", "available", "--service", "nosuch"], "usage");
}
