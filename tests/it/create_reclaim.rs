//! A range that is full: `--reclaim` and `ports.reclaim_after` take a port over that was idle for long, and no other.

use crate::support::Sandbox;

/// The ports of the purpose `hotfix`, of which there is one, by worktree.
fn owners(sandbox: &Sandbox) -> Vec<String> {
    let living = sandbox.living().into_iter();
    let with_port = living.filter(|entry| !entry["allocations"].as_array().unwrap().is_empty());
    with_port.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_idle_port_is_taken_over_only_where_that_is_wanted_and_for_long_enough_and_comes_back_when_it_is_free() {
    let sandbox = Sandbox::new();
    let create = |name: &str, more: &[&str]| {
        let words = [&["create", name, "--purpose", "hotfix", "--ports=1"], more].concat();
        sandbox.wt(&words)
    };
    create("old", &[]).ok();
    sandbox.refused(&["create", "new", "--purpose", "hotfix", "--ports=1"], "range_exhausted");
    create("new", &["--reclaim"]).exits(1).says(&["no free port", "1 is used or given within the last day"]);
    sandbox.wt(&["create", "bare", "--reclaim"]).ok().says(&["none are asked for"]);
    sandbox.configure("[ports]\nreclaim_after = \"30d\"\n");
    create("new", &[]).exits(1).says(&["no free port"]);
    assert_eq!(owners(&sandbox), ["hotfix-old"]);

    sandbox.configure("[ports]\nreclaim_after = \"0s\"\n");
    create("new", &["--reclaim"]).ok().says(&["over from `hotfix-old`"]);
    assert_eq!(owners(&sandbox), ["hotfix-new"]);
    let env = std::fs::read_to_string(sandbox.worktree("hotfix-old").join(".env")).unwrap_or_default();
    assert!(!env.contains("PORT="), "{env}");
    let told = sandbox.json(&["ports", "history"]);
    let event = told["events"].as_array().unwrap().iter().find(|event| event["event"] == "port_reclaimed");
    let event = event.unwrap_or_else(|| panic!("{told}"));
    assert_eq!((&event["from"], &event["to"]), (&"hotfix-old".into(), &"hotfix-new".into()), "{event}");
    assert_eq!(event["by"]["command"], "create", "{event}");

    // A create that fails for another reason takes nothing with it.
    let git = |words: &[&str]| sandbox.git(&sandbox.repo(), words);
    std::fs::write(sandbox.repo().join(".git/info/attributes"), "* filter=broken\n").unwrap();
    git(&["config", "filter.broken.required", "true"]);
    git(&["config", "filter.broken.smudge", "false"]);
    let failed = create("failing", &[]).exits(1);
    assert!(failed.stderr.contains("gave port") && owners(&sandbox) == ["hotfix-new"], "{}", failed.shown());
    let env = std::fs::read_to_string(sandbox.worktree("hotfix-new").join(".env")).unwrap();
    assert!(env.contains("PORT="), "{env}");
    std::fs::remove_file(sandbox.repo().join(".git/info/attributes")).unwrap();

    // Locked, it is nobody's to take.
    sandbox.git(&sandbox.repo(), &["worktree", "lock", "../proj.worktrees/hotfix-new"]);
    create("third", &[]).exits(1).says(&["no free port", "1 is of a locked worktree"]);
    sandbox.git(&sandbox.repo(), &["worktree", "unlock", "../proj.worktrees/hotfix-new"]);

    sandbox.wt(&["remove", "hotfix-new", "--force"]).ok();
    sandbox.wt(&["ports", "allocate", "--worktree", "hotfix-old", "--service", "web"]).ok();
    assert_eq!(owners(&sandbox), ["hotfix-old"]);

    // Two are missing and one is idle: nobody loses anything.
    for name in ["one", "two"] {
        sandbox.wt(&["create", name, "--purpose", "bugfix", "--ports=1"]).ok();
    }
    sandbox.git(&sandbox.repo(), &["worktree", "lock", "../proj.worktrees/bugfix-two"]);
    sandbox
        .wt(&["create", "three", "--purpose", "bugfix", "--ports=2"])
        .exits(1)
        .says(&["2 are needed and only 1 could be had"]);
    assert_eq!(owners(&sandbox), ["hotfix-old", "bugfix-one", "bugfix-two"]);
    sandbox.wt(&["create", "three", "--purpose", "bugfix", "--ports=1"]).ok();
    assert_eq!(owners(&sandbox), ["hotfix-old", "bugfix-two", "bugfix-three"]);
}
