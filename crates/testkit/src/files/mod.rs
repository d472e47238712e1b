//! Bytes for files that never existed: of the type their name says, the same every time, different for every name.
//!
//! Images are real ones of a sane size. The other kinds are as small as their format allows and carry the name, so that
//! no two files are equal.

mod audio;
mod documents;
mod images;
mod video;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde_json::Value;

use crate::play::ImageKind;

/// What is known of a file besides its name.
#[derive(Debug, Clone, Default)]
pub struct Traits {
    /// The output said `animated`: a moving WEBP instead of a still one.
    pub animated: bool,
    /// The graph that made it, written into the formats that carry one (section 8).
    pub prompt: Option<Arc<Value>>,
}

/// The bytes of the file called `name`. An unknown extension gives text.
pub fn bytes(name: &str, traits: &Traits) -> Vec<u8> {
    let seed = seed(name);
    let prompt = traits.prompt.as_ref().map(ToString::to_string);
    let prompt = prompt.as_deref();
    match extension(name).as_str() {
        "png" => images::png(seed, prompt),
        "jpg" | "jpeg" => images::jpeg(seed),
        "webp" if traits.animated => images::moving_webp(seed, prompt),
        "webp" => images::webp(seed, prompt),
        "gif" => images::gif(seed),
        "exr" => images::exr(seed, prompt),
        "svg" => documents::svg(seed, name, prompt),
        "mp4" | "m4v" | "mov" => video::mp4(name),
        "webm" | "mkv" => video::webm(name),
        "wav" => audio::wav(seed),
        "flac" => audio::flac(seed, prompt),
        "mp3" => audio::mp3(name, prompt),
        "opus" | "ogg" => audio::opus(seed, prompt),
        "glb" => documents::glb(seed, prompt),
        "obj" => documents::obj(seed, name),
        "latent" | "safetensors" => documents::safetensors(seed, prompt),
        "json" => documents::json(name),
        "md" => format!("# {name}\n\nWritten by a *fake* ComfyUI.\n").into_bytes(),
        _ => format!("{name}\nWritten by a fake ComfyUI.\n").into_bytes(),
    }
}

/// The `Content-Type` that `/view` answers with; types a browser would run come as `application/octet-stream` (0.28+).
pub fn content_type(name: &str) -> &'static str {
    match extension(name).as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "mkv" => "video/x-matroska",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "mp3" => "audio/mpeg",
        "opus" | "ogg" => "audio/ogg",
        "glb" => "model/gltf-binary",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// A sampler's preview: 512 by 512 pixels (section 3). Neighbouring seeds give different ones, distant ones may not.
pub fn preview(seed: u64, kind: ImageKind) -> &'static [u8] {
    images::preview(seed, kind)
}

pub(crate) use images::recoded;

pub(crate) fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

pub(crate) fn seed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
