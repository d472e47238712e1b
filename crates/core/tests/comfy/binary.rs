use monitor_core::comfy::binary::{Dropped, Frame, ImageFormat, TextForm, parse};
use proptest::prelude::*;

use crate::recording;

fn plain(frame: &[u8]) -> Result<Frame<'_>, Dropped> {
    parse(frame, TextForm::Plain)
}

#[test]
fn every_recorded_frame_is_read_and_carries_what_its_type_says() {
    let mut kinds = [0; 4];
    for (name, lines) in recording::all() {
        for frame in recording::frames(&lines) {
            match plain(&frame).unwrap() {
                Frame::Preview { format, image } => {
                    kinds[0] += 1;
                    let magic: &[u8] = if format == ImageFormat::Jpeg { b"\xff\xd8\xff" } else { b"\x89PNG" };
                    assert!(image.starts_with(magic) && image.len() + 8 == frame.len(), "{name}");
                }
                Frame::Text { prompt_id, node_id, text } => {
                    kinds[1] += 1;
                    assert_eq!(prompt_id, None);
                    assert!(!node_id.is_empty() && !text.is_empty(), "{name}");
                }
                Frame::PreviewWithMetadata { metadata, image } => {
                    kinds[2] += 1;
                    assert_eq!((&*metadata.node_id, metadata.display_node_id.as_deref()), ("3", Some("3")));
                    assert_eq!(metadata.prompt_id, "97d9c9c1-ad51-47e1-b355-77572425685d");
                    assert_eq!(metadata.image_type.as_deref(), Some("image/jpeg"));
                    assert!(image.starts_with(b"\xff\xd8\xff"));
                }
                Frame::Unknown { kind, data } => {
                    kinds[3] += 1;
                    assert_eq!((kind, data.len()), (1001, frame.len() - 4));
                }
            }
        }
    }
    assert_eq!(kinds, [35, 5, 5, 1], "previews, texts, previews with metadata, unknown ones");
}

#[test]
fn a_text_frame_names_its_job_only_in_the_form_the_server_promised() {
    let frame = b"\0\0\0\x03\0\0\0\x016\0\0\0\x02ab";
    assert_eq!(plain(frame), Ok(Frame::Text { prompt_id: None, node_id: "6".into(), text: "\0\0\0\u{2}ab".into() }));

    let frame = b"\0\0\0\x03\0\0\0\x02pp\0\0\0\x016hello";
    let read = parse(frame, TextForm::WithPrompt);
    assert_eq!(read, Ok(Frame::Text { prompt_id: Some("pp".into()), node_id: "6".into(), text: "hello".into() }));
}

#[test]
fn a_truncated_frame_is_dropped_with_its_reason() {
    for frame in [&b""[..], b"\0\0\0", b"\0\0\0\x01", b"\0\0\0\x01\0\0\0", b"\0\0\0\x03\0", b"\0\0\0\x04\0\0"] {
        assert_eq!(plain(frame), Err(Dropped::Truncated), "{frame:?}");
    }
}

#[test]
fn a_length_past_the_end_is_dropped_with_its_reason() {
    for frame in [&b"\0\0\0\x03\0\0\0\x02a"[..], b"\0\0\0\x04\xff\xff\xff\xff{}", b"\0\0\0\x03\0\0\0\x01"] {
        assert_eq!(plain(frame), Err(Dropped::LengthPastEnd), "{frame:?}");
    }
}

#[test]
fn metadata_that_is_no_json_is_dropped_with_its_reason() {
    for json in ["{}", "nope", r#"{"node_id": 3, "prompt_id": "p"}"#] {
        let mut frame = vec![0, 0, 0, 4, 0, 0, 0, u8::try_from(json.len()).unwrap()];
        frame.extend_from_slice(json.as_bytes());
        assert_eq!(plain(&frame), Err(Dropped::BadMetadata), "{json}");
    }
}

#[test]
fn texts_that_are_no_utf8_and_formats_not_known_are_carried_on() {
    let Ok(Frame::Text { node_id, text, .. }) = plain(b"\0\0\0\x03\0\0\0\x01\xffa\xfe") else { panic!() };
    assert_eq!((&*node_id, &*text), ("\u{fffd}", "a\u{fffd}"));
    assert_eq!(plain(b"\0\0\0\x01\0\0\0\x09x"), Ok(Frame::Preview { format: ImageFormat::Other(9), image: b"x" }));
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_or_dropped(kind in 0_u32..6, rest in prop::collection::vec(any::<u8>(), 0..64), whole in any::<bool>()) {
        let mut frame = if whole { kind.to_be_bytes().to_vec() } else { Vec::new() };
        frame.extend(rest);
        let _ = parse(&frame, TextForm::Plain);
        let _ = parse(&frame, TextForm::WithPrompt);
    }
}
