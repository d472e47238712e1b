use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Number, Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Server, json as answer, ok, trouble};
use crate::graph::Graph;
use crate::server::life::Life;
use crate::server::queue::Job;
use crate::server::repertoire::Source;
use crate::server::shared::{Submitted, keep, now_ms};
use crate::server::validate::{self, Verdict};
use crate::tape::client_of;

pub(super) async fn submit(State(life): Server, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return trouble();
    };
    let fields = match &body {
        Value::Object(fields) => fields.clone(),
        Value::Array(_) | Value::String(_) => Map::new(),
        _ => return trouble(),
    };
    let judged = judge(&life, &fields);
    let client_id = client_of(&fields);
    let prompt_id = judged.as_ref().ok().map(|(job, _)| job.prompt_id.clone());
    keep(&mut life.shared.records().submitted, Submitted { prompt_id, client_id, body });
    life.shared.changed();
    let (job, node_errors) = match judged {
        Ok(accepted) => accepted,
        Err(Refused::Trouble) => return trouble(),
        Err(Refused::Answer(status, body)) => return answer(status, &body),
    };
    let job = life.enqueue(job);
    if let Some(after) = life.shared.with_faults(|faults| faults.answer_after) {
        // Fails only when the job is gone, and then nothing is to be waited for.
        let _ = job.sent.subscribe().wait_for(|sent| *sent >= after).await;
    }
    ok(&json!({"prompt_id": job.prompt_id, "number": job.number, "node_errors": node_errors}))
}

enum Refused {
    Trouble,
    Answer(StatusCode, Value),
}

fn refused(body: Value) -> Refused {
    Refused::Answer(StatusCode::BAD_REQUEST, body)
}

fn judge(life: &Life, fields: &Map<String, Value>) -> Result<(Job, Value), Refused> {
    let number = match fields.get("number") {
        Some(given) => given.as_f64().and_then(Number::from_f64).ok_or(Refused::Trouble)?,
        None => life.lock().next_number(fields.get("front").is_some_and(|front| *front == true)),
    };
    let Some(graph) = fields.get("prompt") else {
        return Err(refused(validate::refusal("no_prompt", "No prompt provided", "No prompt provided")));
    };
    let (own_ids, forced) = life.shared.with_faults(|faults| {
        let forced = faults.refuse.take().then(|| faults.refusal.clone().unwrap_or_else(missing_checkpoint));
        (faults.own_prompt_ids, forced)
    });
    if let Some((status, body)) = forced {
        return Err(Refused::Answer(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), body));
    }
    let prompt_id = prompt_id(life, fields.get("prompt_id"), own_ids)?;
    if let Some(recorded) = life.shared.repertoire.refusal(&Value::Object(fields.clone())) {
        let status = StatusCode::from_u16(recorded.status).unwrap_or(StatusCode::BAD_REQUEST);
        return Err(Refused::Answer(status, recorded.answer.clone()));
    }
    let graph = graph.as_object().ok_or(Refused::Trouble)?;
    let wanted = fields.get("partial_execution_targets");
    let config = &life.shared.config;
    let verdict = validate::judge(graph, wanted.and_then(Value::as_array), &config.object_info, config.validation)
        .map_err(refused)?;
    let source = life.shared.repertoire.choose(graph, wanted);
    Ok(job(life, fields, graph, source, verdict, number, prompt_id))
}

fn prompt_id(life: &Life, given: Option<&Value>, own_ids: bool) -> Result<String, Refused> {
    let Some(given) = given.filter(|given| !given.is_null() && !own_ids) else {
        return Ok(life.shared.new_id());
    };
    let text = given.as_str().unwrap_or_default();
    let canonical = Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text);
    canonical.then(|| text.to_owned()).ok_or_else(|| {
        let details = "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one";
        refused(validate::refusal("invalid_prompt_id", "prompt_id must be a valid UUID", details))
    })
}

/// Puts the job together. A recorded graph is shown as it was run: with values cast to their declared types.
fn job(
    life: &Life,
    fields: &Map<String, Value>,
    graph: &Graph,
    source: Source,
    verdict: Verdict,
    number: Number,
    prompt_id: String,
) -> (Job, Value) {
    let Verdict { mut targets, mut node_errors } = verdict;
    let mut as_run = graph.clone();
    if let Source::Tape(recorded) = &source {
        let history = recorded.play.as_ref().and_then(|play| play.history.as_ref());
        if let Some(outputs) = history.and_then(|entry| entry["prompt"][4].as_array()) {
            targets = outputs.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
        }
        if recorded.graph() == Some(graph) {
            if let Some(cast) = history.and_then(|entry| entry["prompt"][2].as_object()) {
                as_run.clone_from(cast);
            }
            if !life.shared.config.validation {
                node_errors = recorded.node_errors.clone();
            }
        }
    }
    let created_ms = now_ms();
    let mut extra = fields.get("extra_data").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(client) = fields.get("client_id") {
        extra.insert("client_id".into(), client.clone());
    }
    extra.retain(|name, _| name != "auth_token_comfy_org" && name != "api_key_comfy_org");
    extra.insert("create_time".into(), created_ms.into());
    let job = Job {
        number,
        prompt_id,
        graph: as_run,
        extra,
        targets,
        client: client_of(fields),
        created_ms,
        source,
        sent: watch::Sender::new(0),
    };
    (job, node_errors)
}

/// The refusal most people meet first (recording 06).
fn missing_checkpoint() -> (u16, Value) {
    let error = json!({"type": "value_not_in_list", "message": "Value not in list",
                       "details": "ckpt_name: 'missing.safetensors' not in ['random-sd15.safetensors']",
                       "extra_info": {"input_name": "ckpt_name", "input_config": [["random-sd15.safetensors"], {}],
                                      "received_value": "missing.safetensors"}});
    let mut body = validate::refusal("prompt_outputs_failed_validation", "Prompt outputs failed validation", "");
    body["node_errors"] =
        json!({"4": {"errors": [error], "dependent_outputs": ["9"], "class_type": "CheckpointLoaderSimple"}});
    (400, body)
}

/// Submits a job the server plays by itself, as if this body had been posted.
pub(in crate::server) fn play(life: &Life, body: &Map<String, Value>, source: Source) -> Option<String> {
    let graph = body.get("prompt")?.as_object()?;
    let config = &life.shared.config;
    let verdict = validate::judge(graph, None, &config.object_info, false).ok();
    let verdict = verdict.unwrap_or_else(|| Verdict { targets: Vec::new(), node_errors: json!({}) });
    let front = body.get("front").is_some_and(|front| *front == true);
    let given = body.get("number").and_then(Value::as_f64).and_then(Number::from_f64);
    let number = given.unwrap_or_else(|| life.lock().next_number(front));
    let (job, _) = job(life, body, graph, source, verdict, number, life.shared.new_id());
    Some(life.enqueue(job).prompt_id.clone())
}
