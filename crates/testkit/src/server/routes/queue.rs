use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Server, done, ok, trouble};
use crate::server::shared::keep;

pub(super) async fn remaining(State(life): Server) -> Response {
    if life.shared.with_faults(|faults| faults.queue_fails.take()) {
        return trouble();
    }
    ok(&life.lock().status())
}

pub(super) async fn list(State(life): Server) -> Response {
    if life.shared.with_faults(|faults| faults.queue_fails.take()) {
        return trouble();
    }
    let state = life.lock();
    let running: Vec<_> = state.running.iter().map(|running| running.job.item()).collect();
    let pending: Vec<_> = state.queue.as_they_lie().iter().map(|job| job.item()).collect();
    ok(&json!({"queue_running": running, "queue_pending": pending}))
}

pub(super) async fn change(State(life): Server, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return trouble();
    };
    if body["clear"] == true {
        life.clear_queue();
    }
    for id in body["delete"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        life.delete(id);
    }
    done()
}

/// Answers 200 whatever comes; a broken body is as none, and stops whatever runs.
pub(super) async fn interrupt(State(life): Server, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let named = body["prompt_id"].as_str().map(str::to_owned);
    let ignored = life.shared.with_faults(|faults| faults.interrupt_ignores_id);
    life.interrupt(named.as_deref().filter(|_| !ignored));
    keep(&mut life.shared.records().interrupts, named);
    life.shared.changed();
    done()
}

/// `free_memory` drops the node cache, so that the next job runs cold.
pub(super) async fn free(State(life): Server, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return trouble();
    };
    if body["free_memory"] == true {
        life.lock().cache.clear();
    }
    done()
}
