use monitor_core::comfy::rest;
use monitor_core::messages::message;
use monitor_core::names::{NodeKind, human_name, kind};
use proptest::prelude::*;

use crate::recording;

#[test]
fn every_class_of_a_real_server_has_a_name_and_a_kind_an_artist_would_accept() {
    let info = rest::object_info(&recording::file("object_info-0.33.0.json")).unwrap().value;
    assert_eq!(info.classes.len(), 633);
    let lines = info.classes.iter().map(|class| {
        let kinds = [class.category.as_deref(), None].map(|category| kind(&class.name, category));
        let [kind, alone] = kinds.map(|kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned());
        let kind = if kind == alone { kind } else { format!("{kind} (alone: {alone})") };
        let with = human_name(None, &class.name, class.display_name.as_deref());
        let alone = human_name(None, &class.name, None);
        let alone = if alone == with { String::new() } else { format!("   (alone: {alone})") };
        let told = message(&class.name, self::kind(&class.name, class.category.as_deref()), &with, None);
        format!("{} | {kind} | {with}{alone} | {told}", class.name)
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

fn alone(class: &str) -> String {
    human_name(None, class, None)
}

#[test]
fn the_names_of_the_contract_are_exactly_so() {
    let stock = [
        ("KSampler", "KSampler"),
        ("VAEDecode", "VAE Decode"),
        ("CLIPTextEncode", "CLIP Text Encode (Prompt)"),
        ("CheckpointLoaderSimple", "Load Checkpoint"),
    ];
    let names = ["K-Sampler", "VAE Decoder", "CLIP Text Encoder", "Checkpoint Loader"];
    for ((class, display_name), name) in stock.into_iter().zip(names) {
        assert_eq!(human_name(None, class, None), name);
        assert_eq!(human_name(Some(display_name), class, Some(display_name)), name);
        assert_eq!(human_name(Some(display_name), class, None), name, "the editor's title is nobody's own");
        assert_eq!(human_name(Some(class), class, Some(display_name)), name);
        assert_eq!(human_name(Some("  "), class, Some(display_name)), name);
        assert_eq!(human_name(Some("Face pass"), class, Some(display_name)), "Face pass");
    }
}

#[test]
fn a_class_without_a_name_of_ours_has_its_display_name_and_else_its_words() {
    assert_eq!(human_name(None, "VHS_VideoCombine", Some("Video Combine")), "Video Combine");
    assert_eq!(human_name(None, "VHS_VideoCombine", Some("VHS_VideoCombine")), "VHS Video Combine");
    assert_eq!(human_name(None, "VHS_VideoCombine", Some("")), "VHS Video Combine");
    assert_eq!(human_name(None, "ImageCrop", Some("Crop Image (DEPRECATED)")), "Crop Image");
}

#[test]
fn classes_of_extensions_are_split_into_words_as_people_write_them() {
    for (class, name) in [
        ("IPAdapterUnifiedLoader", "IP-Adapter Unified Loader"),
        ("IPAdapterAdvanced", "IP-Adapter Advanced"),
        ("UnetLoaderGGUF", "UNet Loader GGUF"),
        ("CLIPLoaderGGUF", "CLIP Loader GGUF"),
        ("easy fullLoader", "Easy Full Loader"),
        ("VHS_VideoCombine", "VHS Video Combine"),
        ("VHS_LoadVideoPath", "VHS Load Video Path"),
        ("KSampler //Inspire", "K-Sampler (Inspire)"),
        ("KSamplerAdvanced //Inspire", "K-Sampler Advanced (Inspire)"),
        ("ShowText|pysssss", "Show Text (pysssss)"),
        ("Power Lora Loader (rgthree)", "Power LoRA Loader (rgthree)"),
        ("LoRALoader", "LoRA Loader"),
        ("ADE_AnimateDiffLoaderWithContext", "ADE AnimateDiff Loader with Context"),
        ("ControlNetLoaderAdvanced", "ControlNet Loader Advanced"),
        ("ACN_AdvancedControlNetApply", "ACN Advanced ControlNet Apply"),
        ("FaceDetailer", "FaceDetailer"),
        ("UltimateSDUpscale", "Ultimate SD Upscale"),
        ("SAMLoader", "SAM Loader"),
        ("WanVideoSampler", "Wan Video Sampler"),
        ("DownloadAndLoadFlorence2Model", "Download and Load Florence-2 Model"),
        ("DWPreprocessor", "DW Preprocessor"),
        ("MiDaS-DepthMapPreprocessor", "MiDaS Depth Map Preprocessor"),
        ("CR SDXL Aspect Ratio", "CR SDXL Aspect Ratio"),
        ("Image Resize", "Image Resize"),
        ("loadImage", "Load Image"),
        ("x", "X"),
        ("__", "__"),
        ("Ünïcode Knoten", "Ünïcode Knoten"),
    ] {
        assert_eq!(alone(class), name, "{class}");
    }
}

#[test]
fn control_characters_go_and_long_names_are_cut_with_an_ellipsis() {
    assert_eq!(human_name(Some("a\u{0}b\n\tc \u{7f}\u{202e}d"), "X", None), "ab c d");
    let long = human_name(Some(&"ä".repeat(500)), "X", None);
    assert_eq!((long.chars().count(), long.chars().last()), (120, Some('…')));
    assert_eq!(human_name(Some(&"ä".repeat(120)), "X", None), "ä".repeat(120));
}

#[test]
fn kinds_of_extensions_are_told_by_their_names() {
    use NodeKind::*;
    for (class, expected) in [
        ("IPAdapterUnifiedLoader", Loader),
        ("UnetLoaderGGUF", Loader),
        ("easy fullLoader", Loader),
        ("DownloadAndLoadFlorence2Model", Loader),
        ("KSampler //Inspire", Sampler),
        ("KSampler (Efficient)", Sampler),
        ("WanVideoSampler", Sampler),
        ("KSamplerAdvancedProvider", Control),
        ("IPAdapterAdvanced", Control),
        ("ACN_AdvancedControlNetApply", Control),
        ("BNK_CLIPTextEncodeAdvanced", TextEncoder),
        ("WanVideoTextEncode", TextEncoder),
        ("VAEDecodeTiled", Vae),
        ("UltimateSDUpscale", Upscaler),
        ("VHS_VideoCombine", Video),
        ("VHS_LoadVideo", Video),
        ("Image Save", Saver),
        ("FaceDetailer", Other),
        ("", Other),
    ] {
        assert_eq!(kind(class, None), expected, "{class}");
    }
    assert_eq!(kind("Bokeh", Some("image/effects")), Image);
    assert_eq!(kind("Bokeh", Some("conditioning")), Control);
}

proptest! {
    #[test]
    fn any_name_is_short_printable_and_not_empty(class in "\\PC{1,300}", title in proptest::option::of(".{0,300}")) {
        let name = human_name(title.as_deref(), &class, None);
        prop_assert!(name.chars().count() <= 120);
        prop_assert!(!name.chars().any(char::is_control));
        prop_assert!(!name.is_empty() || class.trim().is_empty());
        let _ = kind(&class, Some(&name));
    }
}
