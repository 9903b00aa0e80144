//! Names instead of ports: what people click, and what programs are told.

use crate::support::Sandbox;
use crate::support::git::write;

#[test]
fn people_click_a_name_of_the_worktree_and_programs_are_told_localhost() {
    let sandbox = Sandbox::new();
    write(
        &sandbox.repo(),
        ".wt.toml",
        "[purpose.feature]\nservices = [\"web\", \"admin\", \"db\"]\n[url]\nhost = \"{{ name | label }}.localhost\"\n\
         [service.admin]\nurl = \"http://{{ host }}:{{ port }}/admin\"\n[service.db]\nhealth = { postgres = {} }\n",
    );
    let created = sandbox.wt(&["create", "login", "--ports", "--json"]).ok().json();
    let (web, admin, db) = (sandbox.port(0), sandbox.port(1), sandbox.port(2));
    let host = "feature-login.localhost";
    let expected = [
        format!("http://{host}:{web}"),
        format!("http://{host}:{admin}/admin"),
        format!("postgres://localhost:{db}"),
    ];
    let urls = |ports: &serde_json::Value| -> Vec<String> {
        let ports = ports.as_array().unwrap();
        ports.iter().map(|port| port["url"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(urls(&created["worktree"]["ports"]), expected);
    let listed = sandbox.wt(&["list", "--json"]).ok().json();
    let login = listed["worktrees"].as_array().unwrap().iter().find(|one| one["name"] == "feature-login");
    assert_eq!(urls(&login.unwrap()["ports"]), expected);
    let path = sandbox.worktree("feature-login");
    assert_eq!(sandbox.wt_in(&path, &["url", "admin"]).ok().stdout.trim(), expected[1]);
    let block = std::fs::read_to_string(path.join(".env")).unwrap();
    for line in [
        format!("WEB_URL=http://localhost:{web}"),
        format!("ADMIN_URL=http://localhost:{admin}/admin"),
        format!("DB_URL=postgres://localhost:{db}"),
    ] {
        assert!(block.lines().any(|known| known == line), "{line}: {block}");
    }
    // The doctor says who finds such names.
    let doctor = sandbox.wt(&["doctor", "--json"]).json();
    let check = doctor["checks"].as_array().unwrap().iter().find(|one| one["name"] == "names");
    assert!(check.unwrap()["message"].as_str().unwrap().contains("below `localhost`"));
}

#[test]
fn two_worktrees_with_one_name_are_told_apart_and_what_leads_elsewhere_waits_for_trust() {
    let sandbox = Sandbox::new();
    sandbox.configure("[url]\nhost = \"{{ purpose | label }}.localhost\"\n");
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    let url = |name: &str| sandbox.wt(&["url", "-w", name]).ok().stdout.trim().to_owned();
    let (first, second) = (sandbox.port(0), sandbox.port(1));
    assert_eq!(url("feature-one"), format!("http://feature.localhost:{first}"));
    assert_eq!(url("feature-two"), format!("http://feature-2.localhost:{second}"));
    write(&sandbox.repo(), ".wt.toml", "[url]\nhost = \"{{ name | label }}.evil.example\"\n");
    assert_eq!(url("feature-one"), format!("http://feature.localhost:{first}"), "nobody trusted it");
    write(&sandbox.repo(), ".wt.toml", "[url]\nhost = \"{{ name }}.localhost\"\n");
    let refused = sandbox.wt(&["url", "-w", "feature-one", "--json"]).exits(2).json();
    assert_eq!(refused["error"]["code"], "config_invalid");
    assert!(refused["error"]["hint"].as_str().unwrap().contains("label"), "{refused}");
}
