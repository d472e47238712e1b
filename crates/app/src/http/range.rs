//! The `Range` header (RFC 9110, section 14) for a body of known length.

use std::ops::Range;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// End exclusive, within the body, never empty.
    Part(Range<u64>),
    /// None of it exists: 416.
    Unsatisfiable,
}

/// Several ranges in one request, other units and nonsense are ignored, as the RFC allows: the whole body is sent.
pub(super) fn wanted(header: Option<&str>, total: u64) -> Wanted {
    let spec = header.and_then(|value| value.trim().strip_prefix("bytes=")).map(str::trim);
    let Some((first, last)) = spec.filter(|spec| !spec.contains(',')).and_then(|spec| spec.split_once('-')) else {
        return Wanted::Whole;
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(total),
        (Some(first), None) if last.is_empty() => first..total,
        (None, Some(count)) if first.is_empty() => total.saturating_sub(count)..total,
        _ => return Wanted::Whole,
    };
    if range.start < range.end { Wanted::Part(range) } else { Wanted::Unsatisfiable }
}

fn number(text: &str) -> Option<u64> {
    // `u64::from_str` takes a plus sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_clipped_to_the_body() {
        assert_eq!(wanted(Some("bytes=0-0"), 10), Wanted::Part(0..1));
        assert_eq!(wanted(Some("bytes=5-"), 10), Wanted::Part(5..10));
        assert_eq!(wanted(Some("bytes=5-99"), 10), Wanted::Part(5..10));
        assert_eq!(wanted(Some("bytes=-3"), 10), Wanted::Part(7..10));
        assert_eq!(wanted(Some("bytes=-30"), 10), Wanted::Part(0..10));
        assert_eq!(wanted(Some("bytes=0-18446744073709551615"), 10), Wanted::Part(0..10));
    }

    #[test]
    fn a_range_behind_the_end_cannot_be_satisfied() {
        assert_eq!(wanted(Some("bytes=10-"), 10), Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=-0"), 10), Wanted::Unsatisfiable);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn nonsense_and_several_ranges_give_the_whole() {
        for header in ["bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=4-2", "bytes=-", "bytes=", "bytes=+1-2", ""] {
            assert_eq!(wanted(Some(header), 10), Wanted::Whole, "{header}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }
}
