//! What the scripts of a package.json start.

use super::*;
use crate::model::import::apps::sample::tree;

fn found(folder: &str, files: &[(&str, &str)]) -> (Vec<App>, Vec<String>) {
    let tree = tree(files);
    let mut left = FileProposal::default();
    let found = apps(&tree, &tree.folders[folder], &mut left).unwrap();
    (found, left.left_out.iter().map(ToString::to_string).collect())
}

fn package(scripts: &str, dependencies: &str) -> String {
    format!(r#"{{ "scripts": {{ {scripts} }}, "dependencies": {{ {dependencies} }} }}"#)
}

#[test]
fn a_page_and_a_server_say_all_that_is_known_of_them() {
    let page = App {
        folder: "a".to_owned(),
        from: ("a/package.json".to_owned(), "scripts.dev".to_owned()),
        framework: "Vite",
        run: "npm run dev -- --port {{ port }} --strictPort".to_owned(),
        reason: "Vite takes its port so".to_owned(),
        health: Some(("{ http = \"/\" }".to_owned(), "any answer below 500".to_owned())),
        usual_port: Some(5173),
        role: Role::Page { prefix: "VITE_" },
        ..App::default()
    };
    let server = App {
        folder: "a".to_owned(),
        from: ("a/package.json".to_owned(), "scripts.start".to_owned()),
        framework: "Express",
        run: "npm run start".to_owned(),
        reason: "Express finds its port in PORT".to_owned(),
        ..App::default()
    };
    let react = App {
        framework: "Create React App",
        run: "env BROWSER=none npm run start".to_owned(),
        reason: "Create React App finds its port in PORT".to_owned(),
        health: page.health.clone(),
        usual_port: Some(3000),
        role: Role::Page { prefix: "REACT_APP_" },
        ..server.clone()
    };
    let named = App {
        run: "npm exec -- vite --port {{ port }} --strictPort".to_owned(),
        reason: "the script names a port itself, and Vite takes one alone".to_owned(),
        usual_port: Some(3000),
        ..page.clone()
    };
    let beside = App { name: "vite".to_owned(), ..page.clone() };
    for (scripts, dependencies, expected) in [
        (r#""dev": "vite""#, "", page),
        (r#""dev": "vite --port 3000""#, "", named),
        (r#""dev": "vite""#, r#""laravel-vite-plugin": "2""#, beside.clone()),
        (r#""dev": "vite""#, r#""vite-plugin-ruby": "2""#, beside),
        (r#""start": "node x.js""#, r#""express": "5""#, server.clone()),
        (r#""dev": "tsc", "start": "node x.js""#, r#""express": "5""#, server),
        (r#""start": "react-scripts start""#, "", react),
    ] {
        let text = package(scripts, dependencies);
        assert_eq!(found("a", &[("a/package.json", &text)]), (vec![expected], Vec::new()), "{scripts}");
    }
}

#[test]
fn the_variable_of_a_servers_port_is_the_examples() {
    let express = package(r#""dev": "node x.js""#, r#""express": "5""#);
    let plain = package(r#""dev": "node x.js""#, "");
    let vite = package(r#""dev": "vite""#, "");
    let finds = "finds its port in PORT";
    for (text, example, expected) in [
        (
            &express,
            "API_PORT=9000\n",
            Some((vec!["API_PORT"], Some(9000), "a/.env.example names API_PORT".to_owned())),
        ),
        (&express, "PORT=9000\n", Some((vec![], Some(9000), format!("Express {finds}")))),
        (&express, "A=1\n", Some((vec![], None, format!("Express {finds}")))),
        (&plain, "PORT=\n", Some((vec![], None, format!("Node {finds}")))),
        (&plain, "A=1\n", None),
        (&vite, "API_PORT=9000\n", Some((vec![], Some(5173), "Vite takes its port so".to_owned()))),
    ] {
        let (found, _) = found("a", &[("a/package.json", text), ("a/.env.example", example)]);
        let said = found.first().map(|app| {
            (app.env.iter().map(String::as_str).collect::<Vec<_>>(), app.usual_port, app.reason.clone())
        });
        assert_eq!(said, expected, "{text} {example}");
    }
}

#[test]
fn a_script_that_starts_no_server_is_told_of_below_the_root() {
    let tools = package(r#""dev": " tsup --watch ""#, "");
    let told = "a/package.json: scripts.dev: `tsup --watch` starts no server that is known here".to_owned();
    assert_eq!(found("a", &[("a/package.json", &tools)]), (Vec::new(), vec![told]));
    assert_eq!(found("", &[("package.json", &tools)]), (Vec::new(), Vec::new()));
    for text in ["{}", r#"{ "scripts": { "test": "x" } }"#] {
        assert_eq!(found("a", &[("a/package.json", text)]), (Vec::new(), Vec::new()), "{text}");
    }
    let bad = tree(&[("a/package.json", "{")]);
    assert!(apps(&bad, &bad.folders["a"], &mut FileProposal::default()).is_err());
}

#[test]
fn the_scripts_of_the_root_are_a_family_or_a_single_one() {
    for (scripts, expected) in [
        (&["dev:api", "dev:web"][..], &[("dev:api", "api"), ("dev:web", "web")][..]),
        (&["dev", "dev:api"], &[("dev", "web")]),
        (&["dev:api", "dev:all", "dev:ci", "start"], &[("start", "web")]),
        (&["dev:api", "start:api", "start:web"], &[("start:api", "api"), ("start:web", "web")]),
        (&["dev:a b", "dev:c"], &[]),
        (&["dev:a-b", "dev:c_d"], &[("dev:a-b", "a-b"), ("dev:c_d", "c_d")]),
        (&["serve", "start"], &[("start", "web")]),
        (&["test"], &[]),
    ] {
        let scripts: Map<String, Value> =
            scripts.iter().map(|script| ((*script).to_owned(), Value::from("x"))).collect();
        assert_eq!(chosen(&scripts), expected, "{scripts:?}");
    }
}

#[test]
fn scripts_of_the_root_are_run_as_they_are_and_told_of_a_port_of_their_own() {
    let of = |scripts: &str| root_scripts(&tree(&[("package.json", &package(scripts, ""))]));
    let plain = App {
        name: "web".to_owned(),
        from: ("package.json".to_owned(), "scripts.start".to_owned()),
        framework: "the script",
        run: "npm run start".to_owned(),
        reason: "it finds its port in PORT".to_owned(),
        ..App::default()
    };
    assert_eq!(of(r#""start": "serve""#), std::slice::from_ref(&plain));
    let note = "The script names a port itself; take it out there, so that PORT counts.".to_owned();
    assert_eq!(of(r#""start": "serve -p 3000""#), [App { notes: vec![note], ..plain }]);
    let known = of(r#""dev": "vite -p 3000""#);
    assert_eq!((known[0].framework, known[0].name.as_str(), known[0].notes.len()), ("Vite", "web", 0));
    let names = |scripts: &str| of(scripts).into_iter().map(|app| app.name).collect::<Vec<_>>();
    assert_eq!(names(r#""dev:a_b": "x", "dev:a-b": "y", "dev:c": "z""#), ["a-b", "c"]);
    assert_eq!(root_scripts(&tree(&[("x", "")])), []);
}
