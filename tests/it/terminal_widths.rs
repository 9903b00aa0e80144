//! Answers on terminals of several widths: our own style is never shown as text, tables fit, and what was asked for stays.

use crate::support::Sandbox;
use crate::support::holder::Holder;
use crate::support::terminal::Terminal;

const WIDTHS: [u16; 4] = [40, 60, 80, 120];

/// A branch, and with it a folder, that is wider than most terminals.
const LONG: &str = "a-branch-whose-name-somebody-made-of-the-whole-title-of-a-ticket";

fn on_terminal(sandbox: &Sandbox, arguments: &[&str], columns: u16) -> (i32, String) {
    let command = sandbox.command(&sandbox.repo(), arguments);
    let (status, screen) = Terminal::sized(command, 40, columns).finish();
    (status, screen.replace('\r', ""))
}

/// The screen without its colours and links.
fn plain(screen: &str) -> String {
    console::strip_ansi_codes(screen).into_owned()
}

fn world() -> (Sandbox, Option<Holder>) {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports=2"]).ok();
    sandbox.wt(&["create", "x", "--branch", LONG, "--ports"]).ok();
    let holder = sandbox.python_server(&sandbox.repo(), "127.0.0.1", &[sandbox.port(5)]);
    (sandbox, holder)
}

const COMMANDS: [&[&str]; 28] = [
    &["list"],
    &["list", "--status"],
    &["list", "--size"],
    &["status", "-w", "login"],
    &["events"],
    &["report"],
    &["clean", "login", "--dry-run"],
    &["team"],
    &["list", "--all"],
    &["ports"],
    &["ports", "list"],
    &["ports", "scan"],
    &["ports", "check", "5000"],
    &["ports", "available"],
    &["ports", "next"],
    &["ports", "conflicts"],
    &["ports", "history"],
    &["health"],
    &["validate", "--verify-ports"],
    &["doctor"],
    &["config", "show"],
    &["config", "path"],
    &["hooks", "status"],
    &["trust", "--list"],
    &["restore"],
    &["prune", "--dry-run"],
    &["remove", "login", "--dry-run"],
    &["create", "new", "--ports", "--dry-run"],
];

/// Those whose answer is a table: each line of it must fit, or be one word or one command that is wider than the terminal.
const TABLES: [&[&str]; 12] = [
    &["list"],
    &["list", "--status"],
    &["list", "--size"],
    &["events"],
    &["report"],
    &["ports", "list"],
    &["ports", "scan"],
    &["ports", "conflicts"],
    &["health"],
    &["hooks", "status"],
    &["config", "show"],
    &["config", "path"],
];

#[test]
fn on_every_width_our_style_is_style_and_no_table_is_wider_than_the_terminal() {
    let (sandbox, _holder) = world();
    for columns in WIDTHS {
        for command in COMMANDS {
            let (_, screen) = on_terminal(&sandbox, command, columns);
            assert!(!screen.contains("\\u{1b}"), "{command:?} at {columns} shows its style:\n{screen}");
            if TABLES.contains(&command) {
                let text = plain(&screen);
                let mut table = text.lines().take_while(|line| !line.starts_with("hint:"));
                let is_wide = |line: &&str| console::measure_text_width(line) > usize::from(columns);
                let is_command = |line: &&str| line.trim_start_matches(['│', '→', ' ']).starts_with("wt ");
                let wide = table.find(|line| is_wide(line) && line.trim().contains(' ') && !is_command(line));
                assert_eq!(wide, None, "{command:?} at {columns}:\n{text}");
            }
        }
    }
}

#[test]
fn without_colour_no_escape_reaches_the_terminal() {
    let (sandbox, _holder) = world();
    for command in COMMANDS {
        let (_, screen) = on_terminal(&sandbox, &[&["--color", "never"], command].concat(), 80);
        assert!(!screen.contains('\u{1b}'), "{command:?}:\n{screen}");
    }
}

#[test]
fn the_report_beside_a_command_is_painted_and_a_programs_own_escapes_are_its_own() {
    let sandbox = Sandbox::new();
    let (status, screen) =
        on_terminal(&sandbox, &["create", "login", "--ports", "-x", "printf", r"\033[35mmine\033[0m"], 100);
    assert_eq!(status, 0, "{screen}");
    assert!(!screen.contains("\\u{1b}"), "{screen}");
    assert!(screen.contains("\u{1b}[35mmine"), "{screen}");
    assert!(plain(&screen).contains("Created feature-login"), "{screen}");
}

#[test]
fn with_status_the_changes_outlive_branch_path_age_and_purpose() {
    let (sandbox, _holder) = world();
    let login = sandbox.worktree("feature-login");
    std::fs::write(login.join("new.txt"), "x").unwrap();
    for columns in WIDTHS {
        let (_, screen) = on_terminal(&sandbox, &["list", "--status"], columns);
        let text = plain(&screen);
        assert!(text.contains("CHANGES") && text.contains("?1"), "at {columns}:\n{text}");
        assert!(text.contains("STATE"), "at {columns}:\n{text}");
        assert!(text.contains(&sandbox.port(0).to_string()), "at {columns}:\n{text}");
    }
}

#[test]
fn no_name_number_or_command_is_cut_and_ports_shrink_to_their_numbers() {
    let (sandbox, _holder) = world();
    let (_, narrow) = on_terminal(&sandbox, &["list", "--status"], 60);
    let together = format!("{}○-{}○", sandbox.port(0), sandbox.port(1));
    let together = together.replacen('○', "", 1);
    assert!(plain(&narrow).contains(together.trim_end_matches('○')), "{narrow}");
    for columns in [40, 80, 140] {
        let shown = |command: &[&str]| plain(&on_terminal(&sandbox, command, columns).1);
        for command in [&["list"][..], &["list", "--size"], &["list", "--status"]] {
            let text = shown(command);
            // Its column may be left out, and where it is not the name is whole.
            let is_whole = text.contains(LONG) || (columns > 40 && !text.contains("a-branch"));
            assert!(is_whole, "{command:?} at {columns}:\n{text}");
        }
        let size = shown(&["list", "--size"]);
        assert!(size.contains("SIZE") && size.contains(" KiB"), "at {columns}:\n{size}");
        let events = shown(&["events"]);
        for word in ["EVENT", "WORKTREE", "create_started", "feature-login"] {
            assert!(events.contains(word), "{word} at {columns}:\n{events}");
        }
        assert_eq!(events.contains("(create, pid "), columns == 140, "at {columns}:\n{events}");
        for command in [&["events"][..], &["report"], &["status", "-w", "login"]] {
            let text = shown(command);
            assert!(!text.contains('…'), "{command:?} at {columns}:\n{text}");
        }
    }
}

#[test]
fn what_doctor_says_goes_on_under_itself_and_a_command_stays_whole() {
    let (sandbox, _holder) = world();
    for columns in [40, 80, 140] {
        let text = plain(&on_terminal(&sandbox, &["doctor"], columns).1);
        let is_wide = |line: &&str| console::measure_text_width(line) > usize::from(columns);
        for line in text.lines().filter(is_wide) {
            let line = line.trim();
            let is_whole = !line.contains(' ') || line.starts_with('`') || line.starts_with("hint: ");
            assert!(is_whole, "at {columns}: {line}\n{text}");
        }
        let broken = text.lines().find(|line| ["hint: export", "hint: wt"].contains(&line.trim()));
        assert_eq!(broken, None, "at {columns}:\n{text}");
    }
}

#[test]
fn a_scan_shows_pid_and_command_whole_on_every_width() {
    let (sandbox, holder) = world();
    let Some(holder) = holder else { return };
    for columns in WIDTHS {
        let (_, screen) = on_terminal(&sandbox, &["ports", "scan"], columns);
        let text = plain(&screen);
        let mut lines = text.lines().skip_while(|line| !line.starts_with(&sandbox.port(5).to_string()));
        let first = lines.next().unwrap_or_else(|| panic!("at {columns}:\n{text}"));
        // Where it is stacked, what belongs to it is indented.
        let rest: Vec<&str> = lines.take_while(|line| line.starts_with("  ")).collect();
        let row = format!("{first} {}", rest.join(" "));
        assert!(row.contains(&holder.pid().to_string()) && row.contains("python3"), "at {columns}:\n{text}");
    }
}
