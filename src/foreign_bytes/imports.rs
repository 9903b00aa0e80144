//! Files of other tools, which `wt init` reads.

use super::press;
use crate::model::carry::wish::CarryLists;
use crate::model::config::layers::{Layer, Source};
use crate::model::config::merge::merge_leniently;
use crate::model::import::apps::detect::{RepositoryFacts, detect};
use crate::model::import::apps::sample::tree;
use crate::model::import::proposal::FileProposal;
use crate::model::import::tools::{gitconfig, read};
use crate::model::import::{
    combine, compose_file, fitting, override_file, process_compose, procfile, shell, text,
};
use crate::model::services::compose;

/// What is proposed of any file is a configuration that loads.
fn require_loadable(found: FileProposal) {
    let mut found = combine::combine(vec![found]);
    fitting::fit(&mut found, |found| text::whole(found));
    let text = text::whole(&found);
    let layer = Layer { path: ".wt.toml".to_owned(), text: text.clone(), source: Source::User };
    let (_, problems) = merge_leniently(&[layer], &[]);
    assert!(problems.is_empty(), "{problems:?}\n{text}");
}

#[test]
fn a_procfile() {
    press("procfile", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let _ = procfile::problems("Procfile", text);
        require_loadable(procfile::read("Procfile", text));
        for line in text.lines() {
            let _ = (shell::translate(line), shell::needs_shell(line));
        }
    });
}

#[test]
fn a_compose_file() {
    press("compose", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(file) = compose_file::read("compose.yaml", text) {
            let _ = override_file::text("compose.yaml", &file.services);
            require_loadable(file.found);
        }
        let _ = compose::read(text);
    });
}

#[test]
fn a_process_compose_file() {
    press("process_compose", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(found) = process_compose::read("process-compose.yaml", text) {
            require_loadable(found);
        }
    });
}

/// The names of files that say what an app is; the first line of an input names one.
#[test]
fn files_of_apps() {
    press("apps", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let (name, text) = text.split_once('\n').unwrap_or(("package.json", text));
        let name = name.trim_start_matches("# ");
        if name.is_empty() || name.contains('/') || name.contains('!') {
            return;
        }
        let in_folder = format!("web/{name}");
        let files = [(name, text), (in_folder.as_str(), text), ("pnpm-lock.yaml", "")];
        let wish = CarryLists::new(&[]);
        let beside = RepositoryFacts { runner: None, compose: None, wish: &wish };
        require_loadable(detect(&tree(&files), &beside, &mut Vec::new()));
    });
}

/// The first line of an input names the tool's file.
#[test]
fn files_of_other_tools() {
    press("tools", |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let (name, text) = text.split_once('\n').unwrap_or_default();
        for (file, reader) in read::FILES {
            if file == name.trim_start_matches("# ")
                && let Ok(found) = reader(file, text)
            {
                require_loadable(found);
            }
        }
        let _ = gitconfig::values(text);
    });
}
