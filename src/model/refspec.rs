//! Fetch refspecs (gitglossary(7)): which of our refs a fetch writes a remote's ref to, and back. Negative ones write nothing.

/// Returns our ref that a fetch writes the remote's `source` to.
#[must_use]
pub fn target_of(spec: &str, source: &str) -> Option<String> {
    let (from, to) = sides(spec)?;
    mapped(from, to, source)
}

/// Returns the remote's ref that a fetch writes to our `target`.
#[must_use]
pub fn source_of(spec: &str, target: &str) -> Option<String> {
    let (from, to) = sides(spec)?;
    mapped(to, from, target)
}

/// Returns the remote's side and ours, where a fetch writes anything.
#[must_use]
pub fn sides(spec: &str) -> Option<(&str, &str)> {
    spec.trim_start_matches('+').split_once(':').filter(|(_, to)| !to.is_empty())
}

fn mapped(pattern: &str, into: &str, name: &str) -> Option<String> {
    let Some((before, after)) = pattern.split_once('*') else {
        return (pattern == name).then(|| into.to_owned());
    };
    let middle = name.strip_prefix(before)?.strip_suffix(after)?;
    Some(into.replacen('*', middle, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refspec_maps_what_it_matches_both_ways() {
        for (spec, source, target) in [
            ("+refs/heads/*:refs/remotes/origin/*", "refs/heads/a/b", "refs/remotes/origin/a/b"),
            ("refs/heads/x:refs/remotes/o/x", "refs/heads/x", "refs/remotes/o/x"),
            ("refs/pull/*/head:refs/pr/*", "refs/pull/8/head", "refs/pr/8"),
        ] {
            assert_eq!(target_of(spec, source).as_deref(), Some(target), "{spec}");
            assert_eq!(source_of(spec, target).as_deref(), Some(source), "{spec}");
        }
    }

    #[test]
    fn what_a_refspec_does_not_match_or_does_not_write_is_mapped_to_nothing() {
        for (spec, source) in [
            ("+refs/heads/*:refs/remotes/origin/*", "refs/tags/a"),
            ("^refs/heads/x", "refs/heads/x"),
            ("refs/heads/x:", "refs/heads/x"),
            ("refs/heads/*:", "refs/heads/x"),
        ] {
            assert_eq!(target_of(spec, source), None, "{spec}");
            assert_eq!(source_of(spec, source), None, "{spec}");
        }
    }
}
