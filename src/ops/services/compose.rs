//! Services of a compose file, run through the docker command.

/// Returns the words that run one of them until they are told to end.
#[must_use]
pub(super) fn words(service: &str) -> Vec<String> {
    ["docker", "compose", "up", "--no-log-prefix", "--no-deps", service].map(str::to_owned).to_vec()
}
