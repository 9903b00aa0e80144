//! Branches are claimed in a real etcd: one of many wins, what is claimed is given back, and a call whose answer never came leaves
//! nothing behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::cutting::{Neighbour, Treatment};
use crate::support::etcd::{Authority, Etcd, NEEDS, PASSWORD, settings, team};
use crate::support::skip;
use crate::support::team::Team;

fn claims_told(answer: &Value) -> Vec<Value> {
    let all = answer["findings"].as_array().unwrap().iter();
    all.filter(|found| found["code"].as_str().unwrap().starts_with("claim-")).cloned().collect()
}

/// How many give-backs and claims a clone still has to settle.
fn debts(team: &Team, clone: &str) -> usize {
    let folder = team.sandbox.path(&format!("{clone}/shop/.git/wt/claims-etcd"));
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let open = |text: &String| {
        let pushed: Value = serde_json::from_str(text).unwrap();
        pushed["pending"] == true || pushed["given_up"] == true
    };
    files.filter_map(|file| fs::read_to_string(file.path()).ok()).filter(open).count()
}

#[test]
fn a_branch_claimed_in_etcd_is_refused_until_it_is_given_back_or_taken_over() {
    let Some(etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana", "ben"], "");
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(etcd.branches(), ["feature/login"]);
    let error = team.wt("ben", &["--json", "create", "login"]).exits(1).error("claimed");
    let details = &error["details"];
    assert_eq!(
        (&details["branch"], &details["worktree"]),
        (&json!("feature/login"), &json!("feature-login"))
    );
    assert_eq!(team.living("ben"), 0, "nothing is left of it");
    // A number counts on, and a branch is claimed by hand.
    assert_eq!(team.json("ana", &["create"])["worktree"]["name"], "feature-1");
    assert_eq!(team.json("ben", &["create"])["worktree"]["name"], "feature-2");
    team.wt("ana", &["team", "claim", "feature/final"]).ok();
    let rows = team.json("ben", &["team"]);
    assert_eq!((&rows["remote"], rows["branches"].as_array().unwrap().len()), (&json!("etcd"), 4));
    assert_eq!(rows["hosts"].as_array().unwrap().len(), 2, "{rows}");
    team.wt("ben", &["--json", "rename", "feature-2", "final"]).exits(1).error("claimed");
    team.wt("ben", &["--json", "team", "release", "feature/final"]).exits(1).error("not_yours");
    team.wt("ana", &["team", "release", "feature/final"]).ok();
    // Given back, it is anybody's; restored, it is claimed again, or refused.
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(etcd.branches(), ["feature/1", "feature/2"]);
    team.wt("ben", &["create", "login"]).ok();
    team.wt("ana", &["--json", "restore", "feature-login"]).exits(1).error("claimed");
    team.wt("ana", &["restore", "feature-login", "--take-over"]).ok();
    // What was taken over is no longer the other's to give back.
    team.wt("ben", &["remove", "feature-login"]).ok();
    assert_eq!(etcd.branches(), ["feature/1", "feature/2", "feature/login"]);
    assert!(claims_told(&team.wt("ana", &["--json", "validate"]).json()).is_empty());
    assert!(team.refs().is_empty(), "nothing is pushed to the remote");
}

#[test]
fn endpoints_are_asked_in_turn_and_what_each_of_them_said_is_told() {
    let Some(mut etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana", "ben"], "");
    let nobody = format!("http://127.0.0.1:{}", etcd.spare_port());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let configure = |urls: &[&str], offline: &str| {
        let text =
            settings(urls, "").replace("[team.etcd]", &format!("offline = \"{offline}\"\n[team.etcd]"));
        team.sandbox.configure(&text.replace("20s", if urls.len() == 3 { "20s" } else { "500ms" }));
    };
    let member = etcd.members[0].url.clone();
    configure(&[&nobody, &silent, &member], "refuse");
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(etcd.branches(), ["feature/login"]);

    // All of etcd is gone, for an hour of work.
    etcd.members[0].kill();
    configure(&[&nobody, &member], "refuse");
    let error = team.wt("ben", &["--json", "create", "search"]).exits(1).error("claims_unreachable");
    let told = error["message"].as_str().unwrap();
    assert!(told.contains(&nobody) && told.contains(&member), "{told}");
    assert_eq!(team.living("ben"), 0);
    team.wt("ana", &["list"]).ok();
    team.wt("ana", &["remove", "feature-login"]).ok();
    configure(&[&nobody, &member], "allow");
    let run = team.wt("ben", &["create", "search"]).ok();
    assert!(run.stderr.contains("not claimed yet"), "{}", run.shown());
    assert!(debts(&team, "ana") > 0 && debts(&team, "ben") > 0);

    etcd.members[0].start();
    etcd.wait();
    assert_eq!(etcd.branches(), ["feature/login"]);
    team.sandbox.configure(&etcd.settings(""));
    team.wt("ana", &["create", "other"]).ok();
    team.wt("ben", &["create", "third"]).ok();
    assert_eq!(etcd.branches(), ["feature/other", "feature/search", "feature/third"]);
    assert_eq!((debts(&team, "ana"), debts(&team, "ben")), (0, 0));
}

#[test]
fn a_call_whose_answer_was_lost_is_known_by_its_words_and_one_that_comes_late_does_nothing() {
    let Some(etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana"], "");
    let member = &etcd.members[0].url;
    // etcd took the claim and its answer was lost: the next endpoint is asked the same, and sees that it is ours.
    let lost = Neighbour::new(member, Treatment::Lost, 1);
    team.sandbox.configure(&settings(&[&lost.url, member], ""));
    team.wt("ana", &["create", "login"]).ok();
    assert!(lost.was_met(), "{:?}", lost.heard());
    assert_eq!(etcd.branches(), ["feature/login"]);
    assert_eq!(debts(&team, "ana"), 0);
    let lost = Neighbour::new(member, Treatment::Lost, 2);
    team.sandbox.configure(&settings(&[&lost.url, member], ""));
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert!(lost.was_met(), "{:?}", lost.heard());
    assert_eq!((etcd.branches(), debts(&team, "ana")), (Vec::new(), 0));

    // Nobody answers a claim; it is given up, and reaches etcd long after.
    let held = Neighbour::new(member, Treatment::Held, 1);
    team.sandbox.configure(&settings(&[&held.url], "").replace("20s", "1s"));
    team.wt("ana", &["--json", "create", "search"]).exits(1).error("claims_unreachable");
    assert_eq!(team.living("ana"), 0);
    // The time of that command was over: the give-back is a debt, which the next one pays.
    team.sandbox.configure(&etcd.settings(""));
    team.wt("ana", &["team"]).ok();
    assert_eq!(debts(&team, "ana"), 0);
    let answer = held.let_go();
    assert!(answer.contains("200 OK") && !answer.contains("\"succeeded\":true"), "{answer}");
    assert_eq!(etcd.branches(), Vec::<String>::new(), "what was given back never stands again");
    team.wt("ana", &["create", "search"]).ok();
    assert_eq!(etcd.branches(), ["feature/search"]);
}

#[test]
fn who_asks_is_proved_by_password_over_tls_and_a_token_is_kept_for_the_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("server", Some("etcd"));
    let file = |name: &str| folder.path().join(name).display().to_string();
    let words =
        [format!("--cert-file={}", file("server.pem")), format!("--key-file={}", file("server-key.pem"))];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(mut etcd) = Etcd::start(1, true, &words) else { return skip(NEEDS) };
    etcd.ask_for_users();
    fs::write(file("password"), format!("{PASSWORD}\n")).unwrap();
    fs::write(file("wrong"), "nonsense\n").unwrap();
    let login = |user: &str, password: &str| {
        format!("ca = \"{}\"\nuser = \"{user}\"\npassword_file = \"{}\"\n", file("ca.pem"), file(password))
    };
    let team = team(&etcd, &["ana", "ben"], &login("ana", "password"));
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(etcd.branches(), ["feature/login"]);
    let books = fs::read_dir(team.sandbox.path("ana/state/wt/claims")).unwrap().flatten();
    let token =
        books.map(|book| book.path().join("token")).find(|path| path.exists()).expect("a token is kept");
    assert_eq!(token.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let known = fs::read_to_string(&token).unwrap();
    team.wt("ana", &["remove", "feature-login"]).ok();
    assert_eq!(fs::read_to_string(&token).unwrap(), known, "not every command asks for another");
    // A member that began anew may know no token of before: whether it does depends on how much of its log it applies again.
    let unknown = "ana\nunknownunknownun.15\n";
    fs::write(&token, unknown).unwrap();
    team.wt("ana", &["create", "search"]).ok();
    assert_ne!(fs::read_to_string(&token).unwrap(), unknown);

    // Whoever may not, is told why.
    let refused = |more: &str| {
        team.sandbox.configure(&etcd.settings(more));
        team.wt("ben", &["--json", "create", "other"]).exits(1).error("claims_unreachable")
    };
    let told = |error: &Value| format!("{} {}", error["message"], error["hint"]);
    let error = told(&refused(&login("ana", "wrong")));
    assert!(error.contains("does not let `ana` in"), "{error}");
    let error = told(&refused(&login("eve", "password")));
    assert!(error.contains("permission denied") && error.contains("readwrite"), "{error}");
    let error = told(&refused(&format!("ca = \"{}\"\n", file("ca.pem"))));
    assert!(error.contains("team.etcd.password_file"), "{error}");
    let error = told(&refused(&format!("ca = \"{}\"\n", file("server.pem"))));
    assert!(error.contains("certificate"), "{error}");
    let error = told(&refused(&login("ana", "absent")));
    assert!(error.contains("absent cannot be read"), "{error}");
    assert_eq!(team.living("ben"), 0);
}

#[test]
fn a_client_certificate_counts_without_a_common_name_and_is_refused_with_one_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    for (name, common) in [("server", None), ("plain", None), ("named", Some("ana"))] {
        authority.issue(name, common);
    }
    let file = |name: &str| folder.path().join(name).display().to_string();
    let words = [
        format!("--cert-file={}", file("server.pem")),
        format!("--key-file={}", file("server-key.pem")),
        format!("--trusted-ca-file={}", file("ca.pem")),
        "--client-cert-auth=true".to_owned(),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(mut etcd) = Etcd::start(1, true, &words) else { return skip(NEEDS) };
    etcd.ask_for_users();
    fs::write(file("password"), PASSWORD).unwrap();
    let own = |name: &str| {
        format!(
            "ca = \"{}\"\ncert = \"{}\"\nkey = \"{}\"\nuser = \"ana\"\npassword_file = \"{}\"\n",
            file("ca.pem"),
            file(&format!("{name}.pem")),
            file(&format!("{name}-key.pem")),
            file("password")
        )
    };
    let team = team(&etcd, &["ana"], &own("named"));
    let error = team.wt("ana", &["--json", "create", "login"]).exits(1).error("claims_unreachable");
    assert!(error["hint"].as_str().unwrap().contains("common name"), "{error}");
    team.sandbox.configure(&etcd.settings(&own("plain")));
    team.wt("ana", &["create", "login"]).ok();
    assert_eq!(etcd.branches(), ["feature/login"]);
}

#[test]
fn more_claims_than_one_answer_has_are_all_listed() {
    let Some(etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana"], "");
    team.wt("ana", &["team", "claim", "feature/own"]).ok();
    let (key, pair) = etcd.all("/wt/v1/shop/claims/").remove(0);
    let pairs: Vec<(String, String)> = (0..1_200)
        .map(|number| {
            let mut words = pair["value"].clone();
            words["branch"] = json!(format!("feature/{number}"));
            words["id"] = json!(format!("i{number}"));
            (key.replace("%2Fown", &format!("%2F{number}")), words.to_string())
        })
        .collect();
    etcd.put(&pairs);
    let rows = team.json("ana", &["team"]);
    assert_eq!(rows["branches"].as_array().unwrap().len(), 1_201);
    assert_eq!(rows["hosts"][0]["branches"], 1_201);
}

#[test]
fn what_was_claimed_under_another_name_of_the_repository_or_the_team_is_given_back_there() {
    let Some(etcd) = Etcd::start(1, false, &[]) else { return skip(NEEDS) };
    let team = team(&etcd, &["ana"], "");
    for name in ["login", "search", "third"] {
        team.wt("ana", &["create", name]).ok();
    }
    // A record of before has the team alone in its address.
    let journal = team.sandbox.path("ana/shop/.git/wt/claims-etcd");
    for file in fs::read_dir(journal).unwrap().flatten() {
        let mut pushed: Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        if pushed["reference"].as_str().unwrap().ends_with("third") {
            pushed["address"] = json!("etcd:shop");
            fs::write(file.path(), pushed.to_string()).unwrap();
        }
    }
    let renamed = etcd.settings("").replace("[team]", "[team]\nrepository = \"example.org/new\"");
    team.sandbox.configure(&renamed);
    for name in ["feature-login", "feature-third"] {
        team.wt("ana", &["remove", name]).ok();
    }
    assert_eq!(etcd.branches(), ["feature/search"]);
    team.wt("ana", &["create", "fourth"]).ok();
    assert_eq!(
        etcd.branches(),
        ["feature/fourth", "feature/search"],
        "what stays is claimed by the new name"
    );
    assert!(etcd.all("/wt/v1/shop/claims/").iter().all(|(key, _)| key.contains("example%2Eorg%2Fnew")));
    team.sandbox.configure(&renamed.replace("team = \"shop\"", "team = \"desk\""));
    team.wt("ana", &["remove", "feature-fourth"]).ok();
    team.wt("ana", &["remove", "feature-search"]).ok();
    assert_eq!((etcd.branches(), debts(&team, "ana")), (Vec::new(), 0));
    assert!(etcd.all("/wt/v1/desk/claims/").is_empty());
}

#[test]
fn an_etcd_that_says_nothing_is_named() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let team = Team::new(&["ana"]);
    for urls in [&[silent.as_str()][..], &[&silent, "http://127.0.0.1:9"]] {
        team.sandbox.configure(&settings(urls, "").replace("20s", "900ms"));
        let error = team.wt("ana", &["--json", "create", "login"]).exits(1).error("claims_unreachable");
        let told = error["message"].as_str().unwrap();
        assert!(urls.iter().all(|url| told.contains(url)), "{told}");
        assert!(told.contains("no answer within 0.") && !told.contains("no answer within 0.0"), "{told}");
        assert_eq!(error["details"]["reason"], "timeout", "{error}");
    }
    // Without a remote the repository has no name for those who keep claims.
    team.sandbox.git(&team.sandbox.path("ana/shop"), &["remote", "remove", "origin"]);
    let error = team.wt("ana", &["--json", "team", "claim", "feature/login"]).exits(2).error("usage");
    assert!(error["message"].as_str().unwrap().contains("`team.repository`"), "{error}");
    assert!(team.json("ana", &["team"])["warnings"][0].as_str().unwrap().contains("`team.repository`"));
}

#[test]
fn whoever_looks_or_is_a_hook_asks_nobody_who_keeps_claims() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let team = Team::new(&["ana"]);
    team.sandbox.configure("");
    team.wt("ana", &["create", "login", "--ports"]).ok();
    team.wt("ana", &["hooks", "install"]).ok();
    team.sandbox.configure(&settings(&[&url], "").replace("20s", "300ms"));
    let looks = [
        "list --status",
        "list --all",
        "path feature-login",
        "prompt",
        "status -w feature-login",
        "env feature-login --check",
        "ports list",
        "ports next",
        "events",
        "report",
        "metrics",
    ];
    for words in looks {
        let words: Vec<&str> = words.split(' ').collect();
        team.wt("ana", &words).ok();
    }
    let mut git = team.sandbox.program("git", &team.sandbox.path("ana/shop"));
    git.args(["worktree", "add", "-q", "-b", "feature/byhand", "../byhand"])
        .env("XDG_STATE_HOME", team.sandbox.path("ana/state"));
    // The hook finds this very program.
    let mut path = Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    git.env("PATH", path);
    assert!(git.output().unwrap().status.success());
    assert_eq!(team.living("ana"), 2, "the hook recorded it");
    assert_eq!(silent.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody asked");
    team.wt("ana", &["--json", "create", "other"]).exits(1).error("claims_unreachable");
    assert!(silent.accept().is_ok());
}

#[test]
fn a_repositorys_file_can_neither_choose_etcd_nor_turn_away_from_it() {
    let team = Team::new(&["ana"]);
    let mine = settings(&["http://127.0.0.1:9"], "").replace("20s", "300ms");
    team.sandbox.configure("");
    fs::write(team.sandbox.path("ana/shop/.wt.toml"), &mine).unwrap();
    team.wt("ana", &["trust", "--yes"]).ok();
    team.wt("ana", &["create", "login"]).ok();
    team.sandbox.configure(&mine);
    for (word, is_trusted) in [("git", false), ("off", false), ("git", true), ("off", true)] {
        let text = format!("[team]\nclaims = \"{word}\"\n");
        fs::write(team.sandbox.path("ana/shop/.wt.toml"), text).unwrap();
        if is_trusted {
            team.wt("ana", &["trust", "--yes"]);
        }
        team.wt("ana", &["--json", "create", "search"]).exits(1).error("claims_unreachable");
    }
    assert!(team.refs().is_empty());
}
