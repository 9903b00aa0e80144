//! Claims in an etcd: each is a key that is put where none stands and deleted where it is ours, in one transaction. No lease ever ends
//! one. What stands there is unlike anything before, so that a call whose answer was lost is known by it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};

use serde::Serialize;
use serde_json::{Value, json};

use super::gateway::{Gateway, Reply};
use crate::error::{Code, Failure, Result};
use crate::host::token;
use crate::model::claim_change::{Answer, RefChange, TRY_AGAIN};
use crate::model::etcd::{EtcdNames, MARKED_FOR, MOST_CHANGES};

/// What people call it.
pub const NAME: &str = "etcd";

/// The claims of one team on one repository.
#[derive(Debug)]
pub struct Etcd {
    pub gateway: Arc<Gateway>,
    pub names: EtcdNames,
    /// The lease of this command's marks, once one is needed.
    pub lease: OnceLock<String>,
    /// What was asked of an endpoint that did not answer, and refused by another one: it may come to stand yet.
    pub doubtful: Mutex<HashSet<String>>,
}

impl Etcd {
    /// Those keys, asked for over `gateway`.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, names: EtcdNames) -> Self {
        Self { gateway, names, lease: OnceLock::new(), doubtful: Mutex::default() }
    }

    /// The keys of the team and the repository that `address` names, of the same etcd; `None` for what is no address.
    #[must_use]
    pub fn at(&self, address: &str) -> Option<Self> {
        Some(Self::new(Arc::clone(&self.gateway), EtcdNames::at(address)?))
    }

    /// Returns what is to stand for `words`.
    ///
    /// # Errors
    ///
    /// `internal` when the system has no randomness.
    pub fn write<T: Serialize>(&self, words: &T) -> Result<String> {
        let mut value = serde_json::to_value(words).unwrap_or_default();
        value["nonce"] = Value::from(token::random()?);
        Ok(value.to_string())
    }

    /// Makes changes, each where it is as expected; with `atomic` all of them or none.
    ///
    /// # Errors
    ///
    /// `interrupted`.
    pub fn push(&self, changes: &[RefChange<'_>], atomic: bool) -> Result<Vec<Answer>> {
        if atomic && changes.len() > MOST_CHANGES {
            return Ok(vec![Answer::NotAtOnce; changes.len()]);
        }
        if !atomic && changes.len() > 1 {
            let mut answers = Vec::new();
            for change in changes {
                answers.extend(self.push(&[*change], true)?);
            }
            return Ok(answers);
        }
        let lease = match self.lease_for(changes)? {
            Ok(lease) => lease,
            Err(answer) => return Ok(vec![answer; changes.len()]),
        };
        let reply = self.gateway.ask("kv/txn", &self.names.transaction(changes, &lease))?;
        Ok(match reply {
            Reply::Answer { body, doubtful } => {
                let answers = self.names.answers(changes, &body);
                let open = changes.iter().zip(&answers).filter(|(_, answer)| **answer != Answer::Done);
                if doubtful && let Ok(mut known) = self.doubtful.lock() {
                    known.extend(open.filter_map(|(change, _)| change.commit).map(str::to_owned));
                }
                answers
            }
            other => vec![unanswered(other); changes.len()],
        })
    }

    /// Answers whether a claim that was refused may come to stand yet.
    #[must_use]
    pub fn is_in_doubt(&self, value: &str) -> bool {
        self.doubtful.lock().is_ok_and(|known| known.contains(value))
    }

    /// The lease of marks, where changes leave some.
    fn lease_for(&self, changes: &[RefChange<'_>]) -> Result<std::result::Result<String, Answer>> {
        if !EtcdNames::leaves_mark(changes) {
            return Ok(Ok(String::new()));
        }
        if let Some(known) = self.lease.get() {
            return Ok(Ok(known.clone()));
        }
        let reply = self.gateway.ask("lease/grant", &json!({"TTL": MARKED_FOR.to_string()}))?;
        Ok(match reply {
            Reply::Answer { body, .. } => match body["ID"].as_str() {
                Some(id) => Ok(self.lease.get_or_init(|| id.to_owned()).clone()),
                None => Err(Answer::Failed("it gives no lease".to_owned())),
            },
            other => Err(unanswered(other)),
        })
    }

    /// Lists what stands under the names that match.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`, `interrupted`.
    pub fn list(&self, patterns: &[&str]) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for pattern in patterns {
            let mut after: Option<String> = None;
            loop {
                let body = self.told("kv/range", &self.names.range(pattern, after.as_deref()))?;
                let (page, last) = self.names.listed(&body);
                found.extend(page);
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Writes rows that end by themselves after `lasts` seconds, and takes others away.
    ///
    /// # Errors
    ///
    /// `claims_unreachable`, `interrupted`.
    pub fn show(&self, rows: &[(String, String)], gone: &[String], lasts: u32) -> Result<()> {
        for reference in gone {
            self.told("kv/deleterange", &self.names.no_row(reference))?;
        }
        if rows.is_empty() {
            return Ok(());
        }
        let granted = self.told("lease/grant", &json!({"TTL": lasts.to_string()}))?;
        // Without a lease a row would stay for good.
        let Some(lease) = granted["ID"].as_str() else {
            return Err(self.unreachable("it gives no lease", "failed"));
        };
        for (reference, value) in rows {
            self.told("kv/put", &self.names.row(reference, value, lease))?;
        }
        Ok(())
    }

    /// Asks what can be asked again.
    fn told(&self, path: &str, body: &Value) -> Result<Value> {
        match self.gateway.ask(path, body)? {
            Reply::Answer { body, .. } => Ok(body),
            Reply::Silent(why) => Err(self.unreachable(&why, "timeout")),
            Reply::Failed(why) => Err(self.unreachable(&why, "failed")),
        }
    }

    /// The failure of whoever could not ask.
    #[must_use]
    pub fn unreachable(&self, why: &str, reason: &str) -> Failure {
        let failure =
            Failure::new(Code::ClaimsUnreachable, format!("the claims in etcd cannot be reached: {why}"));
        failure
            .hint(hint(why))
            .detail("reason", reason)
            .detail("remote", NAME)
            .detail("endpoints", self.gateway.endpoints.clone())
    }
}

fn unanswered(reply: Reply) -> Answer {
    match reply {
        Reply::Silent(why) => Answer::Silent(why),
        Reply::Failed(why) => Answer::Failed(why),
        Reply::Answer { .. } => Answer::Failed("an answer".to_owned()),
    }
}

fn hint(why: &str) -> &'static str {
    if why.contains("CommonName") || why.contains("common name") {
        return "etcd's gateway takes no client certificate with a common name: make one without, and say who you are by \
                `team.etcd.user` and `team.etcd.password_file`";
    }
    if why.contains("permission denied") {
        return "give the user's role `readwrite` on the prefix: `etcdctl role grant-permission ROLE readwrite --prefix=true \
                /wt/v1/TEAM/`";
    }
    if why.contains("user name is empty") {
        return "etcd wants to know who asks: `team.etcd.user` and `team.etcd.password_file`";
    }
    TRY_AGAIN
}
