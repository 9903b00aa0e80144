//! `wt health --install-timer`: units of the user's own, beside nothing of anybody else.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Sandbox, skip};

fn units(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path("config/systemd/user")
}

#[test]
fn it_writes_a_service_and_a_timer_and_says_how_to_enable_them() {
    let sandbox = Sandbox::new();
    let run = sandbox.wt(&["health", "--install-timer"]).ok();
    let run = run.says(&["systemctl --user enable --now wt-health.timer", "*/15 * * * *", "health --all"]);
    assert_eq!(run.stdout.lines().count(), 2, "{}", run.shown());
    let timer = fs::read_to_string(units(&sandbox).join("wt-health.timer")).unwrap();
    assert!(timer.contains("OnBootSec=5min") && timer.contains("OnUnitActiveSec=15min"), "{timer}");
    let service = fs::read_to_string(units(&sandbox).join("wt-health.service")).unwrap();
    assert!(service.contains(env!("CARGO_BIN_EXE_wt")), "{service}");
    assert!(service.contains(&format!("XDG_STATE_HOME={}", sandbox.path("state").display())), "{service}");
    sandbox.wt(&["health", "--install-timer"]).ok().answers(&["Unchanged"]);
    let verified = sandbox
        .program("systemd-analyze", &units(&sandbox))
        .args(["--user", "verify", "./wt-health.service", "./wt-health.timer"])
        .output();
    match verified {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains("wt-health") || output.status.success(), "{said}");
        }
        Err(_) => skip("no systemd-analyze"),
    }
}

#[test]
fn uninstalling_takes_away_what_was_installed() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["health", "--install-timer"]).ok();
    let answer = sandbox.json(&["health", "--uninstall-timer"]);
    assert_eq!(answer["files"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(fs::read_dir(units(&sandbox)).unwrap().count(), 0);
    sandbox.wt(&["health", "--uninstall-timer"]).ok().says(&["nothing was installed"]);
}

#[test]
fn a_file_of_somebody_else_is_neither_overwritten_nor_removed() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(units(&sandbox)).unwrap();
    let file = units(&sandbox).join("wt-health.timer");
    fs::write(&file, "[Timer]\nOnBootSec=1\n").unwrap();
    sandbox.refused(&["health", "--install-timer"], "path_not_empty");
    assert!(!units(&sandbox).join("wt-health.service").exists(), "all or nothing");
    sandbox.wt(&["health", "--uninstall-timer"]).ok().says(&["not ours"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "[Timer]\nOnBootSec=1\n");
    fs::remove_file(&file).unwrap();
    fs::write(sandbox.path("elsewhere"), "# Made by `wt health`\n").unwrap();
    symlink(sandbox.path("elsewhere"), &file).unwrap();
    sandbox.refused(&["health", "--install-timer"], "path_not_empty");
}
