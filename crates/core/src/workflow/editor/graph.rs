//! The file as it stands: graphs of nodes and links, one at the top and one for each subgraph.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{EditorError, MAX_INPUTS, MAX_NODES};

/// The whole file.
pub(super) struct Document<'a> {
    pub(super) root: Graph<'a>,
    /// Subgraphs by id, which is the class of their instances.
    pub(super) subgraphs: HashMap<&'a str, Graph<'a>>,
}

pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    by_id: HashMap<String, usize>,
    links: HashMap<String, Link>,
    /// `SetNode`s by the name they give.
    setters: HashMap<&'a str, usize>,
    /// Of a subgraph: what its instances have as inputs and outputs.
    pub(super) inputs: Vec<Boundary<'a>>,
    pub(super) outputs: Vec<Boundary<'a>>,
    /// Names of the inputs that lead to a widget in the subgraph, in order: those an instance has a value for.
    pub(super) promoted: Vec<&'a str>,
}

pub(super) struct Node<'a> {
    pub(super) id: String,
    pub(super) class: &'a str,
    pub(super) title: Option<&'a str>,
    pub(super) mode: Mode,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) outputs: Vec<&'a str>,
    /// Values of the widgets, by position or (some extensions) by name.
    pub(super) values: Option<&'a Value>,
    /// The same by name, as front ends since 1.49 write them besides.
    pub(super) named: Option<&'a Map<String, Value>>,
    /// `properties.proxyWidgets`, on instances saved before promoted widgets were inputs.
    pub(super) proxies: &'a [Value],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Active,
    Muted,
    Bypassed,
}

pub(super) struct Input<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) link: Option<String>,
    /// It is the socket of a widget.
    pub(super) is_widget: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) from: End,
    pub(super) from_slot: usize,
    pub(super) to: String,
}

/// Where a link begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Node(String),
    /// The inputs of the subgraph the link lies in; the front end gives them the node id -10.
    Outside,
}

pub(super) struct Boundary<'a> {
    pub(super) name: &'a str,
    pub(super) links: Vec<String>,
}

impl<'a> Document<'a> {
    pub(super) fn parse(file: &'a Value) -> Result<Self, EditorError> {
        let root = Graph::parse(file)?;
        let definitions = file.pointer("/definitions/subgraphs").and_then(Value::as_array);
        let mut subgraphs = HashMap::new();
        for definition in definitions.into_iter().flatten() {
            if let Some(id) = definition.get("id").and_then(Value::as_str) {
                subgraphs.insert(id, Graph::parse(definition)?);
            }
        }
        Ok(Self { root, subgraphs })
    }
}

impl<'a> Graph<'a> {
    fn parse(graph: &'a Value) -> Result<Self, EditorError> {
        let list = |name: &str| graph.get(name).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        if !graph.get("nodes").is_some_and(Value::is_array) {
            return Err(EditorError::NotAWorkflow { reason: "it has no list of nodes".to_owned() });
        }
        if list("nodes").len() > MAX_NODES {
            return Err(EditorError::TooLarge);
        }
        let nodes: Vec<Node> = list("nodes").iter().map(Node::parse).collect::<Result<_, _>>()?;
        let by_id = nodes.iter().enumerate().map(|(index, node)| (node.id.clone(), index)).collect();
        let links = list("links").iter().filter_map(Link::parse).collect();
        let setters = nodes.iter().enumerate().filter(|(_, node)| node.class == "SetNode");
        let setters = setters.filter_map(|(index, node)| Some((node.value(0)?.as_str()?, index))).collect();
        let boundary = |name| list(name).iter().filter_map(Boundary::parse).collect();
        let (inputs, outputs) = (boundary("inputs"), boundary("outputs"));
        let mut graph = Self { nodes, by_id, links, setters, inputs, outputs, promoted: Vec::new() };
        let promoted = graph.inputs.iter().filter(|input| graph.leads_to_widget(input)).map(|input| input.name);
        graph.promoted = promoted.collect();
        Ok(graph)
    }

    fn leads_to_widget(&self, input: &Boundary) -> bool {
        input.links.iter().any(|id| {
            let target = self.link(id).and_then(|link| self.find(&link.to));
            let mut slots = target.into_iter().flat_map(|node| &self.nodes[node].inputs);
            slots.any(|slot| slot.is_widget && slot.link.as_deref() == Some(id))
        })
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(super) fn setter(&self, name: &str) -> Option<usize> {
        self.setters.get(name).copied()
    }

    /// A link a slot names but the file lacks counts as none: the front end repairs such files the same way.
    pub(super) fn link(&self, id: &str) -> Option<&Link> {
        self.links.get(id)
    }
}

impl<'a> Node<'a> {
    fn parse(node: &'a Value) -> Result<Self, EditorError> {
        let missing = |what: &str| EditorError::NotAWorkflow { reason: format!("one of its nodes has no {what}") };
        let list = |name: &str| node.get(name).and_then(Value::as_array).into_iter().flatten();
        let title = node.get("title").and_then(Value::as_str);
        if list("inputs").count() > MAX_INPUTS {
            return Err(EditorError::TooLarge);
        }
        Ok(Self {
            id: node.get("id").and_then(id).ok_or_else(|| missing("id"))?,
            class: node.get("type").and_then(Value::as_str).ok_or_else(|| missing("type"))?,
            title: title.filter(|title| !title.trim().is_empty()),
            mode: match node.get("mode").and_then(Value::as_u64) {
                Some(2) => Mode::Muted,
                Some(4) => Mode::Bypassed,
                _ => Mode::Active,
            },
            inputs: list("inputs").filter_map(Input::parse).collect(),
            outputs: list("outputs").map(kind).collect(),
            values: node.get("widgets_values"),
            named: node.get("widgets_values_named").and_then(Value::as_object),
            proxies: node.pointer("/properties/proxyWidgets").and_then(Value::as_array).map_or(&[], Vec::as_slice),
        })
    }

    /// The value at `position` of the list, where the node has one.
    pub(super) fn value(&self, position: usize) -> Option<&'a Value> {
        self.values?.as_array()?.get(position)
    }
}

impl<'a> Input<'a> {
    fn parse(input: &'a Value) -> Option<Self> {
        Some(Self {
            name: input.get("name")?.as_str()?,
            kind: kind(input),
            link: input.get("link").and_then(id),
            is_widget: input.get("widget").is_some_and(Value::is_object),
        })
    }
}

impl Link {
    /// Both forms: `[id, from, slot, to, slot, type]` and `{id, origin_id, origin_slot, target_id, …}`.
    fn parse(link: &Value) -> Option<(String, Self)> {
        let field = |position: usize, name: &str| link.get(position).or_else(|| link.get(name));
        let from = id(field(1, "origin_id")?)?;
        Some((
            id(field(0, "id")?)?,
            Self {
                from: if from == "-10" { End::Outside } else { End::Node(from) },
                from_slot: usize::try_from(field(2, "origin_slot")?.as_u64()?).ok()?,
                to: id(field(3, "target_id")?)?,
            },
        ))
    }
}

impl<'a> Boundary<'a> {
    fn parse(boundary: &'a Value) -> Option<Self> {
        let links = boundary.get("linkIds").and_then(Value::as_array).into_iter().flatten();
        Some(Self { name: boundary.get("name")?.as_str()?, links: links.filter_map(id).collect() })
    }
}

/// Ids are numbers in most files and texts in some.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The type of a slot; `*` for the numbers and nulls that mean any.
fn kind(slot: &Value) -> &str {
    slot.get("type").and_then(Value::as_str).unwrap_or("*")
}
