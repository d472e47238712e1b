use monitor_core::messages::message;
use monitor_core::names::{human_name, kind};

/// The message of a node of this class under this title.
fn of(class: &str, title: &str, steps: Option<(f64, f64)>) -> String {
    message(class, kind(class, None), &human_name(Some(title), class, None), steps)
}

#[test]
fn the_messages_of_the_contract_are_exactly_so() {
    let told = [
        of("KSampler", "KSampler", Some((15.0, 20.0))),
        of("VAELoader", "VAE Decoder", Some((1.0, 1.0))),
        of("CLIPTextEncode", "CLIP Text Encode (Prompt)", Some((3.0, 5.0))),
        of("VAEDecode", "VAE Decode", Some((3.0, 4.0))),
        of("VAEApplyLUT", "VAE", Some((45.0, 100.0))),
        of("CheckpointLoaderSimple", "Load Checkpoint", None),
    ];
    assert_eq!(
        told,
        [
            "Generating image using K-Sampler: 15/20 steps (75%)",
            "Loading VAE Decoder: 100%",
            "Encoding with CLIP Text Encoder: 3/5 (60%)",
            "Decoding with VAE Decoder: 3/4 (75%)",
            "Processing with VAE: 45/100 (45%)",
            "Loading Checkpoint Loader",
        ]
    );
}

#[test]
fn the_class_decides_and_not_the_title() {
    assert_eq!(of("VAEEncode", "VAE Decode", Some((1.0, 2.0))), "Encoding with VAE Decode: 1/2 (50%)");
    assert_eq!(of("SaveImage", "KSampler", None), "Saving with KSampler");
    assert_eq!(of("VAEDecodeTiled", "Loader 3", Some((2.0, 9.0))), "Decoding with Loader 3: 2/9 (22%)");
    assert_eq!(
        of("KSamplerAdvanced", "Upscale pass", Some((1.0, 4.0))),
        "Generating image using Upscale pass: 1/4 steps (25%)"
    );
}

#[test]
fn no_step_count_is_made_up() {
    for nothing in
        [None, Some((0.0, 1.0)), Some((0.0, 0.0)), Some((3.0, 0.0)), Some((f64::NAN, 4.0)), Some((1.0, f64::INFINITY))]
    {
        assert_eq!(of("KSampler", "", nothing), "Generating image using K-Sampler", "{nothing:?}");
    }
    assert_eq!(of("KSampler", "", Some((0.0, 20.0))), "Generating image using K-Sampler: 0/20 steps (0%)");
}

#[test]
fn a_bar_that_counts_no_whole_numbers_is_told_in_percent() {
    assert_eq!(of("TraceSleep", "", Some((0.2101, 0.7))), "Running Trace Sleep: 30%");
    assert_eq!(of("KSampler", "", Some((7.5, 10.0))), "Generating image using K-Sampler: 75%");
}

#[test]
fn a_hundred_percent_is_told_only_of_a_full_bar() {
    assert_eq!(of("KSampler", "", Some((999.0, 1000.0))), "Generating image using K-Sampler: 999/1000 steps (99%)");
    assert_eq!(of("KSampler", "", Some((1000.0, 1000.0))), "Generating image using K-Sampler: 1000/1000 steps (100%)");
    assert_eq!(of("KSampler", "", Some((12.0, 10.0))), "Generating image using K-Sampler: 10/10 steps (100%)");
    assert_eq!(of("KSampler", "", Some((-2.0, 10.0))), "Generating image using K-Sampler: 0/10 steps (0%)");
}
