//! The ASCII tags of a TIFF header, in which `ComfyUI` stores `prompt:{json}` (Model), `workflow:{json}` (Make), and
//! further keys in the tags below.

use super::Texts;

const ASCII: u16 = 2;

/// Puts the texts of IFD0 of the EXIF block `bytes`; the leading `Exif\0\0` is optional. What is out of bounds is
/// skipped.
pub(super) fn texts(bytes: &[u8], texts: &mut Texts) {
    let bytes = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
    let Some(tiff) = Tiff::new(bytes) else { return };
    let Some(start) = tiff.long(4) else { return };
    for entry in 0..usize::from(tiff.short(start).unwrap_or(0)) {
        let at = start.saturating_add(2).saturating_add(entry * 12);
        if let Some(text) = tiff.ascii(at)
            && let Some(colon) = text.iter().take(16).position(|&byte| byte == b':')
            && let Some(place) = texts.place(&text[..colon])
        {
            *place = std::str::from_utf8(&text[colon + 1..]).ok().map(|json| json.trim_end_matches('\0').to_owned());
        }
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let tiff = Self { bytes, big_endian };
        (tiff.short(2) == Some(42)).then_some(tiff)
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) } as usize)
    }

    /// The text of the directory entry at `at`; up to four bytes stand in the entry itself.
    fn ascii(&self, at: usize) -> Option<&'a [u8]> {
        if self.short(at.checked_add(2)?)? != ASCII {
            return None;
        }
        let length = self.long(at + 4)?;
        let start = if length <= 4 { at + 8 } else { self.long(at + 8)? };
        self.bytes.get(start..start.checked_add(length)?)
    }
}
