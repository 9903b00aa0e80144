//! Tests of the variables of an env block.

use super::*;

fn facts(services: &[&str]) -> EnvFacts {
    let port = |index: usize| Port::new(5000 + u16::try_from(index).unwrap()).unwrap();
    let ports = services.iter().enumerate().map(|(index, name)| (name.parse().unwrap(), port(index)));
    EnvFacts {
        repo_name: "shop".to_owned(),
        name: "feature-login".to_owned(),
        purpose: "feature".to_owned(),
        identifier: "login".to_owned(),
        branch: "feature/login".to_owned(),
        compose_project: "shop-feature-login".to_owned(),
        is_foreign: false,
        ports: ports.collect(),
    }
}

fn with_env(service: &str, names: &[&str], config: &mut Config) {
    let settings = config.services.entry(service.parse().unwrap()).or_default();
    settings.env = names.iter().map(ToString::to_string).collect();
}

fn built_in() -> Config {
    crate::model::config::merge::merge(&[], &[]).unwrap()
}

#[test]
fn every_service_has_its_port_and_the_first_one_port_itself() {
    let variables = variables(&built_in(), &facts(&["web", "api", "port-3"])).unwrap();
    let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..7], ["PORT", "WEB_PORT", "WEB_URL", "API_PORT", "API_URL", "PORT_3", "PORT_3_URL"]);
}

#[test]
fn the_url_is_of_the_kind_that_the_service_speaks_or_there_is_none() {
    let mut config = built_in();
    let kinds = ["http", "postgres", "redis", "tcp", "command"];
    for kind in kinds {
        let settings = config.services.entry(kind.parse().unwrap()).or_default();
        settings.health = Some(serde_json::json!({ kind: {} }));
    }
    let variables = variables(&config, &facts(&kinds)).unwrap();
    let url = |kind: &str| {
        let name = format!("{}_URL", kind.to_uppercase());
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(url("http"), Some("http://localhost:5000"));
    assert_eq!(url("postgres"), Some("postgres://localhost:5001"));
    assert_eq!(url("redis"), Some("redis://localhost:5002"));
    assert_eq!(url("tcp"), None);
    assert_eq!(url("command"), Some("http://localhost:5004"));
}

#[test]
fn a_database_is_port_only_where_it_comes_first_in_its_purpose() {
    let toml = "[purpose.feature]\nports = \"5000-5099\"\nservices = [\"web\", \"db\", \"api\"]\n\
                [service.web]\nhealth = { tcp = {} }\n[service.api]\nhealth = { http = \"/\" }\n";
    for kind in ["postgres", "redis", "tcp"] {
        let toml = format!("{toml}[service.db]\nhealth = {{ {kind} = {{}} }}\n");
        let layer = |text: &str| crate::model::config::layers::Layer {
            path: "f".to_owned(),
            text: text.to_owned(),
            source: crate::model::config::layers::Source::User,
        };
        let bearer = |toml: &str, services: &[&str]| {
            let config = crate::model::config::merge::merge(&[layer(toml)], &[]).unwrap();
            let variables = variables(&config, &facts(services)).unwrap();
            let port = variables.iter().find(|(name, _)| name == "PORT").map(|(_, port)| port.clone());
            port.map(|port| services[port.parse::<usize>().unwrap() - 5000].to_owned())
        };
        assert_eq!(bearer(&toml, &["web", "db", "api"]).as_deref(), Some("web"), "{kind}");
        assert_eq!(bearer(&toml, &["db", "api"]).as_deref(), Some("api"), "{kind}");
        assert_eq!(bearer(&toml, &["db"]), None, "{kind}");
        let first = toml.replace("\"web\", \"db\"", "\"db\", \"web\"");
        assert_eq!(bearer(&first, &["db", "web"]).as_deref(), Some("db"), "{kind}");
        let named = toml.replace("[service.db]", "[service.db]\nenv = [\"PORT\", \"DB_PORT\"]");
        assert_eq!(bearer(&named, &["db"]).as_deref(), Some("db"), "{kind}");
    }
}

#[test]
fn a_service_without_a_variable_of_its_own_is_refused() {
    let mut config = built_in();
    with_env("api", &["PORT"], &mut config);
    assert_eq!(variables(&config, &facts(&["web", "api"])).unwrap_err().code(), Code::ConfigInvalid);
    assert!(variables(&config, &facts(&["api", "web"])).is_ok());
}

fn set_of(services: &[&str], set: &[(&str, &str)]) -> Result<Block> {
    let mut config = built_in();
    config.env.set = set.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    block(&config, &facts(services))
}

#[test]
fn set_variables_know_every_services_values_and_stand_last() {
    let set = [
        ("VITE_API_URL", "{{ urls.admin_api }}/v1"),
        ("DATABASE_URL", "postgres://localhost:{{ ports.web }}/app_{{ name | db }}"),
        ("WHO", "{{ purpose }} {{ identifier }} {{ branch }} {{ repo_name }} {{ name | label }}"),
    ];
    let block = set_of(&["web", "admin-api"], &set).unwrap();
    let values: Vec<&str> = block.set.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(
        values,
        [
            "http://localhost:5001/v1",
            "postgres://localhost:5000/app_feature_login",
            "feature login feature/login shop feature-login",
        ]
    );
    assert_eq!(block.variables().last().unwrap().0, "WHO");
}

#[test]
fn a_variable_of_a_service_without_a_port_is_left_out_and_named() {
    let set = [("A", "{{ ports.db }}"), ("B", "{{ urls.admin_api }}"), ("C", "{{ ports.web }}"), ("D", "x")];
    let block = set_of(&["web"], &set).unwrap();
    let names: Vec<&str> = block.set.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["C", "D"]);
    let left: Vec<(&str, &str)> =
        block.left_out.iter().map(|left| (left.variable.as_str(), left.service.as_str())).collect();
    assert_eq!(left, [("A", "db"), ("B", "admin-api")]);
    let refused = set_of(&["web"], &[("A", "{{ nmae }}")]).unwrap_err();
    assert!(refused.code() == Code::ConfigInvalid && refused.message().contains("`env.set.A`"), "{refused}");
    assert_eq!(set_of(&["web"], &[("WEB_PORT", "1")]).unwrap_err().code(), Code::ConfigInvalid);
}

#[test]
fn a_service_has_its_own_port_and_without_one_nobody_elses() {
    let block = set_of(&["web", "api"], &[("A", "1")]).unwrap().variables();
    let of = |port: Option<u16>, name: &str| {
        let own = of_service(&block, &["API".to_owned()], port.and_then(Port::new));
        own.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    };
    assert_eq!((of(Some(5001), "PORT"), of(Some(5001), "API")), (Some("5001".into()), Some("5001".into())));
    assert_eq!((of(None, "PORT"), of(None, "A")), (None, Some("1".into())));
}

#[test]
fn our_own_variables_are_not_to_be_had() {
    let mut config = built_in();
    with_env("web", &["WT_NAME"], &mut config);
    assert_eq!(variables(&config, &facts(&["web"])).unwrap_err().code(), Code::ConfigInvalid);
}

#[test]
fn what_the_block_says_stands_over_what_was_configured() {
    let pairs = |all: &[(&str, &str)]| {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let configured = pairs(&[("A", "1"), ("PORT", "1"), ("B", "2")]);
    let block = pairs(&[("PORT", "5000"), ("WT_NAME", "x")]);
    let expected = pairs(&[("A", "1"), ("B", "2"), ("PORT", "5000"), ("WT_NAME", "x")]);
    assert_eq!(over(&configured, block.clone()), expected);
    assert_eq!(over(&[], block.clone()), block);
    let names = ["API".to_owned(), "WT_NAME".to_owned()];
    let own = pairs(&[("PORT", "5001"), ("API", "5001"), ("WT_NAME", "5001")]);
    assert_eq!(of_service(&block, &names, Port::new(5001)), own);
    assert_eq!(of_service(&block, &names, None), pairs(&[("WT_NAME", "x")]));
}

#[test]
fn the_usual_variable_of_a_port_is_called_after_its_service() {
    for (service, expected) in [
        ("web", "WEB_PORT"),
        ("admin-api", "ADMIN_API_PORT"),
        ("port-2", "PORT_2"),
        ("port-x", "PORT_X_PORT"),
    ] {
        assert_eq!(usual_port_name(&service.parse().unwrap()), expected);
    }
}
