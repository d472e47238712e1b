//! `GET /object_info` and `GET /object_info/{class}`: the node classes of a server.

use serde_json::{Map, Number, Value};

use super::fields::{Fields, from_tree};
use super::{Answer, NotJson};

/// How deep inputs inside inputs are read.
const MAX_NESTING: usize = 4;

/// The classes of a server, in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectInfo {
    pub classes: Vec<ClassInfo>,
}

/// What a server says about one node class.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassInfo {
    /// The class name, as in `class_type` of a graph.
    pub name: String,
    /// The name in the editor; many classes have none.
    pub display_name: Option<String>,
    /// A path with slashes: "model/sampling".
    pub category: Option<String>,
    pub description: Option<String>,
    pub python_module: Option<String>,
    /// In the order of the editor, required ones first, without those the server fills in itself.
    pub inputs: Vec<Input>,
    pub outputs: Vec<OutputSlot>,
    /// A graph needs at least one of these; only what they depend on is run.
    pub output_node: bool,
    /// It takes lists as they are; others are called once for each item.
    pub takes_lists: bool,
    /// Shows output although it is no output node (0.19 and newer).
    pub has_intermediate_output: bool,
    pub deprecated: bool,
    pub experimental: bool,
    /// Calls a paid service.
    pub api_node: bool,
}

/// One input of a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub name: String,
    pub required: bool,
    pub kind: InputKind,
    /// The label, where it is not the name.
    pub display_name: Option<String>,
    pub default: Option<Value>,
    pub tooltip: Option<String>,
    /// Hidden in the editor until asked for.
    pub advanced: bool,
    /// May be left unevaluated.
    pub lazy: bool,
    /// A value that is taken from another node all the same.
    pub force_input: bool,
}

/// What an input takes. Numbers are kept as sent: seeds reach 2^64 - 1.
#[derive(Debug, Clone, PartialEq)]
pub enum InputKind {
    /// One of a list (a type that is a list, or `COMBO`); texts as a rule, numbers occur.
    Choice {
        choices: Vec<Value>,
        multiselect: bool,
        upload: bool,
    },
    Int {
        min: Option<Number>,
        max: Option<Number>,
        step: Option<Number>,
        control_after_generate: bool,
    },
    Float {
        min: Option<f64>,
        max: Option<f64>,
        step: Option<f64>,
        round: Option<f64>,
    },
    Text {
        multiline: bool,
        dynamic_prompts: bool,
    },
    Boolean,
    /// `COMFY_DYNAMICCOMBO_V3`: a choice that brings inputs of its own, named `{input}.{name}` in a graph.
    Dynamic {
        options: Vec<DynamicOption>,
    },
    /// The output of another node; several types if any of them will do.
    Link {
        types: Vec<String>,
    },
}

/// One choice of [`InputKind::Dynamic`].
#[derive(Debug, Clone, PartialEq)]
pub struct DynamicOption {
    pub key: String,
    pub inputs: Vec<Input>,
}

/// One output of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSlot {
    /// `IMAGE`, `LATENT`, …
    pub kind: String,
    pub name: String,
    pub is_list: bool,
}

impl ObjectInfo {
    pub fn get(&self, class: &str) -> Option<&ClassInfo> {
        self.classes.iter().find(|info| info.name == class)
    }
}

impl Input {
    /// Whether only another node can give the value.
    pub fn is_link(&self) -> bool {
        self.force_input || matches!(self.kind, InputKind::Link { .. })
    }
}

/// Reads the answer of `GET /object_info` or `GET /object_info/{class}`; an unknown class gives none.
pub fn object_info(body: &[u8]) -> Result<Answer<ObjectInfo>, NotJson> {
    from_tree(body, |fields| ObjectInfo {
        classes: fields.entries().into_iter().map(|(name, info)| class(name, &mut fields.in_value(info))).collect(),
    })
}

fn class(name: &str, info: &mut Fields) -> ClassInfo {
    let names = info.list("output_name");
    let lists = info.list("output_is_list");
    let outputs = info.list("output").iter().enumerate().map(|(at, kind)| {
        let kind = type_name(kind);
        OutputSlot {
            name: names.get(at).and_then(Value::as_str).unwrap_or(&kind).to_owned(),
            is_list: lists.get(at).and_then(Value::as_bool).unwrap_or_default(),
            kind,
        }
    });
    ClassInfo {
        name: name.to_owned(),
        outputs: outputs.collect(),
        display_name: info.text("display_name").filter(|name| !name.trim().is_empty()),
        category: info.text("category").filter(|category| !category.is_empty()),
        description: info.text("description").filter(|description| !description.is_empty()),
        python_module: info.text("python_module"),
        output_node: info.flag("output_node"),
        takes_lists: info.flag("is_input_list"),
        has_intermediate_output: info.flag("has_intermediate_output"),
        deprecated: info.flag("deprecated"),
        experimental: info.flag("experimental"),
        api_node: info.flag("api_node"),
        inputs: {
            let order = info.object("input_order");
            inputs(&mut info.inside("input"), order, MAX_NESTING)
        },
    }
}

/// `{required: {name: spec}, optional: {name: spec}}`; `hidden` is the server's own business.
fn inputs(groups: &mut Fields, order: Option<&Map<String, Value>>, nesting: usize) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (group, required) in [("required", true), ("optional", false)] {
        let Some(specs) = groups.object(group) else {
            continue;
        };
        let ordered = order.and_then(|order| order.get(group)).and_then(Value::as_array);
        let ordered =
            ordered.into_iter().flatten().filter_map(Value::as_str).filter_map(|name| specs.get_key_value(name));
        let mut group: Vec<_> = ordered.collect();
        let named = group.len();
        group.extend(specs.iter().filter(|(name, _)| named == 0 || !is_in(order, name)));
        for (name, spec) in group {
            inputs.extend(input(name, required, spec, groups, nesting));
        }
    }
    inputs
}

fn is_in(order: Option<&Map<String, Value>>, name: &str) -> bool {
    let lists = order.into_iter().flat_map(Map::values).filter_map(Value::as_array);
    lists.flatten().any(|ordered| ordered == name)
}

/// `[type, options?]`.
fn input(name: &str, required: bool, spec: &Value, groups: &mut Fields, nesting: usize) -> Option<Input> {
    let Some([kind, rest @ ..]) = spec.as_array().map(Vec::as_slice) else {
        groups.odd();
        return None;
    };
    let mut options = match rest.first() {
        Some(options) => groups.in_value(options),
        None => groups.in_value(&Value::Null),
    };
    Some(Input {
        name: name.to_owned(),
        required,
        kind: input_kind(kind, &mut options, nesting),
        display_name: options.text("display_name"),
        default: options.get("default").cloned(),
        tooltip: options.text("tooltip"),
        advanced: options.flag("advanced"),
        lazy: options.flag("lazy"),
        force_input: options.flag("forceInput"),
    })
}

fn input_kind(kind: &Value, options: &mut Fields, nesting: usize) -> InputKind {
    let kind = match kind {
        Value::Array(choices) => return choice(choices, options),
        Value::String(kind) => kind.as_str(),
        _ => {
            options.odd();
            ""
        }
    };
    match kind {
        "COMBO" => choice(options.list("options"), options),
        "INT" => InputKind::Int {
            min: options.exact("min"),
            max: options.exact("max"),
            step: options.exact("step"),
            // `true`, or the name of what it starts with ("fixed", "randomize").
            control_after_generate: options
                .get("control_after_generate")
                .is_some_and(|control| control == true || control.is_string()),
        },
        "FLOAT" => InputKind::Float {
            min: options.number("min"),
            max: options.number("max"),
            step: options.number("step"),
            // `false` means: do not.
            round: options.get("round").and_then(Value::as_f64),
        },
        "STRING" => {
            InputKind::Text { multiline: options.flag("multiline"), dynamic_prompts: options.flag("dynamicPrompts") }
        }
        "BOOLEAN" => InputKind::Boolean,
        "COMFY_DYNAMICCOMBO_V3" if nesting > 0 => {
            let mut read = Vec::new();
            for option in options.list("options") {
                let mut option = options.in_value(option);
                let key = option.text("key").unwrap_or_default();
                read.push(DynamicOption { key, inputs: inputs(&mut option.inside("inputs"), None, nesting - 1) });
            }
            InputKind::Dynamic { options: read }
        }
        types => InputKind::Link { types: types.split(',').map(|name| name.trim().to_owned()).collect() },
    }
}

fn choice(choices: &[Value], options: &mut Fields) -> InputKind {
    let upload = ["image_upload", "video_upload", "audio_upload", "file_upload"];
    InputKind::Choice {
        choices: choices.to_vec(),
        multiselect: options.get("multiselect").is_some_and(|multiselect| *multiselect != false),
        upload: upload.iter().any(|name| options.get(name) == Some(&Value::Bool(true))),
    }
}

/// The name of an output's type; a list of choices counts as `COMBO`.
fn type_name(kind: &Value) -> String {
    match kind {
        Value::String(name) => name.clone(),
        Value::Array(_) => "COMBO".to_owned(),
        _ => "*".to_owned(),
    }
}
