//! Every variant of an enum, as its derived schema has them: for the tests of lists that must have all of them.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// Returns the words of the variants, sorted.
pub fn words_of<T: JsonSchema>() -> Vec<String> {
    let mut found = Vec::new();
    collect(schema_for!(T).as_value(), &mut found);
    found.sort_unstable();
    found
}

/// Returns the words of a list, sorted.
pub fn sorted<'a>(listed: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut words: Vec<String> = listed.into_iter().map(str::to_owned).collect();
    words.sort_unstable();
    words
}

/// Those with a comment stand by themselves as `const`, the others together as `enum`, and those with fields are tables.
fn collect(schema: &Value, found: &mut Vec<String>) {
    let together = schema["enum"].as_array().into_iter().flatten();
    found.extend(
        together
            .chain([&schema["const"], &schema["required"][0]])
            .filter_map(Value::as_str)
            .map(str::to_owned),
    );
    schema["oneOf"].as_array().into_iter().flatten().for_each(|one| collect(one, found));
}
