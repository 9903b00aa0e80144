//! What another tool asks whether a process is ready, as a health check: it must ask the port that the worktree has.

use super::render;
use super::shell::{ShellWords, translate};

/// Returns the health check for `command`, with `options` behind it; `asks_port` where the process listens on a port of ours.
///
/// # Errors
///
/// Says why it is left out.
pub fn check(command: &str, options: &str, asks_port: bool) -> Result<String, String> {
    let ShellWords::Words { text, names_port } = translate(command) else {
        return Err("Its probe could not be written here.".to_owned());
    };
    if names_port || !asks_port {
        return Ok(format!("{{ command = {}{options} }}", render::text(&text)));
    }
    if let Some(kind) = known(command) {
        return Ok(format!("{{ {kind}{options} }}"));
    }
    Err(format!(
        "Its probe `{}` was left out: it does not name the port, which is another one in every worktree. Write it as \
         health = {{ command = \"… {{{{ port }}}} …\" }}.",
        command.trim()
    ))
}

/// The check of our own that asks the same, on the service's port.
fn known(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let (program, rest) = words.split_first()?;
    // More than one command, or an answer that is looked into, is more than ours would ask.
    if words.iter().any(|word| word.contains(['|', '&', ';', '<', '>', '(', '$', '`', '\'', '"'])) {
        return None;
    }
    match program.rsplit('/').next()? {
        "redis-cli" | "valkey-cli" if rest.last().is_some_and(|word| word.eq_ignore_ascii_case("ping")) => {
            Some("redis = {}".to_owned())
        }
        "pg_isready" => Some("postgres = {}".to_owned()),
        "nc" | "ncat" | "netcat" if rest.iter().any(|word| word.starts_with('-') && word.contains('z')) => {
            Some("tcp = {}".to_owned())
        }
        "curl" | "wget" => {
            let mut urls = rest.iter().filter_map(|word| word.split_once("://")).map(|(_, place)| place);
            let place = urls.next().filter(|_| urls.next().is_none())?;
            let host = place.split(['/', ':']).next()?;
            let path = place.find('/').map_or("/", |at| &place[at..]);
            ["localhost", "127.0.0.1", "0.0.0.0"]
                .contains(&host)
                .then(|| format!("http = {}", render::text(path)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_probe_asks_the_port_of_the_worktree_or_is_left_out_with_its_reason() {
        for (command, expected) in [
            ("redis-cli ping", "{ redis = {}, failures = 2 }"),
            ("/usr/bin/redis-cli -p 6379 PING", "{ redis = {}, failures = 2 }"),
            ("redis-cli -p $PORT ping", "{ command = \"redis-cli -p {{ port }} ping\", failures = 2 }"),
            ("pg_isready -h localhost", "{ postgres = {}, failures = 2 }"),
            ("nc -zv localhost 6379", "{ tcp = {}, failures = 2 }"),
            ("curl -fsS http://localhost:8080/up?x=1", "{ http = \"/up?x=1\", failures = 2 }"),
            ("wget -q --spider http://127.0.0.1", "{ http = \"/\", failures = 2 }"),
        ] {
            assert_eq!(check(command, ", failures = 2", true).as_deref(), Ok(expected), "{command}");
        }
        for command in
            ["mysqladmin ping", "redis-cli ping | grep PONG", "curl http://example.org/", "test -f ready"]
        {
            let reason = check(command, "", true).unwrap_err();
            assert!(reason.contains(command) && reason.contains("port"), "{reason}");
            assert!(
                check(command, "", false).is_ok(),
                "what has no port of ours is asked as it was: {command}"
            );
        }
    }

    #[test]
    fn our_own_check_asks_the_same_as_the_usual_programs() {
        for (command, expected) in [
            ("valkey-cli ping", Some("redis = {}")),
            ("redis-cli ping x", None),
            ("ncat -z h 1", Some("tcp = {}")),
            ("netcat -vz h 1", Some("tcp = {}")),
            ("nc h 1", None),
            ("nc z h", None),
            ("curl http://localhost/a", Some("http = \"/a\"")),
            ("curl http://0.0.0.0:1", Some("http = \"/\"")),
            ("curl http://localhost http://localhost", None),
            ("curl localhost", None),
            ("curl https://example.org/localhost", None),
            ("pg_isready; true", None),
            ("pg_isready 'a'", None),
            ("make", None),
            ("", None),
        ] {
            assert_eq!(super::known(command).as_deref(), expected, "{command}");
        }
    }
}
