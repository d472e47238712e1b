//! What kind of work a node does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::split;

/// What a node is about, for its icon, its colour and its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Reads a model from disk. (A node that reads a picture, a video, … is of that medium's kind.)
    Loader,
    TextEncoder,
    /// Does the steps. What only prepares sampling (schedulers, guiders, a choice of sampler) is `control`.
    Sampler,
    Vae,
    Upscaler,
    /// Writes images, text or weights. (Sound, video and 3D are of their medium's kind, saved or previewed.)
    Saver,
    Preview,
    Image,
    Latent,
    Mask,
    Video,
    Audio,
    #[serde(rename = "model3d")]
    Model3d,
    /// Steers what the sampler will do: conditioning, guidance, patches of the model.
    Control,
    Math,
    Other,
}

use NodeKind::{
    Audio, Control, Image, Latent, Loader, Mask, Math, Model3d, Other, Preview, Sampler, Saver, TextEncoder, Upscaler,
    Vae, Video,
};

/// The kind of a class: by its name, and where that says nothing by its category in `/object_info`.
pub fn kind(class_type: &str, category: Option<&str>) -> NodeKind {
    if let Ok(at) = TOLD.binary_search_by(|(class, _)| (*class).cmp(class_type)) {
        return TOLD[at].1;
    }
    match by_name(&Words::of(class_type)) {
        Other => category.map_or(Other, by_category),
        kind => kind,
    }
}

/// The words of a class name, small.
pub(crate) struct Words(Vec<String>);

impl Words {
    pub(crate) fn of(class_type: &str) -> Self {
        Self(split::tokens(class_type).iter().map(|token| token.to_lowercase()).collect())
    }

    /// Whether one of these is among the words; several words in one stand for words in a row.
    pub(crate) fn any(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|wanted| {
            let wanted = wanted.split(' ');
            self.0.windows(wanted.clone().count()).any(|words| wanted.clone().eq(words))
        })
    }

    fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }
}

fn by_name(words: &Words) -> NodeKind {
    if words.any(&["model merge", "clip merge", "detailer"]) {
        // Arithmetic on models, and whole workflows in one node.
        Other
    } else if words.any(&["loader"]) {
        Loader
    } else if words.any(&["load", "loads"]) {
        if words.any(&["model", "checkpoint", "lora"]) { Loader } else { medium(words, Loader) }
    } else if words.any(&["save", "saver"]) {
        match medium(words, Saver) {
            moving @ (Video | Audio | Model3d) => moving,
            _ => Saver,
        }
    } else if words.first() == "preview" || words.last() == "preview" {
        match medium(words, Preview) {
            moving @ (Video | Audio | Model3d) => moving,
            _ => Preview,
        }
    } else if words.any(&["vae"]) {
        Vae
    } else if words.any(&["encode", "encoder"]) && words.any(&["text", "clip", "prompt", "t5"]) {
        if words.any(&["vision"]) { Control } else { TextEncoder }
    } else if words.any(&["sampler", "ksampler"]) {
        let prepares = words.any(&["select", "selector", "provider", "settings", "config"])
            || (words.first() == "sampler" && !words.any(&["sampler custom"]));
        if prepares { Control } else { Sampler }
    } else if words.any(STEERS) {
        Control
    } else if words.any(&["upscale", "upscaler", "upscaling", "upsampler", "upsample", "super resolution", "esrgan"]) {
        Upscaler
    } else if words.any(&["string", "text", "regex", "json", "wildcard", "wildcards"]) {
        Other
    } else {
        medium(words, Other)
    }
}

/// Words for what steers the sampler.
const STEERS: &[&str] = &[
    "conditioning",
    "cond",
    "control net",
    "controlnet",
    "control lora",
    "t2i adapter",
    "guidance",
    "guider",
    "guide",
    "guides",
    "cfg",
    "scheduler",
    "sigma",
    "sigmas",
    "hook",
    "hooks",
    "gligen",
    "ip adapter",
    "ipadapter",
    "instant id",
    "instantid",
    "pulid",
    "photo maker",
    "model sampling",
    "context windows",
    "attention",
    "reference",
    "clip",
    "style model",
    "random noise",
    "disable noise",
    "timestep",
    "timesteps",
    "free u",
    "hyper tile",
    "tea cache",
    "negative",
    "positive",
];

/// What a node is about when its name says no more than that.
fn medium(words: &Words, otherwise: NodeKind) -> NodeKind {
    const MEDIA: &[(NodeKind, &[&str])] = &[
        (Latent, &["latent", "latents"]),
        (
            Model3d,
            &[
                "3d",
                "mesh",
                "meshes",
                "splat",
                "splats",
                "gaussian",
                "voxel",
                "voxels",
                "glb",
                "point cloud",
                "texture",
                "uv",
                "bake",
                "vertices",
            ],
        ),
        (Mask, &["mask", "masks", "quadmask", "segs", "segm", "segmentation", "sam", "sam2"]),
        (
            Video,
            &[
                "video",
                "videos",
                "vid",
                "frame",
                "frames",
                "keyframes",
                "webm",
                "gif",
                "i2v",
                "t2v",
                "v2v",
                "animation",
            ],
        ),
        (Audio, &["audio", "music", "speech", "voice", "tts", "sound"]),
        (
            Image,
            &[
                "image",
                "images",
                "img",
                "photo",
                "picture",
                "pixel",
                "pixels",
                "color",
                "colors",
                "canny",
                "crop",
                "blur",
                "depth",
                "pose",
                "openpose",
                "face",
                "bbox",
                "bounding",
                "boxes",
                "layer",
                "layers",
                "background",
                "preprocessor",
                "rembg",
                "webcam",
                "brightness",
                "contrast",
            ],
        ),
        (Math, &["math", "expression", "int", "float", "boolean", "number", "seed", "integer", "logic", "arithmetic"]),
    ];
    MEDIA.iter().find(|(_, words_of)| words.any(words_of)).map_or(otherwise, |(kind, _)| *kind)
}

/// By a part of the path, in this order.
fn by_category(category: &str) -> NodeKind {
    const PARTS: &[(NodeKind, &[&str])] = &[
        (Loader, &["loader"]),
        (
            Control,
            &[
                "conditioning",
                "controlnet",
                "guidance",
                "hooks",
                "sampling/",
                "model/patch",
                "unet",
                "scheduler",
                "sigmas",
                "ipadapter",
            ],
        ),
        (Upscaler, &["upscal"]),
        (Latent, &["latent"]),
        (Mask, &["mask", "segment"]),
        (Model3d, &["3d"]),
        (Video, &["video", "animat"]),
        (Audio, &["audio"]),
        (Math, &["math", "logic", "primitive"]),
        (Image, &["image"]),
    ];
    let category = category.to_lowercase();
    let part = PARTS.iter().find(|(_, parts)| parts.iter().any(|part| category.contains(part)));
    part.map_or(Other, |(kind, _)| *kind)
}

/// Classes of `ComfyUI`'s own whose name says nothing, or the wrong thing. Sorted by name.
#[rustfmt::skip]
const TOLD: &[(&str, NodeKind)] = &[
    ("APG", Control), ("AddNoise", Latent), ("AnimaLLLiteApply", Control), ("ChromaRadianceOptions", Control),
    ("ComfyAndNode", Math), ("ComfyNotNode", Math), ("ComfyOrNode", Math), ("ComfySwitchNode", Math),
    ("CreateCameraInfo", Model3d), ("CurveEditor", Math), ("DA3Inference", Image), ("DA3Render", Image),
    ("DifferentialDiffusion", Control), ("EasyCache", Other), ("Epsilon Scaling", Control), ("FillHoles", Model3d),
    ("FluxKVCache", Other), ("FreSca", Control), ("GLSLShader", Image), ("GenerateTracks", Video),
    ("GetICLoRAParameters", Control), ("HiDreamO1PatchSeamSmoothing", Control),
    ("HunyuanVideo15SuperResolution", Control), ("ImageCropToMask", Image), ("ImageScale", Upscaler),
    ("ImageScaleBy", Upscaler), ("ImageScaleToMaxDimension", Upscaler), ("ImageScaleToTotalPixels", Upscaler),
    ("LTXVDurationPredictor", Control), ("LTXVPreprocess", Video), ("LazyCache", Other),
    ("LoadMediaPipeFaceLandmarker", Loader), ("Mahiro", Control), ("MediaPipeFaceMeshVisualize", Image),
    ("MiniMaxH3ReferenceToVideo", Video), ("MoGeGeometryToFOV", Image), ("MoGeInference", Image),
    ("MoGePanoramaInference", Image), ("MoGeRender", Image), ("ModelNoiseScale", Control), ("Morphology", Image),
    ("MultiGPU_WorkUnits", Other), ("Painter", Image), ("PatchModelAddDownscale", Control), ("PerpNeg", Control),
    ("PhotoMakerEncode", TextEncoder), ("PrimitiveString", Other), ("PrimitiveStringMultiline", Other),
    ("RTDETR_detect", Image), ("ResizeImageMaskNode", Image), ("ResolutionSelector", Math), ("SAM3_Detect", Mask),
    ("SUPIRApply", Control), ("ScaleROPE", Control), ("SeedVR2PostProcessing", Image),
    ("SeedVR2Preprocess", Image), ("SeedVR2TemporalChunk", Latent), ("SeedVR2TemporalMerge", Latent),
    ("SelectCLIPDevice", Other), ("SelectVAEDevice", Other), ("ShuffleDataset", Image),
    ("ShuffleImageTextDataset", Image), ("ShuffleVideoTextDataset", Video), ("T5TokenizerOptions", Control),
    ("TCFG", Control), ("TemporalScoreRescaling", Control), ("TextOverlay", Image), ("TomePatchModel", Control),
    ("TorchCompileModel", Other), ("Trellis2ShapeStage", Control), ("Trellis2TextureStage", Control),
    ("Trellis2UpsampleStage", Control), ("TripoSplatPreprocessImage", Image),
    ("TripoSplatSamplingPreview", Control), ("VOIDSampler", Control), ("VOIDWarpedNoise", Latent),
    ("VOIDWarpedNoiseSource", Control), ("WanAnimate2Cache", Control), ("WanCameraEmbedding", Control),
    ("WanMoveConcatTrack", Control), ("WanMoveTracksFromCoords", Control), ("WanMoveVisualizeTracks", Image),
    ("wanBlockSwap", Other),
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_told_kinds_are_sorted_so_that_each_is_found() {
        assert!(super::TOLD.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
