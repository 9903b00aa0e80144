//! Our entries come into a settings file as text: each is inserted in one piece, and every other byte stays. The pieces are
//! remembered, so that taking them out again gives the same bytes.

use std::ops::Range;

use jsonc_parser::ast::ObjectProp;
use serde_json::{Map, Value};

use super::remove;
use super::render::{Layout, indent_at};
use super::tree::{self, BYTE_ORDER_MARK, EntryMark, SettingsFault, span};

/// What is to stand in a file.
#[derive(Clone, Debug)]
pub struct SettingsWish<'a> {
    pub mark: EntryMark<'a>,
    /// The number that `version` must be, where the program wants one.
    pub version: Option<u32>,
    /// For each event the element of its list.
    pub entries: Vec<(&'static str, Value)>,
    /// Further properties of the whole, each only where there is none of that name.
    pub further: Vec<(&'static str, Value)>,
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsState {
    Absent,
    /// Something of ours is there, and not what we would write.
    Outdated,
    Current,
}

/// An edited file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedSettings {
    pub text: String,
    /// What was inserted.
    pub pieces: Vec<String>,
}

/// Tells how it stands.
///
/// # Errors
///
/// What makes the file unfit.
pub fn standing(text: &str, wish: &SettingsWish<'_>) -> Result<SettingsState, SettingsFault> {
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if body.trim().is_empty() {
        return Ok(SettingsState::Absent);
    }
    let root = tree::parse(body)?;
    require_version(&root, wish)?;
    // A line of ours as another version wrote it.
    let written = |of: &ObjectProp<'_>| serde_json::from_str::<Value>(&body[span(&of.value)]).ok();
    let is_old = |(name, value): &(&str, Value)| {
        let ours = root.get(name).filter(|found| tree::is_status_line(found));
        ours.is_some_and(|found| written(found).as_ref() != Some(value))
    };
    if wish.further.iter().any(is_old) {
        return Ok(SettingsState::Outdated);
    }
    let Some(hooks) = tree::hooks(&root)? else { return Ok(SettingsState::Absent) };
    let (mut own, mut right) = (0, 0);
    for property in &hooks.properties {
        let name = property.name.as_str();
        let elements = tree::event(hooks, name)?.map(|list| list.elements.as_slice()).unwrap_or_default();
        for element in elements.iter().filter(|element| wish.mark.is_in(element)) {
            own += 1;
            let written: Option<Value> = serde_json::from_str(&body[span(element)]).ok();
            right += usize::from(
                wish.entries.iter().any(|(event, entry)| *event == name && Some(entry) == written.as_ref()),
            );
        }
    }
    let wanted = wish.entries.len();
    let has_further = wish.further.iter().all(|(name, _)| root.get(name).is_some());
    Ok(match (own, right) {
        (0, _) => SettingsState::Absent,
        (own, right) if own == wanted && right == wanted && has_further => SettingsState::Current,
        _ => SettingsState::Outdated,
    })
}

fn require_version(
    root: &jsonc_parser::ast::Object<'_>,
    wish: &SettingsWish<'_>,
) -> Result<(), SettingsFault> {
    let Some(wanted) = wish.version else { return Ok(()) };
    match tree::property(root, "version")? {
        Some(found)
            if found.value.as_number_lit().is_none_or(|number| number.value != wanted.to_string()) =>
        {
            Err(SettingsFault(format!("its `version` is not {wanted}, which is the one that is known")))
        }
        _ => Ok(()),
    }
}

/// Returns the text with our entries in it, older ones of ours replaced; `None` where all are there.
///
/// # Errors
///
/// What makes the file unfit.
pub fn installed(text: &str, wish: &SettingsWish<'_>) -> Result<Option<EditedSettings>, SettingsFault> {
    let clean = match standing(text, wish)? {
        SettingsState::Current => return Ok(None),
        SettingsState::Outdated => remove::without(text, wish.mark)?,
        SettingsState::Absent => text.to_owned(),
    };
    let mark = if clean.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { "" };
    let body = &clean[mark.len()..];
    let pieces = if body.trim().is_empty() {
        vec![(body.len(), format!("{}\n", Layout::of(body, None).render(&whole(wish), "")))]
    } else {
        pieces(body, wish)?
    };
    let mut edited = body.to_owned();
    for (at, piece) in pieces.iter().rev() {
        edited.insert_str(*at, piece);
    }
    let text = format!("{mark}{edited}");
    if standing(&text, wish)? != SettingsState::Current {
        return Err(SettingsFault("our entries find no place in it".to_owned()));
    }
    Ok(Some(EditedSettings { text, pieces: pieces.into_iter().map(|(_, piece)| piece).collect() }))
}

/// The whole of a file that is only ours.
fn whole(wish: &SettingsWish<'_>) -> Value {
    let mut root = Map::new();
    root.extend(wish.version.map(|version| ("version".to_owned(), version.into())));
    root.extend(wish.further.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let lists =
        wish.entries.iter().map(|(event, entry)| ((*event).to_owned(), Value::from(vec![entry.clone()])));
    root.insert("hooks".to_owned(), Value::Object(lists.collect()));
    Value::Object(root)
}

/// What is inserted where, in the order of the text.
fn pieces(body: &str, wish: &SettingsWish<'_>) -> Result<Vec<(usize, String)>, SettingsFault> {
    let root = tree::parse(body)?;
    let layout = Layout::of(body, root.properties.first().map(|first| span(first).start));
    let mut pieces = Vec::new();
    let mut at_root: Vec<(&str, Value)> = Vec::new();
    if let Some(version) = wish.version.filter(|_| root.get("version").is_none()) {
        at_root.push(("version", version.into()));
    }
    at_root.extend(wish.further.iter().filter(|(name, _)| root.get(name).is_none()).cloned());
    match tree::hooks(&root)? {
        None => {
            let Some(hooks) = whole(wish).get("hooks").cloned() else { return Ok(pieces) };
            at_root.push(("hooks", hooks));
        }
        Some(hooks) => {
            let mut new: Vec<(&str, Value)> = Vec::new();
            for (event, entry) in &wish.entries {
                match tree::event(hooks, event)? {
                    None => new.push((event, Value::from(vec![entry.clone()]))),
                    Some(list) => {
                        let end = list.elements.last().map(|last| span(last).end);
                        pieces.push(piece(body, &layout, &span(list), end, &[(None, entry)]));
                    }
                }
            }
            if !new.is_empty() {
                let last = hooks.properties.last().map(|last| span(last).end);
                let members: Vec<_> = new.iter().map(|(name, value)| (Some(*name), value)).collect();
                pieces.push(piece(body, &layout, &span(hooks), last, &members));
            }
        }
    }
    if !at_root.is_empty() {
        let last = root.properties.last().map(|last| span(last).end);
        let members: Vec<_> = at_root.iter().map(|(name, value)| (Some(*name), value)).collect();
        pieces.push(piece(body, &layout, &span(&root), last, &members));
    }
    pieces.sort_by_key(|(at, _)| *at);
    Ok(pieces)
}

/// What is inserted into one object or list: right behind its last member, else right behind its beginning.
fn piece(
    body: &str,
    layout: &Layout,
    container: &Range<usize>,
    last: Option<usize>,
    members: &[(Option<&str>, &Value)],
) -> (usize, String) {
    let outer = indent_at(body, container.start);
    let inner = format!("{outer}{}", layout.step);
    let line_break = layout.line_break;
    let written = members.iter().map(|(name, value)| {
        let value = layout.render(value, &inner);
        match name {
            Some(name) => format!("{}: {value}", Value::from(*name)),
            None => value,
        }
    });
    if let Some(last) = last {
        let members: Vec<String> = written.map(|member| format!(",{line_break}{inner}{member}")).collect();
        return (last, members.concat());
    }
    let members = written.collect::<Vec<_>>().join(&format!(",{line_break}{inner}"));
    (container.start + 1, format!("{line_break}{inner}{members}{line_break}{outer}"))
}

/// Returns the text without our entries: the remembered pieces are cut out where all stand there as they were inserted,
/// else whatever is ours is taken out. `None` where nothing is.
///
/// # Errors
///
/// What makes the file unfit.
pub fn uninstalled(
    text: &str,
    wish: &SettingsWish<'_>,
    pieces: &[String],
) -> Result<Option<String>, SettingsFault> {
    if let Some(cut) = cut(text, pieces)
        && (cut.trim_start_matches(BYTE_ORDER_MARK).trim().is_empty()
            || standing(&cut, wish).is_ok_and(|standing| standing == SettingsState::Absent))
    {
        return Ok(Some(cut));
    }
    let rest = remove::without(text, wish.mark)?;
    Ok((rest != text).then_some(rest))
}

/// Cuts the pieces out, if each stands there exactly as often as it was inserted.
fn cut(text: &str, pieces: &[String]) -> Option<String> {
    if pieces.is_empty() {
        return None;
    }
    let mut rest = text.to_owned();
    let mut pieces: Vec<&String> = pieces.iter().collect();
    pieces.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    for group in pieces.chunk_by(|one, other| one == other) {
        let piece = group.first()?.as_str();
        if rest.matches(piece).count() != group.len() {
            return None;
        }
        rest = rest.replace(piece, "");
    }
    Some(rest)
}

#[cfg(test)]
mod tests;
