//! A port that the registry calls free and the machine calls busy: refused, before anything is made, holder named.

use std::net::TcpListener;

use crate::support::Sandbox;
use crate::support::holder::{Hold, hold};

fn listen(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

#[test]
fn the_refusal_names_range_port_holder_and_ways_on() {
    let sandbox = Sandbox::new();
    let demo = sandbox.path("demo");
    std::fs::create_dir(&demo).unwrap();
    let Some(server) = sandbox.python_server(&demo, "127.0.0.1", &[sandbox.port(0)]) else {
        return crate::support::skip("python3 is not installed");
    };
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["create", "login", "--purpose", "feature", "--ports"]).exits(1);
    let port = sandbox.port(0);
    let expected = format!(
        "error: Port conflict detected in feature range {}.\n       \
         Ports free in registry but occupied on system: {port} (python3, pid {}, {})\n\
         hint:  pass `--on-conflict retry`, stop the holder (`wt ports kill {port}`), or see who listens (`wt ports scan`);\n       \
         run `wt validate --verify-ports` to find and clean stale allocations\n",
        sandbox.feature_range(),
        server.pid(),
        demo.display()
    );
    assert_eq!(run.stderr, expected);
    assert_eq!(run.stdout, "");
    sandbox.assert_unchanged(&before, &run);
    let error = sandbox.refused(&["create", "login", "--ports"], "port_conflict");
    let details = error["details"].to_string();
    for word in [&port.to_string(), &server.pid().to_string(), "python3", demo.to_str().unwrap()] {
        assert!(details.contains(word), "details lack {word}: {error}");
    }
}

#[test]
fn probing_goes_on_to_the_end_and_shows_five_holders() {
    let sandbox = Sandbox::new();
    let _six: Vec<TcpListener> = (0..6).map(|index| listen(sandbox.port(index + 1))).collect();
    let first = listen(sandbox.port(0));
    drop(first);
    // The first port is free, so the first busy one is never met for a single port.
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let run = sandbox.wt(&["create", "two", "--ports"]).exits(1);
    let pid = format!("pid {}", std::process::id());
    assert_eq!(run.stderr.matches(&pid).count(), 5, "{}", run.shown());
    assert!(run.stderr.contains("(and 1 more)"), "{}", run.shown());
}

#[test]
fn five_busy_ports_are_all_shown() {
    let sandbox = Sandbox::new();
    let _five: Vec<TcpListener> = (0..5).map(|index| listen(sandbox.port(index))).collect();
    let run = sandbox.wt(&["create", "two", "--ports"]).exits(1);
    assert!(run.stderr.contains(&sandbox.port(4).to_string()), "{}", run.shown());
    assert!(!run.stderr.contains("more)"), "{}", run.shown());
}

#[test]
fn a_busy_port_that_is_not_needed_hinders_nobody() {
    let sandbox = Sandbox::new();
    let _held = listen(sandbox.port(1));
    sandbox.wt(&["create", "one", "--ports"]).ok();
}

#[test]
fn a_busy_port_that_a_sibling_owns_is_passed_over() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let _its_server = listen(sandbox.port(0));
    let answer = sandbox.json(&["create", "two", "--ports"]);
    assert_eq!(answer["worktree"]["ports"][0]["port"], sandbox.port(1));
}

#[test]
fn a_sibling_worktrees_stray_server_is_named() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let folder = sandbox.worktree("feature-one");
    let Some(server) = sandbox.python_server(&folder, "127.0.0.1", &[sandbox.port(1)]) else {
        return crate::support::skip("python3 is not installed");
    };
    let error = sandbox.refused(&["create", "two", "--ports"], "port_conflict");
    assert!(error["message"].as_str().unwrap().contains("feature-one"), "{error}");
    assert!(error["message"].as_str().unwrap().contains(&server.pid().to_string()), "{error}");
}

#[test]
fn a_conflict_is_logged_and_counted() {
    let sandbox = Sandbox::new();
    let _held = listen(sandbox.port(0));
    sandbox.wt(&["create", "one", "--ports"]).exits(1);
    assert!(sandbox.events().iter().any(|event| event["event"] == "port_conflict"), "{:?}", sandbox.events());
}

#[test]
fn retry_takes_the_next_candidate() {
    let sandbox = Sandbox::new();
    let _held = [listen(sandbox.port(0)), listen(sandbox.port(1))];
    let answer = sandbox.json(&["create", "one", "--ports", "--on-conflict", "retry"]);
    assert_eq!(answer["worktree"]["ports"][0]["port"], sandbox.port(2));
    let counters = sandbox.registry()["counters"].clone();
    assert!(counters.as_array().is_some_and(|all| !all.is_empty()), "the retry was not counted: {counters}");
}

#[test]
fn what_is_known_to_be_held_counts_as_no_retry_and_is_named_in_one_event() {
    let sandbox = Sandbox::new();
    sandbox.configure("[ports.conflict]\npolicy = \"retry\"\nmax_retries = 1\nbackoff = \"1h\"\n");
    let _held: Vec<TcpListener> = (0..3).map(|index| listen(sandbox.port(index))).collect();
    let _above = listen(sandbox.port(5));
    let run = sandbox.wt(&["create", "one", "--ports"]).ok();
    for index in 0..3 {
        let words =
            [format!("{} is held by ", sandbox.port(index)), format!("trying {}", sandbox.port(index + 1))];
        let line = run.stderr.lines().find(|line| line.contains(&words[0]));
        assert!(line.is_some_and(|line| line.ends_with(&words[1])), "{}", run.shown());
    }
    let events: Vec<_> =
        sandbox.events().into_iter().filter(|event| event["event"] == "port_conflict").collect();
    let ports: Vec<u16> = (0..3).map(|index| sandbox.port(index)).collect();
    assert_eq!((events.len(), &events[0]["ports"]), (1, &serde_json::json!(ports)), "{events:?}");
    assert_eq!(sandbox.living()[0]["allocations"][0]["port"], sandbox.port(3));
}

#[test]
fn a_range_full_of_strangers_leads_on_to_the_next_and_giving_up_names_all_that_was_tried() {
    let sandbox = Sandbox::new();
    let range = |from, to| format!("\"{}-{}\"", sandbox.port(from), sandbox.port(to));
    let purpose = format!("[purpose.feature]\nports = [{}, {}]\n", range(0, 1), range(4, 5));
    sandbox.configure(&purpose);
    let mut held = vec![listen(sandbox.port(0)), listen(sandbox.port(1))];
    sandbox.refused(&["create", "one", "--ports"], "port_conflict");
    let retry = ["create", "one", "--ports", "--on-conflict", "retry"];
    assert_eq!(
        sandbox.json(&[&retry[..], &["--dry-run"]].concat())["plan"]["ports"][0]["port"],
        sandbox.port(4)
    );
    held.extend([listen(sandbox.port(4)), listen(sandbox.port(5))]);
    let error = sandbox.refused(&retry, "port_conflict");
    let tried = [0, 1, 4, 5].map(|index| sandbox.port(index));
    assert_eq!(error["details"]["tried"], serde_json::json!(tried), "{error}");
    assert_eq!(error["details"]["max_retries"], 3);
    assert!(!error["hint"].as_str().unwrap().contains("--on-conflict"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("max_retries = 3"), "{error}");
    let events = || sandbox.events().iter().filter(|event| event["event"] == "port_conflict").count();
    let before = events();
    sandbox.wt(&retry).exits(1);
    assert_eq!(events(), before + 1);
    drop(held.remove(2));
    assert_eq!(sandbox.json(&retry)["worktree"]["ports"][0]["port"], sandbox.port(4));
}

#[test]
fn a_wholly_excluded_range_says_why() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["ports", "exclude", &sandbox.feature_range(), "--reason", "the office printer"]).ok();
    let error = sandbox.refused(&["create", "one", "--ports"], "range_exhausted");
    assert!(error["message"].as_str().unwrap().contains("10: the office printer"), "{error}");
    assert_eq!(error["details"]["reasons"], serde_json::json!(["the office printer"]));
}

#[test]
fn the_flag_overrules_the_configuration() {
    let sandbox = Sandbox::new();
    sandbox.configure("[ports.conflict]\npolicy = \"retry\"\n");
    let _held = listen(sandbox.port(0));
    sandbox.refused(&["create", "one", "--ports", "--on-conflict", "fail"], "port_conflict");
}

#[test]
fn a_listener_is_seen_on_whatever_address_it_listens() {
    let sandbox = Sandbox::new();
    let addresses = [
        ("127.0.0.1", Hold::Listen),
        ("127.0.0.2", Hold::Listen),
        ("0.0.0.0", Hold::Listen),
        ("::1", Hold::Listen),
        ("::", Hold::Listen),
        ("::", Hold::ListenV6Only),
        ("127.0.0.1", Hold::Bound),
        ("::1", Hold::Bound),
        ("0.0.0.0", Hold::Bound),
    ];
    for (address, how) in addresses {
        let Some(_socket) = hold(address, sandbox.port(0), how) else {
            crate::support::skip(&format!("{address} cannot be bound here"));
            continue;
        };
        let error = sandbox.refused(&["create", "x", "--ports"], "port_conflict");
        assert!(
            error["message"].as_str().unwrap().contains(&sandbox.port(0).to_string()),
            "{address} {error}"
        );
    }
}

#[test]
fn a_socket_that_is_bound_for_reuse_and_never_listens_is_seen() {
    if !cfg!(target_os = "linux") || !kernel_shows_bound_sockets() {
        return crate::support::skip("this kernel does not show bound sockets");
    }
    let sandbox = Sandbox::new();
    for address in ["127.0.0.1", "0.0.0.0", "::"] {
        let _socket = hold(address, sandbox.port(0), Hold::BoundReusable).unwrap();
        sandbox.refused(&["create", "x", "--ports"], "port_conflict");
    }
}

fn kernel_shows_bound_sockets() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 8)
}

#[test]
fn a_client_at_the_other_end_is_not_the_holder() {
    let sandbox = Sandbox::new();
    let demo = sandbox.path("demo");
    std::fs::create_dir(&demo).unwrap();
    let Some(server) = sandbox.python_server(&demo, "127.0.0.1", &[sandbox.port(0)]) else {
        return crate::support::skip("python3 is not installed");
    };
    let _client = std::net::TcpStream::connect(("127.0.0.1", sandbox.port(0))).unwrap();
    let error = sandbox.refused(&["create", "x", "--ports"], "port_conflict");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("pid {}", server.pid())), "{message}");
    assert!(!message.contains(&format!("pid {}", std::process::id())), "{message}");
}

#[test]
fn a_holder_that_kill_would_leave_alone_is_not_advised_to_be_ended() {
    let sandbox = Sandbox::new();
    let script = "open('/proc/self/comm', 'w').write('postgres')\ns = listen(port); ready(); stay()";
    let Some(_database) = sandbox.python(&sandbox.path("home"), sandbox.port(0), script) else {
        return crate::support::skip("python3 is not installed");
    };
    let run = sandbox.wt(&["create", "login", "--ports"]).exits(1);
    assert!(run.stderr.contains("hint:  pass `--on-conflict retry`, or see who listens"), "{}", run.shown());
    assert!(!run.stderr.contains("ports kill"), "{}", run.shown());
    let check = sandbox.wt(&["ports", "check", &sandbox.port(0).to_string()]).exits(1);
    assert!(!check.stderr.contains("ports kill"), "{}", check.shown());
    let owner = sandbox.wt(&["ports", "owner", &sandbox.port(0).to_string()]).ok();
    assert!(!owner.stderr.contains("ports kill"), "{}", owner.shown());
}

#[test]
fn a_conflict_in_a_services_own_range_names_that_range() {
    let sandbox = Sandbox::new();
    let (first, last) = (sandbox.port(7), sandbox.port(9));
    sandbox.configure(&format!(
        "[purpose.feature]\nports = \"{}-{}\"\nservices = [\"web\"]\n[service.web]\nports = \"{first}-{last}\"\n",
        sandbox.port(0),
        sandbox.port(6)
    ));
    let _held = listen(first);
    let error = sandbox.refused(&["create", "login", "--ports"], "port_conflict");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("detected in web range {first}-{last}.")), "{error}");
    let details = &error["details"];
    assert_eq!((&details["service"], &details["purpose"]), (&"web".into(), &serde_json::Value::Null));
    assert_eq!(details["range"], format!("{first}-{last}"));
}
