use monitor_core::comfy::rest::{InputKind, object_info};
use serde_json::{Value, json};

use crate::recording;
use crate::rest::sound;

#[test]
fn every_class_of_a_real_server_is_understood() {
    let body = recording::file("object_info-0.33.0.json");
    let info = sound(object_info(&body));
    let sent: Value = serde_json::from_slice(&body).unwrap();
    for class in &info.classes {
        let sent = &sent[&class.name];
        let order = |group| sent["input_order"][group].as_array().into_iter().flatten();
        let names: Vec<&Value> = order("required").chain(order("optional")).collect();
        let read: Vec<&str> = class.inputs.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(json!(read), json!(names), "{}", class.name);
        assert_eq!(class.outputs.len(), sent["output"].as_array().unwrap().len(), "{}", class.name);
        assert_eq!(class.output_node, sent["output_node"], "{}", class.name);
    }
    assert!(info.get("SaveImage").unwrap().output_node && info.get("None").is_none());
}

#[test]
fn inputs_are_of_the_kind_their_form_needs() {
    let info = sound(object_info(&recording::file("object_info-0.33.0.json")));
    let input = |class: &str, name: &str| {
        info.get(class).unwrap().inputs.iter().find(|input| input.name == name).unwrap().clone()
    };

    let seed = input("KSampler", "seed");
    let InputKind::Int { max, control_after_generate, .. } = &seed.kind else { panic!("{seed:?}") };
    assert_eq!((max.as_ref().and_then(serde_json::Number::as_u64), *control_after_generate), (Some(u64::MAX), true));
    let cfg = input("KSampler", "cfg");
    assert_eq!(cfg.kind, InputKind::Float { min: Some(0.0), max: Some(100.0), step: Some(0.1), round: Some(0.01) });
    assert_eq!(cfg.default, Some(json!(8.0)));
    let InputKind::Choice { choices, .. } = input("KSampler", "sampler_name").kind else { panic!() };
    assert!(choices.contains(&json!("euler")));
    let text = input("CLIPTextEncode", "text");
    assert_eq!(text.kind, InputKind::Text { multiline: true, dynamic_prompts: true });
    assert!(input("KSampler", "model").is_link() && !text.is_link());
    let InputKind::Choice { upload, .. } = input("LoadImage", "image").kind else { panic!() };
    assert!(upload);

    let InputKind::Dynamic { options } = input("BuildJsonPromptIdeogram", "style").kind else { panic!() };
    let keys: Vec<&str> = options.iter().map(|option| option.key.as_str()).collect();
    assert_eq!(keys, ["none", "photo", "art_style"]);
    assert_eq!(options[1].inputs[0].name, "photo");
    let InputKind::Choice { choices, upload, .. } = input("AudioConcat", "direction").kind else { panic!() };
    assert_eq!((choices, upload), (vec![json!("after"), json!("before")], false), "new style: COMBO with options");
}

#[test]
fn classes_that_are_not_as_they_should_be_are_read_as_far_as_they_are() {
    let body = json!({
        "A": {"input": {"required": {"x": "IMAGE", "y": ["INT", {"min": "low", "default": 3}], "z": [["a"], null], "w": ["A,B"]}},
              "input_order": {"required": ["y", "gone"]}, "output": ["IMAGE", ["a"]], "display_name": "", "output_node": 1},
        "B": 5,
    });
    let answer = object_info(body.to_string().as_bytes()).unwrap();
    let class = answer.value.get("A").unwrap();
    let names: Vec<&str> = class.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["y", "z", "w"]);
    assert_eq!(class.inputs[2].kind, InputKind::Link { types: vec!["A".into(), "B".into()] });
    assert_eq!(
        (class.outputs[1].kind.as_str(), class.display_name.as_deref(), class.output_node),
        ("COMBO", None, false)
    );
    assert_eq!(answer.oddities, 4);
}
