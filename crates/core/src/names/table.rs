//! Our names for classes of `ComfyUI`'s own, where neither its display name nor the class split into words will do.

/// A class with a name of ours.
pub(super) struct Known {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    /// The display name the editor gives it, and writes into `_meta.title` of every graph (0.33.0).
    pub(super) stock: &'static str,
}

pub(super) fn find(class: &str) -> Option<&'static Known> {
    KNOWN
        .binary_search_by(|known| known.class.cmp(class))
        .ok()
        .map(|at| &KNOWN[at])
}

const fn known(class: &'static str, name: &'static str, stock: &'static str) -> Known {
    Known { class, name, stock }
}

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    known("CLIPTextEncode", "CLIP Text Encoder", "CLIP Text Encode (Prompt)"),
    known("CheckpointLoaderSimple", "Checkpoint Loader", "Load Checkpoint"),
    known("KSampler", "K-Sampler", "KSampler"),
    known("VAEDecode", "VAE Decoder", "VAE Decode"),
];
