//! Subgraphs, their instances and the values promoted to them.

use super::*;

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

fn instance(id: u32, values: Value) -> Value {
    node(id, "sub", &[("image", "IMAGE", Some(1))], values)
}

#[test]
fn a_subgraph_is_put_in_place_of_its_instance() {
    let nodes = [source(1), instance(57, json!([])), sink(2, 2), sink(3, 3)];
    let links = json!([[1, 1, 0, 57, 0, "IMAGE"], [2, 57, 0, 2, 0, "IMAGE"], [3, 57, 1, 3, 0, "IMAGE"]]);
    let converted = convert(&with_subgraphs(&nodes, &links, &[subgraph()])).unwrap();
    assert_eq!(feeds(&converted, "2"), json!(["57:8", 0]));
    assert_eq!(feeds(&converted, "3"), json!(["57:9", 1]));
    assert_eq!(converted["57:9"]["inputs"]["image"], json!(["1", 0]));
    assert_eq!(converted["57:8"]["inputs"], json!({ "text": "a cat", "seed": 7 }));
    assert!(converted.get("57").is_none());
}

#[test]
fn two_instances_have_their_own_promoted_values() {
    let nodes = [source(1), instance(57, json!(["a dog", 8])), instance(58, json!(["a fox", 9, "randomize"]))];
    let links = json!([[1, 1, 0, 57, 0, "IMAGE"]]);
    let converted = convert(&with_subgraphs(&nodes, &links, &[subgraph()])).unwrap();
    assert_eq!(converted["57:8"]["inputs"], json!({ "text": "a dog", "seed": 8 }));
    assert_eq!(converted["58:8"]["inputs"], json!({ "text": "a fox", "seed": 9 }));
}

#[test]
fn a_value_promoted_in_the_older_way_reaches_its_widget() {
    let old = |proxies: Value, values: Value| {
        with(instance(57, values), json!({ "properties": { "proxyWidgets": proxies } }))
    };
    let proxies = json!([["-1", "text"], ["8", "seed"], ["9", "amount"], ["9", "$$canvas-image-preview"]]);
    let file = with_subgraphs(&[source(1), old(proxies.clone(), json!(["a dog", 8, 0.25]))], &json!([]), &[subgraph()]);
    let converted = convert(&file).unwrap();
    assert_eq!(converted["57:8"]["inputs"], json!({ "text": "a dog", "seed": 8 }));
    assert_eq!(converted["57:9"]["inputs"]["amount"], json!(0.25));
    // Without values, those of the inner nodes apply.
    let file = with_subgraphs(&[source(1), old(proxies, json!([]))], &json!([]), &[subgraph()]);
    assert_eq!(convert(&file).unwrap()["57:8"]["inputs"], json!({ "text": "a cat", "seed": 7 }));
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
    let converted = convert(&with_subgraphs(&nodes, &json!([[1, 4, 0, 2, 0, "IMAGE"]]), &[outer, subgraph()])).unwrap();
    assert_eq!(feeds(&converted, "2"), json!(["4:30:8", 0]));
    assert_eq!(converted["4:30:8"]["inputs"], json!({ "text": "outer", "seed": 3 }));
}

#[test]
fn a_bypassed_instance_is_wired_through_and_nothing_in_it_runs() {
    let bypassed = with(instance(57, json!([])), json!({ "mode": 4, "outputs": [{ "type": "IMAGE" }] }));
    let links = json!([[1, 1, 0, 57, 0, "IMAGE"], [2, 57, 0, 2, 0, "IMAGE"]]);
    let converted = convert(&with_subgraphs(&[source(1), bypassed, sink(2, 2)], &links, &[subgraph()])).unwrap();
    assert_eq!(feeds(&converted, "2"), json!(["1", 0]));
    assert_eq!(converted.as_object().unwrap().len(), 2);
}
