//! No two purposes may draw from one port, and no two services: looked at after all layers are merged.

use super::merged::MergedConfig;
use super::problem::{Problem, ValueFault};
use super::value;
use crate::model::config::taken::TakenRanges;
use crate::model::port::{PortRange, PortRanges};

/// Returns the first overlap among purposes and the first among services; each names the later value of the two.
#[must_use]
pub fn overlaps(merged: &MergedConfig) -> Vec<Problem> {
    ["purpose", "service"].into_iter().filter_map(|family| first_overlap(merged, family)).collect()
}

struct Claim<'a> {
    name: &'a str,
    ranges: PortRanges,
    value: &'a super::origin::ConfigValue,
}

fn first_overlap(merged: &MergedConfig, family: &str) -> Option<Problem> {
    let claims: Vec<Claim> =
        merged.in_order_of_appearance().into_iter().filter_map(|value| claim(value, family)).collect();
    let mut taken = TakenRanges::default();
    claims.iter().enumerate().find_map(|(index, later)| {
        let Some(earlier) = taken.first_overlapping(&later.ranges) else {
            taken.add(&later.ranges, index);
            return None;
        };
        let earlier = &claims[earlier];
        let (ours, theirs) = shared(&later.ranges, &earlier.ranges)?;
        let message = format!(
            "{family} `{}`: {ours} overlaps {theirs} of {family} `{}` ({})",
            later.name, earlier.name, earlier.value.origin
        );
        let hint = match next_free(&claims, ours) {
            Some(free) => format!("give one of them another range; {free} is free"),
            None => "give one of them another range".to_owned(),
        };
        Some(Problem::with_value(
            later.value.origin.clone(),
            &later.value.key,
            ValueFault::new(message).hint(hint),
        ))
    })
}

fn claim<'a>(value: &'a super::origin::ConfigValue, family: &str) -> Option<Claim<'a>> {
    let name = value.key.strip_prefix(family)?.strip_prefix('.')?.strip_suffix(".ports")?;
    Some(Claim { name, ranges: value::ports(&value.value).ok()?, value })
}

fn shared(ours: &PortRanges, theirs: &PortRanges) -> Option<(PortRange, PortRange)> {
    ours.0
        .iter()
        .find_map(|our| theirs.0.iter().find(|their| our.overlaps(**their)).map(|their| (*our, *their)))
}

/// Returns the first range above all claims that is as long as `wanted`.
fn next_free(claims: &[Claim], wanted: PortRange) -> Option<PortRange> {
    let last = claims.iter().flat_map(|claim| &claim.ranges.0).map(|range| range.last().number()).max()?;
    let length = wanted.last().number() - wanted.first().number();
    let first = last.checked_add(1)?;
    format!("{first}-{}", first.checked_add(length)?).parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge_leniently;

    #[test]
    fn an_overlap_says_which_range_is_free() {
        let told = |text: &str| {
            let layer = Layer { path: "f".to_owned(), text: text.to_owned(), source: Source::User };
            let problems = merge_leniently(&[layer], &[]).1.into_iter();
            problems.map(|problem| (problem.message, problem.hint.unwrap_or_default())).collect::<Vec<_>>()
        };
        let said = |message: &str, hint: &str| vec![(message.to_owned(), hint.to_owned())];
        assert_eq!(
            told("[service.a]\nports = [8000, \"9000-9004\"]\n[service.b]\nports = \"9004-9005\"\n"),
            said(
                "`service.b.ports`: service `b`: 9004-9005 overlaps 9000-9004 of service `a` (f:2)",
                "give one of them another range; 9006-9007 is free"
            )
        );
        assert_eq!(
            told("[service.a]\nports = 65534\n[service.b]\nports = \"65534-65535\"\n"),
            said(
                "`service.b.ports`: service `b`: 65534-65535 overlaps 65534 of service `a` (f:2)",
                "give one of them another range"
            )
        );
        assert_eq!(told("[service.a]\nports = 5000\n[service.b]\nports = 5001\n"), []);
        let both = "[service.a]\nports = 9000\n[service.b]\nports = 9000\n[purpose.spike]\nports = 5000\n";
        assert_eq!(told(both).len(), 2, "one among purposes, one among services");
    }
}
