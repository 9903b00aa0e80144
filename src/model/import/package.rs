//! The scripts of a package.json that start servers, and the package manager that its lockfile names.

use serde_json::{Map, Value};

use super::proposal::{Found, Proposal, What, name};
use super::shell::needs_shell;
use crate::model::services::plan::Condition;

/// What installs and runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    Npm,
    Yarn,
    Pnpm,
    Bun,
}

/// The lockfiles, and whose they are.
pub const LOCKFILES: [(&str, Manager); 6] = [
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("yarn.lock", Manager::Yarn),
    ("bun.lock", Manager::Bun),
    ("bun.lockb", Manager::Bun),
    ("package-lock.json", Manager::Npm),
    ("npm-shrinkwrap.json", Manager::Npm),
];

/// Where pnpm names the packages of a repository.
pub const PNPM_WORKSPACES: &str = "pnpm-workspace.yaml";

/// Servers that take their port as `--port`.
const TAKE_A_PORT: [&str; 15] = [
    "vite",
    "next",
    "astro",
    "nuxt",
    "nuxi",
    "ng",
    "vue-cli-service",
    "webpack",
    "webpack-dev-server",
    "parcel",
    "gatsby",
    "storybook",
    "wrangler",
    "remix",
    "http-server",
];

impl Manager {
    /// Returns whose files these are; `named` is the file's own `packageManager`.
    #[must_use]
    pub fn of(has: impl Fn(&str) -> bool, named: Option<&str>) -> (Self, bool) {
        if let Some((_, manager)) = LOCKFILES.iter().find(|(file, _)| has(file)) {
            return (*manager, true);
        }
        let named = named.and_then(|named| named.split('@').next());
        let manager = match named {
            Some("pnpm") => Self::Pnpm,
            Some("yarn") => Self::Yarn,
            Some("bun") => Self::Bun,
            _ => Self::Npm,
        };
        (manager, false)
    }

    fn run(self, script: &str, arguments: &str) -> String {
        match self {
            // npm keeps what stands before `--` for itself; the others pass on what follows the script's name.
            Self::Npm if !arguments.is_empty() => format!("npm run {script} -- {arguments}"),
            Self::Npm => format!("npm run {script}"),
            Self::Yarn => format!("yarn run {script} {arguments}").trim_end().to_owned(),
            Self::Pnpm => format!("pnpm run {script} {arguments}").trim_end().to_owned(),
            Self::Bun => format!("bun run {script} {arguments}").trim_end().to_owned(),
        }
    }

    fn install(self, locked: bool) -> &'static str {
        match (self, locked) {
            (Self::Npm, true) => "npm ci",
            (Self::Npm, false) => "npm install",
            (Self::Yarn, true) => "yarn install --frozen-lockfile",
            (Self::Yarn, false) => "yarn install",
            (Self::Pnpm, true) => "pnpm install --frozen-lockfile",
            (Self::Pnpm, false) => "pnpm install",
            (Self::Bun, true) => "bun install --frozen-lockfile",
            (Self::Bun, false) => "bun install",
        }
    }
}

/// Returns which packages of the repository are not looked at; `None` where there is but one.
#[must_use]
pub fn unread_workspaces(text: &str, has_pnpm_workspaces: bool) -> Option<String> {
    let package: Value = serde_json::from_str(text).ok()?;
    // yarn also writes them as an object, with the globs below `packages`.
    let written = package.get("workspaces");
    let globs = written.and_then(|written| written.get("packages").or(Some(written))?.as_array());
    let globs: Vec<&str> = globs.into_iter().flatten().filter_map(Value::as_str).collect();
    let named = match (globs.is_empty(), has_pnpm_workspaces) {
        (false, _) => globs.join(", ").escape_debug().to_string(),
        (true, true) => format!("named in {PNPM_WORKSPACES}"),
        (true, false) => return None,
    };
    Some(format!(
        "package.json: only the scripts of the root were looked at, not those of its workspaces ({named})"
    ))
}

/// Reads the text of a package.json beside which `has` says what files there are.
///
/// # Errors
///
/// Says why it cannot be read.
pub fn read(text: &str, has: impl Fn(&str) -> bool) -> Result<Found, String> {
    let package: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(scripts) = package.get("scripts").and_then(Value::as_object) else {
        return Ok(Found::default());
    };
    let (manager, locked) = Manager::of(has, package.get("packageManager").and_then(Value::as_str));
    let mut found = Found::default();
    for (script, service) in chosen(scripts) {
        let Some(text) = scripts.get(script).and_then(Value::as_str) else { continue };
        let Some(service) = name(service) else { continue };
        if found.services.iter().any(|known| known.name == service) {
            continue;
        }
        let from = format!("package.json: scripts.{script}");
        let (arguments, note) = port(text);
        let mut proposal = Proposal::new(service, from, What::Run(manager.run(script, arguments)));
        proposal.notes.extend(note.map(str::to_owned));
        match found.services.first() {
            None => proposal.setup = Some(manager.install(locked).to_owned()),
            Some(first) => {
                proposal.depends_on.insert(first.name.clone(), Condition::Started);
                proposal.notes.push(format!("`{}` installs the packages that it needs too.", first.name));
            }
        }
        found.services.push(proposal);
    }
    Ok(found)
}

/// The scripts that start servers, each with the service's name: `dev:api` and `dev:web` where they are told apart, else
/// the first of `dev`, `start`, `serve`.
fn chosen(scripts: &Map<String, Value>) -> Vec<(&str, &str)> {
    let is_word =
        |script: &str| script.chars().all(|letter| letter.is_ascii_alphanumeric() || ":_-".contains(letter));
    for family in ["dev:", "start:", "serve:"] {
        let parts: Vec<(&str, &str)> = scripts
            .keys()
            .filter(|script| is_word(script))
            .filter_map(|script| Some((script.as_str(), script.strip_prefix(family)?)))
            .filter(|(_, part)| {
                !["all", "prod", "production", "debug", "inspect", "ci", "test"].contains(part)
            })
            .collect();
        if parts.len() > 1 {
            return parts;
        }
    }
    let single = ["dev", "start", "serve"].into_iter().find(|script| scripts.contains_key(*script));
    single.map(|script| (script, "web")).into_iter().collect()
}

/// What is added to the script for the port, and what should be known about it.
fn port(script: &str) -> (&'static str, Option<&'static str>) {
    let words: Vec<&str> = script.split_whitespace().collect();
    let names_port = words.iter().any(|word| *word == "-p" || word.starts_with("--port"));
    let first =
        words.iter().find(|word| !word.contains('=') && !["npx", "cross-env", "bunx"].contains(*word));
    if names_port {
        return ("", Some("The script names a port itself; take it out there, so that PORT counts."));
    }
    if !needs_shell(script) && first.is_some_and(|first| TAKE_A_PORT.contains(first)) {
        return ("--port {{ port }}", None);
    }
    ("", Some("It finds its port in the variable PORT."))
}
