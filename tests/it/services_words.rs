//! What people are told while services start, crash, fail and stop: each change once, and every failure with its reason.

use crate::support::terminal::Terminal;
use crate::support::{Run, Sandbox};

/// Ends with this status the first time, and serves from then on.
const SECOND_TRY: &str = "import sys, os, http.server as h
if not os.path.exists('tried'):
    open('tried', 'w')
    sys.exit(3)
h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()
";

/// The lines on stderr without the ports, and with every time as `N`.
fn lines(run: &Run) -> Vec<String> {
    let word = |word: &str| match word {
        word if word.parse::<u16>().is_ok_and(|number| number > 1000) => "P".to_owned(),
        word if word.ends_with("ms")
            || word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            "N".to_owned()
        }
        word => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    run.stderr.lines().map(line).collect()
}

#[test]
fn every_change_is_said_once_in_order_and_for_the_right_service() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("second.py"), SECOND_TRY).unwrap();
    let config = format!(
        "[service.api]\nrun = \"python3 {} {{{{ port }}}}\"\n\
         restart = {{ policy = \"on-failure\", max = 3, backoff = \"20ms\" }}\n\
         [service.web]\nrun = \"python3 -m http.server {{{{ port }}}}\"\ndepends_on = [\"api\"]\n",
        sandbox.path("second.py").display()
    );
    let fleet = sandbox.fleet("one", &config);
    let up = fleet.wt(&["up"]).ok();
    assert_eq!(
        lines(&up),
        [
            "api on P starting",
            "web on P waiting for `api`",
            "api on P crashed (exit 3), again in N (1 of 3)",
            "api on P starting",
            "api on P ready after N",
            "web on P starting",
            "web on P ready after N",
        ],
        "{}",
        up.shown()
    );
    let again = fleet.wt(&["up"]).ok();
    assert_eq!(lines(&again), Vec::<String>::new(), "nothing changed");
    let restart = fleet.wt(&["restart", "web"]).ok();
    assert_eq!(lines(&restart), ["web on P stopping", "web on P starting", "web on P ready after N"]);
    let down = fleet.wt(&["down"]).ok();
    assert_eq!(
        lines(&down),
        ["web on P stopping", "web on P stopped", "api on P stopping", "api on P stopped"]
    );
}

#[test]
fn all_services_that_fail_are_told_with_reason_and_last_words() {
    let sandbox = Sandbox::new();
    let config = "[service.api]\nrun = \"sh -c 'echo no database; exit 3'\"\n\
                  [service.mail]\nrun = \"wt-no-such-command\"\n\
                  [service.web]\nrun = \"sh -c 'echo no node_modules; exit 4'\"\n\
                  [service.admin]\nrun = \"sh -c 'sleep 60'\"\ndepends_on = [\"web\"]\n";
    let fleet = sandbox.fleet("one", config);
    let up = fleet.wt(&["--json", "up"]).exits(1);
    let error = up.error("service_failed");
    let message = error["message"].as_str().unwrap();
    for part in [
        "4 services did not start",
        "`api`: ended with status 3\n  its last words:\n    no database\n",
        "`mail`: `wt-no-such-command` cannot be run: there is no such command\n",
        "`web`: ended with status 4\n  its last words:\n    no node_modules\n",
        "`admin`: needs `web`, which failed",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(error["hint"].as_str().unwrap().contains("`wt logs api mail web`"), "{error}");
    let failures = error["details"]["failures"].as_array().unwrap();
    let names: Vec<&str> = failures.iter().map(|failure| failure["service"].as_str().unwrap()).collect();
    assert_eq!(names, ["api", "mail", "web", "admin"], "the causes first");
    assert_eq!(failures[2]["log"], serde_json::json!(["no node_modules"]));
    assert_eq!(failures[3]["reason"], "needs `web`, which failed");
    for (name, reason) in [("api", "ended with status 3"), ("web", "ended with status 4")] {
        assert_eq!(fleet.state(name), ("failed".to_owned(), reason.to_owned()));
    }
}

#[test]
fn what_was_asked_for_by_name_and_fails_is_a_failure_though_the_others_can_do_without_it() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'exit 3'\"\ncritical = false\n\
                  [service.api]\nrun = \"python3 -m http.server {{ port }}\"\n";
    let fleet = sandbox.fleet("one", config);
    for command in ["up", "restart"] {
        fleet.wt(&["--json", command, "web"]).exits(1).error("service_failed");
        fleet.wt(&[command]).ok();
        assert_eq!(fleet.state("api").0, "ready");
    }
}

#[test]
fn a_further_port_that_nobody_listens_on_is_named_with_what_can_be_done_about_it() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"python3 -m http.server {{ port }}\"\nextra_ports = [\"web-debug\"]\n\
                  health = { tcp = {}, start_timeout = \"3s\" }\n";
    let fleet = sandbox.fleet("one", config);
    let error = fleet.wt(&["--json", "up"]).exits(1).error("service_failed");
    let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
    assert!(
        message.contains("its further port `web-debug` (WEB_DEBUG_PORT): nothing listens on "),
        "{message}"
    );
    assert!(hint.contains("start_timeout") && hint.contains("`listens = false`"), "{hint}");
    let calm = format!("{config}[service.web-debug]\nlistens = false\n");
    std::fs::write(sandbox.repo().join(".wt.toml"), calm).unwrap();
    fleet.wt(&["up"]).ok();
    assert_eq!(fleet.state("web").0, "ready");
}

#[test]
fn a_further_port_that_was_late_is_no_reason_of_a_service_that_fails_its_check() {
    let sandbox = Sandbox::new();
    let script = sandbox.path("late.py");
    let text = "import http.server as h, os, threading, time
class Busy(h.BaseHTTPRequestHandler):
    def do_GET(self): self.send_error(503)
def serve(name): h.HTTPServer(('127.0.0.1', int(os.environ[name])), Busy).serve_forever()
threading.Thread(target=serve, args=('PORT',)).start()
time.sleep(0.5); serve('WEB_DEBUG_PORT')
";
    std::fs::write(&script, text).unwrap();
    let config = format!(
        "[service.web]\nrun = \"python3 {}\"\nextra_ports = [\"web-debug\"]\n\
         health = {{ http = \"/\", start_timeout = \"3s\" }}\n",
        script.display()
    );
    let fleet = sandbox.fleet("one", &config);
    let error = fleet.wt(&["--json", "up"]).exits(1).error("service_failed");
    let (message, hint) = (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap());
    assert!(message.contains("503") && !hint.contains("extra_ports"), "{message}\n{hint}");
}

#[test]
fn status_takes_services_and_an_unreadable_configuration_drops_none() {
    let sandbox = Sandbox::new();
    let config = "[service.api]\nrun = \"python3 -m http.server {{ port }}\"\n\
                  [service.web]\nrun = \"python3 -m http.server {{ port }}\"\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["logs"]).ok().says(&["no service of `feature-one` has been started yet", "`wt up`"]);
    fleet.wt(&["up"]).ok();
    let shown = fleet.json(&["status", "web"]);
    assert_eq!(shown["services"].as_array().unwrap().len(), 1, "{shown}");
    fleet.wt(&["--json", "status", "wbe"]).exits(1).error("not_found");
    std::fs::write(sandbox.repo().join(".wt.toml"), "[service.api\n").unwrap();
    assert_eq!(fleet.state("api"), ("ready".to_owned(), String::new()));
    fleet.wt(&["down", "api"]).ok();
    assert_eq!(fleet.state("web"), ("ready".to_owned(), String::new()));
    let error = fleet.wt(&["--json", "down", "api"]).exits(1).error("not_found");
    assert!(error["message"].as_str().unwrap().contains("configuration cannot be read"), "{error}");
}

#[test]
fn the_foreground_says_what_runs_already_and_a_second_interrupt_what_is_waited_for() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'trap \\\"\\\" TERM; while :; do sleep 0.1; done'\"\nlistens = false\n\
                  stop = { timeout = \"4s\" }\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["up"]).ok();
    let mut terminal = Terminal::start(sandbox.command(&fleet.folder, &["up", "--foreground"]));
    terminal.expect("and was before");
    terminal.expect("Ctrl-C stops all services");
    terminal.interrupt();
    terminal.expect("stopping");
    terminal.interrupt();
    terminal.expect("waiting for `web`");
    let (code, screen) = terminal.finish();
    assert_eq!(code, 130, "{screen}");
}

#[test]
fn what_its_supervisor_gave_up_is_unhealthy_and_fails_the_check_of_a_status() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"sh -c 'sleep 0.2; exit 3'\"\n[service.job]\nrun = \"true\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["status", "--check"]).exits(1);
    fleet.wt(&["up", "job"]).ok();
    crate::support::wait::until("its end", || fleet.state("job").0 == "completed");
    fleet.wt(&["status", "--check", "job"]).ok();
    fleet.wt(&["health"]).ok();
    fleet.wt(&["restart", "web"]).exits(1);
    assert_eq!(fleet.state("web").0, "failed");
    fleet.wt(&["status", "--check"]).exits(1);
    let run = fleet.wt(&["--json", "health"]).exits(1);
    let web = run.json()["worktrees"][0]["services"][0].clone();
    assert_eq!((&web["service"], &web["health"]), (&"web".into(), &"unhealthy".into()), "{web}");
    assert!(web["reason"].as_str().unwrap().starts_with("failed"), "{web}");
    let action = web["action"].as_str().unwrap();
    assert!(action.ends_with("logs web"), "{web}");
    let words: Vec<&str> = action.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    sandbox.wt(&words).ok();
}

#[test]
fn where_a_service_is_reached_stands_beside_its_being_ready() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"python3 -m http.server --bind 127.0.0.1 {{ port }}\"\n\
                  [service.job]\nrun = \"true\"\nlistens = false\n";
    let fleet = sandbox.fleet("one", config);
    let up = fleet.wt(&["up"]).ok();
    let url = format!("http://localhost:{}", fleet.port("web"));
    let row = up.stdout.lines().find(|line| line.starts_with("web\tready\t")).unwrap();
    assert!(row.ends_with(&format!("\t{url}")), "{}", up.shown());
    let (_, screen) = Terminal::start(sandbox.command(&fleet.folder, &["status"])).finish();
    let words: Vec<&str> = screen.split_whitespace().collect();
    assert!(words.windows(2).any(|pair| pair[0] == "ready" && pair[1].contains(&url)), "{screen}");
    let services = fleet.json(&["up"])["services"].clone();
    let urls: Vec<_> = services
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["service"].as_str(), one["url"].as_str()))
        .collect();
    assert_eq!(urls, [(Some("job"), None), (Some("web"), Some(url.as_str()))], "{services}");
    let mut terminal = Terminal::start(sandbox.command(&fleet.folder, &["up", "web", "--foreground"]));
    terminal.expect(&url);
    terminal.interrupt();
    assert_eq!(terminal.finish().0, 130);
}

#[test]
fn whoever_wants_to_hear_more_hears_what_was_looked_at() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nrun = \"python3 -m http.server --bind 127.0.0.1 {{ port }}\"\nhealth = { http = \"/\" }\n";
    let fleet = sandbox.fleet("one", config);
    assert!(!fleet.wt(&["up"]).ok().stderr.contains("looked at"));
    fleet.wt(&["down"]).ok();
    let port = fleet.port("web");
    let folder = fleet.folder.display().to_string();
    let supervised = sandbox.services_of("feature-one").display().to_string();
    let check = "ready once its check `http` passes";
    fleet
        .wt(&["-v", "up"])
        .ok()
        .says(&[&format!("looked at web on {port}: in {folder}, {check}"), &supervised]);
    let sockets = format!(
        "web of feature-one: looked at the sockets on port {port}: one of this worktree listens; asked by"
    );
    fleet.wt(&["-v", "health"]).ok().says(&[&sockets, "`http`"]);
    fleet.wt(&["down"]).ok();
    fleet.wt(&["-v", "health"]).ok().says(&["there is none, so nobody was asked"]);
    let range = sandbox.feature_range();
    let scan = sandbox.wt(&["-v", "ports", "scan"]).ok();
    scan.says(&[&format!("looked at {range} (feature)"), "looked at the machine's sockets"]);
    assert!(!sandbox.wt(&["ports", "scan"]).ok().stderr.contains("looked at"));
}
