//! Which file names an item that another file defines, and the circles that come of it.
//!
//! An edge is a path (`use` or in the text) that leads to an item of another file, through re-exports.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Module, Route, modules};
use crate::require_none;

/// Returns the file that defines what the route leads to, and the item's name.
fn definition<'a>(
    modules: &'a BTreeMap<Route, Module>,
    route: &[String],
    depth: usize,
) -> Option<(&'a str, String)> {
    if depth > 16 {
        return None;
    }
    let mut at: Route = Vec::new();
    for (index, part) in route.iter().enumerate() {
        let module = modules.get(&at)?;
        let rest = &route[index + 1..];
        if module.children.contains(part) {
            at.push(part.clone());
        } else if module.items.contains(part) {
            return Some((&module.file, part.clone()));
        } else if let Some(target) = module.names.get(part) {
            return definition(modules, &[target.as_slice(), rest].concat(), depth + 1);
        } else {
            return module.globs.iter().find_map(|glob| {
                definition(modules, &[glob.as_slice(), &route[index..]].concat(), depth + 1)
            });
        }
    }
    None
}

/// For each file the files that it names, each with the items that it names of it.
type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn edges() -> Edges {
    let modules = modules();
    let tests: BTreeSet<Route> = modules
        .iter()
        .flat_map(|(route, module)| {
            module.tests.iter().map(|child| [route.as_slice(), std::slice::from_ref(child)].concat())
        })
        .collect();
    let is_test = |route: &Route| tests.iter().any(|test| route.starts_with(test));
    let mut edges = Edges::new();
    for (_, module) in modules.iter().filter(|(route, _)| !is_test(route)) {
        let named = edges.entry(module.file.clone()).or_default();
        for (file, item) in module.used.iter().filter_map(|route| definition(&modules, route, 0)) {
            if file != module.file {
                named.entry(file.to_owned()).or_default().insert(item);
            }
        }
    }
    edges
}

/// Returns the files that can be reached from one.
fn reach<'a>(edges: &'a Edges, from: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(file) = waiting.pop() {
        for next in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(next.as_str()) {
                waiting.push(next);
            }
        }
    }
    reached
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let edges = edges();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        edges.keys().map(|file| (file.as_str(), reach(&edges, file))).collect();
    let mut circles: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    for (file, targets) in reached.iter().filter(|(file, targets)| targets.contains(*file)) {
        circles.insert(targets.iter().copied().filter(|other| reached[other].contains(file)).collect());
    }
    let mut broken = Vec::new();
    for circle in &circles {
        broken.push(format!("a circle of {} files:", circle.len()));
        for file in circle {
            for (to, items) in edges[*file].iter().filter(|(to, _)| circle.contains(to.as_str())) {
                let items: Vec<&str> = items.iter().map(String::as_str).collect();
                broken.push(format!("    {file} -> {to}: {}", items.join(", ")));
            }
        }
    }
    require_none("Files must not name each other in a circle:", &broken);
}

#[test]
fn an_edge_leads_through_what_is_handed_on_to_the_file_that_defines_it() {
    let edges = edges();
    let names =
        |from: &str, to: &str, item: &str| edges[from].get(to).is_some_and(|items| items.contains(item));
    assert!(names("ops/remove/records.rs", "ops/remove/marking.rs", "mark_removing"));
    assert!(names("cli/remove.rs", "ops/remove/report.rs", "Removed"), "`ops::remove` hands it on");
}
