//! What the effective settings answer.

use super::*;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge;

fn config(text: &str) -> Config {
    let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
    merge(&[layer], &[]).unwrap()
}

#[test]
fn each_range_says_whose_it_is() {
    let ranges = |config: &Config| -> Vec<String> {
        config.ranges().into_iter().map(|(whose, ranges)| format!("{whose}: {ranges}")).collect()
    };
    let text =
        "[purpose.spike]\nports = \"5700-5709\"\n[service.db]\nports = 5440\n[service.web]\nrun = \"x\"\n";
    let found = ranges(&config(text));
    assert_eq!(found[0], "purpose `feature`: 5000-5099");
    assert_eq!(found[8..], ["purpose `spike`: 5700-5709", "service `db`: 5440"]);
}

#[test]
fn a_service_draws_from_its_own_range_before_its_purposes() {
    let config = config("[service.db]\nports = 5440\n[service.web]\nrun = \"x\"\n");
    let of = |purpose: &str, service: &str| {
        config.ranges_for(&purpose.parse().unwrap(), &service.parse().unwrap()).to_string()
    };
    assert_eq!(of("feature", "db"), "5440");
    assert_eq!(of("feature", "web"), "5000-5099");
    assert_eq!(of("bugfix", "other"), "5100-5199");
    assert_eq!(of("unheard-of", "web"), "");
    for (port, is_own) in [(5439, false), (5440, true), (5441, false), (5000, false)] {
        assert_eq!(config.is_carved_out(Port::new(port).unwrap()), is_own, "{port}");
    }
}

#[test]
fn the_services_of_a_worktree_are_those_of_its_purpose() {
    let config = config("[purpose.spike]\nports = 5700\nservices = [\"api\", \"web\"]\n");
    let of = |purpose: Option<&str>| {
        let purpose: Option<Purpose> = purpose.map(|purpose| purpose.parse().unwrap());
        let services = config.services_of(purpose.as_ref());
        services.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(of(Some("spike")), ["api", "web"]);
    assert_eq!(of(Some("feature")), ["web"]);
    assert!(of(Some("unheard-of")).is_empty() && of(None).is_empty());
}

#[test]
fn a_main_worktree_without_a_purpose_draws_from_that_of_the_configuration() {
    use crate::model::checks::sample::entry;
    let with = config("[main]\npurpose = \"docs\"\n");
    let bare = Entry { purpose: None, ..entry("a", 1, &[]) };
    let mut main = bare.clone();
    main.notes.main.write(&true);
    let drawn =
        |config: &Config, entry: &Entry| config.drawing_purpose(entry).map(|found| found.as_str().to_owned());
    assert_eq!(drawn(&with, &main).as_deref(), Some("docs"));
    assert_eq!(drawn(&with, &bare), None, "it is no main worktree");
    assert_eq!(drawn(&config(""), &main).as_deref(), Some("feature"));
    let own = Entry { purpose: "feature".parse().ok(), ..main };
    assert_eq!(drawn(&with, &own).as_deref(), Some("feature"));
}

#[test]
fn waits_grow_by_the_factor_up_to_a_minute() {
    let settings = ConflictSettings {
        policy: ConflictPolicy::Retry,
        max_retries: 9,
        backoff: Duration::from_secs(2),
        multiplier: 3.0,
    };
    assert_eq!([1, 2, 3, 4, 5].map(|attempt| settings.wait_before(attempt).as_secs()), [2, 6, 18, 54, 60]);
    assert_eq!(settings.wait_before(0).as_secs(), 2);
}

#[test]
fn each_strategy_has_its_word() {
    let all = [Strategy::Conservative, Strategy::Aggressive, Strategy::Intelligent, Strategy::Command];
    let words = all.map(Strategy::as_str);
    assert_eq!(words, ["conservative", "aggressive", "intelligent", "command"]);
    for (strategy, word) in all.into_iter().zip(words) {
        assert_eq!(serde_json::to_value(strategy).unwrap(), word);
    }
}

#[test]
fn what_does_not_count_is_told_with_its_reason_and_cut_where_it_is_long() {
    let long = "x".repeat(300);
    let text = format!(
        "[worktree]\npath = \"/elsewhere\"\n[service.web]\nurl = \"https://example.org/{long}\"\n[serve]\nport = 7000\n\
         [resolve]\nconfirm = false\n"
    );
    let layer = Layer { path: "f".to_owned(), text, source: Source::others() };
    let config = merge(&[layer], &[]).unwrap();
    let said = |beginning: &str| config.uncounted_of(beginning).collect::<Vec<_>>();
    assert_eq!(
        said("serve."),
        ["`serve.port` = 7000 (f:6) does not count: it is yours alone to set, and no repository's"]
    );
    assert_eq!(
        said("resolve."),
        ["`resolve.confirm` = false (f:8) does not count: a repository's file can only make it stricter"]
    );
    assert_eq!(said("worktree."), Vec::<String>::new(), "where a folder lies is said where it is made");
    let shown = format!("\"https://example.org/{}", "x".repeat(179));
    let until = "it counts once `wt trust` has shown it and you agreed";
    assert_eq!(said("service."), [format!("`service.web.url` = {shown}… (f:4) does not count: {until}")]);
    assert_eq!(config.uncounted().count(), 3);
}

#[test]
fn a_failure_names_where_the_value_stands() {
    let config = config("[trash]\nkeep = \"1d\"\n");
    let said = |key: &str| config.failure(key, ValueFault::new("is odd")).message().to_owned();
    assert_eq!(said("trash.keep"), "f:2: `trash.keep`: is odd");
    assert_eq!(said("trash.none"), "built-in: `trash.none`: is odd");
}
