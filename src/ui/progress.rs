//! A progress bar for what takes its time: seen on a terminal only, and only once 300 ms have passed.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Ui;

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
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// A bar for `ui`'s reader.
    #[must_use]
    pub fn new(ui: &Ui) -> Self {
        Self { is_wanted: ui.shows_progress(), work: Mutex::new(None) }
    }

    /// Shows that `done` of `total` steps of `what` are done; may be called from several threads.
    pub fn show(&self, what: &'static str, done: u64, total: u64) {
        if !self.is_wanted {
            return;
        }
        // Whoever finds another thread at it leaves it to the next step.
        let Ok(mut slot) = self.work.try_lock() else { return };
        let work = slot.get_or_insert_with(|| Work { since: Instant::now(), bar: None });
        if work.bar.is_some() || work.since.elapsed() > PATIENCE {
            let bar = work.bar.get_or_insert_with(|| drawn(what, total));
            // One work may follow another one.
            if bar.length() != Some(total) || bar.message() != what {
                bar.set_length(total);
                bar.set_message(what);
            }
            bar.set_position(done);
        }
    }

    /// Shows how long-winded work stands that cannot be counted: one line, ready to be shown, with the time it has taken.
    pub fn tell(&self, line: &str) {
        if !self.is_wanted {
            return;
        }
        let Ok(mut slot) = self.work.try_lock() else { return };
        let work = slot.get_or_insert_with(|| Work { since: Instant::now(), bar: None });
        if work.bar.is_some() || work.since.elapsed() > PATIENCE {
            let bar = work.bar.get_or_insert_with(spinning);
            bar.set_message(line.to_owned());
            bar.tick();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        let work = self.work.lock().ok().and_then(|mut slot| slot.take());
        if let Some(bar) = work.and_then(|work| work.bar) {
            bar.finish_and_clear();
        }
    }
}

fn spinning() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{elapsed:>4} {wide_msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn drawn(what: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_message(what);
    match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
