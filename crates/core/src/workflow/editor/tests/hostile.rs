//! Files made to hang, to fill the memory, or of anything at all.

use proptest::prelude::*;

use super::*;

#[test]
fn reroutes_in_a_circle_are_an_error_and_not_an_endless_walk() {
    let nodes = [node(1, "Reroute", &[("", "*", Some(1))], json!(null)), sink(2, 2)];
    let error = convert(&graph(&nodes, &json!([[1, 1, 0, 1, 0, "*"], [2, 1, 0, 2, 0, "IMAGE"]]))).unwrap_err();
    assert!(matches!(&error, EditorError::Loop { node } if node.id == "2"), "{error}");
}

#[test]
fn a_subgraph_that_contains_itself_is_refused() {
    let own = json!({ "id": "sub", "nodes": [node(1, "sub", &[], json!([]))], "links": [] });
    let error = convert(&with_subgraphs(&[node(1, "sub", &[], json!([]))], &json!([]), &[own])).unwrap_err();
    assert!(matches!(error, EditorError::TooDeep { .. }), "{error}");
}

#[test]
fn subgraphs_that_multiply_are_refused_before_they_fill_the_memory() {
    let level = |id: &str, inner: &str| {
        let nodes: Vec<Value> = (0..20).map(|number| node(number, inner, &[], json!([]))).collect();
        json!({ "id": id, "nodes": nodes, "links": [] })
    };
    let levels = [level("a", "b"), level("b", "c"), level("c", "d"), level("d", "Source")];
    assert_eq!(
        convert(&with_subgraphs(&[node(1, "a", &[], json!([]))], &json!([]), &levels)),
        Err(EditorError::TooLarge)
    );
}

#[test]
fn one_long_text_for_a_thousand_nodes_is_refused() {
    let primitive = node(0, "PrimitiveNode", &[], json!(["x".repeat(1 << 20)]));
    let readers = (1..1000).map(|id| node(id, "Source", &[("text", "STRING", Some(id))], json!([])));
    let links: Vec<Value> = (1..1000).map(|id| json!([id, 0, 0, id, 0, "STRING"])).collect();
    let nodes: Vec<Value> = std::iter::once(primitive).chain(readers).collect();
    assert_eq!(convert(&graph(&nodes, &json!(links))), Err(EditorError::TooLarge));
}

/// Files of the right form with anything in them.
fn any_file() -> impl Strategy<Value = Value> {
    let id = prop_oneof![(0..6i64).prop_map(Value::from), Just(json!(-10)), Just(json!("a")), Just(Value::Null)];
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
    let link =
        (id.clone(), id.clone(), 0..3u8, id).prop_map(|(id, from, slot, to)| json!([id, from, slot, to, 0, "IMAGE"]));
    let graph = (proptest::collection::vec(node, 0..8), proptest::collection::vec(link, 0..10));
    let boundary = json!([{ "name": "text", "linkIds": [0, 1] }, { "name": "in", "linkIds": [2, 3] }]);
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
            let Ok(converted) = to_api(&file, &known) else { continue };
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
