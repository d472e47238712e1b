//! What `serve --demo` shows: recordings that are part of the binary, and scripts, as an endless programme.

use std::time::Duration;

use serde_json::{Value, json};

use crate::graph::Graph;
use crate::player::{Addressee, Programme};
use crate::script::{Failure, NodeScript, Script};
use crate::server::{Builder, FakeComfy};
use crate::tape::{Tape, TapeError};

/// A recording's trace and the files beside it.
type Recording = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

macro_rules! recording {
    ($name:literal, $($file:literal),*) => {
        (
            $name,
            include_str!(concat!("../../../fixtures/tapes/", $name, "/trace.jsonl")),
            &[$(($file, include_str!(concat!("../../../fixtures/tapes/", $name, "/", $file)))),*],
        )
    };
}

const RECORDINGS: [Recording; 6] = [
    recording!("02-txt2img", "history.json", "object_info.json"),
    recording!("10-parallel", "history.json", "object_info.json"),
    recording!("11-expansion-loop", "history.json"),
    recording!("16-outputs", "history.json", "history-2.json", "object_info.json"),
    recording!("07-node-error", "history.json"),
    recording!("24-list-mapping", "history.json"),
];

/// The recordings that the binary carries.
pub fn tapes() -> Result<Vec<Tape>, TapeError> {
    let read = |(name, trace, files): Recording| {
        Tape::parse(name, trace, |asked| {
            files.iter().find(|(file, _)| *file == asked).map(|(_, text)| (*text).to_owned())
        })
    };
    RECORDINGS.into_iter().map(read).collect()
}

/// A server with the programme and the recordings, so that what a visitor submits is known too.
pub fn builder() -> Result<Builder, TapeError> {
    let server = FakeComfy::builder().programme(programme()?);
    Ok(tapes()?.into_iter().fold(server, Builder::tape))
}

/// One recording or script after another, with a breath between, for ever; for whoever is connected.
pub fn programme() -> Result<Programme, TapeError> {
    let tapes = tapes()?;
    let breath = Duration::from_secs(3);
    let mut programme = Programme::new().scripted(portrait(), Script::new(), Duration::from_secs(1));
    for (index, tape) in tapes.iter().enumerate() {
        programme = programme.job_of(tape, breath);
        programme = match index {
            0 => programme.scripted(upscale(), Script::new(), breath),
            1 => programme.scripted(video(), Script::new().pace(1.5), breath),
            3 => programme.scripted(portrait(), out_of_memory(), breath),
            _ => programme.scripted(portrait(), Script::new(), breath),
        };
    }
    Ok(programme.addressed_to(Addressee::Connected).looping())
}

/// Fails once, so that a retry of the same graph succeeds.
fn out_of_memory() -> Script {
    Script::new().node("3", NodeScript::new().failing(Failure::out_of_memory().at_step(7).times(1)))
}

fn graph(nodes: Value) -> Graph {
    match nodes {
        Value::Object(graph) => graph,
        _ => Graph::new(),
    }
}

/// Text to image, the workflow everybody knows.
pub fn portrait() -> Graph {
    graph(json!({
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "random-sd15.safetensors"}, "_meta": {"title": "Load Checkpoint"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}, "_meta": {"title": "Portrait format"}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "portrait of a lighthouse keeper, oil on canvas", "clip": ["4", 1]}, "_meta": {"title": "What to paint"}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry, watermark", "clip": ["4", 1]}, "_meta": {"title": "What to avoid"}},
        "3": {"class_type": "KSampler", "inputs": {"seed": 42, "steps": 24, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
              "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}, "_meta": {"title": "KSampler"}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}, "_meta": {"title": "VAE Decode"}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "demo/portrait", "images": ["8", 0]}, "_meta": {"title": "Save Image"}}
    }))
}

/// The portrait once more, and then larger: two samplers.
fn upscale() -> Graph {
    let mut graph = portrait();
    let more = self::graph(json!({
        "10": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "upscale_method": "nearest-exact", "width": 1024, "height": 1536, "crop": "disabled"}},
        "11": {"class_type": "KSampler", "inputs": {"seed": 43, "steps": 14, "cfg": 6.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 0.5,
               "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["10", 0]}, "_meta": {"title": "Second pass"}},
        "12": {"class_type": "VAEDecode", "inputs": {"samples": ["11", 0], "vae": ["4", 2]}},
        "13": {"class_type": "SaveImage", "inputs": {"filename_prefix": "demo/large", "images": ["12", 0]}},
        "9": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    }));
    graph.extend(more);
    graph
}

fn video() -> Graph {
    graph(json!({
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan2.1_t2v_1.3B_fp16.safetensors", "weight_dtype": "default"}},
        "2": {"class_type": "CLIPLoader", "inputs": {"clip_name": "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "type": "wan"}},
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "waves against a pier at dusk", "clip": ["2", 0]}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "static", "clip": ["2", 0]}},
        "5": {"class_type": "EmptyHunyuanLatentVideo", "inputs": {"width": 832, "height": 480, "length": 33, "batch_size": 1}},
        "6": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 30, "cfg": 6.0, "sampler_name": "uni_pc", "scheduler": "simple", "denoise": 1.0,
              "model": ["1", 0], "positive": ["3", 0], "negative": ["4", 0], "latent_image": ["5", 0]}},
        "7": {"class_type": "VAELoader", "inputs": {"vae_name": "wan_2.1_vae.safetensors"}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["6", 0], "vae": ["7", 0]}},
        "9": {"class_type": "SaveAnimatedWEBP", "inputs": {"filename_prefix": "demo/waves", "fps": 6.0, "lossless": false, "quality": 80, "method": "default", "images": ["8", 0]}},
        "10": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    }))
}
