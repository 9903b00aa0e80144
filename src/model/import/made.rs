//! Which folder of a worktree a proposed command makes, by what the usual installers do: git has to ignore it, or every worktree
//! counts as changed.

use crate::model::words;

/// Returns the folder, relative to the worktree's root; `None` for a command that makes none there, or is not known.
#[must_use]
pub fn made_by(command: &str) -> Option<String> {
    let words = words::split(command).ok()?;
    let (program, rest) = words.split_first()?;
    let has = |wanted: &[&str]| rest.iter().any(|word| wanted.contains(&word.as_str()));
    let after = |flags: &[&str]| {
        let at = rest.iter().position(|word| flags.contains(&word.as_str()))?;
        rest.get(at + 1).cloned()
    };
    let below = |flags: &[&str], name: &str| match after(flags) {
        Some(folder) => format!("{}/{name}", folder.trim_end_matches('/')),
        None => name.to_owned(),
    };
    let installs = has(&["install", "ci", "i"]);
    let made = match program.as_str() {
        "npm" if installs => below(&["--prefix", "-C"], "node_modules"),
        "pnpm" if installs => below(&["--dir", "-C"], "node_modules"),
        "yarn" if installs || rest.is_empty() => below(&["--cwd"], "node_modules"),
        "bun" if installs => below(&["--cwd"], "node_modules"),
        "composer" if installs => below(&["--working-dir", "-d"], "vendor"),
        "uv" if has(&["sync"]) => below(&["--project", "--directory"], ".venv"),
        "pdm" if has(&["sync", "install"]) => below(&["--project", "-p"], ".venv"),
        "mix" if has(&["deps.get"]) => "deps".to_owned(),
        "python" | "python3" => after(&["venv"]).filter(|_| has(&["-m"]))?,
        _ => return None,
    };
    let made = made.trim_start_matches("./").trim_end_matches('/').to_owned();
    let is_inside = !made.is_empty() && !made.starts_with('/') && !made.split('/').any(|part| part == "..");
    is_inside.then_some(made)
}

#[cfg(test)]
mod tests {
    use super::made_by;

    #[test]
    fn the_folder_of_an_installer_is_known_and_no_other_command_makes_one() {
        for (command, made) in [
            ("npm ci", Some("node_modules")),
            ("npm --prefix web ci", Some("web/node_modules")),
            ("pnpm --dir 'my app' install --frozen-lockfile", Some("my app/node_modules")),
            ("yarn --cwd web/ install", Some("web/node_modules")),
            ("bun install --cwd web", Some("web/node_modules")),
            ("composer install --working-dir api", Some("api/vendor")),
            ("uv sync --locked --project server", Some("server/.venv")),
            ("python3 -m venv ./server/.venv", Some("server/.venv")),
            ("python3 -m venv /opt/venv", None),
            ("python3 -m venv ../venv", None),
            ("server/.venv/bin/pip install -r server/requirements.txt", None),
            ("npm run build", None),
            ("bundle install", None),
            ("sh -c 'npm ci", None),
            ("", None),
        ] {
            assert_eq!(made_by(command).as_deref(), made, "{command}");
        }
    }

    #[test]
    fn each_installer_makes_its_folder_only_where_it_installs() {
        for (command, made) in [
            ("npm i", Some("node_modules")),
            ("npm -C a install", Some("a/node_modules")),
            ("pnpm install", Some("node_modules")),
            ("pnpm run x", None),
            ("yarn", Some("node_modules")),
            ("yarn dev", None),
            ("bun install", Some("node_modules")),
            ("bun dev", None),
            ("composer install -d ./api/", Some("api/vendor")),
            ("composer test", None),
            ("uv sync", Some(".venv")),
            ("uv run x", None),
            ("uv sync --directory a", Some("a/.venv")),
            ("pdm install -p a", Some("a/.venv")),
            ("pdm sync", Some(".venv")),
            ("pdm run x", None),
            ("mix deps.get", Some("deps")),
            ("mix test", None),
            ("python -m venv .venv/", Some(".venv")),
            ("python venv x", None),
            ("python -m venv", None),
            ("python -m venv ./", None),
            ("npm --prefix a/../b ci", None),
        ] {
            assert_eq!(made_by(command).as_deref(), made, "{command}");
        }
    }
}
