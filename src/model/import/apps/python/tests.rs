//! What is found of the apps of Python, and of the environments that they run in.

use super::*;
use crate::model::import::apps::sample::tree;

fn found(folder: &str, files: &[(&str, &str)]) -> Option<App> {
    let tree = tree(files);
    app(&tree, &tree.folders[folder])
}

#[test]
fn an_app_of_each_framework_says_all_that_is_known_of_it() {
    let plain = |file: &str, key: &str, framework, name: &str, run: &str, reason: &str, port| App {
        name: name.to_owned(),
        from: (file.to_owned(), key.to_owned()),
        framework,
        run: format!(".venv/bin/{run}"),
        reason: reason.to_owned(),
        usual_port: Some(port),
        ..App::default()
    };
    let uvicorn = "uvicorn takes its port so";
    for (file, text, expected) in [
        (
            "main.py",
            "api = FastAPI()\n",
            plain(
                "main.py",
                "api = FastAPI(…)",
                "FastAPI",
                "api",
                "uvicorn main:api --port {{ port }} --reload",
                uvicorn,
                8000,
            ),
        ),
        (
            "app/main.py",
            "app = starlette.Starlette(x)\n",
            plain(
                "app/main.py",
                "app = Starlette(…)",
                "Starlette",
                "api",
                "uvicorn app.main:app --port {{ port }} --reload",
                uvicorn,
                8000,
            ),
        ),
        (
            "src/main.py",
            "app = Litestar(x)\n",
            plain(
                "src/main.py",
                "app = Litestar(…)",
                "Litestar",
                "api",
                "uvicorn main:app --app-dir src --port {{ port }} --reload",
                uvicorn,
                8000,
            ),
        ),
        (
            "src/app.py",
            "app = Flask(x)\n",
            plain(
                "src/app.py",
                "Flask(…)",
                "Flask",
                "web",
                "flask --app src.app:app run --port {{ port }} --debug",
                "Flask takes its port so",
                5000,
            ),
        ),
    ] {
        assert_eq!(found("", &[("requirements.txt", "x"), (file, text)]), Some(expected), "{file}");
    }
    let django = App {
        health: Some(("{ http = \"/\" }".to_owned(), "any answer below 500".to_owned())),
        ..plain(
            "manage.py",
            "",
            "Django",
            "web",
            "python manage.py runserver {{ port }}",
            "Django takes its port so",
            8000,
        )
    };
    assert_eq!(found("", &[("manage.py", "")]), Some(django));
    assert_eq!(found("", &[("main.py", "api = FastAPI()\n")]), None, "nothing says that it is a project");
}

#[test]
fn a_manage_py_is_djangos_unless_a_project_says_what_it_needs_and_does_not_name_it() {
    for (project, is_it) in [("dependencies = [\"Django\"]", true), ("dependencies = [\"x\"]", false)] {
        let found = found("", &[("manage.py", ""), ("pyproject.toml", project)]);
        assert_eq!(found.is_some_and(|app| app.framework == "Django"), is_it, "{project}");
    }
}

#[test]
fn a_server_without_a_framework_is_run_as_its_example_says() {
    let at = |file, example| {
        found("api", &[("api/requirements.txt", ""), (file, ""), ("api/.env.example", example)])
    };
    let expected = App {
        folder: "api".to_owned(),
        from: ("api/server.py".to_owned(), String::new()),
        framework: "Python",
        run: ".venv/bin/python server.py".to_owned(),
        reason: "api/.env.example names API_PORT: it finds its port there".to_owned(),
        env: vec!["API_PORT".to_owned()],
        usual_port: Some(9000),
        ..App::default()
    };
    assert_eq!(at("api/server.py", "API_PORT=9000\n"), Some(expected.clone()));
    let port = App {
        reason: "api/.env.example names PORT: it finds its port there".to_owned(),
        env: Vec::new(),
        usual_port: None,
        ..expected
    };
    assert_eq!(at("api/server.py", "PORT=\n"), Some(port));
    assert_eq!(at("api/server.py", "A=1\n"), None);
    assert_eq!(at("api/tool.py", "PORT=1\n"), None);
}

#[test]
fn an_environment_is_made_by_the_tool_whose_files_are_there() {
    let workspace = "[tool.uv.workspace]\n";
    for (folder, files, before, steps) in [
        ("", &[("uv.lock", "")][..], "uv run ", &[("uv sync --locked", "uv.lock")][..]),
        ("a", &[("a/uv.lock", "")], "uv run ", &[("uv sync --locked --project a", "a/uv.lock")]),
        (
            "a",
            &[("uv.lock", ""), ("pyproject.toml", workspace), ("a/x", "")],
            "uv run ",
            &[("uv sync --locked --all-packages", "uv.lock")],
        ),
        (
            "a",
            &[("uv.lock", ""), ("a/requirements.txt", "")],
            ".venv/bin/",
            &[
                ("python3 -m venv a/.venv", "a/requirements.txt"),
                ("a/.venv/bin/pip install -r a/requirements.txt", "a/requirements.txt"),
            ],
        ),
        ("", &[("poetry.lock", "")], "poetry run ", &[("poetry install", "poetry.lock")]),
        (
            "a",
            &[("a/pyproject.toml", "[tool.poetry]")],
            "poetry run ",
            &[("poetry install --directory a", "a/pyproject.toml")],
        ),
        ("a", &[("a/pdm.lock", "")], "pdm run ", &[("pdm sync --project a", "a/pdm.lock")]),
        (
            "a",
            &[("a/pyproject.toml", "[tool.uv]")],
            "uv run ",
            &[("uv sync --project a", "a/pyproject.toml")],
        ),
        (
            "",
            &[("pyproject.toml", "[project]")],
            ".venv/bin/",
            &[("python3 -m venv .venv", "pyproject.toml"), (".venv/bin/pip install -e .", "pyproject.toml")],
        ),
        (
            "a",
            &[("a/pyproject.toml", "[project]")],
            ".venv/bin/",
            &[
                ("python3 -m venv a/.venv", "a/pyproject.toml"),
                ("a/.venv/bin/pip install -e ./a", "a/pyproject.toml"),
            ],
        ),
        ("", &[("manage.py", "")], ".venv/bin/", &[("python3 -m venv .venv", "requirements.txt")]),
    ] {
        let tree = tree(files);
        let found = environment(&tree, &tree.folders[folder]);
        assert_eq!(found.before, before, "{files:?}");
        let said: Vec<(&str, &str)> =
            found.setup.iter().map(|step| (step.command.as_str(), step.from.as_str())).collect();
        assert_eq!(said, steps, "{files:?}");
    }
}

#[test]
fn a_variable_is_a_plain_name_that_gets_what_the_class_makes() {
    for (line, expected) in [
        ("app = Flask(__name__)", Some("app")),
        ("app_2: Flask = flask.Flask(__name__)", Some("app_2")),
        ("app = Flask", None),
        ("app = Flasks(x)", None),
        ("a.b = Flask(x)", None),
        (" = Flask(x)", None),
        ("# Flask(x)", None),
    ] {
        assert_eq!(variable(line, "Flask"), expected, "{line}");
    }
}

#[test]
fn an_app_is_of_its_folder() {
    for file in ["manage.py", "main.py"] {
        let path = format!("a/{file}");
        let app = found("a", &[("a/requirements.txt", "django"), (&path, "api = FastAPI()\n")]).unwrap();
        assert_eq!((app.folder.as_str(), app.from.0), ("a", path));
    }
}
