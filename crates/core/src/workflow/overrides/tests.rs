use super::*;

fn graph() -> Value {
    json!({
        "3": { "class_type": "KSampler", "inputs": { "seed": 1, "cfg": 7.0, "sampler_name": "euler", "model": ["4", 0] } },
        "4": { "class_type": "Loader", "inputs": { "name": "a.safetensors", "count": 2, "tags": { "__value__": ["a"] } } },
    })
}

fn try_apply(overrides: &Value) -> Result<Value, OverrideError> {
    let classes = json!({ "KSampler": { "input": { "required": {
        "seed": ["INT", { "max": u64::MAX }], "cfg": ["FLOAT"], "sampler_name": [["euler", "heun"]], "model": ["MODEL"],
        "mode": ["COMFY_DYNAMICCOMBO_V3", { "options": [
            { "key": "wide", "inputs": { "required": { "width": ["INT"] } } },
        ] }],
        "images": ["COMFY_AUTOGROW_V3", { "template": { "input": { "required": { "image": ["IMAGE"] } }, "prefix": "image" } }],
    }, "optional": { "note": ["STRING"], "on": ["BOOLEAN"] } } } });
    let mut graph = graph();
    apply(&mut graph, overrides, &|class| classes.get(class)).map(|()| graph)
}

fn input(graph: &Value, name: &str) -> Value {
    graph["3"]["inputs"][name].clone()
}

#[test]
fn values_go_where_they_belong_and_the_rest_stays() {
    let changed = try_apply(&json!({ "3": { "cfg": 4, "note": "hi" }, "4": { "name": "b" } })).unwrap();
    let mut expected = graph();
    expected["3"]["inputs"]["cfg"] = json!(4);
    expected["3"]["inputs"]["note"] = json!("hi");
    expected["4"]["inputs"]["name"] = json!("b");
    assert_eq!(changed, expected);
}

#[test]
fn a_seed_sent_as_text_becomes_a_number_to_its_last_digit() {
    for (sent, becomes) in [
        (json!("18446744073709551615"), json!(u64::MAX)),
        (json!("9007199254740993"), json!(9_007_199_254_740_993_u64)),
        (json!("-5"), json!(-5)),
        (json!(u64::MAX), json!(u64::MAX)),
    ] {
        let changed = try_apply(&json!({ "3": { "seed": sent } })).unwrap();
        assert_eq!(input(&changed, "seed"), becomes);
    }
}

#[test]
fn a_text_that_is_no_whole_number_is_no_seed() {
    for sent in ["18446744073709551616", "1.5", "", "-", " 1", "0x10", "١"] {
        let error = try_apply(&json!({ "3": { "seed": sent } })).unwrap_err();
        assert!(matches!(error, OverrideError::WrongShape { got: "a text", .. }), "{sent:?}: {error}");
    }
}

#[test]
fn digits_stay_a_text_where_a_text_belongs() {
    assert_eq!(input(&try_apply(&json!({ "3": { "note": "42" } })).unwrap(), "note"), json!("42"));
    let changed = try_apply(&json!({ "4": { "name": "42", "count": "42" } })).unwrap();
    assert_eq!((&changed["4"]["inputs"]["name"], &changed["4"]["inputs"]["count"]), (&json!("42"), &json!(42)));
}

#[test]
fn a_value_of_the_wrong_shape_is_told_with_node_and_input() {
    for (name, value, message) in [
        (
            "seed",
            json!(1.5),
            "Input \"seed\" of node \"3\" takes a whole number up to 18446744073709551615, not a number with a fraction",
        ),
        ("cfg", json!("high"), "Input \"cfg\" of node \"3\" takes a number, not a text"),
        ("note", json!(3), "Input \"note\" of node \"3\" takes a text, not a whole number"),
        ("on", json!(1), "Input \"on\" of node \"3\" takes true or false, not a whole number"),
        ("sampler_name", json!({}), "Input \"sampler_name\" of node \"3\" takes one of its choices, not an object"),
    ] {
        let error = try_apply(&json!({ "3": { name: value } })).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.field(), Some(("3", Some(name))));
    }
}

#[test]
fn an_unknown_node_or_input_is_told_with_what_there_is() {
    let error = try_apply(&json!({ "33": { "seed": 1 } })).unwrap_err();
    assert_eq!(error, OverrideError::UnknownNode { node_id: "33".to_owned() });
    let error = try_apply(&json!({ "4": { "sead": 1 } })).unwrap_err();
    assert_eq!(error.to_string(), "Node \"4\" (class Loader) has no input \"sead\". It has count, name, tags");
    assert_eq!(try_apply(&json!([])).unwrap_err(), OverrideError::NotAnObject);
    assert_eq!(try_apply(&json!({ "3": 1 })).unwrap_err(), OverrideError::NotAnObject);
}

#[test]
fn an_input_of_a_branch_is_known_once_the_branch_is_taken() {
    assert!(matches!(try_apply(&json!({ "3": { "mode.width": 5 } })), Err(OverrideError::UnknownInput { .. })));
    let changed = try_apply(&json!({ "3": { "mode.width": 5, "mode": "wide" } })).unwrap();
    assert_eq!(input(&changed, "mode.width"), json!(5));
}

#[test]
fn a_link_must_lead_to_a_node_of_the_graph() {
    assert_eq!(
        input(&try_apply(&json!({ "3": { "images.image0": ["4", 1] } })).unwrap(), "images.image0"),
        json!(["4", 1])
    );
    assert!(matches!(try_apply(&json!({ "3": { "model": ["9", 0] } })), Err(OverrideError::BrokenLink { .. })));
}

#[test]
fn a_list_is_wrapped_so_that_it_is_not_taken_for_a_link() {
    let changed = try_apply(&json!({ "4": { "tags": ["b", "c"] } })).unwrap();
    assert_eq!(changed["4"]["inputs"]["tags"], json!({ "__value__": ["b", "c"] }));
}

#[test]
fn one_fault_leaves_the_graph_as_it_was() {
    let mut changed = graph();
    let overrides = json!({ "3": { "seed": 2 }, "9": {} });
    assert!(apply(&mut changed, &overrides, &|_| None).is_err());
    assert_eq!(changed, graph());
}
