//! The servers that people really run, several at once, in two worktrees of one repository.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use wt::door::kin;

use crate::support::Sandbox;
use crate::support::services::{Fleet, is_running, kill};
use crate::support::skip::skip;
use crate::support::wait::{end_of, until};

fn has(sandbox: &Sandbox, program: &str) -> bool {
    let output = sandbox.program(program, &sandbox.path("")).arg("--version").output();
    output.is_ok_and(|done| done.status.success())
}

fn postgres_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin"));
    versions.filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists()).max()
}

/// PostgreSQL refuses to run as root, and wants a folder of its own user.
fn database(data: &Path, programs: &Path) -> String {
    let user = if rustix::process::geteuid().is_root() {
        "setpriv --reuid=postgres --regid=postgres --clear-groups "
    } else {
        ""
    };
    let (data, programs) = (data.display(), programs.display());
    format!(
        "[service.db]
setup = \"{user}{programs}/initdb -U postgres --auth=trust --no-sync -D {data}/{{{{ name }}}}\"
run = \"{user}{programs}/postgres -D {data}/{{{{ name }}}} -p {{{{ port }}}} -c unix_socket_directories= -c fsync=off\"
health = {{ postgres = {{}} }}
stop = {{ signal = \"INT\", timeout = \"20s\" }}
"
    )
}

const OTHERS: &str = r#"
[service.cache]
run = "redis-server --port {{ port }} --save '' --bind 127.0.0.1"
health = { redis = {} }
restart = { policy = "on-failure", max = 3, backoff = "20ms" }

[service.api]
run = "python3 -m http.server {{ port }} --bind 127.0.0.1"
health = { http = "/" }
depends_on = ["db", "cache"]

[service.web]
run = '''node -e "require('http').createServer((q, s) => s.end('web')).listen(+process.argv[1])" {{ port }}'''
health = { http = "/" }
depends_on = ["api"]
"#;

fn marker(fleet: &Fleet<'_>) -> String {
    let name = fleet.folder.file_name().unwrap().to_str().unwrap();
    let entry = fleet.sandbox.living().into_iter().find(|entry| entry["name"] == name).unwrap();
    format!("{}/{name}", entry["repository_id"].as_str().unwrap())
}

#[test]
fn databases_and_servers_run_in_two_worktrees_at_once_and_leave_nothing() {
    let sandbox = Sandbox::new();
    let Some(programs) = postgres_programs() else { return skip("no PostgreSQL") };
    if let Some(missing) = ["redis-server", "node", "setpriv"].iter().find(|program| !has(&sandbox, program))
    {
        return skip(&format!("no {missing}"));
    }
    // Its own user must get there, and the sandbox lets nobody in.
    let data = tempfile::tempdir().unwrap();
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let config = database(data.path(), &programs) + OTHERS;
    let (one, two) = (sandbox.fleet("one", &config), sandbox.fleet("two", &config));
    let start = |fleet: &Fleet<'_>| sandbox.command(&fleet.folder, &["up", "-q"]).spawn().unwrap();
    let mut starts = [start(&one), start(&two)];
    assert!(starts.iter_mut().all(|start| end_of(start).success()), "{}", one.wt(&["logs"]).shown());
    let names = ["db", "cache", "api", "web"];
    for fleet in [&one, &two] {
        for name in names {
            assert_eq!(fleet.state(name), ("ready".to_owned(), String::new()), "{name}");
        }
    }
    let ports: std::collections::BTreeSet<u16> =
        [&one, &two].iter().flat_map(|fleet| names.map(|name| fleet.port(name))).collect();
    assert_eq!(ports.len(), 8);
    // One cache dies and comes back; nobody else notices.
    let (killed, others) =
        (one.pid("cache"), [one.pid("db"), one.pid("web"), two.pid("cache"), two.pid("db")]);
    kill(killed);
    until("the cache is back", || {
        let service = one.service("cache");
        service["state"] == "ready" && service["pid"] != killed
    });
    assert!(others.into_iter().all(is_running));
    let markers = [marker(&one), marker(&two)];
    assert!(markers.iter().all(|marker| kin::of_worktree(marker, &[], None).unwrap().len() >= 8));
    one.wt(&["down"]).ok();
    assert!(kin::of_worktree(&markers[0], &[], None).unwrap().is_empty());
    assert_eq!(two.state("db").0, "ready");
    two.wt(&["down"]).ok();
    assert!(kin::of_worktree(&markers[1], &[], None).unwrap().is_empty());
    // What was set up once is there the next time.
    one.wt(&["up", "db"]).ok();
    assert!(one.wt(&["logs", "db"]).stdout.contains("ready to accept connections"));
}
