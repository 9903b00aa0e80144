//! Env files: where the block goes, one for each service that asks, further variables, and all of it together or not at all.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Sandbox, git, skip};

const CONFIG: &str = "[purpose.feature]\nservices = [\"web\", \"api\"]\nports = \"{range}\"\n\
    [env.set]\nVITE_API_URL = \"{{ urls.api }}/v1\"\nDATABASE_NAME = \"app_{{ name | db }}\"\n\
    PG_DSN = \"postgres://localhost:{{ ports.db }}\"\n\
    [service.api]\nenv_file = \"server/.env\"\n[service.db]\nhealth = { postgres = {} }\n";

/// A repository with a folder `server`, and a configuration with two env files.
fn two_files(more: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "server/main.py", "x\n");
    sandbox.commit(&sandbox.repo(), "server");
    sandbox.configure(&(CONFIG.replace("{range}", &sandbox.feature_range()) + more));
    sandbox
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn has(text: &str, line: &str) -> bool {
    text.lines().any(|known| known == line)
}

fn files(answer: &Value) -> Vec<(String, bool)> {
    let files = answer["env_files"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let name = |file: &Value| {
        let path = PathBuf::from(file["path"].as_str().unwrap());
        let folder = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        format!("{folder}/{}", path.file_name().unwrap().to_string_lossy())
    };
    files.iter().map(|file| (name(file), file["changed"] == true)).collect()
}

#[test]
fn every_file_has_the_block_and_a_services_own_its_own_port() {
    let sandbox = two_files("");
    let answer = sandbox.json(&["create", "login", "--ports"]);
    let folder = sandbox.worktree("feature-login");
    let (web, api) = (sandbox.port(0), sandbox.port(1));
    let (main, own) = (read(&folder.join(".env")), read(&folder.join("server/.env")));
    assert!(has(&main, &format!("PORT={web}")) && has(&own, &format!("PORT={api}")), "{main}\n{own}");
    for text in [&main, &own] {
        assert!(has(text, &format!("VITE_API_URL=http://localhost:{api}/v1")), "{text}");
        assert!(
            has(text, "DATABASE_NAME=app_feature_login") && has(text, &format!("WEB_PORT={web}")),
            "{text}"
        );
        assert!(!text.contains("PG_DSN"), "{text}");
    }
    assert_eq!(files(&answer), [("feature-login/.env".to_owned(), true), ("server/.env".to_owned(), true)]);
    assert_eq!(answer["env_files"][1]["service"], "api");
    assert_eq!(answer["env_left_out"][0], serde_json::json!({ "variable": "PG_DSN", "service": "db" }));
    assert!(answer["warnings"].to_string().contains("PG_DSN (db)"), "{answer}");
    assert_eq!(sandbox.status(&folder), "", "both are ignored");
    // The same everywhere: what is checked, printed, and what a command sees.
    sandbox.wt(&["env", "login", "--check"]).ok();
    let again = sandbox.json(&["env", "login"]);
    assert!(files(&again).iter().all(|(_, changed)| !changed) && again["warnings"].is_null(), "{again}");
    let run = sandbox.wt_in(&folder, &["run", "--", "sh", "-c", "echo $PORT $DATABASE_NAME"]).ok();
    assert_eq!(run.stdout, format!("{web} app_feature_login\n"));
    sandbox.wt(&["env", "login", "--format", "sh"]).ok().answers(&["DATABASE_NAME='app_feature_login'"]);
    // A port that is given up later is taken out of both.
    sandbox.wt(&["ports", "release", &web.to_string()]).ok();
    let (main, own) = (read(&folder.join(".env")), read(&folder.join("server/.env")));
    assert!(!main.contains("WEB_PORT") && !own.contains("WEB_PORT"), "{main}\n{own}");
    // Only our block is in them: nothing is lost.
    sandbox.wt(&["remove", "login"]).ok();
    sandbox.wt(&["restore", "login"]).ok();
    sandbox.wt(&["env", "login", "--check"]).ok();
    fs::write(folder.join("server/.env"), read(&folder.join("server/.env")) + "MINE=1\n").unwrap();
    let refused = sandbox.refused(&["remove", "login"], "dirty");
    assert!(refused.to_string().contains("server/.env"), "{refused}");
}

#[test]
fn what_drifts_in_any_file_is_found_and_mended() {
    let sandbox = two_files("");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let own = folder.join("server/.env");
    let block = read(&own);
    fs::write(&own, block.replace("DATABASE_NAME=app", "DATABASE_NAME=other") + "PORT=1\n").unwrap();
    sandbox.wt(&["env", "login", "--check"]).exits(1).answers(&["server/.env is not current"]);
    let found = sandbox.wt(&["validate", "--json"]).json();
    for (code, words) in
        [("env-drift", "server/.env has drifted"), ("env-duplicate", "`server/.env` sets PORT")]
    {
        let is_it =
            |finding: &&Value| finding["code"] == code && finding["message"].to_string().contains(words);
        assert!(
            found["findings"].as_array().unwrap().iter().any(|finding| is_it(&finding)),
            "{code}: {found}"
        );
    }
    sandbox.wt(&["validate", "--fix"]);
    assert_eq!(read(&own), block.clone() + "PORT=1\n");
    fs::remove_file(&own).unwrap();
    let found = sandbox.wt(&["validate", "--json"]).json();
    assert!(found.to_string().contains("server/.env has no block of ours"), "{found}");
    sandbox.wt(&["env", "login"]).ok();
    assert_eq!(read(&own), block);
    // A tracked file is named, and nothing is written anywhere.
    sandbox.git(&folder, &["add", "-f", "server/.env"]);
    let refused = sandbox.refused(&["env", "login"], "env_tracked");
    assert!(refused["hint"].as_str().unwrap().contains("service.api.env_file"), "{refused}");
    let found = sandbox.wt(&["validate", "--json"]).json();
    assert!(found.to_string().contains("git tracks server/.env"), "{found}");
}

#[test]
fn a_file_that_is_none_any_more_loses_its_block_and_nothing_else() {
    let sandbox = two_files("");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    fs::write(folder.join(".env"), format!("A=1\n{}B=2\n", read(&folder.join(".env")))).unwrap();
    let more = "[env]\nfile = \".env.local\"\n";
    let without = CONFIG.replace("env_file = \"server/.env\"\n", "url = \"http://x:{{ port }}\"\n");
    sandbox.configure(
        &(without
            .replace("{range}", &sandbox.feature_range())
            .replace("[env.set]\n", &format!("{more}[env.set]\n"))),
    );
    let found = sandbox.wt(&["validate", "--json"]).json();
    for path in [".env", "server/.env"] {
        assert!(
            found.to_string().contains(&format!("{path} has a block of ours, and is to have none")),
            "{found}"
        );
    }
    sandbox.wt(&["validate", "--fix"]).ok();
    assert_eq!(read(&folder.join(".env")), "A=1\nB=2\n");
    assert!(!folder.join("server/.env").exists(), "only our block was in it");
    assert!(read(&folder.join(".env.local")).contains("WT_NAME=feature-login"));
    assert_eq!(sandbox.living()[0]["env_files"], serde_json::json!([".env.local"]));
    sandbox.wt(&["env", "login", "--check"]).ok();
    // The lines of files that nobody uses any more go from the exclude file with the last worktree.
    fs::remove_file(folder.join(".env")).unwrap();
    sandbox.wt(&["remove", "login"]).ok();
    let exclude = read(&sandbox.repo().join(".git/info/exclude"));
    assert!(!exclude.contains("/.env"), "{exclude}");
}

#[test]
fn a_tracked_env_leads_to_a_file_beside_it_and_two_to_a_refusal_that_names_the_key() {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), ".env", "SECRET=1\n");
    sandbox.commit(&sandbox.repo(), "env");
    let answer = sandbox.json(&["create", "login", "--ports"]);
    let folder = sandbox.worktree("feature-login");
    assert!(answer["warnings"].to_string().contains("`.env.local`"), "{answer}");
    assert_eq!(read(&folder.join(".env")), "SECRET=1\n");
    assert!(read(&folder.join(".env.local")).contains("WT_NAME=feature-login"));
    assert_eq!(sandbox.status(&folder), "");
    sandbox.wt(&["validate"]).ok();
    let again = sandbox.json(&["env", "login"]);
    assert!(again["warnings"].is_null(), "said once: {again}");
    // What cannot be ignored is no place for it.
    git::write(&sandbox.repo(), ".gitignore", "!.env.local\n");
    sandbox.commit(&sandbox.repo(), "not ignored");
    let refused = sandbox.refused(&["create", "cart", "--ports"], "env_tracked");
    assert!(refused["hint"].as_str().unwrap().contains("env.file"), "{refused}");
    git::write(&sandbox.repo(), ".env.local", "A=1\n");
    sandbox.commit(&sandbox.repo(), "both");
    let refused = sandbox.refused(&["create", "cart", "--ports"], "env_tracked");
    assert!(refused["hint"].as_str().unwrap().contains("env.file"), "{refused}");
    assert_eq!(sandbox.living().len(), 1);
    sandbox.configure("[env]\nfile = \".wt.env\"\n");
    sandbox.wt(&["create", "cart", "--ports"]).ok();
    assert!(read(&sandbox.worktree("feature-cart").join(".wt.env")).contains("WT_NAME=feature-cart"));
}

#[test]
fn a_strangers_name_hides_no_file_of_the_main_worktree_and_its_addresses_lead_here_until_trusted() {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    let config = "[service.web]\nenv_file = \"main.py\"\n";
    fs::write(repo.join(".wt.toml"), config).unwrap();
    fs::write(repo.join("main.py"), "work\n").unwrap();
    let error = sandbox.refused(&["create", "one", "--ports"], "permission");
    assert!(error["message"].as_str().unwrap().contains("main.py"), "{error}");
    assert!(sandbox.git(&repo, &["status", "--porcelain"]).contains("?? main.py"));
    fs::write(
        repo.join(".wt.toml"),
        "[env.set]\nPIP_INDEX_URL = \"http://evil/simple\"\nDOCKER_HOST = \"tcp://evil:2375\"\n\
         API_URL = \"{{ urls.web }}/api\"\nDATABASE_URL = \"postgres://localhost:{{ ports.web }}/a\"\n\
         [service.npm-registry]\nurl = \"http://evil/\"\n",
    )
    .unwrap();
    sandbox.wt(&["create", "two", "--ports=web,npm-registry"]).ok();
    let folder = sandbox.worktree("feature-two");
    let block = fs::read_to_string(folder.join(".env")).unwrap();
    assert!(
        !block.contains("evil") && block.contains("API_URL=") && block.contains("DATABASE_URL="),
        "{block}"
    );
    sandbox.wt(&["trust", "--yes"]).ok();
    sandbox.wt_in(&folder, &["env"]).ok();
    assert_eq!(fs::read_to_string(folder.join(".env")).unwrap().matches("evil").count(), 3);
}

#[test]
fn a_missing_folder_is_said_and_found() {
    let sandbox = Sandbox::new();
    sandbox.configure(&CONFIG.replace("{range}", &sandbox.feature_range()));
    let answer = sandbox.json(&["create", "login", "--ports"]);
    assert!(answer["warnings"].to_string().contains("`server/.env` gets no env block"), "{answer}");
    assert!(!sandbox.worktree("feature-login").join("server").exists());
    let found = sandbox.wt(&["validate", "--json"]).json();
    assert!(found.to_string().contains("its folder is not there"), "{found}");
    sandbox.wt(&["env", "login", "--check"]).ok();
}

#[test]
fn one_file_that_cannot_be_written_leaves_all_as_they_were() {
    let sandbox = two_files("");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let (main, own) = (folder.join(".env"), folder.join("server/.env"));
    let block = read(&main);
    let stale = block.replace("DATABASE_NAME=app", "DATABASE_NAME=stale");
    let outside = sandbox.path("outside");
    fs::create_dir_all(&outside).unwrap();
    let obstacles: [(&str, &dyn Fn()); 4] = [
        ("a pipe", &|| {
            let made = sandbox.program("mkfifo", &folder).arg(&own).status().unwrap();
            assert!(made.success());
        }),
        ("a folder", &|| fs::create_dir(&own).unwrap()),
        ("a link", &|| symlink(outside.join("x"), &own).unwrap()),
        ("one marker", &|| fs::write(&own, "A=1\n# >>> wt >>>\n").unwrap()),
    ];
    for (name, obstacle) in obstacles {
        fs::write(&main, &stale).unwrap();
        drop(fs::remove_file(&own));
        obstacle();
        let run = sandbox.wt(&["env", "login"]).exits(if name == "one marker" { 2 } else { 1 });
        assert_eq!(read(&main), stale, "{name}: {}", run.shown());
        assert!(run.stderr.contains("server/.env"), "{}", run.shown());
        let found = sandbox.wt(&["validate", "--json"]).json();
        assert!(found.to_string().contains("server/.env is left alone"), "{name}: {found}");
        drop(fs::remove_file(&own));
        drop(fs::remove_dir(&own));
    }
    // The folder leads out of the worktree: refused, and a create is undone.
    sandbox.wt(&["env", "login"]).ok();
    fs::remove_dir_all(sandbox.repo().join("server")).unwrap();
    symlink(&outside, sandbox.repo().join("server")).unwrap();
    sandbox.commit(&sandbox.repo(), "a link");
    sandbox.refused(&["create", "cart", "--ports"], "permission");
    assert!(!sandbox.worktree("feature-cart").exists() && fs::read_dir(&outside).unwrap().next().is_none());
    assert_eq!(sandbox.living().len(), 1);
}

#[test]
fn a_full_disk_between_two_files_leaves_both_as_they_were() {
    let sandbox = two_files("");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    let script = "mount -t tmpfs -o size=16k tmpfs \"$1/server\" && \
        printf 'A=1\\n' > \"$1/server/.env\" && dd if=/dev/zero of=\"$1/server/fill\" bs=1k 2>/dev/null; \
        sed -i 's/DATABASE_NAME=app/DATABASE_NAME=stale/' \"$1/.env\"; cp \"$1/.env\" \"$1/before\"; \
        \"$0\" env login; status=$?; cmp \"$1/.env\" \"$1/before\" && cat \"$1/server/.env\" && \
        mount -o remount,ro \"$1/server\" && \"$0\" env login; cmp \"$1/.env\" \"$1/before\" && exit $status";
    let mut shell = sandbox.program("unshare", &folder);
    shell.args(["-m", "sh", "-c", script, env!("CARGO_BIN_EXE_wt")]).arg(&folder);
    let probe = sandbox.program("unshare", &folder).args(["-m", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("needs `unshare -m`, which only root may");
    }
    let output = shell.output().unwrap();
    let shown = format!("{output:?}");
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "A=1\n", "{shown}");
    let mut left = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.all(|name| !name.to_string_lossy().starts_with("..env.wt-")), "a draft is left");
}

#[test]
fn a_create_that_dies_between_two_files_is_undone_or_finished() {
    let sandbox = two_files("");
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    // As a process that is gone left it: recorded as being created, one of two blocks written, a draft beside the other.
    let commit = sandbox.git(&folder, &["rev-parse", "HEAD"]);
    let creating = format!(
        r#""state":"creating","process":{{"pid":4194303,"started":1}},"journal":{{"token":"dead","commit":"{}","env":true}}"#,
        commit.trim()
    );
    let registry = read(&sandbox.state().join("registry.json"));
    git::write(&sandbox.state(), "registry.json", &registry.replace(r#""state":"active""#, &creating));
    fs::remove_file(folder.join(".env")).unwrap();
    fs::write(folder.join("..env.wt-4194303-0123abcd"), "PORT=").unwrap();
    sandbox.wt(&["list"]).ok();
    let living = sandbox.living();
    if living.is_empty() {
        assert!(!folder.exists());
    } else {
        assert_eq!(living[0]["state"], "active");
        sandbox.wt(&["env", "login", "--check"]).ok();
        assert_eq!(sandbox.status(&folder), "", "no draft is left");
    }
}
