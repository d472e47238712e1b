//! What nodes of a class usually do: how long they take, how many steps, which files they give.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::graph::{self, Graph};

/// Longest bar and largest batch that a graph can ask for.
const MAX_STEPS: u64 = 10_000;
const MAX_BATCH: u64 = 64;

/// The usual run of a node.
pub(super) struct Usual {
    pub lasts: Duration,
    pub steps: u32,
    pub previews: bool,
}

pub(super) fn usual(graph: &Graph, id: &str, class: &str) -> Usual {
    let silent = |ms| Usual { lasts: Duration::from_millis(ms), steps: 0, previews: false };
    let has = |words: &[&str]| words.iter().any(|word| class.contains(word));
    if has(&["Sampler"]) && !has(&["Select"]) {
        let steps = graph::upstream(graph, id, "steps").and_then(Value::as_u64).unwrap_or(20).clamp(1, MAX_STEPS);
        return Usual { lasts: Duration::from_millis(180 * steps), steps: steps as u32, previews: true };
    }
    if has(&["Upscale", "Tiled"]) {
        return Usual { lasts: Duration::from_millis(1_600), steps: 8, previews: false };
    }
    if has(&["Checkpoint", "UNETLoader", "DiffusionModel"]) {
        silent(1_800)
    } else if has(&["Loader", "Load"]) {
        silent(500)
    } else if has(&["Video", "WEBM", "Animated"]) {
        silent(1_200)
    } else if has(&["VAEDecode", "VAEEncode"]) {
        silent(700)
    } else if has(&["TextEncode"]) {
        silent(250)
    } else if has(&["Save"]) {
        silent(150)
    } else {
        silent(40)
    }
}

/// `ComfyUI`'s own output nodes, by the words their classes begin with; `SaveImageWebsocket` gives no files.
pub(crate) fn is_output(class: &str) -> bool {
    class.starts_with("Save") || class.starts_with("Preview") || class.starts_with("VHS_VideoCombine")
}

/// Gives files their names: `ComfyUI` counts up within each prefix.
#[derive(Debug, Default)]
pub(crate) struct Namer {
    counts: HashMap<String, u32>,
    /// Changes with every start of the server, as the letters in the names of temp files do.
    pub(crate) life: u64,
}

impl Namer {
    fn file(&mut self, prefix: &str, extension: &str, kind: &str) -> Value {
        let count = self.counts.entry(prefix.to_owned()).or_default();
        *count += 1;
        let (subfolder, stem) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        json!({"filename": format!("{stem}_{count:05}_.{extension}"), "subfolder": subfolder, "type": kind})
    }

    fn temp(&mut self, id: &str, extension: &str) -> Value {
        let mut bits = crate::files::seed(id).wrapping_add(self.life.wrapping_mul(0x9e37_79b9));
        let letters: String = (0..5)
            .map(|_| {
                bits = bits.rotate_right(7);
                char::from(b'a' + (bits % 26) as u8)
            })
            .collect();
        self.file(&format!("ComfyUI_temp_{letters}"), extension, "temp")
    }
}

/// The UI output that a node of this class gives; `None` for classes without one.
pub(super) fn output(graph: &Graph, id: &str, class: &str, namer: &mut Namer) -> Option<Value> {
    let prefix = graph::input(graph, id, "filename_prefix").and_then(Value::as_str).unwrap_or("ComfyUI");
    let batch = graph::upstream(graph, id, "batch_size").and_then(Value::as_u64).unwrap_or(1).clamp(1, MAX_BATCH);
    let one = |key: &str, file: Value| Some(json!({ key: [file] }));
    let moving = |file: Value| Some(json!({"images": [file], "animated": [true]}));
    match class {
        "SaveImageWebsocket" => None,
        "SaveAnimatedWEBP" => moving(namer.file(prefix, "webp", "output")),
        "SaveAnimatedPNG" => moving(namer.file(prefix, "png", "output")),
        "SaveVideo" => moving(namer.file(prefix, "mp4", "output")),
        "SaveWEBM" => moving(namer.file(prefix, "webm", "output")),
        "VHS_VideoCombine" => {
            let mut file = namer.file(prefix, "mp4", "output");
            file["format"] = json!("video/h264-mp4");
            one("gifs", file)
        }
        "SaveAudio" => one("audio", namer.file(prefix, "flac", "output")),
        "SaveAudioMP3" => one("audio", namer.file(prefix, "mp3", "output")),
        "SaveAudioOpus" => one("audio", namer.file(prefix, "opus", "output")),
        "PreviewAudio" => one("audio", namer.temp(id, "flac")),
        "SaveGLB" => one("3d", namer.file(prefix, "glb", "output")),
        "SaveLatent" => one("latents", namer.file(prefix, "latent", "output")),
        "SaveSVGNode" => one("images", namer.file(prefix, "svg", "output")),
        "SaveText" => one("files", namer.file(prefix, "txt", "output")),
        "PreviewAny" => Some(json!({"text": [format!("shown by node {id}")]})),
        _ if class.starts_with("Preview") => Some(images((0..batch).map(|_| namer.temp(id, "png")))),
        _ if class.starts_with("Save") => Some(images((0..batch).map(|_| namer.file(prefix, "png", "output")))),
        _ => None,
    }
}

fn images(files: impl Iterator<Item = Value>) -> Value {
    let mut output = Map::new();
    output.insert("images".into(), files.collect());
    Value::Object(output)
}
