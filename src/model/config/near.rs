//! Where a repository's file may put new worktrees unasked: beside or below the main worktree, in a folder that everybody
//! sees. Files anywhere else could be what another program reads or runs.

use std::path::Path;

use serde_json::json;

use crate::model::plain_path::without_dots;
use crate::model::template;

/// The repository that a folder is near to.
#[derive(Clone, Copy, Debug)]
pub struct Centre<'a> {
    /// The main worktree.
    pub root: &'a Path,
    /// The folder that it stands in.
    pub parent: &'a Path,
    /// Its name in templates.
    pub name: &'a str,
}

impl Centre<'_> {
    /// Answers whether `path` (absolute) is below the main worktree, in the folder of its worktrees, or a visible folder
    /// beside it, one level deeper at most.
    #[must_use]
    pub fn is_near(&self, path: &Path) -> bool {
        let path = without_dots(path);
        if let Ok(inside) = path.strip_prefix(self.root) {
            let first = inside.components().next();
            return first.is_some_and(|first| !first.as_os_str().eq_ignore_ascii_case(".git"));
        }
        let Ok(beside) = path.strip_prefix(self.parent) else { return false };
        let parts: Vec<&str> = beside.iter().filter_map(|part| part.to_str()).collect();
        match parts[..] {
            [first, _, ..] if first == format!("{}.worktrees", self.name) => true,
            [one] | [one, _] if one.starts_with('.') => false,
            [_] => true,
            [_, two] => !two.starts_with('.'),
            _ => false,
        }
    }
}

/// Answers whether every folder that `template` can make is near: it has nothing but plain values in it.
#[must_use]
pub fn is_plainly_near(written: &str) -> bool {
    let is_plain = !written.contains("{%") && !written.contains(['|', '(', '~', '[']);
    let values = json!({
        "purpose": "purpose", "identifier": "identifier", "name": "name", "branch": "a/branch", "repo_name": "repo",
        "repo_parent": "/parent", "repo_path": "/parent/repo",
    });
    let (root, parent) = (Path::new("/parent/repo"), Path::new("/parent"));
    is_plain
        && template::render("worktree.path", written, &values)
            .is_ok_and(|path| Centre { root, parent, name: "repo" }.is_near(&root.join(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_near_beside_or_below_the_main_worktree_and_nowhere_else() {
        let centre = Centre { root: Path::new("/home/a/shop"), parent: Path::new("/home/a"), name: "shop" };
        for path in [
            "/home/a/shop.worktrees/x",
            "/home/a/shop.worktrees/x/y",
            "/home/a/shop-x",
            "/home/a/trees/x",
            "/home/a/shop/.worktrees/x",
            "/home/a/shop/../trees/x",
        ] {
            assert!(centre.is_near(Path::new(path)), "{path}");
        }
        for path in [
            "/home/a/.ssh",
            "/home/a/.local/lib",
            "/home/a/lib/python3/site-packages",
            "/home/a/shop",
            "/home/a/shop/.git/hooks",
            "/home/a/shop/x/../.GIT/hooks",
            "/home/a",
            "/home/a/shop/../../b",
            "/tmp/x",
            "/home/a/trees/.x",
        ] {
            assert!(!centre.is_near(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn a_template_is_plainly_near_where_nothing_in_it_can_decide_otherwise() {
        for template in
            ["../{{ repo_name }}-{{ name }}", ".worktrees/{{ name }}", "{{ repo_parent }}/trees/{{ name }}"]
        {
            assert!(is_plainly_near(template), "{template}");
        }
        for template in [
            "~/.ssh",
            "/tmp/{{ name }}",
            "../../x",
            "{% if name == 'x' %}/tmp/x{% else %}../x{% endif %}",
            "../{{ name | replace('x', '/') }}",
        ] {
            assert!(!is_plainly_near(template), "{template}");
        }
    }

    #[test]
    fn a_folder_beside_is_one_level_deep_at_most_and_two_are_seen() {
        let near = |path: &str| {
            let centre = Centre { root: Path::new("/p/shop"), parent: Path::new("/p"), name: "shop" };
            centre.is_near(Path::new(path))
        };
        for (path, is_near) in [
            ("/p/trees", true),
            ("/p/trees/x", true),
            ("/p/trees/x/y", false),
            ("/p/trees/.x", false),
            ("/p/.trees", false),
            ("/p/.trees/x", false),
            ("/p/shop.worktrees/.x", true),
            ("/p/shop.worktrees/x/y/z", true),
            ("/p/shop.worktrees", true),
            ("/p/other.worktrees/x/y", false),
            ("/p/shop/.git", false),
            ("/p/shop/x/.git", true),
        ] {
            assert_eq!(near(path), is_near, "{path}");
        }
    }
}
