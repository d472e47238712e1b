//! An instance, as the page, the CLI and the API read it.

use crate::event::Device;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    #[default]
    Connecting,
    Connected,
    /// Its socket is deaf and stays so: asked every 2 s instead.
    Polling,
    Disconnected,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    pub instance_id: String,
    pub name: String,
    pub url: String,
    pub state: InstanceState,
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_try_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub round_trip_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comfyui_version: Option<String>,
    pub devices: Vec<Device>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory: Option<Memory>,
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue_remaining: Option<u64>,
    pub running: Vec<String>,
    pub waiting: Vec<Waiting>,
    pub today: InstanceToday,
    /// The demo's own server: nothing real runs there.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub demo: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    pub used_bytes: u64,
    pub total_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    pub queue_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct InstanceToday {
    pub done: u32,
    pub failed: u32,
    pub busy_percentage: f64,
}
