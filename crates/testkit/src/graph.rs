//! Reading API-format graphs: links, order, outputs, likeness (comfyui-protocol, section 8).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

pub type Graph = Map<String, Value>;

pub fn class(graph: &Graph, id: &str) -> String {
    graph.get(id).and_then(|node| node["class_type"].as_str()).unwrap_or_default().to_owned()
}

pub fn input<'a>(graph: &'a Graph, id: &str, name: &str) -> Option<&'a Value> {
    graph.get(id)?.get("inputs")?.get(name)
}

/// The node a value links to: a list of a node id and an output index.
pub fn link(value: &Value) -> Option<&str> {
    match value.as_array()?.as_slice() {
        [Value::String(id), Value::Number(_)] => Some(id),
        _ => None,
    }
}

/// The nodes that `id` is linked to, in the order of its inputs.
pub fn parents<'a>(graph: &'a Graph, id: &str) -> impl Iterator<Item = &'a str> {
    let inputs = graph.get(id).and_then(|node| node["inputs"].as_object());
    inputs.into_iter().flat_map(|inputs| inputs.values().filter_map(link))
}

/// `targets` and all they depend on, each after what it depends on. Links into nowhere are left out, cycles are cut.
pub fn order(graph: &Graph, targets: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut order = Vec::new();
    // An explicit stack: a submitted chain may be longer than the thread's own.
    let mut stack: Vec<(String, bool)> = targets.iter().rev().map(|id| (id.clone(), false)).collect();
    while let Some((id, done)) = stack.pop() {
        if done {
            order.push(id);
        } else if graph.contains_key(&id) && seen.insert(id.clone()) {
            stack.push((id.clone(), true));
            let parents: Vec<_> = parents(graph, &id).map(|parent| (parent.to_owned(), false)).collect();
            stack.extend(parents.into_iter().rev());
        }
    }
    order
}

/// The first value of the input `name` found upstream of `id`, itself included, nearest first.
pub fn upstream<'a>(graph: &'a Graph, id: &str, name: &str) -> Option<&'a Value> {
    let mut seen = HashSet::new();
    let mut level = vec![id.to_owned()];
    while !level.is_empty() {
        let found = level.iter().find_map(|id| input(graph, id, name).filter(|value| link(value).is_none()));
        if found.is_some() {
            return found;
        }
        let next =
            level.iter().flat_map(|id| parents(graph, id)).map(str::to_owned).filter(|id| seen.insert(id.clone()));
        level = next.collect();
    }
    None
}

/// Nodes nothing else uses.
pub fn sinks(graph: &Graph) -> Vec<String> {
    let used: HashSet<&str> = graph.keys().flat_map(|id| parents(graph, id)).collect();
    graph.keys().filter(|id| !used.contains(id.as_str())).cloned().collect()
}

/// How alike two graphs are: `None` if nodes, classes or links differ, else how many values are equal.
pub fn likeness(a: &Graph, b: &Graph) -> Option<usize> {
    if a.len() != b.len() {
        return None;
    }
    let mut equal = 0;
    for (id, node) in a {
        if node["class_type"] != b.get(id)?["class_type"] {
            return None;
        }
        let (mine, theirs) = (node["inputs"].as_object()?, b.get(id)?["inputs"].as_object()?);
        for (name, value) in mine {
            let other = theirs.get(name);
            if link(value).is_some() && other != Some(value) {
                return None;
            }
            equal += usize::from(other == Some(value));
        }
    }
    Some(equal)
}

/// For each node what its result depends on, written out: equal text, equal result (section 2, `execution_cached`).
pub fn signatures(graph: &Graph, order: &[String]) -> HashMap<String, u64> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut signatures: HashMap<String, u64> = HashMap::new();
    for id in order {
        let mut hasher = DefaultHasher::new();
        class(graph, id).hash(&mut hasher);
        for (name, value) in graph.get(id).and_then(|node| node["inputs"].as_object()).into_iter().flatten() {
            name.hash(&mut hasher);
            match link(value).and_then(|parent| signatures.get(parent)) {
                Some(parent) => (parent, &value[1]).hash(&mut hasher),
                None => value.hash(&mut hasher),
            }
        }
        signatures.insert(id.clone(), hasher.finish());
    }
    signatures
}
