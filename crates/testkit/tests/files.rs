//! Files that never existed: valid, the same every time, different for every name.

use std::collections::HashSet;
use std::sync::Arc;

use image::{AnimationDecoder as _, ImageFormat};
use monitor_testkit::files::{Traits, bytes};
use serde_json::{Value, json};

fn made(name: &str) -> Vec<u8> {
    bytes(name, &Traits::default())
}

#[test]
fn images_can_be_decoded_and_have_a_sane_size() {
    for (name, format) in [
        ("a.png", ImageFormat::Png),
        ("a.jpg", ImageFormat::Jpeg),
        ("a.JPEG", ImageFormat::Jpeg),
        ("a.webp", ImageFormat::WebP),
        ("a.gif", ImageFormat::Gif),
    ] {
        let file = made(name);
        assert_eq!(image::guess_format(&file).unwrap(), format, "{name}");
        let image = image::load_from_memory(&file).unwrap();
        assert!((64..=1024).contains(&image.width()) && (64..=1024).contains(&image.height()), "{name}");
    }
}

#[test]
fn moving_images_have_frames() {
    let webp = bytes("a.webp", &Traits { animated: true, prompt: Some(Arc::new(json!({"1": {}}))) });
    let decoder = image::codecs::webp::WebPDecoder::new(std::io::Cursor::new(webp)).unwrap();
    assert!(decoder.has_animation());
    assert_eq!(decoder.into_frames().collect_frames().unwrap().len(), 3);
    let gif = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(made("a.gif"))).unwrap();
    assert_eq!(gif.into_frames().collect_frames().unwrap().len(), 3);
}

#[test]
fn every_kind_has_its_magic_bytes() {
    let magic: [(&str, usize, &[u8]); 14] = [
        ("a.mp4", 4, b"ftyp"),
        ("a.webm", 0, &[0x1a, 0x45, 0xdf, 0xa3]),
        ("a.wav", 8, b"WAVE"),
        ("a.flac", 0, b"fLaC"),
        ("a.mp3", 0, b"ID3"),
        ("a.opus", 0, b"OggS"),
        ("a.ogg", 28, b"OpusHead"),
        ("a.glb", 0, b"glTF"),
        ("a.obj", 0, b"# a.obj\no triangle\nv "),
        ("a.svg", 0, b"<svg "),
        ("a.exr", 0, &[0x76, 0x2f, 0x31, 0x01]),
        ("a.md", 0, b"# a.md"),
        ("a.txt", 0, b"a.txt"),
        ("without extension", 0, b"without"),
    ];
    for (name, at, expected) in magic {
        assert_eq!(&made(name)[at..at + expected.len()], expected, "{name}");
    }
    assert_eq!(serde_json::from_slice::<Value>(&made("a.json")).unwrap()["name"], "a.json");
}

#[test]
fn the_same_name_gives_the_same_bytes_and_another_name_others() {
    let kinds = [
        "png", "jpg", "webp", "gif", "mp4", "webm", "wav", "flac", "mp3", "opus", "glb", "obj", "svg", "exr", "latent",
        "md", "txt", "json",
    ];
    for kind in kinds {
        let names: Vec<_> = (0..8).map(|index| format!("file_{index:05}_.{kind}")).collect();
        let all: HashSet<_> = names.iter().map(|name| made(name)).collect();
        assert_eq!(all.len(), names.len(), "{kind}");
        assert_eq!(made(&names[0]), made(&names[0]));
    }
}

#[test]
fn a_latent_is_a_safetensors_file_whose_header_fits_its_data() {
    let file =
        bytes("a.latent", &Traits { animated: false, prompt: Some(Arc::new(json!({"1": {"class_type": "Größe"}}))) });
    let len = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + len]).unwrap();
    assert_eq!(header["latent_tensor"]["data_offsets"][1], json!(file.len() - 8 - len));
    let prompt: Value = serde_json::from_str(header["__metadata__"]["prompt"].as_str().unwrap()).unwrap();
    assert_eq!(prompt["1"]["class_type"], "Größe");
}

#[test]
fn a_glb_counts_its_chunks_rightly() {
    let file = made("a.glb");
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(word(8), file.len());
    let json: Value = serde_json::from_slice(&file[20..20 + word(12)]).unwrap();
    assert_eq!(json["buffers"][0]["byteLength"], json!(word(20 + word(12))));
}

#[test]
fn a_png_carries_the_graph_that_made_it_in_ascii_and_can_still_be_decoded() {
    let prompt = json!({"6": {"inputs": {"text": "Größe 😀"}}});
    let file = bytes("a.png", &Traits { animated: false, prompt: Some(Arc::new(prompt.clone())) });
    image::load_from_memory(&file).unwrap();
    assert_eq!(&file[37..48], b"tEXtprompt\0");
    let len = u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize;
    let text = std::str::from_utf8(&file[48..41 + len]).unwrap();
    assert!(text.is_ascii());
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), prompt);
}

#[test]
fn a_webp_carries_the_graph_in_its_exif() {
    let file = bytes("a.webp", &Traits { animated: false, prompt: Some(Arc::new(json!({"1": {"class_type": "X"}}))) });
    image::load_from_memory(&file).unwrap();
    let needle = br#"prompt:{"1":{"class_type":"X"}}"#;
    assert!(file.windows(needle.len()).any(|window| window == needle));
    let size = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
    assert_eq!(size + 8, file.len());
}
