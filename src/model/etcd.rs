//! How etcd has claims: the names of its keys, the transactions that change them, and what its gateway answers to those (JSON, keys
//! and values in base64). A value that was given back leaves a mark, so that a transaction that comes late cannot bring it again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::claim_change::{Answer, RefChange};
use super::claim_ref::ClaimWords;
use super::hex::hex;
use super::{claim_ref, host_entry, running_entry};

/// How long a mark stays, in seconds: longer than any transaction can be under way. A claim itself never ends by its age.
pub const MARKED_FOR: u32 = 24 * 60 * 60;

/// The most changes of one transaction: etcd takes 128 operations (`--max-txn-ops`), and a change has three.
pub const MOST_CHANGES: usize = 30;

/// What addresses begin with.
const SCHEME: &str = "etcd:";

/// The most keys of one answer.
pub const PAGE: usize = 500;

/// What a value begins with here that is no text, or begins so itself; the rest is base64.
const CODED: &str = "\0base64:";

/// The names of one team's keys for one repository.
#[derive(Clone, Debug)]
pub struct EtcdNames {
    prefix: String,
    /// As it is written in keys.
    repository: String,
    address: String,
}

impl EtcdNames {
    /// The keys below `/wt/v1/TEAM/`.
    #[must_use]
    pub fn new(team: &str, repository: &str) -> Self {
        Self {
            prefix: format!("/wt/v1/{team}/"),
            repository: claim_ref::encoded(repository),
            address: format!("{SCHEME}{team}/{repository}"),
        }
    }

    /// The keys at an address that [`EtcdNames::address`] gave; `None` for one that is none.
    #[must_use]
    pub fn at(address: &str) -> Option<Self> {
        let (team, repository) = address.strip_prefix(SCHEME)?.split_once('/')?;
        Some(Self::new(team, repository))
    }

    /// Returns what tells this team and repository from others.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the address of what was put as `value`, of which `noted` is on record: an older program noted the team alone.
    #[must_use]
    pub fn address_of(noted: &str, value: &str) -> String {
        let words: Option<ClaimWords> = serde_json::from_str(value).ok();
        match words {
            Some(words) if !noted.contains('/') => format!("{noted}/{}", words.repository),
            _ => noted.to_owned(),
        }
    }

    fn branches(&self) -> String {
        format!("{}claims/{}/branch/", self.prefix, self.repository)
    }

    fn ports(&self) -> String {
        format!("{}claims/{}/port/", self.prefix, self.repository)
    }

    fn hosts(&self) -> String {
        format!("{}hosts/", self.prefix)
    }

    /// What names begin with, and what their keys begin with.
    fn kinds(&self) -> [(&'static str, String); 4] {
        [
            (claim_ref::PREFIX, self.branches()),
            (claim_ref::PORT_PREFIX, self.ports()),
            (host_entry::PREFIX, self.hosts()),
            (running_entry::PREFIX, format!("{}running/", self.prefix)),
        ]
    }

    /// Returns the key of a claim, of a host's entry, or of what runs somewhere.
    #[must_use]
    pub fn key(&self, reference: &str) -> String {
        let known = self
            .kinds()
            .into_iter()
            .find_map(|(name, key)| reference.strip_prefix(name).map(|rest| format!("{key}{rest}")));
        known.unwrap_or_else(|| format!("{}other/{}", self.prefix, claim_ref::encoded(reference)))
    }

    /// Returns what a key is called elsewhere; `None` for one that has nothing of these.
    fn reference(&self, key: &str) -> Option<String> {
        let mut kinds = self.kinds().into_iter();
        kinds.find_map(|(name, first)| key.strip_prefix(&first).map(|rest| format!("{name}{rest}")))
    }

    /// The key that says that a value was given back.
    fn mark(&self, value: &str) -> String {
        format!("{}given-back/{}", self.prefix, hex(&Sha1::digest(value.as_bytes())))
    }

    /// Asks for what stands under names: one name, or all that begin so where `*` stands behind; `after` is the last key that is
    /// known already.
    #[must_use]
    pub fn range(&self, pattern: &str, after: Option<&str>) -> Value {
        let Some(beginning) = pattern.strip_suffix('*') else {
            return json!({"key": coded(&self.key(pattern))});
        };
        let first = self.key(beginning);
        let from = after.map_or_else(|| first.clone(), |after| format!("{after}\0"));
        json!({"key": coded(&from), "range_end": coded(&end_of(&first)), "limit": PAGE.to_string()})
    }

    /// Reads an answer to that: names with what stands there, and the last key where there is more.
    #[must_use]
    pub fn listed(&self, answer: &Value) -> (Vec<(String, String)>, Option<String>) {
        let found: Vec<(String, String)> = pairs(answer);
        let last = found.last().map(|(key, _)| key.clone()).filter(|_| answer["more"] == true);
        let named = found.into_iter().filter_map(|(key, value)| Some((self.reference(&key)?, value)));
        (named.collect(), last)
    }

    /// Puts a row that ends with its lease, whatever stood there.
    #[must_use]
    pub fn row(&self, reference: &str, value: &str, lease: &str) -> Value {
        json!({"key": coded(&self.key(reference)), "value": coded(value), "lease": lease})
    }

    /// Takes a row away.
    #[must_use]
    pub fn no_row(&self, reference: &str) -> Value {
        json!({"key": coded(&self.key(reference))})
    }

    /// Answers whether a mark is to be left by one of the changes, which needs a lease.
    #[must_use]
    pub fn leaves_mark(changes: &[RefChange<'_>]) -> bool {
        changes.iter().any(|change| is_claim(change) && change.expected.is_some())
    }

    /// Makes the transaction: each change where what stands there is as expected and what is to stand was never given back, all of
    /// them or none. `lease` ends marks.
    #[must_use]
    pub fn transaction(&self, changes: &[RefChange<'_>], lease: &str) -> Value {
        let (mut compare, mut success, mut failure) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            let key = coded(&self.key(change.reference));
            compare.push(match change.expected {
                None => json!({"key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "0"}),
                Some(value) => {
                    json!({"key": key, "target": "VALUE", "result": "EQUAL", "value": value_coded(value)})
                }
            });
            failure.push(json!({"request_range": {"key": key}}));
            success.push(match change.commit {
                Some(value) => json!({"request_put": {"key": key, "value": value_coded(value)}}),
                None => json!({"request_delete_range": {"key": key}}),
            });
            if !is_claim(change) {
                continue;
            }
            let mark = |value: &str| coded(&self.mark(value));
            let marking = |value: &str| json!({"request_put": {"key": mark(value), "lease": lease}});
            if let Some(value) = change.commit {
                compare.push(
                    json!({"key": mark(value), "target": "CREATE", "result": "EQUAL", "create_revision": "0"}),
                );
                failure.push(json!({"request_range": {"key": mark(value)}}));
            }
            if let Some(former) = change.expected {
                success.push(marking(former));
            }
            if let (None, Some(former)) = (change.commit, change.expected) {
                failure.push(json!({"request_range": {"key": mark(former)}}));
                failure.push(marking(former));
            }
        }
        json!({"compare": compare, "success": success, "failure": failure})
    }

    /// Reads what became of the changes of a transaction. One that was made by an earlier call of the same words, whose answer was
    /// lost, is made.
    #[must_use]
    pub fn answers(&self, changes: &[RefChange<'_>], answer: &Value) -> Vec<Answer> {
        if answer["succeeded"] == true {
            return vec![Answer::Done; changes.len()];
        }
        let mut seen = answer["responses"].as_array().into_iter().flatten();
        let mut next = || seen.next().map_or_else(Vec::new, |found| pairs(&found["response_range"]));
        let mut found = Vec::new();
        for change in changes {
            let stands = next().into_iter().next().map(|(_, value)| value);
            let is_marked = is_claim(change)
                && (change.commit.is_some() || change.expected.is_some())
                && !next().is_empty();
            if is_claim(change) && change.commit.is_none() && change.expected.is_some() {
                // The mark that was left just now.
                next();
            }
            found.push(match change.commit {
                Some(value) if stands.as_deref() == Some(value) => Answer::Done,
                None if is_marked && stands.as_deref() != change.expected => Answer::Done,
                Some(_) if is_marked => Answer::Refused("it was given back before".to_owned()),
                _ if stands.as_deref() == change.expected => Answer::Entangled,
                _ => Answer::Refused("something else stands there".to_owned()),
            });
        }
        found
    }
}

fn is_claim(change: &RefChange<'_>) -> bool {
    !change.reference.starts_with(host_entry::PREFIX)
}

/// What an answer has: keys with their values. A key that is no text is nobody's of ours.
fn pairs(answer: &Value) -> Vec<(String, String)> {
    let all = answer["kvs"].as_array().into_iter().flatten();
    all.filter_map(|pair| Some((decoded(&pair["key"])?, value_decoded(&pair["value"])))).collect()
}

/// Returns a value as text, whatever it is: what stands there is compared with what was seen.
fn value_decoded(value: &Value) -> String {
    match decoded(value) {
        Some(text) if !text.starts_with(CODED) => text,
        _ => format!("{CODED}{}", value.as_str().unwrap_or_default()),
    }
}

fn value_coded(text: &str) -> String {
    text.strip_prefix(CODED).map_or_else(|| coded(text), str::to_owned)
}

fn coded(text: &str) -> String {
    STANDARD.encode(text)
}

fn decoded(value: &Value) -> Option<String> {
    String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok()
}

/// The end of all keys that begin so: the last byte is one more. Our prefixes end with ASCII.
fn end_of(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    match end.pop() {
        Some(last) => end.push(char::from_u32(u32::from(last) + 1).unwrap_or(last)),
        None => end.push('\0'),
    }
    end
}

#[cfg(test)]
mod tests;
