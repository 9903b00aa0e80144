//! The tree that an index is: found without its entries as with them, whatever git wrote.

use super::sandbox::{Sandbox, write};
use crate::host::git_files::index::{IndexFile, find_index_words};

/// As text; what it is by reading all of it must be the same.
fn found(sandbox: &Sandbox) -> Option<String> {
    let index = sandbox.path("main/.git/index");
    let found = find_index_words(&index).and_then(|words| words.tree);
    let whole = IndexFile::read(&index).ok().filter(|index| !index.entries.is_empty());
    assert_eq!(found, whole.and_then(|index| index.tree?.tree));
    found.map(|id| id.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

#[test]
fn it_is_found_in_each_version_of_an_index_and_not_where_something_was_staged() {
    for version in ["2", "4"] {
        let sandbox = Sandbox::new();
        let long = format!("{}/file", std::iter::repeat_n("a".repeat(200), 22).collect::<Vec<_>>().join("/"));
        for path in ["folder/one", "folder/two", "x", "xx", "xxxxxxx", "xxxxxxxx"] {
            sandbox.commit(path, "content\n");
        }
        let blob = sandbox.git(&["hash-object", "-w", "file"]);
        sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{long}")]);
        sandbox.git(&["update-index", "--index-version", version]);
        assert_eq!(found(&sandbox), None, "{version}");
        let tree = sandbox.git(&["write-tree"]);
        assert_eq!(found(&sandbox), Some(tree.clone()), "{version}");
        write(&sandbox.path("main/new"), "new\n");
        sandbox.git(&["add", "--intent-to-add", "new"]);
        let _ = found(&sandbox);
        sandbox.git(&["rm", "-q", "--cached", "new"]);
        sandbox.git(&["read-tree", &tree]);
        sandbox.git(&["update-index", "--skip-worktree", "x"]);
        sandbox.git(&["write-tree"]);
        assert_eq!(found(&sandbox), Some(tree), "{version}");
        sandbox.git(&["update-index", "--add", "new"]);
        assert_eq!(found(&sandbox), None, "{version}");
    }
}

#[test]
fn an_empty_a_split_and_a_sparse_index_tell_none() {
    let sandbox = Sandbox::new();
    sandbox.commit("folder/one", "content\n");
    sandbox.git(&["read-tree", "HEAD"]);
    assert!(found(&sandbox).is_some());
    sandbox.git(&["update-index", "--split-index"]);
    assert_eq!(found(&sandbox), None);
    sandbox.git(&["update-index", "--no-split-index"]);
    sandbox.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "other"]);
    assert_eq!(found(&sandbox), None);
    sandbox.git(&["read-tree", "--empty"]);
    assert_eq!(found(&sandbox), None);
    std::fs::remove_file(sandbox.path("main/.git/index")).unwrap();
    assert_eq!(found(&sandbox), None);
}
