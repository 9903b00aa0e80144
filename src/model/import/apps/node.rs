//! Apps of JavaScript: the scripts of a package.json that start a server.

use serde_json::{Map, Value};

use super::app::{App, PortBy, Role};
use super::env_example;
use super::packager::Packager;
use super::script::{self, Server};
use super::tree::{AppFolder, Tree};
use crate::model::import::proposal::{FileProposal, name};

/// The scripts that start a server while people work, the first that is there counts.
const SCRIPTS: [&str; 6] = ["dev", "start:dev", "develop", "serve", "start", "watch"];

/// Reads the package.json of a folder; what starts no server that is known is left out and said.
///
/// # Errors
///
/// Says why it cannot be read.
pub fn apps(tree: &Tree, folder: &AppFolder, left: &mut FileProposal) -> Result<Vec<App>, String> {
    let Some(text) = folder.text("package.json") else { return Ok(Vec::new()) };
    let package: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(scripts) = package.get("scripts").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let packager = Packager::of(tree, &folder.path);
    let depends = |name: &str| {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|list| package.get(list).and_then(|list| list.get(name)).is_some())
    };
    let example = env_example::of(folder).map(|(_, lines)| lines).unwrap_or_default();
    let port = env_example::port(&example);
    for script in SCRIPTS {
        let Some(text) = scripts.get(script).and_then(Value::as_str) else { continue };
        let server = script::server(text, depends);
        let server = server.or_else(|| port.is_some().then(|| by_example(text)).flatten());
        let Some(server) = server else { continue };
        let mut app = app(&packager, folder, script, &server);
        let is_ours = matches!(server.port, PortBy::Variable(_));
        if let Some((variable, usual)) = port.filter(|_| is_ours) {
            app.usual_port = usual.or(app.usual_port);
            if variable != "PORT" {
                app.env = vec![variable.to_owned()];
                app.reason = format!("{} names {variable}", folder.at(".env.example"));
            }
        }
        if depends("laravel-vite-plugin") || depends("vite-plugin-ruby") {
            "vite".clone_into(&mut app.name);
        }
        return Ok(vec![app]);
    }
    let first = SCRIPTS.iter().find(|script| scripts.contains_key(**script));
    if let Some(script) = first.filter(|_| !folder.path.is_empty()) {
        let text = scripts.get(*script).and_then(Value::as_str).unwrap_or_default();
        left.leave(
            &folder.at("package.json"),
            &format!("scripts.{script}"),
            format!("`{}` starts no server that is known here", text.trim()),
        );
    }
    Ok(Vec::new())
}

fn by_example(script: &str) -> Option<Server> {
    script::runs_a_file(script).then_some(Server {
        framework: "Node",
        port: PortBy::Variable("PORT"),
        usual_port: None,
        role: Role::Server,
        without_port: None,
    })
}

fn app(packager: &Packager, folder: &AppFolder, script: &str, server: &Server) -> App {
    let (run, reason) = match (server.port, &server.without_port) {
        (PortBy::Words(words), Some(left)) => (
            packager.execute(&format!("{left} {words}")),
            format!("the script names a port itself, and {} takes one alone", server.framework),
        ),
        (PortBy::Words(words), None) => {
            (packager.run(script, words), format!("{} takes its port so", server.framework))
        }
        (PortBy::Variable(variable), _) => {
            (packager.run(script, ""), format!("{} finds its port in {variable}", server.framework))
        }
    };
    let run = if server.framework == "Create React App" { format!("env BROWSER=none {run}") } else { run };
    let health = matches!(server.role, Role::Page { .. })
        .then(|| ("{ http = \"/\" }".to_owned(), "any answer below 500".to_owned()));
    App {
        folder: folder.path.clone(),
        from: (folder.at("package.json"), format!("scripts.{script}")),
        framework: server.framework,
        run,
        reason,
        health,
        usual_port: server.usual_port,
        role: server.role,
        ..App::default()
    }
}

/// Returns the scripts of the root where no app is known: `dev:api` and `dev:web` where they are told apart, else the first of
/// `dev`, `start`, `serve`.
#[must_use]
pub fn root_scripts(tree: &Tree) -> Vec<App> {
    let Some(folder) = tree.folder("") else { return Vec::new() };
    let package = folder.text("package.json").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(scripts) = package.as_ref().and_then(|package| package.get("scripts")?.as_object()) else {
        return Vec::new();
    };
    let packager = Packager::of(tree, "");
    let mut apps: Vec<App> = Vec::new();
    for (script, service) in chosen(scripts) {
        let Some(text) = scripts.get(script).and_then(Value::as_str) else { continue };
        let known = script::server(text, |_| false);
        let mut app = if let Some(server) = known {
            self::app(&packager, folder, script, &server)
        } else {
            App {
                from: ("package.json".to_owned(), format!("scripts.{script}")),
                framework: "the script",
                run: packager.run(script, ""),
                reason: "it finds its port in PORT".to_owned(),
                ..App::default()
            }
        };
        if script::names_port(text) && !app.run.contains("{{ port }}") {
            app.notes
                .push("The script names a port itself; take it out there, so that PORT counts.".to_owned());
        }
        let Some(service) = name(service) else { continue };
        app.name = service.to_string();
        if apps.iter().all(|known| known.name != app.name) {
            apps.push(app);
        }
    }
    apps
}

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

#[cfg(test)]
mod tests;
