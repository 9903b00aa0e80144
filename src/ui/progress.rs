//! A progress bar for what takes its time: seen on a terminal only, and only once 300 ms have passed.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Ui;
use crate::model::progress::Progress;

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// A bar on stderr, or nothing where nobody would see it.
#[derive(Debug)]
pub struct Bar {
    is_wanted: bool,
    work: Mutex<Option<Work>>,
}

#[derive(Debug)]
struct Work {
    what: String,
    total: u64,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// A bar for `ui`'s reader.
    #[must_use]
    pub fn new(ui: &Ui) -> Self {
        Self { is_wanted: ui.shows_progress(), work: Mutex::new(None) }
    }

    fn with_work(&self, change: impl FnOnce(&mut Option<Work>)) {
        if let (true, Ok(mut work)) = (self.is_wanted, self.work.lock()) {
            change(&mut work);
        }
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total: u64) {
        let work = Work { what: what.to_owned(), total, since: Instant::now(), bar: None };
        self.with_work(|slot| *slot = Some(work));
    }

    fn advance(&self, done: u64) {
        self.with_work(|slot| {
            let Some(work) =
                slot.as_mut().filter(|work| work.bar.is_some() || work.since.elapsed() > PATIENCE)
            else {
                return;
            };
            let (what, total) = (work.what.clone(), work.total);
            work.bar.get_or_insert_with(|| drawn(what, total)).set_position(done);
        });
    }

    fn end(&self) {
        self.with_work(|slot| {
            if let Some(bar) = slot.take().and_then(|work| work.bar) {
                bar.finish_and_clear();
            }
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.end();
    }
}

fn drawn(what: String, total: u64) -> ProgressBar {
    let known = (total > 0).then_some(total);
    let bar = ProgressBar::with_draw_target(known, ProgressDrawTarget::stderr()).with_message(what);
    let template = if total > 0 { "{msg} {wide_bar} {pos}/{len}" } else { "{msg} {spinner} {pos}" };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
