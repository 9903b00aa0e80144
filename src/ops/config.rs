//! The configuration, gathered from its layers, and what `wt config` says about it.

pub mod export;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::error::{Code, Failure, Result};
use crate::host::config_files::{is_there, read_layer, repository_file, require_layer};
use crate::host::git::Repository;
use crate::host::machine::Host;
use crate::host::trust_file;
use crate::model::advised::wt;
use crate::model::config::json_schema::json_schema;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge;
use crate::model::config::problem::Problem;
use crate::model::config::settings::{Config, ConfigValue};
use crate::model::notify::settings::WEBHOOK;
use crate::model::notify::webhook;
use crate::model::suggestion::nearest;

/// Where the layers come from.
#[derive(Clone, Copy, Debug)]
pub struct LayerSources<'a> {
    /// The user's `config.toml`; `None` when no folder for it can be named.
    pub user_file: Option<&'a Path>,
    /// The main worktree, or in a bare repository the folder one stands in.
    pub repository_root: Option<&'a Path>,
    /// `--config FILE`, absolute: read instead of the two files.
    pub config_flag: Option<&'a Path>,
    /// The environment; only `WT_` variables that name a key are read.
    pub variables: &'a [(String, String)],
    /// The machine that knows what was agreed to; without it nothing was.
    pub host: Option<&'a Host>,
}

/// Loads the effective configuration.
///
/// # Errors
///
/// `config_invalid` for the first thing that is wrong, naming file, line and key.
pub fn load(sources: &LayerSources) -> Result<Config> {
    let (config, problems) = load_leniently(sources)?;
    match problems.first() {
        Some(problem) => Err(problem.failure()),
        None => Ok(config),
    }
}

/// Loads the configuration of a repository that we do not stand in, `root` being its main worktree; what is wrong with it
/// is left out, and said beside what is left.
#[must_use]
pub fn of_other_repository(host: &Host, root: Option<&Path>) -> (Config, Option<String>) {
    match load_other(host, root) {
        Ok((config, problems)) => (config, problems.first().map(|problem| problem.failure().to_string())),
        Err(failure) => (merge::merge_leniently(&[], &variables(host)).0, Some(failure.to_string())),
    }
}

/// Loads what is right of the configuration that counts in the repository at `root`, in none where there is no root, beside
/// everything that is wrong with it.
///
/// # Errors
///
/// Fails only when a file cannot be read at all.
pub fn load_other(host: &Host, root: Option<&Path>) -> Result<(Config, Vec<Problem>)> {
    let (variables, user_file) = (variables(host), host.config_file());
    load_leniently(&LayerSources {
        user_file: user_file.as_deref(),
        repository_root: root,
        config_flag: None,
        variables: &variables,
        host: Some(host),
    })
}

fn variables(host: &Host) -> Vec<(String, String)> {
    host.environment.ours().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Loads what is right of the configuration, beside everything that is wrong with it.
///
/// # Errors
///
/// Fails only when a file cannot be read at all.
pub fn load_leniently(sources: &LayerSources) -> Result<(Config, Vec<Problem>)> {
    let layers = layers(sources, &Source::others())?;
    let loaded = merge::merge_leniently(&layers, sources.variables);
    // What was agreed to is looked up only where something asks for it.
    if !loaded.0.held.iter().any(|held| held.until_trusted) {
        return Ok(loaded);
    }
    let approved = approved(sources).unwrap_or_default();
    if approved.is_empty() {
        return Ok(loaded);
    }
    let agreed = |layer: Layer| match layer.source {
        Source::User => layer,
        Source::Others { .. } => Layer { source: Source::Others { approved: approved.clone() }, ..layer },
    };
    let layers: Vec<Layer> = layers.into_iter().map(agreed).collect();
    Ok(merge::merge_leniently(&layers, sources.variables))
}

/// Returns what was agreed to for the repository; `None` where nothing was, or where that cannot be read.
fn approved(sources: &LayerSources) -> Option<Vec<(String, String)>> {
    let approvals = trust_file::read(&sources.host?.dirs().ok()?).ok()?;
    let id = Repository::discover(sources.repository_root?).ok()?.find_id()?;
    let file = sources.config_flag.map(|file| file.display().to_string());
    let found = approvals.find(&id, file.as_deref())?;
    let pair = |known: &crate::model::agreement::Approved| (known.key.clone(), known.command.clone());
    Some(found.commands.iter().map(pair).collect())
}

/// As [`load_leniently`], also where a file cannot be read: then the built-in values and the variables are left.
#[must_use]
pub fn load_at_any_rate(sources: &LayerSources) -> (Config, Vec<Failure>) {
    match load_leniently(sources) {
        Ok((config, problems)) => (config, problems.iter().map(Problem::failure).collect()),
        Err(failure) => (merge::merge_leniently(&[], sources.variables).0, vec![failure]),
    }
}

/// Answers whether the file that `--config` names is not there.
#[must_use]
pub fn lacks_named_file(sources: &LayerSources) -> bool {
    sources.config_flag.is_some_and(|file| !is_there(file))
}

fn layers(sources: &LayerSources, others: &Source) -> Result<Vec<Layer>> {
    if let Some(file) = sources.config_flag {
        // Whoever names a file stands by its settings; its commands are asked about all the same.
        return Ok(vec![require_layer(file, Source::User)?]);
    }
    let mut layers = Vec::new();
    if let Some(file) = sources.user_file {
        layers.extend(read_layer(file, Source::User)?);
    }
    if let Some(root) = sources.repository_root {
        layers.extend(read_layer(&repository_file(root), others.clone())?);
    }
    Ok(layers)
}

/// What `wt config show` answers.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ShownConfig {
    pub values: Vec<ConfigValue>,
    /// What a repository's file says and what does not count, each as a sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncounted: Vec<String>,
}

/// Returns every value with its origin, or those of `key`, which may be a section.
///
/// # Errors
///
/// `not_found` for a key that has no value, with the near one.
pub fn show(config: &Config, key: Option<&str>) -> Result<ShownConfig> {
    let uncounted = config.uncounted().collect();
    // The address of a webhook may be a secret itself.
    let masked = |value: &ConfigValue| {
        if value.key == WEBHOOK {
            ConfigValue { value: webhook::shown(&value.value), ..value.clone() }
        } else {
            value.clone()
        }
    };
    let Some(key) = key else {
        return Ok(ShownConfig { values: config.values.iter().map(masked).collect(), uncounted });
    };
    let below = |value: &&ConfigValue| {
        value.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let values: Vec<ConfigValue> = config.values.iter().filter(below).map(masked).collect();
    if !values.is_empty() {
        return Ok(ShownConfig { values, uncounted });
    }
    let failure = Failure::new(Code::NotFound, format!("no value for `{}` is set", key.escape_debug()));
    let mut known: Vec<&str> = config.values.iter().map(|value| value.key.as_str()).collect();
    let sections: Vec<&str> =
        known.iter().filter_map(|key| key.rsplit_once('.').map(|(section, _)| section)).collect();
    known.extend(sections);
    Err(match nearest(key, known) {
        Some(near) => failure.hint(format!("did you mean `{show}`?", show = wt("config show {}", &[&near]))),
        None => failure.hint("`wt config show` lists every key"),
    })
}

/// What a file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    User,
    Repository,
    /// Named with `--config`.
    Flag,
}

/// A file that is, or would be, read.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ConsideredFile {
    pub kind: FileKind,
    pub path: String,
    pub exists: bool,
    /// False for the two files that `--config` replaces.
    pub read: bool,
}

/// What `wt config path` answers: the files, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Files {
    pub files: Vec<ConsideredFile>,
}

/// Returns the files that are considered; none of them is opened, so that it helps where one of them is broken.
#[must_use]
pub fn files(sources: &LayerSources) -> Files {
    let replaced = sources.config_flag.is_some();
    let repository = sources.repository_root.map(repository_file);
    let candidates = [
        (FileKind::User, sources.user_file),
        (FileKind::Repository, repository.as_deref()),
        (FileKind::Flag, sources.config_flag),
    ];
    let files = candidates.into_iter().filter_map(|(kind, path)| {
        let path = path?;
        let exists = is_there(path);
        let read = exists && (kind == FileKind::Flag || !replaced);
        Some(ConsideredFile { kind, path: path.display().to_string(), exists, read })
    });
    Files { files: files.collect() }
}

/// What `wt config schema` answers: the JSON schema of a configuration file.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ConfigSchema {
    pub config_schema: Value,
}

/// Returns the JSON schema of a configuration file.
#[must_use]
pub fn schema() -> ConfigSchema {
    ConfigSchema { config_schema: json_schema() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{LayerSources, files, load, show};
    use crate::error::Code;
    use crate::ops::init;

    const NOTHING: LayerSources = LayerSources {
        user_file: None,
        repository_root: None,
        config_flag: None,
        variables: &[],
        host: None,
    };

    #[test]
    fn files_are_layered_and_the_flag_replaces_them() {
        let folder = tempfile::tempdir().unwrap();
        let (user, named) = (folder.path().join("config.toml"), folder.path().join("named.toml"));
        let place =
            |path: &std::path::Path, text: &str| crate::host::config_files::write_new(path, text).unwrap();
        place(&user, "[trash]\nkeep = \"1d\"\n");
        place(&named, "[trash]\nmax_size = \"20GiB\"\n");
        place(&folder.path().join(".wt.toml"), "[trash]\nkeep = \"2w\"\n");
        let sources =
            LayerSources { user_file: Some(&user), repository_root: Some(folder.path()), ..NOTHING };
        assert_eq!(load(&sources).unwrap().trash.keep.as_secs(), 14 * 86_400);
        let sources = LayerSources { config_flag: Some(&named), ..sources };
        let config = load(&sources).unwrap();
        assert_eq!((config.trash.keep.as_secs(), config.trash.max_size), (7 * 86_400, 20 << 30));
        let read: Vec<bool> = files(&sources).files.into_iter().map(|file| file.read).collect();
        assert_eq!(read, [false, false, true]);
    }

    #[test]
    fn a_missing_file_is_fine_unless_it_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.toml");
        assert!(load(&LayerSources { user_file: Some(&missing), ..NOTHING }).is_ok());
        let failure = load(&LayerSources { config_flag: Some(&missing), ..NOTHING }).unwrap_err();
        assert_eq!(failure.code(), Code::ConfigInvalid);
        assert!(failure.message().contains("missing.toml does not exist"));
    }

    #[test]
    fn what_is_no_text_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".wt.toml");
        let sources = LayerSources { repository_root: Some(folder.path()), ..NOTHING };
        fs::create_dir(&path).unwrap();
        assert!(load(&sources).unwrap_err().message().contains("is not a file"));
        fs::remove_dir(&path).unwrap();
        std::io::Write::write_all(&mut fs::File::create(&path).unwrap(), b"a = 1\n\xff\n").unwrap();
        assert!(load(&sources).unwrap_err().message().ends_with(".wt.toml:2: not valid UTF-8"));
    }

    #[test]
    fn show_knows_keys_sections_and_the_near_word() {
        let config = load(&NOTHING).unwrap();
        assert_eq!(show(&config, Some("trash.keep")).unwrap().values[0].value, "7d");
        assert_eq!(show(&config, Some("ports.conflict")).unwrap().values.len(), 4);
        let failure = show(&config, Some("trash.kep")).unwrap_err();
        assert_eq!(failure.next_step(), Some("did you mean `wt config show trash.keep`?"));
    }

    #[test]
    fn init_writes_a_starter_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = || {
            init::apply(
                init::plan(folder.path(), None)?,
                init::AgreedProposal { configuration: true, compose_override: true },
            )
        };
        let report = write().unwrap();
        assert_eq!(fs::read_to_string(&report.path).unwrap(), crate::model::import::text::STARTER);
        fs::remove_file(&report.path).unwrap();
        std::os::unix::fs::symlink("nowhere", &report.path).unwrap();
        assert_eq!(write().unwrap_err().code(), Code::PathNotEmpty);
    }
}
