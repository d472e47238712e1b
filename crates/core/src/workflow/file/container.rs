//! Films, recordings, 3D models and the rest of what ComfyUI saves.

use super::{Source, Texts};

/// The texts of a file of these kinds, or `None` if it is of no such kind.
pub(super) fn texts(bytes: &[u8]) -> Option<(Source, Texts)> {
    let others: [&[u8]; 4] = [b"\xff\xd8\xff", b"GIF8", b"BM", b"\0\0\x01\0"];
    others
        .iter()
        .any(|magic| bytes.starts_with(magic))
        .then(|| (Source::OtherPicture, Texts::default()))
}
