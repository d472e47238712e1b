//! The values an instance of a subgraph gives to the widgets in it.
//!
//! A subgraph is defined once and used several times; what differs between its instances are the widgets shown on them.
//! Today such a widget is an input of the subgraph that leads to a widget inside, and the instance has one value for
//! each, in the order of the subgraph's inputs. Until early 2026 it was an entry of `properties.proxyWidgets`, `[inner
//! node id, widget]`, with a value of the same position; a missing value means that the inner node's own applies
//! (front end: `SubgraphNode.ts`, `proxyWidgetMigration.ts`).

use std::collections::HashMap;

use serde_json::Value;

use super::graph::{End, Graph, Node};

#[derive(Debug, Default)]
pub(super) struct Promoted {
    /// By name of the subgraph's input.
    inputs: HashMap<String, Value>,
    /// By node in the subgraph, then by widget (of an inner instance: by input).
    widgets: HashMap<String, HashMap<String, Value>>,
}

impl Promoted {
    /// `decided` are values that the instance around `instance` has promoted to it in turn.
    pub(super) fn of(instance: &Node, subgraph: &Graph, decided: &HashMap<&str, &Value>) -> Self {
        let mut promoted = Self::default();
        if instance.proxies.is_empty() {
            promoted.read_inputs(instance, subgraph);
        } else {
            promoted.read_proxies(instance, subgraph);
        }
        for (name, value) in decided {
            promoted.inputs.insert((*name).to_owned(), (*value).clone());
        }
        promoted
    }

    pub(super) fn to_input(&self, name: &str) -> Option<&Value> {
        self.inputs.get(name)
    }

    pub(super) fn to_node(&self, id: &str) -> HashMap<&str, &Value> {
        self.widgets.get(id).into_iter().flatten().map(|(widget, value)| (widget.as_str(), value)).collect()
    }

    fn read_inputs(&mut self, instance: &Node, subgraph: &Graph) {
        let names = &subgraph.promoted;
        let listed = instance.values.and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        // Position decides, as in the front end, unless the list is plainly of another shape.
        if listed.len() != names.len()
            && let Some(named) = instance.values.and_then(Value::as_object).or(instance.named)
        {
            self.inputs.extend(named.iter().map(|(name, value)| (name.clone(), value.clone())));
        } else {
            let values = without_controls(listed, names.len());
            self.inputs.extend(names.iter().map(|name| (*name).to_owned()).zip(values.cloned()));
        }
        self.inputs.retain(|_, value| !value.is_null());
    }

    fn read_proxies(&mut self, instance: &Node, subgraph: &Graph) {
        for (position, proxy) in instance.proxies.iter().enumerate() {
            let Some(value) = instance.value(position).filter(|value| !value.is_null()) else {
                continue;
            };
            let (Some(node), Some(widget)) =
                (proxy.get(0).and_then(super::graph::id), proxy.get(1).and_then(Value::as_str))
            else {
                continue;
            };
            // -1 is the subgraph itself: the entry names one of its inputs.
            let input = if node == "-1" { Some(widget) } else { input_of(subgraph, &node, widget) };
            match input {
                Some(input) => self.inputs.insert(input.to_owned(), value.clone()),
                None => self.widgets.entry(node).or_default().insert(widget.to_owned(), value.clone()),
            };
        }
    }
}

/// Some front ends wrote the companion of a seed (`control_after_generate`) behind it, though nothing shows it there.
fn without_controls(listed: &[Value], wanted: usize) -> impl Iterator<Item = &Value> {
    let surplus = listed.len() > wanted;
    listed.iter().filter(move |value| !(surplus && super::widgets::is_control(value)))
}

/// The input of the subgraph that leads to this widget.
fn input_of<'a>(subgraph: &Graph<'a>, node: &str, widget: &str) -> Option<&'a str> {
    let node = &subgraph.nodes[subgraph.find(node)?];
    let slot = node.inputs.iter().find(|input| input.name == widget)?;
    let link = subgraph.link(slot.link.as_deref()?)?;
    (link.from == End::Outside).then(|| subgraph.inputs.get(link.from_slot).map(|input| input.name))?
}
