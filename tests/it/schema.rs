//! `wt schema`: the schema of each command's answers, in the program and without a repository.

use serde_json::Value;

use crate::support::Sandbox;

#[test]
fn each_command_has_its_schema_and_a_mistaken_word_its_near_one() {
    let sandbox = Sandbox::without_repository();
    let home = sandbox.path("home");
    let listed = sandbox.wt_in(&home, &["schema"]).ok().stdout;
    let known = sandbox.json_in(&home, &["schema"]);
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        known["commands"].as_array().unwrap().iter().collect::<Vec<_>>()
    );
    for command in ["create", "ports check", "schema"] {
        assert!(listed.lines().any(|line| line == command), "{listed}");
        let words: Vec<&str> = std::iter::once("schema").chain(command.split(' ')).collect();
        let text = sandbox.wt_in(&home, &words).ok().stdout;
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let answers = schema["anyOf"].as_array().unwrap();
        assert!(answers.iter().all(|answer| answer["properties"]["command"]["const"] == command), "{text}");
        assert_eq!(sandbox.json_in(&home, &words)["json_schema"], schema);
    }
    for (words, near) in [
        (&["schema", "crate"][..], "wt schema create"),
        (&["schema", "ports", "chek"], "wt schema ports check"),
    ] {
        let error = sandbox.refused_in(&home, words, "usage");
        assert!(error["hint"].as_str().unwrap().contains(near), "{error}");
    }
    for words in [&["schema", "quite-another"][..], &["schema", "ports", "check", "5000"]] {
        sandbox.refused_in(&home, words, "usage");
    }
}

#[test]
fn the_words_of_the_commands_are_completed() {
    let sandbox = Sandbox::without_repository();
    let offered = |index: &str, words: &[&str]| {
        let line = [&["__complete", "--shell", "bash", "--index", index, "--"], words].concat();
        sandbox.wt_in(&sandbox.path("home"), &line).ok().stdout
    };
    assert!(offered("2", &["wt", "schema", "res"]).lines().any(|word| word == "restore"));
    assert!(offered("3", &["wt", "schema", "ports", "che"]).lines().any(|word| word == "check"));
}
