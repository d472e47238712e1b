use serde_json::json;

use super::super::fixtures::{known, sent_graph};
use super::*;
use InputRole::{Cfg, Height, Image, Model, Negative, Other, Prompt, Sampler, Scheduler, Seed, Steps, Width};

fn graph(value: &Value) -> Graph {
    Graph::from_value(value).unwrap()
}

fn txt2img() -> Graph {
    graph(&sent_graph())
}

/// Node, input and role of each field.
fn roles(form: &Form) -> Vec<(&str, &str, InputRole)> {
    form.inputs.iter().map(|input| (input.node_id.as_str(), input.input.as_str(), input.role)).collect()
}

const TXT2IMG: [(&str, &str, InputRole); 13] = [
    ("6", "text", Prompt),
    ("7", "text", Negative),
    ("4", "ckpt_name", Model),
    ("3", "seed", Seed),
    ("5", "width", Width),
    ("5", "height", Height),
    ("3", "steps", Steps),
    ("3", "cfg", Cfg),
    ("3", "sampler_name", Sampler),
    ("3", "scheduler", Scheduler),
    ("5", "batch_size", Other),
    ("3", "denoise", Other),
    ("9", "filename_prefix", Other),
];

#[test]
fn a_recorded_graph_leads_with_what_matters() {
    let form = form(&txt2img(), &known);
    assert_eq!(roles(&form), TXT2IMG);
}

#[test]
fn roles_are_found_without_any_class_too_and_each_class_has_a_warning() {
    let form = form(&txt2img(), &|_| None);
    assert_eq!(roles(&form), TXT2IMG);
    assert_eq!(form.warnings.len(), 7);
    let expected = NodeError {
        node_id: Some("4".to_owned()),
        node_title: Some("Checkpoint Loader".to_owned()),
        class_type: Some("CheckpointLoaderSimple".to_owned()),
        input: None,
        message: "This server does not know the node class CheckpointLoaderSimple".to_owned(),
    };
    assert_eq!(form.warnings[0], expected);
    let kind = |name: &str| form.inputs.iter().find(|input| input.input == name).unwrap().kind;
    assert_eq!((kind("text"), kind("seed"), kind("ckpt_name")), (InputType::String, InputType::Int, InputType::String));
}

#[test]
fn a_field_has_bounds_choices_and_words() {
    let form = form(&txt2img(), &known);
    let field =
        |name: &str| serde_json::to_value(form.inputs.iter().find(|input| input.input == name).unwrap()).unwrap();
    let steps = json!({
        "nodeId": "3", "input": "steps", "label": "Steps", "nodeTitle": "K-Sampler", "role": "steps", "type": "int",
        "value": 20, "default": 20, "min": 1, "max": 10000,
    });
    assert_eq!(field("steps"), steps);
    assert_eq!(field("seed")["max"], json!("18446744073709551615"));
    assert_eq!(field("cfg")["step"], json!(0.1));
    assert_eq!(field("sampler_name")["choices"][0], json!("euler"));
    assert_eq!((&field("text")["type"], &field("text")["label"]), (&json!("text"), &json!("Prompt")));
    assert_eq!(field("filename_prefix")["label"], json!("Filename prefix"));
}

#[test]
fn a_seed_above_two_to_the_53_is_a_text() {
    let with_seed = |seed: u64| {
        let graph = graph(&json!({ "3": { "class_type": "KSampler", "inputs": { "seed": seed } } }));
        form(&graph, &known).inputs[0].value.clone()
    };
    assert_eq!(with_seed(u64::MAX), json!("18446744073709551615"));
    assert_eq!(with_seed(9_007_199_254_740_992), json!("9007199254740992"));
    assert_eq!(with_seed(9_007_199_254_740_991), json!(9_007_199_254_740_991_u64));
}

#[test]
fn texts_are_followed_through_conditioning_nodes_and_primitives() {
    let graph = graph(&json!({
        "1": { "class_type": "PrimitiveStringMultiline", "inputs": { "value": "a lighthouse" } },
        "2": { "class_type": "StringConcatenate", "inputs": { "string_a": ["1", 0], "string_b": "in oil", "delimiter": ", " } },
        "3": { "class_type": "CLIPTextEncode", "inputs": { "text": ["2", 0] } },
        "4": { "class_type": "CLIPTextEncode", "inputs": { "text": "blurry" } },
        "5": { "class_type": "ControlNetApplyAdvanced", "inputs": { "positive": ["3", 0], "negative": ["4", 0], "strength": 1.0 } },
        "6": { "class_type": "FluxGuidance", "inputs": { "conditioning": ["5", 0], "guidance": 3.5 } },
        "7": { "class_type": "PrimitiveInt", "inputs": { "value": 5 } },
        "8": { "class_type": "KSampler", "inputs": { "positive": ["6", 0], "negative": ["5", 1], "seed": ["7", 0] } },
    }));
    let form = form(&graph, &known);
    let of =
        |role| roles(&form).into_iter().filter(|it| it.2 == role).map(|(id, name, _)| (id, name)).collect::<Vec<_>>();
    assert_eq!(of(Prompt), [("1", "value"), ("2", "string_b")]);
    assert_eq!(of(Negative), [("4", "text")]);
    assert_eq!(of(Seed), [("7", "value")]);
    assert_eq!(of(Cfg), [("6", "guidance")]);
}

#[test]
fn a_prompt_zeroed_out_for_the_negative_side_stays_the_prompt() {
    let graph = graph(&json!({
        "1": { "class_type": "CLIPTextEncode", "inputs": { "text": "a cat" } },
        "2": { "class_type": "ConditioningZeroOut", "inputs": { "conditioning": ["1", 0] } },
        "3": { "class_type": "CFGGuider", "inputs": { "positive": ["1", 0], "negative": ["2", 0] } },
    }));
    let form = form(&graph, &known);
    assert_eq!(roles(&form), [("1", "text", Prompt)]);
}

#[test]
fn the_second_conditioning_of_a_dual_guider_is_the_negative_side() {
    let graph = graph(&json!({
        "1": { "class_type": "CLIPTextEncode", "inputs": { "text": "ugly" } },
        "2": { "class_type": "CLIPTextEncode", "inputs": { "text": "a cat" } },
        "3": { "class_type": "DualCFGGuider", "inputs": { "cond1": ["2", 0], "cond2": ["1", 0], "negative": ["1", 0] } },
    }));
    let form = form(&graph, &known);
    assert_eq!(roles(&form), [("2", "text", Prompt), ("1", "text", Negative)]);
}

#[test]
fn a_graph_without_a_sampler_goes_by_names() {
    let graph = graph(&json!({
        "1": { "class_type": "SomeService", "inputs": { "prompt": "a cat", "negative_prompt": "dogs", "text": ["2", 0] } },
        "2": { "class_type": "PrimitiveString", "inputs": { "value": "meow" } },
        "3": { "class_type": "LoadImage", "inputs": { "image": "in.png" } },
    }));
    let form = form(&graph, &|_| None);
    let expected =
        [("2", "value", Prompt), ("1", "prompt", Prompt), ("1", "negative_prompt", Negative), ("3", "image", Image)];
    assert_eq!(roles(&form), expected);
}

#[test]
fn the_size_of_a_resized_input_is_not_that_of_the_picture() {
    let graph = graph(&json!({
        "1": { "class_type": "ImageScale", "inputs": { "width": 64, "height": 64 } },
        "2": { "class_type": "EmptyLatentImage", "inputs": { "width": 512, "height": 512 } },
    }));
    let form = form(&graph, &known);
    assert_eq!(roles(&form)[..2], [("2", "width", Width), ("2", "height", Height)]);
}

#[test]
fn a_model_this_server_does_not_offer_has_a_warning() {
    let graph = graph(
        &json!({ "3": { "class_type": "KSampler", "inputs": { "sampler_name": "none_such", "scheduler": "normal" } } }),
    );
    let warnings = form(&graph, &known).warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].input.as_deref(), Some("sampler_name"));
    assert_eq!(warnings[0].message, "This server does not offer \"none_such\"");
}

#[test]
fn the_prompt_text_is_the_first_that_is_not_blank() {
    assert_eq!(prompt_text(&txt2img(), &known).as_deref(), Some("a cat on a windowsill, afternoon light"));
    let blank = graph(&json!({ "1": { "class_type": "A", "inputs": { "prompt": "  " } } }));
    assert_eq!(prompt_text(&blank, &known), None);
}

#[test]
fn links_in_a_circle_end_the_search() {
    let graph = graph(&json!({
        "1": { "class_type": "ConditioningCombine", "inputs": { "conditioning_1": ["1", 0], "conditioning_2": ["2", 0] } },
        "2": { "class_type": "CLIPTextEncode", "inputs": { "text": "a cat" } },
        "3": { "class_type": "KSampler", "inputs": { "positive": ["1", 0], "negative": ["1", 0] } },
    }));
    assert_eq!(roles(&form(&graph, &known)), [("2", "text", Prompt)]);
}
