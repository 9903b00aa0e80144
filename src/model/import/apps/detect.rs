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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    #[test]
    fn an_app_becomes_a_service_with_all_that_is_known_of_it() {
        let tree = tree(&[("api/.env!", "")]);
        let server = App {
            folder: "api".to_owned(),
            from: ("api/main.go".to_owned(), String::new()),
            run: "go run .".to_owned(),
            reason: "why".to_owned(),
            env: vec!["API_PORT".to_owned()],
            health: Some(("{ tcp = {} }".to_owned(), "so".to_owned())),
            notes: vec!["a note".to_owned()],
            ..App::default()
        };
        let [own, db] = ["api", "db"].map(|word| name(word).unwrap());
        let full = Proposal {
            folder: Some("api".to_owned()),
            env_file: Some("api/.env".to_owned()),
            depends_on: [(db.clone(), Condition::Healthy)].into(),
            health: Some("{ tcp = {} }".to_owned()),
            env: vec!["API_PORT".to_owned()],
            reasons: [
                ("run", "why"),
                ("health", "so"),
                ("depends_on", "the databases of the compose file"),
                ("env_file", "api/.env is there"),
            ]
            .map(|(key, reason)| (key, reason.to_owned()))
            .into(),
            notes: vec!["a note".to_owned()],
            ..Proposal::new(own.clone(), "api/main.go".to_owned(), What::Run("go run .".to_owned()))
        };
        assert_eq!(proposal(&tree, own.clone(), &server, std::slice::from_ref(&db)), full);
        let mut alone = Proposal { depends_on: [].into(), ..full };
        alone.reasons.remove("depends_on");
        assert_eq!(proposal(&tree, own.clone(), &server, &[]), alone);
        let role = Role::Page { prefix: "VITE_" };
        let from = ("api/package.json".to_owned(), "scripts.dev".to_owned());
        let page = App { from, role, ..server };
        alone.from = "api/package.json: scripts.dev".to_owned();
        assert_eq!(proposal(&tree, own.clone(), &page, &[db]), alone, "a page waits for no database");
        let root = App { run: "x".to_owned(), ..App::default() };
        let expected = Proposal {
            reasons: [("run", String::new())].into(),
            ..Proposal::new(own.clone(), String::new(), What::Run("x".to_owned()))
        };
        assert_eq!(proposal(&tree, own, &root, &[]), expected);
    }

    #[test]
    fn the_env_file_of_an_app_is_the_one_that_is_its_own() {
        for (files, expected) in [
            (&[("api/.env!", "")][..], Some(("api/.env", "api/.env is there"))),
            (&[("api/.env", "")], Some(("api/.env.local", "git tracks api/.env"))),
            (&[("api/.env", ""), ("api/.env.local!", "")], Some(("api/.env.local", "git tracks api/.env"))),
            (&[("api/.env.local!", "")], Some(("api/.env.local", "api/.env.local is there"))),
            (&[("api/.env!", ""), ("api/.env.local!", "")], Some(("api/.env", "api/.env is there"))),
            (&[("api/.env.example", "")], Some(("api/.env", "api/.env.example is there"))),
            (&[("api/.env.sample", "")], Some(("api/.env", "api/.env.sample is there"))),
            (&[("api/x", "")], None),
        ] {
            let tree = tree(files);
            let expected = expected.map(|(file, reason)| (file.to_owned(), reason.to_owned()));
            assert_eq!(env_file(&tree, &tree.folders["api"]), expected, "{files:?}");
        }
        let tree = tree(&[(".env!", "")]);
        assert_eq!(env_file(&tree, &tree.folders[""]), None, "that of the root is the main one");
    }

    #[test]
    fn the_main_env_file_is_the_local_one_where_an_app_of_the_root_has_only_that() {
        let root = [App::default()];
        let below = [App { folder: "api".to_owned(), ..App::default() }];
        for (files, apps, is_local) in [
            (&[(".env.local!", "")][..], &root, true),
            (&[(".env.local!", "")], &below, false),
            (&[(".env.local", "")], &root, false),
            (&[(".env.local!", ""), (".env!", "")], &root, false),
            (&[(".env!", "")], &root, false),
        ] {
            let found = main_file(&tree(files), apps);
            let expected = (".env.local".to_owned(), ".env.local is there, .env is not".to_owned());
            assert_eq!(found, is_local.then_some(expected), "{files:?}");
        }
        assert_eq!(main_file(&tree(&[(".env.local!", "")]), &[]), None);
    }

    #[test]
    fn a_service_is_called_by_its_own_name_else_its_folders_and_never_as_another() {
        let server = |folder: &str, own: &str| App {
            folder: folder.to_owned(),
            name: own.to_owned(),
            ..App::default()
        };
        let page = |folder: &str| App { role: Role::Page { prefix: "" }, ..server(folder, "") };
        for (apps, expected) in [
            (&[server("", "shop")][..], &["shop"][..]),
            (&[server("", ""), page("")], &["api", "web"]),
            (
                &[server("apps/shop", "web"), server("apps/pay", "api"), server("apps/mail", "")],
                &["shop", "pay", "mail"],
            ),
            (&[server("apps/shop", "admin")], &["admin"]),
            (&[server("a/shop", ""), server("b/shop", "")], &["shop", "b-shop"]),
            (&[server("", ""), server("", ""), server("", "")], &["api", "app-2", "app-3"]),
        ] {
            let names = names(apps);
            let names: Vec<&str> = names.iter().map(ServiceName::as_str).collect();
            assert_eq!(names, expected);
        }
    }
}
