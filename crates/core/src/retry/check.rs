//! What `ComfyUI` would refuse about a graph.

use crate::workflow::Classes;
use serde_json::Value;

/// One thing `ComfyUI` would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub node_id: String,
    pub class_type: String,
    pub input: Option<String>,
    pub message: String,
}

/// Whether `ComfyUI` would take the graph, as far as `/object_info` tells.
pub fn check(_graph: &Value, _classes: &Classes) -> Result<(), Vec<Complaint>> {
    Ok(())
}
