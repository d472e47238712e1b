//! Puts what a person typed into a graph: `{nodeId: {input: value}}`.

use std::collections::HashMap;

use serde_json::{Map, Number, Value, json};
use thiserror::Error;

use super::Classes;
use super::spec::{self, Kind};
use crate::comfy::graph::as_link;

/// Why overrides do not fit their graph; nothing was changed then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OverrideError {
    #[error("Overrides are an object of node ids, each with an object of inputs: {{\"3\": {{\"seed\": 42}}}}")]
    NotAnObject,
    #[error("The workflow has no node {node_id:?}. Use the ids of its API format, as /v1/workflows lists them")]
    UnknownNode { node_id: String },
    #[error("Node {node_id:?} (class {class_type}) has no input {input:?}. It has {known}")]
    UnknownInput { node_id: String, class_type: String, input: String, known: String },
    #[error("Input {input:?} of node {node_id:?} takes {expected}, not {got}")]
    WrongShape { node_id: String, input: String, expected: &'static str, got: &'static str },
    #[error("Input {input:?} of node {node_id:?} is linked to node {target:?}, which the workflow does not have")]
    BrokenLink { node_id: String, input: String, target: String },
}

impl OverrideError {
    /// The field the error belongs to, for a form that marks it.
    pub fn field(&self) -> Option<(&str, Option<&str>)> {
        match self {
            Self::NotAnObject => None,
            Self::UnknownNode { node_id } => Some((node_id, None)),
            Self::UnknownInput { node_id, input, .. }
            | Self::WrongShape { node_id, input, .. }
            | Self::BrokenLink { node_id, input, .. } => Some((node_id, Some(input))),
        }
    }
}

/// Applies `overrides` to the API-format `graph`: all of them, or none and the first error.
///
/// A whole number may come as a text of digits, as JavaScript must send seeds above 2^53; it becomes a number again
/// where the input takes numbers (for a class the server does not know: where a number stood before). A list becomes `{"__value__": […]}` unless it is a link to a node of the graph. Bounds and choices are left to `ComfyUI`,
/// whose answer names them.
pub fn apply(graph: &mut Value, overrides: &Value, classes: &Classes) -> Result<(), OverrideError> {
    let overrides = overrides.as_object().ok_or(OverrideError::NotAnObject)?;
    let mut changed = graph.clone();
    for (node_id, values) in overrides {
        let unknown = || OverrideError::UnknownNode { node_id: node_id.clone() };
        let values = values.as_object().ok_or(OverrideError::NotAnObject)?;
        let node = graph.get(node_id).and_then(Value::as_object).ok_or_else(unknown)?;
        let target = changed.get_mut(node_id).and_then(Value::as_object_mut).ok_or_else(unknown)?;
        let inputs = target.entry("inputs").or_insert_with(|| Value::Object(Map::new()));
        let inputs = inputs.as_object_mut().ok_or_else(unknown)?;
        for (input, value) in values {
            let field = Field { graph, node_id, node, input };
            inputs.insert(input.clone(), field.accept(value, values, classes)?);
        }
    }
    *graph = changed;
    Ok(())
}

struct Field<'a> {
    graph: &'a Value,
    node_id: &'a str,
    node: &'a Map<String, Value>,
    input: &'a str,
}

impl Field<'_> {
    /// The value as it goes into the graph. `siblings` are the other overrides of the node: they may take a branch that
    /// brings this input into being.
    fn accept(&self, value: &Value, siblings: &Map<String, Value>, classes: &Classes) -> Result<Value, OverrideError> {
        let class_type = self.node.get("class_type").and_then(Value::as_str).unwrap_or_default();
        let current = self.node.get("inputs").and_then(Value::as_object);
        let mut effective = current.cloned().unwrap_or_default();
        effective.extend(siblings.iter().map(|(name, value)| (name.clone(), value.clone())));
        let declared = classes(class_type).map(|info| spec::of_node(info, &effective));
        let spec = declared.as_ref().and_then(|specs| specs.get(self.input));
        let before = current.and_then(|inputs| inputs.get(self.input));
        if spec.is_none() && before.is_none() {
            let declared = declared.iter().flat_map(HashMap::keys);
            let mut known: Vec<&str> =
                declared.chain(current.into_iter().flat_map(Map::keys)).map(String::as_str).collect();
            known.sort_unstable();
            known.dedup();
            return Err(OverrideError::UnknownInput {
                node_id: self.node_id.to_owned(),
                class_type: class_type.to_owned(),
                input: self.input.to_owned(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            });
        }
        if let Some((target, _)) = as_link(value) {
            return if self.graph.get(target).is_some() {
                Ok(value.clone())
            } else {
                Err(OverrideError::BrokenLink {
                    node_id: self.node_id.to_owned(),
                    input: self.input.to_owned(),
                    target: target.to_owned(),
                })
            };
        }
        match spec.map_or_else(|| Shape::of_value(before), |spec| Shape::of_kind(spec.kind)).fit(value) {
            Ok(value) => Ok(value),
            Err(expected) => Err(OverrideError::WrongShape {
                node_id: self.node_id.to_owned(),
                input: self.input.to_owned(),
                expected,
                got: noun(value),
            }),
        }
    }
}

/// What an input takes.
enum Shape {
    Whole,
    Number,
    Text,
    Bool,
    Choice,
    Link,
    Any,
}

impl Shape {
    fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Int => Self::Whole,
            Kind::Float => Self::Number,
            Kind::Text => Self::Text,
            Kind::Bool => Self::Bool,
            Kind::Choice(_) | Kind::Branches(_) => Self::Choice,
            Kind::Growing(_) => Self::Link,
            Kind::Other(_) => Self::Any,
        }
    }

    /// For a class nobody knows, what stands there now tells what belongs there. A link tells nothing.
    fn of_value(before: Option<&Value>) -> Self {
        match before {
            // Not whole, though `7` stands there: the front end writes a FLOAT of 7.0 so.
            Some(Value::Number(_)) => Self::Number,
            Some(Value::String(_)) => Self::Text,
            Some(Value::Bool(_)) => Self::Bool,
            _ => Self::Any,
        }
    }

    /// The value as it goes into the graph, or what would be one.
    fn fit(&self, value: &Value) -> Result<Value, &'static str> {
        let fitting = match (self, value) {
            (Self::Any | Self::Choice, Value::Array(_)) => Some(json!({ "__value__": value })),
            (Self::Any, _)
            | (Self::Text, Value::String(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Choice, Value::String(_) | Value::Number(_) | Value::Bool(_)) => Some(value.clone()),
            (Self::Whole | Self::Number, Value::String(digits)) => whole(digits).map(Value::Number),
            (Self::Whole, Value::Number(number)) => {
                let is_whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
                is_whole.then(|| value.clone())
            }
            _ => None,
        };
        fitting.ok_or(self.expected())
    }

    fn expected(&self) -> &'static str {
        match self {
            Self::Whole => "a whole number up to 18446744073709551615",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Choice => "one of its choices",
            Self::Link => "links, given as single inputs of the group",
            Self::Any => "a value",
        }
    }
}

/// `text` as a whole number that a signed or unsigned 64-bit integer holds; nothing else, not even a blank.
fn whole(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from)).ok()
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
