//! The report as one file for a browser: it loads nothing, runs nothing, and puts in as text what others wrote.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::tables::Report;
use crate::error::{Code, Failure, Result};
use crate::model::backlog::size;

const TEMPLATE: &str = include_str!("../../../templates/report.html");

/// What every page of ours begins with, and no other file does.
pub const MARK: &str = "<!DOCTYPE html>\n<!-- made by `wt report` -->\n";

/// How high the tallest bar is, and how long the longest one.
const HEIGHT: u64 = 80;
const LENGTH: u64 = 240;

/// A bar of a plot.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Bar {
    label: String,
    value: u64,
    /// Where it begins: from the left where bars stand, from above where they lie.
    at: u64,
    size: u64,
    /// From above, where bars stand.
    top: u64,
}

#[derive(Serialize)]
struct Page<'a> {
    report: &'a Report,
    made_at: String,
    version: &'a str,
    hours: Vec<Bar>,
    ranges: Vec<Bar>,
    memory: Vec<Bar>,
}

/// Renders the page.
///
/// # Errors
///
/// `internal` where the template does not fit the report.
pub fn html(report: &Report, made_at: jiff::Timestamp) -> Result<String> {
    let hours = report.conflicts.by_hour.iter().zip(0_u64..);
    let hours = hours.map(|(count, hour)| (format!("{hour}:00"), *count, None)).collect();
    let ranges = report.ports.ranges.iter().map(|range| {
        (
            format!("{}: {} of {}", range.range, range.used, range.capacity),
            as_u64(range.used),
            Some(as_u64(range.capacity)),
        )
    });
    let memory = report.services.iter().filter_map(|one| {
        let bytes = one.memory_bytes?;
        Some((format!("{} of {}: {}", one.service, one.worktree, size(bytes)), bytes, None))
    });
    let page = Page {
        report,
        made_at: format!("{made_at:.0}"),
        version: env!("CARGO_PKG_VERSION"),
        hours: bars(hours, 14, HEIGHT),
        ranges: bars(ranges.collect(), 22, LENGTH),
        memory: bars(memory.collect(), 22, LENGTH),
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_filter("size", |value: Value| u64::try_from(value).map_or_else(|_| "–".to_owned(), size));
    environment.add_filter("days", |seconds: i64| format!("{} days", seconds / 86_400));
    let rendered = environment.render_str(TEMPLATE, Value::from(Serde(&page)));
    let text =
        rendered.map_err(|error| Failure::new(Code::Internal, format!("the report's page: {error}")))?;
    Ok(format!("{MARK}{text}"))
}

/// Lays out bars of at most `most`, `step` from each to the next. A value with a whole is shown as its part of that.
fn bars(values: Vec<(String, u64, Option<u64>)>, step: u64, most: u64) -> Vec<Bar> {
    let tallest = values.iter().map(|(_, value, _)| *value).max().unwrap_or(0).max(1);
    let laid = values.into_iter().zip(0_u64..).map(|((label, value, whole), place)| {
        let size = value.saturating_mul(most) / whole.unwrap_or(tallest).max(1);
        let size = if value > 0 { size.clamp(1, most) } else { 0 };
        Bar { label, value, at: place * step, size, top: most - size }
    });
    laid.collect()
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::model::health::state::Health;
    use crate::model::report::tables::{Conflicts, HolderCount, Idle, Ports, Range, Recommendation, Service};

    #[test]
    fn what_others_wrote_is_text_and_nothing_is_loaded() {
        let evil = "<script>alert(1)</script>\"'&";
        let report = Report {
            since: Timestamp::UNIX_EPOCH,
            ports: Ports {
                ranges: vec![Range { range: evil.to_owned(), capacity: 10, used: 5 }],
                ..Ports::default()
            },
            conflicts: Conflicts {
                total: 3,
                by_kind: BTreeMap::from([(evil.to_owned(), 3)]),
                by_level: BTreeMap::new(),
                by_holder: vec![HolderCount { holder: evil.to_owned(), count: 3 }],
                by_hour: (0..24).collect(),
            },
            actions: Vec::new(),
            services: vec![Service {
                repository: "/r".into(),
                repository_name: evil.to_owned(),
                worktree: evil.to_owned(),
                service: "web".parse().unwrap(),
                port: None,
                state: None,
                health: Health::Unknown,
                restarts: 0,
                latency_ms: None,
                memory_bytes: Some(3 << 20),
                cpu_percent: None,
            }],
            idle: vec![Idle {
                repository: "/r".into(),
                repository_name: evil.to_owned(),
                worktree: evil.to_owned(),
                idle_s: 86_400 * 9,
                disk_bytes: 1 << 30,
            }],
            recommendations: vec![Recommendation { text: evil.to_owned(), command: evil.to_owned() }],
        };
        let text = html(&report, Timestamp::UNIX_EPOCH).unwrap();
        assert!(text.starts_with(MARK));
        assert!(!text.contains("<script") && text.contains("&lt;script&gt;"), "{text}");
        for outside in ["http:", "https:", "src=", "url(", "@import", "<link"] {
            assert!(!text.contains(outside), "{outside} in {text}");
        }
        assert!(text.contains("3.0 MiB") && text.contains("1.0 GiB") && text.contains("9 days"), "{text}");
        assert_eq!(text.matches("class=\"hour\"").count(), 24);
        assert!(text.contains("width=\"120\" height=\"14\""), "half of the range is used: {text}");
    }

    #[test]
    fn bars_are_as_long_as_their_values_say() {
        let one = |label: &str, value, whole| (label.to_owned(), value, whole);
        let sizes = |values| bars(values, 10, 80).into_iter().map(|bar| bar.size).collect::<Vec<_>>();
        assert_eq!(sizes(vec![one("a", 0, None), one("b", 1, None), one("c", 1000, None)]), [0, 1, 80]);
        assert_eq!(sizes(vec![one("a", 5, Some(10)), one("b", 0, Some(0))]), [40, 0]);
        let laid = bars(vec![one("a", 1, None), one("b", 4, None), one("c", 2, None)], 10, 80);
        let places: Vec<_> = laid.iter().map(|bar| (bar.at, bar.top)).collect();
        assert_eq!(places, [(0, 60), (10, 0), (20, 40)], "side by side, and all end on the same line");
    }
}
