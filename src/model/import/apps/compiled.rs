//! Apps of Go and Rust: programs that listen, found by what they use, with the flag or the variable that takes their port.

use super::app::App;
use super::env_example;
use super::packager::quoted;
use super::tree::{AppFolder, Tree};

/// Packages of Rust that answer requests.
const CRATES: [&str; 10] =
    ["axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "hyper", "tonic", "loco-rs"];

/// Packages of Go that answer requests.
const MODULES: [&str; 8] = [
    "net/http",
    "gin-gonic/gin",
    "labstack/echo",
    "gofiber/fiber",
    "go-chi/chi",
    "gorilla/mux",
    "google.golang.org/grpc",
    "connectrpc.com/connect",
];

/// Returns the apps of a Go module or of a Cargo package in the folder.
#[must_use]
pub fn apps(tree: &Tree, folder: &AppFolder) -> Vec<App> {
    let mut apps = go(tree, folder);
    apps.extend(cargo(tree, folder));
    apps
}

fn go(tree: &Tree, folder: &AppFolder) -> Vec<App> {
    if !folder.has("go.mod") {
        return Vec::new();
    }
    let below = folder.at("cmd");
    let commands =
        tree.folders.values().filter(|one| one.path.rsplit_once('/').map_or("", |(above, _)| above) == below);
    let places = std::iter::once(folder).chain(commands);
    let listening: Vec<(&AppFolder, &str)> = places
        .filter_map(|place| Some((place, place.text("main.go")?)))
        .filter(|(_, text)| {
            text.contains("package main") && MODULES.iter().any(|module| text.contains(module))
        })
        .filter(|(_, text)| {
            text.contains("Listen")
                || text.contains(".Run(")
                || text.contains(".Start(")
                || text.contains("Serve")
        })
        .collect();
    let is_one = listening.len() == 1;
    listening
        .into_iter()
        .map(|(place, text)| {
            let own = place.path.rsplit('/').next().unwrap_or_default();
            let package = if place.path == folder.path { ".".to_owned() } else { format!("./cmd/{own}") };
            let port = go_port(text);
            let (flag, reason) = match &port {
                Some(flag) => (format!(" {flag}"), format!("{} has that flag", place.at("main.go"))),
                None => (String::new(), "it must find its port in PORT".to_owned()),
            };
            let mut app = App {
                folder: folder.path.clone(),
                name: match (is_one, folder.path.is_empty()) {
                    (true, true) => "api".to_owned(),
                    (true, false) => String::new(),
                    (false, _) => own.to_owned(),
                },
                from: (place.at("main.go"), String::new()),
                framework: "Go",
                run: format!("go run {package}{flag}"),
                reason,
                health: Some((
                    "{ tcp = {}, start_timeout = \"5m\" }".to_owned(),
                    "it is compiled first".to_owned(),
                )),
                usual_port: Some(8080),
                ..App::default()
            };
            if port.is_none() {
                example_port(&mut app, folder, text);
            }
            app
        })
        .collect()
}

/// The flag that `flag.Int("port", …)` or `flag.String("addr", …)` declares (<https://pkg.go.dev/flag>).
fn go_port(text: &str) -> Option<String> {
    let declares = |kind: &str, name: &str| {
        ["", "Var"].iter().any(|var| {
            text.lines().any(|line| {
                line.contains(&format!("flag.{kind}{var}(")) && line.contains(&format!("\"{name}\""))
            })
        })
    };
    for (kind, name, value) in [
        ("Int", "port", "{{ port }}"),
        ("String", "port", "{{ port }}"),
        ("Uint", "port", "{{ port }}"),
        ("String", "addr", "127.0.0.1:{{ port }}"),
        ("String", "listen", "127.0.0.1:{{ port }}"),
        ("String", "http", "127.0.0.1:{{ port }}"),
    ] {
        if declares(kind, name) {
            return Some(format!("-{name} {value}"));
        }
    }
    None
}

fn cargo(tree: &Tree, folder: &AppFolder) -> Option<App> {
    let text = folder.text("Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(text).ok()?;
    let package = manifest.get("package")?.get("name")?.as_str()?;
    let depends = |name: &&&str| manifest.get("dependencies").is_some_and(|list| list.get(**name).is_some());
    let framework = CRATES.iter().find(depends)?;
    let main = tree.text(&folder.at("src/main.rs"));
    if main.is_none() && manifest.get("bin").is_none() {
        return None;
    }
    let main = main.unwrap_or_default();
    let takes_flag = main.contains("port: u16") && main.contains("clap");
    let flag = if takes_flag { " -- --port {{ port }}" } else { "" };
    let reason = if takes_flag {
        format!("{} has that flag", folder.at("src/main.rs"))
    } else {
        format!("{framework}: it must find its port in PORT")
    };
    let mut app = App {
        folder: folder.path.clone(),
        name: package.rsplit('/').next().unwrap_or(package).to_owned(),
        from: (folder.at("Cargo.toml"), package.to_owned()),
        framework: "Cargo",
        run: format!("cargo run --package {}{flag}", quoted(package)),
        reason,
        health: Some(("{ tcp = {}, start_timeout = \"10m\" }".to_owned(), "it is compiled first".to_owned())),
        ..App::default()
    };
    if *framework == "rocket" {
        app.env = vec!["ROCKET_PORT".to_owned()];
        "Rocket finds its port in ROCKET_PORT".clone_into(&mut app.reason);
        app.usual_port = Some(8000);
    } else if !takes_flag {
        example_port(&mut app, folder, main);
    }
    Some(app)
}

/// Takes the variable from the env example, else the only one of the program's text that looks like a port's.
fn example_port(app: &mut App, folder: &AppFolder, text: &str) {
    let lines = env_example::of(folder);
    if let Some((file, lines)) = &lines
        && let Some((variable, usual)) = env_example::port(lines)
    {
        app.reason = format!("{} names {variable}: it finds its port there", folder.at(file));
        app.usual_port = usual.or(app.usual_port);
        if variable != "PORT" {
            app.env = vec![variable.to_owned()];
        }
        return;
    }
    let mut named = text.split('"').filter(|word| {
        word.ends_with("_PORT") && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
    });
    if let (Some(variable), false) = (named.next(), text.contains("\"PORT\"")) {
        app.env = vec![variable.to_owned()];
        app.reason = format!("it finds its port in {variable}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    const SERVES: &str = "package main\nimport \"net/http\"\nhttp.ListenAndServe(a, nil)\n";

    fn found(folder: &str, files: &[(&str, &str)]) -> Vec<App> {
        let tree = tree(files);
        apps(&tree, &tree.folders[folder])
    }

    #[test]
    fn a_program_of_go_says_all_that_is_known_of_it() {
        let declared = format!("{SERVES}flag.Int(\"port\", 80, \"\")\n");
        let expected = App {
            name: "api".to_owned(),
            from: ("main.go".to_owned(), String::new()),
            framework: "Go",
            run: "go run . -port {{ port }}".to_owned(),
            reason: "main.go has that flag".to_owned(),
            health: Some((
                "{ tcp = {}, start_timeout = \"5m\" }".to_owned(),
                "it is compiled first".to_owned(),
            )),
            usual_port: Some(8080),
            ..App::default()
        };
        assert_eq!(found("", &[("go.mod", ""), ("main.go", &declared)]), std::slice::from_ref(&expected));
        let in_folder = App {
            folder: "shop".to_owned(),
            name: String::new(),
            from: ("shop/cmd/serve/main.go".to_owned(), String::new()),
            run: "go run ./cmd/serve".to_owned(),
            reason: "it must find its port in PORT".to_owned(),
            ..expected
        };
        assert_eq!(found("shop", &[("shop/go.mod", ""), ("shop/cmd/serve/main.go", SERVES)]), [in_folder]);
    }

    #[test]
    fn a_program_of_go_is_a_server_where_it_uses_a_package_of_servers_and_listens() {
        for (text, is_server) in [
            (SERVES, true),
            ("package main\n\"net/http\"\nListen", true),
            ("package main\n\"gin-gonic/gin\"\nr.Run(", true),
            ("package main\n\"labstack/echo\"\ne.Start(", true),
            ("package main\n\"google.golang.org/grpc\"\ns.Serve", true),
            ("package main\n\"net/http\"\nhttp.Get(a)", false),
            ("package main\nListen", false),
            ("package shop\n\"net/http\"\nListen", false),
        ] {
            assert_eq!(
                found("", &[("go.mod", ""), ("main.go", text)]).len(),
                usize::from(is_server),
                "{text}"
            );
        }
        assert_eq!(found("", &[("main.go", SERVES)]), [], "it is no module");
    }

    #[test]
    fn the_flag_of_a_port_goes_before_the_flag_of_an_address() {
        for (line, expected) in [
            ("flag.Int(\"port\", 1, \"\")", Some("-port {{ port }}")),
            ("flag.IntVar(&port, \"port\", 1, \"\")", Some("-port {{ port }}")),
            ("flag.String(\"port\", \"1\", \"\")", Some("-port {{ port }}")),
            ("flag.Uint(\"port\", 1, \"\")", Some("-port {{ port }}")),
            ("flag.String(\"addr\", \":1\", \"\")", Some("-addr 127.0.0.1:{{ port }}")),
            ("flag.StringVar(&a, \"listen\", \":1\", \"\")", Some("-listen 127.0.0.1:{{ port }}")),
            ("flag.String(\"http\", \":1\", \"\")", Some("-http 127.0.0.1:{{ port }}")),
            ("flag.String(\"addr\", a, b)\nflag.Int(\"port\", 1, \"\")", Some("-port {{ port }}")),
            ("flag.Int(\"ports\", 1, \"\")", None),
            ("flag.Bool(\"port\", true, \"\")", None),
            ("flag.Int(a)\nsay(\"port\")", None),
        ] {
            assert_eq!(go_port(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_package_of_rust_says_all_that_is_known_of_it() {
        let manifest = |with: &str| {
            format!("[package]\nname = \"shop\"\n[dependencies]\nserde = \"1\"\n{with} = \"1\"\n")
        };
        let axum = manifest("axum");
        let plain = App {
            name: "shop".to_owned(),
            from: ("Cargo.toml".to_owned(), "shop".to_owned()),
            framework: "Cargo",
            run: "cargo run --package shop".to_owned(),
            reason: "axum: it must find its port in PORT".to_owned(),
            health: Some((
                "{ tcp = {}, start_timeout = \"10m\" }".to_owned(),
                "it is compiled first".to_owned(),
            )),
            ..App::default()
        };
        assert_eq!(found("", &[("Cargo.toml", &axum), ("src/main.rs", "")]), std::slice::from_ref(&plain));
        let takes = [("Cargo.toml", axum.as_str()), ("src/main.rs", "use clap; port: u16")];
        let flagged = App {
            run: "cargo run --package shop -- --port {{ port }}".to_owned(),
            reason: "src/main.rs has that flag".to_owned(),
            ..plain.clone()
        };
        assert_eq!(found("", &takes), [flagged]);
        for half in ["use clap;", "port: u16"] {
            assert_eq!(
                found("", &[("Cargo.toml", &axum), ("src/main.rs", half)]),
                std::slice::from_ref(&plain),
                "{half}"
            );
        }
        let rocket = App {
            reason: "Rocket finds its port in ROCKET_PORT".to_owned(),
            env: vec!["ROCKET_PORT".to_owned()],
            usual_port: Some(8000),
            ..plain.clone()
        };
        assert_eq!(found("", &[("Cargo.toml", &manifest("rocket")), ("src/main.rs", "")]), [rocket]);
        let with_bin = format!("{axum}[[bin]]\nname = \"x\"\n");
        assert_eq!(found("", &[("Cargo.toml", &with_bin)]), [plain], "its program lies elsewhere");
        assert_eq!(found("", &[("Cargo.toml", &axum)]), [], "a library");
        assert_eq!(found("", &[("Cargo.toml", &manifest("rand")), ("src/main.rs", "")]), []);
    }

    #[test]
    fn the_variable_of_a_port_is_the_examples_else_the_only_one_of_the_text() {
        let api = "API_PORT=9000\n";
        for (example, text, env, usual_port, reason) in [
            (
                Some(api),
                "",
                &["API_PORT"][..],
                Some(9000),
                ".env.example names API_PORT: it finds its port there",
            ),
            (Some("PORT=\n"), "", &[], Some(8080), ".env.example names PORT: it finds its port there"),
            (None, "Getenv(\"HTTP_PORT\")", &["HTTP_PORT"], Some(8080), "it finds its port in HTTP_PORT"),
            (Some("A=1\n"), "(\"HTTP_PORT\")", &["HTTP_PORT"], Some(8080), "it finds its port in HTTP_PORT"),
            (None, "(\"HTTP_PORT\", \"PORT\")", &[], Some(8080), "it must find its port in PORT"),
            (None, "(\"the http_PORT\")", &[], Some(8080), "it must find its port in PORT"),
            (None, "(\"PORTS\")", &[], Some(8080), "it must find its port in PORT"),
        ] {
            let text = format!("{SERVES}{text}");
            let mut files = vec![("go.mod", ""), ("main.go", text.as_str())];
            files.extend(example.map(|example| (".env.example", example)));
            let found = found("", &files);
            assert_eq!(
                (&found[0].env[..], found[0].usual_port),
                (&env.iter().map(ToString::to_string).collect::<Vec<_>>()[..], usual_port),
                "{text}"
            );
            assert_eq!(found[0].reason, reason, "{text}");
        }
    }
}
