//! `wt logs`: what services have written, from which runs, how much of it, and what is added.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::Sandbox;
use crate::support::terminal::Terminal;
use crate::support::wait::end_of;

struct Logged {
    sandbox: Sandbox,
    folder: PathBuf,
}

impl Logged {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.configure("[service.web]\nrun = \"true\"\n[service.db]\nrun = \"true\"\n");
        sandbox.wt(&["create", "one", "--ports=web"]).ok();
        let folder = sandbox.services_of("feature-one").join("logs");
        fs::create_dir_all(&folder).unwrap();
        Self { sandbox, folder }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        OpenOptions::new().append(true).create(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    }

    fn logs(&self, arguments: &[&str]) -> String {
        let words: Vec<&str> = std::iter::once("logs").chain(arguments.iter().copied()).collect();
        self.sandbox.wt_in(&self.sandbox.worktree("feature-one"), &words).ok().stdout.clone()
    }
}

#[test]
fn one_service_is_shown_as_it_wrote_and_several_with_their_names() {
    let logged = Logged::new();
    logged.write("web.log", "one\ntwo");
    logged.write("api.log", "\u{1b}[31mthree\u{1b}[0m\n");
    assert_eq!(logged.logs(&["web"]), "one\ntwo\n");
    assert_eq!(logged.logs(&[]), "api\t\u{1b}[31mthree\u{1b}[0m\nweb\tone\nweb\ttwo\n");
    assert_eq!(logged.logs(&["web", "api"]), "web\tone\nweb\ttwo\napi\t\u{1b}[31mthree\u{1b}[0m\n");
    let worktree = logged.sandbox.worktree("feature-one");
    let answer = logged.sandbox.json_in(&worktree, &["logs", "web"]);
    assert_eq!(
        answer["lines"],
        json!([{ "service": "web", "line": "one" }, { "service": "web", "line": "two" }])
    );
}

#[test]
fn the_last_lines_are_counted_for_each_service() {
    let logged = Logged::new();
    logged.write("web.log", "1\n2\n3\n4\n");
    logged.write("api.log", "5\n");
    assert_eq!(logged.logs(&["--tail", "2"]), "api\t5\nweb\t3\nweb\t4\n");
    assert_eq!(logged.logs(&["-n", "0"]), "");
}

#[test]
fn what_is_kept_of_an_endless_line_is_shown() {
    let logged = Logged::new();
    let path = logged.write("web.log", "");
    // As a head that was given back.
    fs::File::options().write(true).open(&path).unwrap().set_len(4 << 20).unwrap();
    logged.write("web.log", &"x".repeat(3 << 20));
    for arguments in [&["web"][..], &["web", "-n", "5"]] {
        assert_eq!(logged.logs(arguments).matches('x').count(), 3 << 20, "{arguments:?}");
    }
}

#[test]
fn since_chooses_the_runs_that_still_wrote_then() {
    let logged = Logged::new();
    for (name, text, hours) in
        [("web.log.2", "oldest\n", 9), ("web.log.1", "old\n", 2), ("web.log", "new\n", 0)]
    {
        let path = logged.write(name, text);
        let time = SystemTime::now() - Duration::from_secs(hours * 3600);
        fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    }
    assert_eq!(logged.logs(&["web"]), "new\n", "the last run");
    assert_eq!(logged.logs(&["web", "--since", "3h"]), "old\nnew\n");
    assert_eq!(logged.logs(&["web", "--since", "1d"]), "oldest\nold\nnew\n");
    assert_eq!(logged.logs(&["web", "--since", "1d", "--tail", "2"]), "old\nnew\n");
    let worktree = logged.sandbox.worktree("feature-one");
    logged.sandbox.refused_in(&worktree, &["logs", "--since", "yesterday-ish"], "usage");
}

#[test]
fn following_shows_what_is_added_and_later_runs_and_ends_with_its_reader() {
    let logged = Logged::new();
    let current = logged.write("web.log", "zero\none\n");
    let worktree = logged.sandbox.worktree("feature-one");
    let mut command = logged.sandbox.command(&worktree, &["logs", "-f", "--tail", "1"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "web\tone");
    logged.write("web.log", "two\n");
    assert_eq!(next(), "web\ttwo");
    // Two runs between two looks: none of their lines is passed over.
    logged.write("web.log", "last words");
    fs::rename(&current, logged.folder.join("web.log.2")).unwrap();
    logged.write("web.log.1", "short life\n");
    logged.write("web.log", "third run\n");
    assert_eq!([next(), next(), next()], ["web\tlast words", "web\tshort life", "web\tthird run"]);
    // A service that starts later.
    logged.write("api.log", "hello\n");
    assert_eq!(next(), "api\thello");
    drop(lines);
    assert!(end_of(&mut child).success());
}

#[test]
fn following_earlier_runs_shows_their_unfinished_last_lines_too() {
    let logged = Logged::new();
    logged.write("web.log.1", "old\nlast words");
    logged.write("web.log", "new\n");
    let worktree = logged.sandbox.worktree("feature-one");
    let mut command = logged.sandbox.command(&worktree, &["logs", "web", "-f", "--since", "1d"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!([next(), next(), next()], ["old", "last words", "new"]);
    drop(lines);
    assert!(end_of(&mut child).success());
}

#[test]
fn ctrl_c_ends_following_with_130() {
    let logged = Logged::new();
    logged.write("web.log", "one\n");
    let worktree = logged.sandbox.worktree("feature-one");
    let mut command = logged.sandbox.command(&worktree, &["logs", "-f"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "web\tone");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
}

#[test]
fn a_service_without_a_log_is_said_and_an_unknown_one_refused() {
    let logged = Logged::new();
    let worktree = logged.sandbox.worktree("feature-one");
    let run = logged.sandbox.wt_in(&worktree, &["logs", "db"]).ok();
    assert!(run.stdout.is_empty() && run.stderr.contains("has not been started yet"), "{}", run.shown());
    let error = logged.sandbox.refused_in(&worktree, &["logs", "wev"], "not_found");
    assert!(error["hint"].as_str().unwrap().contains("`web`"), "{error}");
    assert_eq!(logged.logs(&[]), "");
}

#[test]
fn on_a_terminal_lines_stand_behind_their_services_and_harmful_sequences_are_shown() {
    let logged = Logged::new();
    logged.write("web.log", "\u{1b}[32mgreen\u{1b}[0m \u{1b}]0;title\u{7}\n");
    logged.write("api-two.log", "plain\n");
    let worktree = logged.sandbox.worktree("feature-one");
    let terminal = Terminal::start(logged.sandbox.command(&worktree, &["logs"]));
    let (status, seen) = terminal.finish();
    assert_eq!(status, 0);
    assert!(seen.contains("api-two |") && seen.contains("web     |"), "{seen}");
    assert!(seen.contains("\u{1b}[32mgreen\u{1b}[0m") && seen.contains("\\u{1b}]0;title\\u{7}"), "{seen}");
}

#[test]
fn without_following_it_ends_with_what_was_there_however_busy_the_service_is() {
    let logged = Logged::new();
    let path = logged.write("web.log", &"line\n".repeat(20_000));
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            let more = "more\n".repeat(20_000);
            // Busy for as long as it is asked, and not for ever.
            while !is_over.load(std::sync::atomic::Ordering::Relaxed)
                && file.metadata().unwrap().len() < 64 << 20
            {
                file.write_all(more.as_bytes()).unwrap();
            }
        });
        let few = logged.logs(&["web", "-n", "5"]);
        let all = logged.logs(&["web"]);
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(few.lines().count(), 5, "{}", few.len());
        assert!(all.starts_with("line\n"));
    });
}

#[test]
fn silence_is_said_and_that_nothing_runs_which_could_be_followed() {
    let logged = Logged::new();
    logged.write("web.log", "");
    let folder = logged.sandbox.worktree("feature-one");
    let run = logged.sandbox.wt_in(&folder, &["logs", "web"]).ok();
    assert_eq!(run.stdout, "");
    run.says(&["have written nothing", "`wt status`"]);
    let mut command = logged.sandbox.command(&folder, &["logs", "-f"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    while !line.contains("runs now") && reader.read_line(&mut line).unwrap() > 0 {}
    assert!(line.contains("no service of `feature-one` runs now"), "{line}");
    child.kill().unwrap();
    end_of(&mut child);
}
