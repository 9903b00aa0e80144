//! How many ports a create takes, for whom, and from where.

use serde_json::Value;

use crate::support::Sandbox;

/// The services and ports of an answer, in order.
fn ports(answer: &Value) -> Vec<(String, u64)> {
    let ports = answer["worktree"]["ports"].as_array().unwrap();
    ports
        .iter()
        .map(|port| (port["service"].as_str().unwrap().to_owned(), port["port"].as_u64().unwrap()))
        .collect()
}

fn named(service: &str, port: u16) -> (String, u64) {
    (service.to_owned(), port.into())
}

#[test]
fn ports_are_taken_from_the_bottom_and_never_twice() {
    let sandbox = Sandbox::new();
    for index in 0..3 {
        let answer = sandbox.json(&["create", "--ports"]);
        assert_eq!(ports(&answer), [named("web", sandbox.port(index))]);
    }
}

#[test]
fn three_ports_are_the_services_and_then_numbered_ones() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "login", "--ports=3"]);
    assert_eq!(
        ports(&answer),
        [named("web", sandbox.port(0)), named("port-2", sandbox.port(1)), named("port-3", sandbox.port(2))]
    );
    let env = std::fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(env.contains(&format!("PORT_2={}", sandbox.port(1))), "{env}");
    assert!(env.contains(&format!("PORT_3={}", sandbox.port(2))), "{env}");
}

#[test]
fn a_port_count_does_the_same() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "--port-count", "3"]);
    assert_eq!(ports(&answer).len(), 3);
}

#[test]
fn ports_for_named_services() {
    let sandbox = Sandbox::new();
    let answer = sandbox.json(&["create", "login", "--ports=web,admin-api"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(0)), named("admin-api", sandbox.port(1))]);
    let env = std::fs::read_to_string(sandbox.worktree("feature-login").join(".env")).unwrap();
    assert!(env.contains(&format!("ADMIN_API_PORT={}", sandbox.port(1))), "{env}");
}

#[test]
fn a_number_of_ports_and_a_port_count_exclude_each_other() {
    let sandbox = Sandbox::new();
    sandbox.refused(&["create", "x", "--ports=3", "--port-count", "3"], "usage");
}

#[test]
fn a_purpose_without_a_range_has_no_ports_to_give() {
    let sandbox = Sandbox::new();
    let error = sandbox.refused(&["create", "x", "--purpose", "docs", "--ports=1"], "usage");
    assert!(error["message"].as_str().unwrap().contains("docs"), "{error}");
    sandbox.wt(&["create", "x", "--purpose", "docs"]).ok();
}

#[test]
fn nonsense_for_ports_is_asked_wrongly() {
    let sandbox = Sandbox::new();
    for bad in
        ["--ports=0", "--ports=Web", "--ports=web,web", "--ports=-1", "--ports=web,,api", "--port-count=0"]
    {
        let before = sandbox.snapshot();
        let run = sandbox.wt(&["--json", "create", "x", bad]);
        assert_eq!(run.status, 2, "{}", run.shown());
        let code = run.json()["error"]["code"].clone();
        assert!(code == "usage" || code == "name_invalid", "{}", run.shown());
        sandbox.assert_unchanged(&before, &run);
    }
}

#[test]
fn a_service_with_its_own_range_draws_from_it() {
    let sandbox = Sandbox::new();
    let own = sandbox.port(4);
    sandbox.configure(&format!("[service.cache]\nports = \"{own}-{}\"\n", own + 1));
    let answer = sandbox.json(&["create", "--ports=web,cache"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(0)), named("cache", own)]);
}

#[test]
fn a_services_own_range_is_carved_out_of_the_purposes() {
    let sandbox = Sandbox::new();
    let own = sandbox.port(1);
    sandbox.configure(&format!("[service.cache]\nports = \"{own}\"\n"));
    let answer = sandbox.json(&["create", "--ports=2"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(0)), named("port-2", sandbox.port(2))]);
}

#[test]
fn a_list_of_ranges_is_tried_in_order() {
    let sandbox = Sandbox::new();
    let (high, low) = (sandbox.port(8), sandbox.port(0));
    sandbox.configure(&format!(
        "[purpose.feature]\nports = [\"{high}-{}\", \"{low}-{}\"]\n",
        high + 1,
        low + 1
    ));
    let answer = sandbox.json(&["create", "--ports=3"]);
    assert_eq!(
        ports(&answer).iter().map(|(_, port)| *port).collect::<Vec<_>>(),
        [u64::from(high), u64::from(high + 1), u64::from(low)]
    );
}

#[test]
fn a_branch_that_comes_back_gets_its_former_ports() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["create", "two", "--ports"]).ok();
    sandbox.wt(&["create", "three", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-one", "feature-two"]).ok();
    let answer = sandbox.json(&["create", "two", "--ports"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(1))]);
}

#[test]
fn a_former_port_that_somebody_else_got_is_not_taken_from_him() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    sandbox.wt(&["remove", "feature-one"]).ok();
    sandbox.wt(&["create", "two"]).ok();
    let taken = sandbox.port(0).to_string();
    sandbox
        .wt(&["ports", "allocate", "--worktree", "feature-two", "--service", "web", "--port", &taken])
        .ok();
    let answer = sandbox.json(&["create", "one", "--ports"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(1))]);
}

#[test]
fn excluded_ports_are_passed_over() {
    let sandbox = Sandbox::new();
    let text = format!("[[ports.exclude]]\nports = \"{}\"\nreason = \"the printer\"\n", sandbox.port(0));
    sandbox.configure(&text);
    let answer = sandbox.json(&["create", "--ports"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(1))]);
}

#[test]
fn a_full_range_says_how_it_is_full() {
    let sandbox = Sandbox::new();
    let first = sandbox.port(0);
    sandbox.configure(&format!("[purpose.feature]\nports = \"{first}-{}\"\n", first + 1));
    sandbox.wt(&["create", "one", "--ports=2"]).ok();
    let error = sandbox.refused(&["create", "two", "--ports"], "range_exhausted");
    assert!(error["message"].as_str().unwrap().contains(&format!("{first}-{}", first + 1)), "{error}");
    assert!(error["message"].as_str().unwrap().contains("feature"), "{error}");
    let details = &error["details"];
    assert!(details.to_string().contains('2'), "the counts are missing: {error}");
    assert!(error["hint"].is_string(), "{error}");
}

#[test]
fn several_ports_come_together_or_not_at_all() {
    let sandbox = Sandbox::new();
    let first = sandbox.port(0);
    sandbox.configure(&format!("[purpose.feature]\nports = \"{first}-{}\"\n", first + 1));
    sandbox.refused(&["create", "one", "--ports=3"], "range_exhausted");
    assert_eq!(sandbox.living().len(), 0);
    sandbox.wt(&["create", "one", "--ports=2"]).ok();
}

#[test]
fn ports_of_other_repositories_are_not_given_again() {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let answer = sandbox.json_in(&other, &["create", "one", "--ports"]);
    assert_eq!(ports(&answer), [named("web", sandbox.port(1))]);
}

#[test]
fn the_configuration_may_say_which_ports_every_worktree_gets() {
    let sandbox = Sandbox::new();
    let services = |words: &[&str]| {
        let answer = sandbox.json(words);
        let ports = answer["worktree"]["ports"].as_array().unwrap().clone();
        ports.iter().map(|port| port["service"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    sandbox.configure("[create]\nports = true\n[purpose.docs]\nservices = [\"web\"]\n");
    assert_eq!(services(&["create", "a"]), ["web"]);
    assert!(services(&["create", "b", "--no-ports"]).is_empty());
    assert_eq!(services(&["create", "c", "--ports=api"]), ["api"]);
    // A purpose without ports has none to give, and that is no error where nobody asked.
    assert!(services(&["create", "d", "--purpose", "docs"]).is_empty());
    sandbox.refused(&["create", "e", "--purpose", "docs", "--ports"], "usage");
    sandbox.refused(&["create", "e", "--ports", "--no-ports"], "usage");
    sandbox.configure("[create]\nports = 2\n");
    assert_eq!(services(&["create", "f"]), ["web", "port-2"]);
    sandbox.configure("[create]\nports = [\"web\", \"db\"]\n");
    assert_eq!(services(&["create", "g"]), ["web", "db"]);
    sandbox.configure("[create]\nports = 0\n");
    sandbox.refused(&["create", "h"], "config_invalid");
}

#[test]
fn a_number_right_behind_the_flag_is_no_name() {
    let sandbox = Sandbox::new();
    let error = sandbox.refused(&["create", "--ports", "3", "--lock"], "usage");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("`wt --json create --ports=3 --lock`"), "{error}");
    assert!(hint.contains("where `3` is the name, write it before `--ports`"), "{error}");
    sandbox.wt(&["create", "3", "--ports"]).ok();
    sandbox.wt(&["create", "4"]).ok();
    sandbox.wt(&["create", "--ports", "3rd"]).ok();
}

#[test]
fn more_ports_than_the_range_has_are_said_never_to_fit() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "other", "--ports"]).ok();
    let error = sandbox.refused(&["create", "x", "--ports=50"], "range_exhausted");
    let message = error["message"].as_str().unwrap();
    let range = sandbox.feature_range();
    assert!(
        message.contains(&format!("50 ports never fit into feature range {range}, which has 10")),
        "{error}"
    );
    assert!(!error["hint"].as_str().unwrap().contains("remove"), "{error}");
}
