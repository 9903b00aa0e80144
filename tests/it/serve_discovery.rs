//! `/sd` and `/metrics` of `wt serve`: what is scraped, by whom, and what the configuration has to do with it.

use std::fs;

use serde_json::json;

use crate::support::Sandbox;

#[test]
fn each_service_that_shows_metrics_is_found_by_who_has_the_token_or_where_that_is_opened() {
    let sandbox = Sandbox::new();
    let config = "[service.web]\nmetrics = \"/metrics?x=1\"\n[service.api]\n[service.db]\nmetrics = \"/m\"\n";
    fs::write(sandbox.repo().join(".wt.toml"), config).unwrap();
    sandbox.wt(&["create", "login", "--ports=web,api"]).ok();
    sandbox.wt(&["create", "away", "--ports=db"]).ok();
    sandbox.wt(&["remove", "feature-away"]).ok();
    let server = sandbox.serve(&[]);
    assert_eq!(server.ask_with("GET", "/sd", "").status, 401);
    let found = server.get("/sd");
    assert!(found.status == 200 && found.head.contains("content-type: application/json"), "{}", found.head);
    let web = sandbox.living()[0]["allocations"][0]["port"].clone();
    let expected = json!([{
        "targets": [format!("localhost:{web}")],
        "labels": {
            "__metrics_path__": "/metrics?x=1",
            "repository": "proj", "worktree": "feature-login", "service": "web",
        },
    }]);
    assert_eq!(found.json(), expected);
    drop(server);
    sandbox.configure("[serve]\nopen = [\"metrics\"]\n");
    let server = sandbox.serve(&[]);
    assert_eq!(server.ask_with("GET", "/sd", "").json(), expected);
    assert_eq!(server.ask_with("GET", "/metrics", "").status, 200);
    assert_eq!(server.ask_with("GET", "/api/health/ports", "").status, 401);
    drop(server);
    // A word that opens nothing is no configuration, and what is wrong with it is counted.
    let text = fs::read_to_string(sandbox.config_file()).unwrap();
    fs::write(sandbox.config_file(), text.replace("\"metrics\"", "\"metric\"")).unwrap();
    let error = sandbox.refused(&["create", "more"], "config_invalid");
    assert!(error["hint"].as_str().unwrap().contains("`metrics`"), "{error}");
    let server = sandbox.serve(&[]);
    assert_eq!(server.ask_with("GET", "/metrics", "").status, 401);
    let row = "wt_findings{code=\"config-invalid\",severity=\"";
    let (scraped, printed) = (server.get("/metrics").body, sandbox.wt(&["metrics", "--all"]).stdout);
    assert!(scraped.contains(row) && printed.contains(row), "{scraped}\n{printed}");
    for path in ["metrics", "/a b", "/a#b", ""] {
        let text = format!("[service.web]\nmetrics = \"{path}\"\n");
        fs::write(sandbox.repo().join(".wt.toml"), text).unwrap();
        sandbox.refused(&["create", "more"], "config_invalid");
    }
}
