//! What a configuration says of a forge: its kind, and where it keeps the heads of pull requests.

/// The place of the number in the name of a ref.
const NUMBER: &str = "{number}";

/// A forge's kind, as far as `wt` cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// Asked by `gh`: `refs/pull/N/head`.
    Github,
    /// Asked by `glab`: `refs/merge-requests/N/head`.
    Gitlab,
    /// Gitea and Forgejo: `refs/pull/N/head`.
    Gitea,
    /// Bitbucket Data Center: `refs/pull-requests/N/from`. Bitbucket's own service has no such refs.
    Bitbucket,
}

/// The words of the configuration.
pub const KINDS: [&str; 4] = ["github", "gitlab", "gitea", "bitbucket"];

impl ForgeKind {
    /// Reads a word of the configuration.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        const ALL: [ForgeKind; 4] =
            [ForgeKind::Github, ForgeKind::Gitlab, ForgeKind::Gitea, ForgeKind::Bitbucket];
        KINDS.iter().position(|kind| *kind == word).map(|at| ALL[at])
    }

    /// Returns the ref of a pull request's head, with the place of its number.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Github | Self::Gitea => "refs/pull/{number}/head",
            Self::Gitlab => "refs/merge-requests/{number}/head",
            Self::Bitbucket => "refs/pull-requests/{number}/from",
        }
    }
}

/// One forge, by its host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forge {
    pub kind: Option<ForgeKind>,
    /// The ref of a pull request's head, with the place of its number.
    pub pull: Option<String>,
}

impl Forge {
    /// Returns the ref of pull request `number`; `usual` is the kind of a forge that nobody named.
    #[must_use]
    pub fn reference(&self, number: u64, usual: ForgeKind) -> String {
        let pattern = self.pull.as_deref().unwrap_or(self.kind.unwrap_or(usual).pattern());
        pattern.replace(NUMBER, &number.to_string())
    }
}

/// Answers whether the text names one ref for each number: as git-check-ref-format(1) has it.
#[must_use]
pub fn is_pattern(text: &str) -> bool {
    #[expect(
        clippy::case_sensitive_file_extension_comparisons,
        reason = "git refuses this ending of a ref as it is"
    )]
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let is_odd = |letter: char| letter.is_control() || letter.is_whitespace() || "~^:?*[\\".contains(letter);
    let text = match text.split_once(NUMBER) {
        Some((before, after)) if !after.contains(NUMBER) => format!("{before}1{after}"),
        _ => return false,
    };
    text.starts_with("refs/")
        && text.split('/').all(is_part)
        && !text.ends_with('.')
        && !text.contains("..")
        && !text.contains("@{")
        && !text.contains(is_odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_or_a_pattern_says_where_the_head_is() {
        let forge = |kind: &str, pull: Option<&str>| Forge {
            kind: ForgeKind::find(kind),
            pull: pull.map(str::to_owned),
        };
        for (kind, pull, reference) in [
            ("", None, "refs/pull/7/head"),
            ("github", None, "refs/pull/7/head"),
            ("gitea", None, "refs/pull/7/head"),
            ("gitlab", None, "refs/merge-requests/7/head"),
            ("bitbucket", None, "refs/pull-requests/7/from"),
            ("gitlab", Some("refs/reviews/{number}/tip"), "refs/reviews/7/tip"),
        ] {
            assert_eq!(forge(kind, pull).reference(7, ForgeKind::Github), reference, "{kind} {pull:?}");
        }
        assert_eq!(Forge::default().reference(7, ForgeKind::Gitlab), "refs/merge-requests/7/head");
    }

    #[test]
    fn a_pattern_names_one_ref_for_each_number() {
        for fine in ["refs/pull/{number}/head", "refs/changes/{number}", "refs/x/pr-{number}.a"] {
            assert!(is_pattern(fine), "{fine}");
        }
        for wrong in [
            "",
            "refs/pull/head",
            "pull/{number}/head",
            "refs/{number}/{number}",
            "refs/pull/{number}/",
            "refs//{number}",
            "refs/a:{number}",
            "refs/*/{number}",
            "refs/pull/{number}/head x",
            "refs/../{number}",
            "refs/.x/{number}",
            "refs/{number}.lock",
            "refs/{number}.",
            "refs/@{{number}",
            "refs/{number}\n",
            "-x{number}",
        ] {
            assert!(!is_pattern(wrong), "{wrong:?}");
        }
    }
}
