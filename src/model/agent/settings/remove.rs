//! Takes what is ours out of a settings file of which nobody remembers what was inserted: a clone's, or one that its program
//! wrote anew. Lists and objects that are empty then go too.

use std::ops::Range;

use jsonc_parser::ast::Object;

use super::tree::{self, BYTE_ORDER_MARK, EntryMark, SettingsFault, span};

/// More than any file of ours has.
const MOST: usize = 1000;

/// Returns the text without what is ours.
///
/// # Errors
///
/// What makes the file unfit.
pub fn without(text: &str, mark: EntryMark<'_>) -> Result<String, SettingsFault> {
    let (head, body) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => (BYTE_ORDER_MARK, body),
        None => ("", text),
    };
    let mut body = body.to_owned();
    if body.trim().is_empty() {
        return Ok(text.to_owned());
    }
    for _ in 0..MOST {
        let root = tree::parse(&body)?;
        let Some(cuts) = find(&body, &root, mark)? else { return Ok(format!("{head}{body}")) };
        for cut in cuts.into_iter().rev() {
            body.replace_range(cut, "");
        }
    }
    Err(SettingsFault("there is no end of entries of ours".to_owned()))
}

/// What is to be cut out for the first part of ours, in the order of the text.
fn find(
    body: &str,
    root: &Object<'_>,
    mark: EntryMark<'_>,
) -> Result<Option<Vec<Range<usize>>>, SettingsFault> {
    if let Some(at) = root.properties.iter().position(tree::is_status_line) {
        let spans: Vec<_> = root.properties.iter().map(span).collect();
        return cuts(body, &span(root), &spans, at).map(Some);
    }
    let Some(hooks) = tree::hooks(root)? else { return Ok(None) };
    for (at, property) in hooks.properties.iter().enumerate() {
        let Some(list) = tree::event(hooks, property.name.as_str())? else { continue };
        if let Some((index, element)) =
            list.elements.iter().enumerate().find(|(_, element)| mark.is_in(element))
        {
            let group = element.as_object().and_then(|object| object.get_array("hooks"));
            // In a group with calls of others only ours goes.
            if let Some(group) = group.filter(|group| !group.elements.iter().all(|inner| mark.is_call(inner)))
            {
                let inner = group.elements.iter().position(|inner| mark.is_call(inner)).unwrap_or_default();
                let spans: Vec<_> = group.elements.iter().map(span).collect();
                return cuts(body, &span(group), &spans, inner).map(Some);
            }
            if list.elements.len() > 1 {
                let spans: Vec<_> = list.elements.iter().map(span).collect();
                return cuts(body, &span(list), &spans, index).map(Some);
            }
            if hooks.properties.len() > 1 {
                let spans: Vec<_> = hooks.properties.iter().map(span).collect();
                return cuts(body, &span(hooks), &spans, at).map(Some);
            }
            let spans: Vec<_> = root.properties.iter().map(span).collect();
            let at = root.properties.iter().position(|property| property.name.as_str() == "hooks");
            return cuts(body, &span(root), &spans, at.unwrap_or_default()).map(Some);
        }
    }
    Ok(None)
}

/// What is to be cut out for one member: it, its comma, and the blanks between; comments of others stay.
fn cuts(
    body: &str,
    container: &Range<usize>,
    members: &[Range<usize>],
    index: usize,
) -> Result<Vec<Range<usize>>, SettingsFault> {
    let lost = || SettingsFault("an entry of ours cannot be told from what stands around it".to_owned());
    let own = members.get(index).ok_or_else(lost)?;
    if let Some(before) = index.checked_sub(1).and_then(|before| members.get(before)) {
        let gap = &body[before.end..own.start];
        if gap.trim() == "," {
            return Ok(std::iter::once(before.end..own.end).collect());
        }
        let comma = before.end + comma_in(gap).ok_or_else(lost)?;
        return Ok(vec![comma..comma + 1, own.clone()]);
    }
    if let Some(after) = members.get(index + 1) {
        let gap = &body[own.end..after.start];
        if gap.trim() == "," {
            return Ok(std::iter::once(own.start..after.start).collect());
        }
        let comma = own.end + comma_in(gap).ok_or_else(lost)?;
        return Ok(vec![own.clone(), comma..comma + 1]);
    }
    let inside = container.start + 1..container.end - 1;
    let (head, tail) = (&body[inside.start..own.start], &body[own.end..inside.end]);
    let is_blank = |text: &str| text.trim().is_empty() || text.trim() == ",";
    if head.trim().is_empty() && is_blank(tail) {
        return Ok(vec![inside]);
    }
    let comma = tail.trim_start().starts_with(',').then(|| own.end + tail.len() - tail.trim_start().len());
    Ok(std::iter::once(own.clone()).chain(comma.map(|comma| comma..comma + 1)).collect())
}

/// The comma between two members, which stands at the beginning or at the end of what is there beside comments.
fn comma_in(gap: &str) -> Option<usize> {
    if gap.trim_start().starts_with(',') {
        return Some(gap.len() - gap.trim_start().len());
    }
    gap.trim_end().ends_with(',').then(|| gap.trim_end().len() - 1)
}
