//! Lengths of time and numbers of bytes as people write them: `1h30m`, `500ms`, `10GiB`.

use std::time::Duration;

/// Milliseconds per unit.
const TIMES: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Bytes per unit.
const SIZES: [(&str, u64); 13] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
];

/// A hundred years in milliseconds: longer is a slip, and would overflow a date.
const LONGEST: u64 = 36_525 * 86_400_000;

/// Reads `7d`, `10s`, `1h30m`, `500ms`, `0s`.
///
/// # Errors
///
/// Says what a duration looks like.
pub fn duration(text: &str) -> Result<Duration, String> {
    let problem = || {
        format!("`{}` is not a duration: write a number and a unit (ms, s, m, h, d, w)", text.escape_debug())
    };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(problem());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = leading_number(rest).ok_or_else(problem)?;
        let end = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let scale =
            TIMES.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale).ok_or_else(problem)?;
        total = number
            .checked_mul(scale)
            .and_then(|part| total.checked_add(part))
            .filter(|sum| *sum <= LONGEST)
            .ok_or_else(|| format!("`{}` is longer than a hundred years", text.escape_debug()))?;
        rest = next.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// Reads `10GiB`, `500 MB`, `1048576`; `K`, `M`, `G`, `T` alone count in 1024s.
///
/// # Errors
///
/// Says what a size looks like.
pub fn size(text: &str) -> Result<u64, String> {
    let problem = || {
        format!(
            "`{}` is not a size: write a number and a unit (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB)",
            text.escape_debug()
        )
    };
    let (number, after) = leading_number(text.trim()).ok_or_else(problem)?;
    let unit = after.trim().to_ascii_lowercase();
    let scale = match unit.as_str() {
        "" => 1,
        unit => SIZES.iter().find(|(name, _)| *name == unit).map(|(_, scale)| *scale).ok_or_else(problem)?,
    };
    number.checked_mul(scale).ok_or_else(|| format!("`{}` is too large", text.escape_debug()))
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, size};

    #[test]
    fn durations_are_read_in_every_unit() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("500ms", 500),
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("7d", 604_800_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", " ", "7", "7 days", "d", "-7d", "1.5h", "7d7", "99999999999999999999d", "36526d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_in_every_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("1024", 1024),
            ("10GiB", 10 << 30),
            ("10 GiB", 10 << 30),
            ("5g", 5 << 30),
            ("2MB", 2_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "GiB", "-1", "1.5GB", "10 XB", "99999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
