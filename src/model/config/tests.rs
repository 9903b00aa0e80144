//! The promises of the configuration: precedence, origins, and one clear error for whatever is wrong.

use proptest::prelude::*;
use serde_json::json;

use super::layers::{Layer, Source};
use super::merge::{BUILT_IN, merge, merge_leniently};
use super::schema::KEYS;
use super::settings::{Config, ConflictPolicy, Origin};
use crate::error::{Code, Failure};

fn file(path: &str, text: &str) -> Layer {
    Layer { path: path.to_owned(), text: text.to_owned(), source: Source::User }
}

fn one(text: &str) -> Result<Config, Failure> {
    merge(&[file(".wt.toml", text)], &[])
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn origin(config: &Config, key: &str) -> String {
    config.values.iter().find(|value| value.key == key).unwrap().origin.to_string()
}

#[test]
fn the_built_in_defaults_are_those_of_the_documentation() {
    let config = merge(&[], &[]).unwrap();
    let ranges: Vec<String> =
        config.purposes.iter().map(|(name, settings)| format!("{name} {}", settings.ports)).collect();
    let expected = "feature 5000-5099, bugfix 5100-5199, review 5200-5299, test 5300-5399, hotfix 5400-5499, \
                    refactor 5500-5599, experiment 5600-5699, docs ";
    assert_eq!(ranges.join(", "), expected);
    assert!(config.purposes.iter().all(|(_, settings)| settings.services == ["web".parse().unwrap()]));
    assert_eq!(config.worktree.path, "{{ repo_parent }}/{{ repo_name }}.worktrees/{{ name }}");
    assert_eq!(config.conflict.policy, ConflictPolicy::Fail);
    assert_eq!(config.conflict.max_retries, 3);
    assert_eq!(config.conflict.backoff.as_millis(), 100);
    assert_eq!(config.trash.keep.as_secs(), 7 * 86_400);
    assert_eq!(config.trash.max_size, 10 << 30);
    assert_eq!(config.registry.lock_timeout.as_secs(), 10);
    assert!(config.values.iter().all(|value| value.origin == Origin::BuiltIn));
}

#[test]
fn the_built_in_templates_are_right_too() {
    assert!(merge(&[file("config.toml", BUILT_IN)], &[]).is_ok());
}

#[test]
fn every_layer_overrides_the_one_before_key_by_key() {
    let user = file(
        "/u/config.toml",
        "[trash]\nkeep = \"1d\"\n[ports.conflict]\nmax_retries = 5\nbackoff = \"1s\"\n",
    );
    let repository = file("/r/.wt.toml", "[trash]\nkeep = \"2d\"\n\n[ports.conflict]\nmax_retries = 6\n");
    let set = variables(&[("WT_TRASH_KEEP", "3d"), ("WT_PORTS_CONFLICT_POLICY", "retry")]);
    let days = |files: &[Layer], set: &[(String, String)]| {
        let config = merge(files, set).unwrap();
        (config.trash.keep.as_secs() / 86_400, origin(&config, "trash.keep"))
    };
    assert_eq!(days(std::slice::from_ref(&user), &[]), (1, "/u/config.toml:2".to_owned()));
    let files = [user, repository];
    assert_eq!(days(&files, &[]), (2, "/r/.wt.toml:2".to_owned()));
    assert_eq!(days(&files, &set), (3, "WT_TRASH_KEEP".to_owned()));
    let config = merge(&files, &set).unwrap();
    assert_eq!(origin(&config, "ports.conflict.max_retries"), "/r/.wt.toml:5");
    assert_eq!(origin(&config, "ports.conflict.backoff"), "/u/config.toml:5");
    assert_eq!(origin(&config, "ports.conflict.multiplier"), "built-in");
    assert_eq!(config.conflict.policy, ConflictPolicy::Retry);
}

#[test]
fn a_purposes_range_alone_may_be_overridden() {
    let config = one("[purpose.feature]\nports = [\"6000-6009\", 6100]\n").unwrap();
    let feature = config.find_purpose(&"feature".parse().unwrap()).unwrap();
    assert_eq!(feature.ports.to_string(), "6000-6009, 6100");
    assert_eq!(feature.services, ["web".parse().unwrap()]);
}

#[test]
fn new_purposes_and_services_come_last_and_get_the_usual_service() {
    let config =
        one("[purpose.spike]\nports = 5700\n[purpose.empty]\n[service.db]\nports = \"5050-5059\"\n").unwrap();
    let names: Vec<&str> = config.purposes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[8..], ["spike", "empty"]);
    assert_eq!(config.purposes[8].1.services, ["web".parse().unwrap()]);
    assert!(config.purposes[9].1.ports.is_empty());
    assert!(config.is_carved_out("5055".parse().unwrap()));
}

#[test]
fn only_variables_that_name_a_key_are_read() {
    let set = variables(&[
        ("WT_NAME", "x"),
        ("WT_PURPOSE", "nonsense"),
        ("WT_BRANCH", "x"),
        ("WT_STATE_DIR", "/x"),
        ("WT_TRASH", "x"),
        ("WT_TRASH_KEEP", ""),
        ("TRASH_KEEP", "9d"),
        ("wt_trash_keep", "9d"),
    ]);
    assert_eq!(merge(&[], &set).unwrap(), merge(&[], &[]).unwrap());
}

#[test]
fn a_variable_reaches_purposes_and_services_by_name() {
    let files = [file("f", "[service.admin-api]\nenv = [\"A\"]\n")];
    let set = variables(&[
        ("WT_PURPOSE_FEATURE_PORTS", "6000-6009, 6100"),
        ("WT_PURPOSE_BIG_SPIKE_PORTS", "7000"),
        ("WT_SERVICE_ADMIN_API_PORTS", "8000"),
        ("WT_SERVICE_WEB_HEALTH", "{ http = \"/\" }"),
        ("WT_REMOVE_CACHES", "a,b"),
        ("WT_PORTS_EXCLUDE", "[{ ports = 6001, reason = \"mine\" }]"),
    ]);
    let config = merge(&files, &set).unwrap();
    let ports = |name: &str| config.find_purpose(&name.parse().unwrap()).unwrap().ports.to_string();
    assert_eq!(ports("feature"), "6000-6009, 6100");
    assert_eq!(ports("big-spike"), "7000");
    let services = &config.services;
    assert_eq!(services[&"admin-api".parse().unwrap()].ports.as_ref().unwrap().to_string(), "8000");
    assert_eq!(services[&"web".parse().unwrap()].health, Some(json!({"http": "/"})));
    assert_eq!(config.remove.caches, ["a", "b"]);
    assert_eq!(config.exclusions[0].reason, "mine");
}

/// Text of the file, the line and words that the message has, words that the hint has.
const WRONG: &[(&str, usize, &str, &str)] = &[
    ("[trash]\nkep = \"1d\"", 2, "unknown key `trash.kep`", "did you mean `trash.keep`?"),
    ("[trash]\nqqqqqqq = 1", 2, "unknown key `trash.qqqqqqq`", "`trash` knows `"),
    ("trash_keep = 1", 1, "unknown key `trash_keep`", "the sections are"),
    ("[porpose.feature]\nports = 1", 1, "unknown section `porpose`", "did you mean `purpose`?"),
    (
        "\n[purpose.feature]\nprots = 1",
        3,
        "unknown key `purpose.feature.prots`",
        "did you mean `purpose.feature.ports`?",
    ),
    ("[ports.conflct]\n", 1, "unknown section `ports.conflct`", "did you mean `ports.conflict`?"),
    ("trash = 5", 1, "`trash`: must be a section, not a number", "[trash]"),
    ("[[trash]]\nkeep = \"1d\"", 1, "`trash`: must be a section, not a list", "[trash]"),
    ("[purpose]\nfeature = \"5000\"", 2, "`purpose.feature`: must be a section", "[purpose.feature]"),
    ("[purpose.Feature]\n", 1, "`purpose.Feature`: `Feature` is not a purpose", ""),
    ("[service.\"a b\"]\n", 1, "`a b` is not a service name", ""),
    ("[trash]\nkeep = 7", 2, "`trash.keep`: must be a duration", ""),
    ("[trash]\nkeep = \"7 days\"", 2, "`trash.keep`: `7 days` is not a duration", ""),
    ("[trash]\nmax_size = \"ten\"", 2, "`trash.max_size`: `ten` is not a size", ""),
    (
        "[trash]\nkeep = 1979-05-27",
        2,
        "`trash.keep`: must be a duration such as \"10s\" or \"7d\", not a date",
        "",
    ),
    ("[worktree]\nname = true", 2, "`worktree.name`: must be a text, not true or false", ""),
    ("[worktree]\nname = \"\"", 2, "`worktree.name`: must not be empty", ""),
    (
        "[worktree]\nname = \"{{ identifer }}\"",
        2,
        "`worktree.name`: unknown template variable `identifer`",
        "`identifier`",
    ),
    ("[worktree]\npath = \"{{ name\"", 2, "`worktree.path`: the template is not valid", ""),
    ("[worktree]\nname = \"{{ branch }}\"", 2, "unknown template variable `branch`", "purpose, identifier"),
    ("[service.web]\nurl = \"http://{{ prot }}\"", 2, "unknown template variable `prot`", "`port`"),
    ("[purpose.feature]\nports = \"5099-5000\"", 2, "port range 5099-5000 is inverted", "`5000-5099`"),
    ("[purpose.feature]\nports = \"5000-70000\"", 2, "port 70000 is outside 1-65535", ""),
    ("[purpose.feature]\nports = 70000", 2, "port 70000 is outside 1-65535", ""),
    ("[purpose.feature]\nports = 0", 2, "port 0 is outside 1-65535", ""),
    ("[purpose.feature]\nports = \"0-10\"", 2, "port 0 is outside 1-65535", ""),
    ("[purpose.feature]\nports = -5", 2, "port -5 is outside 1-65535", ""),
    ("[purpose.feature]\nports = \"abc\"", 2, "`abc` is not a port number", "5000-5099"),
    ("[purpose.feature]\nports = 5000.5", 2, "must be a port range", ""),
    ("[purpose.feature]\nports = [\n  6000,\n  70000,\n]", 4, "port 70000 is outside", ""),
    ("[purpose.feature]\nports = [\"6000-6009\", 6005]", 2, "the ranges 6000-6009 and 6005 overlap", ""),
    ("[purpose.feature]\nservices = [\"web\", \"Api\"]", 2, "`Api` is not a service name", ""),
    ("[purpose.feature]\nservices = [\"web\", \"web\"]", 2, "`web` is listed twice", ""),
    ("[purpose.feature]\nservices = \"web\"", 2, "must be a list of service names, not a text", ""),
    ("[service.web]\nenv = [\"A=B\"]", 2, "`A=B` is not the name of a variable", ""),
    ("[service.web]\nrun = [\"npm\"]", 2, "`service.web.run`: must be a text", ""),
    ("[service.web]\nhealth = { htp = \"/\" }", 2, "unknown check `htp`", "did you mean `http`?"),
    ("[ports]\nexclude = [{ ports = 5010 }]", 2, "`ports.exclude`: `reason` is missing", "the printer"),
    ("[ports]\nexclude = [{ port = 5010, reason = \"x\" }]", 2, "unknown key `port`", "`ports`"),
    ("[ports]\nexclude = [5010]", 2, "must be a table", ""),
    ("[ports.conflict]\npolicy = \"retyr\"", 2, "unknown value `retyr`", "did you mean `retry`?"),
    ("[ports.conflict]\nmax_retries = 101", 2, "101 is outside 0 to 100", ""),
    ("[ports.conflict]\nmax_retries = 1.5", 2, "must be a whole number, not a number with a fraction", ""),
    ("[ports.conflict]\nmultiplier = 0.5", 2, "0.5 is outside 1 to 10", ""),
    ("[ports.conflict]\nmultiplier = nan", 2, "`ports.conflict.multiplier`: must be a number", ""),
    ("[trash]\nkeep = \"1d\"\nkeep = \"2d\"", 3, "not valid TOML", ""),
    ("[trash\n", 1, "not valid TOML", ""),
    (
        "\n[purpose.spike]\nports = \"5090-5109\"",
        3,
        "`purpose.spike.ports`: purpose `spike`: 5090-5109 overlaps 5000-5099 of purpose `feature` (built-in)",
        "5700-5719 is free",
    ),
    (
        "[service.a]\nports = 9000\n[service.b]\nports = \"8990-9010\"",
        4,
        "service `b`: 8990-9010 overlaps 9000 of service `a` (.wt.toml:2)",
        "9011-9031 is free",
    ),
];

#[test]
fn whatever_is_wrong_names_file_line_and_key_and_what_was_meant() {
    for (text, line, message, hint) in WRONG {
        let failure = one(text).expect_err(text);
        assert_eq!(failure.code(), Code::ConfigInvalid, "{text}");
        assert_eq!(failure.code().exit_status(), 2);
        let start = format!(".wt.toml:{line}: ");
        assert!(failure.message().starts_with(&start), "{text}\n{}", failure.message());
        assert!(failure.message().contains(message), "{text}\n{}", failure.message());
        assert!(failure.next_step().unwrap().contains(hint), "{text}\n{:?}", failure.next_step());
        assert_eq!(failure.details()["line"], json!(line));
        assert_eq!(failure.details()["file"], json!(".wt.toml"));
    }
}

#[test]
fn an_overlap_names_the_value_that_came_later() {
    let user = file("user", "[purpose.feature]\nports = \"6000-6099\"\n");
    let repository = file("repo", "[purpose.spike]\nports = \"6050-6060\"\n");
    let failure = merge(&[user.clone(), repository.clone()], &[]).unwrap_err();
    assert!(failure.message().starts_with("repo:2: ") && failure.message().contains("(user:2)"), "{failure}");
    let failure = merge(&[repository, user], &[]).unwrap_err();
    assert!(failure.message().starts_with("user:2: ") && failure.message().contains("(repo:2)"), "{failure}");
    let set = variables(&[("WT_PURPOSE_FEATURE_PORTS", "5100")]);
    assert!(merge(&[], &set).unwrap_err().message().starts_with("WT_PURPOSE_FEATURE_PORTS: "));
}

#[test]
fn a_range_that_a_later_layer_moves_away_overlaps_no_more() {
    let user = file("user", "[purpose.spike]\nports = \"5000-5010\"\n");
    assert!(merge(&[user, file("repo", "[purpose.spike]\nports = \"9000-9010\"\n")], &[]).is_ok());
}

#[test]
fn a_wrong_variable_is_named() {
    let failure = merge(&[], &variables(&[("WT_TRASH_KEEP", "soon")])).unwrap_err();
    assert_eq!(failure.message().split('`').next(), Some("WT_TRASH_KEEP: "));
    let failure = merge(&[], &variables(&[("WT_PORTS_CONFLICT_POLICY", "rety")])).unwrap_err();
    assert_eq!(failure.code(), Code::ConfigInvalid);
    assert!(failure.next_step().unwrap().contains("did you mean `retry`?"));
}

#[test]
fn what_is_wrong_can_be_left_out_and_told_beside_the_rest() {
    let text = "[trash]\nkeep = \"soon\"\nmax_size = \"1GiB\"\n[purpose.feature]\nports = 0\n";
    let (config, problems) = merge_leniently(&[file("f", text)], &[]);
    assert_eq!(problems.len(), 2);
    assert_eq!(config.trash.max_size, 1 << 30);
    assert_eq!(config.trash.keep.as_secs(), 7 * 86_400);
}

#[test]
fn the_starter_is_all_comments_and_right_without_them() {
    let starter = include_str!("../../../templates/wt.toml");
    assert_eq!(one(starter).unwrap(), merge(&[], &[]).unwrap());
    let config = one(&uncommented(starter)).unwrap();
    assert_eq!(config.conflict.policy, ConflictPolicy::Retry);
}

fn uncommented(text: &str) -> String {
    text.lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_built_in_file_shows_every_key() {
    let config = merge(&[file("f", &uncommented(BUILT_IN))], &[]).unwrap();
    for key in KEYS {
        let shown = config.values.iter().any(|value| {
            super::schema::find(&value.key) == Some(key) && matches!(value.origin, Origin::File { .. })
        });
        assert!(shown, "templates/config.toml does not show {}", key.path);
    }
}

#[test]
fn the_documentation_has_every_key() {
    let page = include_str!("../../../docs/configuration.md");
    for key in KEYS {
        let written = key.written();
        assert!(page.contains(&format!("`{written}`")), "docs/configuration.md does not have `{written}`");
    }
}

#[test]
fn every_example_of_the_documentation_is_right() {
    let pages = [
        include_str!("../../../docs/services.md"),
        include_str!("../../../docs/configuration.md"),
        include_str!("../../../docs/carry-and-setup.md"),
        include_str!("../../../docs/recipes.md"),
    ];
    let blocks = pages.iter().flat_map(|page| page.split("```toml\n").skip(1));
    let blocks: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 6);
    for block in blocks {
        assert!(one(block).is_ok(), "{:?}\n{block}", one(block).err());
    }
}

#[test]
fn the_json_schema_has_every_key() {
    let schema = super::json_schema::json_schema();
    let text = schema.to_string();
    assert!(KEYS.iter().all(|key| text.contains(key.meaning)));
    assert_eq!(
        schema["properties"]["ports"]["properties"]["conflict"]["properties"]["policy"]["enum"][1],
        "retry"
    );
    let named = &schema["properties"]["purpose"]["patternProperties"]["^[a-z][a-z0-9-]{0,31}$"];
    assert!(named["properties"]["ports"].is_object(), "{schema:#}");
}

#[test]
fn waits_grow_and_stay_below_a_minute() {
    let conflict = one("[ports.conflict]\nmultiplier = 10\n").unwrap().conflict;
    assert_eq!(conflict.wait_before(1).as_millis(), 100);
    assert_eq!(conflict.wait_before(2).as_millis(), 1000);
    assert_eq!(conflict.wait_before(u32::MAX).as_secs(), 60);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_any_layers_the_last_that_gives_a_key_wins(
        layers in prop::collection::vec((prop::option::of(1u32..99), prop::option::of(0u32..100)), 0..6),
    ) {
        let files: Vec<Layer> = layers
            .iter()
            .enumerate()
            .map(|(index, (days, retries))| {
                let days = days.map(|days| format!("[trash]\nkeep = \"{days}d\"\n")).unwrap_or_default();
                let retries = retries.map(|most| format!("[ports.conflict]\nmax_retries = {most}\n")).unwrap_or_default();
                file(&format!("file-{index}"), &format!("{days}{retries}"))
            })
            .collect();
        let config = merge(&files, &[]).unwrap();
        let last = layers.iter().enumerate().rev().find_map(|(index, (days, _))| days.map(|days| (index, days)));
        let (expected, place) = match last {
            Some((index, days)) => (u64::from(days), format!("file-{index}:2")),
            None => (7, "built-in".to_owned()),
        };
        prop_assert_eq!(config.trash.keep.as_secs() / 86_400, expected);
        prop_assert_eq!(origin(&config, "trash.keep"), place);
        let retries = layers.iter().rev().find_map(|(_, retries)| *retries).unwrap_or(3);
        prop_assert_eq!(config.conflict.max_retries, retries);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = one(&text);
        let _ = merge(&[], &variables(&[("WT_PORTS_EXCLUDE", &text), ("WT_SERVICE_WEB_HEALTH", &text)]));
    }
}

#[test]
fn the_usual_services_are_those_that_are_configured_where_any_is_run() {
    let usual = |text: &str| {
        let config = one(text).unwrap();
        let services = &config.find_purpose(&"feature".parse().unwrap()).unwrap().services;
        services.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let three = "[service.app]\nrun = \"a\"\n[service.db]\nports = 5440\n[service.cache]\nrun = \"c\"\n\
                 [service.jobs]\nrun = \"j\"\nlistens = false\n";
    assert_eq!(usual(three), ["app", "db", "cache"], "in the order of the file");
    assert_eq!(usual(&format!("{three}[purpose.feature]\nservices = [\"web\"]\n")), ["web"], "a list counts");
    assert_eq!(usual(&format!("{three}[purpose.spike]\nports = 5700\n")), ["app", "db", "cache"]);
    assert_eq!(usual("[service.db]\nports = 5440\n"), ["web"], "nothing says how it is run");
    assert_eq!(usual(""), ["web"]);
}

#[test]
fn the_documentation_says_of_every_key_what_it_counts_for_in_a_repositorys_file() {
    let page = include_str!("../../../docs/configuration.md");
    let table =
        page.split("## What a repository's file may say").nth(1).unwrap().split("\n## ").next().unwrap();
    for key in KEYS {
        let line = format!("| `{}` | {} |", key.written(), key.standing.words());
        assert!(table.contains(&line), "docs/configuration.md lacks: {line}");
    }
    assert_eq!(table.matches("\n| `").count(), KEYS.len(), "one line for each key");
}
