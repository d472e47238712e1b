//! What a node takes before anything was run: rough figures that ship with the product, one significant digit each.
//! They come from what the work is (evaluations of a model, pixels through a decoder, bytes compressed) and are wrong
//! for any given machine; a history of a few runs outweighs them.

use super::Drivers;
use super::spread::Guess;
use crate::names::NodeKind;

/// What the server computes on; `/system_stats` tells (`devices[].type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    #[default]
    Gpu,
    Cpu,
}

/// Pictures whose size is not known are taken for this many megapixels.
const USUAL_MEGAPIXELS: f64 = 0.8;
const USUAL_STEPS: f64 = 20.0;

/// Milliseconds to load weights into the device before the first step.
pub fn load_ms(device: Device) -> f64 {
    match device {
        Device::Gpu => 1_500.0,
        Device::Cpu => 500.0,
    }
}

/// Evaluations of the model that a sampler makes in `steps` steps (`ComfyUI` `comfy/k_diffusion/sampling.py`): those of
/// second order make two a step, but for the last.
pub fn evaluations(sampler: Option<&str>, steps: f64) -> f64 {
    let sampler = sampler.unwrap_or("").trim_end_matches("_cfg_pp").trim_end_matches("_gpu");
    let each = match sampler {
        "heun" | "dpm_2" | "dpm_2_ancestral" | "dpmpp_2s_ancestral" | "dpmpp_sde" | "exp_heun_2_x0"
        | "exp_heun_2_x0_sde" | "seeds_2" | "sa_solver_pece" => 2.0,
        "heunpp2" | "seeds_3" | "dpm_adaptive" => 3.0,
        _ => 1.0,
    };
    (each * steps - (each - 1.0)).max(1.0)
}

/// A first guess for a node of this class and kind.
pub fn prior(class_type: &str, kind: NodeKind, drivers: &Drivers, device: Device) -> Guess {
    let megapixels = drivers.pixels.map_or(USUAL_MEGAPIXELS, |pixels| pixels / 1e6) * drivers.batch.unwrap_or(1.0);
    // How much wider the guess is where the size had to be guessed as well.
    let unsure = if drivers.pixels.is_none() { 0.6 } else { 0.0 };
    let (gpu, cpu, sigma) = match kind {
        NodeKind::Sampler => {
            let steps = evaluations(drivers.sampler.as_deref(), drivers.steps.unwrap_or(USUAL_STEPS));
            let guided = if drivers.inputs.contains_key("guided") { 0.55 } else { 1.0 };
            let load = if drivers.cold { 1.0 } else { 0.0 };
            (
                steps * guided * (40.0 + 400.0 * megapixels) + load * load_ms(Device::Gpu),
                steps * guided * (1_000.0 + 40_000.0 * megapixels) + load * load_ms(Device::Cpu),
                0.8 + unsure,
            )
        }
        NodeKind::Loader => {
            let of_a_checkpoint = if ["Lora", "VAE", "Upscale", "Vision", "Style", "Embedding"]
                .iter()
                .any(|small| class_type.contains(small))
            {
                0.1
            } else {
                1.0
            };
            let warm = if drivers.cold { 1.0 } else { 0.6 };
            (4_000.0 * of_a_checkpoint * warm, 4_000.0 * of_a_checkpoint * warm, 0.8)
        }
        NodeKind::TextEncoder => (80.0, 200.0, 0.8),
        NodeKind::Vae => {
            let tiled = if class_type.contains("Tiled") { 5.0 } else { 1.0 };
            let encodes = if class_type.contains("Encode") { 0.5 } else { 1.0 };
            (30.0 + 800.0 * megapixels * tiled * encodes, 50.0 + 60_000.0 * megapixels * tiled * encodes, 0.6 + unsure)
        }
        NodeKind::Upscaler if drivers.model.is_some() => (200.0 * megapixels, 9_000.0 * megapixels, 1.0 + unsure),
        // What compressing takes depends on the picture: plain colours are quick, noise is slow.
        NodeKind::Saver => {
            let each = if class_type.contains("Animated") { 100.0 } else { 150.0 };
            (5.0 + each * megapixels, 5.0 + each * megapixels, 1.2 + unsure)
        }
        NodeKind::Preview => (5.0 + 60.0 * megapixels, 5.0 + 60.0 * megapixels, 1.2 + unsure),
        NodeKind::Image | NodeKind::Upscaler | NodeKind::Mask => {
            let taps = kernel_taps(drivers);
            let each = pass(class_type, kind, drivers) * megapixels;
            (1.0 + each + 0.3 * taps * megapixels, 1.0 + each + 9.0 * taps * megapixels, 1.0 + unsure)
        }
        NodeKind::Latent | NodeKind::Math => (1.0, 1.0, 1.0),
        NodeKind::Control => (5.0, 20.0, 1.5),
        NodeKind::Video => (200.0 + 200.0 * megapixels, 300.0 + 300.0 * megapixels, 1.3 + unsure),
        NodeKind::Audio => (500.0, 1_000.0, 1.5),
        NodeKind::Model3d => (3_000.0, 10_000.0, 1.5),
        NodeKind::Other => (100.0, 200.0, 2.0),
    };
    let kinds = match device {
        Device::Gpu => gpu,
        Device::Cpu => cpu,
    };
    told(kind, drivers).unwrap_or_else(|| Guess::of_ms(kinds, sigma))
}

/// Milliseconds that one pass over a megapixel takes; `ComfyUI` does these on the processor, whatever the device.
fn pass(class_type: &str, kind: NodeKind, drivers: &Drivers) -> f64 {
    match class_type {
        // A palette is searched for each pixel (`comfy_extras/nodes_post_processing.py`).
        "ImageQuantize" => 600.0,
        // One dilation for each pixel that it grows (`comfy_extras/nodes_mask.py`).
        "GrowMask" => 9.0 * drivers.inputs.get("expand").and_then(serde_json::Value::as_f64).map_or(10.0, f64::abs),
        // Edges are followed until nothing changes (`comfy_extras/nodes_canny.py`).
        "Canny" => 5_000.0,
        _ if kind == NodeKind::Mask => 10.0,
        _ if class_type.contains("Scale") || class_type.contains("Resize") => 70.0,
        _ if class_type.contains("Batch") || class_type.starts_with("Repeat") => 20.0,
        _ if class_type.starts_with("Empty") || class_type.starts_with("Solid") => 15.0,
        _ => 40.0,
    }
}

/// Multiplications a pixel costs in a blur or another filter with a square kernel (`ComfyUI`
/// `comfy_extras/nodes_post_processing.py`).
fn kernel_taps(drivers: &Drivers) -> f64 {
    let input = |ending: &str| drivers.inputs.iter().find(|(name, _)| name.ends_with(ending))?.1.as_f64();
    let side = input("radius").map(|radius| 2.0 * radius + 1.0).or_else(|| input("kernel_size"));
    side.map_or(0.0, |side| side.clamp(0.0, 2_000.0).powi(2))
}

/// A node that nobody knows, and whose inputs say how long: one that waits, polls or makes sound or video of that
/// length takes about as long as it says, give or take a lot.
fn told(kind: NodeKind, drivers: &Drivers) -> Option<Guess> {
    if kind != NodeKind::Other {
        return None;
    }
    let seconds =
        ["seconds", "duration", "delay", "wait"].iter().find_map(|name| drivers.inputs.get(*name)?.as_f64())?;
    let all = seconds * 1_000.0 * drivers.batch.unwrap_or(1.0);
    (seconds > 0.0).then(|| Guess::of_ms(all.min(3.6e6), 0.6))
}
