//! Finds the workflow a file carries.
//!
//! Places and forms: section 8 of the protocol notes, after `nodes.py` (`SaveImage`), `comfy_extras/nodes_images.py`
//! and `comfy_api/latest/_ui.py` of `ComfyUI` 0.33. Nothing of a file is believed: its size is bounded, every length and
//! offset is checked, compressed text is bounded too, and what a picture says about itself beyond the two texts is
//! not read.

mod boxes;
mod ebml;
mod embedded;
mod id3;
mod png;
mod tiff;
mod vorbis;
mod webp;

use serde_json::Value;
use thiserror::Error;

use crate::comfy::lenient::repair;

/// Largest file that is looked into, as `POST /v1/workflows` allows.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Largest text unpacked from a compressed chunk; the largest real graphs are near 2 MB.
pub(crate) const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// A workflow and where it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    pub graph: Graph,
    pub source: Source,
    /// A name the file itself gives to the workflow.
    pub title: Option<String>,
}

/// A graph in one of `ComfyUI`'s two formats.
#[derive(Clone, Debug, PartialEq)]
pub enum Graph {
    /// `{"3": {"class_type": …, "inputs": …}}`: can be submitted.
    Api(Value),
    /// `{"nodes": […], "links": […]}`: must go through [`editor::to_api`](super::editor::to_api).
    Editor(Value),
}

/// What kind of file it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Json,
    Png,
    Webp,
    /// MP4, MOV: a film of `SaveVideo`.
    Mp4,
    /// WEBM, MKV.
    Matroska,
    Flac,
    /// Opus or Vorbis in Ogg.
    Ogg,
    Mp3,
    Glb,
    Svg,
    /// `.latent`, merged `.safetensors`.
    Safetensors,
    /// JPEG, GIF and others `ComfyUI` does not write a workflow into.
    OtherPicture,
}

impl Source {
    fn noun(self) -> &'static str {
        match self {
            Self::Json => "file",
            Self::Png | Self::Webp | Self::Svg | Self::OtherPicture => "picture",
            Self::Mp4 | Self::Matroska => "film",
            Self::Flac | Self::Ogg | Self::Mp3 => "recording",
            Self::Glb => "model",
            Self::Safetensors => "tensor file",
        }
    }
}

/// Why a file gave no workflow.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FileError {
    #[error("The file has {bytes} bytes, more than the 16 MiB that are read. Export the workflow alone as JSON")]
    TooLarge { bytes: usize },
    #[error("The file is empty. Choose a workflow in JSON, or a PNG or WEBP saved by ComfyUI")]
    Empty,
    #[error(
        "This is no file a workflow could be in. Choose a workflow in JSON, or a picture, film, recording or 3D model \
         saved by ComfyUI"
    )]
    UnknownKind,
    #[error(
        "This {} carries no workflow. Those saved by ComfyUI do, unless metadata was switched off or another program \
         has saved it again",
        .0.noun()
    )]
    NoWorkflow(Source),
    #[error("This {} ends before it is complete. Save or send it again", .0.noun())]
    Truncated(Source),
    #[error("The JSON cannot be read: {reason}. Export the workflow again")]
    BadJson { reason: String },
    #[error("This is JSON but no workflow: {reason}. In ComfyUI: Workflow, Export (API)")]
    NotAWorkflow { reason: String },
    #[error("The workflow in this {} cannot be read: {reason}. Load it in ComfyUI and save it again", .source_kind.noun())]
    Damaged { source_kind: Source, reason: String },
}

/// The two texts `ComfyUI` writes into its files.
#[derive(Debug, Default, PartialEq)]
struct Texts {
    prompt: Option<String>,
    workflow: Option<String>,
    /// The file ended before everything that may hold them was seen.
    cut: bool,
}

impl Texts {
    /// Where the text of this key goes: nowhere if it is another key, or one seen before, so that a file of a
    /// thousand equal keys costs no more than one.
    fn place(&mut self, key: &[u8]) -> Option<&mut Option<String>> {
        match key {
            b"prompt" => Some(&mut self.prompt),
            b"workflow" => Some(&mut self.workflow),
            _ => None,
        }
        .filter(|place| place.is_none())
    }

    /// As [`Self::place`], for kinds of files whose keys have no case.
    fn place_any_case(&mut self, key: &[u8]) -> Option<&mut Option<String>> {
        if key.eq_ignore_ascii_case(b"prompt") {
            self.place(b"prompt")
        } else if key.eq_ignore_ascii_case(b"workflow") {
            self.place(b"workflow")
        } else {
            None
        }
    }
}

/// Reads the workflow out of a JSON file in either format, or out of a file `ComfyUI` saved.
///
/// The API format is preferred where a file holds both. A file that is cut off gives what the whole one gives, or
/// [`FileError::Truncated`].
pub fn extract(bytes: &[u8]) -> Result<Carried, FileError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { bytes: bytes.len() });
    }
    if bytes.is_empty() {
        return Err(FileError::Empty);
    }
    match texts_of(bytes) {
        Some((source, texts)) => from_texts(source, &texts),
        None => from_json(bytes),
    }
}

/// The texts of a file of a kind that may carry them, told by how it begins.
fn texts_of(bytes: &[u8]) -> Option<(Source, Texts)> {
    const OTHER_PICTURES: [&[u8]; 4] = [b"\xff\xd8\xff", b"GIF8", b"BM", b"\0\0\x01\0"];
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    Some(if starts(png::SIGNATURE) {
        (Source::Png, png::texts(bytes))
    } else if webp::is_webp(bytes) {
        (Source::Webp, webp::texts(bytes))
    } else if bytes.get(4..8) == Some(b"ftyp") {
        (Source::Mp4, boxes::texts(bytes))
    } else if starts(b"\x1a\x45\xdf\xa3") {
        (Source::Matroska, ebml::texts(bytes))
    } else if starts(b"fLaC") {
        (Source::Flac, vorbis::flac(bytes))
    } else if starts(b"OggS") {
        (Source::Ogg, vorbis::ogg(bytes))
    } else if starts(b"ID3") {
        (Source::Mp3, id3::texts(bytes))
    } else if starts(b"glTF") {
        (Source::Glb, embedded::glb(bytes))
    } else if embedded::is_safetensors(bytes) {
        (Source::Safetensors, embedded::safetensors(bytes))
    } else if OTHER_PICTURES.into_iter().any(starts) {
        (Source::OtherPicture, Texts::default())
    } else {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.trim_start().starts_with('<'))?;
        (Source::Svg, text.contains("<svg").then(|| embedded::svg(text))?)
    })
}

fn from_json(bytes: &[u8]) -> Result<Carried, FileError> {
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::UnknownKind)?;
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
        return Err(FileError::UnknownKind);
    }
    let value = parse(text).map_err(|error| FileError::BadJson { reason: error.to_string() })?;
    let graph = recognise(value).map_err(|reason| FileError::NotAWorkflow { reason })?;
    Ok(Carried { title: title(&graph), graph, source: Source::Json })
}

fn from_texts(source: Source, texts: &Texts) -> Result<Carried, FileError> {
    // Without the prompt, a cut file must not pass as one that has only the other format.
    let candidates =
        if texts.cut { [texts.prompt.as_ref(), None] } else { [texts.prompt.as_ref(), texts.workflow.as_ref()] };
    let mut damage = None;
    for text in candidates.into_iter().flatten() {
        match parse(text).map_err(|error| error.to_string()).and_then(recognise) {
            Ok(graph) => {
                return Ok(Carried { title: title(&graph), graph, source });
            }
            Err(reason) => damage = damage.or(Some(reason)),
        }
    }
    Err(match damage {
        Some(reason) => FileError::Damaged { source_kind: source, reason },
        None if texts.cut => FileError::Truncated(source),
        None => FileError::NoWorkflow(source),
    })
}

/// Reads JSON as Python writes it: `NaN` is taken for null.
fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).or_else(|strict| serde_json::from_str(&repair(text.as_bytes())).map_err(|_| strict))
}

/// Tells the two formats apart, also inside the envelopes they travel in: a body of `POST /prompt` and the front end's
/// `{output, workflow}`.
fn recognise(value: Value) -> Result<Graph, String> {
    let Value::Object(mut object) = value else {
        return Err("it is not an object".to_owned());
    };
    if object.get("nodes").is_some_and(Value::is_array) {
        return Ok(Graph::Editor(Value::Object(object)));
    }
    for envelope in ["prompt", "output", "workflow"] {
        match object.get_mut(envelope) {
            Some(inner @ Value::Object(_)) if inner.get("class_type").is_none() => {
                return recognise(inner.take());
            }
            _ => {}
        }
    }
    if object.is_empty() {
        return Err("it is empty".to_owned());
    }
    match object.iter().find(|(_, node)| !node.get("class_type").is_some_and(Value::is_string)) {
        Some((key, _)) => Err(format!("its entry {:?} is no node with a class_type", cut(key))),
        None => Ok(Graph::Api(Value::Object(object))),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The name an editor file gives itself: `extra.info.name`, as its property panel writes it.
fn title(graph: &Graph) -> Option<String> {
    let Graph::Editor(file) = graph else {
        return None;
    };
    let name = file.pointer("/extra/info/name").or_else(|| file.get("name"))?.as_str()?.trim();
    (!name.is_empty()).then(|| cut(name))
}

#[cfg(test)]
mod tests;
