//! The workflow without subgraphs, and the way back from an input to what really feeds it.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

use super::graph::{Document, End, Graph, Mode, Node};
use super::promoted::Promoted;
use super::{Classes, EditorError, MAX_DEPTH, MAX_NODES, MAX_STEPS, NodeName, name_of};

/// One graph at one place: the top, or a subgraph inside one of its instances.
struct Scope<'a> {
    graph: &'a Graph<'a>,
    /// What stands before the ids of its nodes: `57:`.
    prefix: String,
    /// The instance it is in: scope and node.
    parent: Option<(usize, usize)>,
    /// Scopes of the instances in it, by node.
    children: HashMap<usize, usize>,
    /// Values its instance gives to the nodes in it.
    promoted: Promoted,
    depth: usize,
}

/// What a node is to the graph that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Runs,
    Instance,
    /// Hands on its first input.
    Passes,
    /// Holds a value for the widgets it is linked to.
    Primitive,
    /// Hands on what the setter of the same name gets (`GetNode` of the `KJNodes` extension).
    Getter,
    /// Notes, labels and switchboards, which nothing is linked to.
    Decoration,
}

impl Part {
    /// Of a class the server does not know: those that live only in the editor.
    fn of_unknown(class: &str) -> Self {
        match class {
            "Reroute" | "Reroute (rgthree)" | "SetNode" => Self::Passes,
            "PrimitiveNode" => Self::Primitive,
            "GetNode" => Self::Getter,
            "Note"
            | "MarkdownNote"
            | "Label (rgthree)"
            | "Bookmark (rgthree)"
            | "Fast Groups Muter (rgthree)"
            | "Fast Groups Bypasser (rgthree)"
            | "Fast Muter (rgthree)"
            | "Fast Bypasser (rgthree)" => Self::Decoration,
            _ => Self::Runs,
        }
    }
}

/// What feeds an input.
#[derive(Debug, PartialEq)]
pub(super) enum Origin {
    Output { id: String, slot: usize },
    Value(Value),
    Nothing,
}

/// A step on the way back.
enum Step<'a> {
    Input { scope: usize, node: usize, slot: usize },
    Output { scope: usize, node: usize, slot: usize, wanted: &'a str },
}

pub(super) struct Flat<'a> {
    scopes: Vec<Scope<'a>>,
    parts: Vec<Vec<Part>>,
    nodes: usize,
    /// How many more steps may be taken.
    steps: Cell<usize>,
}

impl<'a> Flat<'a> {
    /// Puts subgraphs in place. Muted and bypassed instances stay closed: nothing in them can be reached, and output
    /// nodes in them are not meant to run.
    pub(super) fn new(document: &'a Document<'a>, classes: &Classes) -> Result<Self, EditorError> {
        let top = Scope {
            graph: &document.root,
            prefix: String::new(),
            parent: None,
            children: HashMap::new(),
            promoted: Promoted::default(),
            depth: 0,
        };
        let mut flat = Self { scopes: vec![top], parts: Vec::new(), nodes: 0, steps: Cell::new(MAX_STEPS) };
        let mut at = 0;
        while at < flat.scopes.len() {
            flat.open(at, document, classes)?;
            at += 1;
        }
        Ok(flat)
    }

    fn open(&mut self, at: usize, document: &'a Document<'a>, classes: &Classes) -> Result<(), EditorError> {
        let graph = self.scopes[at].graph;
        self.nodes += graph.nodes.len();
        if self.nodes > MAX_NODES {
            return Err(EditorError::TooLarge);
        }
        let mut parts = Vec::with_capacity(graph.nodes.len());
        for (index, node) in graph.nodes.iter().enumerate() {
            let subgraph = document.subgraphs.get(node.class);
            parts.push(match subgraph {
                Some(_) => Part::Instance,
                None if classes(node.class).is_some() => Part::Runs,
                None => Part::of_unknown(node.class),
            });
            let Some(subgraph) = subgraph.filter(|_| node.mode == Mode::Active) else {
                continue;
            };
            let depth = self.scopes[at].depth + 1;
            if depth > MAX_DEPTH {
                return Err(EditorError::TooDeep { node: self.name(at, index) });
            }
            let scope = Scope {
                graph: subgraph,
                prefix: format!("{}:", self.id(at, index)),
                parent: Some((at, index)),
                children: HashMap::new(),
                promoted: Promoted::of(node, subgraph, &self.promoted_to(at, index)),
                depth,
            };
            let child = self.scopes.len();
            self.scopes.push(scope);
            self.scopes[at].children.insert(index, child);
        }
        self.parts.push(parts);
        Ok(())
    }

    /// Every node as scope and index, in the order of the file, instances before what is in them.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.scopes.iter().enumerate().flat_map(|(scope, it)| (0..it.graph.nodes.len()).map(move |node| (scope, node)))
    }

    pub(super) fn node(&self, scope: usize, node: usize) -> &'a Node<'a> {
        &self.scopes[scope].graph.nodes[node]
    }

    pub(super) fn part(&self, scope: usize, node: usize) -> Part {
        self.parts[scope][node]
    }

    pub(super) fn id(&self, scope: usize, node: usize) -> String {
        format!("{}{}", self.scopes[scope].prefix, self.node(scope, node).id)
    }

    pub(super) fn name(&self, scope: usize, node: usize) -> NodeName {
        name_of(self.node(scope, node), &self.scopes[scope].prefix)
    }

    /// Values of the node's widgets that the instance around it decides, by widget.
    pub(super) fn promoted_to(&self, scope: usize, node: usize) -> HashMap<&str, &Value> {
        self.scopes[scope].promoted.to_node(&self.node(scope, node).id)
    }

    /// Follows the link of an input back through everything that does not run.
    pub(super) fn resolve(&self, scope: usize, node: usize, slot: usize) -> Result<Origin, EditorError> {
        let mut step = Step::Input { scope, node, slot };
        // The value of the outermost instance on the way that has one, for a way that ends nowhere.
        let mut promoted = None;
        // No way without a loop is longer than in and out of each node.
        for _ in 0..=2 * self.nodes {
            self.steps.set(self.steps.get().checked_sub(1).ok_or(EditorError::TooLarge)?);
            let next = match step {
                Step::Input { scope, node, slot } => self.before_input(scope, node, slot, &mut promoted),
                Step::Output { scope, node, slot, wanted } => match self.before_output(scope, node, slot, wanted) {
                    Ok(next) => next,
                    Err(origin) => return Ok(origin),
                },
            };
            match next {
                Some(next) => step = next,
                None => return Ok(promoted.map_or(Origin::Nothing, Origin::Value)),
            }
        }
        Err(EditorError::Loop { node: self.name(scope, node) })
    }

    fn before_input(&self, at: usize, node: usize, slot: usize, promoted: &mut Option<Value>) -> Option<Step<'a>> {
        let scope = &self.scopes[at];
        let input = scope.graph.nodes[node].inputs.get(slot)?;
        let link = scope.graph.link(input.link.as_deref()?)?;
        match &link.from {
            End::Node(from) => Some(Step::Output {
                scope: at,
                node: scope.graph.find(from)?,
                slot: link.from_slot,
                wanted: input.kind,
            }),
            End::Outside => self.outside(at, link.from_slot, promoted),
        }
    }

    /// From input number `slot` of the subgraph to the same input of its instance. The instance may have fewer, as the
    /// front end leaves out those without a link, so the name decides.
    fn outside(&self, at: usize, slot: usize, promoted: &mut Option<Value>) -> Option<Step<'a>> {
        let scope = &self.scopes[at];
        let name = scope.graph.inputs.get(slot)?.name;
        if let Some(value) = scope.promoted.to_input(name) {
            *promoted = Some(value.clone());
        }
        let (scope, node) = scope.parent?;
        let slot = self.node(scope, node).inputs.iter().position(|input| input.name == name)?;
        Some(Step::Input { scope, node, slot })
    }

    /// `Err` is the end of the way.
    fn before_output(&self, at: usize, node: usize, slot: usize, wanted: &'a str) -> Result<Option<Step<'a>>, Origin> {
        let scope = &self.scopes[at];
        let it = &scope.graph.nodes[node];
        let input = |slot| Ok(Some(Step::Input { scope: at, node, slot }));
        match self.parts[at][node] {
            // Whatever its mode: the front end copies its value before it looks at modes.
            Part::Primitive => Err(self
                .promoted_to(at, node)
                .get("value")
                .copied()
                .or_else(|| it.value(0))
                .filter(|value| !value.is_null())
                .map_or(Origin::Nothing, |value| Origin::Value(value.clone()))),
            Part::Passes => input(0),
            Part::Getter => Ok(self.setter(at, it).map(|(scope, node)| Step::Input { scope, node, slot: 0 })),
            Part::Decoration => Ok(None),
            Part::Runs | Part::Instance if it.mode == Mode::Bypassed => match through(it, slot, wanted) {
                Some(slot) => input(slot),
                None => Ok(None),
            },
            _ if it.mode == Mode::Muted => Ok(None),
            Part::Runs => Err(Origin::Output { id: self.id(at, node), slot }),
            Part::Instance => Ok(self.inside(at, node, slot, wanted)),
        }
    }

    /// From an output of an instance to the node in it that makes it.
    fn inside(&self, at: usize, node: usize, slot: usize, wanted: &'a str) -> Option<Step<'a>> {
        let child = *self.scopes[at].children.get(&node)?;
        let graph = self.scopes[child].graph;
        let link = graph.outputs.get(slot)?.links.iter().find_map(|id| graph.link(id))?;
        match &link.from {
            End::Node(from) => {
                Some(Step::Output { scope: child, node: graph.find(from)?, slot: link.from_slot, wanted })
            }
            End::Outside => self.outside(child, link.from_slot, &mut None),
        }
    }

    /// The setter a getter names; names reach from the top into subgraphs.
    fn setter(&self, at: usize, getter: &Node) -> Option<(usize, usize)> {
        let name = getter.value(0)?.as_str()?;
        let mut scope = Some(at);
        while let Some(at) = scope {
            if let Some(node) = self.scopes[at].graph.setter(name) {
                return Some((at, node));
            }
            scope = self.scopes[at].parent.map(|(scope, _)| scope);
        }
        None
    }
}

/// The input a bypassed node hands on through output `slot`: the one of the same number if its type fits, else the
/// first of exactly the wanted type, else the first that fits.
fn through(node: &Node, slot: usize, wanted: &str) -> Option<usize> {
    if matches!(wanted, "*" | "") {
        let first = (!node.inputs.is_empty()).then_some(0);
        return if slot < node.inputs.len() { Some(slot) } else { first };
    }
    let made = node.outputs.get(slot).copied().unwrap_or("*");
    let fits = |kind: &str| compatible(kind, made) && compatible(kind, wanted);
    if node.inputs.get(slot).is_some_and(|input| fits(input.kind)) {
        return Some(slot);
    }
    let exact = node.inputs.iter().position(|input| input.kind == wanted);
    exact.or_else(|| node.inputs.iter().position(|input| fits(input.kind)))
}

/// Types are lists (`INT,FLOAT`) without regard to case; `*` is all of them.
fn compatible(one: &str, other: &str) -> bool {
    let any = |kind: &str| matches!(kind, "*" | "" | "0");
    any(one)
        || any(other)
        || one.split(',').any(|one| other.split(',').any(|other| one.trim().eq_ignore_ascii_case(other.trim())))
}
