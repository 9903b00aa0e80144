//! Holds `docs/guarantees.md` against the tests: each promise names one, and each that is named is there and runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The words in backquotes that name a test: `FILE::TEST`.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|word| word.split_once("::"))
}

/// The tests of `tests/it` by their file, without those that nothing runs by itself but the heavy ones.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_file = |text: &str| {
        let mut is_test = false;
        let mut names = BTreeSet::new();
        for line in text.lines() {
            let function = line.strip_prefix("fn ").and_then(|rest| rest.split_once('('));
            if let (Some((name, _)), true) = (function, is_test) {
                names.insert(name.to_owned());
            }
            is_test = line == "#[test]" || (is_test && line.starts_with("#["));
        }
        names
    };
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, of_file(&fs::read_to_string(path).unwrap()))
    })
    .collect()
}

#[test]
fn every_promise_names_its_test_and_every_named_test_is_there() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guarantees.md");
    let text = fs::read_to_string(page).unwrap();
    let (promised, limits) = text.split_once("## What is not promised").unwrap();
    let tests = tests();
    let mut wrong = Vec::new();
    // A promise is one item of a list, which may go on in further lines.
    for promise in promised.split("\n- ").skip(1) {
        let promise = promise.split("\n\n").next().unwrap();
        if named(promise).next().is_none() {
            wrong.push(format!("no test holds: {promise}"));
        }
    }
    for (file, test) in named(promised).chain(named(limits)) {
        if !tests.get(file).is_some_and(|tests| tests.contains(test)) {
            wrong.push(format!("there is no test {file}::{test}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
