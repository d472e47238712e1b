//! The line on AWS, in an emulator: how long a word of `ComfyUI` takes to a page, straight and over the bus, and what a
//! job comes to in events, calls and frames. No figure of AWS's own: the emulator answers within milliseconds what
//! `EventBridge` takes a good part of a second for.
//!
//!     cargo bench -p comfyui-monitor --features aws --bench cloud
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A measurement that cannot be made is none.

#[allow(dead_code, reason = "tests ask more of it")]
#[path = "../tests/aws/cloud.rs"]
mod cloud;
#[path = "../tests/aws/sidecar.rs"]
mod sidecar;

use cloud::{Cloud, INSTANCE};
use monitor_core::time::Timestamp;
use monitor_testkit::{FakeComfy, Script, demo};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Jobs one after another; the first finds every function cold.
const JOBS: usize = 5;

struct Measured {
    /// Milliseconds from the moment the monitor heard of it to the first frame about it, of each event that has frames.
    latencies: Vec<i64>,
    frames: usize,
    events: HashMap<String, usize>,
    calls: u64,
}

fn main() {
    // Asked by `cargo test --benches` whether it runs at all.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!(
        "| progress | frames about an event, p50 | p95 | first job p95 | events a job | calls of functions | frames to one page |"
    );
    println!("|---|---|---|---|---|---|---|");
    for progress in ["direct", "bus", "both"] {
        let measured = runtime.block_on(measure(progress));
        let (cold, warm) = measured.split_at(1);
        let latencies = |of: &[Measured]| {
            let mut all: Vec<i64> = of.iter().flat_map(|job| job.latencies.clone()).collect();
            all.sort_unstable();
            all
        };
        let (cold, all) = (latencies(cold), latencies(warm));
        let at = |all: &[i64], part: f64| all[((all.len() - 1) as f64 * part) as usize];
        let mean = |count: &dyn Fn(&Measured) -> u64| warm.iter().map(count).sum::<u64>() / warm.len() as u64;
        println!(
            "| {progress} | {} ms | {} ms | {} ms | {} | {} | {} |",
            at(&all, 0.5),
            at(&all, 0.95),
            at(&cold, 0.95),
            mean(&|job| job.events.values().sum::<usize>() as u64),
            mean(&|job| job.calls),
            mean(&|job| job.frames as u64),
        );
    }
}

async fn measure(progress: &str) -> Vec<Measured> {
    let cloud = Cloud::deployed(None, &[]);
    let fake = FakeComfy::builder().script(Script::new()).start().await.unwrap();
    let sidecar = cloud.monitor(&fake, progress).await;
    let mut live = cloud.live().await;
    let mut measured = Vec::new();
    let mut calls = cloud.calls();
    for _ in 0..JOBS {
        let queue_id = Uuid::new_v4().to_string();
        live.subscribe(&queue_id).await;
        let before = live.frames.len();
        let body = json!({"workflow": Value::from(demo::portrait()), "queueId": queue_id, "instanceId": INSTANCE});
        cloud.submit(&body).await;
        live.end_of(&queue_id).await;
        let generation = cloud.ended(&queue_id).await;
        let path = format!("/v1/jobs/{}/events?limit=1000", generation["promptId"].as_str().unwrap());
        let (_, events) = cloud.request(Method::GET, &path, None).await;
        let heard: HashMap<u64, Timestamp> = events["items"].as_array().unwrap().iter().map(heard).collect();
        let mut kinds = HashMap::new();
        for event in events["items"].as_array().unwrap() {
            *kinds.entry(event["detailType"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let mut first: HashMap<u64, i64> = HashMap::new();
        for (frame, at) in live.frames.iter().zip(&live.heard_at).skip(before) {
            if let Some(sequence) = frame["sequence"].as_u64().filter(|_| frame["type"] != "snapshot") {
                first.entry(sequence).or_insert(*at);
            }
        }
        let latencies = heard.iter().filter_map(|(sequence, at)| Some(first.get(sequence)? - at.as_millis())).collect();
        let now = cloud.calls();
        measured.push(Measured { latencies, frames: live.frames.len() - before, events: kinds, calls: now - calls });
        calls = now;
    }
    sidecar.finish(&[]).await;
    measured
}

fn heard(event: &Value) -> (u64, Timestamp) {
    let detail = &event["detail"];
    (detail["sequence"].as_u64().unwrap(), serde_json::from_value(detail["timestamp"].clone()).unwrap())
}
