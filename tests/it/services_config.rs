//! The configuration of services: what is wrong is refused before anything runs, with the line it stands on.

use crate::support::{Sandbox, git};

/// Asserts that `text` as the repository's `.wt.toml` is refused, the message naming `words`.
#[track_caller]
fn assert_invalid(text: &str, words: &[&str]) {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".wt.toml", text);
    let error = sandbox.refused(&["create", "x", "--ports"], "config_invalid");
    let message = error["message"].as_str().unwrap();
    for word in [&[".wt.toml:"], words].concat() {
        assert!(message.contains(word), "{word:?} is not named: {error}");
    }
    assert!(error["details"]["line"].is_number(), "{error}");
    sandbox.wt(&["create", "y"]).exits(2);
}

#[test]
fn a_cycle_is_named_with_its_path() {
    assert_invalid(
        "[service.a]\nrun = \"x\"\ndepends_on = [\"b\"]\n[service.b]\nrun = \"x\"\ndepends_on = [\"a\"]\n",
        &[".wt.toml:3:", "a -> b -> a"],
    );
    assert_invalid("[service.a]\nrun = \"x\"\ndepends_on = [\"a\"]\n", &[":3:", "a -> a"]);
}

#[test]
fn a_service_that_is_needed_and_not_there_is_named() {
    let text =
        "[service.api]\nrun = \"x\"\n\n[service.web]\nrun = \"x\"\ndepends_on = { apy = \"started\" }\n";
    assert_invalid(text, &[":6:", "service.web.depends_on", "`apy`"]);
    assert_invalid(
        "[service.db]\nports = \"45000\"\n[service.web]\nrun = \"x\"\ndepends_on = [\"db\"]\n",
        &[":5:", "`db` cannot be started"],
    );
}

#[test]
fn a_folder_outside_of_the_worktree_is_named() {
    assert_invalid("[service.web]\nrun = \"x\"\nfolder = \"../other\"\n", &[":3:", "../other"]);
    assert_invalid("[service.web]\nrun = \"x\"\nfolder = \"/srv\"\n", &[":3:", "/srv"]);
}

#[test]
fn a_value_that_does_not_exist_is_named() {
    assert_invalid("[service.web]\nrun = \"serve {{ prt }}\"\n", &[":2:", "`prt`"]);
    assert_invalid("[service.web]\nsetup = \"seed {{ ports.bd }}\"\n", &[":2:", "`ports.bd`"]);
    assert_invalid("[service.web]\nrun = \"sh -c 'serve\"\n", &[":2:", "not closed"]);
}

#[test]
fn a_port_in_the_command_of_a_service_that_has_none_is_named() {
    let jobs = "[service.jobs]\nlistens = false\n";
    assert_invalid(
        &format!("{jobs}run = \"work {{{{ port }}}}\"\n"),
        &[":3:", "`{{ port }}`", "`listens = false`"],
    );
    assert_invalid(
        &format!("{jobs}run = \"work\"\nsetup = \"seed {{{{ url }}}}\"\n"),
        &[":4:", "`{{ url }}`"],
    );
    let health = "health = { command = \"ask {{ port }}\" }\n";
    assert_invalid(&format!("{jobs}run = \"work\"\n{health}"), &[":4:", "`{{ port }}`"]);
}

#[test]
fn a_command_beside_a_compose_service_is_one_too_many() {
    assert_invalid("[service.db]\nrun = \"x\"\ncompose = \"db\"\n", &[":3:", "`run`"]);
    assert_invalid("[service.db]\ncompose = \"db\"\nsocket = \"activate\"\n", &[":3:", "socket"]);
}

#[test]
fn a_port_has_one_owner() {
    assert_invalid(
        "[service.a]\nrun = \"x\"\nextra_ports = [\"debug\"]\n[service.b]\nrun = \"x\"\nextra_ports = [\"debug\"]\n",
        &[":6:", "`a`"],
    );
    assert_invalid("[service.a]\nrun = \"x\"\nextra_ports = [\"a\"]\n", &[":3:", "`a`"]);
}

#[test]
fn every_key_of_a_service_is_shown_with_its_line() {
    let sandbox = Sandbox::new();
    let text = "[service.db]\nrun = \"postgres -D .pg -p {{ port }}\"\nsetup = \"initdb -D .pg\"\n\
        health = { postgres = {} }\nstop = { signal = \"INT\", timeout = \"10s\" }\n\n[service.api]\n\
        run = \"cargo run -- --port {{ port }} --db {{ ports.db }}\"\ndepends_on = [\"db\"]\n\
        restart = { policy = \"on-failure\", max = 3, backoff = \"500ms\" }\nfolder = \"server\"\n\n[service.web]\n\
        run = \"npm run dev -- --port {{ port }}\"\ndepends_on = { api = \"started\", db = \"completed\" }\n\
        socket = \"activate\"\ncritical = false\nextra_ports = [\"web-debug\"]\n";
    git::write(&sandbox.repo(), ".wt.toml", text);
    let shown = sandbox.json(&["config", "show", "service"]);
    let values = shown["values"].as_array().unwrap();
    let of = |key: &str| values.iter().find(|value| value["key"] == key).unwrap();
    assert_eq!(of("service.db.stop")["value"]["signal"], "INT");
    assert!(of("service.web.depends_on")["origin"].as_str().unwrap().ends_with(".wt.toml:15"), "{shown}");
    assert_eq!(of("service.web.extra_ports")["value"][0], "web-debug");
    assert_eq!(values.len(), 13, "{shown}");
}

#[test]
fn a_folder_that_leads_out_through_a_link_is_refused_and_nothing_runs() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("/", sandbox.repo().join("out")).unwrap();
    let text = "\n[service.web]\nrun = \"python3 -m http.server {{ port }}\"\nfolder = \"out/tmp\"\n";
    git::write(&sandbox.repo(), ".wt.toml", text);
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "link"]);
    sandbox.wt(&["create", "x", "--ports"]).ok();
    sandbox.wt(&["--yes", "trust"]).ok();
    let error = sandbox.refused_in(&sandbox.worktree("feature-x"), &["up"], "config_invalid");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(".wt.toml:4:") && message.contains("leads out of the worktree"), "{error}");
    git::write(&sandbox.repo(), ".wt.toml", &text.replace("out/tmp", "nowhere"));
    sandbox.refused_in(&sandbox.worktree("feature-x"), &["up"], "config_invalid");
}

#[test]
fn a_service_with_several_ports_gets_them_by_value_and_by_variable() {
    let sandbox = Sandbox::new();
    let script = "import http.server, os, sys, threading\n\
        ports = [sys.argv[1], sys.argv[2]]\n\
        assert ports == [os.environ['PORT'], os.environ['WEB_DEBUG_PORT']], ports\n\
        print('both', flush=True)\n\
        for port in ports:\n    \
        server = http.server.HTTPServer(('', int(port)), http.server.SimpleHTTPRequestHandler)\n    \
        threading.Thread(target=server.serve_forever).start()\n";
    git::write(&sandbox.repo(), "two.py", script);
    let text = "[service.web]\nrun = \"python3 two.py {{ port }} {{ ports.web_debug }}\"\n\
        extra_ports = [\"web-debug\"]\n";
    git::write(&sandbox.repo(), ".wt.toml", text);
    sandbox.git(&sandbox.repo(), &["add", "-A"]);
    sandbox.git(&sandbox.repo(), &["commit", "-qm", "two"]);
    sandbox.wt(&["create", "x"]).ok();
    sandbox.wt(&["--yes", "trust"]).ok();
    let folder = sandbox.worktree("feature-x");
    let up = sandbox.json_in(&folder, &["up"]);
    assert_eq!(up["allocated"].as_array().unwrap().len(), 2, "{up}");
    sandbox.wt_in(&folder, &["logs"]).ok().answers(&["both"]);
    sandbox.wt_in(&folder, &["down"]).ok();
}

#[test]
fn a_file_named_with_config_runs_under_its_own_approval() {
    let sandbox = Sandbox::new();
    let text = "[service.job]\nrun = \"sh -c 'echo SAID; exec sleep 600'\"\nlistens = false\n";
    git::write(&sandbox.repo(), ".wt.toml", text);
    git::write(&sandbox.path("elsewhere"), "x.toml", &text.replace("SAID", "other"));
    sandbox.wt(&["create", "x"]).ok();
    sandbox.wt(&["--yes", "trust"]).ok();
    let folder = sandbox.worktree("feature-x");
    let file = sandbox.path("elsewhere/x.toml");
    let named = ["--config", file.to_str().unwrap()];
    sandbox.refused_in(&folder, &[&named[..], &["up"]].concat(), "untrusted");
    sandbox.wt(&[&named[..], &["--yes", "trust"]].concat()).ok();
    sandbox.wt_in(&folder, &[&named[..], &["up"]].concat()).ok();
    sandbox.wt_in(&folder, &["logs"]).ok().answers(&["other"]);
    sandbox.wt_in(&folder, &["down"]).ok();
}

#[test]
fn what_cannot_start_on_demand_is_named() {
    let start = "[service.web]\nstart = \"on-demand\"\n";
    for (text, words) in [
        (format!("{start}compose = \"web\"\n"), &[":2:", "a container is not started on demand"][..]),
        (format!("{start}run = \"x\"\nlistens = false\n"), &[":2:", "does not listen"]),
        (format!("{start}run = \"x\"\ninstances = 2\n"), &[":2:", "`instances`"]),
        (format!("{start}run = \"x\"\nidle_stop = \"500ms\"\n"), &[":4:", "service.web.idle_stop"]),
        ("[service.web]\nrun = \"x\"\nidle_stop = \"15m\"\n".to_owned(), &[":3:", "no request would start"]),
        ("[service.web]\nstart = \"never\"\n".to_owned(), &[":2:", "service.web.start"]),
    ] {
        assert_invalid(&text, words);
    }
}
