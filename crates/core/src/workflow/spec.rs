//! The inputs of a node class as `/object_info` declares them.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// What an input is, by the `type` of its declaration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind<'a> {
    Int,
    Float,
    Text,
    Bool,
    /// One of a list: a bare list (old style) or `"COMBO"` with `options.options`.
    Choice(&'a [Value]),
    /// `COMFY_DYNAMICCOMBO_V3`: a choice of which each option brings inputs of its own, named `choice.input`.
    Branches(&'a [Value]),
    /// `COMFY_AUTOGROW_V3`: inputs that grow in number, named `group.input0` or `group.a`.
    Growing(&'a Map<String, Value>),
    /// Anything else, by its type: a link (`MODEL`), or a value only some widget can make (`CURVE`).
    Other(&'a str),
}

/// One declared input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) required: bool,
    pub(crate) kind: Kind<'a>,
    options: Option<&'a Map<String, Value>>,
}

impl<'a> Spec<'a> {
    fn new(declaration: &'a Value, required: bool) -> Option<Self> {
        let options = declaration.get(1).and_then(Value::as_object);
        let option = |name: &str| options.and_then(|options| options.get(name));
        let list = |name: &str| option(name).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        let kind = match declaration.get(0)? {
            Value::Array(choices) => Kind::Choice(choices),
            // A type of several (`FLOAT,INT`) may name the widget that edits it.
            Value::String(declared) => match option("widgetType").and_then(Value::as_str).unwrap_or(declared) {
                "INT" => Kind::Int,
                "FLOAT" => Kind::Float,
                "STRING" => Kind::Text,
                "BOOLEAN" => Kind::Bool,
                "COMBO" => Kind::Choice(list("options")),
                "COMFY_DYNAMICCOMBO_V3" => Kind::Branches(list("options")),
                "COMFY_AUTOGROW_V3" => Kind::Growing(option("template")?.as_object()?),
                other => Kind::Other(other),
            },
            _ => return None,
        };
        Some(Self { required, kind, options })
    }

    pub(crate) fn option(&self, name: &str) -> Option<&'a Value> {
        self.options?.get(name)
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.option(name).is_some_and(|value| value.as_bool() != Some(false) && !value.is_null())
    }

    /// Whether the front end edits it in the node. `forceInput` turns a value into a link.
    ///
    /// The types are those the front end registers a widget for (`src/scripts/widgets.ts` and the extensions of its
    /// core); an extension's own widget shows only in the saved node, as an input with a `widget`.
    pub(crate) fn is_widget(&self) -> bool {
        const WIDGETS: [&str; 18] = [
            "AUDIO_RECORD",
            "BOUNDING_BOX",
            "BOUNDING_BOXES",
            "CHART",
            "COLOR",
            "COLORS",
            "COMPOSITOR",
            "CURVE",
            "GALLERIA",
            "IMAGECOMPARE",
            "LOAD_3D",
            "MARKDOWN",
            "PAINTER",
            "RANGE",
            "RESOLUTION_PREVIEW",
            "TEXTAREA",
            "VIDEO_EDIT",
            "WEBCAM",
        ];
        !self.is_set("forceInput")
            && match self.kind {
                Kind::Growing(_) => false,
                Kind::Other(name) => WIDGETS.contains(&name),
                _ => true,
            }
    }

    /// The value a fresh node has: the declared default, else what the front end's widget starts with.
    pub(crate) fn default_value(&self) -> Option<Value> {
        if let Some(default) = self.option("default").filter(|value| !value.is_null()) {
            return Some(default.clone());
        }
        match self.kind {
            Kind::Int | Kind::Float => Some(Value::from(0)),
            Kind::Text | Kind::Other("PAINTER" | "LOAD_3D" | "MARKDOWN" | "TEXTAREA") => Some(Value::from("")),
            Kind::Bool => Some(Value::from(false)),
            Kind::Choice(choices) => choices.first().cloned(),
            Kind::Branches(branches) => branches.first()?.get("key").cloned(),
            Kind::Other("IMAGECOMPARE") => Some(Value::from(vec!["", ""])),
            Kind::Growing(_) | Kind::Other(_) => None,
        }
    }

    /// The kind of each input a growing group is made of; the first one where a group has several.
    pub(crate) fn grown(&self) -> Option<Spec<'a>> {
        let Kind::Growing(template) = self.kind else {
            return None;
        };
        declared(template.get("input")?).next().map(|(_, spec)| spec)
    }
}

/// Declared inputs (`{required: {…}, optional: {…}}`) in the order the front end makes their widgets.
fn declared(input: &Value) -> impl Iterator<Item = (&str, Spec<'_>)> {
    ["required", "optional"].into_iter().flat_map(move |section| {
        let inputs = input.get(section).and_then(Value::as_object);
        inputs.into_iter().flatten().filter_map(move |(name, declaration)| {
            Some((name.as_str(), Spec::new(declaration, section == "required")?))
        })
    })
}

/// Walks the inputs of the class with the `/object_info` entry `info` in the front end's order: required ones first,
/// the inputs of a chosen branch directly after their choice. `visit` gets the full name (`resize_type.width`) and
/// answers, for [`Kind::Branches`], which branch is taken.
pub(crate) fn walk<'a>(info: &'a Value, visit: &mut dyn FnMut(&str, Spec<'a>) -> Option<String>) {
    fn descend<'a>(
        inputs: &mut dyn Iterator<Item = (&'a str, Spec<'a>)>,
        prefix: &str,
        visit: &mut dyn FnMut(&str, Spec<'a>) -> Option<String>,
    ) {
        for (name, spec) in inputs {
            let name = format!("{prefix}{name}");
            let taken = visit(&name, spec);
            if let (Kind::Branches(branches), Some(taken)) = (spec.kind, taken)
                && let Some(branch) = branches.iter().find(|b| b.get("key").and_then(Value::as_str) == Some(&taken))
                && let Some(inputs) = branch.get("inputs")
            {
                descend(&mut declared(inputs), &format!("{name}."), visit);
            }
        }
    }
    if let Some(input) = info.get("input") {
        descend(&mut ordered(info, input).into_iter(), "", visit);
    }
}

/// `input_order` decides where it is given: a proxy may have sorted the keys of `input`.
fn ordered<'a>(info: &'a Value, input: &'a Value) -> Vec<(&'a str, Spec<'a>)> {
    let mut inputs: Vec<_> = declared(input).collect();
    let rank = |section: &str, name: &str| {
        let order = info.get("input_order").and_then(|order| order.get(section)).and_then(Value::as_array);
        order.and_then(|order| order.iter().position(|listed| listed == name)).unwrap_or(usize::MAX)
    };
    inputs.sort_by_key(|(name, spec)| {
        let section = if spec.required { "required" } else { "optional" };
        (!spec.required, rank(section, name))
    });
    inputs
}

/// Every input a node with `inputs` (API format) can have, by full name, with the branches its choices have taken.
pub(crate) fn of_node<'a>(info: &'a Value, inputs: &Map<String, Value>) -> HashMap<String, Spec<'a>> {
    let mut all = HashMap::new();
    walk(info, &mut |name, spec| {
        if let Some(grown) = spec.grown() {
            let group = format!("{name}.");
            let members = inputs.keys().filter(|input| input.starts_with(&group));
            all.extend(members.map(|member| (member.clone(), Spec { required: false, ..grown })));
        }
        all.insert(name.to_owned(), spec);
        Some(inputs.get(name)?.as_str()?.to_owned())
    });
    all
}
