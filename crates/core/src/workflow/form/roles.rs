//! Which input plays which role, found by following links back from what consumes them.
//!
//! A text is the prompt because it reaches a sampler's `positive` input, not because of what its node is called. So the
//! search starts at samplers and guiders, goes back through every node that passes conditioning on, and ends at the
//! texts of the encoders, or at the primitive nodes that feed them.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::spec::{self, Kind};
use super::super::{Classes, reference};
use super::{InputRole, inputs_of};

pub(super) struct Roles<'a> {
    found: HashMap<(&'a str, &'a str), InputRole>,
}

impl<'a> Roles<'a> {
    pub(super) fn of(nodes: &'a Map<String, Value>, classes: &Classes) -> Self {
        let mut search = Search {
            nodes,
            classes,
            found: HashMap::new(),
        };
        search.prompts();
        search.named();
        Self {
            found: search.found,
        }
    }

    pub(super) fn get(&self, node: &str, input: &str) -> InputRole {
        self.found
            .get(&(node, input))
            .copied()
            .unwrap_or(InputRole::Other)
    }
}

struct Search<'a, 'c, 'i> {
    nodes: &'a Map<String, Value>,
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

/// A place in the search: the output of a node, seen as conditioning of a sampler or as the text of an encoder.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum At<'a> {
    Conditioning(&'a str, u64),
    Text(&'a str),
}

impl<'a, 'i> Search<'a, '_, 'i> {
    fn class(&self, id: &str) -> Option<&'a str> {
        self.nodes.get(id)?.get("class_type")?.as_str()
    }

    fn info(&self, id: &str) -> Option<&'i Value> {
        (self.classes)(self.class(id)?)
    }

    fn output_type(&self, id: &str, output: u64) -> Option<&'i str> {
        self.info(id)?
            .get("output")?
            .get(usize::try_from(output).ok()?)?
            .as_str()
    }

    fn inputs(&self, id: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.nodes
            .get(id)
            .and_then(inputs_of)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Gives a role to a value; the first one found stays.
    fn mark(&mut self, node: &'a str, input: &'a str, role: InputRole) {
        self.found.entry((node, input)).or_insert(role);
    }

    /// Positive before negative: a text that serves as both is the prompt.
    fn prompts(&mut self) {
        let nodes = self.nodes;
        let consumers: Vec<&'a str> = nodes
            .keys()
            .map(String::as_str)
            .filter(|id| self.consumes_conditioning(id))
            .collect();
        for (names, role) in [
            (
                ["positive", "conditioning", "cond1", "cond2"].as_slice(),
                InputRole::Prompt,
            ),
            (["negative"].as_slice(), InputRole::Negative),
        ] {
            let starts = consumers
                .iter()
                .flat_map(|id| self.inputs(id).collect::<Vec<_>>());
            let open = starts
                .filter(|(name, _)| names.contains(name))
                .filter_map(|(_, value)| reference::link(value))
                .map(|(from, output)| At::Conditioning(from, output))
                .collect();
            self.follow(open, role);
        }
        if self.found.is_empty() {
            self.prompts_by_name();
        }
    }

    /// Samplers and guiders take conditioning and give something else; without the class, its name must do.
    fn consumes_conditioning(&self, id: &str) -> bool {
        match self
            .info(id)
            .and_then(|info| info.get("output"))
            .and_then(Value::as_array)
        {
            Some(outputs) => !outputs.iter().any(|output| output == "CONDITIONING"),
            None => self.class(id).is_some_and(|class| {
                ["Sampler", "Guider"]
                    .iter()
                    .any(|part| class.contains(part))
            }),
        }
    }

    fn follow(&mut self, mut open: Vec<At<'a>>, role: InputRole) {
        let mut seen: HashSet<At<'a>> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            let next = match at {
                At::Conditioning(id, output) => self.through_conditioning(id, output, role),
                At::Text(id) => self.through_text(id, role),
            };
            open.extend(next.into_iter().filter(|at| seen.insert(*at)));
        }
    }

    fn through_conditioning(&mut self, id: &'a str, output: u64, role: InputRole) -> Vec<At<'a>> {
        // What is zeroed out is nobody's negative prompt, though it is made of the positive one.
        if self.class(id) == Some("ConditioningZeroOut") {
            return Vec::new();
        }
        let inputs: Vec<(&'a str, &'a Value)> = self.inputs(id).collect();
        let mut next = Vec::new();
        for &(name, value) in inputs.iter().filter(|(name, _)| TEXTS.contains(name)) {
            match reference::link(value) {
                Some((from, _)) => next.push(At::Text(from)),
                None if value.is_string() => self.mark(id, name, role),
                None => {}
            }
        }
        // A node with both (an image-to-video or ControlNet node) gives the positive one first.
        let has = |wanted: &str| inputs.iter().any(|(name, _)| *name == wanted);
        let twin = has("positive") && has("negative");
        let other = if output == 0 { "negative" } else { "positive" };
        for (name, value) in inputs {
            if let Some((from, output)) = reference::link(value)
                && !(twin && name == other)
                && self.carries_conditioning(name, from, output)
            {
                next.push(At::Conditioning(from, output));
            }
        }
        next
    }

    fn carries_conditioning(&self, input: &str, from: &str, output: u64) -> bool {
        match self.output_type(from, output) {
            // Switches and the like pass on whatever they get.
            Some(declared) => matches!(declared, "CONDITIONING" | "*" | "COMFY_MATCHTYPE_V3"),
            None => input.contains("cond") || input == "positive" || input == "negative",
        }
    }

    /// Text primitives, joins and switches: their own texts, and those of the nodes before them.
    fn through_text(&mut self, id: &'a str, role: InputRole) -> Vec<At<'a>> {
        let declared = self
            .info(id)
            .map(|info| spec::of_node(info, self.nodes.get(id).and_then(inputs_of)));
        let mut next = Vec::new();
        for (name, value) in self.inputs(id).collect::<Vec<_>>() {
            match reference::link(value) {
                Some((from, output)) => {
                    let text = self.output_type(from, output);
                    if text.is_none_or(|kind| matches!(kind, "STRING" | "*" | "COMFY_MATCHTYPE_V3"))
                    {
                        next.push(At::Text(from));
                    }
                }
                None => {
                    let spec = declared
                        .as_ref()
                        .and_then(|specs| specs.iter().find(|(known, _)| known == name));
                    let is_text =
                        spec.map_or(declared.is_none(), |(_, spec)| spec.kind == Kind::Text);
                    if value.is_string() && is_text && !matches!(name, "delimiter" | "separator") {
                        self.mark(id, name, role);
                    }
                }
            }
        }
        next
    }

    /// Nodes that do all in one (services, language models) have no sampler to start from.
    fn prompts_by_name(&mut self) {
        let nodes = self.nodes;
        for id in nodes.keys() {
            for (name, value) in self.inputs(id).collect::<Vec<_>>() {
                let role = match name {
                    "prompt" | "positive_prompt" | "text" => InputRole::Prompt,
                    "negative_prompt" => InputRole::Negative,
                    _ => continue,
                };
                match reference::link(value) {
                    Some((from, _)) => self.follow(vec![At::Text(from)], role),
                    None if value.is_string() => self.mark(id, name, role),
                    None => {}
                }
            }
        }
    }

    /// Roles that go by the name of the input, also where a primitive node feeds it.
    fn named(&mut self) {
        let nodes = self.nodes;
        let sizes_latents = nodes
            .keys()
            .any(|id| self.makes_latents(id) && self.inputs(id).any(|(name, _)| name == "width"));
        for id in nodes.keys() {
            for (name, value) in self.inputs(id).collect::<Vec<_>>() {
                let role = match name {
                    "ckpt_name" | "unet_name" | "model_name" if self.loads_model(id) => {
                        InputRole::Model
                    }
                    "seed" | "noise_seed" => InputRole::Seed,
                    // Where latents have a size, that is the picture's; a resized input is not.
                    "width" if !sizes_latents || self.makes_latents(id) => InputRole::Width,
                    "height" if !sizes_latents || self.makes_latents(id) => InputRole::Height,
                    "steps" => InputRole::Steps,
                    "cfg" | "cfg_scale" | "guidance" => InputRole::Cfg,
                    "sampler_name" => InputRole::Sampler,
                    "scheduler" => InputRole::Scheduler,
                    "image"
                        if self
                            .class(id)
                            .is_some_and(|class| class.starts_with("LoadImage")) =>
                    {
                        InputRole::Image
                    }
                    _ => continue,
                };
                match reference::link(value) {
                    Some((from, _)) => {
                        if let Some(source) = self.primitive(from) {
                            self.mark(from, source, role);
                        }
                    }
                    None => self.mark(id, name, role),
                }
            }
        }
    }

    fn makes_latents(&self, id: &str) -> bool {
        match self
            .info(id)
            .and_then(|info| info.get("output"))
            .and_then(Value::as_array)
        {
            Some(outputs) => outputs.iter().any(|output| output == "LATENT"),
            None => self.class(id).is_some_and(|class| class.contains("Latent")),
        }
    }

    /// Upscalers, VAEs and the like are models too, but not the one a picture is named after.
    fn loads_model(&self, id: &str) -> bool {
        match self
            .info(id)
            .and_then(|info| info.get("output"))
            .and_then(Value::as_array)
        {
            Some(outputs) => outputs.iter().any(|output| output == "MODEL"),
            None => self.class(id).is_some_and(|class| {
                ["Checkpoint", "UNET", "Unet"]
                    .iter()
                    .any(|part| class.contains(part))
            }),
        }
    }

    /// The one value of a primitive node, by its input's name.
    fn primitive(&self, id: &str) -> Option<&'a str> {
        let mut inputs = self.inputs(id);
        let (name, value) = inputs.next()?;
        (inputs.next().is_none() && name == "value" && reference::link(value).is_none())
            .then_some(name)
    }
}
