use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Params, Server, done, json as answer, ok, trouble};
use crate::server::history;
use crate::server::life::Life;

const STATES: [&str; 5] = ["pending", "in_progress", "completed", "failed", "cancelled"];

fn failing(life: &Life) -> bool {
    life.shared.with_faults(|faults| faults.history_fails.take())
}

/// Oldest first; `max_items` alone gives the newest, `offset` counts from the oldest.
pub(super) async fn history(State(life): Server, Query(params): Params) -> Response {
    if failing(&life) {
        return trouble();
    }
    let number = |name: &str| params.get(name).map(|text| text.parse::<i64>()).transpose();
    let (Ok(max), Ok(offset)) = (number("max_items"), number("offset")) else {
        return trouble();
    };
    let state = life.lock();
    let total = state.history.len();
    let count = max.and_then(|max| usize::try_from(max).ok()).unwrap_or(total).min(total);
    let skipped = match offset.filter(|offset| *offset >= 0).and_then(|offset| usize::try_from(offset).ok()) {
        Some(offset) => offset,
        None => total - count,
    };
    let entries: Map<_, _> =
        state.history.iter().skip(skipped).take(count).map(|(id, entry)| (id.clone(), entry.clone())).collect();
    ok(&entries.into())
}

pub(super) async fn history_of(State(life): Server, Path(id): Path<String>) -> Response {
    if failing(&life) {
        return trouble();
    }
    let mut entries = Map::new();
    if let Some(entry) = life.lock().history.get(&id) {
        entries.insert(id, entry.clone());
    }
    ok(&entries.into())
}

pub(super) async fn change_history(State(life): Server, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return trouble();
    };
    let mut state = life.lock();
    if body["clear"] == true {
        state.history.clear();
    }
    for id in body["delete"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        state.history.shift_remove(id);
    }
    done()
}

fn bad(error: impl Into<String>) -> Response {
    answer(StatusCode::BAD_REQUEST, &json!({"error": error.into()}))
}

pub(super) async fn list(State(life): Server, Query(params): Params) -> Response {
    if failing(&life) {
        return trouble();
    }
    let param = |name: &str| params.get(name).map(String::as_str);
    let wanted: Vec<_> = param("status")
        .into_iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|status| !status.is_empty())
        .collect();
    let unknown: Vec<_> = wanted.iter().filter(|status| !STATES.contains(status)).copied().collect();
    if !unknown.is_empty() {
        return bad(format!("Invalid status value(s): {}. Valid values: {}", unknown.join(", "), STATES.join(", ")));
    }
    let sort_by = param("sort_by").unwrap_or("created_at");
    if !["created_at", "execution_duration"].contains(&sort_by) {
        return bad("sort_by must be 'created_at' or 'execution_duration'");
    }
    let Ok(limit) = param("limit").map(str::parse::<usize>).transpose() else {
        return bad("limit must be an integer");
    };
    if limit == Some(0) {
        return bad("limit must be a positive integer");
    }
    let offset = param("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let mut jobs = history::jobs(&life.lock());
    jobs.retain(|job| wanted.is_empty() || job["status"].as_str().is_some_and(|status| wanted.contains(&status)));
    if let Some(workflow) = param("workflow_id") {
        jobs.retain(|job| job["workflow_id"] == workflow);
    }
    let duration = |job: &Value| {
        job["execution_end_time"]
            .as_u64()
            .unwrap_or(0)
            .saturating_sub(job["execution_start_time"].as_u64().unwrap_or(0))
    };
    jobs.sort_by_key(
        |job| {
            if sort_by == "created_at" { job["create_time"].as_u64().unwrap_or(0) } else { duration(job) }
        },
    );
    if param("sort_order") != Some("asc") {
        jobs.reverse();
    }
    let total = jobs.len();
    let page: Vec<_> = jobs.into_iter().skip(offset).take(limit.unwrap_or(total)).collect();
    let has_more = offset + page.len() < total;
    ok(&json!({"jobs": page, "pagination": {"offset": offset, "limit": limit, "total": total, "has_more": has_more}}))
}

pub(super) async fn one(State(life): Server, Path(id): Path<String>) -> Response {
    if failing(&life) {
        return trouble();
    }
    match history::job(&life.lock(), &id) {
        Some(job) => ok(&job),
        None => answer(StatusCode::NOT_FOUND, &json!({"error": "Job not found"})),
    }
}

/// A waiting job leaves the queue, a running one is interrupted.
fn stop(life: &Life, id: &str) -> bool {
    life.delete(id) || life.interrupt(Some(id))
}

pub(super) async fn cancel(State(life): Server, Path(id): Path<String>) -> Response {
    ok(&json!({"cancelled": stop(&life, &id)}))
}

pub(super) async fn cancel_many(State(life): Server, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return bad("Request body must be valid JSON");
    };
    let Some(ids) = body["job_ids"].as_array() else {
        return bad("job_ids must be a list");
    };
    let canonical = |id: &Value| {
        let text = id.as_str()?;
        (Uuid::try_parse(text).ok()?.hyphenated().to_string() == text).then(|| text.to_owned())
    };
    let invalid: Vec<_> = ids.iter().filter(|id| canonical(id).is_none()).collect();
    if !invalid.is_empty() {
        return answer(StatusCode::BAD_REQUEST, &json!({"error": "Invalid job ids", "invalid_ids": invalid}));
    }
    let stopped = ids.iter().filter_map(canonical).filter(|id| stop(&life, id)).count();
    ok(&json!({"cancelled": stopped > 0}))
}
