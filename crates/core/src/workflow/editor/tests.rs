use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

static OBJECT_INFO: LazyLock<Value> = LazyLock::new(|| fixture("object_info-0.33.0.json"));

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
    to_api(file, &|class| {
        made_up.get(class).or_else(|| OBJECT_INFO.get(class))
    })
}

/// A node with these inputs (`name`, type, link) and values.
fn node(id: u32, class: &str, inputs: &[(&str, &str, Option<u32>)], values: Value) -> Value {
    let inputs: Vec<Value> = inputs
        .iter()
        .map(|(name, kind, link)| json!({ "name": name, "type": kind, "link": link }))
        .collect();
    json!({ "id": id, "type": class, "inputs": inputs, "outputs": [], "widgets_values": values })
}

fn with(mut node: Value, fields: Value) -> Value {
    node.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    node
}

fn graph(nodes: &[Value], links: &Value) -> Value {
    json!({ "nodes": nodes, "links": links })
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
    let converted = convert(&fixture("editor/txt2img.json")).unwrap();
    let mut sent = fixture("tapes/02-txt2img/prompt.json")["prompt"].take();
    // The recording was sent by hand, with a title of its own for one node.
    sent["6"]["_meta"]["title"] = json!("CLIP Text Encode (Prompt)");
    assert_eq!(converted, sent);
}

#[test]
fn muted_nodes_go_with_the_links_to_them() {
    let file = graph(
        &[with(source(1), json!({ "mode": 2 })), sink(2, 1)],
        &json!([[1, 1, 0, 2, 0, "IMAGE"]]),
    );
    assert_eq!(
        convert(&file).unwrap(),
        json!({ "2": { "inputs": {}, "class_type": "Sink", "_meta": { "title": "Sink" } } })
    );
}

#[test]
fn a_bypassed_node_hands_on_the_input_of_the_same_type() {
    let filter = with(
        node(
            2,
            "Filter",
            &[("image", "IMAGE", Some(1)), ("mask", "MASK", Some(2))],
            json!([0.5, true]),
        ),
        json!({ "mode": 4, "outputs": [{ "type": "MASK" }, { "type": "IMAGE" }] }),
    );
    let links = json!([
        [1, 1, 0, 2, 0, "IMAGE"],
        [2, 5, 0, 2, 1, "MASK"],
        [3, 2, 1, 3, 0, "IMAGE"]
    ]);
    let converted = convert(&graph(&[source(1), filter, sink(3, 3), source(5)], &links)).unwrap();
    assert_eq!(feeds(&converted, "3"), json!(["1", 0]));
    assert!(converted.get("2").is_none());
}

#[test]
fn a_bypassed_node_without_a_fitting_input_hands_on_nothing() {
    let maker = with(
        source(1),
        json!({ "mode": 4, "outputs": [{ "type": "IMAGE" }] }),
    );
    let converted = convert(&graph(
        &[maker, sink(2, 1)],
        &json!([[1, 1, 0, 2, 0, "IMAGE"]]),
    ))
    .unwrap();
    assert_eq!(feeds(&converted, "2"), Value::Null);
}

#[test]
fn reroutes_setters_and_getters_are_seen_through_and_notes_dropped() {
    let links = json!([
        [1, 1, 0, 2, 0, "IMAGE"],
        [2, 2, 0, 3, 0, "IMAGE"],
        [3, 4, 0, 5, 0, "IMAGE"],
    ]);
    let nodes = [
        source(1),
        node(2, "Reroute", &[("", "*", Some(1))], json!(null)),
        node(
            3,
            "SetNode",
            &[("IMAGE", "IMAGE", Some(2))],
            json!(["picture"]),
        ),
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
    let converted = convert(&graph(
        &[primitive, reader],
        &json!([[1, 1, 0, 2, 0, "INT"]]),
    ))
    .unwrap();
    assert_eq!(
        converted["2"]["inputs"],
        json!({ "text": "a cat", "seed": u64::MAX })
    );
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
    let sampler = node(
        3,
        "KSampler",
        &[],
        json!([u64::MAX, "randomize", 20, 7.5, "euler", "normal", 1]),
    );
    let converted = convert(&graph(&[sampler], &json!([]))).unwrap();
    let expected = json!({
        "seed": u64::MAX, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
    });
    assert_eq!(converted["3"]["inputs"], expected);
}

#[test]
fn values_of_an_object_go_by_name_and_missing_ones_have_their_default() {
    let sampler = node(
        3,
        "KSampler",
        &[],
        json!({ "steps": 4, "seed": 1, "videopreview": { "hidden": true } }),
    );
    let converted = convert(&graph(&[sampler], &json!([]))).unwrap();
    let inputs = &converted["3"]["inputs"];
    assert_eq!(
        (&inputs["steps"], &inputs["seed"], &inputs["cfg"]),
        (&json!(4), &json!(1), &json!(8.0))
    );
    assert_eq!(inputs.get("videopreview"), None);
}

#[test]
fn names_decide_where_the_list_is_of_another_length_than_the_class_asks_for() {
    let named = json!({ "widgets_values_named": { "seed": 5, "steps": 30, "cfg": 2.5 } });
    let sampler = with(node(3, "KSampler", &[], json!([5, 30, 2.5])), named);
    let converted = convert(&graph(&[sampler], &json!([]))).unwrap();
    let inputs = &converted["3"]["inputs"];
    assert_eq!(
        (&inputs["seed"], &inputs["steps"], &inputs["cfg"]),
        (&json!(5), &json!(30), &json!(2.5))
    );
}

#[test]
fn a_dynamic_choice_takes_the_values_of_its_branch() {
    let resize = with(
        node(
            1,
            "ResizeImageMaskNode",
            &[],
            json!(["scale dimensions", 640, 480, "center", "lanczos"]),
        ),
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
    let batch = node(
        2,
        "BatchImagesNode",
        &[
            ("images.image0", "IMAGE", Some(1)),
            ("images.image1", "IMAGE", None),
        ],
        json!([]),
    );
    let converted = convert(&graph(
        &[source(1), batch],
        &json!([[1, 1, 0, 2, 0, "IMAGE"]]),
    ))
    .unwrap();
    assert_eq!(
        converted["2"]["inputs"],
        json!({ "images.image0": ["1", 0] })
    );
}

#[test]
fn a_list_as_a_value_is_wrapped() {
    let points = with(
        node(1, "Source", &[], json!(["a", 1, "fixed", ["3", 0]])),
        json!({ "inputs": [{ "name": "points", "type": "POINTS", "link": null, "widget": { "name": "points" } }] }),
    );
    let converted = convert(&graph(&[points], &json!([]))).unwrap();
    assert_eq!(
        converted["1"]["inputs"]["points"],
        json!({ "__value__": ["3", 0] })
    );
}

#[test]
fn a_custom_choice_is_sent_with_its_options_and_index() {
    let combo = node(
        1,
        "CustomCombo",
        &[],
        json!(["SFX", 0, "Music", "Instrument", "SFX", ""]),
    );
    let converted = convert(&graph(&[combo], &json!([]))).unwrap();
    let expected = json!({
        "choice": "SFX", "option1": "Music", "option2": "Instrument", "option3": "SFX", "option4": "", "index": 2,
    });
    assert_eq!(converted["1"]["inputs"], expected);
}

/// A subgraph with a source in it, whose text and seed are promoted, and a filter its image input goes through.
fn subgraph() -> Value {
    json!({
        "id": "sub",
        "name": "Sub",
        "inputs": [
            { "name": "text", "linkIds": [10] }, { "name": "seed_2", "linkIds": [11] }, { "name": "image", "linkIds": [12] },
        ],
        "outputs": [{ "name": "made", "linkIds": [13] }, { "name": "passed", "linkIds": [14] }],
        "nodes": [
            with(source(8), json!({ "inputs": [
                { "name": "text", "type": "STRING", "link": 10, "widget": { "name": "text" } },
                { "name": "seed", "type": "INT", "link": 11, "widget": { "name": "seed" } },
            ] })),
            node(9, "Filter", &[("image", "IMAGE", Some(12))], json!([0.5, true])),
        ],
        "links": [
            { "id": 10, "origin_id": -10, "origin_slot": 0, "target_id": 8, "target_slot": 0 },
            { "id": 11, "origin_id": -10, "origin_slot": 1, "target_id": 8, "target_slot": 1 },
            { "id": 12, "origin_id": -10, "origin_slot": 2, "target_id": 9, "target_slot": 0 },
            { "id": 13, "origin_id": 8, "origin_slot": 0, "target_id": -20, "target_slot": 0 },
            { "id": 14, "origin_id": 9, "origin_slot": 1, "target_id": -20, "target_slot": 1 },
        ],
    })
}

fn with_subgraphs(nodes: &[Value], links: &Value, subgraphs: &[Value]) -> Value {
    json!({ "nodes": nodes, "links": links, "definitions": { "subgraphs": subgraphs } })
}

fn instance(id: u32, values: Value) -> Value {
    node(id, "sub", &[("image", "IMAGE", Some(1))], values)
}

#[test]
fn a_subgraph_is_put_in_place_of_its_instance() {
    let nodes = [source(1), instance(57, json!([])), sink(2, 2), sink(3, 3)];
    let links = json!([
        [1, 1, 0, 57, 0, "IMAGE"],
        [2, 57, 0, 2, 0, "IMAGE"],
        [3, 57, 1, 3, 0, "IMAGE"]
    ]);
    let converted = convert(&with_subgraphs(&nodes, &links, &[subgraph()])).unwrap();
    assert_eq!(feeds(&converted, "2"), json!(["57:8", 0]));
    assert_eq!(feeds(&converted, "3"), json!(["57:9", 1]));
    assert_eq!(converted["57:9"]["inputs"]["image"], json!(["1", 0]));
    assert_eq!(
        converted["57:8"]["inputs"],
        json!({ "text": "a cat", "seed": 7 })
    );
    assert!(converted.get("57").is_none());
}

#[test]
fn two_instances_have_their_own_promoted_values() {
    let nodes = [
        source(1),
        instance(57, json!(["a dog", 8])),
        instance(58, json!(["a fox", 9, "randomize"])),
    ];
    let links = json!([[1, 1, 0, 57, 0, "IMAGE"]]);
    let converted = convert(&with_subgraphs(&nodes, &links, &[subgraph()])).unwrap();
    assert_eq!(
        converted["57:8"]["inputs"],
        json!({ "text": "a dog", "seed": 8 })
    );
    assert_eq!(
        converted["58:8"]["inputs"],
        json!({ "text": "a fox", "seed": 9 })
    );
}

#[test]
fn a_value_promoted_in_the_older_way_reaches_its_widget() {
    let old = |proxies: Value, values: Value| {
        with(
            instance(57, values),
            json!({ "properties": { "proxyWidgets": proxies } }),
        )
    };
    let proxies = json!([
        ["-1", "text"],
        ["8", "seed"],
        ["9", "amount"],
        ["9", "$$canvas-image-preview"]
    ]);
    let file = with_subgraphs(
        &[source(1), old(proxies.clone(), json!(["a dog", 8, 0.25]))],
        &json!([]),
        &[subgraph()],
    );
    let converted = convert(&file).unwrap();
    assert_eq!(
        converted["57:8"]["inputs"],
        json!({ "text": "a dog", "seed": 8 })
    );
    assert_eq!(converted["57:9"]["inputs"]["amount"], json!(0.25));
    // Without values, those of the inner nodes apply.
    let file = with_subgraphs(
        &[source(1), old(proxies, json!([]))],
        &json!([]),
        &[subgraph()],
    );
    assert_eq!(
        convert(&file).unwrap()["57:8"]["inputs"],
        json!({ "text": "a cat", "seed": 7 })
    );
}

#[test]
fn nested_subgraphs_take_the_value_of_the_outermost_instance_that_has_one() {
    let inner = with(
        instance(30, json!(["inner", 3])),
        json!({ "inputs": [
        { "name": "text", "type": "STRING", "link": 20, "widget": { "name": "text" } },
        { "name": "seed_2", "type": "INT", "link": 21, "widget": { "name": "seed_2" } },
    ] }),
    );
    let outer = json!({
        "id": "outer", "name": "Outer",
        "inputs": [{ "name": "words", "linkIds": [20] }, { "name": "luck", "linkIds": [21] }],
        "outputs": [{ "name": "made", "linkIds": [22] }],
        "nodes": [inner],
        "links": [
            { "id": 20, "origin_id": -10, "origin_slot": 0, "target_id": 30, "target_slot": 0 },
            { "id": 21, "origin_id": -10, "origin_slot": 1, "target_id": 30, "target_slot": 1 },
            { "id": 22, "origin_id": 30, "origin_slot": 0, "target_id": -20, "target_slot": 0 },
        ],
    });
    let nodes = [node(4, "outer", &[], json!(["outer", null])), sink(2, 1)];
    let converted = convert(&with_subgraphs(
        &nodes,
        &json!([[1, 4, 0, 2, 0, "IMAGE"]]),
        &[outer, subgraph()],
    ))
    .unwrap();
    assert_eq!(feeds(&converted, "2"), json!(["4:30:8", 0]));
    assert_eq!(
        converted["4:30:8"]["inputs"],
        json!({ "text": "outer", "seed": 3 })
    );
}

#[test]
fn a_bypassed_instance_is_wired_through_and_nothing_in_it_runs() {
    let bypassed = with(
        instance(57, json!([])),
        json!({ "mode": 4, "outputs": [{ "type": "IMAGE" }] }),
    );
    let links = json!([[1, 1, 0, 57, 0, "IMAGE"], [2, 57, 0, 2, 0, "IMAGE"]]);
    let converted = convert(&with_subgraphs(
        &[source(1), bypassed, sink(2, 2)],
        &links,
        &[subgraph()],
    ))
    .unwrap();
    assert_eq!(feeds(&converted, "2"), json!(["1", 0]));
    assert_eq!(converted.as_object().unwrap().len(), 2);
}

#[test]
fn an_unknown_class_is_named_with_its_node() {
    let foo = with(node(12, "Bar", &[], json!([])), json!({ "title": "Foo" }));
    let error = convert(&graph(
        &[foo, node(13, "Baz", &[], json!([])), source(1)],
        &json!([]),
    ))
    .unwrap_err();
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
    assert!(
        matches!(&error, EditorError::GroupNode { node } if node.id == "5"),
        "{error}"
    );
}

#[test]
fn a_value_only_the_browser_makes_is_refused() {
    let scene = node(5, "Load3D", &[], json!(["cat.glb", "", 512, 512]));
    let error = convert(&graph(&[scene], &json!([]))).unwrap_err();
    assert!(
        matches!(&error, EditorError::MadeInBrowser { input, .. } if input == "image"),
        "{error}"
    );
}

#[test]
fn reroutes_in_a_circle_are_an_error_and_not_an_endless_walk() {
    let nodes = [
        node(1, "Reroute", &[("", "*", Some(1))], json!(null)),
        sink(2, 2),
    ];
    let error = convert(&graph(
        &nodes,
        &json!([[1, 1, 0, 1, 0, "*"], [2, 1, 0, 2, 0, "IMAGE"]]),
    ))
    .unwrap_err();
    assert!(
        matches!(&error, EditorError::Loop { node } if node.id == "2"),
        "{error}"
    );
}

#[test]
fn a_subgraph_that_contains_itself_is_refused() {
    let own = json!({ "id": "sub", "nodes": [node(1, "sub", &[], json!([]))], "links": [] });
    let error = convert(&with_subgraphs(
        &[node(1, "sub", &[], json!([]))],
        &json!([]),
        &[own],
    ))
    .unwrap_err();
    assert!(matches!(error, EditorError::TooDeep { .. }), "{error}");
}

#[test]
fn subgraphs_that_multiply_are_refused_before_they_fill_the_memory() {
    let level = |id: &str, inner: &str| {
        let nodes: Vec<Value> = (0..20)
            .map(|number| node(number, inner, &[], json!([])))
            .collect();
        json!({ "id": id, "nodes": nodes, "links": [] })
    };
    let levels = [
        level("a", "b"),
        level("b", "c"),
        level("c", "d"),
        level("d", "Source"),
    ];
    assert_eq!(
        convert(&with_subgraphs(
            &[node(1, "a", &[], json!([]))],
            &json!([]),
            &levels
        )),
        Err(EditorError::TooLarge)
    );
}

#[test]
fn one_long_text_for_a_thousand_nodes_is_refused() {
    let primitive = node(0, "PrimitiveNode", &[], json!(["x".repeat(1 << 20)]));
    let readers =
        (1..1000).map(|id| node(id, "Source", &[("text", "STRING", Some(id))], json!([])));
    let links: Vec<Value> = (1..1000)
        .map(|id| json!([id, 0, 0, id, 0, "STRING"]))
        .collect();
    let nodes: Vec<Value> = std::iter::once(primitive).chain(readers).collect();
    assert_eq!(
        convert(&graph(&nodes, &json!(links))),
        Err(EditorError::TooLarge)
    );
}

#[test]
fn a_workflow_of_notes_alone_says_that_nothing_runs() {
    assert_eq!(
        convert(&graph(&[node(1, "Note", &[], json!(["hi"]))], &json!([]))),
        Err(EditorError::NothingRuns)
    );
    assert!(matches!(
        convert(&json!({ "nodes": [{}] })),
        Err(EditorError::NotAWorkflow { .. })
    ));
    assert!(matches!(
        convert(&json!([])),
        Err(EditorError::NotAWorkflow { .. })
    ));
}

/// Files of the right form with anything in them.
fn any_file() -> impl Strategy<Value = Value> {
    let id = prop_oneof![
        (0..6i64).prop_map(Value::from),
        Just(json!(-10)),
        Just(json!("a")),
        Just(Value::Null)
    ];
    let class = proptest::sample::select(
        &[
            "Source",
            "Filter",
            "Sink",
            "sub",
            "Reroute",
            "PrimitiveNode",
            "GetNode",
            "SetNode",
            "KSampler",
            "CustomCombo",
            "ResizeImageMaskNode",
            "Unheard",
        ][..],
    );
    let value = prop_oneof![
        Just(Value::Null),
        Just(json!("fixed")),
        (0..3u64).prop_map(Value::from),
        Just(json!([1, 2])),
        Just(json!({ "seed": 1 }))
    ];
    let input = (proptest::sample::select(&["in", "image", "seed", "text", "resize_type"][..]), id.clone(), any::<bool>())
        .prop_map(|(name, link, widget)| json!({ "name": name, "type": "IMAGE", "link": link, "widget": if widget { json!({}) } else { Value::Null } }));
    let node = (id.clone(), class, 0..5u8, proptest::collection::vec(input, 0..4), proptest::collection::vec(value.clone(), 0..6), value.clone())
        .prop_map(|(id, class, mode, inputs, values, proxy)| json!({
            "id": if id.is_null() { json!(0) } else { id }, "type": class, "mode": mode, "inputs": inputs, "widgets_values": values,
            "properties": { "proxyWidgets": if mode == 1 { json!([[proxy, "text"], proxy]) } else { Value::Null } },
        }));
    let link = (id.clone(), id.clone(), 0..3u8, id)
        .prop_map(|(id, from, slot, to)| json!([id, from, slot, to, 0, "IMAGE"]));
    let graph = (
        proptest::collection::vec(node, 0..8),
        proptest::collection::vec(link, 0..10),
    );
    let boundary =
        json!([{ "name": "text", "linkIds": [0, 1] }, { "name": "in", "linkIds": [2, 3] }]);
    (graph.clone(), graph).prop_map(move |((nodes, links), (inner, inner_links))| json!({
        "nodes": nodes, "links": links,
        "definitions": { "subgraphs": [{ "id": "sub", "nodes": inner, "links": inner_links, "inputs": boundary, "outputs": boundary }] },
    }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_file_holds_no_link_in_the_result_leads_nowhere(files in proptest::collection::vec(any_file(), 8)) {
            for file in files {
            let Ok(converted) = to_api(&file, &|class| OBJECT_INFO.get(class)) else { continue };
            for node in converted.as_object().unwrap().values() {
                for value in node["inputs"].as_object().unwrap().values() {
                    if let Some((from, _)) = crate::comfy::graph::as_link(value) {
                        prop_assert!(converted.get(from).is_some(), "{from} in {file}");
                    }
                }
            }
        }
    }
}
