//! The promises of finding apps: each shape of a repository becomes a valid configuration that starts what is there.

use std::fmt::Write;

use super::detect::{RepositoryFacts, detect};
use super::sample::tree;
use super::tree::{MOST_FOLDERS, is_passed_over};
use crate::model::carry::wish::CarryLists;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge;
use crate::model::import::compose_file;
use crate::model::import::fitting::fit;
use crate::model::import::proposal::FileProposal;
use crate::model::import::text;

/// What is proposed for a repository, and the file; asserts that it loads.
#[track_caller]
fn written(files: &[(&str, &str)]) -> (FileProposal, String) {
    let compose = files.iter().find(|(path, _)| *path == "compose.yaml");
    let compose = compose.map(|(file, text)| compose_file::read(file, text).unwrap());
    let include = files.iter().find(|(path, _)| *path == ".worktreeinclude").map_or("", |(_, text)| *text);
    let wish = CarryLists::new(&[include.as_bytes()]);
    let beside = RepositoryFacts { runner: None, compose: compose.as_ref(), wish: &wish };
    let apps = detect(&tree(files), &beside, &mut Vec::new());
    let mut sources = vec![apps];
    sources.extend(compose.map(|read| read.found));
    let mut found = crate::model::import::combine::combine(sources);
    fit(&mut found, |found| text::whole(found));
    let text = text::whole(&found);
    let layer = Layer { path: ".wt.toml".to_owned(), text: text.clone(), source: Source::User };
    merge(&[layer], &[]).unwrap_or_else(|failure| panic!("{failure}\n{text}"));
    (found, text)
}

#[track_caller]
fn says(files: &[(&str, &str)], lines: &[&str]) {
    let (_, text) = written(files);
    for line in lines {
        assert!(text.contains(line), "`{line}` is not in\n{text}");
    }
}

const VITE: &str = r#"{ "scripts": { "dev": "vite" }, "devDependencies": { "vite": "7" } }"#;

#[test]
fn a_page_beside_a_server_with_its_own_env_file() {
    let files = [
        ("package.json", r#"{ "workspaces": ["apps/*"], "scripts": { "dev": "npm run dev -w apps/web" } }"#),
        ("package-lock.json", "{}"),
        ("apps/web/package.json", VITE),
        ("server/app.py", "import http.server"),
        ("server/requirements.txt", "psycopg[binary]"),
        (
            "server/.env.example",
            "PORT=8080\nDATABASE_URL=postgresql://me:pw@localhost:5432/app_dev?x=1\nKEY=\n",
        ),
        ("server/.env!", ""),
        ("compose.yaml", "services:\n  db: { image: postgres:17, ports: [\"5432:5432\"] }\n"),
    ];
    says(
        &files,
        &[
            "[create]\nports = true",
            "[worktree]\n# Commands that make a new worktree ready",
            "    \"npm ci\",  # package-lock.json\n    \"python3 -m venv server/.venv\",",
            "\"server/.venv/bin/pip install -r server/requirements.txt\",",
            "#path = \"{{ repo_parent }}",
            "[carry]\n# Ignored files that a new worktree gets a copy of.\ncopy = [\n    \"server/.env\",",
            "DATABASE_URL = \"postgresql://me:pw@localhost:{{ ports.db }}/app_dev?x=1\"",
            "VITE_API_URL = \"{{ urls.server }}\"",
            "# From apps/web/package.json: scripts.dev\n[service.web]\nrun = \"npm run dev -- --port {{ port }} --strictPort\"",
            "folder = \"apps/web\"",
            "[service.server]\nrun = \".venv/bin/python app.py\"  # server/.env.example names PORT",
            "env_file = \"server/.env\"  # server/.env is there",
            "depends_on = [\"db\"]",
            "[service.db]\ncompose = \"db\"",
            "health = { postgres = {}, start_timeout = \"5m\" }",
            "#   package.json: scripts.dev: each app that was found",
        ],
    );
    // What the list of carried files names already is not said again; without a database of its own it is shared.
    let mut bare = files.to_vec();
    bare.pop();
    bare.push((".worktreeinclude", "server/.env\n"));
    let (_, text) = written(&bare);
    assert!(!text.contains("\n[carry]"), "{text}");
    assert!(
        text.contains("#DATABASE_URL = \"postgresql://me:pw@localhost:5432/app_dev_{{ name | db }}?x=1\""),
        "{text}"
    );
}

#[test]
fn pnpm_and_turbo_with_a_library_among_the_packages() {
    let files = [
        (
            "package.json",
            r#"{ "packageManager": "pnpm@9.1.0", "scripts": { "dev": "turbo run dev" }, "devDependencies": { "turbo": "2" } }"#,
        ),
        ("pnpm-workspace.yaml", "packages:\n  - 'apps/*'\n  - \"packages/*\"\n"),
        ("pnpm-lock.yaml", ""),
        (
            "apps/site/package.json",
            r#"{ "scripts": { "dev": "next dev -p 3001" }, "dependencies": { "next": "15" } }"#,
        ),
        ("apps/site/.env.example", "NEXT_PUBLIC_BACKEND_URL=http://localhost:3000/v1/\n"),
        (
            "apps/api/package.json",
            r#"{ "scripts": { "start:dev": "nest start --watch" }, "dependencies": { "@nestjs/core": "11" } }"#,
        ),
        ("apps/api/.env.example", "API_PORT=3000\nCORS_ORIGIN=http://localhost:3001\n"),
        ("packages/ui/package.json", r#"{ "scripts": { "dev": "tsup --watch" } }"#),
    ];
    says(
        &files,
        &[
            "\"pnpm install --frozen-lockfile\",  # pnpm-lock.yaml",
            "run = \"pnpm exec next dev --port {{ port }}\"  # the script names a port itself",
            "run = \"pnpm run start:dev\"  # apps/api/.env.example names API_PORT",
            "NEXT_PUBLIC_BACKEND_URL = \"{{ urls.api }}/v1\"",
            "CORS_ORIGIN = \"{{ urls.site }}\"",
            "#   packages/ui/package.json: scripts.dev: `tsup --watch` starts no server",
            "#   package.json: scripts.dev: each app",
        ],
    );
    let (found, text) = written(&files);
    assert_eq!(found.setup.len(), 1, "{text}");
    assert!(!text.contains("API_URL ="), "one variable that leads there is enough: {text}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table, a row for each language")]
fn one_app_at_the_root_in_each_language() {
    for (files, lines) in [
        (
            &[
                ("package.json", r#"{ "scripts": { "dev": "next dev" }, "dependencies": { "next": "15" } }"#),
                ("yarn.lock", ""),
                (".yarnrc.yml", ""),
                (".env.local!", ""),
            ][..],
            &[
                "[service.web]\nrun = \"yarn run dev --port {{ port }}\"",
                "yarn install --immutable",
                "[env]\nfile = \".env.local\"",
                "\"/.env.local\"",
            ][..],
        ),
        (
            &[
                ("pyproject.toml", "[project]\ndependencies = [\"fastapi\", \"uvicorn\"]\n"),
                ("uv.lock", ""),
                ("app/main.py", "app: FastAPI = FastAPI(title='x')\n"),
            ],
            &[
                "[service.api]\nrun = \"uv run uvicorn app.main:app --port {{ port }} --reload\"",
                "\"uv sync --locked\",",
            ],
        ),
        (
            &[("manage.py", ""), ("requirements.txt", "Django==5"), ("db.sqlite3!", "")],
            &[
                "run = \".venv/bin/python manage.py runserver {{ port }}\"",
                "\"/db.sqlite3\",  # a database that is a file",
            ],
        ),
        (
            &[
                ("pyproject.toml", "[tool.poetry]\n"),
                ("poetry.lock", ""),
                ("src/app.py", "server = flask.Flask(__name__)\n"),
            ],
            &[
                "run = \"poetry run flask --app src.app:server run --port {{ port }} --debug\"",
                "\"poetry install\",",
            ],
        ),
        (
            &[
                ("Gemfile", "gem \"rails\""),
                ("bin/rails", ""),
                ("config/routes.rb", "get \"up\" => \"rails/health#show\""),
                ("config/master.key!", ""),
            ],
            &[
                "run = \"bin/rails server -p {{ port }}\"",
                "health = { http = \"/up\" }  # config/routes.rb",
                "\"bundle install\"",
                "\"config/master.key\"",
            ],
        ),
        (
            &[
                ("composer.json", "{}"),
                ("artisan", ""),
                (
                    "package.json",
                    r#"{ "scripts": { "dev": "vite" }, "devDependencies": { "vite": "7", "laravel-vite-plugin": "2" } }"#,
                ),
                ("bootstrap/app.php", "health: '/up'"),
            ],
            &[
                "[service.web]\nrun = \"php artisan serve --port={{ port }}\"",
                "[service.vite]\nrun = \"npm run dev",
                "composer install",
                "http = \"/up\"",
            ],
        ),
        (
            &[
                ("go.mod", "module x"),
                (
                    "main.go",
                    "package main\nimport \"net/http\"\nvar a = flag.String(\"addr\", \":80\", \"\")\nhttp.ListenAndServe(*a, nil)\n",
                ),
            ],
            &["[service.api]\nrun = \"go run . -addr 127.0.0.1:{{ port }}\"", "\"go mod download\""],
        ),
        (
            &[
                ("Cargo.toml", "[package]\nname = \"x\"\n[dependencies]\naxum = \"0.8\"\n"),
                ("Cargo.lock", ""),
                ("src/main.rs", "var(\"HTTP_PORT\")"),
            ],
            &[
                "[service.x]\nrun = \"cargo run --package x\"  # it finds its port in HTTP_PORT",
                "env = [\"HTTP_PORT\"]",
                "cargo fetch --locked",
            ],
        ),
        (
            &[("pom.xml", "<artifactId>spring-boot-maven-plugin</artifactId>"), ("mvnw", "")],
            &["run = \"./mvnw spring-boot:run\"", "env = [\"SERVER_PORT\"]"],
        ),
    ] {
        says(files, lines);
    }
}

#[test]
fn several_modules_and_crates_are_told_apart() {
    let main = "package main\nimport \"net/http\"\nhttp.ListenAndServe(os.Getenv(\"PORT\"), nil)\n";
    says(
        &[
            ("go.work", "go 1.23\nuse (\n\t./users\n\t./orders\n)\n"),
            ("users/go.mod", "module users"),
            ("users/main.go", main),
            ("orders/go.mod", "module orders"),
            ("orders/cmd/http/main.go", main),
            ("orders/cmd/grpc/main.go", main),
            ("orders/cmd/migrate/main.go", "package main\n"),
        ],
        &[
            "[service.users]\nrun = \"go run .\"",
            "[service.grpc]\nrun = \"go run ./cmd/grpc\"",
            "[service.http]\nrun = \"go run ./cmd/http\"",
            "go -C orders mod download",
        ],
    );
    says(
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
            ("Cargo.lock", ""),
            (
                "crates/api/Cargo.toml",
                "[package]\nname = \"shop-api\"\n[dependencies]\nactix-web = \"4\"\nclap = \"4\"\n",
            ),
            ("crates/api/src/main.rs", "use clap::Parser; struct A { port: u16 }"),
            ("crates/admin/Cargo.toml", "[package]\nname = \"admin\"\n[dependencies]\nrocket = \"0.5\"\n"),
            ("crates/admin/src/main.rs", ""),
            ("crates/core/Cargo.toml", "[package]\nname = \"core\"\n[dependencies]\nserde = \"1\"\n"),
        ],
        &[
            "[service.shop-api]\nrun = \"cargo run --package shop-api -- --port {{ port }}\"",
            "[service.admin]\nrun = \"cargo run --package admin\"  # Rocket finds its port in ROCKET_PORT",
            "env = [\"ROCKET_PORT\"]",
        ],
    );
}

#[test]
fn the_package_manager_is_the_lockfiles() {
    let text = r#"{ "scripts": { "dev": "vite", "test": "vitest" }, "packageManager": "yarn@1.22.1" }"#;
    for (lockfile, run, setup) in [
        ("package-lock.json", "npm run dev -- --port", "npm ci"),
        ("yarn.lock", "yarn run dev --port", "yarn install --frozen-lockfile"),
        ("pnpm-lock.yaml", "pnpm run dev --port", "pnpm install --frozen-lockfile"),
        ("bun.lock", "bun run dev --port", "bun install --frozen-lockfile"),
        ("none", "yarn run dev --port", "yarn install --no-lockfile"),
    ] {
        says(
            &[("package.json", text), (lockfile, "")],
            &[&format!("run = \"{run}"), &format!("    \"{setup}\",")],
        );
    }
    // A folder that no workspace names is installed for itself.
    says(
        &[("package.json", r#"{ "workspaces": ["apps/*", "!apps/old"] }"#), ("apps/old/package.json", VITE)],
        &["\"npm --prefix apps/old install --no-package-lock\""],
    );
}

#[test]
fn scripts_of_the_root_are_services_where_no_app_is_known() {
    let text = r#"{ "scripts": { "dev": "concurrently npm:dev:*", "dev:api": "node api.js", "dev:web": "vite --port 3000" } }"#;
    says(
        &[("package.json", text)],
        &[
            "[service.api]\nrun = \"npm run dev:api\"",
            "[service.web]\nrun = \"npm exec -- vite --port {{ port }} --strictPort\"",
        ],
    );
    says(
        &[("package.json", r#"{ "scripts": { "start": "serve -p 3000" } }"#)],
        &["names a port itself; take it out"],
    );
}

#[test]
fn two_apps_of_one_name_are_told_apart_and_many_are_bounded() {
    let (found, _) =
        written(&[("a/web/package.json", VITE), ("b/web/package.json", VITE), ("web/package.json", VITE)]);
    let names: Vec<&str> = found.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(names, ["web", "b-web", "app-2"]);
    let paths: Vec<String> = (0..60).map(|count| format!("apps/a{count:02}/package.json")).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), VITE)).collect();
    let (found, text) = written(&files);
    assert_eq!(found.services.len(), super::detect::MOST_APPS);
    assert!(text.contains("more than 40 apps: apps/a40, "), "{text}");
    assert!(MOST_FOLDERS > 1000 && is_passed_over("node_modules") && is_passed_over(".git"));
}

#[test]
fn what_cannot_be_read_or_said_is_left_out_and_the_rest_is_proposed() {
    let (found, text) = written(&[
        ("web/package.json", VITE),
        ("bad/package.json", "{"),
        ("api/package.json", r#"{ "scripts": { "dev": "node x" }, "dependencies": { "express": "5" } }"#),
        (
            "api/.env.example",
            "PATH_PORT=1\nLD_PRELOAD=http://localhost:5173\nWEB_URL=http://localhost:5173\n",
        ),
    ]);
    assert_eq!(found.services.len(), 2, "{text}");
    assert!(!text.contains("\nLD_PRELOAD") && !text.contains("\nWEB_URL"), "{text}");
}

#[test]
fn whatever_names_and_values_say_the_file_is_valid() {
    let mut example = String::new();
    for value in [
        "{{ x }}",
        "\"\\",
        "postgres://u:p{{}}@localhost/x",
        "http://localhost:99999/",
        "http://[::1]:5173",
        "a\u{1}b",
    ] {
        let _ = writeln!(example, "V{}_URL={value}", example.len());
    }
    written(&[
        ("a 'b\"c/package.json", VITE),
        ("ü/package.json", VITE),
        ("x{{ y }}/package.json", VITE),
        ("x#y/.env.example", &example),
        ("x#y/package.json", VITE),
        ("Cargo.toml", "[package]\nname = \"a'b {{ c }}\"\n[dependencies]\naxum = \"1\"\n"),
        ("src/main.rs", ""),
        ("#odd [*].sqlite3!", ""),
    ]);
}

#[test]
fn a_second_look_has_only_what_is_new_and_leaves_tables_alone() {
    let (found, first) = written(&[("web/package.json", VITE), ("web/.env!", "")]);
    let said: toml::Table = toml::from_str(&first).unwrap();
    assert_eq!(text::addition(&said, true, &mut found.clone()), (None, Vec::new()));
    // The service goes by another name, and the tables are there without what is proposed.
    let said = "[worktree]\nname = \"x\"\n[carry]\nbytes = true\n[service.front]\nfolder = \"web\"\n";
    let (text, by_hand) = text::addition(&toml::from_str(said).unwrap(), true, &mut found.clone());
    assert_eq!(text, None);
    assert_eq!(by_hand.len(), 2, "{by_hand:?}");
    let (_, line) = by_hand[0].split_once("[worktree] is there; add to it by hand: ").unwrap();
    assert!(toml::from_str::<toml::Table>(line).unwrap()["setup"].is_array(), "{by_hand:?}");
    let (text, by_hand) = text::addition(&toml::Table::new(), true, &mut found.clone());
    assert!(by_hand.is_empty() && text.is_some_and(|text| text.starts_with("\n[worktree]\n")));
}

#[test]
fn a_script_of_the_root_is_left_out_beside_apps_unless_the_root_is_one() {
    let told = "package.json: scripts.dev: each app that was found is a service of its own";
    for (root, is_told) in [(r#"{ "scripts": { "dev": "x" } }"#, true), (VITE, false)] {
        let (found, _) = written(&[("package.json", root), ("web/package.json", VITE)]);
        assert_eq!(found.left_out.iter().any(|left| left.to_string() == told), is_told, "{root}");
    }
}
