//! The sources as the compiler reads them: what each file defines, brings in and names. Tests of a file are left out: they
//! may look wherever they like.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Item, UseTree};

use crate::{File, sources};

/// A path from the crate's root: `["model", "port", "Port"]`.
pub type Route = Vec<String>;

/// One file as a module: what it defines, what it lists, what it brings in under which name.
#[derive(Default)]
pub struct Module {
    pub file: String,
    pub items: BTreeSet<String>,
    pub children: BTreeSet<String>,
    pub tests: BTreeSet<String>,
    pub names: BTreeMap<String, Route>,
    pub globs: Vec<Route>,
    pub used: Vec<Route>,
}

/// Returns the route of the module that a file is: `ops/ports/mod.rs` is `ops::ports`.
pub fn route_of(file: &str) -> Route {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" {
        return Vec::new();
    }
    path.split('/').map(str::to_owned).collect()
}

/// Collects from one file; `here` is the route of its module.
struct Reader {
    here: Route,
    module: Module,
}

impl Reader {
    /// Returns the route that a written path means, or nothing where it leads out of the crate or to a local name.
    fn absolute(&self, path: &[String]) -> Option<Route> {
        let (first, rest) = path.split_first()?;
        let base = match first.as_str() {
            "crate" | "wt" => return Some(rest.to_vec()),
            "self" => self.here.clone(),
            "super" => self.here[..self.here.len().checked_sub(1)?].to_vec(),
            name if self.module.names.contains_key(name) => self.module.names[name].clone(),
            name if self.module.children.contains(name) => {
                [self.here.clone(), vec![name.to_owned()]].concat()
            }
            _ => return None,
        };
        let mut route = base;
        for part in rest {
            if part == "super" {
                route.pop();
            } else {
                route.push(part.clone());
            }
        }
        Some(route)
    }

    fn read_use(&mut self, before: &[String], tree: &UseTree) {
        let joined = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.read_use(&joined(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.read_use(before, tree)),
            UseTree::Name(name) if name.ident == "self" => self.bring(before, before.last().cloned()),
            UseTree::Name(name) => self.bring(&joined(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) if rename.ident == "self" => {
                self.bring(before, Some(rename.rename.to_string()));
            }
            UseTree::Rename(rename) => self.bring(&joined(&rename.ident), Some(rename.rename.to_string())),
            UseTree::Glob(_) => self.module.globs.extend(self.absolute(before)),
        }
    }

    fn bring(&mut self, path: &[String], name: Option<String>) {
        if let (Some(route), Some(name)) = (self.absolute(path), name) {
            self.module.names.insert(name, route);
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_test(&module.attrs) {
            return;
        }
        self.here.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.read_use(&[], &item.tree);
    }

    /// What stands inside of `format!` and its like is no path to the parser yet.
    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        for path in paths_in(&called.tokens.to_string()) {
            self.module.used.extend(self.absolute(&path));
        }
        visit::visit_macro(self, called);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.module.used.extend(self.absolute(&parts));
        visit::visit_path(self, path);
    }
}

fn read(file: &File) -> (Route, Module) {
    let here = route_of(&file.name);
    let parsed = syn::parse_file(&file.text).unwrap();
    let mut reader =
        Reader { here: here.clone(), module: Module { file: file.name.clone(), ..Module::default() } };
    for item in &parsed.items {
        if let Item::Mod(module) = item
            && module.content.is_none()
        {
            let name = module.ident.to_string();
            if is_test(&module.attrs) {
                reader.module.tests.insert(name.clone());
            }
            reader.module.children.insert(name);
        }
        reader.module.items.extend(name_of(item));
    }
    // Names that a `use` brings may begin at names of another `use`; one more round finds them.
    for _ in 0..2 {
        for item in &parsed.items {
            if let Item::Use(item) = item {
                reader.read_use(&[], &item.tree);
            }
        }
    }
    reader.visit_file(&parsed);
    let module = reader.module;
    (here, module)
}

/// Returns the paths of at least two names in the text of tokens, which the compiler parts by blanks; texts are passed over.
fn paths_in(tokens: &str) -> Vec<Vec<String>> {
    let mut code = String::new();
    let mut letters = tokens.chars();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            code.push(letter);
            continue;
        }
        while let Some(inside) = letters.next() {
            match inside {
                '\\' => drop(letters.next()),
                '"' => break,
                _ => {}
            }
        }
    }
    let code = code.replace(" :: ", "::").replace(":: ", "::").replace(" ::", "::");
    let is_of_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    code.split(|letter| !is_of_path(letter))
        .filter(|word| word.contains("::") && !word.starts_with(':'))
        .map(|word| word.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect())
        .collect()
}

/// Reads all sources, each under the route of its module.
pub fn modules() -> BTreeMap<Route, Module> {
    sources().iter().map(read).collect()
}

impl Module {
    /// Returns every route that the file names, whether in a `use` or in its text.
    pub fn named(&self) -> impl Iterator<Item = &Route> {
        self.names.values().chain(&self.globs).chain(&self.used)
    }
}

#[test]
fn every_way_to_name_an_item_is_seen() {
    let text = r#"
        use crate::{
            host::net,
            model::port::{Port, self as ports},
        };
        mod inner;
        fn one() -> super::Held {
            use crate::ui::table;
            let _ = format!("{} crate::cli::create", crate::ops::list::list(net::probe::probe()));
            inner::two()
        }
        #[cfg(test)]
        mod tests {
            use crate::cli::dispatch;
        }
    "#;
    let (route, module) = read(&File { name: "ops/a.rs".to_owned(), text: text.to_owned() });
    assert_eq!(route, ["ops", "a"]);
    let named: BTreeSet<String> = module.named().map(|route| route.join("::")).collect();
    for path in [
        "host::net",
        "model::port::Port",
        "model::port",
        "ui::table",
        "ops::Held",
        "ops::list::list",
        "host::net::probe::probe",
        "ops::a::inner::two",
    ] {
        assert!(named.contains(path), "{path}: {named:?}");
    }
    assert!(!named.iter().any(|path| path.starts_with("cli")), "{named:?}");
}
