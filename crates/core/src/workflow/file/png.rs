//! Text chunks of PNG, and the private `comf` chunks `ComfyUI` puts behind the pictures of an animated one.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{MAX_TEXT_BYTES, Texts};

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Reads to the end of the file: other programs put text behind the image data, where `ComfyUI` does so only for
/// animated pictures. Checksums are not checked, as no picture is decoded.
pub(super) fn texts(bytes: &[u8]) -> Texts {
    let mut texts = Texts { cut: true, ..Texts::default() };
    let mut unpacker = Unpacker { budget: MAX_TEXT_BYTES };
    let mut rest = &bytes[SIGNATURE.len()..];
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((kind, tail)) = tail.split_first_chunk::<4>() else {
            break;
        };
        let Some((data, tail)) = tail.split_at_checked(length) else {
            break;
        };
        if kind == b"IEND" {
            texts.cut = false;
            break;
        }
        if let Some((key, rest)) = split_zero(data)
            && let Some(place) = texts.place(key)
        {
            *place = match kind {
                b"tEXt" | b"comf" => Some(decode(rest)),
                b"zTXt" => rest.strip_prefix(&[0]).and_then(|packed| unpacker.unpack(packed)),
                b"iTXt" => unpacker.international(rest),
                _ => None,
            };
        }
        let Some(tail) = tail.get(4..) else { break };
        rest = tail;
    }
    texts
}

fn split_zero(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = data.iter().position(|&byte| byte == 0)?;
    Some((&data[..end], &data[end + 1..]))
}

/// `tEXt` is Latin-1 by the standard and UTF-8 by habit; `ComfyUI` writes ASCII.
fn decode(text: &[u8]) -> String {
    std::str::from_utf8(text).map_or_else(|_| text.iter().copied().map(char::from).collect(), str::to_owned)
}

/// Unpacks no more than `budget` bytes in all, however many chunks a file is made of.
struct Unpacker {
    budget: u64,
}

impl Unpacker {
    fn unpack(&mut self, packed: &[u8]) -> Option<String> {
        let mut text = Vec::new();
        let outcome = ZlibDecoder::new(packed).take(self.budget + 1).read_to_end(&mut text);
        let left = self.budget.checked_sub(text.len() as u64);
        self.budget = left.unwrap_or(0);
        outcome.ok().and(left).map(|_| decode(&text))
    }

    /// `iTXt` after its keyword: compression flag and method, language, translated keyword, text.
    fn international(&mut self, data: &[u8]) -> Option<String> {
        let ([compressed, method], rest) = data.split_first_chunk::<2>()?;
        let (_language, rest) = split_zero(rest)?;
        let (_translated, text) = split_zero(rest)?;
        match (compressed, method) {
            (0, _) => Some(decode(text)),
            (1, 0) => self.unpack(text),
            _ => None,
        }
    }
}
