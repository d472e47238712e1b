//! A node as changes see it.

use crate::comfy::graph::{Graph, Node};
use crate::names::{NodeKind, human_name, kind};
use crate::retry::policy::Nodes;
use crate::workflow::Classes;
use crate::workflow::spec::{self, Kind, Spec};
use serde_json::Value;
use std::collections::HashMap;

/// A node whose class is known.
pub(super) struct Place<'g, 'c> {
    pub node: &'g Node,
    pub title: String,
    pub kind: NodeKind,
    pub info: &'c Value,
    pub specs: HashMap<String, Spec<'c>>,
    /// It bears on the failure, and the policy means it.
    pub chosen: bool,
    /// Nobody knows of a node that failed, or it is this one.
    pub suspect: bool,
}

/// A whole number that stands in an input, and what may stand there.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    pub value: u64,
    pub min: u64,
    pub max: u64,
    pub step: u64,
}

impl<'g, 'c> Place<'g, 'c> {
    pub(super) fn all(graph: &'g Graph, classes: &Classes<'c>, failed: Option<&str>, on: &Nodes) -> Vec<Self> {
        let failed = failed.filter(|id| graph.node(id).is_some());
        let bearing = failed.map(|id| graph.ancestors_of([id]));
        let places = graph.nodes().iter().filter_map(|node| {
            let info = classes(&node.class_type)?;
            let text = |name: &str| info.get(name).and_then(Value::as_str);
            let kind = kind(&node.class_type, text("category"));
            let bears = bearing.as_ref().is_none_or(|bearing| bearing.contains(node.id.as_str()));
            Some(Place {
                node,
                title: human_name(node.title.as_deref(), &node.class_type, text("display_name")),
                kind,
                info,
                specs: spec::of_node(info, &node.inputs),
                chosen: bears && on.include(&node.class_type, kind),
                suspect: failed.is_none_or(|id| id == node.id),
            })
        });
        places.collect()
    }

    /// The whole number in an input that takes such; none where it is linked, missing or negative.
    pub(super) fn whole(&self, input: &str) -> Option<Whole> {
        let spec = self.specs.get(input).filter(|spec| spec.kind == Kind::Int)?;
        let value = self.node.inputs.get(input)?;
        let bound = |name| spec.option(name).and_then(Value::as_u64);
        Some(Whole {
            value: value.as_u64().or_else(|| exact(value.as_f64()?))?,
            min: bound("min").unwrap_or(0),
            max: bound("max").unwrap_or(u64::MAX),
            step: bound("step").unwrap_or(1).max(1),
        })
    }

    pub(super) fn puts_out(&self, kinds: &[&str]) -> bool {
        let outputs = self.info.get("output").and_then(Value::as_array);
        outputs.into_iter().flatten().any(|output| output.as_str().is_some_and(|output| kinds.contains(&output)))
    }
}

/// `512.0`, as some editors write whole numbers.
fn exact(number: f64) -> Option<u64> {
    let is_exact = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
    is_exact.then_some(number as u64)
}
