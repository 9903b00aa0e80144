//! A script of a package.json: whether it starts a server, which one, and where that finds its port.

use super::app::{PortBy, Role};
use crate::model::import::shell::needs_shell;

/// A server that a script starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub framework: &'static str,
    pub port: PortBy,
    pub usual_port: Option<u16>,
    pub role: Role,
    /// The script's words with its own port taken out, where it names one and a program can be run without the script.
    pub without_port: Option<String>,
}

struct Known {
    program: &'static str,
    /// The first words behind the program that start a server; `""` for none.
    starts: &'static [&'static str],
    framework: &'static str,
    port: PortBy,
    usual_port: u16,
    role: Role,
}

const fn page(
    program: &'static str,
    starts: &'static [&'static str],
    framework: &'static str,
    usual_port: u16,
    prefix: &'static str,
) -> Known {
    Known {
        program,
        starts,
        framework,
        port: PortBy::Words("--port {{ port }}"),
        usual_port,
        role: Role::Page { prefix },
    }
}

/// The programs that are known, each with how its own documentation says that it takes its port.
const KNOWN: [Known; 23] = [
    Known {
        program: "vite",
        starts: &["", "dev", "serve"],
        framework: "Vite",
        port: PortBy::Words("--port {{ port }} --strictPort"),
        usual_port: 5173,
        role: Role::Page { prefix: "VITE_" },
    },
    page("next", &["", "dev", "start"], "Next.js", 3000, "NEXT_PUBLIC_"),
    page("nuxt", &["", "dev", "start"], "Nuxt", 3000, "NUXT_PUBLIC_"),
    page("nuxi", &["dev"], "Nuxt", 3000, "NUXT_PUBLIC_"),
    page("astro", &["", "dev"], "Astro", 4321, "PUBLIC_"),
    page("ng", &["serve"], "Angular", 4200, ""),
    page("vue-cli-service", &["serve"], "Vue CLI", 8080, "VUE_APP_"),
    page("webpack", &["serve"], "webpack", 8080, ""),
    page("webpack-dev-server", &[""], "webpack", 8080, ""),
    page("parcel", &["", "serve"], "Parcel", 1234, ""),
    page("gatsby", &["develop"], "Gatsby", 8000, "GATSBY_"),
    page("remix", &["dev", "vite:dev"], "Remix", 3000, ""),
    page("react-router", &["dev"], "React Router", 5173, "VITE_"),
    page("rsbuild", &["", "dev"], "Rsbuild", 3000, "PUBLIC_"),
    page("vinxi", &["dev"], "Vinxi", 3000, "VITE_"),
    page("quasar", &["dev"], "Quasar", 9000, ""),
    page("expo", &["start"], "Expo", 8081, "EXPO_PUBLIC_"),
    page("vitepress", &["dev"], "VitePress", 5173, ""),
    page("docusaurus", &["start"], "Docusaurus", 3000, ""),
    page("http-server", &["", "."], "http-server", 8080, ""),
    Known {
        program: "react-scripts",
        starts: &["start"],
        framework: "Create React App",
        port: PortBy::Variable("PORT"),
        usual_port: 3000,
        role: Role::Page { prefix: "REACT_APP_" },
    },
    Known {
        program: "wrangler",
        starts: &["dev"],
        framework: "Wrangler",
        port: PortBy::Words("--port {{ port }}"),
        usual_port: 8787,
        role: Role::Server,
    },
    Known {
        program: "nest",
        starts: &["start"],
        framework: "NestJS",
        port: PortBy::Variable("PORT"),
        usual_port: 3000,
        role: Role::Server,
    },
];

/// The packages that answer HTTP requests, and what they are called.
const SERVERS: [(&str, &str); 13] = [
    ("express", "Express"),
    ("fastify", "Fastify"),
    ("koa", "Koa"),
    ("hono", "Hono"),
    ("@hono/node-server", "Hono"),
    ("@nestjs/core", "NestJS"),
    ("@hapi/hapi", "hapi"),
    ("elysia", "Elysia"),
    ("restify", "restify"),
    ("apollo-server", "Apollo Server"),
    ("@apollo/server", "Apollo Server"),
    ("@adonisjs/core", "AdonisJS"),
    ("@strapi/strapi", "Strapi"),
];

/// Programs that run a server's file.
const RUNNERS: [&str; 14] = [
    "node",
    "nodemon",
    "tsx",
    "ts-node",
    "ts-node-dev",
    "tsnd",
    "bun",
    "deno",
    "babel-node",
    "nest",
    "fastify",
    "strapi",
    "swc-node",
    "esbuild-dev",
];

/// Words that stand before the program.
const BEFORE: [&str; 5] = ["npx", "cross-env", "bunx", "env", "dotenv"];

/// Returns the server that `script` starts, with `depends` for the packages of its package.json; `None` where it starts none
/// that is known.
#[must_use]
pub fn server(script: &str, depends: impl Fn(&str) -> bool) -> Option<Server> {
    let (program, rest) = program(script)?;
    if let Some(known) = KNOWN.iter().find(|known| known.program == program) {
        let first = rest.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
        let is_option = rest.first().is_some_and(|word| word.starts_with('-'));
        let first = if is_option && known.starts.contains(&"") { "" } else { first };
        if !known.starts.contains(&first) {
            return None;
        }
        // SvelteKit's pages are Vite's, and know other variables.
        let role = match known.role {
            Role::Page { .. } if program == "vite" && depends("@sveltejs/kit") => {
                Role::Page { prefix: "PUBLIC_" }
            }
            role => role,
        };
        return Some(Server {
            framework: known.framework,
            port: known.port,
            usual_port: own_port(&rest).or(Some(known.usual_port)),
            role,
            without_port: without_port(script),
        });
    }
    let framework = SERVERS.iter().find(|(package, _)| depends(package)).map(|(_, framework)| *framework)?;
    RUNNERS.contains(&program).then_some(Server {
        framework,
        port: PortBy::Variable("PORT"),
        usual_port: None,
        role: Role::Server,
        without_port: None,
    })
}

/// Answers whether the script runs a program of the repository that may be a server: one that an example of an env file gives
/// a port.
#[must_use]
pub fn runs_a_file(script: &str) -> bool {
    program(script).is_some_and(|(program, _)| RUNNERS.contains(&program))
}

/// Answers whether the script names a port that is not ours.
#[must_use]
pub fn names_port(script: &str) -> bool {
    script.split_whitespace().any(|word| word == "-p" || word.starts_with("--port"))
}

/// The program and the words behind it; `None` where only a shell knows which.
fn program(script: &str) -> Option<(&str, Vec<&str>)> {
    let words: Vec<&str> = script.split_whitespace().collect();
    let start = words.iter().position(|word| !word.contains('=') && !BEFORE.contains(word))?;
    if needs_shell(&words[start..].join(" ")) {
        return None;
    }
    let program = words[start].rsplit('/').next()?;
    Some((program, words[start + 1..].to_vec()))
}

fn own_port(words: &[&str]) -> Option<u16> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(port) = word.strip_prefix("--port=") {
            return port.parse().ok();
        }
        if ["-p", "--port"].contains(word) {
            return words.next()?.parse().ok();
        }
    }
    None
}

/// Two ports on one command line are one too many: what is left of a script that names one, to be run by itself.
fn without_port(script: &str) -> Option<String> {
    if !names_port(script) || script.contains('=') && !script.contains("--port=") {
        return None;
    }
    let mut left = Vec::new();
    let mut words = script.split_whitespace().filter(|word| !["npx", "bunx"].contains(word));
    while let Some(word) = words.next() {
        match word {
            "-p" | "--port" => {
                words.next()?.parse::<u16>().ok()?;
            }
            "--strictPort" => {}
            _ if word.starts_with("--port=") => {
                word.strip_prefix("--port=")?.parse::<u16>().ok()?;
            }
            _ => left.push(word),
        }
    }
    Some(left.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_a_server_only_where_it_starts_one() {
        for (script, packages, expected) in [
            ("vite", "", Some(("Vite", Some(5173)))),
            ("vite --host --port 3100", "", Some(("Vite", Some(3100)))),
            ("NODE_ENV=dev npx vite dev", "", Some(("Vite", Some(5173)))),
            ("vite build --watch", "", None),
            ("next dev --turbo", "", Some(("Next.js", Some(3000)))),
            ("next lint", "", None),
            ("nest start --watch", "@nestjs/core", Some(("NestJS", Some(3000)))),
            ("tsx watch src/index.ts", "express", Some(("Express", None))),
            ("node server.js", "", None),
            ("tsc --watch", "express", None),
            ("turbo run dev", "next", None),
            ("vite && echo", "", None),
            ("concurrently \"vite\" \"tsc -w\"", "vite", None),
        ] {
            let found = server(script, |package| package == packages);
            assert_eq!(found.map(|found| (found.framework, found.usual_port)), expected, "{script}");
        }
    }

    #[test]
    fn a_port_of_the_scripts_own_is_taken_out() {
        for (script, left) in [
            ("vite --port 3000 --host", Some("vite --host")),
            ("next dev -p 3001", Some("next dev")),
            ("npx astro dev --port=4000", Some("astro dev")),
            ("vite", None),
            ("vite --port $X", None),
            ("A=1 vite --port 3000", None),
        ] {
            assert_eq!(without_port(script).as_deref(), left, "{script}");
        }
    }

    #[test]
    fn a_script_names_a_port_by_a_flag() {
        for (script, names, port) in [
            ("vite -p 3000", true, Some(3000)),
            ("vite --port 3000", true, Some(3000)),
            ("vite --port=3000", true, Some(3000)),
            ("vite --port $X", true, None),
            ("vite -p", true, None),
            ("vite --host", false, None),
            ("vite -port 3000", false, None),
        ] {
            let words: Vec<&str> = script.split_whitespace().collect();
            assert_eq!((names_port(script), own_port(&words)), (names, port), "{script}");
        }
    }

    #[test]
    fn the_page_of_svelte_knows_other_variables_and_a_runner_needs_a_server() {
        let role =
            |script: &str, package: &str| server(script, |name| name == package).map(|found| found.role);
        assert_eq!(role("vite", "@sveltejs/kit"), Some(Role::Page { prefix: "PUBLIC_" }));
        assert_eq!(role("vite", "svelte"), Some(Role::Page { prefix: "VITE_" }));
        assert_eq!(role("astro dev", "@sveltejs/kit"), Some(Role::Page { prefix: "PUBLIC_" }));
        assert_eq!(role("next dev", "@sveltejs/kit"), Some(Role::Page { prefix: "NEXT_PUBLIC_" }));
        assert_eq!(role("wrangler dev", ""), Some(Role::Server));
        assert_eq!(role("./node_modules/.bin/nodemon x.js", "koa"), Some(Role::Server));
        for (script, runs) in
            [("node x.js", true), ("A=1 npx tsx x", true), ("tsc", false), ("node x | y", false)]
        {
            assert_eq!(runs_a_file(script), runs, "{script}");
        }
    }

    #[test]
    fn what_cannot_be_taken_out_leaves_the_script_alone() {
        for (script, left) in [
            ("vite --port=3000 --strictPort", Some("vite")),
            ("vite --port=x", None),
            ("vite -p", None),
            ("vite --mode=a -p 3000", None),
            ("bunx vite --mode=a --port=3000", Some("vite --mode=a")),
        ] {
            assert_eq!(without_port(script).as_deref(), left, "{script}");
        }
    }
}
