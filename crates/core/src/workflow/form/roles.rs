//! Which input plays which role, found by following links back from what consumes them.
//!
//! A text is the prompt because it reaches a sampler's `positive` input, not because of what its node is called. So the
//! search starts at samplers and guiders, goes back through every node that passes conditioning on, and ends at the
//! texts of the encoders, or at the primitive nodes that feed them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::Classes;
use super::super::spec::{self, Kind};
use super::InputRole;
use crate::comfy::graph::{Graph, Node, as_link};

pub(super) struct Roles<'a> {
    found: HashMap<(&'a str, &'a str), InputRole>,
}

impl<'a> Roles<'a> {
    pub(super) fn of(graph: &'a Graph, classes: &Classes) -> Self {
        let mut search = Search { graph, classes, found: HashMap::new() };
        search.prompts();
        search.named();
        Self { found: search.found }
    }

    pub(super) fn get(&self, node: &str, input: &str) -> InputRole {
        self.found.get(&(node, input)).copied().unwrap_or(InputRole::Other)
    }
}

struct Search<'a, 'c, 'i> {
    graph: &'a Graph,
    classes: &'c Classes<'i>,
    found: HashMap<(&'a str, &'a str), InputRole>,
}

/// Names under which encoders of all makes take their text.
const TEXTS: [&str; 14] = [
    "text",
    "prompt",
    "text_g",
    "text_l",
    "clip_l",
    "clip_g",
    "t5xxl",
    "llama",
    "text_positive",
    "positive_prompt",
    "user_prompt",
    "tags",
    "lyrics",
    "caption",
];

/// A place in the search: an output seen as conditioning of a sampler, or a node seen as the text of an encoder.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum At<'a> {
    Conditioning(&'a str, u32),
    Text(&'a str),
}

impl<'a, 'i> Search<'a, '_, 'i> {
    /// The types of the node's outputs, unless its class is unknown.
    fn outputs(&self, node: &Node) -> Option<&'i [Value]> {
        Some((self.classes)(&node.class_type)?.get("output")?.as_array()?)
    }

    /// The type of output number `output` of node `id`, unless its class is unknown.
    fn output_type(&self, id: &str, output: u32) -> Option<&'i str> {
        self.outputs(self.graph.node(id)?)?.get(output as usize)?.as_str()
    }

    /// Gives a role to a value; the first one found stays.
    fn mark(&mut self, node: &'a Node, input: &'a str, role: InputRole) {
        self.found.entry((&node.id, input)).or_insert(role);
    }

    /// Positive before negative: a text that serves as both is the prompt.
    fn prompts(&mut self) {
        let consumers: Vec<&'a Node> =
            self.graph.nodes().iter().filter(|node| self.consumes_conditioning(node)).collect();
        for (names, role) in [
            (["positive", "conditioning", "cond1"].as_slice(), InputRole::Prompt),
            // `DualCFGGuider` weighs its second conditioning against the first: that one has the unwanted text.
            (["negative", "cond2"].as_slice(), InputRole::Negative),
        ] {
            let links = consumers.iter().flat_map(|node| &node.links);
            let wanted = links.filter(|link| names.contains(&link.input.as_str()));
            let open = wanted.map(|link| At::Conditioning(&link.from, link.output)).collect();
            self.follow(open, role);
        }
        if self.found.is_empty() {
            self.prompts_by_name();
        }
    }

    /// Samplers and guiders take conditioning and give something else; without the class, its name must do.
    fn consumes_conditioning(&self, node: &Node) -> bool {
        match self.outputs(node) {
            Some(outputs) => !outputs.iter().any(|output| output == "CONDITIONING"),
            None => ["Sampler", "Guider"].iter().any(|part| node.class_type.contains(part)),
        }
    }

    fn follow(&mut self, mut open: Vec<At<'a>>, role: InputRole) {
        let mut seen: HashSet<At<'a>> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            let (At::Conditioning(id, _) | At::Text(id)) = at;
            let Some(node) = self.graph.node(id) else {
                continue;
            };
            let next = match at {
                At::Conditioning(_, output) => self.through_conditioning(node, output, role),
                At::Text(_) => self.through_text(node, role),
            };
            open.extend(next.into_iter().filter(|at| seen.insert(*at)));
        }
    }

    fn through_conditioning(&mut self, node: &'a Node, output: u32, role: InputRole) -> Vec<At<'a>> {
        // What is zeroed out is nobody's negative prompt, though it is made of the positive one.
        if node.class_type == "ConditioningZeroOut" {
            return Vec::new();
        }
        for name in TEXTS {
            if let Some((name, Value::String(_))) = node.inputs.get_key_value(name) {
                self.mark(node, name, role);
            }
        }
        // A node with both (image to video, ControlNet) gives the positive one first.
        let twin = ["positive", "negative"].iter().all(|name| node.inputs.contains_key(*name));
        let other = if output == 0 { "negative" } else { "positive" };
        let mut next = Vec::new();
        for link in &node.links {
            if TEXTS.contains(&link.input.as_str()) {
                next.push(At::Text(&link.from));
            } else if !(twin && link.input == other) && self.carries_conditioning(&link.input, &link.from, link.output)
            {
                next.push(At::Conditioning(&link.from, link.output));
            }
        }
        next
    }

    fn carries_conditioning(&self, input: &str, from: &str, output: u32) -> bool {
        match self.output_type(from, output) {
            Some(declared) => declared == "CONDITIONING" || passes_anything(declared),
            None => input.contains("cond") || input == "positive" || input == "negative",
        }
    }

    /// Text primitives, joins and switches: their own texts, and those of the nodes before them.
    fn through_text(&mut self, node: &'a Node, role: InputRole) -> Vec<At<'a>> {
        let declared = (self.classes)(&node.class_type).map(|info| spec::of_node(info, &node.inputs));
        for (name, value) in node.inputs.iter().filter(|(_, value)| value.is_string()) {
            let is_text = match &declared {
                Some(specs) => specs.get(name).is_some_and(|spec| spec.kind == Kind::Text),
                None => true,
            };
            if value.is_string() && is_text && !matches!(name.as_str(), "delimiter" | "separator") {
                self.mark(node, name, role);
            }
        }
        let texts = node.links.iter().filter(|link| {
            self.output_type(&link.from, link.output).is_none_or(|kind| kind == "STRING" || passes_anything(kind))
        });
        texts.map(|link| At::Text(&link.from)).collect()
    }

    /// Nodes that do all in one (services, language models) have no sampler to start from.
    fn prompts_by_name(&mut self) {
        for node in self.graph.nodes() {
            for (name, value) in &node.inputs {
                let role = match name.as_str() {
                    "prompt" | "positive_prompt" | "text" => InputRole::Prompt,
                    "negative_prompt" => InputRole::Negative,
                    _ => continue,
                };
                match as_link(value) {
                    Some((from, _)) => self.follow(vec![At::Text(from)], role),
                    None if value.is_string() => self.mark(node, name, role),
                    None => {}
                }
            }
        }
    }

    /// Roles that go by the name of the input, also where a primitive node feeds it.
    fn named(&mut self) {
        let nodes = self.graph.nodes();
        let sizes_latents = nodes.iter().any(|node| node.inputs.contains_key("width") && self.makes_latents(node));
        for node in nodes {
            // Where latents have a size, that is the picture's; the size an input is brought to is not.
            let is_size = !sizes_latents || self.makes_latents(node);
            for (name, value) in &node.inputs {
                let role = match name.as_str() {
                    "ckpt_name" | "unet_name" | "model_name" if self.loads_model(node) => InputRole::Model,
                    "seed" | "noise_seed" => InputRole::Seed,
                    "width" if is_size => InputRole::Width,
                    "height" if is_size => InputRole::Height,
                    "steps" => InputRole::Steps,
                    "cfg" | "cfg_scale" | "guidance" => InputRole::Cfg,
                    "sampler_name" => InputRole::Sampler,
                    "scheduler" => InputRole::Scheduler,
                    "image" if node.class_type.starts_with("LoadImage") => InputRole::Image,
                    _ => continue,
                };
                match as_link(value) {
                    Some((from, _)) => {
                        if let Some((source, input)) = self.primitive(from) {
                            self.mark(source, input, role);
                        }
                    }
                    None => self.mark(node, name, role),
                }
            }
        }
    }

    fn makes_latents(&self, node: &Node) -> bool {
        match self.outputs(node) {
            Some(outputs) => outputs.iter().any(|output| output == "LATENT"),
            None => node.class_type.contains("Latent"),
        }
    }

    /// Upscalers, VAEs and the like are models too, but not the one a picture is named after.
    fn loads_model(&self, node: &Node) -> bool {
        match self.outputs(node) {
            Some(outputs) => outputs.iter().any(|output| output == "MODEL"),
            None => ["Checkpoint", "UNET", "Unet"].iter().any(|part| node.class_type.contains(part)),
        }
    }

    /// The one value of a primitive node.
    fn primitive(&self, id: &str) -> Option<(&'a Node, &'a str)> {
        let node = self.graph.node(id)?;
        let (name, value) = node.inputs.iter().next()?;
        (node.inputs.len() == 1 && name == "value" && as_link(value).is_none()).then_some((node, name))
    }
}

/// Outputs of switches and the like, which give whatever they get.
fn passes_anything(kind: &str) -> bool {
    matches!(kind, "*" | "COMFY_MATCHTYPE_V3")
}
