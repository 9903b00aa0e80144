//! `wt env`: the block between our two marker lines, and not a byte beside it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::Sandbox;

fn with_worktree() -> (Sandbox, PathBuf, String) {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let block = fs::read_to_string(folder.join(".env")).unwrap();
    (sandbox, folder, block)
}

#[test]
fn check_says_by_its_exit_code_whether_the_block_is_current() {
    let (sandbox, folder, block) = with_worktree();
    sandbox.wt(&["env", "feature-login", "--check"]).ok();
    let port = sandbox.port(0).to_string();
    fs::write(folder.join(".env"), block.replace(&port, "1")).unwrap();
    sandbox.wt(&["env", "feature-login", "--check"]).exits(1);
    fs::remove_file(folder.join(".env")).unwrap();
    sandbox.wt(&["env", "feature-login", "--check"]).exits(1);
    assert!(!folder.join(".env").exists(), "a check wrote something");
    sandbox.wt(&["env", "feature-login"]).ok();
    assert_eq!(fs::read_to_string(folder.join(".env")).unwrap(), block);
    sandbox.wt_in(&folder, &["env", "--check"]).ok();
}

#[test]
fn the_users_lines_stay_to_the_byte() {
    let (sandbox, folder, block) = with_worktree();
    let before = "# mine\r\nexport A='b c'\r\n  KEY = \"x\\ny\"\nBROKEN LINE\n\u{feff}ODD=1\n\n";
    let after = "\nLAST=1 # no newline";
    for (head, tail) in [(before, after), (before, ""), ("", after), ("NO_NEWLINE=1\n", "\r\n")] {
        let stale = block.replace(&sandbox.port(0).to_string(), "1");
        fs::write(folder.join(".env"), format!("{head}{stale}{tail}")).unwrap();
        sandbox.wt(&["env", "feature-login"]).ok();
        assert_eq!(fs::read_to_string(folder.join(".env")).unwrap(), format!("{head}{block}{tail}"));
    }
}

#[test]
fn a_file_without_a_block_gets_one_behind_the_users_lines() {
    let (sandbox, folder, _) = with_worktree();
    fs::write(folder.join(".env"), "A=1").unwrap();
    sandbox.wt(&["env", "feature-login"]).ok();
    let text = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(text.starts_with("A=1\n") && text.contains("WT_NAME=feature-login"), "{text}");
    sandbox.wt(&["env", "feature-login"]).ok();
    assert_eq!(fs::read_to_string(folder.join(".env")).unwrap(), text, "the second time changed something");
}

#[test]
fn bytes_that_are_no_text_stay() {
    let (sandbox, folder, block) = with_worktree();
    let mut bytes = b"A=\xff\xfe\n".to_vec();
    bytes.extend(block.replace(&sandbox.port(0).to_string(), "1").bytes());
    fs::write(folder.join(".env"), &bytes).unwrap();
    sandbox.wt(&["env", "feature-login"]).ok();
    let after = fs::read(folder.join(".env")).unwrap();
    assert!(after.starts_with(b"A=\xff\xfe\n") && after.ends_with(block.as_bytes()));
}

#[test]
fn an_existing_files_mode_stays() {
    use std::os::unix::fs::PermissionsExt;
    let (sandbox, folder, _) = with_worktree();
    fs::write(folder.join(".env"), "A=1\n").unwrap();
    fs::set_permissions(folder.join(".env"), PermissionsExt::from_mode(0o640)).unwrap();
    sandbox.wt(&["env", "feature-login"]).ok();
    assert_eq!(fs::metadata(folder.join(".env")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_link_out_of_the_worktree_is_not_followed() {
    let (sandbox, folder, _) = with_worktree();
    let outside = sandbox.path("outside");
    fs::write(&outside, "SECRET=1\n").unwrap();
    fs::remove_file(folder.join(".env")).unwrap();
    symlink(&outside, folder.join(".env")).unwrap();
    let run = sandbox.wt(&["env", "feature-login"]);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "SECRET=1\n", "{}", run.shown());
}

#[test]
fn a_tracked_env_is_refused() {
    let (sandbox, folder, _) = with_worktree();
    sandbox.git(&folder, &["add", "-f", ".env"]);
    sandbox.refused(&["env", "feature-login"], "env_tracked");
}

#[test]
fn print_writes_nothing_and_has_three_formats() {
    let (sandbox, folder, _) = with_worktree();
    fs::remove_file(folder.join(".env")).unwrap();
    let port = sandbox.port(0);
    let dotenv = sandbox.wt(&["env", "feature-login", "--print"]).ok();
    assert!(dotenv.stdout.lines().any(|line| line == format!("PORT={port}")), "{}", dotenv.shown());
    let sh = sandbox.wt(&["env", "feature-login", "--print", "--format", "sh"]).ok();
    let script = format!("{}\nsh -c 'echo $PORT'", sh.stdout);
    let output = sandbox.program("sh", &folder).args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{port}\n"), "{}", sh.shown());
    let json = sandbox.wt(&["env", "feature-login", "--print", "--format", "json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(value.to_string().contains(&port.to_string()), "{value}");
    assert!(!folder.join(".env").exists());
}

#[test]
fn what_sh_and_dotenv_read_is_what_was_meant() {
    let (sandbox, folder, _) = with_worktree();
    let output = sandbox.program("sh", &folder).args(["-c", "set -a; . ./.env; env"]).output().unwrap();
    let from_sh = String::from_utf8(output.stdout).unwrap();
    for pair in dotenvy::from_path_iter(folder.join(".env")).unwrap() {
        let (name, value) = pair.unwrap();
        assert!(from_sh.lines().any(|line| line == format!("{name}={value}")), "{name}: {from_sh}");
    }
}

#[test]
fn a_worktree_that_is_not_registered_has_no_block() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["env"]).exits(1);
    assert!(!sandbox.repo().join(".env").exists());
}

#[test]
fn a_block_with_one_marker_missing_loses_nothing_of_the_users() {
    let (sandbox, folder, block) = with_worktree();
    let end = block.trim_end().rfind('\n').unwrap() + 1;
    let without_end = &block[..end];
    fs::write(folder.join(".env"), format!("A=1\n{without_end}B=2\n")).unwrap();
    let run = sandbox.wt(&["env", "feature-login"]);
    let text = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(text.contains("A=1\n") && text.contains("B=2"), "{}\n{text}", run.shown());
}

#[test]
fn a_branch_that_is_renamed_or_switched_is_known_everywhere_at_once() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    for (words, branch) in [
        (&["branch", "-m", "feature/signin"][..], "feature/signin"),
        (&["switch", "-q", "-c", "other"], "other"),
    ] {
        sandbox.git(&folder, words);
        let check = sandbox.wt(&["env", "login", "--check"]).exits(1);
        assert!(check.stdout.contains(branch) || check.stderr.contains(branch), "{}", check.shown());
        sandbox.wt(&["env", "login"]).ok();
        let env = fs::read_to_string(folder.join(".env")).unwrap();
        assert!(
            env.contains(&format!("WT_BRANCH={branch}")) || env.contains(&format!("WT_BRANCH='{branch}'")),
            "{env}"
        );
        sandbox.wt(&["env", "login", "--check"]).ok();
        assert_eq!(sandbox.wt(&["path", branch]).ok().stdout.trim_end(), folder.to_str().unwrap());
        let listed = sandbox.json(&["list"]);
        let rows = listed["worktrees"].as_array().unwrap();
        assert!(rows.iter().any(|row| row["branch"] == branch && row["name"] == "feature-login"), "{listed}");
    }
    // A rebase stands on no branch for a while, and comes back.
    sandbox.git(&folder, &["switch", "-q", "--detach"]);
    sandbox.wt(&["env", "login", "--check"]).exits(1);
}
