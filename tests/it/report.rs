//! `wt report`: the numbers of some days in the words of the other commands, for people, programs and a browser.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::services::kill;
use crate::support::wait::until;
use crate::support::{Sandbox, skip};

const SERVER: &str =
    "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\nrestart = \"always\"\n";

#[test]
fn ports_conflicts_services_and_what_was_done_are_summed_up_and_the_server_says_the_same() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SERVER);
    fleet.wt(&["up"]).ok();
    kill(fleet.pid("web"));
    until("its restart", || sandbox.events().iter().any(|event| event["event"] == "restarted"));
    until("its second start", || fleet.state("web").0 == "ready");
    fleet.wt(&["health"]);
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
    assert_eq!(sandbox.json(&["report", "--since", "2999-01-01"])["conflicts"]["total"], 0);
    sandbox.refused(&["report", "--since", "yesterday"], "usage");

    let shown = sandbox.wt(&["report"]).ok();
    for words in ["CONFLICTS", "python3", "retry: done", "feature-one\tweb\thealthy\t1"] {
        assert!(shown.stdout.contains(words), "{}", shown.stdout);
    }
    let server = sandbox.serve(&[]);
    let answered = server.get("/api/report").json();
    assert_eq!(answered["command"], "report");
    assert_eq!(answered["conflicts"], sandbox.json(&["report", "--all"])["conflicts"]);
    assert_eq!(server.get("/api/report?since=yesterday").status, 400);
}

#[test]
fn an_idle_worktree_is_named_with_its_disk_and_the_command_and_each_repository_has_its_own_report() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.make_repository("other");
    sandbox.wt_in(&sandbox.path("other"), &["create", "two"]).ok();
    let later = "2999-01-01";
    let report = sandbox.json(&["report", "--since", later]);
    assert_eq!(report["idle"].as_array().unwrap().len(), 1, "{report}");
    let idle = &report["idle"][0];
    assert_eq!((&idle["worktree"], &idle["repository_name"]), (&"feature-one".into(), &"proj".into()));
    assert!(idle["disk_bytes"].as_u64().unwrap() > 0, "{idle}");
    assert_eq!(report["recommendations"][0]["command"], "wt remove feature-one", "{report}");
    let all = sandbox.json(&["report", "--since", later, "--all"]);
    assert_eq!(all["idle"].as_array().unwrap().len(), 2, "{all}");
    assert_eq!(sandbox.json(&["report"])["idle"].as_array().unwrap().len(), 0, "both were made just now");
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
