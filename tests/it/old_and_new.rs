//! An older program and this one take turns on one registry, a thousand commands in any order: neither loses a field that
//! the other wrote, nor one that neither knows. `WT_TEST_OLD_WT=FILE` names the older program.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::dice::Dice;
use crate::support::run::Run;
use crate::support::skip::skip;

const COMMANDS: u32 = 1000;

/// How often both are asked what they see.
const EVERY: u64 = 50;

struct Turns {
    sandbox: Sandbox,
    dice: Dice,
    old: String,
    number: u64,
    ran: BTreeMap<(&'static str, i32), u32>,
}

impl Turns {
    /// Runs the command by one of the two.
    fn run(&mut self, arguments: &[&str]) -> Run {
        let (which, program) = match self.dice.roll(2) {
            0 => ("old", self.old.clone()),
            _ => ("new", env!("CARGO_BIN_EXE_wt").to_owned()),
        };
        let run = self.by(&program, arguments);
        assert!(!run.stderr.contains("panicked"), "{which}: {}", run.shown());
        *self.ran.entry((which, run.status)).or_default() += 1;
        run
    }

    fn by(&self, program: &str, arguments: &[&str]) -> Run {
        let output = self.sandbox.program(program, &self.sandbox.repo()).args(arguments).output().unwrap();
        Run::new(arguments, &output)
    }

    /// A name of which there may be a worktree.
    fn name(&mut self) -> String {
        format!("feature-w{}", self.dice.roll(12))
    }

    fn port(&mut self) -> String {
        let count = u64::from(self.sandbox.feature_count());
        self.sandbox.port(u16::try_from(self.dice.roll(count)).unwrap()).to_string()
    }

    fn step(&mut self) {
        let (name, port) = (self.name(), self.port());
        let identifier = name.trim_start_matches("feature-").to_owned();
        match self.dice.roll(16) {
            0..=2 => drop(self.run(&["create", &identifier, "--ports"])),
            3 => drop(self.run(&["create", &identifier, "--ports=2", "--no-env"])),
            4 | 5 => drop(self.run(&["remove", &name, "--force"])),
            6 => drop(self.run(&["restore", &name])),
            7 => drop(self.run(&["ports", "allocate", "--worktree", &name, "--service", "extra"])),
            8 => drop(self.run(&["ports", "release", &port])),
            9 => drop(self.run(&["ports", "exclude", &port, "--reason", "a printer"])),
            10 => drop(self.run(&["ports", "include", &port])),
            11 => self.create_by_git(),
            12 => drop(self.run(&["adopt"])),
            13 => self.move_by_git(&name),
            14 => drop(self.run(&["list"])),
            _ => drop(self.run(&["env", &name])),
        }
    }

    fn create_by_git(&mut self) {
        self.number += 1;
        let path = self.sandbox.path(&format!("by-git-{}", self.number));
        let branch = format!("fix/g{}", self.number);
        self.sandbox
            .git(&self.sandbox.repo(), &["worktree", "add", "-q", "-b", &branch, path.to_str().unwrap()]);
    }

    fn move_by_git(&mut self, name: &str) {
        self.number += 1;
        let (from, to) = (self.sandbox.worktree(name), self.sandbox.path(&format!("moved-{}", self.number)));
        let words = ["worktree", "move", from.to_str().unwrap(), to.to_str().unwrap()];
        self.sandbox.try_git(&self.sandbox.repo(), &words);
    }

    /// Writes into each row a field that no version knows, and notes that one of them may not know.
    fn mark(&self) {
        let file = self.sandbox.state().join("registry.json");
        let Ok(bytes) = fs::read(&file) else { return };
        let mut registry: Value = serde_json::from_slice(&bytes).unwrap();
        registry["later"] = json!({ "a": [1, "two"] });
        for list in ["repositories", "worktrees", "exclusions", "counters"] {
            for row in registry[list].as_array_mut().into_iter().flatten() {
                row["later"] = json!({ "list": list });
                for allocation in row["allocations"].as_array_mut().into_iter().flatten() {
                    allocation["later"] = json!("kept");
                    allocation["last_listening"] = json!("not a time");
                    allocation["moved_at"] = json!("2026-01-01T00:00:00Z");
                }
                if list == "worktrees" {
                    row["compose_project"] = json!("chosen");
                }
            }
        }
        let rows = registry["worktrees"].as_array_mut().unwrap();
        if !rows.iter().any(|row| row["name"] == 7) {
            rows.push(json!({ "name": 7, "later": "unreadable" }));
        }
        // As the program writes it, a row on each line: both read that in passing.
        let text = serde_json::to_string(&registry).unwrap();
        fs::write(&file, text.replace("},{\"repository\":", "},\n{\"repository\":")).unwrap();
    }

    /// The marks of every row, by what the row is about.
    fn marks(&self) -> BTreeMap<String, Value> {
        let registry = self.sandbox.registry();
        let mut found = BTreeMap::new();
        found.insert("top".to_owned(), registry["later"].clone());
        let keys: [(&str, &[&str]); 4] = [
            ("repositories", &["id"]),
            ("worktrees", &["sequence", "name"]),
            ("exclusions", &["first", "last", "ports"]),
            ("counters", &["kind", "purpose", "service"]),
        ];
        for (list, keys) in keys {
            for row in registry[list].as_array().into_iter().flatten() {
                let of: Vec<String> = keys.iter().map(|key| row[*key].to_string()).collect();
                let of = format!("{list} {}", of.join(" "));
                found.insert(of.clone(), json!([row["later"], row["compose_project"]]));
                for known in row["allocations"].as_array().into_iter().flatten() {
                    let marks = json!([known["later"], known["last_listening"], known["moved_at"]]);
                    found.insert(format!("{of} {} {}", known["service"], known["port"]), marks);
                }
            }
        }
        found
    }

    /// What `program` says is there.
    fn seen(&self, program: &str) -> Value {
        let listed = self.by(program, &["--json", "list"]).ok().json();
        let rows = listed["worktrees"].as_array().unwrap().iter();
        rows.map(|row| {
            let ports = row["ports"].as_array().into_iter().flatten();
            let ports: Vec<Value> = ports.map(|port| json!([port["service"], port["port"]])).collect();
            json!([row["name"], row["path"], row["branch"], row["purpose"], ports])
        })
        .collect()
    }
}

#[test]
fn an_older_program_and_this_one_take_turns_without_loss() {
    let Some(old) = std::env::var("WT_TEST_OLD_WT").ok().filter(|old| !old.is_empty()) else {
        return skip("WT_TEST_OLD_WT names no older `wt`");
    };
    let sandbox = Sandbox::with_ports(20);
    sandbox.make_repository("proj");
    let mut turns = Turns { sandbox, dice: Dice(20), old, number: 0, ran: BTreeMap::new() };
    let commands = |turns: &Turns| turns.ran.values().sum::<u32>();
    let mut step = 0;
    while commands(&turns) < COMMANDS {
        step += 1;
        turns.mark();
        let before = turns.marks();
        turns.step();
        let after = turns.marks();
        for (of, marks) in before {
            // A row that is there still says what it said; a repository's row is not made anew.
            if let Some(now) = after.get(&of) {
                assert_eq!(*now, marks, "step {step}: {of}");
            } else {
                assert!(!of.starts_with("top") && !of.starts_with("counters"), "step {step}: {of} is gone");
            }
        }
        if step % EVERY == 0 {
            let (old, new) = (turns.seen(&turns.old), turns.seen(env!("CARGO_BIN_EXE_wt")));
            assert_eq!(old, new, "step {step}");
        }
    }
    for ((which, status), count) in &turns.ran {
        println!("{which}: {count} commands ended with {status}");
    }
    assert_eq!(turns.sandbox.registry()["schema"], 1);
}
