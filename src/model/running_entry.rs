//! What runs in a worktree, as the team sees it in its etcd: a row that a lease ends where nobody writes it anew, so that it never
//! outlives the machine by much. It frees and holds nothing.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::claim_ref::encoded;
use super::lapse::is_past;
use super::port::Port;
use super::registry::repository::RepositoryId;

/// Where they stand: one below each host, repository, clone of it and worktree.
pub const PREFIX: &str = "refs/wt/running/";

/// How long one stands that nobody writes anew, in seconds.
pub const LASTS: u32 = 15 * 60;

/// How old one may become where nothing changes.
pub const RENEWED: SignedDuration = SignedDuration::from_mins(5);

/// The services of one worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningWords {
    pub host_id: String,
    pub host: String,
    pub user: String,
    pub repository: String,
    /// Which of the host's clones of the repository: each writes its own rows, and takes away no other's.
    pub repository_id: RepositoryId,
    pub worktree: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    pub at: Timestamp,
    pub services: Vec<RunningService>,
}

/// One service. Its state is a word that a newer program may have more of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningService {
    pub service: String,
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What the names of a host's rows of one clone begin with.
#[must_use]
pub fn of_clone(host_id: &str, repository: &str, id: &RepositoryId) -> String {
    format!("{PREFIX}{}/{}/{}/", encoded(host_id), encoded(repository), encoded(&id.0))
}

/// Returns the name of a row.
#[must_use]
pub fn reference(words: &RunningWords) -> String {
    let clone = of_clone(&words.host_id, &words.repository, &words.repository_id);
    format!("{clone}{}", encoded(&words.worktree))
}

/// What is to be done so that the rows say what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunningChange<'a> {
    pub written: Vec<&'a RunningWords>,
    pub dropped: Vec<String>,
}

/// Decides it: `runs` is what runs now, `standing` what stands of this clone, by name.
#[must_use]
pub fn change<'a>(
    runs: &'a [RunningWords],
    standing: &[(String, Option<RunningWords>)],
    now: Timestamp,
) -> RunningChange<'a> {
    let is_told = |words: &RunningWords| {
        let name = reference(words);
        let known = standing.iter().find(|(known, _)| *known == name).and_then(|(_, known)| known.as_ref());
        known.is_some_and(|known| {
            !is_past(now, known.at, RENEWED) && RunningWords { at: known.at, ..words.clone() } == *known
        })
    };
    let written = runs.iter().filter(|words| !is_told(words)).collect();
    let names: Vec<String> = runs.iter().map(reference).collect();
    let gone = standing.iter().map(|(name, _)| name).filter(|name| !names.contains(name));
    RunningChange { written, dropped: gone.cloned().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(worktree: &str, state: &str, at: i64) -> RunningWords {
        let service = RunningService {
            service: "web".to_owned(),
            state: state.to_owned(),
            port: Port::new(5000),
            url: Some("http://localhost:5000".to_owned()),
        };
        RunningWords {
            host_id: "m-1".to_owned(),
            host: "laptop".to_owned(),
            user: "ana".to_owned(),
            repository: "example.org/shop".to_owned(),
            repository_id: RepositoryId("a1".to_owned()),
            worktree: worktree.to_owned(),
            branch: None,
            at: Timestamp::from_second(at).unwrap(),
            services: vec![service],
        }
    }

    #[test]
    fn two_clones_of_one_repository_on_one_host_have_rows_of_their_own() {
        let (one, id) = (words("login", "ready", 1000), RepositoryId("b2".to_owned()));
        let other = RunningWords { repository_id: id.clone(), ..one.clone() };
        assert_ne!(reference(&one), reference(&other));
        assert!(!reference(&one).starts_with(&of_clone(&one.host_id, &one.repository, &id)));
    }

    #[test]
    fn a_row_is_written_where_something_changed_or_it_grows_old_and_dropped_where_nothing_runs() {
        let (login, search) = (words("login", "ready", 1000), words("search", "ready", 1000));
        let standing = |words: &RunningWords| (reference(words), Some(words.clone()));
        assert_eq!(standing(&login).0, "refs/wt/running/m-1/example%2Eorg%2Fshop/a1/login");
        let all = [standing(&login), standing(&search)];
        let now = |second| Timestamp::from_second(second).unwrap();
        let same = [words("login", "ready", 1010), words("search", "ready", 1010)];
        assert_eq!(change(&same, &all, now(1010)), RunningChange::default());
        let old = change(&same, &all, now(1000 + RENEWED.as_secs()));
        assert_eq!((old.written.len(), old.dropped.len()), (2, 0));
        let other = [words("login", "unhealthy", 1010)];
        let changed = change(&other, &all, now(1010));
        assert_eq!(changed.written, [&other[0]]);
        assert_eq!(changed.dropped, [reference(&search)]);
        // What cannot be read is written anew; so is what says to come from the future.
        let strange = [(reference(&login), None)];
        assert_eq!(change(&same[..1], &strange, now(1010)).written.len(), 1);
        assert_eq!(change(&same, &all, now(1)).written.len(), 2);
    }
}
