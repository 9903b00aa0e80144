//! A health check is read as it is written, or says what is wrong.

use super::*;
use crate::model::variants::{sorted, words_of};

#[test]
fn every_kind_can_be_written() {
    assert_eq!(sorted(KINDS.map(|kind| kind.word)), words_of::<CheckKind>());
}

#[test]
fn a_kind_is_read_as_the_kind_that_it_names() {
    for kind in &KINDS {
        let value = match kind.word {
            "http" => json!("/"),
            "command" => json!("true"),
            _ => json!({}),
        };
        assert_eq!(parse(&json!({ kind.word: value })).unwrap().kind.word(), kind.word);
    }
}

#[test]
fn one_check_with_its_options_is_fine() {
    for value in [
        json!({"http": "/health", "status": 200, "timeout": "5s"}),
        json!({"http": "/", "status": [200, 204], "headers": {"Accept": "*/*"}, "method": "HEAD", "body": "ok"}),
        json!({"postgres": {}}),
        json!({"tcp": {}, "timeout": "1s"}),
        json!({"command": "pg_isready -p {{port}}", "interval": "5s", "failures": 2, "start_timeout": "30s"}),
        json!({"postgres": {"user": "me", "database": "shop"}}),
    ] {
        assert_eq!(check(&value), Ok(()), "{value}");
    }
}

#[test]
fn anything_else_says_what_is_wrong() {
    for (value, words) in [
        (json!("/"), "must be a table"),
        (json!({}), "names no check"),
        (json!({"htp": "/"}), "unknown check `htp`"),
        (json!({"htp": "/", "timeout": "1s"}), "unknown check `htp`"),
        (json!({"start_timeout": "2s"}), "says `start_timeout` and names no check"),
        (json!({"http": "/", "tcp": {}}), "names 2 checks: tcp, http"),
        (json!({"http": 5}), "`http` must be a text"),
        (json!({"postgres": true}), "`postgres` must be a table"),
        (json!({"tcp": {}, "status": 200}), "unknown key `status`"),
        (json!({"http": "/", "timeout": 5}), "`timeout` must be a duration"),
        (json!({"http": "/", "status": 42}), "`status` 42 is outside 100 to 599"),
        (json!({"http": "/", "headers": "x"}), "`headers` must be a table"),
        (json!({"http": "up"}), "`http` must begin with `/`"),
        (json!({"http": "/a b"}), "`http` must not contain ` `"),
        (json!({"http": "/\r\nX: y"}), "`http` must not contain"),
        (json!({"http": "/", "method": "GET /x"}), "`method` is no method"),
        (json!({"http": "/", "headers": {"X": "a\r\nY: b"}}), "`headers` `X` must not contain control"),
        (json!({"http": "/", "headers": {"X:": "a"}}), "`headers` has a name"),
        (json!({"tcp": {}, "timeout": "0s"}), "`timeout` must be longer"),
        (json!({"redis": {"user": "x"}}), "`redis` knows no `user`"),
        (json!({"postgres": {"user": ""}}), "`postgres` `user` must not be empty"),
        (json!({"command": "sh -c 'x"}), "`command` "),
        (json!({"command": "  "}), "`command` "),
        (json!({"command": "nc {{ prt }}"}), "unknown template variable `prt`"),
    ] {
        let message = check(&value).unwrap_err().message;
        assert!(message.contains(words), "{value}: {message}");
    }
}

fn read(value: &Value) -> Result<HealthCheck, String> {
    parse(value).map_err(|fault| fault.message)
}

#[test]
fn every_option_of_a_check_is_read() {
    let second = |count| Some(std::time::Duration::from_secs(count));
    let value = json!({
        "http": "/up", "method": "HEAD", "status": [200, 204], "body": "ok", "headers": { "Accept": "*/*" },
        "timeout": "5s", "interval": "6s", "failures": 2, "successes": 3, "start_timeout": "7s",
    });
    let http = HttpCheck {
        path: "/up".to_owned(),
        method: "HEAD".to_owned(),
        statuses: vec![200, 204],
        body: Some("ok".to_owned()),
        headers: vec![("Accept".to_owned(), "*/*".to_owned())],
    };
    let check = HealthCheck {
        kind: CheckKind::Http(http),
        timeout: second(5),
        interval: second(6),
        failures: Some(2),
        successes: Some(3),
        start_timeout: second(7),
    };
    assert_eq!(read(&value), Ok(check));
    let kind = |value: Value| read(&value).map(|check| check.kind);
    assert_eq!(kind(json!({ "http": "/" })), Ok(CheckKind::Http(HttpCheck::of("/"))));
    let postgres = |user: &str, database: &str| CheckKind::Postgres {
        user: user.to_owned(),
        database: database.to_owned(),
    };
    assert_eq!(kind(json!({ "postgres": {} })), Ok(postgres("postgres", "postgres")));
    assert_eq!(kind(json!({ "postgres": { "user": "me" } })), Ok(postgres("me", "postgres")));
    assert_eq!(kind(json!({ "postgres": { "database": "shop" } })), Ok(postgres("postgres", "shop")));
    assert_eq!(kind(json!({ "command": "check it" })), Ok(CheckKind::Command("check it".to_owned())));
    assert_eq!(read(&json!({ "tcp": {} })), Ok(HealthCheck::default()));
}

#[test]
fn what_is_asked_for_over_http_is_something_that_can_stand_in_a_request() {
    let of = |key: &str, value: Value| read(&json!({ "http": "/", key: value })).map(|_| ());
    for (key, value) in [
        ("body", json!("x".repeat(16 * 1024))),
        ("method", json!("PATCH")),
        ("method", json!("a-b.c~1")),
        ("status", json!(100)),
        ("status", json!(599)),
        ("failures", json!(1)),
        ("failures", json!(100)),
        ("start_timeout", json!("0s")),
    ] {
        assert_eq!(of(key, value.clone()), Ok(()), "{key} {value:.40}");
    }
    for (key, value, said) in [
        ("body", json!("x".repeat(16 * 1024 + 1)), "`body` is longer than 16384 bytes"),
        ("body", json!(""), "`body` must not be empty"),
        ("method", json!("Connect"), "`method` is no method: `Connect`"),
        ("method", json!("a b"), "`method` is no method: `a b`"),
        ("method", json!("ä"), "`method` is no method: `ä`"),
        ("status", json!(99), "`status` 99 is outside 100 to 599"),
        ("status", json!([200, 600]), "`status` 600 is outside 100 to 599"),
        ("failures", json!(0), "`failures` 0 is outside 1 to 100"),
        ("successes", json!(101), "`successes` 101 is outside 1 to 100"),
        ("interval", json!("0s"), "`interval` must be longer than nothing"),
        ("headers", json!({ "": "x" }), "`headers` has a name that no header can have: ``"),
        ("headers", json!({ "X": 1 }), "`headers` `X` must be a text, not a number"),
    ] {
        assert_eq!(of(key, value), Err(said.to_owned()));
    }
}

#[test]
fn options_without_a_check_are_told_with_the_check_that_they_fit() {
    let hint = |value: Value| parse(&value).unwrap_err().hint.unwrap();
    assert_eq!(hint(json!({ "timeout": "1s" })), "write { tcp = {}, timeout = \"1s\" }");
    assert_eq!(hint(json!({ "status": 200 })), "write { http = \"/\", status = 200 }");
    let known = |value: Value| parse(&value).unwrap_err().hint.unwrap();
    let of_tcp = known(json!({ "tcp": {}, "zzz": 1 }));
    assert!(of_tcp.ends_with("timeout, interval, failures, successes, start_timeout"), "{of_tcp}");
    assert!(!of_tcp.contains("method"), "{of_tcp}");
    let of_http = known(json!({ "http": "/", "zzz": 1 }));
    assert!(of_http.contains("method, status, body, headers, timeout"), "{of_http}");
}
