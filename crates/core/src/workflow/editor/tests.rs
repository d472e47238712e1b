#![allow(clippy::needless_pass_by_value, reason = "builders take what json! makes")]

mod hostile;
mod subgraphs;

use super::super::fixtures::{editor_file, known, sent_graph};
use super::*;

/// Converts with the classes of a real server and a few made up ones.
fn convert(file: &Value) -> Result<Value, EditorError> {
    let made_up = json!({
        "Sink": { "name": "Sink", "input": { "required": { "in": ["IMAGE"] } }, "output": [] },
        "Filter": { "name": "Filter", "input": { "required": {
            "image": ["IMAGE"], "mask": ["MASK"], "amount": ["FLOAT", { "default": 0.5 }], "on": ["BOOLEAN"],
        } }, "output": ["MASK", "IMAGE"] },
        "Source": { "name": "Source", "input": { "required": {
            "text": ["STRING", { "multiline": true }], "seed": ["INT", { "max": u64::MAX }], "points": ["POINTS"],
        } }, "output": ["IMAGE"] },
    });
    to_api(file, &|class| made_up.get(class).or_else(|| known(class)))
}

/// A node with these inputs (`name`, type, link) and values.
fn node(id: u32, class: &str, inputs: &[(&str, &str, Option<u32>)], values: Value) -> Value {
    let inputs: Vec<Value> =
        inputs.iter().map(|(name, kind, link)| json!({ "name": name, "type": kind, "link": link })).collect();
    json!({ "id": id, "type": class, "inputs": inputs, "outputs": [], "widgets_values": values })
}

fn with(mut node: Value, fields: Value) -> Value {
    node.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    node
}

fn graph(nodes: &[Value], links: &Value) -> Value {
    json!({ "nodes": nodes, "links": links })
}

fn with_subgraphs(nodes: &[Value], links: &Value, subgraphs: &[Value]) -> Value {
    json!({ "nodes": nodes, "links": links, "definitions": { "subgraphs": subgraphs } })
}

fn source(id: u32) -> Value {
    node(id, "Source", &[], json!(["a cat", 7, "fixed"]))
}

fn sink(id: u32, link: u32) -> Value {
    node(id, "Sink", &[("in", "IMAGE", Some(link))], json!([]))
}

fn feeds(converted: &Value, id: &str) -> Value {
    converted[id]["inputs"]["in"].clone()
}

#[test]
fn a_file_becomes_the_graph_its_twin_in_api_format_is() {
    let converted = convert(&editor_file()).unwrap();
    let mut sent = sent_graph();
    // The recording was sent by hand, with a title of its own for one node.
    sent["6"]["_meta"]["title"] = json!("CLIP Text Encode (Prompt)");
    assert_eq!(converted, sent);
}

#[test]
fn muted_nodes_go_with_the_links_to_them() {
    let file = graph(&[with(source(1), json!({ "mode": 2 })), sink(2, 1)], &json!([[1, 1, 0, 2, 0, "IMAGE"]]));
    assert_eq!(
        convert(&file).unwrap(),
        json!({ "2": { "inputs": {}, "class_type": "Sink", "_meta": { "title": "Sink" } } })
    );
}

#[test]
fn a_bypassed_node_hands_on_the_input_of_the_same_type() {
    let filter = with(
        node(2, "Filter", &[("image", "IMAGE", Some(1)), ("mask", "MASK", Some(2))], json!([0.5, true])),
        json!({ "mode": 4, "outputs": [{ "type": "MASK" }, { "type": "IMAGE" }] }),
    );
    let links = json!([[1, 1, 0, 2, 0, "IMAGE"], [2, 5, 0, 2, 1, "MASK"], [3, 2, 1, 3, 0, "IMAGE"]]);
    let converted = convert(&graph(&[source(1), filter, sink(3, 3), source(5)], &links)).unwrap();
    assert_eq!(feeds(&converted, "3"), json!(["1", 0]));
    assert!(converted.get("2").is_none());
}

#[test]
fn a_bypassed_node_without_a_fitting_input_hands_on_nothing() {
    let maker = with(source(1), json!({ "mode": 4, "outputs": [{ "type": "IMAGE" }] }));
    let converted = convert(&graph(&[maker, sink(2, 1)], &json!([[1, 1, 0, 2, 0, "IMAGE"]]))).unwrap();
    assert_eq!(feeds(&converted, "2"), Value::Null);
}

#[test]
fn reroutes_setters_and_getters_are_seen_through_and_notes_dropped() {
    let links = json!([[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"], [3, 4, 0, 5, 0, "IMAGE"],]);
    let nodes = [
        source(1),
        node(2, "Reroute", &[("", "*", Some(1))], json!(null)),
        node(3, "SetNode", &[("IMAGE", "IMAGE", Some(2))], json!(["picture"])),
        node(4, "GetNode", &[], json!(["picture"])),
        sink(5, 3),
        node(6, "Note", &[], json!(["by me"])),
    ];
    let converted = convert(&graph(&nodes, &links)).unwrap();
    assert_eq!(feeds(&converted, "5"), json!(["1", 0]));
    assert_eq!(converted.as_object().unwrap().len(), 2);
}

#[test]
fn a_primitive_node_gives_its_value_to_the_widgets_it_is_linked_to() {
    let reader = with(
        source(2),
        json!({ "inputs": [{ "name": "seed", "type": "INT", "link": 1, "widget": { "name": "seed" } }] }),
    );
    let primitive = node(1, "PrimitiveNode", &[], json!([u64::MAX, "randomize"]));
    let converted = convert(&graph(&[primitive, reader], &json!([[1, 1, 0, 2, 0, "INT"]]))).unwrap();
    assert_eq!(converted["2"]["inputs"], json!({ "text": "a cat", "seed": u64::MAX }));
}

#[test]
fn links_may_be_objects_and_ids_texts() {
    let file = json!({
        "nodes": [with(source(1), json!({ "id": "a" })), sink(2, 1)],
        "links": [{ "id": 1, "origin_id": "a", "origin_slot": 0, "target_id": 2, "target_slot": 0, "type": "IMAGE" }],
    });
    assert_eq!(feeds(&convert(&file).unwrap(), "2"), json!(["a", 0]));
}

#[test]
fn the_choice_behind_a_seed_is_not_taken_for_the_next_value() {
    let sampler = node(3, "KSampler", &[], json!([u64::MAX, "randomize", 20, 7.5, "euler", "normal", 1]));
    let converted = convert(&graph(&[sampler], &json!([]))).unwrap();
    let expected = json!({
        "seed": u64::MAX, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
    });
    assert_eq!(converted["3"]["inputs"], expected);
}

#[test]
fn values_of_an_object_go_by_name_and_missing_ones_have_their_default() {
    let sampler = node(3, "KSampler", &[], json!({ "steps": 4, "seed": 1, "videopreview": { "hidden": true } }));
    let converted = convert(&graph(&[sampler], &json!([]))).unwrap();
    let inputs = &converted["3"]["inputs"];
    assert_eq!((&inputs["steps"], &inputs["seed"], &inputs["cfg"]), (&json!(4), &json!(1), &json!(8.0)));
    assert_eq!(inputs.get("videopreview"), None);
}

#[test]
fn names_decide_where_the_list_is_of_another_length_than_the_class_asks_for() {
    let named = json!({ "widgets_values_named": { "seed": 5, "steps": 30, "cfg": 2.5 } });
    let sampler = with(node(3, "KSampler", &[], json!([5, 30, 2.5])), named);
    let converted = convert(&graph(&[sampler], &json!([]))).unwrap();
    let inputs = &converted["3"]["inputs"];
    assert_eq!((&inputs["seed"], &inputs["steps"], &inputs["cfg"]), (&json!(5), &json!(30), &json!(2.5)));
}

#[test]
fn a_dynamic_choice_takes_the_values_of_its_branch() {
    let resize = with(
        node(1, "ResizeImageMaskNode", &[], json!(["scale dimensions", 640, 480, "center", "lanczos"])),
        json!({ "inputs": [{ "name": "resize_type.width", "type": "INT", "link": null, "widget": { "name": "resize_type.width" } }] }),
    );
    let converted = convert(&graph(&[resize], &json!([]))).unwrap();
    let expected = json!({
        "resize_type": "scale dimensions", "resize_type.width": 640, "resize_type.height": 480,
        "resize_type.crop": "center", "scale_method": "lanczos",
    });
    assert_eq!(converted["1"]["inputs"], expected);
}

#[test]
fn growing_inputs_keep_their_full_names() {
    let batch =
        node(2, "BatchImagesNode", &[("images.image0", "IMAGE", Some(1)), ("images.image1", "IMAGE", None)], json!([]));
    let converted = convert(&graph(&[source(1), batch], &json!([[1, 1, 0, 2, 0, "IMAGE"]]))).unwrap();
    assert_eq!(converted["2"]["inputs"], json!({ "images.image0": ["1", 0] }));
}

#[test]
fn a_list_as_a_value_is_wrapped() {
    let points = with(
        node(1, "Source", &[], json!(["a", 1, "fixed", ["3", 0]])),
        json!({ "inputs": [{ "name": "points", "type": "POINTS", "link": null, "widget": { "name": "points" } }] }),
    );
    let converted = convert(&graph(&[points], &json!([]))).unwrap();
    assert_eq!(converted["1"]["inputs"]["points"], json!({ "__value__": ["3", 0] }));
}

#[test]
fn a_custom_choice_is_sent_with_its_options_and_index() {
    let combo = node(1, "CustomCombo", &[], json!(["SFX", 0, "Music", "Instrument", "SFX", ""]));
    let converted = convert(&graph(&[combo], &json!([]))).unwrap();
    let expected = json!({
        "choice": "SFX", "option1": "Music", "option2": "Instrument", "option3": "SFX", "option4": "", "index": 2,
    });
    assert_eq!(converted["1"]["inputs"], expected);
}

#[test]
fn an_unknown_class_is_named_with_its_node() {
    let foo = with(node(12, "Bar", &[], json!([])), json!({ "title": "Foo" }));
    let error = convert(&graph(&[foo, node(13, "Baz", &[], json!([])), source(1)], &json!([]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Node 12 \"Foo\" (class Bar) is not known to this server, nor is one more. Install the extension it comes from, \
         or choose a server that has it"
    );
}

#[test]
fn an_unknown_class_that_does_not_run_is_no_fault() {
    let muted = with(node(12, "Bar", &[], json!([])), json!({ "mode": 2 }));
    assert!(convert(&graph(&[muted, source(1)], &json!([]))).is_ok());
}

#[test]
fn a_group_node_is_refused_by_its_name() {
    let group = node(5, "workflow>Upscale", &[], json!([]));
    let error = convert(&graph(&[group], &json!([]))).unwrap_err();
    assert!(matches!(&error, EditorError::GroupNode { node } if node.id == "5"), "{error}");
}

#[test]
fn a_value_only_the_browser_makes_is_refused() {
    let scene = node(5, "Load3D", &[], json!(["cat.glb", "", 512, 512]));
    let error = convert(&graph(&[scene], &json!([]))).unwrap_err();
    assert!(matches!(&error, EditorError::MadeInBrowser { input, .. } if input == "image"), "{error}");
}

#[test]
fn a_workflow_of_notes_alone_says_that_nothing_runs() {
    assert_eq!(convert(&graph(&[node(1, "Note", &[], json!(["hi"]))], &json!([]))), Err(EditorError::NothingRuns));
    assert!(matches!(convert(&json!({ "nodes": [{}] })), Err(EditorError::NotAWorkflow { .. })));
    assert!(matches!(convert(&json!([])), Err(EditorError::NotAWorkflow { .. })));
}
