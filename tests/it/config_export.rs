//! `wt config export`: one file that `--config` reads back to the same values, its commands to be trusted once more.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::Sandbox;

fn values(sandbox: &Sandbox, before: &[&str]) -> Vec<(String, String)> {
    let arguments: Vec<&str> = before.iter().copied().chain(["config", "show"]).collect();
    let answer = sandbox.json(&arguments);
    let pair = |value: &Value| (value["key"].as_str().unwrap().to_owned(), value["value"].to_string());
    let mut all: Vec<_> = answer["values"].as_array().unwrap().iter().map(pair).collect();
    all.sort();
    all
}

#[test]
fn what_is_exported_is_read_back_and_stands_for_nobodys_commands() {
    let mut sandbox = Sandbox::new();
    sandbox.configure("[resolve]\nconfirm = false\nstrategy = \"aggressive\"\n[trash]\nkeep = \"1h\"\n[remove]\ncaches = [\"*.tmp\"]\n");
    let text = "[service.web]\nrun = \"true --port {{ port }}\"\nhealth = { http = \"/\", timeout = \"2s\" }\n\
        environment = { LOG = \"debug\" }\n[ports.conflict]\npolicy = \"retry\"\n";
    fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
    let before = values(&sandbox, &[]);
    let file = sandbox.path("all.toml");
    let name = file.to_str().unwrap().to_owned();
    sandbox.set("WT_PORTS_CONFLICT_POLICY", "fail");
    let answer = sandbox.json(&["config", "export", &name]);
    assert_eq!(answer["file"], name.as_str());
    let printed = sandbox.wt(&["config", "export"]).ok().stdout;
    assert_eq!(printed, fs::read_to_string(&file).unwrap());
    assert_eq!(sandbox.wt(&["config", "export", "-"]).ok().stdout, printed);
    assert!(!sandbox.repo().join("-").exists());
    sandbox.set("WT_PORTS_CONFLICT_POLICY", "");
    assert_eq!(values(&sandbox, &["--config", &name]), before, "files alone, no variables");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    sandbox.refused(&["config", "export", &name], "path_not_empty");
    let error = sandbox.refused(&["--config", &name, "trust"], "untrusted");
    assert!(error["message"].as_str().unwrap().contains("environment"), "{error}");
}
