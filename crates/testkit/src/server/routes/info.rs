use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Map, json};

use super::{Server, ok};
use crate::server::life::Life;

/// Building the answer takes a while, and holds up the event loop.
async fn build(life: &Life) {
    let takes = life.shared.with_faults(|faults| faults.object_info_takes);
    if !takes.is_zero() {
        let held = life.event_loop.lock().await;
        tokio::time::sleep(takes).await;
        drop(held);
    }
}

pub(super) async fn object_info(State(life): Server) -> Response {
    build(&life).await;
    ok(&life.shared.config.object_info.clone().into())
}

pub(super) async fn object_info_of(State(life): Server, Path(class): Path<String>) -> Response {
    build(&life).await;
    let mut answer = Map::new();
    if let Some(info) = life.shared.config.object_info.get(&class) {
        answer.insert(class, info.clone());
    }
    ok(&answer.into())
}

/// A running job takes its share of the memory.
pub(super) async fn system_stats(State(life): Server) -> Response {
    let mut stats = life.shared.config.system_stats.clone();
    let busy = life.lock().running.is_some();
    for device in stats["devices"].as_array_mut().into_iter().flatten() {
        let total = device["vram_total"].as_u64().unwrap_or(0);
        device["vram_free"] = (if busy { total / 100 * 35 } else { total / 100 * 88 }).into();
    }
    ok(&stats)
}

pub(super) async fn features(State(life): Server) -> Response {
    ok(&life.shared.config.features)
}

pub(super) async fn embeddings() -> Response {
    ok(&json!([]))
}
