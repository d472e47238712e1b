//! The values of a node's widgets, which the file keeps in a list without names.
//!
//! The list follows the inputs of the class that have a widget, in order, with what the front end puts between them:
//! the choice of what happens to a seed after a run, and buttons. A class may have changed since the file was saved, so
//! where the list does not have the length the class asks for, the names that newer files give besides count instead
//! (the front end has the same under its setting `NamedValuesRestore`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::spec::{self, Kind, Spec};
use super::graph::Node;

/// The inputs with a widget, by name, with the value that is submitted. `promoted` values go before the saved ones; what
/// is neither promoted nor saved has its default, as a fresh widget would.
pub(super) fn values(node: &Node, info: &Value, promoted: &HashMap<&str, &Value>) -> Map<String, Value> {
    let listed = match node.values {
        Some(Value::Array(values)) => values.as_slice(),
        _ => &[],
    };
    let by_name = match node.values {
        // Some extensions (VideoHelperSuite) save an object.
        Some(Value::Object(named)) => Some(named),
        _ => node.named,
    };
    let mut positions = Reader::new(node, Source::Listed { listed, next: 0, surplus: 0 }, promoted);
    let expected = positions.read(info);
    match by_name {
        Some(named) if expected != listed.len() => {
            let mut reader = Reader::new(node, Source::Named(named), promoted);
            reader.read(info);
            reader.values
        }
        _ if listed.len() > expected => {
            let surplus = listed.len() - expected;
            let mut positions = Reader::new(node, Source::Listed { listed, next: 0, surplus }, promoted);
            positions.read(info);
            positions.values
        }
        _ => positions.values,
    }
}

enum Source<'a> {
    /// `surplus` values more than the class asks for may be skipped where they cannot belong.
    Listed {
        listed: &'a [Value],
        next: usize,
        surplus: usize,
    },
    Named(&'a Map<String, Value>),
}

struct Reader<'a> {
    node: &'a Node<'a>,
    source: Source<'a>,
    promoted: &'a HashMap<&'a str, &'a Value>,
    values: Map<String, Value>,
    /// How many values the class asks for.
    expected: usize,
}

impl<'a> Reader<'a> {
    fn new(node: &'a Node<'a>, source: Source<'a>, promoted: &'a HashMap<&'a str, &'a Value>) -> Self {
        Self { node, source, promoted, values: Map::new(), expected: 0 }
    }

    fn read(&mut self, info: &Value) -> usize {
        // The front end adds the button of an upload as the last required input.
        let mut button = false;
        spec::walk(info, &mut |name, spec| {
            if button && !spec.required && !name.contains('.') {
                self.skip();
                button = false;
            }
            button |= matches!(spec.kind, Kind::Choice(_))
                && ["image_upload", "video_upload", "animated_image_upload"].iter().any(|upload| spec.is_set(upload));
            self.visit(name, spec)
        });
        if button {
            self.skip();
        }
        if self.node.class == CUSTOM_COMBO {
            self.options_of_custom_combo();
        }
        self.expected
    }

    fn visit(&mut self, name: &str, spec: Spec) -> Option<String> {
        if spec.is_set("socketless") && matches!(spec.kind, Kind::Other("IMAGECOMPARE")) {
            // Submitted but not saved.
            self.values.insert(name.to_owned(), spec.default_value()?);
            return None;
        }
        if matches!(spec.kind, Kind::Growing(_)) {
            let group = format!("{name}.");
            let members = self.node.inputs.iter().filter(|input| input.is_widget && input.name.starts_with(&group));
            for member in members.map(|input| input.name).collect::<Vec<_>>() {
                if let Some(spec) = spec.grown() {
                    self.take(member, spec);
                }
            }
            return None;
        }
        // Old front ends saved the value of a widget turned into a socket in the list still.
        let socket = self.node.inputs.iter().find(|input| input.name == name);
        if !spec.is_widget() && !socket.is_some_and(|input| input.is_widget) {
            return None;
        }
        let value = self.take(name, spec);
        if has_control(name, spec) {
            self.skip();
            if matches!(spec.kind, Kind::Choice(_)) {
                // The text that filters the choices to go through.
                self.skip();
            }
        }
        value
    }

    /// Takes the next value for the input `name`.
    fn take(&mut self, name: &str, spec: Spec) -> Option<String> {
        self.expected += 1;
        let saved = match &mut self.source {
            Source::Named(named) => named.get(name),
            Source::Listed { listed, next, surplus } => {
                while *surplus > 0 && listed.get(*next).is_some_and(|value| cannot_be(spec.kind, value)) {
                    *next += 1;
                    *surplus -= 1;
                }
                *next += 1;
                listed.get(*next - 1)
            }
        };
        let value = self.promoted.get(name).copied().or(saved).filter(|value| !value.is_null());
        let value = value.cloned().or_else(|| spec.default_value())?;
        let taken = value.as_str().map(str::to_owned);
        self.values.insert(name.to_owned(), value);
        taken
    }

    /// Passes over a value that is not submitted.
    fn skip(&mut self) {
        self.expected += 1;
        if let Source::Listed { next, .. } = &mut self.source {
            *next += 1;
        }
    }

    fn options_of_custom_combo(&mut self) {
        let options: Vec<Value> = match &self.source {
            Source::Named(named) => (1..).map_while(|number| named.get(&format!("option{number}")).cloned()).collect(),
            Source::Listed { listed, .. } => listed.iter().skip(2).cloned().collect(),
        };
        self.expected += 1 + options.len();
        for (number, option) in (1..).zip(options) {
            self.values.insert(format!("option{number}"), option);
        }
    }
}

/// The one core class whose widgets are not in its declaration: the front end adds `index` and `option1`, `option2`, …
/// (`customCombo.ts`), and submits them all.
const CUSTOM_COMBO: &str = "CustomCombo";

/// Brings values in line that depend on others, once those are known: the index of a custom choice.
pub(super) fn settle(node: &Node, inputs: &mut Map<String, Value>) {
    if node.class != CUSTOM_COMBO {
        return;
    }
    let chosen = inputs.get("choice");
    let index = (1..)
        .map_while(|number| inputs.get(&format!("option{number}")))
        .position(|option| Some(option) == chosen)
        .unwrap_or(0);
    inputs.insert("index".to_owned(), Value::from(index));
}

/// Whether the front end puts a choice of `fixed`, `increment`, `decrement`, `randomize` behind the widget: where the
/// class says so, else behind whole numbers called `seed` or `noise_seed` (`useIntWidget.ts`).
fn has_control(name: &str, spec: Spec) -> bool {
    match (spec.option("control_after_generate"), spec.kind) {
        (Some(_), Kind::Int | Kind::Choice(_)) => spec.is_set("control_after_generate"),
        (None, Kind::Int) => matches!(name, "seed" | "noise_seed"),
        _ => false,
    }
}

pub(super) fn is_control(value: &Value) -> bool {
    value.as_str().is_some_and(|text| matches!(text, "fixed" | "increment" | "decrement" | "randomize"))
}

fn cannot_be(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Int | Kind::Float => !value.is_number(),
        Kind::Bool => !value.is_boolean(),
        _ => false,
    }
}

/// Whether only the browser could make the value: the view of a 3D scene, a camera's picture, a recording.
pub(super) fn needs_browser(info: &Value, name: &str, value: &Value) -> bool {
    let mut needs = false;
    let load_3d = info.get("name").and_then(Value::as_str) == Some("Load3D");
    spec::walk(info, &mut |declared, spec| {
        needs |= declared == name
            && match spec.kind {
                Kind::Other("LOAD_3D") => load_3d && !value.is_object(),
                Kind::Other("WEBCAM" | "AUDIO_RECORD") => value.as_str().is_none_or(str::is_empty),
                _ => false,
            };
        None
    });
    needs
}
