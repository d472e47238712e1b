//! MP4 and MOV: `moov/udta/meta` with a table of names (`keys`) and values by number (`ilst`).

use super::Texts;

pub(super) fn texts(bytes: &[u8]) -> Texts {
    let mut texts = Texts::default();
    let top = Boxes { rest: bytes };
    if top.find(b"moov").is_none() {
        texts.cut = true;
        return texts;
    }
    let meta = top.find(b"moov").and_then(|moov| moov.find(b"udta")).and_then(|udta| udta.find(b"meta"));
    if let Some(meta) = meta.and_then(Boxes::of_full_box) {
        read(&meta, &mut texts);
    }
    texts
}

fn read(meta: &Boxes, texts: &mut Texts) -> Option<()> {
    let names: Vec<&[u8]> = names(meta.find(b"keys")?.rest.get(8..)?);
    for (number, item) in meta.find(b"ilst")? {
        let name = names.get((u32::from_be_bytes(*number) as usize).wrapping_sub(1));
        // The value box begins with its type and its language.
        if let (Some(name), Some(value)) = (name, item.find(b"data").and_then(|data| data.rest.get(8..)))
            && let Some(place) = texts.place(name)
        {
            *place = std::str::from_utf8(value).ok().map(str::to_owned);
        }
    }
    Some(())
}

/// Entries of a `keys` box: length, `mdta`, name.
fn names(mut table: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    while let Some((name, rest)) = sized(table) {
        names.push(name.get(4..).unwrap_or_default());
        table = rest;
    }
    names
}

/// What follows a big endian length that counts itself, and the rest behind it.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = u32::from_be_bytes(*bytes.first_chunk::<4>()?) as usize;
    let (head, rest) = bytes.split_at_checked(length)?;
    Some((head.get(4..)?, rest))
}

/// The boxes inside a box, as far as they are whole.
#[derive(Clone)]
struct Boxes<'a> {
    rest: &'a [u8],
}

impl Boxes<'_> {
    fn find(&self, wanted: &[u8]) -> Option<Self> {
        self.clone().find_map(|(kind, inner)| (kind == wanted).then_some(inner))
    }

    /// Without version and flags, which the `meta` of MOV has not: there the first inner box follows at once.
    fn of_full_box(self) -> Option<Self> {
        let has_flags = self.rest.get(4..8) != Some(b"hdlr");
        Some(Self { rest: self.rest.get(if has_flags { 4 } else { 0 }..)? })
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = (&'a [u8; 4], Self);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, tail) = self.rest.split_first_chunk::<4>()?;
        let kind = tail.first_chunk::<4>()?;
        let (header, length) = match u32::from_be_bytes(*length) {
            0 => (8, self.rest.len()),
            1 => {
                let long = u64::from_be_bytes(*self.rest.get(8..)?.first_chunk::<8>()?);
                (16, usize::try_from(long).ok()?)
            }
            length => (8, length as usize),
        };
        let inner = self.rest.get(header..length)?;
        self.rest = &self.rest[length..];
        Some((kind, Self { rest: inner }))
    }
}
