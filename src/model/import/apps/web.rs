//! Apps of Ruby, PHP, Elixir and Java: a framework's own server, and how it takes a port.

use serde_json::Value;

use super::app::App;
use super::tree::{AppFolder, Tree};

/// Returns the app of the folder.
#[must_use]
pub fn app(tree: &Tree, folder: &AppFolder) -> Option<App> {
    ruby(tree, folder)
        .or_else(|| php(tree, folder))
        .or_else(|| elixir(folder))
        .or_else(|| jvm(folder))
        .map(|app| App { folder: folder.path.clone(), ..app })
}

fn named(name: &str, file: String, framework: &'static str, run: &str, usual_port: u16) -> App {
    App {
        name: name.to_owned(),
        from: (file, String::new()),
        framework,
        run: run.to_owned(),
        reason: format!("{framework} takes its port so"),
        usual_port: Some(usual_port),
        ..App::default()
    }
}

fn up(path: &str, file: &str) -> (String, String) {
    (format!("{{ http = \"{path}\" }}"), format!("{file} answers there"))
}

fn ruby(tree: &Tree, folder: &AppFolder) -> Option<App> {
    let gems = folder.text("Gemfile")?;
    let has_gem = |gem: &str| gems.contains(&format!("\"{gem}\"")) || gems.contains(&format!("'{gem}'"));
    if has_gem("rails") || tree.folder(&folder.at("bin")).is_some_and(|bin| bin.has("rails")) {
        let has_own = tree.folder(&folder.at("bin")).is_some_and(|bin| bin.has("rails"));
        let run =
            if has_own { "bin/rails server -p {{ port }}" } else { "bundle exec rails server -p {{ port }}" };
        let mut app = named("web", folder.at("Gemfile"), "Rails", run, 3000);
        let routes = folder.at("config/routes.rb");
        if tree.text(&routes).is_some_and(|text| text.contains("rails/health")) {
            app.health = Some(up("/up", &routes));
        }
        return Some(app);
    }
    let is_rack = folder.has("config.ru");
    is_rack.then(|| named("web", folder.at("config.ru"), "Rack", "bundle exec rackup -p {{ port }}", 9292))
}

fn php(tree: &Tree, folder: &AppFolder) -> Option<App> {
    let packages: Value = serde_json::from_str(folder.text("composer.json")?).ok()?;
    let needs = |package: &str| packages.get("require").is_some_and(|list| list.get(package).is_some());
    if folder.has("artisan") {
        let run = "php artisan serve --port={{ port }}";
        let mut app = named("web", folder.at("artisan"), "Laravel", run, 8000);
        let file = folder.at("bootstrap/app.php");
        if tree.text(&file).is_some_and(|text| text.contains("health: '/up'")) {
            app.health = Some(up("/up", &file));
        }
        return Some(app);
    }
    let run = "php -S 127.0.0.1:{{ port }} -t public";
    (needs("symfony/framework-bundle") || needs("slim/slim"))
        .then(|| named("web", folder.at("composer.json"), "PHP's own server", run, 8000))
}

fn elixir(folder: &AppFolder) -> Option<App> {
    let is_phoenix = folder.text("mix.exs")?.contains("{:phoenix,");
    is_phoenix.then(|| App {
        reason: "config/runtime.exs finds its port in PORT".to_owned(),
        ..named("web", folder.at("mix.exs"), "Phoenix", "mix phx.server", 4000)
    })
}

fn jvm(folder: &AppFolder) -> Option<App> {
    let maven = folder.text("pom.xml");
    let (file, text) = match maven {
        Some(text) => ("pom.xml", text),
        None => {
            ["build.gradle", "build.gradle.kts"].iter().find_map(|file| Some((*file, folder.text(file)?)))?
        }
    };
    if text.contains("<packaging>pom</packaging>") {
        return None;
    }
    let program = match (maven.is_some(), folder.has("mvnw"), folder.has("gradlew")) {
        (true, true, _) => "./mvnw",
        (true, false, _) => "mvn",
        (false, _, true) => "./gradlew",
        (false, _, false) => "gradle",
    };
    let is_maven = maven.is_some();
    let (framework, goal, variable) =
        if text.contains("spring-boot-maven-plugin") || text.contains("org.springframework.boot\"") {
            ("Spring Boot", if is_maven { "spring-boot:run" } else { "bootRun" }, "SERVER_PORT")
        } else if text.contains("quarkus-maven-plugin") || text.contains("io.quarkus\"") {
            ("Quarkus", if is_maven { "quarkus:dev" } else { "quarkusDev" }, "QUARKUS_HTTP_PORT")
        } else {
            return None;
        };
    let mut app = named("api", folder.at(file), framework, &format!("{program} {goal}"), 8080);
    app.env = vec![variable.to_owned()];
    app.reason = format!("{framework} finds its port in {variable}");
    let (check, reason) = if text.contains("spring-boot-starter-actuator") {
        ("{ http = \"/actuator/health\", start_timeout = \"5m\" }", "the actuator answers there")
    } else {
        ("{ tcp = {}, start_timeout = \"5m\" }", "it is compiled first")
    };
    app.health = Some((check.to_owned(), reason.to_owned()));
    Some(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::import::apps::sample::tree;

    /// The framework, the command, the usual port, the variables, the check, and the file that it is from.
    type Said = (&'static str, String, Option<u16>, Vec<String>, String, String);

    fn said(files: &[(&str, &str)]) -> Option<Said> {
        let tree = tree(files);
        let found = app(&tree, &tree.folders["a"])?;
        assert_eq!(found.folder, "a");
        let health = found.health.map(|(check, reason)| format!("{check}: {reason}")).unwrap_or_default();
        Some((found.framework, found.run, found.usual_port, found.env, health, found.from.0))
    }

    #[test]
    fn each_framework_is_run_by_its_own_server() {
        let (rails, up) = ("gem \"rails\"", "get \"up\" => \"rails/health#show\"");
        let (slim, symfony) =
            (r#"{"require":{"slim/slim":"4"}}"#, r#"{"require":{"symfony/framework-bundle":"7"}}"#);
        for (files, framework, run, port, health, from) in [
            (
                &[("a/Gemfile", rails)][..],
                "Rails",
                "bundle exec rails server -p {{ port }}",
                3000,
                "",
                "Gemfile",
            ),
            (
                &[("a/Gemfile", "gem 'rails'")],
                "Rails",
                "bundle exec rails server -p {{ port }}",
                3000,
                "",
                "Gemfile",
            ),
            (
                &[("a/Gemfile", ""), ("a/bin/rails", ""), ("a/config/routes.rb", up)],
                "Rails",
                "bin/rails server -p {{ port }}",
                3000,
                "{ http = \"/up\" }: a/config/routes.rb answers there",
                "Gemfile",
            ),
            (
                &[("a/Gemfile", ""), ("a/config.ru", "")],
                "Rack",
                "bundle exec rackup -p {{ port }}",
                9292,
                "",
                "config.ru",
            ),
            (
                &[("a/composer.json", "{}"), ("a/artisan", "")],
                "Laravel",
                "php artisan serve --port={{ port }}",
                8000,
                "",
                "artisan",
            ),
            (
                &[("a/composer.json", "{}"), ("a/artisan", ""), ("a/bootstrap/app.php", "health: '/up'")],
                "Laravel",
                "php artisan serve --port={{ port }}",
                8000,
                "{ http = \"/up\" }: a/bootstrap/app.php answers there",
                "artisan",
            ),
            (
                &[("a/composer.json", slim)],
                "PHP's own server",
                "php -S 127.0.0.1:{{ port }} -t public",
                8000,
                "",
                "composer.json",
            ),
            (
                &[("a/composer.json", symfony)],
                "PHP's own server",
                "php -S 127.0.0.1:{{ port }} -t public",
                8000,
                "",
                "composer.json",
            ),
            (&[("a/mix.exs", "{:phoenix, \"1\"}")], "Phoenix", "mix phx.server", 4000, "", "mix.exs"),
        ] {
            let expected =
                (framework, run.to_owned(), Some(port), Vec::new(), health.to_owned(), format!("a/{from}"));
            assert_eq!(said(files), Some(expected), "{files:?}");
        }
        for files in [
            &[("a/Gemfile", "gem \"railties\"")][..],
            &[("a/composer.json", r#"{"require":{"twig/twig":"3"}}"#)],
            &[("a/mix.exs", "{:ecto, \"3\"}")],
            &[("a/pom.xml", "<artifactId>junit</artifactId>")],
            &[("a/x", "")],
        ] {
            assert_eq!(said(files), None, "{files:?}");
        }
    }

    #[test]
    fn a_server_of_java_is_run_by_its_builder_and_finds_its_port_in_a_variable() {
        let spring = "<artifactId>spring-boot-maven-plugin</artifactId>";
        let actuator = "spring-boot-maven-plugin spring-boot-starter-actuator";
        let boot = "id(\"org.springframework.boot\") version \"3\"";
        for (file, text, wrapper, expected) in [
            ("pom.xml", spring, "", Some(("Spring Boot", "mvn spring-boot:run", "SERVER_PORT"))),
            ("pom.xml", spring, "mvnw", Some(("Spring Boot", "./mvnw spring-boot:run", "SERVER_PORT"))),
            ("pom.xml", actuator, "gradlew", Some(("Spring Boot", "mvn spring-boot:run", "SERVER_PORT"))),
            (
                "pom.xml",
                "quarkus-maven-plugin",
                "",
                Some(("Quarkus", "mvn quarkus:dev", "QUARKUS_HTTP_PORT")),
            ),
            ("build.gradle.kts", boot, "", Some(("Spring Boot", "gradle bootRun", "SERVER_PORT"))),
            ("build.gradle", boot, "gradlew", Some(("Spring Boot", "./gradlew bootRun", "SERVER_PORT"))),
            (
                "build.gradle",
                "id \"io.quarkus\"",
                "mvnw",
                Some(("Quarkus", "gradle quarkusDev", "QUARKUS_HTTP_PORT")),
            ),
            ("pom.xml", "spring-boot-maven-plugin <packaging>pom</packaging>", "", None),
            ("build.gradle", "plugins {}", "gradlew", None),
        ] {
            let path = format!("a/{file}");
            let wrapper = format!("a/{wrapper}");
            let health = if text == actuator {
                "{ http = \"/actuator/health\", start_timeout = \"5m\" }: the actuator answers there"
            } else {
                "{ tcp = {}, start_timeout = \"5m\" }: it is compiled first"
            };
            let expected = expected.map(|(framework, run, variable)| {
                let env = vec![variable.to_owned()];
                (framework, run.to_owned(), Some(8080), env, health.to_owned(), path.clone())
            });
            assert_eq!(said(&[(&path, text), (&wrapper, "")]), expected, "{file} {text} {wrapper}");
        }
    }
}
