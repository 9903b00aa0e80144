//! Configuration: layers with origins, and one clear error that names file, line and key.

use std::fs;

use crate::support::{Run, Sandbox, git};

/// Asserts that `text` as the repository's `.wt.toml` is refused, naming `words`.
#[track_caller]
fn assert_invalid(text: &str, words: &[&str]) {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
    let error = sandbox.refused(&["create", "x", "--ports"], "config_invalid");
    let shown = error.to_string();
    for word in [&[".wt.toml"], words].concat() {
        assert!(shown.contains(word), "{word:?} is not named: {error}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_near_word() {
    assert_invalid("# one\n[worktree]\npth = \"x\"\n", &["pth", ":3", "path"]);
    assert_invalid("[worktre]\npath = \"x\"\n", &["worktre", "worktree"]);
}

#[test]
fn a_wrong_type_is_named() {
    assert_invalid("[ports.conflict]\nmax_retries = \"many\"\n", &["max_retries", ":2"]);
}

#[test]
fn bad_toml_is_named_with_its_line() {
    assert_invalid("[worktree]\npath = = 1\n", &[":2"]);
}

#[test]
fn an_inverted_range_is_named() {
    assert_invalid("[purpose.feature]\nports = \"5099-5000\"\n", &["5099-5000", "purpose.feature.ports"]);
}

#[test]
fn a_port_above_65535_is_named() {
    assert_invalid("[purpose.feature]\nports = \"65000-70000\"\n", &["70000"]);
}

#[test]
fn two_purposes_whose_ranges_overlap_are_named() {
    assert_invalid(
        "[purpose.one]\nports = \"40000-40010\"\n[purpose.two]\nports = \"40010-40020\"\n",
        &["one", "two", "40010"],
    );
}

#[test]
fn a_bad_value_in_a_variable_names_the_variable() {
    let mut sandbox = Sandbox::new();
    sandbox.set("WT_PORTS_CONFLICT_POLICY", "maybe");
    let error = sandbox.refused(&["create", "x"], "config_invalid");
    assert!(error.to_string().contains("WT_PORTS_CONFLICT_POLICY"), "{error}");
}

#[test]
fn show_has_each_value_with_its_origin() {
    let mut sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".wt.toml", "[trash]\nkeep = \"9d\"\n");
    sandbox.set("WT_PORTS_CONFLICT_POLICY", "retry");
    let answer = sandbox.json(&["config", "show"]);
    let values = answer["values"].as_array().unwrap();
    let origin = |key: &str| {
        let row = values.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key}: {answer}"));
        row["origin"].to_string()
    };
    assert!(origin("trash.keep").contains(".wt.toml") && origin("trash.keep").contains('2'));
    assert!(origin("ports.conflict.policy").contains("WT_PORTS_CONFLICT_POLICY"));
    assert!(origin("ports.conflict.max_retries").contains("built-in"));
    assert!(origin("purpose.feature.ports").contains("config.toml"));
    sandbox.wt(&["config", "show"]).ok().answers(&["trash.keep", "9d", "WT_PORTS_CONFLICT_POLICY"]);
}

#[test]
fn a_variable_that_names_no_key_is_ignored() {
    let mut sandbox = Sandbox::new();
    sandbox.set("WT_NAME", "feature-other");
    sandbox.set("WT_PURPOSE", "bugfix");
    let answer = sandbox.json(&["create", "x"]);
    assert_eq!(answer["worktree"]["name"], "feature-x");
}

#[test]
fn the_main_worktrees_file_counts_everywhere_and_a_branchs_own_nowhere() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".wt.toml", "[worktree]\nname = \"{{ identifier }}\"\n");
    sandbox.wt(&["create", "one"]).ok();
    let folder = sandbox.worktree("one");
    git::write(&folder, ".wt.toml", "[worktree]\nname = \"hijacked\"\n");
    let answer = sandbox.json_in(&folder, &["create", "two"]);
    assert_eq!(answer["worktree"]["name"], "two");
}

#[test]
fn in_a_bare_repository_the_file_of_the_folder_one_stands_in_counts() {
    let sandbox = Sandbox::new();
    let hub = sandbox.path("hub");
    fs::create_dir(&hub).unwrap();
    sandbox.git(&sandbox.repo(), &["clone", "-q", "--bare", ".", hub.join(".bare").to_str().unwrap()]);
    git::write(&hub, ".git", "gitdir: ./.bare\n");
    git::write(&hub, ".wt.toml", "[worktree]\nname = \"{{ identifier }}\"\n");
    let answer = sandbox.json_in(&hub, &["create", "one"]);
    assert_eq!(answer["worktree"]["name"], "one");
}

#[test]
fn another_file_can_be_named() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("mine.toml");
    fs::write(&file, "[worktree]\nname = \"{{ identifier }}\"\n").unwrap();
    let answer = sandbox.json(&["--config", file.to_str().unwrap(), "create", "one"]);
    assert_eq!(answer["worktree"]["name"], "one");
    let missing = sandbox.path("missing.toml");
    for command in [&["create", "two"][..], &["list"], &["status"], &["remove", "one"], &["path", "one"]] {
        let words = [&["--config", missing.to_str().unwrap()], command].concat();
        sandbox.refused(&words, "config_invalid");
    }
}

#[test]
fn path_and_schema_answer() {
    let sandbox = Sandbox::new();
    let file = sandbox.config_file();
    sandbox.wt(&["config", "path"]).ok().answers(&[file.to_str().unwrap(), ".wt.toml"]);
    sandbox.json(&["config", "path"]);
    sandbox.wt(&["config", "schema"]).ok().answers(&["max_retries"]);
    sandbox.json(&["config", "schema"]);
}

#[test]
fn init_writes_a_starter_that_is_valid_and_never_overwrites() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["init"]).ok();
    let path = sandbox.repo().join(".wt.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains('#') && text.contains("purpose"), "{text}");
    sandbox.wt(&["config", "show"]).ok();
    sandbox.wt(&["init"]).ok().says(&["Nothing is new"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn completions_come_for_every_shell() {
    let sandbox = Sandbox::new();
    for (shell, words) in [
        ("bash", ["wt __complete", "--shell bash"]),
        ("zsh", ["wt __complete", "--shell zsh"]),
        ("fish", ["wt __complete", "--shell fish"]),
        ("elvish", ["create", "on-conflict"]),
        ("powershell", ["create", "on-conflict"]),
    ] {
        sandbox.wt_in(&sandbox.path("home"), &["completions", shell]).ok().answers(&words);
    }
}

#[test]
fn completions_offer_no_command_that_is_not_for_people() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["__complete", "--shell", "fish", "--index", "1", "--", "wt", ""]).ok();
    for hidden in ["sweep", "hook", "__complete", "supervise", "compose-service"] {
        let offered = run.stdout.lines().any(|line| line.split('\t').next() == Some(hidden));
        assert!(!offered, "{hidden} is offered");
    }
    assert!(run.stdout.contains("create\t"), "{}", run.shown());
}

#[test]
fn what_only_looks_or_takes_back_goes_on_beside_a_broken_file() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let port = sandbox.port(0).to_string();
    for broken in ["[worktree\n", "[trash]\nkep = 1\n"] {
        git::write(&sandbox.repo(), ".wt.toml", broken);
        sandbox.wt(&["list"]).ok().answers(&["feature-login"]).says(&["warning:", ".wt.toml"]);
        sandbox.wt(&["path", "login"]).ok().says(&["warning:"]);
        sandbox.wt(&["ports", "list"]).ok().answers(&[&port]);
        let check = sandbox.wt(&["ports", "check", &port]);
        assert!(check.status <= 1 && check.stderr.contains("warning:"), "{}", check.shown());
        sandbox.refused(&["create", "next"], "config_invalid");
        sandbox.refused(&["-C", sandbox.worktree("feature-login").to_str().unwrap(), "up"], "config_invalid");
    }
    sandbox.wt(&["remove", "feature-login"]).ok().says(&["warning:"]);
    assert!(!sandbox.worktree("feature-login").exists());
}

#[test]
fn a_configuration_of_thousands_of_services_is_checked_at_once() {
    let sandbox = Sandbox::new();
    let mut text = String::new();
    for number in 0..9000 {
        let needs = if number == 0 { String::new() } else { format!("depends_on = [\"s{}\"]\n", number - 1) };
        let ports = (20_000 + number).to_string();
        text += &["[service.s", &number.to_string(), "]\nrun = \"serve\"\nports = ", &ports, "\n", &needs]
            .concat();
    }
    assert!(text.len() > 500_000 && text.len() < 1 << 20);
    git::write(&sandbox.repo(), ".wt.toml", &text);
    // Seconds on a processor, which a busy machine does not make more.
    let wt = env!("CARGO_BIN_EXE_wt");
    let listed =
        sandbox.program("sh", &sandbox.repo()).args(["-c", "ulimit -t 20; exec \"$0\" list", wt]).output();
    Run::new(&["list"], &listed.unwrap()).ok();
    git::write(&sandbox.repo(), ".wt.toml", &format!("{text}# {}\n", "x".repeat(1 << 20)));
    sandbox.refused(&["create", "x"], "config_invalid");
}
