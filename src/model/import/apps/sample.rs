//! A repository made up of a few files, for the tests of finding apps.

use super::tree::{AppFolder, Tree, is_read, join};

/// A repository of these files; those whose path ends in `!` are ignored by git.
pub fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    tree.folders.insert(String::new(), AppFolder::default());
    for (path, text) in files {
        let (path, is_ignored) = path.strip_suffix('!').map_or((*path, false), |path| (path, true));
        if is_ignored {
            tree.ignored.push(path.to_owned());
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut above = String::new();
        for part in folder.split('/').filter(|part| !part.is_empty()) {
            tree.folders.get_mut(&above).unwrap().names.insert(part.to_owned());
            above = join(&above, part);
            tree.folders
                .entry(above.clone())
                .or_insert_with(|| AppFolder { path: above.clone(), ..AppFolder::default() });
        }
        let folder = tree.folders.get_mut(folder).unwrap();
        folder.names.insert(name.to_owned());
        if is_read(name) {
            folder.texts.insert(name.to_owned(), (*text).to_owned());
        }
    }
    tree
}
