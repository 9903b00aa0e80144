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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::model::adoption::Patterns;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, Purpose)> {
        pairs.iter().map(|(pattern, purpose)| ((*pattern).to_owned(), purpose.parse().unwrap())).collect()
    }

    #[test]
    fn a_pattern_of_a_purpose_that_there_is_not_is_told_and_left_out() {
        let merged = |purpose: &str| {
            let text = format!("[adopt]\npurpose = {purpose}\n");
            let (config, problems) =
                merge_leniently(&[Layer { path: "f".to_owned(), text, source: Source::User }], &[]);
            let told: Vec<_> = problems.into_iter().map(|problem| (problem.message, problem.hint)).collect();
            (config.adopt.purpose, told)
        };
        let (found, told) = merged("{ \"a-*\" = \"feature\", \"b-*\" = \"featur\", \"c-*\" = \"qqq\" }");
        assert_eq!(found, Patterns::new(pairs(&[("a-*", "feature")])));
        let known = "feature, bugfix, review, test, hotfix, refactor, experiment, docs";
        let expected = [
            ("`b-*`: there is no purpose `featur`", "did you mean `feature`?".to_owned()),
            ("`c-*`: there is no purpose `qqq`", format!("known are {known}")),
        ];
        let expected = expected.map(|(said, hint)| (format!("`adopt.purpose`: {said}"), Some(hint)));
        assert_eq!(told, expected);
        let right = pairs(&[("a-*", "feature"), ("b-*", "docs")]);
        assert_eq!(
            merged("{ \"a-*\" = \"feature\", \"b-*\" = \"docs\" }"),
            (Patterns::new(right), Vec::new())
        );
    }

    #[test]
    fn a_pattern_is_as_long_as_a_branchs_name_may_be_and_has_no_nul() {
        let of = |pattern: &str| read(&json!({ pattern: "feature" })).map_err(|fault| fault.message);
        let long = "a".repeat(255);
        assert_eq!(of(&long), Ok(pairs(&[(&long, "feature")])));
        assert_eq!(of(""), Ok(pairs(&[("", "feature")])));
        assert_eq!(of("a\0"), Err("`a\\0` is not a pattern of branches".to_owned()));
        assert!(of(&"a".repeat(256)).unwrap_err().ends_with("` is not a pattern of branches"));
        let said = |value: Value| read(&value).unwrap_err().message;
        assert_eq!(said(json!([])), "must be a table of branch patterns, not a list");
        assert_eq!(said(json!({ "a": 1 })), "`a` must be a text, not a number");
        assert!(
            said(json!({ "a": "A" })).starts_with("`a` `A` is not a purpose"),
            "{}",
            said(json!({ "a": "A" }))
        );
    }
}
