//! What etcd is asked, and how its answers are read.

use super::*;

const BRANCH: &str = "refs/wt/claims/branch/feature%2Flogin";

fn names() -> EtcdNames {
    EtcdNames::new("shop", "example.org/team/shop")
}

fn change<'a>(commit: Option<&'a str>, expected: Option<&'a str>) -> RefChange<'a> {
    RefChange { reference: BRANCH, commit, expected }
}

fn range(key: &str, value: Option<&str>) -> Value {
    let pair = value.map(|value| json!({"key": coded(key), "value": coded(value)}));
    json!({"response_range": {"kvs": pair.into_iter().collect::<Vec<_>>()}})
}

#[test]
fn a_claim_and_a_host_have_keys_of_their_team_and_are_named_back() {
    let names = names();
    let key = names.key(BRANCH);
    assert_eq!(key, "/wt/v1/shop/claims/example%2Eorg%2Fteam%2Fshop/branch/feature%2Flogin");
    assert_eq!(names.reference(&key).as_deref(), Some(BRANCH));
    assert_eq!(names.key("refs/wt/hosts/m-1"), "/wt/v1/shop/hosts/m-1");
    let port = names.key("refs/wt/claims/port/5000");
    assert_eq!(port, "/wt/v1/shop/claims/example%2Eorg%2Fteam%2Fshop/port/5000");
    assert_eq!(names.reference(&port).as_deref(), Some("refs/wt/claims/port/5000"));
    assert_eq!(names.key("refs/else"), "/wt/v1/shop/other/refs%2Felse");
    assert_eq!(names.reference("/wt/v1/shop/hosts/m-1").as_deref(), Some("refs/wt/hosts/m-1"));
    assert_eq!(names.key("refs/wt/running/m-1/shop/login"), "/wt/v1/shop/running/m-1/shop/login");
    assert_eq!(names.reference("/wt/v1/shop/claims/other/branch/x"), None, "another repository's");
    assert_ne!(names.mark("a"), names.mark("b"));
    assert_eq!(EtcdNames::at(names.address()).unwrap().key(BRANCH), key);
    assert!(EtcdNames::at("etcd:shop").is_none() && EtcdNames::at("/srv/shop.git").is_none());
    assert_eq!(EtcdNames::address_of("etcd:shop", "no claim"), "etcd:shop");
}

#[test]
fn a_list_goes_on_behind_the_last_key_of_a_page() {
    let names = names();
    for strange in ["/4A=", &coded(&format!("{CODED}x"))] {
        let page = json!({"kvs": [{"key": coded(&names.key(BRANCH)), "value": strange}]});
        let (found, _) = names.listed(&page);
        let made = names.transaction(&[change(None, Some(&found[0].1))], "7");
        assert_eq!(made["compare"][0]["value"], strange, "what is no text is compared as it stands");
    }
    let asked = names.range("refs/wt/claims/branch/*", Some("/k"));
    assert_eq!(decoded(&asked["key"]).unwrap(), "/k\0");
    assert_eq!(
        decoded(&asked["range_end"]).unwrap(),
        "/wt/v1/shop/claims/example%2Eorg%2Fteam%2Fshop/branch0"
    );
    let page = json!({"more": true, "kvs": [{"key": coded(&names.key(BRANCH)), "value": coded("x")}]});
    let (found, last) = names.listed(&page);
    assert_eq!(found, [(BRANCH.to_owned(), "x".to_owned())]);
    assert_eq!(last, Some(names.key(BRANCH)));
    assert_eq!(names.listed(&json!({})), (Vec::new(), None));
}

#[test]
fn a_claim_is_put_where_nothing_stands_and_it_was_not_given_back() {
    let names = names();
    let made = names.transaction(&[change(Some("new"), None)], "");
    assert_eq!(made["compare"].as_array().unwrap().len(), 2);
    assert_eq!(made["success"].as_array().unwrap().len(), 1, "nothing that a lease could end: {made}");
    assert!(!EtcdNames::leaves_mark(&[change(Some("new"), None)]));
    let given = [change(None, Some("old"))];
    assert!(EtcdNames::leaves_mark(&given));
    let made = names.transaction(&given, "7");
    assert_eq!(made["success"][1]["request_put"]["lease"], "7");
    assert_eq!(made["failure"][2]["request_put"]["lease"], "7", "also where it does not stand yet");
}

#[test]
fn what_an_earlier_call_of_the_same_words_did_is_done() {
    let (names, key) = (names(), names().key(BRANCH));
    let read = |change: RefChange<'_>, responses: Vec<Value>| {
        names.answers(&[change], &json!({"responses": responses})).remove(0)
    };
    let (none, mark) = (range(&key, None), range("m", Some("")));
    assert_eq!(read(change(Some("new"), None), vec![range(&key, Some("new")), none.clone()]), Answer::Done);
    let theirs = read(change(Some("new"), None), vec![range(&key, Some("theirs")), none.clone()]);
    assert_eq!(theirs, Answer::Refused("something else stands there".to_owned()));
    let late = read(change(Some("new"), None), vec![none.clone(), mark.clone()]);
    assert_eq!(late, Answer::Refused("it was given back before".to_owned()));
    let put = json!({"response_put": {}});
    let again = read(change(None, Some("old")), vec![none.clone(), mark, put.clone()]);
    assert_eq!(again, Answer::Done);
    let never = read(change(None, Some("old")), vec![none.clone(), none, put]);
    assert_eq!(never, Answer::Refused("something else stands there".to_owned()));
    let done = names.answers(&[change(Some("new"), None)], &json!({"succeeded": true}));
    assert_eq!(done, [Answer::Done]);
}

#[test]
fn a_row_is_put_with_its_lease_and_taken_away_by_its_key() {
    let key = coded("/wt/v1/shop/hosts/m-1");
    let put = json!({"key": key, "value": coded("words"), "lease": "7"});
    assert_eq!(names().row("refs/wt/hosts/m-1", "words", "7"), put);
    assert_eq!(names().no_row("refs/wt/hosts/m-1"), json!({"key": key}));
}

#[test]
fn of_several_changes_each_has_its_own_answer_in_whichever_order_they_stand() {
    let (names, none, put) = (names(), range("k", None), json!({"response_put": {}}));
    let stands = |value: &str| range("k", Some(value));
    let of = |reference: &'static str, commit: Option<&'static str>, expected: Option<&'static str>| {
        RefChange { reference, commit, expected }
    };
    let (a, host) = ("refs/wt/claims/branch/a", "refs/wt/hosts/m-1");
    let other = Answer::Refused("something else stands there".to_owned());
    let mut cases = [
        (of(a, Some("new"), None), vec![stands("new"), none.clone()], Answer::Done),
        (of(a, Some("new"), None), vec![none.clone(), none.clone()], Answer::Entangled),
        (
            of(a, Some("new"), None),
            vec![none.clone(), stands("")],
            Answer::Refused("it was given back before".to_owned()),
        ),
        (of(a, Some("new"), Some("old")), vec![stands("old"), none.clone()], Answer::Entangled),
        (of(a, Some("new"), Some("old")), vec![stands("x"), none.clone()], other.clone()),
        (of(a, None, Some("old")), vec![none.clone(), stands(""), put.clone()], Answer::Done),
        (of(a, None, Some("old")), vec![stands("old"), none.clone(), put], Answer::Entangled),
        (of(host, Some("new"), Some("old")), vec![stands("new")], Answer::Done),
        (of(host, Some("new"), Some("old")), vec![stands("old")], Answer::Entangled),
        (of(host, Some("new"), Some("old")), vec![none.clone()], other.clone()),
        (of(host, None, Some("old")), vec![stands("x")], other),
        (of(host, None, Some("old")), vec![stands("old")], Answer::Entangled),
    ];
    for _ in 0..cases.len() {
        cases.rotate_left(1);
        let changes = cases.clone().map(|(change, ..)| change);
        let responses: Vec<Value> = cases.iter().flat_map(|(_, responses, _)| responses.clone()).collect();
        let found = names.answers(&changes, &json!({"succeeded": false, "responses": responses}));
        assert_eq!(found, cases.clone().map(|(_, _, answer)| answer));
    }
}

#[test]
fn an_address_that_notes_the_team_alone_is_completed_by_the_words_of_its_claim() {
    let value = serde_json::json!({
        "id": "i", "repository": "example.org/shop", "branch": "x", "worktree": "w", "host": "h", "user": "u",
        "registry": "r", "pid": 1, "started": 1, "boot": "b", "since": "1970-01-01T00:00:00Z",
    })
    .to_string();
    assert_eq!(EtcdNames::address_of("etcd:shop", &value), "etcd:shop/example.org/shop");
    assert_eq!(EtcdNames::address_of("etcd:shop/example.org/a", &value), "etcd:shop/example.org/a");
}
