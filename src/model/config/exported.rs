//! All values as one TOML file.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::origin::{ConfigValue, Origin};
use super::schema;

/// What stands above the values.
const HEAD: &str = "# What counted when `wt config export` wrote it. `--config FILE` reads it in place of all files; its commands are asked
# about by `wt trust` once more.

";

/// What stands above those that nobody set.
const REST: &str = "
# Nobody set these; they are what `wt` has built in. A value that is written counts as set, so that they stand as comments.
";

/// Returns the text of a file with these values. Some count for more where somebody set them, even to what they would be anyway:
/// what is built in is no part of the file but a comment.
///
/// # Errors
///
/// Says which value TOML cannot hold.
pub fn text(values: &[ConfigValue]) -> Result<String, String> {
    let mut root = Map::new();
    let (built_in, set): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.origin == Origin::BuiltIn);
    for value in set {
        let mut words = schema::words(&value.key);
        let Some(last) = words.pop() else { continue };
        let mut table = &mut root;
        for word in words {
            let below = table.entry(word).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else { return Err(format!("`{}` is below a value", value.key)) };
            table = below;
        }
        table.insert(last.to_owned(), value.value.clone());
    }
    let text = toml::to_string(&root).map_err(|error| format!("it cannot be written as TOML: {error}"))?;
    let mut rest = String::new();
    for value in built_in {
        let shown = toml::Value::try_from(&value.value)
            .map_err(|error| format!("`{}` cannot be written as TOML: {error}", value.key))?;
        let _ = writeln!(rest, "# {} = {shown}", value.key);
    }
    Ok(format!("{HEAD}{text}{REST}{rest}"))
}

#[cfg(test)]
mod tests {
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge;

    #[test]
    fn what_is_written_is_read_back_to_the_same_values() {
        let read = |text: String| {
            let layer = Layer { path: "f".to_owned(), text, source: Source::User };
            let values = merge(&[layer], &[]).unwrap().values;
            values.into_iter().map(|value| (value.key, value.value)).collect::<Vec<_>>()
        };
        let text = "[purpose.spike]\nports = [\"5700-5799\", 8080]\n[service.web]\nrun = \"sh -c 'echo \\\"x\\\"'\"\n\
            environment = { LOG = \"debug\" }\nhealth = { http = \"/\", timeout = \"5s\" }\n\
            depends_on = { db = \"started\" }\n[service.db]\nrun = \"true\"\nports = 5440\n[ports.conflict]\nmultiplier = 1.5\n\
            [[ports.exclude]]\nports = \"5010-5012\"\nreason = \"the printer\"\n[env.set]\nVITE_X_URL = \"a\"\n\
            [forge.\"git.example.org\"]\nkind = \"gitlab\"\n[resolve]\nconfirm = false\n";
        let first = read(text.to_owned());
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let exported = super::text(&merge(&[layer], &[]).unwrap().values).unwrap();
        assert_eq!(read(exported.clone()), first, "{exported}");
        // What nobody set stays unset, and is shown.
        let layer = Layer { path: "f".to_owned(), text: exported.clone(), source: Source::User };
        let again = merge(&[layer], &[]).unwrap().values;
        let kept = again.iter().find(|value| value.key == "resolve.preserve_foreign").unwrap();
        assert_eq!(kept.origin, crate::model::config::origin::Origin::BuiltIn);
        assert!(exported.contains("\n# resolve.preserve_foreign = true\n"), "{exported}");
    }
}
