//! Pull requests as they are asked for: `pr:12`, `mr:3` or the address of the page; which remote serves one, and what the local
//! branch is called.

use std::collections::BTreeMap;

use super::branch::is_object_id;
use super::forge::{Forge, ForgeKind};

/// Where a forge keeps the heads of what others ask to be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullKind {
    /// GitHub, Gitea, Forgejo, Bitbucket.
    Pull,
    /// GitLab.
    Merge,
}

/// A repository's place: the host in small letters, and the path without slashes at its ends and without `.git`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgePlace {
    pub host: String,
    pub path: String,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPull {
    pub kind: PullKind,
    pub number: u64,
    /// The page, where that was given, and whose it is.
    pub page: Option<(String, ForgePlace)>,
}

impl WantedPull {
    /// Reads a word of the command line; `None` for what means something else, the error says what is wrong.
    pub fn parse(word: &str) -> Option<Result<Self, String>> {
        let numbered = |kind, text: &str| match number(text) {
            Some(number) => Ok(Self { kind, number, page: None }),
            None => Err(format!("`{}` is not the number of a pull request", text.escape_debug())),
        };
        if let Some(text) = word.strip_prefix("pr:") {
            return Some(numbered(PullKind::Pull, text));
        }
        if let Some(text) = word.strip_prefix("mr:") {
            return Some(numbered(PullKind::Merge, text));
        }
        let is_page = word.starts_with("https://") || word.starts_with("http://");
        is_page.then(|| {
            page(word).ok_or_else(|| format!("`{}` is not the page of a pull request", word.escape_debug()))
        })
    }

    /// Returns the kind of the forge that serves it.
    #[must_use]
    pub fn served_by(&self, forge: &Forge) -> ForgeKind {
        let usual = if self.kind == PullKind::Merge { ForgeKind::Gitlab } else { ForgeKind::Github };
        forge.kind.unwrap_or(usual)
    }

    /// Returns the ref on the remote.
    #[must_use]
    pub fn reference(&self, forge: &Forge) -> String {
        forge.reference(self.number, self.served_by(forge))
    }

    /// Returns the words by which it goes: `pr-12`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}-{}", self.prefix(), self.number)
    }

    /// Returns the branch that is always its own: `pr/12`.
    #[must_use]
    pub fn own_branch(&self) -> String {
        format!("{}/{}", self.prefix(), self.number)
    }

    fn prefix(&self) -> &'static str {
        if self.kind == PullKind::Merge { "mr" } else { "pr" }
    }
}

/// Reads a number as forges count them: without a sign, without zeros before it, from 1 on.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

fn page(word: &str) -> Option<WantedPull> {
    let plain = word.split(['?', '#']).next()?;
    let place = ForgePlace::of(plain)?;
    let words: Vec<&str> = place.path.split('/').collect();
    let at = |name: &str| words.iter().position(|word| *word == name);
    let wanted = |kind, before: usize, behind: usize| {
        let number = number(words.get(behind)?)?;
        let path = words.get(..before).filter(|path| path.len() > 1)?.join("/");
        let place = ForgePlace { host: place.host.clone(), path };
        Some(WantedPull { kind, number, page: Some((word.to_owned(), place)) })
    };
    if let Some(at) = at("merge_requests") {
        let before = if at > 0 && words.get(at - 1) == Some(&"-") { at - 1 } else { at };
        return wanted(PullKind::Merge, before, at + 1);
    }
    let at = at("pull").or_else(|| at("pulls")).or_else(|| at("pull-requests"))?;
    wanted(PullKind::Pull, at, at + 1)
}

impl ForgePlace {
    /// Reads a remote's URL: `https://host/path`, `ssh://user@host:22/path`, `user@host:path`; `None` for one that names no host.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let (authority, path) = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?,
            // As git reads it: no slash before the colon.
            None => url.split_once(':').filter(|(before, _)| !before.contains('/'))?,
        };
        let host = authority.rsplit('@').next()?;
        let host =
            host.rsplit_once(':').filter(|(_, port)| number(port).is_some()).map_or(host, |(host, _)| host);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let is_whole = !host.is_empty() && !path.is_empty();
        is_whole.then(|| Self { host: host.to_ascii_lowercase(), path: path.to_owned() })
    }

    /// Answers whether both are one repository. Forges take capitals for small letters; Bitbucket's pages are elsewhere than
    /// what git is given (`/projects/P/repos/R`, `/scm/P/R.git`).
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.host == other.host && self.plain().eq_ignore_ascii_case(&other.plain())
    }

    fn plain(&self) -> String {
        match self.path.split('/').collect::<Vec<_>>()[..] {
            ["projects", project, "repos", name] | ["scm", project, name] => format!("{project}/{name}"),
            _ => self.path.clone(),
        }
    }
}

/// A remote with its URLs: as written, and as git has them after `url.*.insteadOf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    pub name: String,
    pub urls: Vec<String>,
}

impl Remote {
    /// Returns what the configuration says of the forge, by the host of its URLs.
    #[must_use]
    pub fn forge(&self, hosts: &BTreeMap<String, Forge>) -> Forge {
        let mut places = self.urls.iter().filter_map(|url| ForgePlace::of(url));
        places.find_map(|place| hosts.get(&place.host)).cloned().unwrap_or_default()
    }
}

/// Chooses the remote that serves what is wanted; `None` where none does.
#[must_use]
pub fn choose<'a>(
    wanted: &WantedPull,
    remotes: &'a [Remote],
    configured: Option<&str>,
) -> Option<&'a Remote> {
    let named = |name: &str| remotes.iter().find(|remote| remote.name == name);
    if let Some((_, place)) = &wanted.page {
        let serves = |remote: &&Remote| {
            remote.urls.iter().filter_map(|url| ForgePlace::of(url)).any(|own| own.is(place))
        };
        return remotes.iter().find(serves);
    }
    if let Some(configured) = configured {
        return named(configured);
    }
    match remotes {
        [only] => Some(only),
        _ => named("upstream").or_else(|| named("origin")),
    }
}

/// Returns the URL of a fork: that of the repository with another owner and name. Both are a stranger's words.
#[must_use]
pub fn fork_url(base: &str, owner: &str, name: &str) -> Option<String> {
    let is_plain = |word: &str| {
        !word.is_empty()
            && !word.starts_with(['.', '-'])
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if !is_plain(owner) || !is_plain(name) {
        return None;
    }
    let plain = base.trim_end_matches('/');
    let ending = if plain.strip_suffix(".git").is_some() { ".git" } else { "" };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let (rest, _) = plain.rsplit_once('/')?;
    let at = rest.rfind(['/', ':'])? + 1;
    Some(format!("{}{owner}/{name}{ending}", &rest[..at]))
}

/// What the names of local branches may clash with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchNames {
    pub local: Vec<String>,
    /// Branches of the remotes, short.
    pub of_remotes: Vec<String>,
    /// Default branches of the remotes, and what is usually one.
    pub defaults: Vec<String>,
    pub remotes: Vec<String>,
}

/// Answers whether the local branch may bear the name of the branch that the pull request comes from. A stranger chose that
/// name: it must be taken for nothing else.
#[must_use]
pub fn may_bear(name: &str, names: &BranchNames, is_foreign: bool) -> bool {
    let clashes = |other: &String| {
        let (one, other) = (name.to_lowercase(), other.to_lowercase());
        one == other || one.starts_with(&format!("{other}/")) || other.starts_with(&format!("{one}/"))
    };
    let is_odd = name.is_empty()
        || name.starts_with('-')
        || name.to_lowercase().starts_with("refs/")
        || ["head", "fetch_head", "orig_head", "merge_head", "@"].contains(&name.to_lowercase().as_str())
        || is_object_id(name);
    let is_of_remote = names.remotes.iter().any(|remote| name.starts_with(&format!("{remote}/")));
    let is_default = names.defaults.iter().any(|default| default.eq_ignore_ascii_case(name));
    let is_taken = names.local.iter().any(clashes) || is_foreign && names.of_remotes.iter().any(clashes);
    !(is_odd || is_of_remote || is_default || is_taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(word: &str) -> Option<WantedPull> {
        WantedPull::parse(word)?.ok()
    }

    #[test]
    fn a_number_or_a_page_is_read_and_all_else_is_refused_or_means_something_else() {
        for (word, kind, number) in [
            ("pr:12", PullKind::Pull, 12),
            ("mr:3", PullKind::Merge, 3),
            ("https://github.com/o/r/pull/7", PullKind::Pull, 7),
            ("https://github.com/o/r/pull/7/files?w=1#x", PullKind::Pull, 7),
            ("https://GitLab.com/g/s/r/-/merge_requests/45/diffs", PullKind::Merge, 45),
            ("http://gitea.example:3000/o/r/pulls/9", PullKind::Pull, 9),
            ("https://bb.example/projects/P/repos/r/pull-requests/5/overview", PullKind::Pull, 5),
        ] {
            let found = wanted(word).unwrap_or_else(|| panic!("{word}"));
            assert_eq!((found.kind, found.number), (kind, number), "{word}");
        }
        for word in [
            "pr:",
            "pr:0",
            "pr:-1",
            "pr:+1",
            "pr:01",
            "pr:x",
            "pr:99999999999999999999",
            "https://x/y",
            "https://github.com/o/r/pull/x",
        ] {
            assert!(WantedPull::parse(word).unwrap().is_err(), "{word}");
        }
        for word in ["login", "pr-12", "pr/12", "PR:1"] {
            assert!(WantedPull::parse(word).is_none(), "{word}");
        }
    }

    #[test]
    fn a_remote_serves_a_page_only_where_whole_host_and_path_agree() {
        let remote = |name: &str, url: &str| Remote { name: name.to_owned(), urls: vec![url.to_owned()] };
        let remotes = [
            remote("origin", "git@github.com:me/r.git"),
            remote("upstream", "ssh://git@GitHub.com:22/o/R.git/"),
            remote("evil", "https://github.com.evil.example/o/r"),
            remote("borrowed", "https://evil.example/@github.com/o/r"),
        ];
        let page = wanted("https://github.com/o/r/pull/7").unwrap();
        assert_eq!(choose(&page, &remotes, Some("origin")).unwrap().name, "upstream");
        assert_eq!(choose(&page, &remotes[2..], None), None);
        let page = wanted("https://bb.example/projects/P/repos/r/pull-requests/5").unwrap();
        let remotes_there = ["https://bb.example/scm/p/r.git", "ssh://git@bb.example:7999/p/r.git"];
        for url in remotes_there {
            assert!(choose(&page, &[remote("origin", url)], None).is_some(), "{url}");
        }
        assert_eq!(choose(&page, &[remote("origin", "https://bb.example/scm/q/r.git")], None), None);
        let plain = wanted("pr:7").unwrap();
        assert_eq!(choose(&plain, &remotes, None).unwrap().name, "upstream");
        assert_eq!(choose(&plain, &remotes[..1], None).unwrap().name, "origin");
        assert_eq!(choose(&plain, &remotes, Some("evil")).unwrap().name, "evil");
        assert_eq!(choose(&plain, &remotes, Some("none")), None);
        assert_eq!(choose(&plain, &remotes[2..], None), None);
    }

    #[test]
    fn a_forks_url_is_the_repositorys_with_another_owner() {
        for (base, url) in [
            ("https://github.com/o/r.git", Some("https://github.com/alice/x.git")),
            ("https://github.com/o/r", Some("https://github.com/alice/x")),
            ("git@github.com:o/r.git", Some("git@github.com:alice/x.git")),
            ("r.git", None),
        ] {
            assert_eq!(fork_url(base, "alice", "x").as_deref(), url, "{base}");
        }
        for owner in ["", "..", "-x", "a/b", "a b", "a\nb"] {
            assert_eq!(fork_url("https://h/o/r", owner, "x"), None, "{owner:?}");
        }
    }

    #[test]
    fn a_strangers_branch_never_bears_a_name_that_is_taken_for_something_else() {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let names = BranchNames {
            local: texts(&["feature/login", "Docs"]),
            of_remotes: texts(&["release", "fix/a"]),
            defaults: texts(&["main", "trunk"]),
            remotes: texts(&["origin"]),
        };
        for (name, as_foreign, as_own) in [
            ("patch-1", true, true),
            ("release", false, true),
            ("Release", false, true),
            ("fix", false, true),
            ("docs", false, false),
            ("docs/x", false, false),
            ("feature", false, false),
            ("main", false, false),
            ("Trunk", false, false),
            ("HEAD", false, false),
            ("head", false, false),
            ("@", false, false),
            ("-x", false, false),
            ("refs/heads/x", false, false),
            ("origin/x", false, false),
            ("", false, false),
        ] {
            assert_eq!(may_bear(name, &names, true), as_foreign, "{name}");
            assert_eq!(may_bear(name, &names, false), as_own, "{name}");
        }
    }

    #[test]
    fn the_forge_of_a_remote_is_what_the_configuration_says_of_its_host() {
        let hosts: BTreeMap<String, Forge> =
            [("git.example", ForgeKind::Gitlab), ("gh.example", ForgeKind::Github)]
                .map(|(host, kind)| (host.to_owned(), Forge { kind: Some(kind), ..Forge::default() }))
                .into();
        for (urls, kind) in [
            (&["https://git.example/o/r"][..], Some(ForgeKind::Gitlab)),
            (&["/srv/r", "git@GH.example:o/r"], Some(ForgeKind::Github)),
            (&["https://other.example/o/r"], None),
            (&[], None),
        ] {
            let remote =
                Remote { name: "origin".to_owned(), urls: urls.iter().map(ToString::to_string).collect() };
            let forge = remote.forge(&hosts);
            assert_eq!(forge.kind, kind, "{urls:?}");
            for (word, usual) in [("pr:1", ForgeKind::Github), ("mr:1", ForgeKind::Gitlab)] {
                let served = wanted(word).unwrap().served_by(&forge);
                assert_eq!(served, kind.unwrap_or(usual), "{urls:?} {word}");
            }
        }
    }

    #[test]
    fn a_pull_request_goes_by_its_kind_and_number() {
        for (word, label, branch) in [("pr:12", "pr-12", "pr/12"), ("mr:3", "mr-3", "mr/3")] {
            let pull = wanted(word).unwrap();
            assert_eq!((pull.label().as_str(), pull.own_branch().as_str()), (label, branch));
        }
    }

    #[test]
    fn a_page_says_whose_repository_it_is_of() {
        for (word, host, path) in [
            ("https://github.com/o/r/pull/7/files?w=1#x", "github.com", "o/r"),
            ("https://GitLab.com/g/s/r/-/merge_requests/45/diffs", "gitlab.com", "g/s/r"),
            ("https://gitlab.com/g/r/merge_requests/4", "gitlab.com", "g/r"),
            (
                "https://me@bb.example:7990/projects/P/repos/r/pull-requests/5",
                "bb.example",
                "projects/P/repos/r",
            ),
        ] {
            let place = ForgePlace { host: host.to_owned(), path: path.to_owned() };
            assert_eq!(wanted(word).unwrap().page, Some((word.to_owned(), place)), "{word}");
        }
        for word in [
            "https://h/merge_requests/4",
            "https://h/r/pull/7",
            "https://h/-/merge_requests/4",
            "https://h/pull/7",
            "https://h/o/r/pull",
        ] {
            assert_eq!(wanted(word), None, "{word}");
        }
    }
}
