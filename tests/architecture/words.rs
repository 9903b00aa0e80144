//! One meaning for a name: no two public types of a layer are called alike, and of all layers together hardly any.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Ident, Visibility};

use crate::{layer, require_none, sources};

/// Each operation has its own of these.
const OF_EACH: [&str; 4] = ["Arguments", "Request", "Plan", "Report"];

/// How many names of a hundred may mean a second thing in another layer.
const PERCENT: usize = 5;

/// The public types of a file, tests left out.
#[derive(Default)]
struct Types(Vec<String>);

impl Types {
    fn add(&mut self, visibility: &Visibility, name: &Ident) {
        if !matches!(visibility, Visibility::Inherited) && !OF_EACH.contains(&name.to_string().as_str()) {
            self.0.push(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.add(&item.vis, &item.ident);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }
}

/// Returns each name with the files that define a public type of that name.
fn named() -> BTreeMap<String, Vec<String>> {
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources().into_iter().filter(|file| !file.name.contains("/tests")) {
        let mut types = Types::default();
        types.visit_file(&syn::parse_file(&file.text).unwrap());
        for name in types.0 {
            named.entry(name).or_default().push(file.name.clone());
        }
    }
    assert!(named.len() > 500, "the types were not found");
    named
}

#[test]
fn a_public_type_has_a_name_of_its_own_in_its_layer() {
    let mut broken = Vec::new();
    for (name, files) in named() {
        let layers: BTreeSet<&str> = files.iter().map(|file| layer(file)).collect();
        if layers.len() < files.len() {
            broken.push(format!("`{name}` in {}", files.join(", ")));
        }
    }
    require_none("A name means one thing in its layer (docs/style.md):", &broken);
}

#[test]
fn hardly_any_name_means_two_things() {
    let named = named();
    let twice: Vec<String> = named
        .iter()
        .filter(|(_, files)| files.len() > 1)
        .map(|(name, files)| format!("`{name}` in {}", files.join(", ")))
        .collect();
    let rule = format!("Fewer than {PERCENT} of 100 names mean two things; these do:");
    assert!(twice.len() * 100 < named.len() * PERCENT, "{rule}\n  {}\n", twice.join("\n  "));
}
