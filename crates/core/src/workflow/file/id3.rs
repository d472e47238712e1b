//! MP3: `TXXX` frames of an `ID3v2` tag, with a description (`prompt`) and a text.

use super::Texts;

pub(super) fn texts(bytes: &[u8]) -> Texts {
    let mut texts = Texts::default();
    texts.cut = read(bytes, &mut texts).is_none();
    texts
}

/// `None` if the file ends inside the tag.
fn read(bytes: &[u8], texts: &mut Texts) -> Option<()> {
    let header = bytes.first_chunk::<10>()?;
    let (version, flags) = (header[3], header[5]);
    let length = syncsafe(*header.last_chunk::<4>()?);
    let whole = bytes.len() >= 10 + length;
    let mut rest = bytes[10..].get(..length).unwrap_or(&bytes[10..]);
    // Unsynchronised tags, and those with an extended header, are of programs that save anew: not worth the code.
    if version < 3 || flags & 0xC0 != 0 {
        return Some(());
    }
    while let Some((frame, tail)) = frame(rest, version) {
        if let Some(body) = frame {
            text(body, texts);
        }
        rest = tail;
    }
    whole.then_some(())
}

/// The body of the first frame if it is a `TXXX`, and what follows the frame; `None` at the padding or the end.
fn frame(bytes: &[u8], version: u8) -> Option<(Option<&[u8]>, &[u8])> {
    let header = bytes.first_chunk::<10>()?;
    let length = [header[4], header[5], header[6], header[7]];
    let length = if version == 3 { u32::from_be_bytes(length) as usize } else { syncsafe(length) };
    if header[0] == 0 {
        return None;
    }
    let (body, tail) = bytes[10..].split_at_checked(length)?;
    Some((header.starts_with(b"TXXX").then_some(body), tail))
}

fn text(body: &[u8], texts: &mut Texts) -> Option<()> {
    let (&encoding, body) = body.split_first()?;
    let decoded = match encoding {
        0 => body.iter().copied().map(char::from).collect(),
        1 | 2 => utf16(body, encoding == 2),
        _ => std::str::from_utf8(body).ok()?.to_owned(),
    };
    let (description, text) = decoded.split_once('\0')?;
    if let Some(place) = texts.place_any_case(description.as_bytes()) {
        *place = Some(text.trim_start_matches('\u{feff}').trim_end_matches('\0').to_owned());
    }
    Some(())
}

/// With a byte order mark, or big endian without one.
fn utf16(bytes: &[u8], mut big_endian: bool) -> String {
    let bytes = match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            big_endian = true;
            rest
        }
        [0xFF, 0xFE, rest @ ..] => rest,
        all => all,
    };
    let units = bytes.as_chunks::<2>().0.iter();
    let units = units.map(|unit| if big_endian { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Four times seven bits.
fn syncsafe(bytes: [u8; 4]) -> usize {
    bytes.iter().fold(0, |value, byte| (value << 7) | usize::from(byte & 0x7f))
}
