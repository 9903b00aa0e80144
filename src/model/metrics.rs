//! Metrics as Prometheus reads them: families of samples, in the text format 0.0.4. Labels never hold a path, a commit, a
//! pid, a port or a branch.

mod families;
mod family;

use std::fmt::Write;

pub use families::{ServiceRow, Snapshot, families};
pub use family::{Family, MetricType};

/// Returns the text of `families`, ended by `# EOF`; one without samples is left out.
#[must_use]
pub fn text(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        let word = match family.r#type {
            MetricType::Gauge => "gauge",
            MetricType::Counter => "counter",
        };
        let _ = writeln!(text, "# HELP {} {}\n# TYPE {} {word}", family.name, family.help, family.name);
        for sample in &family.samples {
            text.push_str(family.name);
            let labels: Vec<String> =
                sample.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            if !labels.is_empty() {
                let _ = write!(text, "{{{}}}", labels.join(","));
            }
            let _ = writeln!(text, " {}", sample.value);
        }
    }
    text.push_str("# EOF\n");
    text
}

/// The text format escapes backslash, quote and line feed; whoever shows the text escapes nothing more, so that other control
/// characters are replaced.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            control if control.is_control() => text.push('\u{fffd}'),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_text_with_its_labels_escaped_and_an_empty_one_is_left_out() {
        let mut family = Family::new("wt_x_total", MetricType::Counter, "What x is.");
        family.put(&[("name", "a\"b\\c\nd\u{1b}")], 3.0);
        family.put(&[], 0.25);
        family.put(&[], 7.0);
        let empty = Family::new("wt_y", MetricType::Gauge, "What y is.");
        assert_eq!(
            text(&[family.once(), empty]),
            "# HELP wt_x_total What x is.\n# TYPE wt_x_total counter\n\
             wt_x_total{name=\"a\\\"b\\\\c\\nd\u{fffd}\"} 3\nwt_x_total 0.25\n# EOF\n"
        );
    }
}
