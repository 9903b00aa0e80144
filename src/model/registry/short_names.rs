//! A name for each repository that fits into an address and tells two of them apart: its folder's, as a label of DNS.

use std::collections::HashSet;
use std::path::Path;

use super::repository::RepositoryId;
use super::table::Registry;
use crate::model::template::filters::label;

/// Returns the name of each repository on record, in the order in which they were first recorded: `shop`, and `shop-2` for the
/// second of that name.
#[must_use]
pub fn short_names(registry: &Registry) -> Vec<(RepositoryId, String)> {
    let mut taken = HashSet::new();
    let named = registry.repositories.iter().map(|known| {
        let wanted = of_folder(&known.path);
        let mut name = wanted.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{wanted}-{number}");
            number += 1;
        }
        (known.id.clone(), name)
    });
    named.collect()
}

/// Returns what the repository in `folder` would be called if it were the only one.
#[must_use]
pub fn of_folder(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(&name);
    // A name of which no letter fits has none.
    label(name).unwrap_or_else(|_| "repository".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Map;

    use super::*;
    use crate::model::registry::note::Gone;
    use crate::model::registry::repository::RepositoryRecord;

    #[test]
    fn two_folders_of_one_name_are_told_apart_and_a_bare_repository_loses_its_ending() {
        let mut registry = Registry::default();
        for (index, path) in ["/a/shop", "/b/Shop", "/c/api.git", "/d/shop"].into_iter().enumerate() {
            registry.repositories.push(RepositoryRecord {
                id: RepositoryId(index.to_string()),
                path: PathBuf::from(path),
                common_dir: PathBuf::from(path),
                device: 0,
                inode: 0,
                hooks_wanted: false,
                gone: Gone::default(),
                extra: Map::default(),
            });
        }
        let names: Vec<String> = short_names(&registry).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names[0], "shop");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 4, "{names:?}");
        assert_eq!(of_folder(Path::new("/c/api.git")), "api");
        assert_eq!(of_folder(Path::new("/")), "repository");
    }
}
