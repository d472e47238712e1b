//! What is likely to work on a generation that has failed for good.

use super::policy::Policies;
use super::{Circumstances, Failure};
use crate::generation::NodeError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Something that can really be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    pub kind: SuggestionKind,
    pub title: String,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance_id: Option<String>,
    /// `{nodeId: {input: value}}`, for `POST /v1/generations/{queueId}/retry`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Object)]
    pub overrides: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionKind {
    /// Run it on `instanceId`.
    Instance,
    /// Run it with `overrides`.
    Overrides,
    /// Change the workflow first, as the words say.
    Edit,
}

/// What is recorded of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub instance_id: String,
    pub name: String,
    pub connected: bool,
    /// This is where it failed.
    pub here: bool,
    /// Of its largest device.
    pub memory_bytes: Option<u64>,
    /// How often the class that failed ran to its end there, at this size or a larger one.
    pub runs: u64,
}

/// What a suggestion may draw on besides the failure and its circumstances.
pub struct Evidence<'a> {
    /// What `ComfyUI` said about single inputs when it refused the workflow.
    pub complaints: &'a [NodeError],
    pub instances: &'a [Record],
}

/// What is likely to work on a generation that has failed, best first, at most three.
pub fn suggest(
    _policies: &Policies,
    _failure: &Failure,
    _circumstances: &Circumstances,
    _evidence: &Evidence,
) -> Vec<Suggestion> {
    Vec::new()
}
