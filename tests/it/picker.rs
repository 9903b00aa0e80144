//! The picker of `wt switch` on a real terminal: where it leads, what its keys do, and that the terminal is as it was.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::support::terminal::Terminal;
use crate::support::{Sandbox, skip, wait};

/// `wt switch` on a terminal, its stdout in a file.
struct Stand<'a> {
    sandbox: &'a Sandbox,
    out: PathBuf,
}

/// A repository with two worktrees.
fn world() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["create", "pay", "--purpose", "bugfix"]).ok();
    sandbox
}

impl<'a> Stand<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, out: sandbox.path("out") }
    }

    fn start(&self, size: (u16, u16), variables: &[(&str, &str)], more: &str) -> Terminal {
        let script = format!("exec \"$WT\" switch {more} > \"$OUT\"");
        let mut command = self.sandbox.program("sh", &self.sandbox.repo().join("src"));
        command.args(["-c", &script]).env("WT", env!("CARGO_BIN_EXE_wt")).env("OUT", &self.out);
        command.envs(variables.iter().copied());
        Terminal::sized(command, size.0, size.1)
    }

    fn out(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }
}

const LEFT: &str = "\u{1b}[?1049l";

/// Waits for the end, and sees that the terminal is as it was.
#[track_caller]
fn ended(
    mut terminal: Terminal,
    usual: (rustix::termios::LocalModes, rustix::termios::OutputModes),
) -> (i32, String) {
    terminal.expect(LEFT);
    wait::until("the terminal's modes", || terminal.modes() == usual);
    let (status, seen) = terminal.finish();
    let after = seen.rfind("\u{1b}[?1049h").unwrap();
    assert!(seen[after..].contains("\u{1b}[?25h") && seen[after..].contains(LEFT), "{seen:?}");
    (status, seen)
}

fn usual() -> (rustix::termios::LocalModes, rustix::termios::OutputModes) {
    let sandbox = Sandbox::without_repository();
    let terminal = Terminal::start(sandbox.program("true", &sandbox.path(".")));
    let modes = terminal.modes();
    terminal.finish();
    modes
}

/// What is drawn are whole pictures, one after the other, none of which has a line that is wider than the terminal.
#[track_caller]
fn assert_whole(seen: &str, width: usize) {
    let mut count = 0;
    for drawn in seen.split("\u{1b}[?2026h").skip(1) {
        let picture = drawn.split_once("\u{1b}[?2026l").map_or(drawn, |(picture, _)| picture);
        assert!(picture.ends_with("\u{1b}[?25h"), "cut off: {drawn:?}");
        count += 1;
        for line in picture.split("\r\n") {
            assert!(console::measure_text_width(line) <= width, "{line:?}");
        }
    }
    assert!(count > 0, "{seen:?}");
}

fn switches(pid: &str) -> String {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let lines = tasks.map(|task| {
        let status = fs::read_to_string(task.path().join("status")).unwrap();
        status.lines().filter(|line| line.contains("ctxt_switches")).collect::<String>()
    });
    lines.collect()
}

#[test]
fn a_few_letters_and_enter_lead_there_and_the_preview_is_filled_in_behind() {
    let config = "[service.web]\nrun = \"sh -c 'printf \\\"\\\\033[31mhello\\\\033[0m \\\\033]0;title\\\\007there\\\\n\\\"; exec sleep 1000'\"\nlistens = false\n";
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("login", config);
    sandbox.wt(&["create", "pay", "--purpose", "bugfix"]).ok();
    sandbox.json(&["up", "-w", "login"]);
    let login = sandbox.worktree("feature-login");
    fs::write(login.join("new"), "").unwrap();
    sandbox.wt(&["ports", "allocate", "--worktree", "login", "--service", "web"]).ok();
    let stand = Stand::new(&sandbox);
    let usual = usual();
    let mut terminal = stand.start((24, 100), &[], "");
    terminal.expect("bugfix-pay");
    terminal.send("logi");
    for wanted in ["1/3", "1 untracked", "first", "web:", "web |", "hello", "there"] {
        terminal.expect(wanted);
    }
    // Whoever waits for a key does nothing at all.
    let pid = terminal.pid().to_string();
    wait::until("rest", || {
        let before = switches(&pid);
        sandbox.wt(&["path", "login"]).ok();
        before == switches(&pid)
    });
    terminal.send("\r");
    let (status, seen) = ended(terminal, usual);
    assert_eq!((status, stand.out()), (0, format!("{}\n", login.join("src").display())));
    assert!(!seen.contains("\u{1b}]0;title"), "{seen:?}");
    assert!(seen.contains("\u{1b}[1m"), "with colours where nobody is against them: {seen:?}");
    assert_whole(&seen, 100);
    assert_eq!(fleet.state("web").0, "ready");
}

#[test]
fn whoever_leaves_changes_nothing_and_every_end_gives_the_terminal_back() {
    let sandbox = world();
    let stand = Stand::new(&sandbox);
    let usual = usual();
    sandbox.wt(&["list"]).ok();
    let before = sandbox.registry();
    let keys: [&dyn Fn(&mut Terminal); 4] = [
        &|terminal| terminal.send("\u{1b}"),
        &|terminal| terminal.send("logi\u{3}"),
        &|terminal| terminal.signal(Signal::TERM),
        &|terminal| terminal.signal(Signal::HUP),
    ];
    for end in keys {
        let mut terminal = stand.start((24, 80), &[], "");
        terminal.expect("bugfix-pay");
        end(&mut terminal);
        let (status, seen) = ended(terminal, usual);
        assert_eq!((status, stand.out().as_str()), (130, ""), "{seen:?}");
        assert!(!seen.contains("error"), "{seen:?}");
    }
    assert_eq!(sandbox.registry(), before);
}

#[test]
fn a_narrow_terminal_another_size_and_no_colour_are_all_the_same_to_it() {
    let sandbox = world();
    let stand = Stand::new(&sandbox);
    for (id, branch) in
        [("wide", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"), ("right", "שלום"), ("long", &*"x".repeat(200))]
    {
        sandbox.wt(&["create", id, "--branch", branch]).ok();
    }
    let mut terminal = stand.start((12, 40), &[("NO_COLOR", "1")], "-x true");
    terminal.expect("feature-long");
    terminal.send("right");
    terminal.expect("1/6");
    let narrow = std::mem::take(&mut terminal.seen);
    assert_whole(narrow.rsplit_once("\u{1b}[?2026l").unwrap().0, 40);
    assert!(!narrow.contains("esc leave"), "there is no room for all keys: {narrow:?}");
    terminal.resize(30, 120);
    terminal.expect("esc leave");
    terminal.expect("שלום");
    terminal.seen.insert_str(0, &narrow);
    terminal.send("\u{15}long\r");
    let (status, seen) = ended(terminal, usual());
    assert_eq!((status, stand.out().as_str()), (0, ""), "the command's own stdout");
    assert_whole(&seen, 120);
    for color in ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[3"] {
        assert!(!seen.contains(color), "{seen:?}");
    }
    // Where nobody is asked, nothing is drawn.
    let terminal = stand.start((24, 80), &[], "--no-input");
    assert_eq!(terminal.finish().0, 2);
}

#[test]
fn a_new_one_is_made_a_url_opened_and_one_removed_never_with_what_would_be_lost() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = world();
    let stand = Stand::new(&sandbox);
    let login = sandbox.worktree("feature-login");
    fs::write(login.join("work"), "mine").unwrap();
    let (browser, opened) = (sandbox.path("browser"), sandbox.path("opened"));
    fs::write(&browser, format!("#!/bin/sh\necho \"$@\" > {0}.new && mv {0}.new {0}\n", opened.display()))
        .unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let words = format!("{} --new;touch x", browser.display());
    let mut terminal = stand.start((24, 100), &[("BROWSER", &words)], "");
    terminal.expect("bugfix-pay");
    terminal.send("logi\u{f}");
    terminal.expect("opened http");
    wait::until("the browser", || opened.exists());
    let url = format!("--new;touch x http://localhost:{}\n", sandbox.port(0));
    assert_eq!(fs::read_to_string(&opened).unwrap(), url);
    terminal.send("\u{18}");
    terminal.expect("remove feature-login? y/N");
    terminal.send("y");
    terminal.expect("stays: ");
    assert!(login.join("work").exists());
    terminal.send("\u{15}pay\u{18}y");
    terminal.expect("removed bugfix-pay");
    assert!(!sandbox.worktree("bugfix-pay").exists());
    terminal.send("\u{15}proj\u{18}");
    terminal.expect("you stand in proj");
    terminal.send("\u{15}fresh\u{e}");
    let (status, seen) = ended(terminal, usual());
    let fresh = sandbox.worktree("feature-fresh");
    assert_eq!((status, stand.out()), (0, format!("{}\n", fresh.join("src").display())), "{seen}");
    // A name that cannot be one, or that is taken, makes nothing: why is said, and another may be typed.
    let mut terminal = stand.start((24, 100), &[], "");
    terminal.expect("feature-fresh");
    terminal.send("a b;c\u{e}");
    terminal.expect("`a b;c` is not an identifier");
    terminal.send("\u{15}-x\u{e}");
    terminal.expect("`-x` is not an identifier");
    terminal.send("\u{15}fresh\u{e}");
    terminal.expect("feature-fresh` exists");
    terminal.send("\u{15}next\u{e}");
    let (status, seen) = ended(terminal, usual());
    let next = sandbox.worktree("feature-next");
    assert_eq!((status, stand.out()), (0, format!("{}\n", next.join("src").display())), "{seen}");
}

#[test]
fn it_stands_still_and_goes_on_as_the_shell_says() {
    if std::process::Command::new("setsid").arg("--version").output().is_err() {
        return skip("there is no setsid");
    }
    let sandbox = world();

    let mut command = sandbox.program("setsid", &sandbox.repo());
    command.args(["--ctty", "bash", "--norc", "--noprofile", "-i"]).env("PS1", "$ ");
    command.env("WT", env!("CARGO_BIN_EXE_wt"));
    let mut terminal = Terminal::start(command);
    terminal.send("\"$WT\" switch\n");
    terminal.expect("bugfix-pay");
    terminal.send("\u{1a}");
    terminal.expect("Stopped");
    terminal.send("stty -a | grep -o ' icanon' | sed s/ic/usual-ic/\n");
    terminal.expect("usual-icanon");
    terminal.seen.clear();
    terminal.send("fg\n");
    terminal.expect("esc leave");
    terminal.send("\u{1b}");
    terminal.expect(LEFT);
    terminal.send("echo \"left:$?\"\n");
    terminal.expect("left:130");
    terminal.send("exit\n");
    terminal.finish();
}
