//! Reads JSON as ComfyUI writes it: Python's `json.dumps` puts `NaN`, `Infinity` and lone surrogates where a strict
//! reader stops.

use std::borrow::Cow;

use serde_json::Value;

/// Parses `text`; `NaN` and the infinities become `null`, a lone surrogate becomes U+FFFD. A byte order mark is skipped.
pub(super) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let text = text.trim_start_matches('\u{feff}');
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(strict) => match repair(text) {
            Cow::Owned(repaired) => serde_json::from_str(&repaired).map_err(|_| strict),
            Cow::Borrowed(_) => Err(strict),
        },
    }
}

/// Borrowed when there was nothing to repair.
fn repair(text: &str) -> Cow<'_, str> {
    const TOKENS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let (width, replacement) = match bytes[at] {
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            b'\\' if in_string => escape(&bytes[at..]),
            b'N' | b'I' | b'-' if !in_string => TOKENS
                .iter()
                .find(|token| bytes[at..].starts_with(token.as_bytes()))
                .map_or((1, None), |token| (token.len(), Some("null"))),
            _ => (1, None),
        };
        if let Some(replacement) = replacement {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push_str(replacement);
            copied = at + width;
        }
        at += width;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Length of the escape `bytes` starts with, and what to put in its place if it is half of a surrogate pair.
fn escape(bytes: &[u8]) -> (usize, Option<&'static str>) {
    match unit(bytes) {
        Some(0xD800..=0xDBFF) if matches!(bytes.get(6..).and_then(unit), Some(0xDC00..=0xDFFF)) => {
            (12, None)
        }
        Some(0xD800..=0xDFFF) => (6, Some("\\ufffd")),
        Some(_) => (6, None),
        None => (2, None),
    }
}

/// The UTF-16 unit of a leading `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn not_a_number_and_the_infinities_are_read_as_null() {
        assert_eq!(
            parse(r#"{"a":[NaN,Infinity,-Infinity,-1]}"#).unwrap(),
            json!({"a": [null, null, null, -1]})
        );
    }

    #[test]
    fn the_same_words_inside_a_text_stay() {
        assert_eq!(
            parse(r#"["NaN \" Infinity", NaN]"#).unwrap(),
            json!(["NaN \" Infinity", null])
        );
    }

    #[test]
    fn a_lone_surrogate_becomes_the_replacement_character_and_a_pair_stays() {
        assert_eq!(
            parse(r#"["a\ud83d", "\ud83d\ude00", "\ude00b"]"#).unwrap(),
            json!(["a\u{fffd}", "😀", "\u{fffd}b"])
        );
    }

    #[test]
    fn a_seed_above_two_to_the_53_keeps_its_last_digit() {
        assert_eq!(parse("18446744073709551615").unwrap(), json!(u64::MAX));
    }

    #[test]
    fn what_is_no_json_at_all_stays_an_error() {
        assert!(parse("{NaN").is_err());
        assert!(parse("\"\\ud8").is_err());
        assert!(parse("Not json").is_err());
    }

    #[test]
    fn nesting_beyond_every_real_file_is_refused_instead_of_overflowing_the_stack() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
