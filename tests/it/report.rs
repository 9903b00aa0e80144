//! `wt report`: the numbers of some days in the words of the other commands, for people, programs and a browser.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use crate::support::holder::{Hold, hold};
use crate::support::services::kill;
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\nrestart = \"always\"\n\
     health = { tcp = {}, interval = \"200ms\" }\n";

#[test]
fn ports_conflicts_services_and_what_was_done_are_summed_up_and_the_server_says_the_same() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    kill(fleet.pid("web"));
    until("its restart", || sandbox.events().iter().any(|event| event["event"] == "restarted"));
    until("its second start", || fleet.state("web").0 == "ready");
    // Nobody asks for its health: its supervisor's checks are what is known.
    let seen = || sandbox.json(&["report"])["services"][0].clone();
    until("a look of its supervisor", || {
        let web = seen();
        web["latency_ms"]["p95"].is_f64() && web["health"] == "healthy"
    });
    let metrics = sandbox.wt(&["metrics"]).ok().stdout;
    assert!(metrics.contains("\nwt_check_duration_seconds{"), "{metrics}");
    let ports = [sandbox.port(1)];
    let Some(_stranger) = sandbox.python_server(&sandbox.path("home"), "127.0.0.1", &ports) else {
        return skip("python3");
    };
    sandbox.wt(&["create", "two", "--ports"]).exits(1);
    sandbox.wt(&["create", "two", "--ports", "--on-conflict", "retry"]).ok();
    sandbox.wt(&["remove", "feature-two", "--force"]).ok();
    let before = sandbox.snapshot();
    let run = sandbox.wt(&["report", "--json"]).ok();
    sandbox.assert_unchanged(&before, &run);
    let report = run.json();
    let counted = &report["ports"];
    assert_eq!((&counted["allocated"], &counted["peak"]), (&1.into(), &2.into()), "{counted}");
    assert_eq!(counted["strangers"], 1, "{counted}");
    let feature = counted["ranges"].as_array().unwrap().iter().find(|one| one["range"] == "feature").unwrap();
    assert_eq!((&feature["capacity"], &feature["used"]), (&sandbox.feature_count().into(), &1.into()));
    let met = &report["conflicts"];
    assert_eq!((&met["total"], &met["by_kind"]["system"]), (&2.into(), &2.into()), "{met}");
    assert_eq!((&met["by_level"]["high"], &met["by_level"]["low"]), (&1.into(), &1.into()), "{met}");
    assert!(met["by_holder"][0]["holder"].as_str().unwrap().starts_with("python3"), "{met}");
    let hours: u64 = met["by_hour"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((met["by_hour"].as_array().unwrap().len(), hours), (24, 2), "{met}");
    assert_eq!(report["actions"][0]["action"], "retry", "{report}");
    let web = &report["services"][0];
    assert_eq!((&web["service"], &web["state"]), (&"web".into(), &"ready".into()), "{web}");
    assert_eq!((&web["health"], &web["restarts"]), (&"healthy".into(), &1.into()), "{web}");
    assert!(web["latency_ms"]["p95"].is_f64() && web["memory_bytes"].is_u64(), "{web}");
    assert_eq!(sandbox.json(&["report", "--since", "0s"])["conflicts"]["total"], 0);
    sandbox.refused(&["report", "--since", "yesterday"], "usage");

    let shown = sandbox.wt(&["report"]).ok();
    for words in ["CONFLICTS", "python3", "retry: done", ":00 UTC\t", "feature-one\tweb\thealthy\t1"] {
        assert!(shown.stdout.contains(words), "{}", shown.stdout);
    }
    let server = sandbox.serve(&[]);
    let answered = server.get("/api/report").json();
    assert_eq!(answered["command"], "report");
    assert_eq!(answered["conflicts"], sandbox.json(&["report", "--all"])["conflicts"]);
    assert_eq!(server.get("/api/report?since=yesterday").status, 400);
}

/// Lets worktrees be as old as that, as far as files and records tell.
fn let_be_old(sandbox: &Sandbox, repository: &str, names: &[&str], days: i64) {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    let file = sandbox.state().join("registry.json");
    let mut registry = sandbox.registry();
    for entry in registry["worktrees"].as_array_mut().unwrap() {
        if !names.contains(&entry["name"].as_str().unwrap()) {
            continue;
        }
        entry["created_at"] = then.to_string().into();
        for allocation in entry["allocations"].as_array_mut().unwrap() {
            allocation["allocated_at"] = then.to_string().into();
        }
    }
    fs::write(&file, registry.to_string()).unwrap();
    for name in names {
        fs::write(sandbox.path(repository).join(".git/worktrees").join(name).join("logs/HEAD"), "").unwrap();
        touch(&sandbox.path(&format!("{repository}.worktrees")).join(name), then);
    }
}

/// Gives a folder and all in it that time, links themselves too.
fn touch(path: &std::path::Path, then: jiff::Timestamp) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            touch(&entry.unwrap().path(), then);
        }
    }
    let at = Timespec { tv_sec: then.as_second(), tv_nsec: 0 };
    let times = Timestamps { last_access: at, last_modification: at };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

fn advised(report: &serde_json::Value) -> Vec<&str> {
    let all = report["recommendations"].as_array().unwrap();
    let mut commands: Vec<&str> = all.iter().map(|one| one["command"].as_str().unwrap()).collect();
    commands.sort_unstable();
    commands
}

fn idle(report: &serde_json::Value) -> Vec<&str> {
    let all = report["idle"].as_array().unwrap();
    let mut names: Vec<&str> = all.iter().map(|one| one["worktree"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn only_worktrees_that_were_idle_for_a_day_and_go_without_a_question_are_better_removed() {
    let sandbox = Sandbox::new();
    for name in ["old", "dirty", "locked", "busy", "here", "fresh"] {
        sandbox.wt(&["create", name, "--purpose", "docs"]).ok();
    }
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["create", "two"]).ok();
    fs::write(sandbox.worktree("docs-dirty").join("notes.txt"), "mine").unwrap();
    let _sleeper = sandbox.sleeper(&sandbox.worktree("docs-busy"));
    let locked = sandbox.worktree("docs-locked");
    sandbox.git(&sandbox.repo(), &["worktree", "lock", locked.to_str().unwrap()]);
    let old = ["docs-busy", "docs-dirty", "docs-here", "docs-locked", "docs-old"];
    let_be_old(&sandbox, "proj", &old, 9);
    let_be_old(&sandbox, "other", &["feature-two"], 3);

    let here = sandbox.worktree("docs-here");
    let week = sandbox.json_in(&here, &["report"]);
    assert_eq!((idle(&week), advised(&week)), (old.to_vec(), vec!["wt remove docs-old"]), "{week}");
    assert!(week["idle"][0]["disk_bytes"].as_u64().unwrap() > 0, "{week}");
    assert_eq!(week["idle"][0]["repository_name"], "proj");
    let now = sandbox.json(&["report", "--since", "0s"]);
    assert!(idle(&now).contains(&"docs-fresh"), "nothing happened since now: {now}");
    assert_eq!(advised(&now), ["wt remove docs-here", "wt remove docs-old"], "{now}");
    let all = sandbox.json(&["report", "--since", "2d", "--all"]);
    let other = format!("wt -C {} remove feature-two", sandbox.path("other").display());
    assert!(advised(&all).contains(&other.as_str()) && !idle(&week).contains(&"feature-two"), "{all}");
    for time in ["2999-01-01", "2999-01-01T00:00:00Z"] {
        let refused = sandbox.refused(&["report", "--since", time], "usage");
        assert!(refused["message"].as_str().unwrap().contains("is yet to come"), "{refused}");
    }
}

#[test]
fn a_port_that_a_worktree_has_by_now_is_not_advised_to_be_excluded() {
    let sandbox = Sandbox::new();
    let port = sandbox.port(0);
    let stranger = hold("127.0.0.1", port, Hold::Listen).unwrap();
    for _ in 0..3 {
        sandbox.wt(&["create", "one", "--ports"]).exits(1);
    }
    let exclude = format!("wt ports exclude {port} --reason 'held by others'");
    assert_eq!(advised(&sandbox.json(&["report"])), [exclude.as_str()]);
    drop(stranger);
    sandbox.wt(&["create", "one", "--ports"]).ok();
    assert_eq!(advised(&sandbox.json(&["report"])), Vec::<&str>::new());
}

#[test]
fn the_page_is_one_private_file_and_overwrites_only_an_earlier_report() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let file = sandbox.path("home/report.html");
    let name = file.to_str().unwrap();
    sandbox.wt(&["report", "--html", name]).ok();
    sandbox.wt(&["report", "--html", name]).ok();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("<svg") && !text.contains("<script") && !text.contains("src="), "{text}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let printed = sandbox.wt(&["report", "--html", "-"]).ok().stdout;
    assert!(printed.starts_with("<!DOCTYPE html>") && printed.ends_with("</html>\n"), "{printed}");

    let letter = sandbox.path("home/letter.html");
    fs::write(&letter, "<!DOCTYPE html>\n<p>mine").unwrap();
    let link = sandbox.path("home/link.html");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for other in [&letter, &link, &sandbox.path("home")] {
        sandbox.wt(&["report", "--html", other.to_str().unwrap()]).exits(1).says(&["is no report"]);
    }
    assert_eq!(fs::read_to_string(&letter).unwrap(), "<!DOCTYPE html>\n<p>mine");
    let both = sandbox.wt(&["report", "--json", "--html", name]).exits(2);
    both.error("usage");
}
