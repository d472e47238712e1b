//! Converts the workflow templates that `ComfyUI`'s editor ships and checks every graph that comes out against the node
//! classes of a real server.
//!
//! `scripts/fetch-editor-files` fetches them; `EDITOR_FILES` names another folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the lint knows only functions marked as tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use monitor_core::workflow::editor::{EditorError, to_api};
use monitor_core::workflow::file::{Graph, extract};
use serde_json::{Map, Value};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn object_info() -> Value {
    let path = workspace().join("fixtures/object_info-0.33.0.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every editor-format file in the folders of the template versions, by `version/name`.
fn editor_files() -> BTreeMap<String, Value> {
    let folder =
        std::env::var_os("EDITOR_FILES").map_or_else(|| workspace().join("target/editor-files"), PathBuf::from);
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}: run scripts/fetch-editor-files first", folder.display()));
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut files = BTreeMap::new();
    for version in list(&folder).into_iter().filter(|path| path.is_dir()) {
        for path in list(&version).into_iter().filter(|path| path.extension().is_some_and(|it| it == "json")) {
            // The folder also holds the index of the templates in every language.
            if let Ok(carried) = extract(&std::fs::read(&path).unwrap())
                && let Graph::Editor(file) = carried.graph
            {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, file);
            }
        }
    }
    files
}

/// Classes whose inputs have changed after `ComfyUI` 0.33.0, so that files of later versions hold values this one does not
/// take, whoever converts them.
const CHANGED_LATER: [&str; 4] = ["CLIPLoader", "CreateVideo", "ModelAttentionBackend", "RemeshMesh"];

fn is_later(name: &str) -> bool {
    name.starts_with("0.1.123")
}

/// Every node of a file, those of its subgraphs too.
fn nodes(file: &Value) -> impl Iterator<Item = &Value> {
    let subgraphs = file.pointer("/definitions/subgraphs").and_then(Value::as_array);
    std::iter::once(file).chain(subgraphs.into_iter().flatten()).flat_map(|graph| graph["nodes"].as_array().unwrap())
}

fn knows_all_classes(file: &Value, object_info: &Value) -> bool {
    let subgraphs: Vec<&Value> = file.pointer("/definitions/subgraphs/").into_iter().collect();
    let defined = file.pointer("/definitions/subgraphs").and_then(Value::as_array).into_iter().flatten();
    let defined: Vec<&str> = defined.chain(subgraphs).filter_map(|it| it["id"].as_str()).collect();
    nodes(file).all(|node| {
        let class = node["type"].as_str().unwrap();
        object_info.get(class).is_some()
            || defined.contains(&class)
            || ["Reroute", "PrimitiveNode", "Note", "MarkdownNote"].contains(&class)
    })
}

#[test]
fn every_template_of_known_classes_becomes_a_graph_the_server_can_check() {
    let object_info = object_info();
    let classes = |class: &str| object_info.get(class);
    let mut faults = Vec::new();
    let mut converted = 0;
    for (name, file) in editor_files() {
        if !knows_all_classes(&file, &object_info) {
            continue;
        }
        match to_api(&file, &classes) {
            Ok(graph) => {
                converted += 1;
                let mut found = check(&graph, &object_info);
                found.retain(|fault| !(is_later(&name) && CHANGED_LATER.iter().any(|class| fault.contains(class))));
                faults.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
            }
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(converted >= 30, "only {converted} files have classes of this server alone");
}

/// What `ComfyUI` would find wrong with the graph before it runs, apart from files this server does not have.
fn check(graph: &Value, object_info: &Value) -> Vec<String> {
    let graph = graph.as_object().unwrap();
    let mut faults = Vec::new();
    for (id, node) in graph {
        let class = node["class_type"].as_str().unwrap();
        let Some(info) = object_info.get(class) else {
            faults.push(format!("{id}: class {class} is unknown"));
            continue;
        };
        let inputs = node["inputs"].as_object().unwrap();
        for (input, value) in inputs {
            if let [Value::String(from), Value::Number(slot)] = value.as_array().map_or(&[][..], Vec::as_slice) {
                let outputs = graph.get(from).map(|from| &object_info[from["class_type"].as_str().unwrap()]["output"]);
                match outputs.map(|outputs| outputs.get(usize::try_from(slot.as_u64().unwrap()).unwrap())) {
                    None => faults.push(format!("{id} {class}.{input}: linked to {from}, which is not there")),
                    Some(None) => {
                        faults.push(format!("{id} {class}.{input}: {from} has no output {slot}"));
                    }
                    Some(Some(_)) => {}
                }
            }
        }
        check_inputs(&format!("{id} {class}"), "", &info["input"], inputs, &mut faults);
    }
    faults
}

fn check_inputs(at: &str, prefix: &str, declared: &Value, inputs: &Map<String, Value>, faults: &mut Vec<String>) {
    for section in ["required", "optional"] {
        for (name, declaration) in declared[section].as_object().into_iter().flatten() {
            let name = format!("{prefix}{name}");
            let options = &declaration[1];
            let kind = options["widgetType"].as_str().or(declaration[0].as_str()).unwrap_or("COMBO");
            let is_value = ["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COMFY_DYNAMICCOMBO_V3", "COLOR", "CURVE"]
                .contains(&kind)
                && options["forceInput"] != true;
            let Some(value) = inputs.get(&name) else {
                if is_value && section == "required" {
                    faults.push(format!("{at}.{name}: required and missing"));
                }
                continue;
            };
            if value.is_array() {
                continue;
            }
            let fits = match kind {
                "INT" | "FLOAT" => value.is_number() && within(value, options),
                "STRING" => value.is_string(),
                "BOOLEAN" => value.is_boolean(),
                "COMBO" => {
                    let choices = declaration[0].as_array().or(options["options"].as_array()).unwrap();
                    is_file(value) || choices.is_empty() || choices.contains(value)
                }
                "COMFY_DYNAMICCOMBO_V3" => {
                    match options["options"].as_array().unwrap().iter().find(|it| it["key"] == *value) {
                        Some(branch) => {
                            check_inputs(at, &format!("{name}."), &branch["inputs"], inputs, faults);
                            true
                        }
                        None => false,
                    }
                }
                _ => true,
            };
            if !fits {
                faults.push(format!("{at}.{name}: {value} is no {kind}"));
            }
        }
    }
}

fn within(value: &Value, options: &Value) -> bool {
    let value = value.as_f64().unwrap();
    options["min"].as_f64().is_none_or(|min| value >= min) && options["max"].as_f64().is_none_or(|max| value <= max)
}

/// Names of models and media, which the recorded server does not have.
fn is_file(value: &Value) -> bool {
    value.as_str().is_some_and(|name| {
        let name = name.split(" [").next().unwrap_or(name);
        Path::new(name)
            .extension()
            .is_some_and(|extension| extension.len() <= 11 && !extension.to_str().unwrap().contains(' '))
    })
}

#[test]
fn a_template_with_a_class_the_server_lacks_is_refused_with_the_name_of_the_node() {
    let object_info = object_info();
    let mut refused = 0;
    for (name, file) in editor_files() {
        if knows_all_classes(&file, &object_info) {
            continue;
        }
        match to_api(&file, &|class| object_info.get(class)) {
            Err(EditorError::UnknownClass { node, more }) => {
                refused += 1;
                assert!(object_info.get(&node.class).is_none(), "{name}: {node} is known");
                let inner = node.id.rsplit(':').next().unwrap();
                let in_file =
                    nodes(&file).any(|it| it["id"].to_string().trim_matches('"') == inner && it["type"] == *node.class);
                assert!(in_file, "{name}: {node} is not in the file");
                let message = EditorError::UnknownClass { node: node.clone(), more }.to_string();
                assert!(
                    message.starts_with(&format!("Node {}", node.id)) && message.contains(&node.class),
                    "{message}"
                );
            }
            // The unknown nodes are muted, or in a closed subgraph.
            Ok(graph) => {
                let known = graph
                    .as_object()
                    .unwrap()
                    .values()
                    .all(|node| object_info.get(node["class_type"].as_str().unwrap()).is_some());
                assert!(known, "{name}");
            }
            Err(EditorError::MadeInBrowser { node, .. }) => {
                assert_eq!(node.class, "Load3D", "{name}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert!(refused >= 30, "only {refused} files have classes this server lacks");
}

/// Newer files hold the values of widgets twice, by position and by name.
#[test]
fn values_read_by_position_are_those_the_file_gives_by_name() {
    let object_info = object_info();
    let classes = |class: &str| object_info.get(class);
    let mut compared = 0;
    for (name, mut file) in editor_files() {
        let mut by_name = file.clone();
        let named = strip(&mut file, "widgets_values_named");
        strip(&mut by_name, "widgets_values");
        if !named || !knows_all_classes(&file, &object_info) {
            continue;
        }
        let by_position = to_api(&file, &classes).unwrap();
        let by_name = to_api(&by_name, &classes).unwrap();
        for (id, node) in by_position.as_object().unwrap() {
            let class = node["class_type"].as_str().unwrap();
            if CHANGED_LATER.contains(&class) {
                continue;
            }
            assert_eq!(node, &by_name[id], "{name}: node {id}");
            compared += 1;
        }
    }
    assert!(compared >= 500, "only {compared} nodes compared");
}

/// Removes `field` from every node; whether there was one.
fn strip(file: &mut Value, field: &str) -> bool {
    let mut found = false;
    match file {
        Value::Object(fields) => {
            found |= fields.remove(field).is_some();
            fields.values_mut().for_each(|value| found |= strip(value, field));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| found |= strip(item, field)),
        _ => {}
    }
    found
}
