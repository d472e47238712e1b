//! The API-format workflow graph, as it is submitted: `{id: {class_type, inputs, _meta?}}`.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

/// More nodes than any real workflow has.
pub const MAX_NODES: usize = 20_000;
/// How deep the value of an input may be nested.
pub const MAX_DEPTH: usize = 64;
/// Longest node id and class name, in bytes.
pub const MAX_NAME: usize = 1024;

/// A workflow graph. Nodes keep the order in which they were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
    places: HashMap<String, usize>,
}

/// One node of a submitted graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub id: String,
    pub class_type: String,
    /// `_meta.title`, as the front end wrote it: usually the class's display name, maybe the user's own, maybe empty.
    pub title: Option<String>,
    /// Untouched, links included; seeds keep all 64 bits.
    pub inputs: Map<String, Value>,
    /// The inputs that are links to nodes of this graph or to nodes that are not there.
    pub links: Vec<Link>,
}

/// An input that takes what another node puts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub input: String,
    /// Id of the node the value comes from.
    pub from: String,
    /// Index among that node's outputs.
    pub output: u32,
}

/// Why a value is no workflow graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    #[error("the workflow is no JSON object: send the API format, an object of nodes by their id")]
    NotAnObject,
    #[error("this is a workflow in the editor's format: export it with \"Export (API)\"")]
    EditorFormat,
    #[error("the workflow has {count} nodes, at most {MAX_NODES} are taken")]
    TooManyNodes { count: usize },
    #[error("node {id:?} is no JSON object: every node needs \"class_type\" and \"inputs\"")]
    NodeNotAnObject { id: String },
    #[error("node {id:?} has no \"class_type\": the file is broken, or not in the API format")]
    NoClassType { id: String },
    #[error("the \"inputs\" of node {id:?} are no JSON object")]
    InputsNotAnObject { id: String },
    #[error("an input of node {id:?} is nested more than {MAX_DEPTH} deep")]
    TooDeep { id: String },
    #[error("an id or class name in the workflow is longer than {MAX_NAME} bytes")]
    NameTooLong,
}

impl Graph {
    /// Reads a graph. Links may lead nowhere and in circles: the server is the one to refuse that.
    pub fn from_value(value: &Value) -> Result<Self, GraphError> {
        let object = value.as_object().ok_or(GraphError::NotAnObject)?;
        if object.get("nodes").is_some_and(Value::is_array) {
            return Err(GraphError::EditorFormat);
        }
        if object.len() > MAX_NODES {
            return Err(GraphError::TooManyNodes { count: object.len() });
        }
        let nodes = object.iter().map(|(id, node)| Node::from_value(id, node)).collect::<Result<Vec<_>, _>>()?;
        let places = nodes.iter().enumerate().map(|(place, node)| (node.id.clone(), place)).collect();
        Ok(Self { nodes, places })
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn node(&self, id: &str) -> Option<&Node> {
        self.place(id).map(|place| &self.nodes[place])
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Ids of the nodes whose outputs this one takes, each once, in the order of its inputs; none if it is unknown.
    pub fn dependencies(&self, id: &str) -> Vec<&str> {
        let mut seen = HashSet::new();
        let links = self.place(id).map_or(&[][..], |place| &self.nodes[place].links);
        let sources = links.iter().filter_map(|link| self.place(&link.from));
        sources.filter(|place| seen.insert(*place)).map(|place| self.nodes[place].id.as_str()).collect()
    }

    /// All nodes, each after those it depends on, else in the order given. Nodes in a circle, and those after it, come
    /// last in the order given.
    pub fn topological_order(&self) -> Vec<&Node> {
        let sources: Vec<Vec<usize>> = (0..self.nodes.len()).map(|place| self.sources(place)).collect();
        let mut waiting: Vec<usize> = sources.iter().map(Vec::len).collect();
        let mut dependents = vec![Vec::new(); self.nodes.len()];
        for (place, sources) in sources.iter().enumerate() {
            for source in sources {
                dependents[*source].push(place);
            }
        }
        let mut ready: std::collections::BTreeSet<usize> =
            (0..self.nodes.len()).filter(|place| waiting[*place] == 0).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut placed = vec![false; self.nodes.len()];
        while let Some(place) = ready.pop_first() {
            placed[place] = true;
            order.push(&self.nodes[place]);
            for dependent in &dependents[place] {
                waiting[*dependent] -= 1;
                if waiting[*dependent] == 0 {
                    ready.insert(*dependent);
                }
            }
        }
        order.extend(self.nodes.iter().zip(placed).filter(|(_, placed)| !placed).map(|(node, _)| node));
        order
    }

    /// The nodes that have to run for these outputs, themselves included. Unknown ids are passed over.
    pub fn ancestors_of<'a>(&self, outputs: impl IntoIterator<Item = &'a str>) -> HashSet<&str> {
        let mut found = HashSet::new();
        let mut open: VecDeque<usize> = outputs.into_iter().filter_map(|id| self.place(id)).collect();
        while let Some(place) = open.pop_front() {
            if found.insert(self.nodes[place].id.as_str()) {
                open.extend(self.sources(place));
            }
        }
        found
    }

    /// The nodes whose class is an output class, by what `is_output` says about it (`output_node` of `/object_info`).
    pub fn outputs(&self, mut is_output: impl FnMut(&str) -> bool) -> Vec<&Node> {
        self.nodes.iter().filter(|node| is_output(&node.class_type)).collect()
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The places of the nodes this one depends on, each once.
    fn sources(&self, place: usize) -> Vec<usize> {
        let mut sources: Vec<usize> =
            self.nodes[place].links.iter().filter_map(|link| self.place(&link.from)).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

impl Node {
    fn from_value(id: &str, value: &Value) -> Result<Self, GraphError> {
        let node = value.as_object().ok_or_else(|| GraphError::NodeNotAnObject { id: id.to_owned() })?;
        let class_type = node.get("class_type").and_then(Value::as_str);
        let class_type = class_type.ok_or_else(|| GraphError::NoClassType { id: id.to_owned() })?;
        if id.len() > MAX_NAME || class_type.len() > MAX_NAME {
            return Err(GraphError::NameTooLong);
        }
        let inputs = match node.get("inputs") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(inputs)) => inputs.clone(),
            Some(_) => return Err(GraphError::InputsNotAnObject { id: id.to_owned() }),
        };
        if inputs.values().any(|input| !is_shallow(input, MAX_DEPTH)) {
            return Err(GraphError::TooDeep { id: id.to_owned() });
        }
        let links = inputs.iter().filter_map(|(input, value)| {
            let (from, output) = as_link(value)?;
            Some(Link { input: input.clone(), from: from.to_owned(), output })
        });
        Ok(Self {
            id: id.to_owned(),
            class_type: class_type.to_owned(),
            title: value.pointer("/_meta/title").and_then(Value::as_str).map(str::to_owned),
            links: links.collect(),
            inputs,
        })
    }
}

/// The node id and output index of an input that is a link: a list of a text and a number (`ComfyUI`
/// `comfy_execution/graph_utils.py`). Lists given as values are wrapped, see [`plain`].
pub fn as_link(value: &Value) -> Option<(&str, u32)> {
    match value.as_array()?.as_slice() {
        [Value::String(id), Value::Number(output)] => Some((id, output.as_f64()? as u32)),
        _ => None,
    }
}

/// Whether an input is a link.
pub fn is_link(value: &Value) -> bool {
    as_link(value).is_some()
}

/// The value an input means: without the `{"__value__": …}` that keeps a list from being taken for a link.
pub fn plain(value: &Value) -> &Value {
    value.as_object().and_then(|wrapper| wrapper.get("__value__")).unwrap_or(value)
}

/// Whether the value is nested at most `depth` deep.
fn is_shallow(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(fields) => depth > 0 && fields.values().all(|field| is_shallow(field, depth - 1)),
        _ => true,
    }
}
