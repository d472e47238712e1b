//! WEBM and MKV: `Segment/Tags/Tag/SimpleTag` with name and text, the names in upper case.

use super::Texts;

const SEGMENT: u64 = 0x1853_8067;
const TAGS: u64 = 0x1254_C367;
const TAG: u64 = 0x7373;
const SIMPLE_TAG: u64 = 0x67C8;
const TAG_NAME: u64 = 0x45A3;
const TAG_STRING: u64 = 0x4487;

pub(super) fn texts(bytes: &[u8]) -> Texts {
    let mut texts = Texts::default();
    let mut file = Elements::new(bytes);
    let Some(segment) = file.find_map(|(id, inner)| (id == SEGMENT).then_some(inner)) else {
        texts.cut = true;
        return texts;
    };
    let mut top = Elements::new(segment);
    let tags = top.by_ref().filter(|(id, _)| *id == TAGS);
    let tags = tags.flat_map(|(_, inner)| Elements::new(inner).filter(|(id, _)| *id == TAG));
    for (_, tag) in tags.flat_map(|(_, inner)| Elements::new(inner).filter(|(id, _)| *id == SIMPLE_TAG)) {
        let field = |wanted| Elements::new(tag).find_map(|(id, inner)| (id == wanted).then_some(inner));
        if let (Some(name), Some(text)) = (field(TAG_NAME), field(TAG_STRING))
            && let Some(place) = texts.place_any_case(name)
        {
            *place = std::str::from_utf8(text).ok().map(|text| text.trim_end_matches('\0').to_owned());
        }
    }
    texts.cut = file.cut || !top.rest.is_empty();
    texts
}

/// Elements one after another, as far as they are whole.
struct Elements<'a> {
    rest: &'a [u8],
    /// The segment is longer than what is there of it.
    cut: bool,
}

impl<'a> Elements<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, cut: false }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (id, id_width) = number(self.rest, 4, false)?;
        let (length, length_width) = number(self.rest.get(id_width..)?, 8, true)?;
        let start = id_width + length_width;
        let unknown = (1 << (7 * length_width)) - 1;
        let rest = self.rest.get(start..)?;
        let length = match usize::try_from(length).ok().filter(|length| *length <= rest.len()) {
            Some(length) => length,
            // A segment of unknown length reaches to the end. What is there of one that is cut off counts.
            None if id == SEGMENT => {
                self.cut = length != unknown;
                rest.len()
            }
            None => return None,
        };
        let (inner, rest) = rest.split_at(length);
        self.rest = rest;
        Some((id, inner))
    }
}

/// A number of variable length, told by the zeros it begins with; ids keep the marking bit, lengths do not.
fn number(bytes: &[u8], longest: usize, strip: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let width = first.leading_zeros() as usize + 1;
    if width > longest {
        return None;
    }
    let value = bytes.get(..width)?.iter().fold(0, |value, &byte| (value << 8) | u64::from(byte));
    Some((if strip { value & !(1 << (7 * width)) } else { value }, width))
}
