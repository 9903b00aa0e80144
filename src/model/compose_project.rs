//! The name under which Docker Compose keeps the containers of a worktree: no two worktrees of one user share it, also not
//! those of two clones with the same name.

use super::registry::entry::Entry;
use crate::model::repository_name;

/// Digits of the repository's id that tell its names from those of another clone.
const DIGITS: usize = 6;

/// Returns the usual name: lower-case letters, digits, `-` and `_`, a letter or digit first (Compose accepts no other).
#[must_use]
pub fn usual(repository: &str, name: &str) -> String {
    let joined = format!("{repository}-{name}").to_lowercase();
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
    let mapped: String = joined.chars().map(|letter| if fits(letter) { letter } else { '-' }).collect();
    mapped.trim_start_matches(['-', '_']).to_owned()
}

/// Returns the name under which Compose itself keeps the containers of the folder called `folder`, where none of `others` has
/// it: the main worktree's ran before `wt` knew of it
/// (<https://docs.docker.com/compose/how-tos/project-name/>).
#[must_use]
pub fn of_folder(folder: &str, others: &[&Entry]) -> Option<String> {
    let fits =
        |letter: &char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(*letter);
    let kept: String = folder.to_lowercase().chars().filter(fits).collect();
    let own = kept.trim_start_matches(['-', '_']).to_owned();
    let has = |other: &&Entry| find_chosen(other).map_or_else(|| usual_of(other), str::to_owned) == own;
    (!own.is_empty() && !others.iter().any(has)).then_some(own)
}

/// Returns the name that was chosen for an entry, where the usual one was taken.
#[must_use]
pub fn find_chosen(entry: &Entry) -> Option<&str> {
    entry.notes.compose_project.text()
}

/// Chooses another name for `entry` where one of `others` has the usual one. A worktree that is made again keeps the name
/// that it had.
pub fn choose(entry: &mut Entry, others: &[&Entry]) {
    if find_chosen(entry).is_some() {
        return;
    }
    let is_former = |other: &Entry| other.repository_id == entry.repository_id && other.name == entry.name;
    let is_taken = |wanted: &str| {
        let mut others = others.iter().filter(|other| !is_former(other));
        others.any(|other| find_chosen(other).map_or_else(|| usual_of(other), str::to_owned) == wanted)
    };
    let usual = usual_of(entry);
    if !is_taken(&usual) {
        return;
    }
    let digits: String = entry.repository_id.0.chars().take(DIGITS).collect();
    let own = format!("{usual}-{digits}");
    let own = if is_taken(&own) { format!("{own}-{}", entry.sequence) } else { own };
    entry.notes.compose_project.write(&own);
}

fn usual_of(entry: &Entry) -> String {
    usual(&repository_name::of(&entry.repository, true), &entry.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::registry::repository::RepositoryId;

    fn entry(repository: &str, id: &str, name: &str) -> Entry {
        Entry {
            repository: repository.into(),
            repository_id: RepositoryId(id.to_owned()),
            name: name.to_owned(),
            ..sample::entry(name, 7, &[])
        }
    }

    fn settled(mut entry: Entry, others: &[Entry]) -> Option<String> {
        choose(&mut entry, &others.iter().collect::<Vec<_>>());
        find_chosen(&entry).map(str::to_owned)
    }

    #[test]
    fn a_project_is_lower_case_and_begins_with_a_letter_or_digit() {
        assert_eq!(usual("My.Shop", "feature-GH_42"), "my-shop-feature-gh_42");
        assert_eq!(usual("_x", "y"), "x-y");
    }

    #[test]
    fn only_who_comes_second_gets_another_name() {
        let first = entry("/a/shop", "aaaaaaaaaa", "feature-x");
        assert_eq!(settled(first.clone(), &[]), None);
        let others = [first.clone()];
        assert_eq!(settled(entry("/a/shop", "aaaaaaaaaa", "feature-y"), &others), None);
        assert_eq!(
            settled(entry("/b/shop", "bbbbbbbbbb", "feature-x"), &others).as_deref(),
            Some("shop-feature-x-bbbbbb")
        );
        assert_eq!(settled(first, &others), None, "a worktree that is made again keeps its name");
    }

    #[test]
    fn the_main_worktree_has_the_name_that_compose_gives_its_folder() {
        assert_eq!(of_folder("My.Shop", &[]).as_deref(), Some("myshop"));
        assert_eq!(of_folder("_...", &[]), None);
        let other = entry("/a/my", "aaaaaaaaaa", "shop");
        assert_eq!(of_folder("my-shop", &[&other]), None, "somebody else's");
    }

    #[test]
    fn names_that_only_look_alike_to_compose_are_told_apart() {
        let others =
            [entry("/a/shop", "aaaaaaaaaa", "feature-x.1"), entry("/a/shop", "aaaaaaaaaa", "feature-X-1")];
        let second = entry("/a/shop", "aaaaaaaaaa", "feature-x-1");
        assert_eq!(settled(second, &others).as_deref(), Some("shop-feature-x-1-aaaaaa"));
        let bare = [entry("/a/shop.git", "aaaaaaaaaa", "x")];
        assert!(settled(entry("/b/shop/.bare", "bbbbbbbbbb", "x"), &bare).is_some());
    }
}
