//! Bars of ratios as an SVG that reads on light and on dark pages.

use std::fmt::Write;

/// One bar: 1 is as long as the first of its group.
pub struct Bar {
    pub group: String,
    pub name: String,
    pub ratio: f64,
    /// What stands behind it: the time.
    pub label: String,
}

const LEFT: f64 = 190.0;
const UNIT: f64 = 330.0;
const ROW: f64 = 22.0;

/// Draws the bars, group by group.
pub fn bars(bars: &[Bar]) -> String {
    let mut body = String::new();
    let mut y = 10.0;
    let mut group = "";
    for bar in bars {
        if bar.group != group {
            group = &bar.group;
            y += 26.0;
            let _ = writeln!(body, r#"<text class="group" x="10" y="{y}">{}</text>"#, plain(group));
            y += 8.0;
        }
        let class = if bar.name.starts_with("wt ") { "ours" } else { "theirs" };
        let width = (bar.ratio * UNIT).min(UNIT * 2.0);
        let (text, top) = (y + 14.0, y + 3.0);
        let _ = writeln!(body, r#"<text x="20" y="{text}">{}</text>"#, plain(&bar.name));
        let _ = writeln!(
            body,
            r#"<rect class="{class}" x="{LEFT}" y="{top}" width="{width:.1}" height="14" rx="3"/>"#
        );
        let behind = LEFT + width + 6.0;
        let _ = writeln!(
            body,
            r#"<text class="label" x="{behind:.1}" y="{text}">{:.2}  ({})</text>"#,
            bar.ratio,
            plain(&bar.label)
        );
        y += ROW;
    }
    let height = y + 12.0;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" viewBox="0 0 720 {height}" font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">
<style>
text {{ fill: rgb(36 41 47) }} .group {{ font-weight: 600 }} .label {{ fill: rgb(87 96 106) }} .ours {{ fill: rgb(26 127 100) }} .theirs {{ fill: rgb(154 164 175) }} .page {{ fill: white }}
@media (prefers-color-scheme: dark) {{ text {{ fill: rgb(230 237 243) }} .label {{ fill: rgb(157 167 179) }} .ours {{ fill: rgb(63 185 143) }} .theirs {{ fill: rgb(91 102 115) }} .page {{ fill: rgb(13 17 23) }} }}
</style>
<rect class="page" width="720" height="{height}" rx="6"/>
{body}</svg>
"#
    )
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
