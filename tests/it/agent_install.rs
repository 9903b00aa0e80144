//! `wt agent install` and `uninstall`: another program's settings get our entries and lose them again, and every other byte
//! stays, with mode and link.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::hooks::write_program;

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn each_programs_file_is_made_and_goes_again() {
    let sandbox = Sandbox::new();
    let files = [
        ("claude", "home/.claude/settings.json", ".claude/settings.json"),
        ("codex", "home/.codex/hooks.json", ".codex/hooks.json"),
        ("cursor", "home/.cursor/hooks.json", ".cursor/hooks.json"),
        ("opencode", "config/opencode/plugins/wt.js", ".opencode/plugins/wt.js"),
        ("gemini", "home/.gemini/settings.json", ".gemini/settings.json"),
        ("copilot", "home/.copilot/hooks/wt.json", ".github/hooks/wt.json"),
    ];
    let before = (
        sandbox.git(&sandbox.repo(), &["status", "--porcelain"]),
        fs::read_dir(sandbox.path("home")).unwrap().count(),
    );
    for (program, user, project) in files {
        for (file, flag) in [(sandbox.path(user), "--user"), (sandbox.repo().join(project), "--project")] {
            let done = sandbox.json(&["agent", "install", program, flag]);
            assert_eq!((&done["changed"], done["path"].as_str()), (&true.into(), file.to_str()), "{done}");
            assert!(
                done["backup"].is_null()
                    && done["todo"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|todo| todo.as_str().unwrap().contains("git-wt"))
            );
            let text = read(&file);
            assert!(text.contains("git-wt") && text.contains("enter"), "{text}");
            let again = sandbox.json(&["agent", "install", program, flag]);
            assert_eq!((&again["changed"], read(&file)), (&false.into(), text), "{again}");
        }
    }
    let status = sandbox.json(&["agent", "status"]);
    let programs = status["programs"].as_array().unwrap();
    assert_eq!(programs.len(), 12);
    assert!(programs.iter().all(|one| one["installed"] == true && one["outdated"] == false), "{status}");
    sandbox.wt(&["agent", "status"]).ok().answers(&["copilot", "project", "installed"]);
    for (program, _, _) in files {
        for flag in ["--user", "--project"] {
            let done = sandbox.json(&["agent", "uninstall", program, flag]);
            assert_eq!(done["changed"], true, "{done}");
            assert_eq!(sandbox.json(&["agent", "uninstall", program, flag])["changed"], false);
        }
    }
    let after = (
        sandbox.git(&sandbox.repo(), &["status", "--porcelain"]),
        fs::read_dir(sandbox.path("home")).unwrap().count(),
    );
    assert_eq!(before, after, "files and folders that were made are gone");
    assert_eq!(fs::read_dir(sandbox.state().join("agents")).unwrap().count(), 0);
    // Elsewhere, by the variables that the programs know.
    let mut sandbox = sandbox;
    sandbox.set("CLAUDE_CONFIG_DIR", sandbox.path("elsewhere"));
    sandbox.wt(&["agent", "install", "claude"]).ok();
    assert!(sandbox.path("elsewhere/settings.json").exists());
    sandbox.wt(&["agent", "install", "nobody"]).exits(2);
    sandbox.wt_in(&sandbox.path("home"), &["agent", "install", "claude", "--project"]).exits(1);
}

#[test]
fn bytes_mode_and_link_are_the_same_after_uninstalling() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("dotfiles/claude.json");
    let link = sandbox.path("home/.claude/settings.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    symlink("../../dotfiles/claude.json", &link).unwrap();
    let before =
        "\u{feff}{\r\n\t// mine\r\n\t\"n\": 1.0, \"model\": \"x\",\r\n\t\"hooks\": { \"Stop\": [ ] }\r\n}";
    fs::write(&file, before).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let done = sandbox.json(&["agent", "install", "claude", "--status-line"]);
    let text = read(&file);
    assert!(
        text.contains("git-wt agent leave --as claude") && text.contains("git-wt prompt --format claude"),
        "{text}"
    );
    assert!(
        text.starts_with("\u{feff}{\r\n\t// mine\r\n\t\"n\": 1.0, \"model\": \"x\"")
            && !text.replace("\r\n", "").contains('\n')
    );
    let backup = Path::new(done["backup"].as_str().unwrap());
    assert_eq!(
        (read(backup).as_str(), fs::metadata(backup).unwrap().permissions().mode() & 0o777),
        (before, 0o600)
    );
    assert!(backup.starts_with(sandbox.state()));
    // What its person adds since stays.
    fs::write(&file, text.replace("\"x\"", "\"y\"")).unwrap();
    sandbox.wt(&["agent", "uninstall", "claude"]).ok().answers(&["Uninstalled"]);
    assert_eq!(read(&file), before.replace("\"x\"", "\"y\""));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink());
    // A status line of one's own stays as it is.
    fs::write(&file, "{\"statusLine\": {\"type\": \"command\", \"command\": \"mine\"}}").unwrap();
    sandbox.wt(&["agent", "install", "claude", "--status-line"]).ok();
    assert!(read(&file).contains("mine") && !read(&file).contains("git-wt prompt"));
    // A clone has no memory of what was inserted.
    let value: Value = serde_json::from_str(&read(&file)).unwrap();
    fs::remove_dir_all(sandbox.state().join("agents")).unwrap();
    fs::write(&file, value.to_string()).unwrap();
    sandbox.wt(&["agent", "uninstall", "claude"]).ok();
    assert_eq!(
        read(&file),
        "{\"statusLine\":{\"command\":\"mine\",\"type\":\"command\"}}".replace(
            "\"command\":\"mine\",\"type\":\"command\"",
            "\"type\":\"command\",\"command\":\"mine\""
        )
    );
}

#[test]
fn what_cannot_be_edited_is_untouched() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("home/.cursor/hooks.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for text in
        [&b"{ broken"[..], b"[]", b"{\"version\": 2, \"hooks\": {}}", b"{\"hooks\": 7}", b"\xff\xfe{}"]
    {
        fs::write(&file, text).unwrap();
        for word in ["install", "uninstall"] {
            if text.contains(&b'2') && word == "uninstall" {
                continue;
            }
            let error = sandbox.wt(&["--json", "agent", word, "cursor"]).exits(1).error("settings_invalid");
            assert!(error["details"]["path"].as_str().unwrap().ends_with("hooks.json"), "{error}");
            assert_eq!(fs::read(&file).unwrap(), text);
        }
        let status = sandbox.json(&["agent", "status"]);
        let cursor = status["programs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["program"] == "cursor")
            .unwrap()
            .clone();
        assert!(cursor["installed"] == false && cursor["reason"].is_string(), "{cursor}");
    }
    // Neither is what is known of it: that of before takes the entries out again to the byte.
    let memory = || sandbox.state().join("agents");
    let known = || {
        let files = fs::read_dir(memory()).into_iter().flatten().map(|entry| entry.unwrap().path());
        files.map(|file| (file.clone(), read(&file))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let refused = || {
        mode(0o444);
        let before = (read(&file), known());
        sandbox.wt(&["--json", "agent", "install", "cursor"]).exits(1).error("permission");
        assert_eq!((read(&file), known()), before);
        mode(0o644);
        before.1.len()
    };
    fs::write(&file, "{ }").unwrap();
    assert_eq!(refused(), 0);
    sandbox.wt(&["agent", "install", "cursor"]).ok();
    let installed = read(&file);
    fs::write(&file, installed.replace("\"timeout\": 5", "\"timeout\": 6")).unwrap();
    assert_eq!(refused(), 2);
    fs::write(&file, installed).unwrap();
    sandbox.wt(&["agent", "uninstall", "cursor"]).ok();
    assert_eq!(read(&file), "{ }");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    sandbox.wt(&["--json", "agent", "install", "cursor"]).exits(1).error("permission");
    // A repository's link does not choose which file of yours is edited.
    let mine = sandbox.path("home/mine");
    fs::create_dir_all(&mine).unwrap();
    fs::write(mine.join("settings.json"), "{}").unwrap();
    symlink(&mine, sandbox.repo().join(".claude")).unwrap();
    symlink(mine.join("plugins"), sandbox.repo().join(".opencode")).unwrap();
    for program in ["claude", "opencode"] {
        sandbox.wt(&["--json", "agent", "install", program, "--project"]).exits(1).error("permission");
    }
    assert_eq!((read(&mine.join("settings.json")).as_str(), mine.join("plugins").exists()), ("{}", false));
    // Files of our own stand beside those of others only.
    let plugin = sandbox.path("config/opencode/plugins/wt.js");
    fs::create_dir_all(plugin.parent().unwrap()).unwrap();
    fs::write(&plugin, "export const Mine = 1\n").unwrap();
    sandbox.wt(&["--json", "agent", "install", "opencode"]).exits(1).error("settings_invalid");
    sandbox.wt(&["agent", "uninstall", "opencode"]).ok();
    assert_eq!(read(&plugin), "export const Mine = 1\n");
    let text = sandbox.wt(&["agent", "text"]).ok();
    assert!(text.stdout.contains("agent enter") && text.stdout.contains(".env"), "{}", text.shown());
}

#[test]
fn the_paragraph_names_services_as_they_are_configured() {
    let sandbox = Sandbox::new();
    let service = |name: &str| format!("[service.{name}]\nrun = \"sleep 600\"\n");
    let services = ["zoo", "web", "api"].map(service).concat();
    fs::write(sandbox.repo().join(".wt.toml"), format!("{services}[service.alpha]\n")).unwrap();
    let text = || sandbox.json(&["agent", "text"])["text"].as_str().unwrap().to_owned();
    let shown = text();
    assert!(shown.contains("(`zoo`, `web`, `api`)") && shown.contains("--service zoo --"), "{shown}");
    let purpose = "[purpose.feature]\nservices = [\"web\", \"api\"]\n";
    fs::write(sandbox.repo().join(".wt.toml"), format!("{purpose}{services}")).unwrap();
    let shown = text();
    assert!(shown.contains("(`web`, `api`, `zoo`)") && shown.contains("--service web --"), "{shown}");
}

#[test]
fn the_installed_commands_run_as_the_program_runs_them() {
    let mut sandbox = Sandbox::new();
    sandbox.json(&["agent", "install", "gemini"]);
    sandbox.json(&["agent", "install", "claude"]);
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let command = |sandbox: &Sandbox, file: &str, event: &str| {
        let settings: Value = serde_json::from_str(&read(&sandbox.path(file))).unwrap();
        settings["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap().to_owned()
    };
    let run = |sandbox: &Sandbox, file: &str, event: &str| {
        let output =
            sandbox.program("sh", &folder).args(["-c", &command(sandbox, file, event)]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (claude, gemini) = ("home/.claude/settings.json", "home/.gemini/settings.json");
    // Without us nothing happens, and Gemini CLI gets the object that it wants.
    let path = sandbox.path("empty");
    fs::create_dir_all(&path).unwrap();
    for program in ["sh", "echo"] {
        write_program(&path.join(program), &format!("#!/bin/sh\nexec /bin/{program} \"$@\"\n"));
    }
    let usual = std::env::var("PATH").unwrap();
    sandbox.set("PATH", path.display().to_string());
    assert_eq!(
        (run(&sandbox, claude, "SessionStart"), run(&sandbox, gemini, "SessionStart")),
        (String::new(), "{}\n".to_owned())
    );
    let ours = Path::new(env!("CARGO_BIN_EXE_git-wt")).parent().unwrap().display().to_string();
    sandbox.set("PATH", format!("{ours}:{usual}"));
    let answer: Value = serde_json::from_str(&run(&sandbox, claude, "SessionStart")).unwrap();
    let text = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(text.contains("`git wt up`") && text.contains(&sandbox.port(0).to_string()), "{text}");
    assert_eq!(run(&sandbox, claude, "Stop"), "");
    let list = sandbox.json(&["list"]);
    let row = list["worktrees"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "feature-login")
        .unwrap()
        .clone();
    assert_eq!((&row["agent"]["program"], &row["agent"]["state"]), (&"claude".into(), &"done".into()));
    assert_eq!(run(&sandbox, gemini, "SessionEnd"), "{}\n");
    let list = sandbox.json(&["list"]);
    assert!(
        list["worktrees"][1].get("agent").is_none(),
        "one process, whichever program's hook calls: {list}"
    );
}
