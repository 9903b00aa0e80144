//! Which conversion each path of a tree gets: the attribute files in git's order, macros resolved, and what the settings
//! say where they are silent.

use std::collections::HashMap;

use super::attributes::{Assignment, AttributeLine, AttributeOrigin, AttributeState, parse};
use super::{Conversion, Endings, Ident};

/// What the configuration says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `core.autocrlf`, true.
    pub auto_crlf: bool,
    /// Whether text gets CRLF where no `eol` is said: by `core.autocrlf`, else by `core.eol`.
    pub text_is_crlf: bool,
    /// `core.ignorecase`.
    pub folds_case: bool,
}

/// Everything outside the tree that counts: the configuration, and the texts of attribute files, empty where there are
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// The configuration.
    pub settings: Settings,
    /// `info/attributes`.
    pub info: Vec<u8>,
    /// The user's.
    pub user: Vec<u8>,
    /// The system's.
    pub system: Vec<u8>,
}

/// The conversions of one tree's paths.
#[derive(Debug, Default)]
pub struct Conversions {
    settings: Settings,
    info: Vec<AttributeLine>,
    /// By folder, from the root and without a slash at the end.
    folders: HashMap<Vec<u8>, Vec<AttributeLine>>,
    user: Vec<AttributeLine>,
    system: Vec<AttributeLine>,
    macros: HashMap<Vec<u8>, Vec<Assignment>>,
    is_none: bool,
}

impl Conversions {
    /// Returns those of a tree in which nothing is converted.
    pub fn none() -> Self {
        Self { is_none: true, ..Self::default() }
    }

    /// Reads the rules; `inside` has the folder and the text of each `.gitattributes` in the tree.
    pub fn new(outside: &Outside, inside: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let read = |text: &[u8]| parse(text, AttributeOrigin::File);
        let mut all = Self {
            settings: outside.settings,
            info: read(&outside.info),
            user: read(&outside.user),
            system: read(&outside.system),
            ..Self::default()
        };
        for (folder, text) in inside {
            let origin = if folder.is_empty() { AttributeOrigin::Top } else { AttributeOrigin::Below };
            all.folders.insert(folder, parse(&text, origin));
        }
        all.is_none = !all.settings.auto_crlf && !all.settings.text_is_crlf && !all.lines().any(asks);
        if all.is_none {
            return Self::none();
        }
        let binary = ["diff", "merge", "text"].map(|name| (name.into(), AttributeState::Unset));
        all.macros.insert(b"binary".to_vec(), binary.to_vec());
        // The last one of a file counts, and the strongest file.
        let top = all.folders.get(&b""[..]).map(Vec::as_slice).unwrap_or_default();
        for line in [all.system.as_slice(), &all.user, top, &all.info].into_iter().flatten() {
            if let AttributeLine::Macro(name, assignments) = line {
                all.macros.insert(name.clone(), assignments.clone());
            }
        }
        all
    }

    fn lines(&self) -> impl Iterator<Item = &AttributeLine> {
        self.folders.values().chain([&self.info, &self.user, &self.system]).flatten()
    }

    /// Returns what happens to the content of the file at `path`, from the root.
    pub fn of(&self, path: &[u8]) -> Conversion {
        if self.is_none { Conversion::default() } else { self.decide(&self.assigned(path)) }
    }

    /// Collects what is said about a path, strongest first.
    fn assigned(&self, path: &[u8]) -> HashMap<&[u8], &AttributeState> {
        let mut assigned = HashMap::new();
        self.collect(&self.info, path, &mut assigned);
        let slashes = memchr::memrchr_iter(b'/', path);
        for (folder, inner) in slashes.map(|at| (&path[..at], &path[at + 1..])).chain([(&path[..0], path)]) {
            if let Some(lines) = self.folders.get(folder) {
                self.collect(lines, inner, &mut assigned);
            }
        }
        self.collect(&self.user, path, &mut assigned);
        self.collect(&self.system, path, &mut assigned);
        assigned
    }

    /// From the last line of a file to the first, and within a line likewise: what is said first stays.
    fn collect<'a>(
        &'a self,
        lines: &'a [AttributeLine],
        path: &[u8],
        assigned: &mut HashMap<&'a [u8], &'a AttributeState>,
    ) {
        for line in lines.iter().rev() {
            let AttributeLine::Rule(pattern, assignments) = line else { continue };
            if !pattern.is_match(path, self.settings.folds_case) {
                continue;
            }
            let mut open: Vec<&Assignment> = assignments.iter().collect();
            while let Some((name, state)) = open.pop() {
                if assigned.contains_key(name.as_slice()) {
                    continue;
                }
                assigned.insert(name, state);
                if let (AttributeState::Set, Some(meant)) = (state, self.macros.get(name)) {
                    open.extend(meant);
                }
            }
        }
    }

    #[expect(
        clippy::match_same_arms,
        reason = "in the order in which git decides, the first that fits counts"
    )]
    fn decide(&self, assigned: &HashMap<&[u8], &AttributeState>) -> Conversion {
        let find = |name: &str| assigned.get(name.as_bytes()).copied();
        let text = Text::of(find("text")).or_else(|| Text::of(find("crlf")));
        let eol = match find("eol") {
            Some(AttributeState::Value(value)) if value == b"crlf" => Some(true),
            Some(AttributeState::Value(value)) if value == b"lf" => Some(false),
            _ => None,
        };
        let is_crlf = self.settings.text_is_crlf;
        // Whether git must see the file whole, and what becomes of its lines.
        let (is_whole, endings) = match (text, eol) {
            (Some(Text::No), _) => (false, Endings::Kept),
            (Some(Text::Auto), Some(false)) => (false, Endings::Kept),
            (Some(Text::Auto), None) if !is_crlf => (true, Endings::Kept),
            (Some(Text::Auto), _) => (true, Endings::CrlfIfText),
            (_, Some(true)) => (false, Endings::Crlf),
            (_, Some(false)) | (Some(Text::Input), None) => (false, Endings::Kept),
            (Some(Text::Yes), None) if is_crlf => (false, Endings::Crlf),
            (Some(Text::Yes), None) => (false, Endings::Kept),
            (None, None) if self.settings.auto_crlf => (true, Endings::CrlfIfText),
            (None, None) => (false, Endings::Kept),
        };
        let ident = match find("ident") {
            Some(AttributeState::Set) if is_whole => Ident::Whole,
            Some(AttributeState::Set) => Ident::Streamed,
            _ => Ident::Kept,
        };
        Conversion { endings, ident }
    }
}

/// Whether a line can change anything where the settings do not.
fn asks(line: &AttributeLine) -> bool {
    line.assignments().iter().any(|(name, state)| match (name.as_slice(), state) {
        (b"ident", AttributeState::Set) => true,
        (b"eol", AttributeState::Value(value)) => value == b"crlf",
        _ => false,
    })
}

/// What `text`, or `crlf` of old, says.
#[derive(Clone, Copy)]
enum Text {
    Yes,
    No,
    Input,
    Auto,
}

impl Text {
    fn of(state: Option<&AttributeState>) -> Option<Self> {
        match state? {
            AttributeState::Set => Some(Self::Yes),
            AttributeState::Unset => Some(Self::No),
            AttributeState::Value(value) if value == b"input" => Some(Self::Input),
            AttributeState::Value(value) if value == b"auto" => Some(Self::Auto),
            AttributeState::Unspecified | AttributeState::Value(_) => None,
        }
    }
}
