//! Jobs over the whole line.

use crate::cloud::{Cloud, INSTANCE, Live};
use monitor_testkit::{Failure, FakeComfy, NodeScript, Script, Tape, tape::Refusal, tapes_dir};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub fn workflow(seed: u64) -> Value {
    json!({
        "3": {"class_type": "KSampler", "inputs": {"seed": seed, "steps": 12, "latent_image": ["5", 0]}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "cloud"}},
    })
}

/// What a real server would not take.
fn refusals() -> Arc<Tape> {
    Arc::new(Tape::read(&tapes_dir().join("06-validation-errors")).unwrap())
}

pub async fn server(script: Script) -> FakeComfy {
    FakeComfy::builder().script(script).tape(refusals()).start().await.unwrap()
}

pub fn steady() -> Script {
    Script::new().class("KSampler", NodeScript::new().lasting(Duration::from_secs(3)).steps(12))
}

/// Subscribed to before it is submitted.
pub async fn submitted(cloud: &Cloud, live: &mut Live, seed: u64) -> String {
    let queue_id = Uuid::new_v4().to_string();
    live.subscribe(&queue_id).await;
    let body = json!({"workflow": workflow(seed), "queueId": queue_id, "instanceId": INSTANCE});
    assert_eq!(cloud.submit(&body).await["status"], "pending");
    queue_id
}

/// A reader that drops what is older sees a job whose percentage never falls, and one end.
fn assert_story(frames: &[Value], queue_id: &str) {
    let (mut sequence, mut percentage) = (0, 0.0);
    for frame in frames.iter().filter(|frame| frame["queueId"] == queue_id && frame["sequence"].is_u64()) {
        let now = frame["sequence"].as_u64().unwrap();
        if now < sequence {
            continue;
        }
        sequence = now;
        if let Some(overall) = frame["overallPercentage"].as_f64() {
            assert!(overall >= percentage, "{overall} after {percentage}: {frame}");
            percentage = overall;
        }
    }
}

fn assert_events(events: &Value) {
    let items = events["items"].as_array().unwrap();
    let ids: HashSet<&str> = items.iter().map(|event| event["detail"]["eventId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), items.len(), "one of them twice");
    let terminal = |event: &&Value| {
        ["Job Completed", "Job Failed", "Job Interrupted"].contains(&event["detailType"].as_str().unwrap())
    };
    assert_eq!(items.iter().filter(terminal).count(), 1);
    assert!(terminal(&items.last().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_go_from_submission_to_pictures_in_the_bucket_however_they_end() {
    let cloud = Cloud::deployed(None, &["RetentionMaxCount=1"]);
    let fake = server(steady()).await;
    let sidecar = cloud.monitor(&fake, "both").await;
    let mut live = cloud.live().await;

    // Without the token nobody gets in.
    let refused = reqwest::get(format!("{}/v1/generations", cloud.output("HttpApiUrl"))).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

    // A normal job.
    let queue_id = submitted(&cloud, &mut live, 1).await;
    let end = live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    assert_story(&live.frames, &queue_id);
    let steps =
        live.frames.iter().filter(|frame| frame["type"] == "job_progress" && frame["nodes"][0]["value"].is_number());
    assert!(steps.count() > 1, "{:?}", live.kinds());
    let generation = cloud.ended(&queue_id).await;
    assert_eq!(generation["status"], "completed", "{generation}");
    let picture = &generation["outputs"][0];
    assert_eq!((&picture["status"], &picture["contentType"]), (&json!("stored"), &json!("image/png")), "{generation}");
    let bytes = cloud.bytes(picture["url"].as_str().unwrap()).await;
    assert_eq!(bytes.len() as u64, picture["size"].as_u64().unwrap());
    assert!(!cloud.bytes(picture["thumbnailUrl"].as_str().unwrap()).await.is_empty());
    let media = format!("/v1/media/{}", picture["mediaId"].as_str().unwrap());
    assert_eq!(cloud.bytes(&cloud.redirected(&media).await).await, bytes);
    assert!(!cloud.bytes(&cloud.redirected(&format!("{media}/thumbnail")).await).await.is_empty());
    let missing = format!("/v1/media/{}", Uuid::new_v4());
    assert_eq!(cloud.request(Method::GET, &missing, None).await.0, StatusCode::NOT_FOUND);
    let prompt_id = generation["promptId"].as_str().unwrap();
    let (_, events) = cloud.request(Method::GET, &format!("/v1/jobs/{prompt_id}/events?limit=500"), None).await;
    assert_events(&events);
    // All of its events once more, and in another order: nothing changes.
    let twice = cloud.twice(&events["items"]);
    assert_eq!(twice, 0, "of them were not taken");
    assert!(generation["nodes"].as_array().unwrap().iter().all(|node| node["state"] == "finished"), "{generation}");
    assert_eq!(
        generation["title"],
        cloud.when("/v1/generations", |list| list["counts"]["completed"] == 1).await["items"][0]["title"]
    );

    // The same once more, for the idempotency key; and an id that is in use.
    let body = json!({"workflow": workflow(2), "idempotencyKey": "k"});
    let first = cloud.submit(&body).await;
    let (status, again) = cloud.request(Method::POST, "/v1/generations", Some(&body)).await;
    assert_eq!((status, &again["queueId"]), (StatusCode::OK, &first["queueId"]));
    let used = json!({"workflow": workflow(2), "queueId": queue_id});
    assert_eq!(cloud.request(Method::POST, "/v1/generations", Some(&used)).await.0, StatusCode::CONFLICT);
    assert_eq!(cloud.ended(first["queueId"].as_str().unwrap()).await["status"], "completed");

    // Several at once.
    let mut together = Vec::new();
    for seed in 10..14 {
        together.push(submitted(&cloud, &mut live, seed).await);
    }
    for queue_id in &together {
        assert_eq!(cloud.ended(queue_id).await["status"], "completed");
        assert_story(&live.frames, queue_id);
    }

    // What the server does not take fails, and says why.
    let ours = |refusal: &&Refusal| {
        let fields = ["prompt_id", "partial_execution_targets"];
        fields.iter().all(|field| refusal.request[*field].is_null())
            && refusal.request["prompt"]
                .as_object()
                .is_some_and(|graph| graph.values().all(|node| node["class_type"].is_string()) && !graph.is_empty())
    };
    let graph = refusals().refusals.iter().find(ours).unwrap().request["prompt"].clone();
    let refused = cloud.submit(&json!({"workflow": graph})).await;
    let refused = cloud.ended(refused["queueId"].as_str().unwrap()).await;
    assert_eq!(
        (&refused["status"], &refused["error"]["type"]),
        (&json!("failed"), &json!("submission_refused")),
        "{refused}"
    );

    // By now what came twice has been handled, too.
    let (_, now) = cloud.request(Method::GET, &format!("/v1/jobs/{prompt_id}/events?limit=500"), None).await;
    assert_eq!(now, events);
    let (_, now) = cloud.request(Method::GET, &format!("/v1/generations/{queue_id}"), None).await;
    for field in ["status", "nodes", "sequence", "durationMs", "attempts"] {
        assert_eq!(now[field], generation[field], "{field}");
    }

    sidecar.finish(&[]).await;
    cloud.when("/v1/instances", |list| list["items"][0]["state"] == "disconnected").await;

    // What this stack keeps is the newest, and of all others nothing: neither rows nor files.
    let link = cloud.redirected(&media).await;
    assert_eq!(cloud.call("retention"), json!({"generations": 6}));
    assert_eq!(cloud.request(Method::GET, &format!("/v1/generations/{queue_id}"), None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(reqwest::get(link).await.unwrap().status(), StatusCode::NOT_FOUND);
    let (_, list) = cloud.request(Method::GET, "/v1/generations", None).await;
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["queueId"]), (1, &refused["queueId"]));
    assert_eq!(cloud.call("retention"), json!({"generations": 0}));
    cloud.assert_quiet();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_fail_or_are_stopped_end_so_everywhere_over_the_bus_alone() {
    let cloud = Cloud::deployed(None, &[]);
    let script = Script::new()
        .class("KSampler", NodeScript::new().lasting(Duration::from_mins(1)).steps(600))
        .node("8", NodeScript::new().failing(Failure::error("torch.OutOfMemoryError", "Allocation on device")));
    let fake = server(script).await;
    let sidecar = cloud.monitor(&fake, "bus").await;
    let mut live = cloud.live().await;

    // Stopped while it runs.
    let queue_id = submitted(&cloud, &mut live, 1).await;
    let runs = |frame: &Value| frame["type"] == "job_progress" && frame["nodes"][0]["value"].is_number();
    live.until("a step", runs).await;
    let (status, _) = cloud.request(Method::POST, &format!("/v1/generations/{queue_id}/cancel"), None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let end = live.end_of(&queue_id).await;
    assert_eq!((&end["type"], &end["reason"]), (&json!("job_interrupted"), &json!("cancelled")), "{end}");
    assert_story(&live.frames, &queue_id);
    let (status, problem) = cloud.request(Method::POST, &format!("/v1/generations/{queue_id}/cancel"), None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");

    // It fails, and a person tries again.
    let body = json!({"workflow": {"8": {"class_type": "VAEDecode", "inputs": {}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}}}});
    let queue_id = cloud.submit(&body).await["queueId"].as_str().unwrap().to_owned();
    let failed = cloud.ended(&queue_id).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    assert_eq!(failed["error"]["nodeId"], "8", "{failed}");
    let (status, _) = cloud.request(Method::POST, &format!("/v1/generations/{queue_id}/retry"), Some(&json!({}))).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let again = cloud
        .when(&format!("/v1/generations/{queue_id}"), |generation| {
            generation["attempts"].as_array().unwrap().len() == 2 && generation["status"] == "failed"
        })
        .await;
    assert_eq!(again["attempts"][1]["number"], 2);

    sidecar.finish(&[]).await;
    cloud.assert_quiet();
}
