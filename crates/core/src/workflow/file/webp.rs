//! The `EXIF` chunk of WEBP.

use super::{Texts, tiff};

pub(super) fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

pub(super) fn texts(bytes: &[u8]) -> Texts {
    let mut texts = Texts::default();
    let mut rest = bytes.get(12..).unwrap_or_default();
    while !rest.is_empty() {
        let Some((kind, data, tail)) = chunk(rest) else {
            texts.cut = true;
            return texts;
        };
        if kind == b"EXIF" {
            tiff::texts(data, &mut texts);
        }
        rest = tail;
    }
    // The header knows how long the file was: one that was cut between two chunks shows by nothing else.
    let declared = bytes.get(4..8).and_then(|size| size.first_chunk()).map_or(0, |size| u32::from_le_bytes(*size));
    texts.cut = bytes.len() < (declared as usize).saturating_add(8);
    texts
}

/// Kind and data of the first chunk, and what follows it and its padding byte.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (data, rest) = rest.split_at_checked(length)?;
    Some((kind, data, rest.get(length % 2..).unwrap_or_default()))
}
