//! Making JSON of what Python writes: `json.dumps` lets `NaN`, `Infinity` and lone surrogates through.

use std::fmt::Write;

/// The same text with `NaN` and infinities as null, lone surrogates as U+FFFD, and bytes that are no UTF-8 likewise.
pub(crate) fn repair(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(inside) = rest.strip_prefix('"') {
            let (string, after) = split_string(inside);
            out.push('"');
            push_string(&mut out, string);
            rest = after;
        } else if let Some(after) = ["NaN", "-Infinity", "Infinity"].iter().find_map(|word| rest.strip_prefix(word)) {
            out.push_str("null");
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Cuts after the closing quote; a string without one is left to the JSON reader to complain about.
fn split_string(inside: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return inside.split_at(at + 1),
            _ => {}
        }
    }
    (inside, "")
}

/// Copies a string with its closing quote. High surrogates are kept only before a low one, low ones only after.
fn push_string(out: &mut String, mut string: &str) {
    while let Some(at) = string.find('\\') {
        out.push_str(&string[..at]);
        string = &string[at..];
        let taken = match (unit(string), string.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                let _ = write!(out, "\\u{:04x}", u32::from(char::REPLACEMENT_CHARACTER));
                string = &string[6..];
                continue;
            }
            (Some(_), _) => 6,
            // A short escape: the backslash and what it escapes, which may be another backslash.
            (None, _) => 1 + string[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&string[..taken]);
        string = &string[taken..];
    }
    out.push_str(string);
}

/// The code unit of the `\uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if digits.bytes().all(|b| b.is_ascii_hexdigit()) { u16::from_str_radix(digits, 16).ok() } else { None }
}
