//! Human names and kinds of nodes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
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
    #[default]
    Other,
}
