use monitor_core::comfy::graph::{Graph, GraphError, Link, MAX_NODES, as_link, is_link, plain};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::recording;

fn graph(value: &Value) -> Graph {
    Graph::from_value(value).unwrap()
}

fn ids<'a>(nodes: impl IntoIterator<Item = &'a monitor_core::comfy::graph::Node>) -> Vec<&'a str> {
    nodes.into_iter().map(|node| node.id.as_str()).collect()
}

/// Nodes by id, each with the ids it takes its inputs from.
fn linked(nodes: &[(&str, &[&str])]) -> Value {
    let node = |sources: &[&str]| {
        let inputs: serde_json::Map<_, _> =
            sources.iter().enumerate().map(|(at, id)| (format!("in{at}"), json!([id, 0]))).collect();
        json!({"class_type": "X", "inputs": inputs})
    };
    Value::Object(nodes.iter().map(|(id, sources)| ((*id).to_owned(), node(sources))).collect())
}

#[test]
fn every_recorded_graph_is_read_in_its_order_with_its_links() {
    let mut seen = 0;
    for (name, body) in recording::files("prompt") {
        if name.contains("response") || name.contains("get") {
            continue;
        }
        seen += 1;
        let body: Value = serde_json::from_slice(&body).unwrap();
        let sent = body["prompt"].as_object().unwrap();
        let graph = graph(&body["prompt"]);
        assert_eq!(ids(graph.nodes()), sent.keys().collect::<Vec<_>>());
        for node in graph.nodes() {
            let sent = &sent[&node.id];
            assert_eq!(node.class_type, sent["class_type"]);
            assert_eq!(Value::Object(node.inputs.clone()), sent["inputs"]);
            assert_eq!(node.title.as_deref(), sent["_meta"]["title"].as_str());
            let links = sent["inputs"].as_object().unwrap().values().filter(|input| input.is_array()).count();
            assert_eq!(node.links.len(), links, "{name} {}", node.id);
        }
        let order = ids(graph.topological_order());
        assert_eq!(order.len(), graph.len());
        for (at, id) in order.iter().enumerate() {
            assert!(graph.dependencies(id).iter().all(|source| order[..at].contains(source)), "{name}");
        }
    }
    assert!(seen > 40, "only {seen} graphs were seen");
}

#[test]
fn links_and_values_are_told_apart() {
    assert_eq!(as_link(&json!(["4", 1])), Some(("4", 1)));
    assert_eq!(as_link(&json!(["57:8", 2.0])), Some(("57:8", 2)), "the server takes a float for an index");
    for value in
        [json!(["4"]), json!([4, 0]), json!(["4", "0"]), json!(["4", 0, 1]), json!("4"), json!({"__value__": ["4", 0]})]
    {
        assert!(!is_link(&value), "{value}");
    }
    assert_eq!(plain(&json!({"__value__": ["4", 0]})), &json!(["4", 0]));
    assert_eq!(plain(&json!(5)), &json!(5));
}

#[test]
fn a_seed_keeps_its_64_bits() {
    let text = r#"{"1": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615}}}"#;
    let graph = graph(&serde_json::from_str(text).unwrap());
    assert_eq!(graph.node("1").unwrap().inputs["seed"].as_u64(), Some(u64::MAX));
}

#[test]
fn each_node_comes_after_those_it_depends_on_and_else_in_the_order_given() {
    let graph = graph(&linked(&[
        ("save", &["decode"]),
        ("b", &[]),
        ("decode", &["sample", "vae"]),
        ("vae", &[]),
        ("sample", &["b"]),
    ]));
    assert_eq!(ids(graph.topological_order()), ["b", "vae", "sample", "decode", "save"]);
}

#[test]
fn a_circle_and_what_hangs_on_it_comes_last() {
    let graph = graph(&linked(&[("after", &["x"]), ("x", &["y"]), ("y", &["x"]), ("own", &["own"]), ("free", &[])]));
    assert_eq!(ids(graph.topological_order()), ["free", "after", "x", "y", "own"]);
    assert_eq!(graph.ancestors_of(["after"]).len(), 3);
}

#[test]
fn dependencies_are_each_told_once_and_links_to_nowhere_are_none() {
    let graph = graph(&linked(&[("a", &[]), ("b", &["a", "gone", "a"])]));
    assert_eq!(graph.dependencies("b"), ["a"]);
    let links: Vec<&str> = graph.node("b").unwrap().links.iter().map(|link| link.from.as_str()).collect();
    assert_eq!(links, ["a", "gone", "a"]);
    assert!(graph.dependencies("gone").is_empty());
    assert_eq!(graph.node("b").unwrap().links[0], Link { input: "in0".into(), from: "a".into(), output: 0 });
}

#[test]
fn only_what_an_output_needs_are_its_ancestors() {
    let graph = graph(&linked(&[("1", &[]), ("2", &["1"]), ("3", &["2"]), ("4", &["1"]), ("5", &[])]));
    let mut needed: Vec<&str> = graph.ancestors_of(["3", "unknown"]).into_iter().collect();
    needed.sort_unstable();
    assert_eq!(needed, ["1", "2", "3"]);
}

#[test]
fn output_nodes_are_those_whose_class_is_one() {
    let graph = graph(
        &json!({"1": {"class_type": "EmptyImage"}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}}}),
    );
    assert_eq!(ids(graph.outputs(|class| class == "SaveImage")), ["2"]);
}

#[test]
fn what_is_no_graph_is_refused_with_the_reason_and_the_fix() {
    let deep = (0..80).fold(json!(1), |inner, _| json!([inner]));
    let long = "x".repeat(2000);
    let id = || "1".to_owned();
    for (value, error) in [
        (json!([1]), GraphError::NotAnObject),
        (json!("text"), GraphError::NotAnObject),
        (json!({"nodes": [], "links": [], "version": 0.4}), GraphError::EditorFormat),
        (json!({"1": 5}), GraphError::NodeNotAnObject { id: id() }),
        (json!({"1": {"inputs": {}}}), GraphError::NoClassType { id: id() }),
        (json!({"1": {"class_type": 5}}), GraphError::NoClassType { id: id() }),
        (json!({"1": {"class_type": "X", "inputs": []}}), GraphError::InputsNotAnObject { id: id() }),
        (json!({"1": {"class_type": "X", "inputs": {"a": deep}}}), GraphError::TooDeep { id: id() }),
        (json!({"1": {"class_type": long}}), GraphError::NameTooLong),
        (json!({long.clone(): {"class_type": "X"}}), GraphError::NameTooLong),
    ] {
        assert_eq!(Graph::from_value(&value), Err(error));
    }
}

#[test]
fn there_is_an_end_to_the_number_of_nodes() {
    let node = json!({"class_type": "X"});
    let mut nodes: serde_json::Map<_, _> = (0..MAX_NODES).map(|id| (id.to_string(), node.clone())).collect();
    assert_eq!(graph(&Value::Object(nodes.clone())).len(), MAX_NODES);
    nodes.insert("one more".into(), node);
    assert_eq!(Graph::from_value(&Value::Object(nodes)), Err(GraphError::TooManyNodes { count: MAX_NODES + 1 }));
}

#[test]
fn a_chain_of_the_largest_size_is_ordered() {
    let nodes = (0..MAX_NODES)
        .rev()
        .map(|id| (id.to_string(), json!({"class_type": "X", "inputs": {"a": [(id + 1).to_string(), 0]}})));
    let graph = graph(&Value::Object(nodes.collect()));
    assert_eq!(graph.topological_order().first().map(|node| node.id.as_str()), Some("19999"));
    assert_eq!(graph.ancestors_of(["0"]).len(), MAX_NODES);
}

proptest! {
    #[test]
    fn any_json_is_a_graph_or_refused(value in recording::json()) {
        if let Ok(graph) = Graph::from_value(&value) {
            prop_assert_eq!(graph.topological_order().len(), graph.len());
        }
    }

    #[test]
    fn any_links_give_an_order_of_all_nodes(links in prop::collection::vec(prop::collection::vec(0_usize..12, 0..4), 1..12)) {
        let names: Vec<String> = (0..12).map(|id| id.to_string()).collect();
        let sources: Vec<Vec<&str>> = links.iter().map(|links| links.iter().map(|to| names[*to].as_str()).collect()).collect();
        let nodes: Vec<(&str, &[&str])> = sources.iter().enumerate().map(|(at, sources)| (names[at].as_str(), sources.as_slice())).collect();
        let graph = graph(&linked(&nodes));
        let mut order = ids(graph.topological_order());
        order.sort_unstable();
        let mut all = ids(graph.nodes());
        all.sort_unstable();
        prop_assert_eq!(order, all);
    }
}
