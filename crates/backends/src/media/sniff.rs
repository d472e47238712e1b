//! What a file is, from its first bytes: names and headers are the server's word, and it may be anyone's.

use std::borrow::Cow;

/// Bytes from the beginning that are enough to tell.
pub(super) const HEAD: usize = 16 * 1024;

const TEXT: &str = "text/plain; charset=utf-8";
const BINARY: &str = "application/octet-stream";

/// The content type of a file that begins with `head`; `whole`: there is no more of it.
///
/// Texts that a browser would run (HTML, XML, scripts) are called plain text; SVG is an image and named as such, to be
/// served with headers that keep it from running.
pub(super) fn content_type(head: &[u8], whole: bool) -> &'static str {
    // Texts first: two letters at the beginning of a prompt are enough to look like some binary format.
    if let Some(text) = as_text(head, whole) {
        return of_text(&text, whole);
    }
    if head.starts_with(b"glTF") {
        return "model/gltf-binary";
    }
    if head.starts_with(&[0x76, 0x2f, 0x31, 0x01]) {
        return "image/x-exr";
    }
    if is_safetensors(head) {
        return "application/x-safetensors";
    }
    match infer::get(head) {
        Some(known) if known.matcher_type() != infer::MatcherType::Text => known.mime_type(),
        _ => BINARY,
    }
}

/// `head` as text if that is what it is: UTF-8 without control characters that text has no use for.
fn as_text(head: &[u8], whole: bool) -> Option<Cow<'_, str>> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character cut in two at the end of the head is no fault.
        Err(error) if !whole && error.error_len().is_none() => str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let is_text = |character: char| !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\u{c}');
    (!text.is_empty() && text.chars().all(is_text)).then(|| Cow::Borrowed(text.trim_start_matches('\u{feff}')))
}

fn of_text(text: &str, whole: bool) -> &'static str {
    if is_svg(text) {
        "image/svg+xml"
    } else if text.starts_with("%PDF-") {
        "application/pdf"
    } else if is_json(text, whole) {
        "application/json"
    } else if is_wavefront(text) {
        "model/obj"
    } else {
        TEXT
    }
}

/// Behind declarations and comments, the first element is `svg`.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!") {
            ">"
        } else {
            break;
        };
        match rest.split_once(end) {
            Some((_, behind)) => rest = behind.trim_start(),
            None => return false,
        }
    }
    rest.strip_prefix("<svg")
        .is_some_and(|behind| behind.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/'))
}

/// All of it where all is known, else its beginning. Only objects and arrays: a number alone is a text.
fn is_json(text: &str, whole: bool) -> bool {
    let text = text.trim_start();
    let Some(behind) = text.strip_prefix(['{', '[']) else {
        return false;
    };
    if whole {
        return serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    }
    let next = behind.trim_start().chars().next();
    if text.starts_with('{') { next == Some('"') } else { next.is_some_and(|next| "[{\"-0123456789tfn".contains(next)) }
}

/// A Wavefront object: every line begins with one of its words, and there is a vertex.
fn is_wavefront(text: &str) -> bool {
    const WORDS: [&str; 15] =
        ["v", "vn", "vt", "vp", "f", "l", "p", "o", "g", "s", "usemtl", "mtllib", "cstype", "curv", "surf"];
    // The last line may be cut.
    let lines = text.rsplit_once('\n').map_or(text, |(complete, _)| complete).lines();
    let mut vertices = 0;
    for line in lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut parts = line.split_whitespace();
        let word = parts.next().unwrap_or_default();
        if !WORDS.contains(&word) {
            return false;
        }
        if word == "v" {
            vertices += usize::from(parts.clone().count() >= 3 && parts.all(|part| part.parse::<f64>().is_ok()));
        }
    }
    vertices > 0
}

/// A length in eight bytes, little endian, then that much JSON. `ComfyUI` writes latents so too.
/// <https://github.com/huggingface/safetensors#format>
fn is_safetensors(head: &[u8]) -> bool {
    const LONGEST_HEADER: u64 = 100_000_000;
    let Some((length, header)) = head.split_first_chunk::<8>() else {
        return false;
    };
    (2..=LONGEST_HEADER).contains(&u64::from_le_bytes(*length)) && header.starts_with(b"{")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> &'static str {
        content_type(bytes, true)
    }

    #[test]
    fn images_videos_and_sounds_are_known_by_their_first_bytes() {
        assert_eq!(whole(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png");
        assert_eq!(whole(b"\xff\xd8\xff\xe0\0\x10JFIF"), "image/jpeg");
        assert_eq!(whole(b"GIF89a\x01\0\x01\0"), "image/gif");
        assert_eq!(whole(b"RIFF\x24\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(whole(b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"), "video/mp4");
        let webm = [&b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x23\x42\x86\x81\x01\x42\x82\x84webm"[..], &[0; 256]].concat();
        assert_eq!(whole(&webm), "video/webm");
        assert_eq!(whole(b"fLaC\0\0\0\x22"), "audio/x-flac");
        assert_eq!(whole(b"ID3\x04\0\0\0\0\0\0"), "audio/mpeg");
    }

    #[test]
    fn what_comfyui_writes_beyond_common_formats_is_known_too() {
        assert_eq!(whole(b"glTF\x02\0\0\0\x10\0\0\0"), "model/gltf-binary");
        assert_eq!(whole(b"\x76\x2f\x31\x01\x02\0\0\0"), "image/x-exr");
        let header = br#"{"latent_tensor":{"dtype":"F32","shape":[1,4,8,8],"data_offsets":[0,1024]}}"#;
        let latent = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 1024]].concat();
        assert_eq!(whole(&latent), "application/x-safetensors");
        assert_eq!(whole(b"# a cube\nmtllib a.mtl\no cube\nv 1.0 2 -3e-1\nv 1 2 3\nf 1 2 3\n"), "model/obj");
    }

    #[test]
    fn svg_is_known_behind_declarations_and_comments() {
        assert_eq!(whole(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml");
        let declared = "\u{feff}<?xml version='1.0'?>\n<!-- <html> -->\n<!DOCTYPE svg PUBLIC 'a' 'b'>\n<svg>";
        assert_eq!(whole(declared.as_bytes()), "image/svg+xml");
        assert_eq!(whole(b"<svgish/>"), TEXT);
        assert_eq!(whole(b"<!-- never closed <svg>"), TEXT);
    }

    #[test]
    fn a_text_that_a_browser_would_run_is_plain_text() {
        for text in ["<!DOCTYPE html><script>alert(1)</script>", "<?xml version='1.0'?><a/>", "#!/bin/sh\nls"] {
            assert_eq!(whole(text.as_bytes()), TEXT, "{text}");
        }
        assert_eq!(whole(b"<html >\0\x01"), BINARY);
    }

    #[test]
    fn a_prompt_that_begins_like_a_binary_format_is_a_text() {
        for text in ["BMW at night", "MZ", "II*", "ID3 tag", "[cat:1.2], {red|blue}", "v sign, hands", "42", "grüße 🎈"]
        {
            assert_eq!(whole(text.as_bytes()), TEXT, "{text}");
        }
    }

    #[test]
    fn json_is_parsed_where_all_of_it_is_known() {
        assert_eq!(whole(br#" {"a": [1, 2]} "#), "application/json");
        assert_eq!(whole(br#"{"a": [1, 2"#), TEXT);
        assert_eq!(content_type(br#"{"a": [1, 2"#, false), "application/json");
        assert_eq!(content_type(b"[cat] sat", false), TEXT);
        assert_eq!(whole("[".repeat(10_000).as_bytes()), TEXT);
    }

    #[test]
    fn a_character_cut_at_the_end_of_the_head_leaves_a_text_a_text() {
        let text = "grüße 🎈".as_bytes();
        assert_eq!(content_type(&text[..text.len() - 2], false), TEXT);
        assert_eq!(whole(&text[..text.len() - 2]), BINARY);
    }

    #[test]
    fn what_is_nothing_known_is_bytes() {
        assert_eq!(whole(b""), BINARY);
        assert_eq!(whole(&[0, 159, 146, 150]), BINARY);
        assert_eq!(whole(&[0xff; 64]), BINARY);
    }
}
