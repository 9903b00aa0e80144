//! Every command says the same of a port: who has it, who holds it, what that one is to us, who keeps it and what helps.

use std::fs;

use serde_json::{Value, json};

use super::support::python::Program;
use super::support::{Sandbox, skip};

/// The worktrees, each with the index of its port and whether that is pinned.
const TENANTS: [(&str, u16, bool); 13] = [
    ("own", 0, false),
    ("robbed", 1, false),
    ("haunted", 2, false),
    ("guest", 3, false),
    ("both", 4, false),
    ("split", 5, false),
    ("old", 6, false),
    ("young", 6, false),
    ("nailed", 7, true),
    ("left", 8, true),
    ("right", 8, true),
    ("cornered", 9, true),
    ("apart", 10, false),
];

/// Where each server stands, and the indices of its ports.
const SERVERS: [(&str, &[u16]); 8] = [
    ("own", &[0, 1, 5, 9]),
    ("gone", &[2]),
    ("", &[3, 4, 7]),
    ("both", &[4]),
    ("split", &[5]),
    ("young", &[6]),
    ("left", &[8]),
    ("another user", &[10]),
];

/// One row of the table that the model is held to, as it can be set up really.
struct Row {
    port: u16,
    /// The worktree that is asked about.
    of: &'static str,
    verdict: &'static str,
    /// The server of which the commands speak.
    server: &'static str,
    /// What follows its name: its relation.
    relation: &'static str,
    /// What `wt ports owner` says of its worktree.
    worktree: &'static str,
    /// Who moves by `resolve` and by `validate --fix`; `None` where nobody does.
    moves: Option<&'static str>,
    /// What `resolve` does.
    action: &'static str,
    /// What every command advises; `P` stands for the port.
    advice: &'static str,
}

const HELD: Row = Row {
    port: 0,
    of: "",
    verdict: "",
    server: "",
    relation: "",
    worktree: "",
    moves: None,
    action: "leave",
    advice: "wt ports resolve",
};

const SIBLING: Row = Row {
    verdict: "sibling",
    server: "own",
    relation: "), a sibling",
    worktree: "feature-own, a sibling",
    advice: "wt ports owner P",
    ..HELD
};

const STRANGER: Row =
    Row { verdict: "stranger", relation: "), a stranger", worktree: "none: a stranger", ..HELD };

const ROWS: [Row; 8] = [
    Row {
        port: 1,
        of: "robbed",
        moves: Some("robbed"),
        action: "move",
        advice: "wt ports resolve",
        ..SIBLING
    },
    Row { port: 5, of: "split", ..SIBLING },
    Row { port: 9, of: "cornered", ..SIBLING },
    Row {
        port: 2,
        of: "haunted",
        verdict: "stranger",
        server: "gone",
        relation: "), a stray of feature-gone",
        worktree: "none: a stray of feature-gone",
        moves: Some("haunted"),
        action: "terminate",
        ..HELD
    },
    Row { port: 3, of: "guest", moves: Some("guest"), action: "move", ..STRANGER },
    Row { port: 4, of: "both", advice: "wt ports resolve --strategy aggressive", ..STRANGER },
    Row { port: 7, of: "nailed", advice: "wt ports kill P", ..STRANGER },
    Row {
        port: 10,
        of: "apart",
        verdict: "other_user",
        server: "another user",
        relation: ", another user",
        worktree: "none: another user's",
        moves: Some("apart"),
        action: "move",
        ..HELD
    },
];

struct Street {
    sandbox: Sandbox,
    programs: Vec<Program>,
    is_root: bool,
}

impl Street {
    fn build() -> Option<Self> {
        let sandbox = Sandbox::with_ports(11);
        sandbox.make_repository("proj");
        let port = |index: u16| sandbox.port(index);
        sandbox.wt(&["create", "gone"]).ok();
        for (name, _, _) in TENANTS {
            sandbox.wt(&["create", name]).ok();
        }
        let mut registry = sandbox.registry();
        for entry in registry["worktrees"].as_array_mut().unwrap() {
            let name = entry["name"].as_str().unwrap().trim_start_matches("feature-").to_owned();
            let tenant = TENANTS.iter().find(|(known, _, _)| *known == name);
            let Some((_, index, pinned)) = tenant else { continue };
            let at = entry["created_at"].clone();
            entry["allocations"] =
                json!([{ "service": "web", "port": port(*index), "allocated_at": at, "pinned": pinned }]);
        }
        fs::write(sandbox.state().join("registry.json"), registry.to_string()).unwrap();
        let is_root = rustix::process::geteuid().is_root();
        let start = |(place, indices): &(&str, &[u16])| {
            let folder = match *place {
                "" | "another user" => sandbox.path("home"),
                name => sandbox.worktree(&format!("feature-{name}")),
            };
            let user = if *place == "another user" && is_root { "os.setuid(54321); " } else { "" };
            let ports: Vec<u16> = indices.iter().map(|index| port(*index)).collect();
            let script =
                format!("{user}s = [listen(p, reuse_port=True) for p in {ports:?}]; ready(); stay()");
            sandbox.python(&folder, ports[0], &script)
        };
        let programs = SERVERS.iter().map(start).collect::<Option<Vec<_>>>()?;
        sandbox.wt(&["remove", "gone", "--force"]).ok();
        Some(Self { sandbox, programs, is_root })
    }

    fn pid(&self, server: &str) -> u32 {
        let at = SERVERS.iter().position(|(place, _)| *place == server).unwrap();
        self.programs[at].pid
    }
}

fn at_port(rows: &Value, port: u16) -> Option<&Value> {
    rows.as_array().unwrap().iter().find(|row| row["port"] == port)
}

#[test]
fn check_scan_owner_conflicts_health_validate_and_resolve_agree_on_every_row() {
    let Some(street) = Street::build() else { return skip("no python3") };
    let sandbox = &street.sandbox;
    let json = |words: &[&str]| sandbox.wt(&[&["--json"], words].concat()).json();
    let (scan, conflicts, health) =
        (json(&["ports", "scan"]), json(&["ports", "conflicts"]), json(&["health"]));
    let (validate, resolve) =
        (json(&["validate", "--verify-ports"]), json(&["ports", "resolve", "--dry-run"]));
    let service = |name: &str| {
        let all = health["worktrees"].as_array().unwrap();
        all.iter().find(|known| known["name"] == format!("feature-{name}")).unwrap()["services"][0].clone()
    };
    for row in ROWS {
        if row.server == "another user" && !street.is_root {
            skip("not root: no other user's server");
            continue;
        }
        let port = sandbox.port(row.port);
        let advice = row.advice.replace('P', &port.to_string());
        let named = format!("held by python3 (pid {}", street.pid(row.server));
        let shown = |what: &str, seen: &Value| format!("{} of {}: {what}: {seen}", row.verdict, row.of);

        let seen = at_port(&scan["ports"], port).unwrap();
        assert_eq!(seen["verdict"], row.verdict, "{}", shown("scan", seen));
        let reason = seen["reason"].as_str().unwrap();
        let number = port.to_string();
        let check = sandbox.wt(&["ports", "check", &number]).exits(1);
        let owner = sandbox.wt(&["ports", "owner", &number]).ok();
        assert!(check.stdout.contains(reason), "{}{}", check.shown(), shown("scan", seen));
        assert!(owner.stdout.contains(row.worktree), "{}: {}", row.worktree, owner.shown());

        let conflict = at_port(&conflicts["conflicts"], port).unwrap();
        let said = conflict["level_reason"].as_str().unwrap();
        assert!(said.starts_with(&named) && said.contains(row.relation), "{}", shown("conflicts", conflict));
        assert!(reason.starts_with(said), "{}{}", shown("scan", seen), shown("conflicts", conflict));
        let step = at_port(&resolve["plan"], port).unwrap();
        assert_eq!((&step["action"], &step["reason"]), (&json!(row.action), &json!(said)), "{step}");
        let well = service(row.of);
        assert_eq!(well["reason"], said, "{}", shown("health", &well));
        let all = validate["findings"].as_array().unwrap();
        let subject = format!("feature-{}", row.of);
        let is_it = |one: &&Value| one["code"] == "port-conflict" && one["subject"] == subject.as_str();
        let finding = all.iter().find(is_it).unwrap();
        assert!(finding["message"].as_str().unwrap().ends_with(said), "{}", shown("validate", finding));
        assert_eq!(finding["fixable"], row.moves.is_some(), "{}", shown("validate", finding));

        assert_eq!(
            (&conflict["fix"], &well["action"]),
            (&json!(advice), &json!(advice)),
            "{}",
            shown("", &well)
        );
        assert!(check.stderr.contains(&format!("`{advice}`")), "{advice}: {}", check.shown());
        if let Some(hint) = finding["hint"].as_str() {
            assert!(hint.contains(&format!("`{advice}`")), "{advice}: {}", shown("validate", finding));
        }
        let helps = if row.advice.contains("owner") { "wt ports list" } else { advice.as_str() };
        assert!(owner.stderr.contains(&format!("`{helps}")), "{helps}: {}", owner.shown());
        if row.verdict == "sibling" {
            for said in [&check.stderr, &owner.stderr, &conflict.to_string(), &well.to_string()] {
                assert!(!said.contains("ports kill"), "a sibling's healthy server is not ended: {said}");
            }
        }
    }
    own_alone(&street, &scan);
    doubled(&street, &scan, &conflicts, &health, &validate, &resolve);
}

/// A worktree's own server on its own port is nobody's conflict.
fn own_alone(street: &Street, scan: &Value) {
    let port = street.sandbox.port(0);
    assert_eq!(at_port(&scan["ports"], port).unwrap()["verdict"], "own_listener");
    let check = street.sandbox.wt(&["ports", "check", &port.to_string()]).exits(1);
    check.answers(&["its own server listens"]);
}

/// A port that two have: all name the one who keeps it, or that a person must choose.
fn doubled(
    street: &Street,
    scan: &Value,
    conflicts: &Value,
    health: &Value,
    validate: &Value,
    resolve: &Value,
) {
    for (index, said, action, advice, from) in [
        (
            6,
            "`feature-young` keeps it, since its server runs on it, and `feature-old` moves",
            "move",
            "wt ports resolve",
            "old",
        ),
        (8, "nobody may be moved", "leave", "a person must choose", "right"),
    ] {
        let port = street.sandbox.port(index);
        let number = port.to_string();
        let check = street.sandbox.wt(&["ports", "check", &number]).exits(1);
        let owner = street.sandbox.wt(&["ports", "owner", &number]).ok();
        assert!(check.stdout.contains(said) && check.stderr.contains(advice), "{}", check.shown());
        assert!(owner.stderr.contains(advice), "{}", owner.shown());
        let seen = at_port(&scan["ports"], port).unwrap();
        assert!(seen["reason"].as_str().unwrap().contains(said), "{seen}");
        let conflict = at_port(&conflicts["conflicts"], port).unwrap();
        assert!(conflict["level_reason"].as_str().unwrap().contains(said), "{conflict}");
        assert!(conflict["fix"].as_str().unwrap().contains(advice), "{conflict}");
        let step = at_port(&resolve["plan"], port).unwrap();
        assert_eq!(step["action"], action, "{step}");
        assert!(step["reason"].as_str().unwrap().contains(said), "{step}");
        let worktrees = health["worktrees"].as_array().unwrap();
        let well = worktrees.iter().find(|one| one["name"] == format!("feature-{from}")).unwrap();
        let (reason, action) = (&well["services"][0]["reason"], &well["services"][0]["action"]);
        let reason = reason.as_str().unwrap();
        assert!(reason.contains(said) && reason.contains("), a sibling; "), "{reason}");
        assert!(action.as_str().unwrap().contains(advice), "{action}");
        let findings = validate["findings"].as_array().unwrap();
        let is_it = |one: &&Value| {
            one["code"] == "duplicate-port" && one["message"].as_str().unwrap().contains(&number)
        };
        let found: Vec<&Value> = findings.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0]["message"].as_str().unwrap().contains(said), "{found:?}");
        assert_eq!(found[0]["fixable"], step["action"] == "move");
    }
}
