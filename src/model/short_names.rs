//! Short names of repositories, for labels and host names: the folder's name, with a number where another has it already.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;
use crate::model::repository_name;
use crate::model::template::label;

/// The short name of each repository of the registry, in the order in which they were recorded.
#[derive(Clone, Debug, Default)]
pub struct ShortNames(HashMap<RepositoryId, String>);

impl ShortNames {
    /// Gives each its name.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let recorded = registry.repositories.iter().map(|known| (&known.id, &*known.path));
        let of_entries = registry.entries().map(|entry| (&entry.repository_id, &*entry.repository));
        Self::given(recorded.chain(of_entries))
    }

    fn given<'a>(repositories: impl Iterator<Item = (&'a RepositoryId, &'a Path)>) -> Self {
        let mut names = HashMap::new();
        let mut taken = HashSet::new();
        for (id, path) in repositories {
            if names.contains_key(id) {
                continue;
            }
            let name = of_folder(path);
            let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
            let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
            let free = free.unwrap_or(name);
            taken.insert(free.clone());
            names.insert(id.clone(), free);
        }
        Self(names)
    }

    /// Returns the name of a repository; empty for one that is not recorded.
    #[must_use]
    pub fn name(&self, id: &RepositoryId) -> &str {
        self.0.get(id).map_or("", String::as_str)
    }
}

impl ShortNames {
    /// Returns the repository of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&RepositoryId> {
        self.0.iter().find(|(_, known)| *known == name).map(|(id, _)| id)
    }
}

/// Returns what the repository in `folder` would be called if it were the only one.
#[must_use]
pub fn of_folder(folder: &Path) -> String {
    label(&repository_name::of_unopened(folder)).unwrap_or_else(|| "repository".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_folders_and_whoever_came_later_gets_a_number() {
        let ids: Vec<RepositoryId> = (0..5).map(|number| RepositoryId(number.to_string())).collect();
        let paths = ["/a/shop", "/b/shop", "/srv/shop.git", "/c/shop-2", "/"];
        let names =
            ShortNames::given(ids.iter().zip(paths.map(Path::new)).chain([(&ids[0], Path::new("/z"))]));
        let told: Vec<&str> = ids.iter().map(|id| names.name(id)).collect();
        assert_eq!(told, ["shop", "shop-2", "shop-3", "shop-2-2", "repository"]);
        assert_eq!(names.name(&RepositoryId("x".to_owned())), "");
    }
}
