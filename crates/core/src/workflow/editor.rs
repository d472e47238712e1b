//! Turns the format the editor saves into the API format that can be submitted.
//!
//! The rules are those of `graphToPrompt` in `ComfyUI`'s front end, which does this when the Run button is pressed. A
//! node of the file is not what runs: values stand in a list whose order only the node's class knows ([`widgets`]);
//! muted nodes fall away and bypassed ones are wired through, reroutes and primitive nodes exist only in the editor
//! ([`flat`]); subgraphs are put in place of their instances, with ids like `57:8`, and the values promoted to an
//! instance go into its inner nodes ([`promoted`]).
//!
//! Three things the front end does at that moment are left out, as they are no part of the workflow: it picks one of
//! `{a|b}` in a text at random, fills in `%date%` and `%Node.widget%` in file names, and moves seeds on. The texts stay
//! as written, seeds as saved.

mod flat;
mod graph;
mod promoted;
mod widgets;

use std::fmt;

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::Classes;
use flat::{Flat, Origin, Part};
use graph::{Mode, Node};

/// Most nodes a workflow may have once its subgraphs are put in place; the largest real ones have some hundreds.
const MAX_NODES: usize = 20_000;

/// Most inputs of one node; growing ones stop at some tens.
const MAX_INPUTS: usize = 1_000;

/// Most steps taken along links for one workflow. A real one needs some thousands; one that needs more has been made
/// to, as a file of some megabytes can ask for as many as it has links times its longest chain.
const MAX_STEPS: usize = 500_000;

/// Most bytes of text and numbers in what comes out: one long text in a subgraph of many instances multiplies.
const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

/// Deepest nesting of subgraphs.
const MAX_DEPTH: usize = 32;

/// A node as an error names it: `Node 12 "Foo" (class Bar)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    /// Id in API format: `57:8` inside a subgraph.
    pub id: String,
    pub title: Option<String>,
    pub class: String,
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node {}", self.id)?;
        if let Some(title) = &self.title {
            write!(f, " {title:?}")?;
        }
        write!(f, " (class {})", self.class)
    }
}

/// Why a workflow in the editor's format cannot be submitted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EditorError {
    #[error("This is not the editor's format: {reason}. In ComfyUI: Workflow, Export (API)")]
    NotAWorkflow { reason: String },
    #[error(
        "{node} is not known to this server{}. Install the extension it comes from, or choose a server that has it",
        others(*.more)
    )]
    UnknownClass {
        node: NodeName,
        /// How many further nodes have the same fault.
        more: usize,
    },
    #[error("{node} is a group node, an older form of subgraph. In ComfyUI: convert it to a subgraph and save again")]
    GroupNode { node: NodeName },
    #[error("{node} takes its input {input:?} from the browser, which draws or records it. In ComfyUI: Run it there")]
    MadeInBrowser { node: NodeName, input: String },
    #[error("{node} leads back to itself through nodes that only pass values on. Open the loop in the editor")]
    Loop { node: NodeName },
    #[error(
        "The subgraphs are nested deeper than {MAX_DEPTH} or contain themselves: {node}. Take one out of the other"
    )]
    TooDeep { node: NodeName },
    #[error(
        "With its subgraphs in place the workflow has more nodes, links or text than any real one (at most {MAX_NODES} \
         nodes). Split it into smaller ones"
    )]
    TooLarge,
    #[error("Nothing in this workflow runs: every node is muted, bypassed or a note. Activate some and save again")]
    NothingRuns,
}

fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => ", nor is one more".to_owned(),
        more => format!(", nor are {more} more"),
    }
}

/// Converts the editor-format `file`; `classes` are the node classes of the server it will run on.
pub fn to_api(file: &Value, classes: &Classes) -> Result<Value, EditorError> {
    let document = graph::Document::parse(file)?;
    let flat = Flat::new(&document, classes)?;
    let mut output = Map::new();
    let mut bytes = 0;
    let mut unknown: Option<(NodeName, usize)> = None;
    for (scope, index) in flat.places() {
        let node = flat.node(scope, index);
        if node.mode != Mode::Active || flat.part(scope, index) != Part::Runs {
            continue;
        }
        let Some(info) = classes(node.class) else {
            if node.class.starts_with("workflow>") || node.class.starts_with("workflow/") {
                return Err(EditorError::GroupNode { node: flat.name(scope, index) });
            }
            match &mut unknown {
                Some((_, more)) => *more += 1,
                None => unknown = Some((flat.name(scope, index), 0)),
            }
            continue;
        };
        let inputs = inputs(&flat, scope, index, info, &mut bytes)?;
        let title = node.title.or_else(|| info.get("display_name")?.as_str()).unwrap_or(node.class);
        output.insert(
            flat.id(scope, index),
            json!({ "inputs": inputs, "class_type": node.class, "_meta": { "title": title } }),
        );
    }
    match unknown {
        Some((node, more)) => Err(EditorError::UnknownClass { node, more }),
        None if output.is_empty() => Err(EditorError::NothingRuns),
        None => Ok(Value::Object(output)),
    }
}

/// The inputs of one node: the values of its widgets, over which go its links and the values that come through them.
///
/// A link that ends at a muted node counts as none. The front end then drops the input even where the node has a value
/// for it, and the server refuses the graph; here the node's own value stays, which is what the editor shows.
fn inputs(
    flat: &Flat,
    scope: usize,
    index: usize,
    info: &Value,
    bytes: &mut usize,
) -> Result<Map<String, Value>, EditorError> {
    let node = flat.node(scope, index);
    let mut inputs = widgets::values(node, info, &flat.promoted_to(scope, index));
    for (name, value) in &mut inputs {
        if widgets::needs_browser(info, name, value) {
            return Err(EditorError::MadeInBrowser { node: flat.name(scope, index), input: name.clone() });
        }
        wrap_list(value);
        *bytes += weight(value);
    }
    for (slot, input) in node.inputs.iter().enumerate() {
        let value = match flat.resolve(scope, index, slot)? {
            Origin::Nothing => continue,
            Origin::Output { id, slot } => json!([id, slot]),
            Origin::Value(mut value) => {
                wrap_list(&mut value);
                value
            }
        };
        *bytes += weight(&value);
        if *bytes > MAX_OUTPUT_BYTES {
            return Err(EditorError::TooLarge);
        }
        inputs.insert(input.name.to_owned(), value);
    }
    widgets::settle(node, &mut inputs);
    Ok(inputs)
}

/// A bare list would be read as a link.
fn wrap_list(value: &mut Value) {
    if value.is_array() {
        *value = json!({ "__value__": value.take() });
    }
}

/// About how many bytes a value takes when written.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::Array(items) => 8 + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + weight(value)).sum(),
    }
}

fn name_of(node: &Node, prefix: &str) -> NodeName {
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(120).collect::<String>();
    NodeName { id: format!("{prefix}{}", node.id), title: node.title.map(short), class: short(node.class) }
}

#[cfg(test)]
mod tests;
