//! The fields of a graph that a person may want to fill in before it runs: what `POST /v1/workflows` answers.

mod label;
mod roles;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Classes;
use super::spec::{self, Kind, Spec};
use crate::comfy::graph::{self, Graph, is_link, plain};
use crate::generation::NodeError;
use crate::names::human_name;
use roles::Roles;

/// Integers beyond this are sent as text, as JavaScript would round them.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The fields of a graph, most wanted first, and what about it may not work on this server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Form {
    pub inputs: Vec<FormInput>,
    pub warnings: Vec<NodeError>,
}

/// One input of one node that has a value, not a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FormInput {
    pub node_id: String,
    /// Name of the input in the graph, to be used in `overrides`.
    pub input: String,
    /// What to write beside the field: `Negative prompt`, `Filename prefix`.
    pub label: String,
    pub node_title: String,
    pub role: InputRole,
    #[serde(rename = "type")]
    pub kind: InputType,
    /// As it stands in the graph; integers above 2^53 as text.
    pub value: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<Value>>,
}

/// What an input does for the picture, so that a page can lead with what matters. The order is that of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum InputRole {
    Prompt,
    Negative,
    Model,
    Seed,
    Width,
    Height,
    Steps,
    Cfg,
    Sampler,
    Scheduler,
    Image,
    Other,
}

/// Which field edits an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum InputType {
    Int,
    Float,
    /// Text of one line.
    String,
    /// Text of several lines.
    Text,
    Boolean,
    Choice,
    /// Objects, lists and what else has no field of its own.
    Json,
}

/// The form of `graph`.
///
/// Works without any class too: types are then guessed from the values, roles from the names of inputs, and every class
/// has a warning.
pub fn form(graph: &Graph, classes: &Classes) -> Form {
    let roles = Roles::of(graph, classes);
    let mut form = Form::default();
    for node in graph.topological_order() {
        let described = Described::new(node, classes);
        if described.info.is_none() {
            let message = format!("This server does not know the node class {}", node.class_type);
            form.warnings.push(described.warning(None, message));
        }
        for (name, value) in node.inputs.iter().filter(|(_, value)| !is_link(value)) {
            let spec = described.specs.get(name);
            if let Some(message) = spec.and_then(|spec| missing_choice(spec, value)) {
                form.warnings.push(described.warning(Some(name), message));
            }
            form.inputs.push(described.input(name, value, spec, roles.get(&node.id, name)));
        }
    }
    // Stable: within one role the topological order stays.
    form.inputs.sort_by_key(|input| input.role);
    form
}

/// The text of the prompt, where there is one that is not blank: what a job without a title is called after.
pub fn prompt_text(graph: &Graph, classes: &Classes) -> Option<String> {
    let roles = Roles::of(graph, classes);
    graph.topological_order().into_iter().find_map(|node| {
        node.inputs
            .iter()
            .filter(|(name, _)| roles.get(&node.id, name) == InputRole::Prompt)
            .find_map(|(_, value)| Some(value.as_str()?.trim()).filter(|text| !text.is_empty()))
            .map(str::to_owned)
    })
}

/// A node with what the server says about its class.
struct Described<'a, 'i> {
    node: &'a graph::Node,
    title: String,
    info: Option<&'i Value>,
    specs: HashMap<String, Spec<'i>>,
}

impl<'a, 'i> Described<'a, 'i> {
    fn new(node: &'a graph::Node, classes: &Classes<'i>) -> Self {
        let info = classes(&node.class_type);
        let display_name = info.and_then(|info| info.get("display_name")).and_then(Value::as_str);
        Self {
            node,
            title: human_name(node.title.as_deref(), &node.class_type, display_name),
            info,
            specs: info.map(|info| spec::of_node(info, &node.inputs)).unwrap_or_default(),
        }
    }

    fn warning(&self, input: Option<&str>, message: String) -> NodeError {
        NodeError {
            node_id: Some(self.node.id.clone()),
            node_title: Some(self.title.clone()),
            class_type: Some(self.node.class_type.clone()),
            input: input.map(str::to_owned),
            message,
        }
    }

    fn input(&self, name: &str, value: &Value, spec: Option<&Spec>, role: InputRole) -> FormInput {
        let kind = spec.map_or_else(|| InputType::of_value(value), InputType::of_spec);
        let number = |option| spec?.option(option).filter(|bound| bound.is_number()).map(safe);
        FormInput {
            node_id: self.node.id.clone(),
            input: name.to_owned(),
            label: label::input_label(name, role, spec),
            node_title: self.title.clone(),
            role,
            kind,
            value: safe(plain(value)),
            default: spec.and_then(|spec| spec.option("default")).map(safe),
            min: number("min"),
            max: number("max"),
            step: number("step"),
            choices: spec.and_then(choices).filter(|choices| !choices.is_empty()),
        }
    }
}

impl InputType {
    fn of_spec(spec: &Spec) -> Self {
        match spec.kind {
            Kind::Int => Self::Int,
            Kind::Float => Self::Float,
            Kind::Text if spec.is_set("multiline") => Self::Text,
            Kind::Text => Self::String,
            Kind::Bool => Self::Boolean,
            Kind::Choice(_) if spec.is_set("multiselect") => Self::Json,
            Kind::Choice(_) | Kind::Branches(_) => Self::Choice,
            Kind::Growing(_) | Kind::Other(_) => Self::Json,
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Number(number) if number.is_f64() => Self::Float,
            Value::Number(_) => Self::Int,
            Value::String(text) if text.contains('\n') || text.chars().count() > 60 => Self::Text,
            Value::String(_) => Self::String,
            Value::Bool(_) => Self::Boolean,
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Json,
        }
    }
}

fn choices(spec: &Spec) -> Option<Vec<Value>> {
    match spec.kind {
        Kind::Choice(choices) => Some(choices.to_vec()),
        Kind::Branches(branches) => Some(branches.iter().filter_map(|branch| branch.get("key").cloned()).collect()),
        _ => None,
    }
}

/// A value that is not among the choices of this server: mostly a model file it does not have. An empty list tells
/// nothing, as some classes fill it in the browser; nor does a value that is itself a list.
fn missing_choice(spec: &Spec, value: &Value) -> Option<String> {
    let choices = choices(spec).filter(|choices| !choices.is_empty())?;
    let comparable = value.is_string() || value.is_number();
    (comparable && !choices.contains(value)).then(|| {
        let shown: String = value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(120).collect();
        format!("This server does not offer {shown:?}")
    })
}

/// Integers JavaScript would round, as text; all else as it is.
fn safe(value: &Value) -> Value {
    let large = value.as_u64().is_some_and(|n| n > MAX_SAFE_INTEGER)
        || value.as_i64().is_some_and(|n| n.unsigned_abs() > MAX_SAFE_INTEGER);
    if large { Value::from(value.to_string()) } else { value.clone() }
}

#[cfg(test)]
mod tests;
