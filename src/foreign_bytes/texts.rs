//! Texts of the user and of a repository: env files, configuration, templates, patterns, refs, words.

use serde_json::json;

use super::press;
use crate::host::git_files::conversion::{Conversions, Outside, Settings, has_odd_pattern};
use crate::model::carry::wish::CarryLists;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge_leniently;
use crate::model::env_block::{self, FoundBlock};
use crate::model::hook_event;
use crate::model::hooks::config_lines::ConfigLines;
use crate::model::hooks::text::GitHook;
use crate::model::ignore::IgnorePatterns;
use crate::model::notify::webhook::WebhookAddress;
use crate::model::packed_refs;
use crate::model::pull::{ForgePlace, WantedPull};
use crate::model::template;

const PATHS: [&[u8]; 6] = [b"a", b"src/main.rs", b"a/b/c/d/e/f.txt", b"node_modules", b"\xff/\n", b""];

#[test]
fn an_env_file() {
    press("env_file", |bytes| {
        let ours = vec!["PORT=5000".to_owned(), "WT_NAME=\"a\"".to_owned()];
        if let Ok(written) = env_block::splice(bytes, &ours) {
            assert_eq!(env_block::lines(&written), Some(ours.clone()));
            if env_block::find(bytes) == FoundBlock::None {
                assert_eq!(env_block::remove(&written).unwrap(), bytes, "the user's bytes come back");
            }
        }
        let _ = env_block::require_clear(bytes, ".env");
        let _ = dotenvy::from_read_iter(bytes).filter_map(Result::ok).count();
    });
}

#[test]
fn a_configuration() {
    press("configuration", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for source in [Source::User, Source::others()] {
            let layer = Layer { path: ".wt.toml".to_owned(), text: text.to_owned(), source };
            let (_, problems) = merge_leniently(&[layer], &[]);
            for problem in problems {
                let _ = problem.failure();
            }
        }
    });
}

#[test]
fn a_template() {
    press("template", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let _ = template::paths(text);
        let _ = template::check(text, &["name", "ports", "branch"]);
        let values = json!({"name": "feature-a", "branch": "feature/a", "ports": {"web": 5000, "db": 5001}});
        if let Ok(made) = template::render("env", text, &values) {
            assert!(made.len() < 8 << 20, "{} bytes", made.len());
        }
    });
}

#[test]
fn what_git_tells_a_hook() {
    press("hook_input", |bytes| {
        let _ = hook_event::pushed(bytes);
        let text = String::from_utf8_lossy(bytes);
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let _ = hook_event::Checkout::find(&words);
        let lines = ConfigLines::parse(&text);
        let _ = (lines.find_command(GitHook::PrePush), lines.is_disabled(GitHook::PostCheckout));
        let _ = packed_refs::find(bytes, "refs/heads/main");
    });
}

#[test]
fn ignore_patterns() {
    press("ignore", |bytes| {
        let _ = IgnorePatterns::faults(bytes);
        let patterns = IgnorePatterns::parse(bytes);
        let mut spent = 0;
        for path in PATHS {
            let _ = patterns.verdict(path, false, &mut spent);
            let _ = patterns.verdict(path, true, &mut spent);
            let _ = patterns.may_match_below(path);
        }
        let _ = CarryLists::new(&[bytes]);
    });
}

#[test]
fn attributes() {
    press("attributes", |bytes| {
        let _ = has_odd_pattern(bytes);
        let settings = Settings { auto_crlf: true, ..Settings::default() };
        let outside = Outside { settings, info: bytes.to_vec(), user: bytes.to_vec(), ..Outside::default() };
        let all =
            Conversions::new(&outside, [(Vec::new(), bytes.to_vec()), (b"src".to_vec(), bytes.to_vec())]);
        for path in PATHS {
            let _ = all.of(path);
        }
    });
}

#[test]
fn addresses_and_commands() {
    press("words", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for word in text.lines() {
            let _ = (
                WebhookAddress::parse(word).is_ok(),
                WantedPull::parse(word).is_some(),
                ForgePlace::of(word),
            );
        }
    });
}
