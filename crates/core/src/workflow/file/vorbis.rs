//! Vorbis comments (`prompt=…`), in FLAC and in Ogg (Opus, Vorbis).

use super::Texts;

/// Blocks of metadata before the sound: last-flag and type, length, data.
pub(super) fn flac(bytes: &[u8]) -> Texts {
    const COMMENT: u8 = 4;
    let mut texts = Texts { cut: true, ..Texts::default() };
    let mut rest = &bytes[4..];
    while let Some((&[kind, a, b, c], tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let Some((block, tail)) = tail.split_at_checked(length) else {
            break;
        };
        if kind & 0x7f == COMMENT {
            comments(block, &mut texts);
        }
        if kind & 0x80 != 0 {
            texts.cut = false;
            break;
        }
        rest = tail;
    }
    texts
}

/// The second packet of a stream holds the comments; it spans pages where it is long.
pub(super) fn ogg(bytes: &[u8]) -> Texts {
    let mut texts = Texts { cut: true, ..Texts::default() };
    let mut packets = 0;
    let mut packet = Vec::new();
    let mut rest = bytes;
    while let Some((segments, tail)) = page(rest) {
        for (segment, ends) in segments {
            packet.extend_from_slice(segment);
            if !ends {
                continue;
            }
            packets += 1;
            if packets == 2 {
                let block = packet.strip_prefix(b"OpusTags").or_else(|| packet.strip_prefix(b"\x03vorbis"));
                comments(block.unwrap_or_default(), &mut texts);
                texts.cut = false;
                return texts;
            }
            packet.clear();
        }
        rest = tail;
    }
    texts
}

type Segments<'a> = Vec<(&'a [u8], bool)>;

/// The segments of the first page, each with whether a packet ends with it, and what follows the page.
fn page(bytes: &[u8]) -> Option<(Segments<'_>, &[u8])> {
    if !bytes.starts_with(b"OggS") {
        return None;
    }
    let count = usize::from(*bytes.get(26)?);
    let lengths = bytes.get(27..27 + count)?;
    let mut rest = &bytes[27 + count..];
    let mut segments = Vec::with_capacity(count);
    for &length in lengths {
        let (segment, tail) = rest.split_at_checked(usize::from(length))?;
        segments.push((segment, length < 255));
        rest = tail;
    }
    Some((segments, rest))
}

/// Maker, count, then `NAME=text` each, all with little endian lengths.
fn comments(block: &[u8], texts: &mut Texts) -> Option<()> {
    let (_maker, rest) = sized(block)?;
    let mut rest = rest.get(4..)?;
    while let Some((comment, tail)) = sized(rest) {
        rest = tail;
        let equals = comment.iter().position(|&byte| byte == b'=')?;
        if let Some(place) = texts.place_any_case(&comment[..equals]) {
            *place = std::str::from_utf8(&comment[equals + 1..]).ok().map(str::to_owned);
        }
    }
    Some(())
}

fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}
