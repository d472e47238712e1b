use proptest::prelude::*;
use serde_json::json;

use super::super::fixtures::{editor_file, fixture, sent_graph};
use super::*;

/// Files that carry the graph in API format, whatever else they carry.
const CARRIERS: [(&[u8], Source); 14] = [
    (fixture!("editor/both.png"), Source::Png),
    (fixture!("editor/animated.png"), Source::Png),
    (fixture!("editor/compressed.png"), Source::Png),
    (fixture!("editor/international.png"), Source::Png),
    (fixture!("editor/both.webp"), Source::Webp),
    (fixture!("editor/animated.webp"), Source::Webp),
    (fixture!("editor/both.mp4"), Source::Mp4),
    (fixture!("editor/both.webm"), Source::Matroska),
    (fixture!("editor/both.flac"), Source::Flac),
    (fixture!("editor/both.opus"), Source::Ogg),
    (fixture!("editor/both.mp3"), Source::Mp3),
    (fixture!("editor/both.glb"), Source::Glb),
    (fixture!("editor/both.svg"), Source::Svg),
    (fixture!("editor/both.latent"), Source::Safetensors),
];

#[test]
fn the_api_format_is_preferred_in_every_place_comfyui_puts_it() {
    for (bytes, source) in CARRIERS {
        let expected = Carried { graph: Graph::Api(sent_graph()), source, title: None };
        assert_eq!(extract(bytes), Ok(expected));
    }
}

#[test]
fn a_picture_with_the_editor_format_alone_gives_that_with_the_title_it_has() {
    let carried = extract(fixture!("editor/editor-only.png")).unwrap();
    assert_eq!(carried.graph, Graph::Editor(editor_file()));
    assert_eq!(carried.title.as_deref(), Some("Cat on a windowsill"));
}

#[test]
fn a_picture_without_a_workflow_says_so_and_why() {
    for bytes in [fixture!("editor/plain.png"), fixture!("editor/plain.webp")] {
        let error = extract(bytes).unwrap_err();
        assert!(
            error.to_string().starts_with("This picture carries no workflow. Those saved by ComfyUI do"),
            "{error}"
        );
    }
    assert_eq!(extract(b"\xff\xd8\xff\xe0 JFIF"), Err(FileError::NoWorkflow(Source::OtherPicture)));
}

#[test]
fn both_formats_are_read_from_json_also_inside_their_envelopes() {
    let api = Graph::Api(sent_graph());
    for text in [
        sent_graph().to_string(),
        json!({ "prompt": sent_graph(), "client_id": "x" }).to_string(),
        json!({ "output": sent_graph(), "workflow": editor_file() }).to_string(),
        format!("\u{feff} {}", sent_graph()),
    ] {
        assert_eq!(extract(text.as_bytes()).unwrap().graph, api);
    }
    assert_eq!(extract(editor_file().to_string().as_bytes()).unwrap().graph, Graph::Editor(editor_file()));
}

#[test]
fn not_a_number_in_a_workflow_is_read_as_null() {
    let text = r#"{"1": {"class_type": "A", "inputs": {"x": NaN, "seed": 18446744073709551615}}}"#;
    let graph = json!({ "1": { "class_type": "A", "inputs": { "x": null, "seed": u64::MAX } } });
    assert_eq!(extract(text.as_bytes()).unwrap().graph, Graph::Api(graph));
}

#[test]
fn json_that_is_no_workflow_says_what_is_wrong_with_it() {
    for (text, reason) in [
        ("{}", "it is empty"),
        ("[1]", "it is not an object"),
        (r#"{"prompt": "a cat"}"#, r#"its entry "prompt" is no node with a class_type"#),
        (r#"{"1": {"class_type": "A"}, "note": 3}"#, r#"its entry "note" is no node with a class_type"#),
    ] {
        assert_eq!(extract(text.as_bytes()), Err(FileError::NotAWorkflow { reason: reason.to_owned() }));
    }
    assert!(matches!(extract(b"{\"1\": "), Err(FileError::BadJson { .. })));
    assert_eq!(extract(b"hello"), Err(FileError::UnknownKind));
    assert_eq!(extract(b""), Err(FileError::Empty));
}

#[test]
fn a_file_over_16_mib_is_not_looked_into() {
    let bytes = vec![b' '; MAX_FILE_BYTES + 1];
    assert_eq!(extract(&bytes), Err(FileError::TooLarge { bytes: MAX_FILE_BYTES + 1 }));
}

#[test]
fn a_workflow_that_is_no_json_is_told_from_none() {
    let png = png(&[(b"tEXt", b"prompt\0{broken"), (b"IEND", b"")]);
    assert!(matches!(extract(&png), Err(FileError::Damaged { source_kind: Source::Png, .. })));
}

#[test]
fn a_broken_prompt_leaves_the_editor_format_beside_it() {
    let workflow = [b"workflow\0", editor_file().to_string().as_bytes()].concat();
    let png = png(&[(b"tEXt", b"prompt\0{broken"), (b"tEXt", &workflow), (b"IEND", b"")]);
    assert_eq!(extract(&png).unwrap().graph, Graph::Editor(editor_file()));
}

#[test]
fn a_compressed_text_that_unpacks_without_end_is_dropped() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..20 {
        std::io::Write::write_all(&mut packed, &blanks).unwrap();
    }
    let chunk = [b"prompt\0\0".as_slice(), &packed.finish().unwrap()].concat();
    let png = png(&[(b"zTXt", &chunk), (b"zTXt", &chunk), (b"IEND", b"")]);
    assert_eq!(extract(&png), Err(FileError::NoWorkflow(Source::Png)));
}

#[test]
fn exif_of_either_byte_order_and_with_the_optional_header_is_read() {
    for big_endian in [false, true] {
        for header in [b"".as_slice(), b"Exif\0\0"] {
            let exif = [header, &tiff(big_endian, &format!("prompt:{}", sent_graph()))].concat();
            assert_eq!(extract(&webp(&exif)).unwrap().graph, Graph::Api(sent_graph()));
        }
    }
}

#[test]
fn an_exif_offset_beyond_the_file_is_passed_over() {
    let mut exif = tiff(false, "prompt:{}");
    exif[18..22].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(extract(&webp(&exif)), Err(FileError::NoWorkflow(Source::Webp)));
    exif[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(extract(&webp(&exif)), Err(FileError::NoWorkflow(Source::Webp)));
}

fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = png::SIGNATURE.to_vec();
    for (kind, data) in chunks {
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(*kind);
        bytes.extend(*data);
        bytes.extend([0; 4]);
    }
    bytes
}

fn webp(exif: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(u32::try_from(12 + exif.len() + exif.len() % 2).unwrap().to_le_bytes());
    bytes.extend(b"WEBPEXIF");
    bytes.extend(u32::try_from(exif.len()).unwrap().to_le_bytes());
    bytes.extend(exif);
    bytes.extend(vec![0; exif.len() % 2]);
    bytes
}

/// One directory with the one tag Model, its text behind it.
fn tiff(big_endian: bool, text: &str) -> Vec<u8> {
    let short = |value: u16| {
        if big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    };
    let long = |value: u32| {
        if big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    };
    let mut bytes = if big_endian { b"MM".to_vec() } else { b"II".to_vec() };
    bytes.extend(short(42));
    bytes.extend(long(8));
    bytes.extend(short(1));
    bytes.extend(short(0x0110));
    bytes.extend(short(2));
    bytes.extend(long(u32::try_from(text.len() + 1).unwrap()));
    bytes.extend(long(26));
    bytes.extend(long(0));
    bytes.extend(text.as_bytes());
    bytes.push(0);
    bytes
}

/// Beginnings that lead into each reader.
const MAGIC: [&[u8]; 12] = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\xff\xff\0\0WEBP",
    b"RIFF\xff\xff\0\0WEBPEXIF\xff\0\0\0II\x2a\0\x08\0\0\0",
    b"{",
    b"\0\0\0\x18ftypmp42",
    b"\x1a\x45\xdf\xa3",
    b"fLaC",
    b"OggS",
    b"ID3\x04\0\0",
    b"glTF\x02\0\0\0",
    b"<svg ",
];

proptest! {
    #[test]
    fn garbage_never_panics(start in proptest::sample::select(&MAGIC[..]), rest in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = extract(&[start, &rest].concat());
    }

    #[test]
    fn a_real_file_with_bytes_changed_never_panics(
        (bytes, _) in proptest::sample::select(&CARRIERS[..]),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = bytes.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = extract(&bytes);
    }
}

#[test]
fn a_real_file_cut_anywhere_gives_an_error_or_the_whole_result() {
    let editor_only = (fixture!("editor/editor-only.png"), Source::Png);
    for (bytes, source) in CARRIERS.into_iter().chain([editor_only]) {
        let whole = extract(bytes).unwrap();
        for length in 0..bytes.len() {
            match extract(&bytes[..length]) {
                Ok(carried) => assert_eq!(carried, whole, "{source:?} cut to {length}"),
                Err(error) => assert!(
                    matches!(error, FileError::Truncated(_) | FileError::UnknownKind | FileError::Empty),
                    "{source:?} cut to {length}: {error}"
                ),
            }
        }
    }
}
