//! All values as one TOML file.

use serde_json::{Map, Value};

use super::origin::ConfigValue;
use super::schema;

/// What stands above the values.
const HEAD: &str = "# What counted when `wt config export` wrote it. `--config FILE` reads it in place of all files; its commands are asked
# about by `wt trust` once more.

";

/// Returns the text of a file with these values.
///
/// # Errors
///
/// Says which value TOML cannot hold.
pub fn text(values: &[ConfigValue]) -> Result<String, String> {
    let mut root = Map::new();
    for value in values {
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
    Ok(format!("{HEAD}{text}"))
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
    }
}
