use monitor_core::comfy::output::{Content, Folder, MAX_DEPTH, MAX_ITEMS, MAX_TEXT, Output, read};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::recording;

/// Each item as `key: type/subfolder/name`, or its text.
fn told(output: &Output) -> Vec<String> {
    let told = output.items.iter().map(|item| match &item.content {
        Content::File { file, animated, .. } => {
            let moves = if *animated { " moves" } else { "" };
            format!("{}: {}/{}/{}{moves}", item.key, file.folder.as_str(), file.subfolder, file.filename)
        }
        Content::Text(text) => format!("{}: {text:?}", item.key),
    });
    told.collect()
}

#[test]
fn every_recorded_output_is_found() {
    let mut found = Vec::new();
    for name in [
        "01-trivial/history.json",
        "16-outputs/history.json",
        "16-outputs/history-2.json",
        "17-titles-unicode/history.json",
    ] {
        let history: Value = serde_json::from_slice(&recording::file(&format!("tapes/{name}"))).unwrap();
        for entry in history.as_object().unwrap().values() {
            for (node, output) in entry["outputs"].as_object().unwrap() {
                let output = read(output);
                assert_eq!(output.oddities, 0);
                found.extend(told(&output).iter().map(|item| format!("{name} {node} {item}")));
            }
        }
    }
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn a_file_is_known_by_its_shape_under_whatever_key() {
    let file = |name: &str, folder: &str| json!({"filename": name, "type": folder, "subfolder": "s", "id": 7});
    let output = read(&json!({
        "gifs": [{"filename": "v.mp4", "subfolder": "", "type": "output", "format": "video/h264-mp4"}],
        "whatever": {"nested": [[file("a.png", "temp")], {"b": file("b.png", "input")}]},
        "3d": [file("m.glb", "output")],
        "no": [{"filename": 5, "type": "output"}, {"filename": "x"}, {"filename": "x", "type": "secret"}, {"filename": "", "type": "output"}],
        "dims": [64, 64],
    }));
    assert_eq!(
        told(&output),
        ["gifs: output//v.mp4", "whatever: temp/s/a.png", "whatever: input/s/b.png", "3d: output/s/m.glb",]
    );
    let Content::File { format, .. } = &output.items[0].content else { panic!() };
    assert_eq!(format.as_deref(), Some("video/h264-mp4"));
}

#[test]
fn images_that_move_say_so_and_texts_are_texts() {
    let image = json!({"filename": "a.webp", "subfolder": "", "type": "output"});
    let output = read(&json!({"images": [image], "animated": [true], "text": ["one", "two", 3]}));
    assert_eq!(told(&output), ["images: output//a.webp moves", "text: \"one\"", "text: \"two\""]);
    let output = read(&json!({"images": [image], "animated": [false], "text": "alone"}));
    assert_eq!(told(&output), ["images: output//a.webp", "text: \"alone\""]);
}

#[test]
fn a_model_told_as_a_path_is_a_file_of_the_output_folder() {
    let output = read(&json!({"result": ["3d/sub/Mesh_00001_.GLB", {"position": {"x": 1}}, "3d/cover.png", null]}));
    assert_eq!(told(&output), ["result: output/3d/sub/Mesh_00001_.GLB"]);
    let output = read(&json!({"result": ["plain.obj", "sub\\win.ply", "no model", "glb"]}));
    assert_eq!(told(&output), ["result: output//plain.obj", "result: output/sub/win.ply"]);
}

#[test]
fn the_same_file_is_told_once() {
    let image = json!({"filename": "a.png", "subfolder": "", "type": "output"});
    let other = json!({"filename": "a.png", "subfolder": "", "type": "temp"});
    let output = read(&json!({"images": [image, image, other], "a_images": [image]}));
    assert_eq!(told(&output), ["images: output//a.png", "images: temp//a.png"]);
}

#[test]
fn hostile_names_are_data_and_too_long_ones_are_counted() {
    let file = |name: &str| json!({"filename": name, "subfolder": "../../etc", "type": "output"});
    let output = read(&json!({"images": [file("../passwd"), file(&"x".repeat(2000)), file("nul\u{0}")]}));
    assert_eq!(told(&output), ["images: output/../../etc/../passwd", "images: output/../../etc/nul\u{0}"]);
    assert_eq!(output.oddities, 1);
}

#[test]
fn number_depth_and_length_have_an_end() {
    let files: Vec<Value> = (0..MAX_ITEMS + 5).map(|n| json!({"filename": n.to_string(), "type": "temp"})).collect();
    let output = read(&json!({"images": files}));
    assert_eq!((output.items.len(), output.oddities), (MAX_ITEMS, 5));

    let file = json!({"filename": "a", "type": "temp"});
    let nested = |depth| (0..depth).fold(file.clone(), |inner, _| json!([inner]));
    assert_eq!(read(&json!({"a": nested(MAX_DEPTH)})).items.len(), 1);
    assert_eq!(read(&json!({"a": nested(MAX_DEPTH + 1)})).items.len(), 0);

    let output = read(&json!({"text": ["ä".repeat(MAX_TEXT)]}));
    let Content::Text(text) = &output.items[0].content else { panic!() };
    assert_eq!((text.len(), output.oddities), (MAX_TEXT, 1));
}

#[test]
fn no_output_has_nothing_in_it() {
    for nothing in
        [Value::Null, json!([]), json!("text"), json!({}), json!({"images": null, "text": null, "result": null})]
    {
        assert_eq!(read(&nothing), Output::default());
    }
    assert_eq!(Folder::Temp.as_str(), "temp");
}

proptest! {
    #[test]
    fn any_json_is_read(value in recording::json()) {
        let output = read(&value);
        prop_assert!(output.items.len() <= MAX_ITEMS);
    }
}
