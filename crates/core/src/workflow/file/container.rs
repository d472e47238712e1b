//! Films, recordings, 3D models and the rest of what ComfyUI saves.

use super::{Source, Texts};

/// The texts of a file of these kinds, or `None` if it is of no such kind.
pub(super) fn texts(_bytes: &[u8]) -> Option<(Source, Texts)> {
    None
}
