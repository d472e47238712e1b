//! Fields of a wrong type are left out of a message, so that a broken detail does not cost the whole of it.

use serde_json::{Map, Value};

/// What a field has to be to be of use.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Texts,
    Object,
    /// An object of objects.
    Entries(&'static [(&'static str, Shape)]),
    /// A list of objects.
    List(&'static [(&'static str, Shape)]),
}

use Shape::{Entries, List, Number, Object, Text, Texts};

type Fields = &'static [(&'static str, Shape)];

const START: Fields = &[("prompt_id", Text), ("timestamp", Number)];
const CACHED: Fields = &[("prompt_id", Text), ("timestamp", Number), ("nodes", Texts)];
const EXECUTING: Fields = &[("prompt_id", Text), ("node", Text), ("display_node", Text)];
const PROGRESS: Fields = &[("prompt_id", Text), ("node", Text), ("value", Number), ("max", Number)];
const STATE: Fields = &[("prompt_id", Text), ("nodes", Entries(ENTRY))];
const ENTRY: Fields = &[
    ("state", Text),
    ("value", Number),
    ("max", Number),
    ("display_node_id", Text),
    ("parent_node_id", Text),
    ("real_node_id", Text),
    ("activity", Text),
];
const EXECUTED: Fields = &[("prompt_id", Text), ("node", Text), ("display_node", Text)];
const FAILED: Fields = &[
    ("prompt_id", Text),
    ("node_id", Text),
    ("node_type", Text),
    ("exception_type", Text),
    ("exception_message", Text),
    ("traceback", Texts),
    ("executed", Texts),
    ("timestamp", Number),
];
const STATUS: Fields = &[("status", Object), ("sid", Text)];
const LOGS: Fields = &[("entries", List(&[("t", Text), ("m", Text)]))];
const CRYSTOOLS: Fields = &[
    ("cpu_utilization", Number),
    ("ram_total", Number),
    ("ram_used", Number),
    ("ram_used_percent", Number),
    ("hdd_total", Number),
    ("hdd_used", Number),
    ("hdd_used_percent", Number),
    ("device_type", Text),
    ("gpus", List(GPU)),
];
const GPU: Fields = &[
    ("gpu_utilization", Number),
    ("gpu_temperature", Number),
    ("vram_total", Number),
    ("vram_used", Number),
    ("vram_used_percent", Number),
];

/// Leaves out of `data` what does not fit a message of type `kind`, and writes numbers that stand for ids as text.
pub(super) fn mend(kind: &str, data: &mut Value) {
    let fields = match kind {
        "status" => STATUS,
        "execution_start" | "execution_success" => START,
        "execution_cached" => CACHED,
        "executing" => EXECUTING,
        "progress" => PROGRESS,
        "progress_state" => STATE,
        "executed" => EXECUTED,
        "execution_error" | "execution_interrupted" => FAILED,
        "logs" => LOGS,
        "crystools.monitor" => CRYSTOOLS,
        _ => return,
    };
    if let Value::Object(data) = data {
        mend_fields(fields, data);
    }
}

fn mend_fields(fields: Fields, object: &mut Map<String, Value>) {
    for (name, shape) in fields {
        if object.get_mut(*name).is_some_and(|value| !fits(*shape, value)) {
            // Swapping the last field into its place is of no consequence: these objects are read by name.
            object.swap_remove(*name);
        }
    }
}

/// Whether the value is of use, after mending what is inside it.
fn fits(shape: Shape, value: &mut Value) -> bool {
    match (shape, value) {
        (Text, Value::Null | Value::String(_))
        | (Number, Value::Null | Value::Number(_))
        | (Object, Value::Object(_)) => true,
        (Text, value @ Value::Number(_)) => {
            *value = Value::String(value.to_string());
            true
        }
        (Texts, Value::Array(items)) => {
            items.retain_mut(|item| !item.is_null() && fits(Text, item));
            true
        }
        (Entries(fields), Value::Object(entries)) => {
            entries.retain(|_, entry| entry.is_object());
            for entry in entries.values_mut().filter_map(Value::as_object_mut) {
                mend_fields(fields, entry);
            }
            true
        }
        (List(fields), Value::Array(items)) => {
            items.retain(Value::is_object);
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                mend_fields(fields, item);
            }
            true
        }
        _ => false,
    }
}
