//! The status message of a node: verb, name, and what is countable.
//!
//! The verb comes from the class and its kind, never from the title: a loader that somebody titled "VAE Decoder" is
//! loading.

use std::fmt::Write;

use crate::names::{NodeKind, Words};

/// What to tell people while a node runs: `Generating image using K-Sampler: 15/20 steps (75%)`.
///
/// `name` is the human name ([`crate::names::human_name`]). `steps` are value and maximum of the node's bar; without
/// them, and for 0 of 1, with which every node starts, nothing is known, and verb and name stand alone. A bar that
/// does not count in whole numbers (of seconds, say) is told in percent.
pub fn message(class_type: &str, kind: NodeKind, name: &str, steps: Option<(f64, f64)>) -> String {
    message_with(verb(class_type, kind), kind, name, steps)
}

/// The same with the [`verb`] at hand: it stays the same while a node runs, and is not cheap to find.
pub fn message_with(verb: &str, kind: NodeKind, name: &str, steps: Option<(f64, f64)>) -> String {
    // Room for what is countable.
    let mut message = String::with_capacity(verb.len() + name.len() + 32);
    message.push_str(verb);
    message.push(' ');
    message.push_str(name);
    let Some(bar) = steps.and_then(Bar::new) else {
        return message;
    };
    let percent = bar.percent();
    let told = match (kind, bar.counted()) {
        (NodeKind::Loader, _) | (_, None) => write!(message, ": {percent}%"),
        (NodeKind::Sampler, Some((value, max))) => {
            write!(message, ": {value}/{max} steps ({percent}%)")
        }
        (_, Some((value, max))) => write!(message, ": {value}/{max} ({percent}%)"),
    };
    debug_assert!(told.is_ok(), "writing to a string does not fail");
    message
}

/// What a node of this class does, as a message about it begins.
pub fn verb(class_type: &str, kind: NodeKind) -> &'static str {
    let class = Words::of(class_type);
    let encodes = || class.any(&["encode", "encoder"]);
    let decodes = || class.any(&["decode", "decoder"]);
    match kind {
        NodeKind::Sampler => "Generating image using",
        NodeKind::Loader => "Loading",
        NodeKind::TextEncoder => "Encoding with",
        NodeKind::Saver => "Saving with",
        NodeKind::Preview => "Preparing preview with",
        NodeKind::Upscaler => "Upscaling with",
        NodeKind::Math => "Calculating with",
        NodeKind::Vae if class.any(&["load", "loader"]) => "Loading",
        _ if decodes() => "Decoding with",
        _ if encodes() => "Encoding with",
        NodeKind::Vae => "Processing with",
        // Media are of their own kind whatever is done with them.
        NodeKind::Image | NodeKind::Mask | NodeKind::Latent | NodeKind::Video | NodeKind::Audio | NodeKind::Model3d
            if class.any(&["load"]) =>
        {
            "Loading"
        }
        NodeKind::Video | NodeKind::Audio | NodeKind::Model3d if class.any(&["save"]) => "Saving with",
        NodeKind::Video | NodeKind::Audio | NodeKind::Model3d if class.any(&["preview"]) => "Preparing preview with",
        NodeKind::Image => "Processing image with",
        NodeKind::Mask => "Processing mask with",
        NodeKind::Latent => "Preparing latent with",
        NodeKind::Video => "Processing video with",
        NodeKind::Audio => "Processing audio with",
        NodeKind::Model3d => "Processing 3D model with",
        NodeKind::Control => "Preparing with",
        NodeKind::Other => "Running",
    }
}

/// A bar with something to tell.
#[derive(Clone, Copy)]
struct Bar {
    value: f64,
    max: f64,
}

impl Bar {
    fn new((value, max): (f64, f64)) -> Option<Self> {
        let told = value.is_finite() && max.is_finite() && max > 0.0 && (value, max) != (0.0, 1.0);
        // Extensions miscount: more than all is all.
        told.then(|| Self { value: value.clamp(0.0, max), max })
    }

    /// Both, where they are whole numbers.
    fn counted(self) -> Option<(u64, u64)> {
        let whole = |n: f64| (n.fract() == 0.0 && n <= 1e15).then_some(n as u64);
        whole(self.value).zip(whole(self.max))
    }

    /// Rounded, but 100 only when it is full.
    fn percent(self) -> u64 {
        if self.value < self.max { ((self.value / self.max * 100.0).round() as u64).min(99) } else { 100 }
    }
}
