//! `[team]` and `[team.etcd]`: what of them is read, and what does not fit.

use std::path::PathBuf;
use std::time::Duration;

use super::merged::MergedConfig;
use super::origin::Origin;
use super::outside::{ClaimScope, EtcdSettings, TeamKeeper, TeamSettings};
use super::problem::{Problem, ValueFault};
use super::value;
use crate::model::claim_ref::without_user;
use crate::model::words;

/// The keys of files, which lie where no folder changes what is meant.
const FILES: [&str; 4] = ["team.etcd.password_file", "team.etcd.ca", "team.etcd.cert", "team.etcd.key"];

/// Reads the settings.
#[must_use]
pub fn read(merged: &MergedConfig) -> TeamSettings {
    let text = |key: &str| text(merged, key);
    let duration = |key: &str| duration(merged, key).unwrap_or_default();
    let is_built_in = merged.find("team.shared_host").is_none_or(|found| found.origin == Origin::BuiltIn);
    TeamSettings {
        shared_host: text("team.shared_host").filter(|folder| folder != "off").map(PathBuf::from),
        is_shared_host_set: !is_built_in,
        keeper: match text("team.claims").as_deref() {
            Some("git") => TeamKeeper::Git,
            // Half of it is as good as nothing, and is told.
            Some("etcd") if is_etcd_whole(merged) => TeamKeeper::Etcd(Box::new(EtcdSettings {
                endpoints: endpoints(merged),
                team: text("team.etcd.team").unwrap_or_default(),
                user: text("team.etcd.user").zip(text("team.etcd.password_file")),
                ca: text("team.etcd.ca"),
                own: text("team.etcd.cert").zip(text("team.etcd.key")),
            })),
            _ => TeamKeeper::Nobody,
        },
        remote: text("team.remote").unwrap_or_else(|| "origin".to_owned()),
        repository: text("team.repository"),
        goes_on_offline: text("team.offline").as_deref() == Some("allow"),
        timeout: duration("team.timeout"),
        scope: ClaimScope::of(&list(merged, "team.scope")),
        ssh: text("team.ssh").unwrap_or_else(|| "ssh".to_owned()),
        stale_after: duration("team.stale_after"),
    }
}

/// Returns what does not fit.
#[must_use]
pub fn problems(merged: &MergedConfig) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |key: &str, fault: ValueFault| {
        let origin = merged.find(key).map_or(Origin::BuiltIn, |value| value.origin.clone());
        found.push(Problem::with_value(origin, key, fault));
    };
    let text = |key: &str| text(merged, key);
    for (place, endpoint) in endpoints(merged).iter().enumerate() {
        if let Err(why) = check_endpoint(endpoint) {
            let fault = ValueFault::new(format!("`{}` {why}", without_user(endpoint))).at(place);
            add("team.etcd.endpoints", fault.hint("write each as `https://etcd1:2379`"));
        }
    }
    if text("team.etcd.team").is_some_and(|team| !is_plain(&team)) {
        let fault = ValueFault::new("is a part of the names of keys: letters, digits, `-`, `_` and `.`");
        add("team.etcd.team", fault.hint("for example `shop`"));
    }
    for key in FILES {
        if text(key).is_some_and(|path| !path.starts_with('/') && !path.starts_with("~/")) {
            add(key, ValueFault::new("is relative").hint("begin it with `/` or `~/`"));
        }
    }
    if let Some(Err(why)) = text("team.ssh").map(|words| words::split(&words)) {
        add("team.ssh", ValueFault::new(why));
    }
    if duration(merged, "team.timeout").is_some_and(|time| time.is_zero()) {
        add("team.timeout", ValueFault::new("leaves no time for an answer").hint("for example `3s`"));
    }
    for (one, other) in [("user", "password_file"), ("cert", "key")] {
        let keys = [format!("team.etcd.{one}"), format!("team.etcd.{other}")];
        match (text(&keys[0]), text(&keys[1])) {
            (Some(_), None) => add(&keys[0], ValueFault::new(format!("needs `{}` too", keys[1]))),
            (None, Some(_)) => add(&keys[1], ValueFault::new(format!("needs `{}` too", keys[0]))),
            _ => {}
        }
    }
    if text("team.claims").as_deref() == Some("etcd") {
        if !cfg!(feature = "etcd") {
            let fault = ValueFault::new("this `wt` was built without etcd");
            add("team.claims", fault.hint("build it with the feature `etcd`, or choose `git`"));
        }
        if endpoints(merged).is_empty() {
            let fault = ValueFault::new("`etcd` needs `team.etcd.endpoints`");
            add("team.claims", fault.hint("write `endpoints = [\"https://etcd1:2379\"]` under [team.etcd]"));
        }
        if text("team.etcd.team").is_none() {
            let fault = ValueFault::new("`etcd` needs `team.etcd.team`");
            add("team.claims", fault.hint("write `team = \"shop\"` under [team.etcd], the same for all"));
        }
    }
    found
}

fn is_etcd_whole(merged: &MergedConfig) -> bool {
    let endpoints = endpoints(merged);
    let is_reached = !endpoints.is_empty() && endpoints.iter().all(|one| check_endpoint(one).is_ok());
    cfg!(feature = "etcd") && is_reached && text(merged, "team.etcd.team").is_some()
}

fn text(merged: &MergedConfig, key: &str) -> Option<String> {
    let found = merged.find(key).and_then(|found| value::text(&found.value).ok());
    found.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn duration(merged: &MergedConfig, key: &str) -> Option<Duration> {
    merged.find(key).and_then(|found| value::duration(&found.value).ok())
}

fn endpoints(merged: &MergedConfig) -> Vec<String> {
    list(merged, "team.etcd.endpoints")
}

fn list(merged: &MergedConfig, key: &str) -> Vec<String> {
    let found = merged.find(key).and_then(|found| found.value.as_array());
    found.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn check_endpoint(text: &str) -> Result<(), &'static str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.ok_or("begins with neither `https://` nor `http://`")?.trim_end_matches('/');
    if authority.contains('@') {
        return Err("has a user: that is `team.etcd.user`");
    }
    if authority.is_empty() || authority.contains(|found: char| "/?# \t".contains(found)) {
        return Err("is more than a host and a port");
    }
    Ok(())
}

fn is_plain(team: &str) -> bool {
    team.len() <= 64 && team.chars().all(|found| found.is_ascii_alphanumeric() || "-_.".contains(found))
}

#[cfg(test)]
mod tests {
    use crate::model::config::key::KeyKind;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;
    use crate::model::config::outside::TeamKeeper;
    use crate::model::config::schema;

    fn told(text: &str) -> Vec<String> {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let (_, problems) = merge_leniently(&[layer], &[]);
        problems.into_iter().filter_map(|problem| problem.key).collect()
    }

    #[test]
    fn half_an_etcd_keeps_no_claims() {
        let kept = |text: &str| {
            let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
            merge_leniently(&[layer], &[]).0.team.keeper
        };
        let half = "[team]\nclaims = \"etcd\"\n[team.etcd]\nendpoints = [\"https://e1:2379\"]\n";
        assert!(matches!(kept(half), TeamKeeper::Nobody));
        let whole = format!("{half}team = \"shop\"\n");
        assert!(matches!(kept(&whole), TeamKeeper::Etcd(_)));
        assert!(matches!(kept(&whole.replace("https://", "https://ana:sEcReT@")), TeamKeeper::Nobody));
    }

    #[test]
    fn every_word_of_the_key_but_off_names_a_holder_of_claims() {
        let KeyKind::Choice(words) = schema::find("team.claims").unwrap().kind else {
            panic!("a choice of words")
        };
        // What each of them needs beside its word.
        let beside = "[team.etcd]\nendpoints = [\"https://e1:2379\"]\nteam = \"shop\"\n";
        for word in words {
            let text = format!("[team]\nclaims = \"{word}\"\n{beside}");
            let layer = Layer { path: "f".to_owned(), text, source: Source::User };
            let (config, problems) = merge_leniently(&[layer], &[]);
            assert!(!cfg!(feature = "etcd") || problems.is_empty(), "{word}");
            let is_kept = config.team.keeper != TeamKeeper::Nobody;
            assert_eq!(is_kept, *word == "git" || *word != "off" && problems.is_empty(), "{word}");
        }
    }

    #[test]
    fn a_repositorys_file_neither_makes_anybody_wait_nor_turns_away_from_etcd() {
        let mine =
            "[team]\nclaims = \"etcd\"\n[team.etcd]\nendpoints = [\"https://e1:2379\"]\nteam = \"shop\"\n";
        let read = |theirs: &str, agreed: &[(&str, &str)]| {
            let approved = agreed.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
            let layer = |path: &str, text: &str, source| Layer {
                path: path.to_owned(),
                text: text.to_owned(),
                source,
            };
            let repository = layer("/r/.wt.toml", theirs, Source::Others { approved });
            merge_leniently(&[layer("/me", mine, Source::User), repository], &[]).0
        };
        for word in ["off", "git"] {
            let theirs = format!("[team]\nclaims = \"{word}\"\n");
            for agreed in [&[][..], &[("team.claims", word)]] {
                let config = read(&theirs, agreed);
                assert!(matches!(config.team.keeper, TeamKeeper::Etcd(_)), "{word} {agreed:?}");
                assert_eq!(config.uncounted().count(), 1, "and is told");
            }
        }
        let hour = "[team]\ntimeout = \"1h\"\n";
        assert_eq!(read(hour, &[]).team.timeout.as_secs(), 3);
        assert_eq!(read(hour, &[("team.timeout", "1h")]).team.timeout.as_secs(), 3_600);
        assert_eq!(told("[team]\ntimeout = \"0s\"\n"), ["team.timeout"]);
    }

    #[test]
    fn what_does_not_fit_is_told_by_its_key() {
        assert_eq!(told("[team]\nclaims = \"etcd\"\n"), ["team.claims", "team.claims"]);
        let whole =
            "[team]\nclaims = \"etcd\"\n[team.etcd]\nendpoints = [\"https://e1:2379\"]\nteam = \"shop\"\n";
        assert_eq!(told(whole), Vec::<String>::new());
        assert_eq!(told(&format!("{whole}user = \"ana\"\n")), ["team.etcd.user"]);
        assert_eq!(told(&format!("{whole}cert = \"/c.pem\"\n")), ["team.etcd.cert"]);
        assert_eq!(told(&format!("{whole}ca = \"ca.pem\"\n")), ["team.etcd.ca"]);
        assert_eq!(told("[team.etcd]\nteam = \"a/b\"\n"), ["team.etcd.team"]);
        assert_eq!(told("[team]\nssh = \"ssh 'x\"\n"), ["team.ssh"]);
        for endpoint in ["etcd1:2379", "https://", "https://a@b", "https://e1/v3"] {
            let told = told(&format!("[team.etcd]\nendpoints = [\"{endpoint}\"]\n"));
            assert_eq!(told, ["team.etcd.endpoints"], "{endpoint}");
        }
    }

    fn read(text: &str) -> crate::model::config::outside::TeamSettings {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        merge_leniently(&[layer], &[]).0.team
    }

    #[test]
    fn every_setting_of_a_team_is_read() {
        use crate::model::config::outside::{ClaimScope, EtcdSettings, TeamSettings};
        use std::time::Duration;
        let text = "[team]\nshared_host = \"/srv/claims\"\nclaims = \"etcd\"\nremote = \"hub\"\nrepository = \"shop\"\n\
                    offline = \"allow\"\ntimeout = \"4s\"\nscope = [\"port\"]\nssh = \"ssh -x\"\nstale_after = \"15d\"\n\
                    [team.etcd]\nendpoints = [\"https://e1:2379\", \"http://e2/\"]\nteam = \"shop\"\nuser = \"ana\"\n\
                    password_file = \"~/p\"\nca = \"/ca\"\ncert = \"/c\"\nkey = \"/k\"\n";
        let pair = |one: &str, other: &str| Some((one.to_owned(), other.to_owned()));
        let etcd = EtcdSettings {
            endpoints: vec!["https://e1:2379".to_owned(), "http://e2/".to_owned()],
            team: "shop".to_owned(),
            user: pair("ana", "~/p"),
            ca: Some("/ca".to_owned()),
            own: pair("/c", "/k"),
        };
        let whole = TeamSettings {
            shared_host: Some("/srv/claims".into()),
            is_shared_host_set: true,
            keeper: TeamKeeper::Etcd(Box::new(etcd)),
            remote: "hub".to_owned(),
            repository: Some("shop".to_owned()),
            goes_on_offline: true,
            timeout: Duration::from_secs(4),
            scope: ClaimScope { port: true, ..ClaimScope::default() },
            ssh: "ssh -x".to_owned(),
            stale_after: Duration::from_hours(15 * 24),
        };
        assert_eq!(read(text), whole);
        let usual = TeamSettings {
            shared_host: Some("/var/lib/wt/claims".into()),
            is_shared_host_set: false,
            keeper: TeamKeeper::Nobody,
            remote: "origin".to_owned(),
            repository: None,
            goes_on_offline: false,
            timeout: Duration::from_secs(3),
            scope: ClaimScope { branch: true, number: true, port: false },
            ssh: "ssh".to_owned(),
            stale_after: Duration::from_hours(14 * 24),
        };
        assert_eq!(read(""), usual);
        let off = read("[team]\nshared_host = \"off\"\nclaims = \"git\"\n");
        assert_eq!((off.shared_host, off.is_shared_host_set, off.keeper), (None, true, TeamKeeper::Git));
    }

    #[test]
    fn each_key_that_does_not_fit_is_told_alone() {
        let messages = |text: &str| {
            let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
            merge_leniently(&[layer], &[]).1.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        for (text, said) in [
            ("[team.etcd]\nuser = \"ana\"\n", "`team.etcd.user`: needs `team.etcd.password_file` too"),
            (
                "[team.etcd]\npassword_file = \"/p\"\n",
                "`team.etcd.password_file`: needs `team.etcd.user` too",
            ),
            ("[team.etcd]\nkey = \"/k\"\n", "`team.etcd.key`: needs `team.etcd.cert` too"),
            ("[team.etcd]\nca = \"~ca\"\n", "`team.etcd.ca`: is relative"),
            ("[team]\ntimeout = \"0s\"\n", "`team.timeout`: leaves no time for an answer"),
            (
                "[team.etcd]\nendpoints = [\"https://ana@e1\"]\n",
                "`team.etcd.endpoints`: `https://e1` has a user: that is `team.etcd.user`",
            ),
            (
                "[team.etcd]\nendpoints = [\"https://e1\", \"https://e1?x\"]\n",
                "`team.etcd.endpoints`: `https://e1?x` is more than a host and a port",
            ),
        ] {
            assert_eq!(messages(text), [said], "{text}");
        }
        for text in [
            "[team.etcd]\nca = \"~/ca\"\n",
            "[team.etcd]\nca = \"/ca\"\n",
            "[team.etcd]\nteam = \"a-b_c.D9\"\n",
            "[team]\ntimeout = \"1ms\"\n",
            "[team.etcd]\nendpoints = [\"http://e1:2379/\"]\n",
        ] {
            assert_eq!(messages(text), Vec::<String>::new(), "{text}");
        }
        assert!(super::is_plain(&"a".repeat(64)) && !super::is_plain(&"a".repeat(65)));
    }

    #[test]
    fn etcd_keeps_claims_only_where_each_of_its_members_can_be_reached() {
        let kept = |endpoints: &str, team: &str| {
            let text = format!("[team]\nclaims = \"etcd\"\n[team.etcd]\nendpoints = [{endpoints}]\n{team}");
            read(&text).keeper != TeamKeeper::Nobody
        };
        let (one, team) = ("\"https://e1:2379\"", "team = \"shop\"\n");
        assert!(kept(one, team));
        assert!(!kept("", team), "no member");
        assert!(!kept(one, ""), "no team");
        assert!(!kept("\"https://e1:2379\", \"e2\"", team), "one of them is no address");
    }
}
