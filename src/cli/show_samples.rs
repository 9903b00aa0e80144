//! What services took over time, as small lines: memory, CPU, latency.

use crate::model::services::samples::{ServiceSample, line};
use crate::ops::services::report::ServiceView;
use crate::ui::output::Ui;
use crate::ui::table::{self, TableRow};

/// How many letters a line has.
const WIDTH: usize = 40;

/// Returns the lines of all services that have samples; nothing where none has.
#[must_use]
pub fn lines(ui: &Ui, services: &[ServiceView]) -> String {
    let mut rows = Vec::new();
    for view in services {
        let Some(samples) = view.samples.as_ref().filter(|samples| !samples.is_empty()) else { continue };
        let mut add = |what: &str, values: Vec<Option<f64>>, said: &dyn Fn(f64) -> String| {
            let known = || values.iter().flatten().copied();
            let Some(last) = known().last() else { return };
            let most = known().fold(0.0, f64::max);
            rows.push(TableRow::plain(vec![
                view.service.to_string(),
                what.to_owned(),
                line(&values, WIDTH),
                said(last),
                format!("at most {}", said(most)),
            ]));
        };
        let of =
            |value: &dyn Fn(&ServiceSample) -> Option<f64>| samples.iter().map(value).collect::<Vec<_>>();
        add("memory", of(&|sample| Some(mebibytes(sample.memory_bytes))), &|value| format!("{value:.0} MiB"));
        add("cpu", of(&|sample| sample.cpu_percent), &|value| format!("{value:.1} %"));
        add("latency", of(&|sample| sample.latency_ms), &|value| format!("{value:.1} ms"));
    }
    if rows.is_empty() { String::new() } else { table::render(ui, &[], &rows, &[]) }
}

#[expect(clippy::cast_precision_loss, reason = "a petabyte is as exact as anybody reads it")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
