//! `[main]` fits together: its purpose is one that there is, and no port is meant for two services. Looked at after all
//! layers are merged.

use std::collections::BTreeMap;

use super::merged::MergedConfig;
use super::problem::{Problem, ValueFault};
use crate::model::purpose::Purpose;
use crate::model::suggestion::nearest;

/// Returns everything that does not fit.
#[must_use]
pub fn problems(merged: &MergedConfig) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(value) = merged.find("main.purpose") {
        let name = value.value.as_str().unwrap_or_default();
        let known: Vec<&str> = merged.purposes.iter().map(Purpose::as_str).collect();
        if !known.contains(&name) {
            let fault = ValueFault::new(format!("there is no purpose `{}`", name.escape_debug()));
            let fault = match nearest(name, known.iter().copied()) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint(format!("the purposes are {}", known.join(", "))),
            };
            found.push(Problem::with_value(value.origin.clone(), &value.key, fault));
        }
    }
    let mut owners: BTreeMap<u64, &str> = BTreeMap::new();
    for value in merged.in_order_of_appearance() {
        let Some((service, port)) = value.key.strip_prefix("main.ports.").zip(value.value.as_u64()) else {
            continue;
        };
        if let Some(owner) = owners.get(&port) {
            let fault = ValueFault::new(format!("{port} is the port of `{owner}` already"));
            let fault = fault.hint("give each service a port of its own");
            found.push(Problem::with_value(value.origin.clone(), &value.key, fault));
        } else {
            owners.insert(port, service);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    fn read(text: &str) -> (Vec<(String, u16)>, Vec<String>) {
        let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
        let (config, problems) = merge_leniently(&[layer], &[]);
        let ports = config.main.ports.iter().map(|(service, port)| (service.to_string(), port.number()));
        (ports.collect(), problems.into_iter().map(|problem| problem.message).collect())
    }

    #[test]
    fn ports_keep_the_order_of_the_file_and_well_known_ones_may_be_named() {
        let expected = vec![("web".to_owned(), 3001), ("admin-api".to_owned(), 3000)];
        for text in [
            "[main]\nports = { web = 3001, admin-api = 3000 }\n",
            "[main.ports]\nweb = 3001\nadmin-api = 3000\n",
        ] {
            assert_eq!(read(text), (expected.clone(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for text in [
            "[main]\nports = { web = 80 }\n",
            "[main]\nports = { Web = 3000 }\n",
            "[main]\nports = { web = \"3000\" }\n",
            "[main]\nports = 3000\n",
            "[main]\nports = { web = 3000, api = 3000 }\n",
            "[main]\npurpose = \"spike\"\n",
            "[main]\nenv = \"yes\"\n",
            "[main]\nname = \"x\"\n",
        ] {
            assert_eq!(read(text).1.len(), 1, "{text}: {:?}", read(text).1);
        }
        assert_eq!(read("[purpose.spike]\nports = 5700\n[main]\npurpose = \"spike\"\n").1, [""; 0]);
    }
}
