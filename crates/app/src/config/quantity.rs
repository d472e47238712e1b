//! Sizes and durations as people write them.

use std::time::Duration;

/// The largest first.
const SIZES: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
];

const TIMES: [(&str, &[&str], u64); 5] = [
    ("days", &["d", "day", "days"], 86_400_000),
    ("hours", &["h", "hour", "hours"], 3_600_000),
    ("minutes", &["m", "min", "minute", "minutes"], 60_000),
    ("seconds", &["s", "second", "seconds"], 1_000),
    ("ms", &["ms"], 1),
];

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

/// `16 MiB`, `2GB`, `1048576`.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let parsed = split(text).and_then(|(number, unit)| {
        let factor = match unit {
            "" | "B" => 1,
            _ => SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
        };
        number.checked_mul(factor)
    });
    parsed.ok_or_else(|| format!("{text:?} is no size: write bytes as a number, or `16 MiB`, `2 GB`"))
}

pub fn show_bytes(bytes: u64) -> String {
    let unit = SIZES.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    unit.map_or_else(|| format!("{bytes} B"), |(name, factor)| format!("{} {name}", bytes / factor))
}

/// `30 days`, `12h`, `90 s`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed = split(text).and_then(|(number, unit)| {
        let (_, _, millis) = TIMES.iter().find(|(_, names, _)| names.contains(&unit))?;
        number.checked_mul(*millis).map(Duration::from_millis)
    });
    parsed.ok_or_else(|| format!("{text:?} is no duration: write `30 days`, `12 h`, `90 s`"))
}

pub fn show_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let unit = TIMES.iter().find(|(_, _, factor)| millis >= *factor && millis.is_multiple_of(*factor));
    unit.map_or_else(|| format!("{millis} ms"), |(name, _, factor)| format!("{} {name}", millis / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_both_kinds_of_units_and_written_back_exactly() {
        for (text, bytes, shown) in [("16 MiB", 16 << 20, "16 MiB"), ("2gb", 2_000_000_000, "2 GB"), ("7", 7, "7 B")] {
            assert_eq!(parse_bytes(text), Ok(bytes));
            assert_eq!(show_bytes(bytes), shown);
        }
    }

    #[test]
    fn durations_are_read_and_written_back_exactly() {
        for (text, millis, shown) in
            [("30d", 2_592_000_000, "30 days"), ("90 s", 90_000, "90 seconds"), ("5ms", 5, "5 ms")]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)));
            assert_eq!(show_duration(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn what_is_no_quantity_or_too_large_is_refused_with_an_example() {
        for text in ["", "MiB", "-1", "1.5 GiB", "99999999999 TiB", "3 parsecs"] {
            assert!(parse_bytes(text).unwrap_err().contains("16 MiB"), "{text}");
            assert!(parse_duration(text).unwrap_err().contains("30 days"), "{text}");
        }
    }
}
