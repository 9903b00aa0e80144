//! The hours in which nobody is told anything, by the clock on the wall.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use crate::model::config::problem::ValueFault;
use crate::model::config::value;

/// From one time of day to another one, over midnight where that is earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

/// Reads `22:00-07:00`.
///
/// # Errors
///
/// Says what it looks like.
pub fn read(value: &Value) -> Result<QuietHours, ValueFault> {
    let text = value::text(value)?;
    let hours =
        text.split_once('-').and_then(|(from, to)| Some(QuietHours { from: time(from)?, to: time(to)? }));
    hours.filter(|hours| hours.from != hours.to).ok_or_else(|| {
        ValueFault::new(format!("`{}` is no span of two times of day", text.escape_debug()))
            .hint("write \"22:00-07:00\"")
    })
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    if hour.len() > 2 || minute.len() != 2 {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl QuietHours {
    /// Returns the end of the quiet hours that `now` lies in; `None` outside of them.
    #[must_use]
    pub fn end(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = now.to_zoned(zone.clone());
        let at = local.time();
        let is_inside = if self.from < self.to {
            self.from <= at && at < self.to
        } else {
            at >= self.from || at < self.to
        };
        if !is_inside {
            return None;
        }
        let today = local.date();
        let day = if at < self.to { today } else { today.checked_add(1.day()).unwrap_or(today) };
        let end = day.to_datetime(self.to).to_zoned(zone.clone()).ok()?.timestamp();
        // Where the clock was put back the end may have been already.
        Some(end.max(now.checked_add(1.second()).unwrap_or(now)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quiet_hours_end_by_the_clock_on_the_wall() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let night = read(&json!("22:00-07:00")).unwrap();
        let noon = read(&json!("12:00-13:30")).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (hours, now, end) in [
            (night, "2026-05-01T19:59:59Z", None),
            (night, "2026-05-01T20:00:00Z", Some("2026-05-02T05:00:00Z")),
            (night, "2026-05-02T04:59:59Z", Some("2026-05-02T05:00:00Z")),
            (night, "2026-05-02T05:00:00Z", None),
            (noon, "2026-05-01T10:00:00Z", Some("2026-05-01T11:30:00Z")),
            (noon, "2026-05-01T11:30:00Z", None),
            (noon, "2026-05-01T09:59:59Z", None),
            (noon, "2026-05-01T20:00:00Z", None),
            (noon, "2026-05-01T11:29:59Z", Some("2026-05-01T11:30:00Z")),
        ] {
            assert_eq!(hours.end(at(now), &zone), end.map(at), "{now}");
        }
        for wrong in [
            "22-7",
            "22:00",
            "7:00-7:00",
            "24:00-1:00",
            "22:0-07:00",
            "a:00-b:00",
            "022:00-07:00",
            "22:00-07:000",
        ] {
            assert!(read(&json!(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hours_that_end_while_the_clock_is_put_back_end_at_once() {
        // At 3:00 the clock of Berlin goes back to 2:00: 2:30 is there twice, and means the first time.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let hours = read(&json!("01:00-02:30")).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, end) in [
            ("2026-10-25T00:15:00Z", Some("2026-10-25T00:30:00Z")),
            ("2026-10-25T00:45:00Z", None),
            ("2026-10-25T01:15:00Z", Some("2026-10-25T01:15:01Z")),
            ("2026-10-25T01:45:00Z", None),
        ] {
            assert_eq!(hours.end(at(now), &zone), end.map(at), "{now}");
        }
    }
}
