//! What a repository is called: its folder's name. A bare one goes without `.git`, and one in a hidden folder (`proj/.bare`)
//! by the folder around that. Where several may have one name `short_names` tells them apart.

use std::path::Path;

/// Returns the name of the repository at `root`, of which it is known whether it is bare.
#[must_use]
pub fn of(root: &Path, is_bare: bool) -> String {
    let folder = root.parent().filter(|_| is_bare && is_hidden(root)).unwrap_or(root);
    let name = file_name(folder);
    match name.strip_suffix(".git") {
        Some(stem) if is_bare && !stem.is_empty() => stem.to_owned(),
        _ => name,
    }
}

/// Returns the name of a repository that nobody opens for it: bare is what is called as bare ones are, `shop.git` or `.bare`.
#[must_use]
pub fn of_unopened(root: &Path) -> String {
    let name = file_name(root);
    of(root, name.strip_suffix(".git").is_some() || name == ".bare")
}

/// Answers whether the repository at `root` may be called `name`, before it is opened to know.
#[must_use]
pub fn may_be(root: &Path, name: &str) -> bool {
    [true, false].into_iter().any(|is_bare| of(root, is_bare) == name)
}

fn is_hidden(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn file_name(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_repository_is_called_as_people_call_it_and_any_other_as_its_folder() {
        for (root, bare, other, unopened) in [
            ("/p/shop", "shop", "shop", "shop"),
            ("/p/shop.git", "shop", "shop.git", "shop"),
            ("/p/shop/.bare", "shop", ".bare", "shop"),
            ("/p/shop/.git", "shop", ".git", "shop"),
            ("/home/me/.dotfiles", "me", ".dotfiles", ".dotfiles"),
            ("/", "", "", ""),
        ] {
            let root = Path::new(root);
            assert_eq!((&*of(root, true), &*of(root, false)), (bare, other), "{}", root.display());
            assert_eq!(of_unopened(root), unopened, "{}", root.display());
            assert!(may_be(root, bare) && may_be(root, other) && !may_be(root, "else"));
        }
    }
}
