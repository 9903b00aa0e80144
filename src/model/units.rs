//! The units that look at health every quarter of an hour, and those of the server, as text: for systemd, for launchd, for
//! cron. Each quotes in its own way.

use std::fmt::Write;

use super::quoting::quote_sh;

/// What a unit file of ours says about itself in its first lines; without it a file is somebody else's.
const MARKS: [&str; 3] = ["Made by `wt health", "Made by `wt serve", "Made by `wt monitor"];

/// A unit's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub name: &'static str,
    pub text: String,
}

/// What the units start: the program, and the variables that it needs to find what this one finds.
#[derive(Clone, Copy, Debug)]
pub struct UnitStart<'a> {
    pub program: &'a str,
    pub variables: &'a [(String, String)],
}

/// Answers whether a file with this text is one of ours.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    text.lines().take(2).any(|line| MARKS.iter().any(|mark| line.contains(mark)))
}

/// Returns the service and its timer (systemd.timer(5)).
#[must_use]
pub fn systemd(start: UnitStart<'_>) -> Vec<Unit> {
    let variables = systemd_variables(start);
    let service = include_str!("../../templates/units/wt-health.service");
    vec![
        Unit {
            name: "wt-health.service",
            text: filled(service, &systemd_word(start.program, true), &variables),
        },
        Unit {
            name: "wt-health.timer",
            text: include_str!("../../templates/units/wt-health.timer").to_owned(),
        },
    ]
}

/// Where the server is to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    Port(u16),
    /// An absolute path.
    Socket(String),
}

/// Returns the server's socket (systemd.socket(5)) and the service that the first connection starts, which gets `flags`.
#[must_use]
pub fn serve_systemd(start: UnitStart<'_>, place: &Served, has_ipv6: bool, flags: &[String]) -> Vec<Unit> {
    let flags = flags.iter().fold(String::new(), |text, flag| text + " " + &systemd_word(flag, true));
    let service = include_str!("../../templates/units/wt-serve.service").replace("{{ flags }}", &flags);
    let listens = match place {
        Served::Port(port) => {
            let second = if has_ipv6 { format!("\nListenStream=[::1]:{port}") } else { String::new() };
            format!("ListenStream=127.0.0.1:{port}{second}")
        }
        Served::Socket(path) => format!("ListenStream={}\nSocketMode=0600", path.replace('%', "%%")),
    };
    let socket = include_str!("../../templates/units/wt-serve.socket").replace("{{ listens }}", &listens);
    vec![
        Unit { name: "wt-serve.socket", text: socket },
        Unit {
            name: "wt-serve.service",
            text: filled(&service, &systemd_word(start.program, true), &systemd_variables(start)),
        },
    ]
}

/// Returns the server's agent (launchd.plist(5)). Untested: no such machine was at hand.
#[must_use]
pub fn serve_launchd(start: UnitStart<'_>, flags: &[String]) -> Vec<Unit> {
    let flags = flags.iter().fold(String::new(), |text, flag| text + "<string>" + &xml(flag) + "</string>");
    let agent = include_str!("../../templates/units/wt-serve.plist").replace("{{ flags }}", &flags);
    vec![Unit {
        name: "wt-serve.plist",
        text: filled(&agent, &xml(start.program), &launchd_variables(start)),
    }]
}

/// Returns the service of `wt monitor` (systemd.service(5)).
#[must_use]
pub fn monitor_systemd(start: UnitStart<'_>) -> Vec<Unit> {
    let service = include_str!("../../templates/units/wt-monitor.service");
    let text = filled(service, &systemd_word(start.program, true), &systemd_variables(start));
    vec![Unit { name: "wt-monitor.service", text }]
}

/// Returns its agent (launchd.plist(5)). Untested: no such machine was at hand.
#[must_use]
pub fn monitor_launchd(start: UnitStart<'_>) -> Vec<Unit> {
    let agent = include_str!("../../templates/units/wt-monitor.plist");
    vec![Unit {
        name: "wt-monitor.plist",
        text: filled(agent, &xml(start.program), &launchd_variables(start)),
    }]
}

fn systemd_variables(start: UnitStart<'_>) -> String {
    start.variables.iter().fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "Environment={}", systemd_word(&format!("{name}={value}"), false));
        lines
    })
}

fn launchd_variables(start: UnitStart<'_>) -> String {
    start.variables.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = write!(text, "<key>{}</key><string>{}</string>", xml(name), xml(value));
        text
    })
}

/// Returns the agent (launchd.plist(5)). Untested: no such machine was at hand.
#[must_use]
pub fn launchd(start: UnitStart<'_>) -> Vec<Unit> {
    let variables = launchd_variables(start);
    let agent = include_str!("../../templates/units/wt-health.plist");
    vec![Unit { name: "wt-health.plist", text: filled(agent, &xml(start.program), &variables) }]
}

/// Returns the line for crontab(5), without a line break.
#[must_use]
pub fn crontab(start: UnitStart<'_>) -> String {
    // A `%` ends the command there, unless a backslash stands before it.
    let word = |text: &str| quote_sh(text).replace('%', "\\%");
    let variables: String = start
        .variables
        .iter()
        .flat_map(|(name, value)| [name.clone(), "=".to_owned(), word(value), " ".to_owned()])
        .collect();
    let line = include_str!("../../templates/units/crontab");
    filled(line, &word(start.program), &variables).trim_end().to_owned()
}

fn filled(template: &str, program: &str, environment: &str) -> String {
    // The program first: a variable may hold anything.
    template.replace("{{ program }}", program).replace("{{ environment }}", environment)
}

/// A word in double quotes (systemd.syntax(7)); `%` begins a specifier and, in a command, `$` a variable.
fn systemd_word(text: &str, is_command: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('\n', "\\n");
    format!("\"{}\"", if is_command { text.replace('$', "$$") } else { text })
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd() -> Vec<(String, String)> {
        vec![("WT_STATE_DIR".to_owned(), "/a b/50%".to_owned())]
    }

    #[test]
    fn every_unit_is_known_as_ours_again_and_a_foreign_one_is_not() {
        let start = UnitStart { program: "/usr/bin/wt", variables: &[] };
        let place = Served::Port(7373);
        let serving = serve_systemd(start, &place, true, &[]).into_iter().chain(serve_launchd(start, &[]));
        for unit in systemd(start).into_iter().chain(launchd(start)).chain(serving) {
            assert!(is_ours(&unit.text) && !unit.text.contains("{{"), "{}", unit.text);
        }
        assert!(!is_ours("[Service]\nExecStart=x\n# Made by `wt health`\n") && !is_ours(""));
    }

    #[test]
    fn odd_paths_are_quoted_as_each_wants_it() {
        let start = UnitStart { program: "/my <wt>/$x %h\"/wt", variables: &odd() };
        let service = systemd(start).remove(0).text;
        assert!(service.contains(r#"ExecStart="/my <wt>/$$x %%h\"/wt" health"#), "{service}");
        assert!(service.contains("Environment=\"WT_STATE_DIR=/a b/50%%\"\n"), "{service}");
        let [socket, service] = &serve_systemd(
            start,
            &Served::Socket("/run/50%/wt".to_owned()),
            true,
            &["--config".to_owned(), "/a $b".to_owned()],
        )[..] else {
            panic!("two units")
        };
        assert!(socket.text.contains("ListenStream=/run/50%%/wt\nSocketMode=0600\n"), "{}", socket.text);
        let begin = r#"ExecStart="/my <wt>/$$x %%h\"/wt" serve"#;
        assert!(
            service.text.contains(begin) && service.text.contains(r#" "--config" "/a $$b""#),
            "{}",
            service.text
        );
        assert!(launchd(start)[0].text.contains("<string>/my &lt;wt&gt;/$x %h\"/wt</string>"));
        let line = crontab(start);
        assert!(
            line.starts_with("*/15 * * * * WT_STATE_DIR='/a b/50\\%' '/my <wt>/$x \\%h\"/wt' health"),
            "{line}"
        );
    }
}
