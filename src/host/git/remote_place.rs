//! Where a remote is asked, and where pushes to it go: with `pushurl`, `url.*.pushInsteadOf` or several URLs these differ
//! (git-config(1), git-push(1)).

use super::repository::Repository;
use crate::error::Result;
use crate::model::claim_ref::repository_name;

/// The places that one name of a remote stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemotePlace {
    /// One place, whether it is asked or pushed to.
    Named,
    /// One repository with two addresses: it is asked at the one that pushes go to.
    At(String),
    /// What is pushed there is not seen by whoever asks.
    Apart { asked: String, pushed: Vec<String> },
}

impl Repository {
    /// Returns what `remote` stands for. git itself is asked only where its configuration says more than one URL.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be read.
    pub fn remote_place(&self, remote: &str) -> Result<RemotePlace> {
        if self.has_one_url(remote)? {
            return Ok(RemotePlace::Named);
        }
        let answer = |words: &[&str]| -> Result<Vec<String>> {
            let text = self.outward().args(words).require()?.text();
            Ok(text.lines().map(str::to_owned).collect())
        };
        let asked = answer(&["remote", "get-url", "--", remote])?.into_iter().next().unwrap_or_default();
        let pushed = answer(&["remote", "get-url", "--push", "--all", "--", remote])?;
        if pushed.len() == 1 && pushed[0] == asked {
            return Ok(RemotePlace::Named);
        }
        if let [only] = pushed.as_slice()
            && repository_name(only) == repository_name(&asked)
            // Asked by its address, it may be written anew once more.
            && answer(&["ls-remote", "--get-url", "--", only])?.first() == Some(only)
        {
            return Ok(RemotePlace::At(only.clone()));
        }
        Ok(RemotePlace::Apart { asked, pushed })
    }

    fn has_one_url(&self, remote: &str) -> Result<bool> {
        let settings = self.settings(None)?;
        let (url, push_url) = (format!("remote.{remote}.url"), format!("remote.{remote}.pushurl"));
        let (mut urls, mut is_rewritten) = (0, false);
        let Ok(entries) = settings.entries(None) else { return Ok(false) };
        let read = entries.for_each(|entry| {
            let name = entry.name().unwrap_or_default();
            urls += usize::from(name == url);
            is_rewritten |= name == push_url || name.ends_with(".pushinsteadof");
        });
        Ok(read.is_ok() && urls == 1 && !is_rewritten)
    }
}
