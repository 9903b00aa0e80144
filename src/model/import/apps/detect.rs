//! The apps of a repository as proposals: a service each, its env file, what it takes to make them ready, and the variables
//! that lead from one to another.

use std::collections::BTreeSet;

use super::app::{App, Role};
use super::carried::carried;
use super::tree::{AppFolder, Tree};
use super::variables::{UsualService, variables};
use super::{compiled, env_example, install, node, python, web};
use crate::model::carry::wish::CarryLists;
use crate::model::import::compose_file::ComposeFile;
use crate::model::import::proposal::{FileProposal, Proposal, What, name};
use crate::model::service::ServiceName;
use crate::model::services::plan::Condition;

/// So many apps are proposed; what is more is said.
pub const MOST_APPS: usize = 40;

/// What is known of the repository beside its folders.
pub struct RepositoryFacts<'a> {
    /// The file that says what runs (a Procfile), where there is one: then no app is a service by its scripts.
    pub runner: Option<&'a str>,
    pub compose: Option<&'a ComposeFile>,
    pub wish: &'a CarryLists,
}

/// Returns what the repository's apps propose, and what was left out; files that cannot be read are warned of.
#[must_use]
pub fn detect(tree: &Tree, beside: &RepositoryFacts<'_>, warnings: &mut Vec<String>) -> FileProposal {
    let mut found = FileProposal::default();
    let mut apps = all(tree, &mut found, warnings);
    if apps.len() > MOST_APPS {
        let rest: Vec<String> = apps.drain(MOST_APPS..).map(|app| app.folder).collect();
        found.leave("the repository", "", format!("it has more than {MOST_APPS} apps: {}", rest.join(", ")));
    }
    found.setup = install::steps(tree, &apps);
    found.carry = carried(tree, beside.wish);
    if let Some(runner) = beside.runner {
        for app in &apps {
            found.leave(&app.from.0, &app.from.1, format!("{runner} says what runs"));
        }
        apps.clear();
    }
    let names = names(&apps);
    let served: Vec<(String, &App)> = names.iter().map(ToString::to_string).zip(&apps).collect();
    let databases = databases(beside.compose);
    for (service, app) in names.iter().zip(&apps) {
        found.services.push(proposal(tree, service.clone(), app, &databases));
    }
    let mut places: Vec<UsualService> = served
        .iter()
        .map(|(service, app)| UsualService {
            service: service.clone(),
            usual_port: app.usual_port,
            folder: Some(app.folder.clone()),
        })
        .collect();
    for service in beside.compose.into_iter().flat_map(|file| &file.services) {
        let Some(port) = service.ports.first() else { continue };
        let Some(own) = name(&service.service) else { continue };
        places.push(UsualService { service: own.to_string(), usual_port: Some(port.usual), folder: None });
    }
    found.variables = variables(tree, &served, &places);
    found.env_file = main_file(tree, &apps);
    found
}

fn all(tree: &Tree, found: &mut FileProposal, warnings: &mut Vec<String>) -> Vec<App> {
    let mut apps = Vec::new();
    for folder in tree.folders.values() {
        apps.extend(python::app(tree, folder));
        apps.extend(web::app(tree, folder));
        apps.extend(compiled::apps(tree, folder));
        match node::apps(tree, folder, found) {
            Ok(scripts) => apps.extend(scripts),
            Err(reason) => warnings.push(format!("{} was left out: {reason}", folder.at("package.json"))),
        }
    }
    let scripts = node::root_scripts(tree);
    let is_root_known = apps.iter().any(|app| app.folder.is_empty() && app.from.0 == "package.json");
    if apps.is_empty() {
        return scripts;
    }
    for script in scripts.iter().filter(|_| !is_root_known) {
        found.leave(&script.from.0, &script.from.1, "each app that was found is a service of its own");
    }
    apps
}

/// The names of the services: the app's own, else its folder's; two of one name have the folder above before theirs.
fn names(apps: &[App]) -> Vec<ServiceName> {
    let mut taken: BTreeSet<ServiceName> = BTreeSet::new();
    let mut names = Vec::new();
    for app in apps {
        let of_folder = app.folder.rsplit('/').next().unwrap_or_default();
        let is_web = app.name.is_empty() || app.name == "web" || app.name == "api";
        let own = if app.folder.is_empty() || !is_web { app.name.as_str() } else { of_folder };
        let usual = if matches!(app.role, Role::Page { .. }) { "web" } else { "api" };
        let longer = app.folder.replace('/', "-");
        let wishes = [own.to_owned(), longer, usual.to_owned()].into_iter().filter_map(|wish| name(&wish));
        let counted = (2..).map(|count| format!("app-{count}")).filter_map(|wish| name(&wish));
        let Some(free) = wishes.chain(counted).find(|wish| !taken.contains(wish)) else { continue };
        taken.insert(free.clone());
        names.push(free);
    }
    names
}

/// The databases of the compose file, which the servers wait for.
fn databases(compose: Option<&ComposeFile>) -> Vec<ServiceName> {
    let services = compose.into_iter().flat_map(|file| &file.services);
    services.filter(|service| service.is_store).filter_map(|service| name(&service.service)).collect()
}

fn proposal(tree: &Tree, service: ServiceName, app: &App, databases: &[ServiceName]) -> Proposal {
    let from =
        if app.from.1.is_empty() { app.from.0.clone() } else { format!("{}: {}", app.from.0, app.from.1) };
    let mut proposal = Proposal::new(service, from, What::Run(app.run.clone()));
    proposal.reasons.insert("run", app.reason.clone());
    proposal.notes.clone_from(&app.notes);
    if !app.folder.is_empty() {
        proposal.folder = Some(app.folder.clone());
    }
    if let Some((check, reason)) = &app.health {
        proposal.health = Some(check.clone());
        proposal.reasons.insert("health", reason.clone());
    }
    proposal.env.clone_from(&app.env);
    if app.role == Role::Server && !databases.is_empty() {
        proposal.depends_on = databases.iter().map(|name| (name.clone(), Condition::Healthy)).collect();
        proposal.reasons.insert("depends_on", "the databases of the compose file".to_owned());
    }
    if let Some((file, reason)) = tree.folder(&app.folder).and_then(|folder| env_file(tree, folder)) {
        proposal.env_file = Some(file);
        proposal.reasons.insert("env_file", reason);
    }
    proposal
}

/// The env file of an app below the root: where its example or its own file shows that it has one.
fn env_file(tree: &Tree, folder: &AppFolder) -> Option<(String, String)> {
    if folder.path.is_empty() {
        return None;
    }
    let usual = folder.at(".env");
    let is_tracked = folder.has(".env") && !tree.is_own(&usual);
    let local = folder.at(".env.local");
    if is_tracked || (folder.has(".env.local") && !folder.has(".env")) {
        let reason = if is_tracked { format!("git tracks {usual}") } else { format!("{local} is there") };
        return Some((local, reason));
    }
    if folder.has(".env") {
        return Some((usual.clone(), format!("{usual} is there")));
    }
    let (example, _) = env_example::of(folder)?;
    Some((usual, format!("{} is there", folder.at(example))))
}

/// The main env file, where the app of the root reads another one than `.env`.
fn main_file(tree: &Tree, apps: &[App]) -> Option<(String, String)> {
    let root = tree.folder("")?;
    let has_app = apps.iter().any(|app| app.folder.is_empty());
    let is_local = root.has(".env.local") && !root.has(".env") && tree.is_own(".env.local");
    (has_app && is_local).then(|| (".env.local".to_owned(), ".env.local is there, .env is not".to_owned()))
}
