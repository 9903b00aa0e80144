//! Apps of Python: Django, `FastAPI` and other ASGI apps, Flask, and a plain server whose env example names its port.

use super::app::{App, Role};
use super::env_example;
use super::packager::quoted;
use super::tree::{AppFolder, Tree, join};
use crate::model::import::proposal::ProposedCommand;

/// How the programs of an environment are called, and what makes the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonEnvironment {
    /// Before the program: `uv run `, `.venv/bin/`.
    before: String,
    /// Commands that make it, typed in the root, and the file that asks for them.
    pub setup: Vec<ProposedCommand>,
}

/// The files that may hold the app, below the app's folder.
const MODULES: [&str; 12] = [
    "main.py",
    "app.py",
    "asgi.py",
    "server.py",
    "app/main.py",
    "app/app.py",
    "src/main.py",
    "src/app.py",
    "api/main.py",
    "backend/main.py",
    "backend/app/main.py",
    "src/app/main.py",
];

/// Returns the app of the folder.
#[must_use]
pub fn app(tree: &Tree, folder: &AppFolder) -> Option<App> {
    let is_python = ["pyproject.toml", "requirements.txt", "manage.py", "uv.lock", "Pipfile"];
    if !is_python.iter().any(|file| folder.has(file)) {
        return None;
    }
    let environment = environment(tree, folder);
    let program = |words: &str| format!("{}{words}", environment.before);
    let app = |file: &str, key: &str, framework, run: String, reason: &str, usual_port| App {
        folder: folder.path.clone(),
        from: (folder.at(file), key.to_owned()),
        framework,
        run,
        reason: reason.to_owned(),
        usual_port: Some(usual_port),
        role: Role::Server,
        ..App::default()
    };
    if folder.has("manage.py") && (depends(folder, "django") || !folder.has("pyproject.toml")) {
        let run = program("python manage.py runserver {{ port }}");
        let mut app = app("manage.py", "", "Django", run, "Django takes its port so", 8000);
        "web".clone_into(&mut app.name);
        app.health = Some(("{ http = \"/\" }".to_owned(), "any answer below 500".to_owned()));
        return Some(app);
    }
    for module in MODULES {
        let Some(text) = tree.text(&folder.at(module)) else { continue };
        let dotted = module.trim_end_matches(".py").replace('/', ".");
        let (dotted, inside) = match dotted.strip_prefix("src.") {
            Some(inside) => (inside.to_owned(), " --app-dir src"),
            None => (dotted, ""),
        };
        for (class, framework) in
            [("FastAPI", "FastAPI"), ("Starlette", "Starlette"), ("Litestar", "Litestar")]
        {
            if let Some(variable) = variable(text, class) {
                let run =
                    program(&format!("uvicorn {dotted}:{variable}{inside} --port {{{{ port }}}} --reload"));
                let reason = "uvicorn takes its port so";
                let mut app = app(module, &format!("{variable} = {class}(…)"), framework, run, reason, 8000);
                "api".clone_into(&mut app.name);
                return Some(app);
            }
        }
        if let Some(variable) = variable(text, "Flask") {
            let module = module.trim_end_matches(".py").replace('/', ".");
            let run = program(&format!("flask --app {module}:{variable} run --port {{{{ port }}}} --debug"));
            let mut app = app(
                &format!("{}.py", module.replace('.', "/")),
                "Flask(…)",
                "Flask",
                run,
                "Flask takes its port so",
                5000,
            );
            "web".clone_into(&mut app.name);
            return Some(app);
        }
    }
    plain(tree, folder, &environment)
}

/// A server without a framework: its env example names a port, and a file can be run.
fn plain(tree: &Tree, folder: &AppFolder, environment: &PythonEnvironment) -> Option<App> {
    let (file, lines) = env_example::of(folder)?;
    let (variable, usual_port) = env_example::port(&lines)?;
    let module = ["main.py", "app.py", "server.py"]
        .into_iter()
        .find(|module| tree.text(&folder.at(module)).is_some())?;
    Some(App {
        folder: folder.path.clone(),
        from: (folder.at(module), String::new()),
        framework: "Python",
        run: format!("{}python {module}", environment.before),
        reason: format!("{} names {variable}: it finds its port there", folder.at(file)),
        env: if variable == "PORT" { Vec::new() } else { vec![variable.to_owned()] },
        usual_port,
        ..App::default()
    })
}

/// Returns the environment that a folder's programs run in.
#[must_use]
pub fn environment(tree: &Tree, folder: &AppFolder) -> PythonEnvironment {
    let step = |command: String, from: String| ProposedCommand { command, from };
    let option =
        |flag: &str, at: &str| if at.is_empty() { String::new() } else { format!(" {flag} {}", quoted(at)) };
    for above in tree.upwards(&folder.path) {
        let at = above.path.as_str();
        let is_workspace =
            above.text("pyproject.toml").is_some_and(|text| text.contains("[tool.uv.workspace]"));
        if above.has("uv.lock") && (at == folder.path || is_workspace) {
            let all = if is_workspace { " --all-packages" } else { "" };
            let command = format!("uv sync --locked{all}{}", option("--project", at));
            return PythonEnvironment {
                before: "uv run ".to_owned(),
                setup: vec![step(command, above.at("uv.lock"))],
            };
        }
    }
    let at = folder.path.as_str();
    let project = folder.text("pyproject.toml").unwrap_or_default();
    let (before, command, file) = if folder.has("poetry.lock") || project.contains("[tool.poetry") {
        ("poetry run ", format!("poetry install{}", option("--directory", at)), "poetry.lock")
    } else if folder.has("pdm.lock") {
        ("pdm run ", format!("pdm sync{}", option("--project", at)), "pdm.lock")
    } else if project.contains("[tool.uv") {
        ("uv run ", format!("uv sync{}", option("--project", at)), "pyproject.toml")
    } else {
        let (file, wish) = if folder.has("requirements.txt") || project.is_empty() {
            ("requirements.txt", format!("-r {}", quoted(&folder.at("requirements.txt"))))
        } else {
            (
                "pyproject.toml",
                format!("-e {}", if at.is_empty() { ".".to_owned() } else { quoted(&format!("./{at}")) }),
            )
        };
        let place = join(at, ".venv");
        let mut setup = vec![step(format!("python3 -m venv {}", quoted(&place)), folder.at(file))];
        if folder.has(file) {
            setup.push(step(format!("{} install {wish}", quoted(&join(&place, "bin/pip"))), folder.at(file)));
        }
        return PythonEnvironment { before: ".venv/bin/".to_owned(), setup };
    };
    let file = if folder.has(file) { file } else { "pyproject.toml" };
    PythonEnvironment { before: before.to_owned(), setup: vec![step(command, folder.at(file))] }
}

fn depends(folder: &AppFolder, package: &str) -> bool {
    ["pyproject.toml", "requirements.txt"]
        .iter()
        .filter_map(|file| folder.text(file))
        .any(|text| text.to_ascii_lowercase().contains(package))
}

/// The variable of `variable = Class(`, at the start of a line.
fn variable<'a>(text: &'a str, class: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.split(':').next()?.trim_end();
        let is_name =
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let called = value.trim_start().split('(').next()?;
        let is_it = value.contains('(') && called.rsplit('.').next() == Some(class);
        (is_name && is_it).then_some(name)
    })
}

#[cfg(test)]
mod tests;
