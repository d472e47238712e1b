//! What the server says of itself: its memory, and how many jobs it has.

use crate::stage::scripted;
use crate::story::assert_ended;
use crate::workflows::held;
use monitor_testkit::{Failure, NodeScript, Script};
use serde_json::json;

/// More than the card of the fake server has: no reading of its own is higher.
const PEAK: u64 = 90_000_000_000_000;

#[tokio::test]
async fn a_failed_attempt_keeps_the_most_memory_that_was_broadcast_while_it_ran_over_a_kill() {
    let sampler = NodeScript::new().held_at(10).failing(Failure::out_of_memory().at_step(12));
    let mut stage = scripted(Script::new().node("3", sampler)).await;
    let client = stage.monitor.connected().await["clientId"].as_str().unwrap().to_owned();
    let queue_id = stage.submit().await;
    stage.held().await;
    for used in [PEAK, 5_000] {
        // As Crystools says it, with what its card does not tell left out.
        let card = json!({"vram_total": PEAK, "vram_used": used, "gpu_utilization": 97});
        stage.fake.push_text(&client, &json!({"type": "crystools.monitor", "data": {"gpus": [card]}}));
        stage.monitor.instance_when(|instance| instance["memory"]["usedBytes"] == used).await;
    }
    stage.fake.release();
    assert_eq!(stage.live.end_of(&queue_id).await["type"], "job_failed");
    let failed = assert_ended(&stage.monitor, &queue_id).await;
    assert_eq!(failed["attempts"][0]["peakMemoryBytes"], PEAK, "{failed}");
    let readings = stage.monitor.fetch("/v1/instances/default/readings").await;
    assert!(readings.as_array().unwrap().iter().all(|reading| reading["t"].is_string()), "{readings}");

    let stage = stage.crash(&[]).await;
    let again = stage.monitor.fetch(&format!("/v1/generations/{queue_id}")).await;
    assert_eq!(again["attempts"], failed["attempts"]);
    stage.finish(&[]).await;
}

#[tokio::test]
async fn a_job_in_line_is_told_how_many_the_server_still_has() {
    let mut stage = scripted(held()).await;
    let first = stage.submit().await;
    stage.held().await;
    let second = stage.submit().await;
    let told = stage
        .live
        .until("what the server has", |frame| {
            frame["queueId"] == second.as_str() && frame["comfyUIQueueRemaining"] == 2
        })
        .await;
    assert_eq!((&told["type"], &told["queuePosition"]), (&"queue_update".into(), &1.into()), "{told}");
    stage.fake.release();
    stage.completes(&first).await;
    stage.held().await;
    stage.fake.release();
    stage.completes(&second).await;
    stage.finish(&[]).await;
}
