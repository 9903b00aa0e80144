//! Claims as refs of a remote that is asked over HTTP, kind or of a bad temper.

use crate::support::git_server::{GitServer, Temper};
use crate::support::team::Team;

/// Clones whose remote is asked over HTTP.
fn team() -> (Team, GitServer) {
    let team = Team::new(&["ana", "ben"]);
    let server = GitServer::start(&team.sandbox.path(""));
    for clone in ["ana", "ben"] {
        let url = format!("{}/shop.git", server.url);
        team.sandbox
            .git(&team.sandbox.path(&format!("{clone}/shop")), &["remote", "set-url", "origin", &url]);
    }
    (team, server)
}

fn branch(name: &str) -> String {
    format!("refs/wt/claims/branch/feature%2F{name}")
}

#[test]
fn claims_go_over_http_and_a_push_whose_connection_broke_is_known_by_its_commit() {
    let (team, server) = team();
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(team.claims(), [branch("login")]);
    team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
    server.become_of(Temper::Breaks);
    team.wt("ben", &["create", "search"]).ok();
    assert_eq!(team.claims(), [branch("login"), branch("search")]);
    server.become_of(Temper::Kind);
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(team.claims(), [branch("search")]);
}

#[test]
fn a_login_page_a_password_and_a_remote_that_only_reads_refuse_a_create_and_queue_a_removal() {
    let (team, server) = team();
    team.wt("ana", &["create", "login"]).ok();
    let tempers = [
        (Temper::LoginPage, "/shop.git"),
        (Temper::Password, "could not read Username"),
        (Temper::ReadOnly, "403"),
    ];
    for (temper, said) in tempers {
        server.become_of(temper);
        let error = team.wt("ben", &["--json", "create", "search"]).exits(1).error("claims_unreachable");
        assert_eq!(error["details"]["reason"], "failed", "{temper:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains(said), "{temper:?}: {error}");
        assert_eq!(team.living("ben"), 0, "{temper:?}");
    }
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(team.claims(), [branch("login")]);
    server.become_of(Temper::Kind);
    team.wt("ana", &["team"]).ok();
    assert!(team.claims().is_empty(), "the debt is paid");
}
