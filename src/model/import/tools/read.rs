//! Reads the files of nine tools that make worktrees. Each is left out whole, and said, where it cannot be read.

use serde_json::Value;

use super::script::{self, ScriptPurpose, pattern};
use super::{gitconfig, variables};
use crate::model::import::compose_file::yaml;
use crate::model::import::proposal::{FileProposal, Proposal, ProposedCarry, What, name};

/// Reads the text of a file.
type Reader = fn(&str, &str) -> Result<FileProposal, String>;

/// The files, and how each is read. The first whose setup is taken over counts.
pub const FILES: [(&str, Reader); 9] = [
    (".config/wt.toml", worktrunk),
    (".cursor/worktrees.json", cursor),
    ("conductor.json", conductor),
    (".codex/environments/environment.toml", codex),
    ("orca.yaml", orca),
    (".workmux.yaml", workmux),
    (".gtrconfig", gtr),
    (".wtp.yml", wtp),
    ("phantom.config.json", phantom),
];

const LINKED: &str = "a link would have two worktrees share it; `carry.copy` has a copy";

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn from_toml(text: &str) -> Result<Value, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    serde_json::to_value(table).map_err(|error| error.to_string())
}

/// A text, or the texts of a list.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(value, |value, key| value.get(key))?.as_str()
}

/// Says of each key of the table that is not among `known` that it has no like here.
fn leave_others(found: &mut FileProposal, file: &str, table: &Value, known: &[&str]) {
    for key in table.as_object().into_iter().flat_map(|table| table.keys()) {
        if !known.contains(&key.as_str()) {
            found.leave(file, key, "has no like here");
        }
    }
}

fn carry(found: &mut FileProposal, file: &str, key: &str, path: &str) {
    if path.contains("..") || path.starts_with(['/', '~', '<']) {
        found.leave(file, key, format!("`{path}` is no path below the repository"));
        return;
    }
    found.carry.push(ProposedCarry { pattern: pattern(path), from: format!("{file}: {key}") });
}

fn service(found: &mut FileProposal, file: &str, key: &str, named: &str, command: &str) {
    let Some(own) = name(named).or_else(|| name("web")) else { return };
    match script::service(command) {
        Ok(run) => {
            let mut proposal = Proposal::new(own, format!("{file}: {key}"), What::Run(run.clone()));
            if !run.contains("{{ port }}") {
                proposal.notes.push("It must find its port in the variable PORT.".to_owned());
            }
            found.services.push(proposal);
        }
        Err(reason) => found.leave(file, key, reason),
    }
}

/// <https://worktrunk.dev/hook/>: a text, a table of names, or a list of such tables.
fn worktrunk(file: &str, text: &str) -> Result<FileProposal, String> {
    let document = from_toml(text)?;
    let mut found = FileProposal::default();
    for (hook, purpose) in [
        ("post-create", ScriptPurpose::Setup),
        ("pre-start", ScriptPurpose::Setup),
        ("post-start", ScriptPurpose::Setup),
        ("pre-remove", ScriptPurpose::Teardown),
        ("post-remove", ScriptPurpose::Teardown),
    ] {
        for (key, command) in commands(hook, document.get(hook)) {
            let is_server = hook == "post-start" && command.contains("hash_port");
            let own = variables::of_worktrunk(command);
            if own.contains("step copy-ignored") {
                found.leave(
                    file,
                    &key,
                    "it copies all that git ignores: name what is needed in `carry.copy`",
                );
            } else if is_server {
                let named = key.rsplit('.').next().unwrap_or("web");
                let own = own.trim_end_matches('&').trim();
                service(&mut found, file, &key, if named == hook { "web" } else { named }, own);
            } else {
                script::push(&mut found, file, &key, &own, purpose);
            }
        }
    }
    leave_others(
        &mut found,
        file,
        &document,
        &["post-create", "pre-start", "post-start", "pre-remove", "post-remove"],
    );
    Ok(found)
}

fn commands<'a>(hook: &str, value: Option<&'a Value>) -> Vec<(String, &'a str)> {
    match value {
        Some(Value::String(command)) => vec![(hook.to_owned(), command)],
        Some(Value::Object(table)) => table
            .iter()
            .filter_map(|(key, command)| Some((format!("{hook}.{key}"), command.as_str()?)))
            .collect(),
        Some(Value::Array(list)) => list.iter().flat_map(|one| commands(hook, Some(one))).collect(),
        _ => Vec::new(),
    }
}

/// <https://cursor.com/docs/configuration/worktrees>: commands, or the path of a script beside the file.
fn cursor(file: &str, text: &str) -> Result<FileProposal, String> {
    let document = json(text)?;
    let mut found = FileProposal::default();
    let key = ["setup-worktree-unix", "setup-worktree"].into_iter().find(|key| document.get(key).is_some());
    match key.and_then(|key| Some((key, document.get(key)?))) {
        Some((key, Value::String(path))) => {
            script::add(
                &mut found,
                file,
                key,
                &format!("sh .cursor/{}", path.trim_start_matches("./")),
                ScriptPurpose::Setup,
            );
        }
        Some((key, commands)) => {
            for command in texts(Some(commands)) {
                script::add(&mut found, file, key, command, ScriptPurpose::Setup);
            }
        }
        None => {}
    }
    leave_others(
        &mut found,
        file,
        &document,
        &["setup-worktree-unix", "setup-worktree", "setup-worktree-windows"],
    );
    Ok(found)
}

/// <https://docs.conductor.build/core/scripts>
fn conductor(file: &str, written: &str) -> Result<FileProposal, String> {
    let document = json(written)?;
    let mut found = FileProposal::default();
    if let Some(setup) = text(&document, &["scripts", "setup"]) {
        script::add(&mut found, file, "scripts.setup", setup, ScriptPurpose::Setup);
    }
    if let Some(run) = text(&document, &["scripts", "run"]) {
        service(&mut found, file, "scripts.run", "web", run);
    }
    if let Some(archive) = text(&document, &["scripts", "archive"]) {
        script::add(&mut found, file, "scripts.archive", archive, ScriptPurpose::Teardown);
    }
    leave_others(&mut found, file, &document, &["scripts"]);
    Ok(found)
}

/// <https://developers.openai.com/codex/app/local-environments>
fn codex(file: &str, written: &str) -> Result<FileProposal, String> {
    let document = from_toml(written)?;
    let mut found = FileProposal::default();
    for (table, purpose) in [("setup", ScriptPurpose::Setup), ("cleanup", ScriptPurpose::Teardown)] {
        let own = text(&document, &[table, "linux", "script"])
            .map(|script| (format!("{table}.linux.script"), script));
        let own = own.or_else(|| Some((format!("{table}.script"), text(&document, &[table, "script"])?)));
        if let Some((key, script)) = own {
            script::add(&mut found, file, &key, script, purpose);
        }
    }
    for action in document.get("actions").and_then(Value::as_array).into_iter().flatten() {
        let (named, command) =
            (text(action, &["name"]).unwrap_or_default(), text(action, &["command"]).unwrap_or_default());
        let is_server = ["dev", "run", "start", "serve"]
            .iter()
            .any(|word| named.to_ascii_lowercase().split_whitespace().any(|part| part == *word));
        let key = format!("actions.{named}");
        if is_server && text(action, &["platform"]).is_none_or(|platform| platform == "linux") {
            service(&mut found, file, &key, "web", command);
        } else {
            found.leave(file, &key, "a person starts it, by `wt run -- COMMAND`");
        }
    }
    leave_others(&mut found, file, &document, &["version", "name", "setup", "cleanup", "actions"]);
    Ok(found)
}

/// <https://github.com/stablyai/orca>, src/main/hooks.ts
fn orca(file: &str, written: &str) -> Result<FileProposal, String> {
    let document = yaml(written)?;
    let mut found = FileProposal::default();
    if let Some(setup) = text(&document, &["scripts", "setup"]) {
        script::add(&mut found, file, "scripts.setup", setup, ScriptPurpose::Setup);
    }
    if let Some(archive) = text(&document, &["scripts", "archive"]) {
        script::add(&mut found, file, "scripts.archive", archive, ScriptPurpose::Teardown);
    }
    leave_others(&mut found, file, &document, &["scripts"]);
    Ok(found)
}

/// <https://workmux.raine.dev/guide/configuration>
fn workmux(file: &str, written: &str) -> Result<FileProposal, String> {
    let document = yaml(written)?;
    let mut found = FileProposal::default();
    for (key, purpose) in [("post_create", ScriptPurpose::Setup), ("pre_remove", ScriptPurpose::Teardown)] {
        for command in texts(document.get(key)) {
            if command == "<global>" {
                found.leave(file, key, "`<global>` stands for a person's own commands");
            } else {
                script::add(&mut found, file, key, command, purpose);
            }
        }
    }
    let files = document.get("files");
    for path in texts(files.and_then(|files| files.get("copy"))) {
        carry(&mut found, file, "files.copy", path);
    }
    for path in texts(files.and_then(|files| files.get("symlink"))) {
        found.leave(file, "files.symlink", format!("`{path}`: {LINKED}"));
    }
    leave_others(&mut found, file, &document, &["post_create", "pre_remove", "files"]);
    Ok(found)
}

/// <https://github.com/coderabbitai/git-worktree-runner>, docs/configuration.md
fn gtr(file: &str, written: &str) -> Result<FileProposal, String> {
    let mut found = FileProposal::default();
    let values = gitconfig::values(written)?;
    for (key, value) in &values {
        match key.as_str() {
            "copy.include" | "copy.includedirs" => carry(&mut found, file, key, value),
            "hooks.postcreate" => script::add(&mut found, file, key, value, ScriptPurpose::Setup),
            "hooks.preremove" | "hooks.postremove" => {
                script::add(&mut found, file, key, value, ScriptPurpose::Teardown);
            }
            "copy.exclude" | "copy.excludedirs" => {}
            _ => found.leave(file, key, "has no like here"),
        }
    }
    // The last line that names a path counts: what is left out comes last.
    for (key, value) in &values {
        if ["copy.exclude", "copy.excludedirs"].contains(&key.as_str()) && !found.carry.is_empty() {
            carry(&mut found, file, key, &format!("!{value}"));
        }
    }
    Ok(found)
}

/// <https://github.com/satococoa/wtp>, README.md
fn wtp(file: &str, written: &str) -> Result<FileProposal, String> {
    let document = yaml(written)?;
    let mut found = FileProposal::default();
    let hooks = document.get("hooks").and_then(|hooks| hooks.get("post_create")).and_then(Value::as_array);
    for hook in hooks.into_iter().flatten() {
        let key = "hooks.post_create";
        let from = text(hook, &["from"]).unwrap_or_default();
        match text(hook, &["type"]) {
            Some("copy") if text(hook, &["to"]).is_none_or(|to| to == from) => {
                carry(&mut found, file, key, from);
            }
            Some("copy") => found.leave(file, key, format!("`{from}` is copied to another place")),
            Some("symlink") => found.leave(file, key, format!("`{from}`: {LINKED}")),
            Some("command") => {
                let command = text(hook, &["command"]).unwrap_or_default();
                let place = text(hook, &["work_dir"]).filter(|place| ![".", ""].contains(place));
                let sets: Vec<String> = hook
                    .get("env")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                    .filter_map(|(name, value)| {
                        Some(format!("{name}='{}'", value.as_str()?.replace('\'', "'\\''")))
                    })
                    .collect();
                let before = if sets.is_empty() { String::new() } else { format!("env {} ", sets.join(" ")) };
                let place = place
                    .map(|place| format!("cd '{}' && ", place.replace('\'', "'\\''")))
                    .unwrap_or_default();
                script::add(
                    &mut found,
                    file,
                    key,
                    &format!("{place}{before}{command}"),
                    ScriptPurpose::Setup,
                );
            }
            _ => found.leave(file, key, "has a type that is not known here"),
        }
    }
    leave_others(&mut found, file, &document, &["version", "hooks"]);
    Ok(found)
}

/// <https://github.com/phantompane/phantom>, docs/configuration.md
fn phantom(file: &str, written: &str) -> Result<FileProposal, String> {
    let document = json(written)?;
    let mut found = FileProposal::default();
    let list = |table: &str, key: &str| texts(document.get(table).and_then(|table| table.get(key)));
    for path in list("postCreate", "copyFiles") {
        carry(&mut found, file, "postCreate.copyFiles", path);
    }
    for command in list("postCreate", "commands") {
        script::add(&mut found, file, "postCreate.commands", command, ScriptPurpose::Setup);
    }
    for command in list("preDelete", "commands") {
        script::add(&mut found, file, "preDelete.commands", command, ScriptPurpose::Teardown);
    }
    leave_others(&mut found, file, &document, &["postCreate", "preDelete"]);
    Ok(found)
}
