//! What drives the cost of each node of a graph, read from the graph alone: sizes are followed along the wires, from
//! where they are chosen (an empty latent, a scale) to where they cost (sampler, decoder, saver).

use super::Drivers;
use crate::comfy::graph::{Node, plain};
use crate::names::{NodeKind, kind};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;

/// Inputs of one node that are kept besides those with a place of their own.
const MAX_INPUTS: usize = 8;
/// Characters of a choice or a file name that are kept.
const MAX_TEXT: usize = 80;
/// Files that hold weights (`ComfyUI` `folder_paths.py`, `supported_pt_extensions`, and what extensions add).
const WEIGHTS: [&str; 9] = [".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".gguf"];
/// Wires that bring settings or weights, not the pictures that are worked on.
const NO_PICTURES: [&str; 14] = [
    "model",
    "clip",
    "vae",
    "positive",
    "negative",
    "conditioning",
    "guider",
    "sampler",
    "sigmas",
    "noise",
    "control_net",
    "clip_vision",
    "upscale_model",
    "style_model",
];

/// Inputs that have a place of their own among the drivers.
const PLACED: [&str; 14] = [
    "steps",
    "start_at_step",
    "end_at_step",
    "width",
    "height",
    "megapixels",
    "largest_size",
    "longer_edge",
    "scale_by",
    "batch_size",
    "length",
    "frames",
    "num_frames",
    "amount",
];

/// What flows out of a node, as far as cost goes.
#[derive(Clone, Debug, Default)]
struct Flow {
    pixels: Option<f64>,
    batch: Option<f64>,
    steps: Option<f64>,
    model: Option<String>,
    sampler: Option<String>,
    unguided: bool,
}

/// The drivers of every node, in the order of `nodes` (topological: each after those it depends on). `cached` do not
/// run this time; `loaded` says whether this server has loaded a file of weights before, `items` for how many items of
/// a list a node is called.
pub fn drivers<S: BuildHasher>(
    nodes: &[&Node],
    cached: &HashSet<String, S>,
    loaded: &dyn Fn(&str) -> bool,
    items: &dyn Fn(&str) -> Option<f64>,
) -> Vec<Drivers> {
    let mut flows: HashMap<&str, Flow> = HashMap::new();
    // Nodes whose weights are loaded in this run.
    let mut fresh: HashSet<&str> = HashSet::new();
    let mut all = Vec::with_capacity(nodes.len());
    for node in nodes {
        let kind = kind(&node.class_type, None);
        let source = |input: &str| {
            let link = node.links.iter().find(|link| link.input == input)?;
            flows.get(link.from.as_str())
        };
        let incoming: Vec<&Flow> = node
            .links
            .iter()
            .filter(|link| !NO_PICTURES.contains(&link.input.as_str()))
            .filter_map(|link| flows.get(link.from.as_str()))
            .collect();
        let given = largest(incoming.iter().filter_map(|flow| flow.pixels));
        let made = own_pixels(node, given).or(given);
        let batch = own_batch(node, largest(incoming.iter().filter_map(|flow| flow.batch)));
        let steps = own_steps(node).or_else(|| ["sigmas", "scheduler"].iter().find_map(|input| source(input)?.steps));
        let own_model = own_model(node);
        let carried = node.links.iter().find_map(|link| {
            let flow = flows.get(link.from.as_str())?;
            flow.model.as_ref().filter(|_| flow.pixels.is_none())
        });
        let model = own_model.clone().or_else(|| carried.cloned());
        let sampler = text(node, "sampler_name")
            .or_else(|| source("sampler")?.sampler.clone())
            .or_else(|| node.class_type.starts_with("Sampler").then(|| node.class_type.clone()));
        let sampler = sampler.filter(|_| matches!(kind, NodeKind::Sampler | NodeKind::Control));
        let unguided = number(node, "cfg").is_some_and(|cfg| (cfg - 1.0).abs() < 1e-9)
            || source("guider").is_some_and(|flow| flow.unguided);
        let cold = match &own_model {
            Some(model) => !loaded(model),
            None => node.links.iter().any(|link| fresh.contains(link.from.as_str())),
        };
        let loads = own_model.is_some();
        if !cached.contains(&node.id) && (loads || (cold && made.is_none())) {
            fresh.insert(&node.id);
        }
        let pictures = largest([made, given].into_iter().flatten());
        let works_on_pictures = !matches!(kind, NodeKind::Loader | NodeKind::TextEncoder);
        all.push(Drivers {
            steps,
            pixels: pictures.filter(|_| works_on_pictures),
            batch: times(batch.filter(|_| works_on_pictures), items(&node.id)),
            model,
            sampler: sampler.clone().filter(|_| kind == NodeKind::Sampler),
            cold,
            inputs: own_inputs(node, kind, unguided),
        });
        let passes_on = made.is_none();
        flows.insert(
            &node.id,
            Flow {
                pixels: made.filter(|_| works_on_pictures),
                batch,
                steps,
                // A patch of weights passes on what it patches.
                model: carried.cloned().or(own_model).filter(|_| passes_on),
                sampler,
                unguided,
            },
        );
    }
    all
}

fn largest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().max_by(f64::total_cmp)
}

/// Pictures a node works on in all its calls.
fn times(batch: Option<f64>, items: Option<f64>) -> Option<f64> {
    let all = batch.unwrap_or(1.0) * items.unwrap_or(1.0);
    (all > 1.0).then_some(all)
}

fn number(node: &Node, input: &str) -> Option<f64> {
    let value = plain(node.inputs.get(input)?).as_f64()?;
    (value.is_finite() && value >= 0.0).then(|| value.min(1e9))
}

fn text(node: &Node, input: &str) -> Option<String> {
    Some(plain(node.inputs.get(input)?).as_str()?.chars().take(MAX_TEXT).collect())
}

/// What its own inputs say of the size it makes.
fn own_pixels(node: &Node, given: Option<f64>) -> Option<f64> {
    let positive = |input: &str| number(node, input).filter(|value| *value >= 1.0);
    if let (Some(width), Some(height)) = (positive("width"), positive("height")) {
        return Some(width * height);
    }
    if let Some(megapixels) = number(node, "megapixels") {
        return Some(megapixels * 1024.0 * 1024.0);
    }
    if let Some(side) = positive("largest_size").or_else(|| positive("longer_edge")) {
        // Of pictures at 4:3.
        return Some(side * side * 0.75);
    }
    let scale = number(node, "scale_by").or_else(|| {
        // Most of these models are made for four times the side.
        node.links.iter().any(|link| link.input == "upscale_model").then_some(4.0)
    })?;
    Some(given? * scale * scale)
}

fn own_batch(node: &Node, given: Option<f64>) -> Option<f64> {
    let own = ["batch_size", "length", "frames", "num_frames"].iter().filter_map(|input| number(node, input));
    let own: f64 = own.filter(|count| *count >= 1.0).product();
    let times = number(node, "amount").filter(|amount| *amount >= 1.0).unwrap_or(1.0);
    Some(given.unwrap_or(1.0).max(own) * times).filter(|batch| *batch > 1.0)
}

fn own_steps(node: &Node) -> Option<f64> {
    let steps = number(node, "steps").filter(|steps| *steps >= 1.0)?.min(10_000.0);
    // `KSamplerAdvanced` does a part of them (`ComfyUI` `nodes.py`).
    let first = number(node, "start_at_step").unwrap_or(0.0);
    let last = number(node, "end_at_step").unwrap_or(steps);
    Some((last.min(steps) - first).max(1.0))
}

fn own_model(node: &Node) -> Option<String> {
    let is_weights = |text: &&str| WEIGHTS.iter().any(|ending| text.to_ascii_lowercase().ends_with(ending));
    let mut files = node.inputs.values().filter_map(|value| plain(value).as_str()).filter(is_weights);
    files.next().map(|file| file.chars().take(MAX_TEXT).collect())
}

/// The other inputs: numbers, switches and choices. Neither seeds nor texts nor names, which cost nothing by themselves.
fn own_inputs(node: &Node, kind: NodeKind, unguided: bool) -> BTreeMap<String, Value> {
    let mut inputs = BTreeMap::new();
    if kind == NodeKind::Sampler {
        // One evaluation of the model a step where there is no guidance, two otherwise.
        if unguided {
            inputs.insert("guided".to_owned(), Value::Bool(false));
        }
        return inputs;
    }
    if matches!(kind, NodeKind::Loader | NodeKind::TextEncoder) {
        return inputs;
    }
    for (name, value) in &node.inputs {
        let value = plain(value);
        let lower = name.to_ascii_lowercase();
        let identity =
            ["seed", "color", "colour", "prefix", "name", "title", "text", "prompt", "path", "file", "image"];
        let kept = match value {
            Value::Number(_) | Value::Bool(_) => true,
            Value::String(text) => is_choice(text),
            _ => false,
        };
        if kept
            && name.len() <= MAX_TEXT
            && !PLACED.contains(&name.as_str())
            && !identity.iter().any(|word| lower.contains(word))
        {
            inputs.insert(name.clone(), value.clone());
        }
        if inputs.len() == MAX_INPUTS {
            break;
        }
    }
    inputs
}

/// A word that was chosen from a list, as far as its looks tell.
fn is_choice(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 40
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b' ' | b'/'))
        && text.split(' ').count() <= 3
}
