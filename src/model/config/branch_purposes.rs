//! `adopt.purpose`: patterns of branches, each with a purpose that there is.

use serde_json::Value;

use super::merged::MergedConfig;
use super::origin::Origin;
use super::problem::{Problem, ValueFault};
use super::settings::ConfigValue;
use super::value::{inside, text, wrong};
use crate::model::purpose::Purpose;
use crate::model::suggestion::nearest;

const KEY: &str = "adopt.purpose";

/// The longest pattern, in bytes: that of a branch's name.
const LONGEST: usize = 255;

/// Returns the patterns with their purposes.
pub fn read(value: &Value) -> Result<Vec<(String, Purpose)>, ValueFault> {
    let example = "write { \"worktree-*\" = \"feature\", \"\" = \"experiment\" }";
    let Some(table) = value.as_object() else {
        return Err(wrong("a table of branch patterns", value).hint(example));
    };
    let pair = |(pattern, purpose): (&String, &Value)| {
        if pattern.len() > LONGEST || pattern.contains('\0') {
            let message = format!("`{}` is not a pattern of branches", pattern.escape_debug());
            return Err(ValueFault::new(message));
        }
        let purpose = text(purpose).and_then(|text| text.parse().map_err(ValueFault::new));
        Ok((pattern.clone(), purpose.map_err(|fault| inside(pattern, fault))?))
    };
    table.iter().map(pair).collect()
}

/// Returns what is wrong where a purpose does not exist, and leaves that pattern out.
pub(super) fn unknown(merged: &mut MergedConfig) -> Vec<Problem> {
    let Some(found) = merged.find(KEY).filter(|found| found.origin != Origin::BuiltIn).cloned() else {
        return Vec::new();
    };
    let patterns = read(&found.value).unwrap_or_default();
    let is_known = |purpose: &Purpose| merged.purposes.contains(purpose);
    let problem = |(pattern, purpose): &(String, Purpose)| {
        let message = format!("`{}`: there is no purpose `{purpose}`", pattern.escape_debug());
        let known: Vec<&str> = merged.purposes.iter().map(Purpose::as_str).collect();
        let hint = match nearest(purpose.as_str(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        Problem::with_value(found.origin.clone(), KEY, ValueFault::new(message).hint(hint))
    };
    let problems: Vec<Problem> =
        patterns.iter().filter(|(_, purpose)| !is_known(purpose)).map(problem).collect();
    if !problems.is_empty() {
        let right = patterns.into_iter().filter(|(_, purpose)| is_known(purpose));
        let value: serde_json::Map<String, Value> =
            right.map(|(pattern, purpose)| (pattern, purpose.as_str().into())).collect();
        merged.put(ConfigValue { value: value.into(), ..found });
    }
    problems
}
