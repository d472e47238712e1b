//! A server that sends what no honest one does: the monitor lives, writes nowhere it should not, and the next job is
//! fine.

use crate::stage::{Stage, scripted};
use crate::story::{assert_ended, assert_frames};
use monitor_testkit::hostile::{file_names, many_nodes};
use monitor_testkit::{FakeComfy, Faults, Hostile, NodeScript, Raw, Script};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

async fn survives(hostile: Vec<Hostile>, expected: &[&str]) {
    let faults = Faults { hostile, ..Faults::default() };
    let mut stage = Stage::with(FakeComfy::builder().faults(faults).speed(0.0)).await;
    stage.next_job_is_fine().await;
    stage.fake.faults(|faults| faults.hostile.clear());
    stage.next_job_is_fine().await;
    stage.finish(expected).await;
}

#[tokio::test]
async fn broken_frames_and_messages_are_dropped() {
    let kinds = [Hostile::ShortFrames, Hostile::BadJson, Hostile::PythonJson, Hostile::WrongTypes];
    survives(kinds.to_vec(), &[]).await;
}

#[tokio::test]
async fn a_message_nested_without_end_is_dropped() {
    survives(vec![Hostile::Nested(10_000), Hostile::Nested(400_000)], &[]).await;
}

#[tokio::test]
async fn a_message_of_fifty_megabytes_is_survived() {
    survives(vec![Hostile::Huge(50 << 20)], &[]).await;
}

#[tokio::test]
async fn a_hundred_thousand_nodes_are_survived() {
    survives(vec![Hostile::ManyNodes(100_000), Hostile::FileNames], &[]).await;
}

#[tokio::test]
async fn a_thousand_nodes_at_once_that_a_job_of_ours_never_had_are_survived() {
    let mut stage = scripted(crate::workflows::held()).await;
    let client = stage.monitor.connected().await["clientId"].as_str().unwrap().to_owned();
    let queue_id = stage.submit().await;
    stage.held().await;
    let prompt_id = stage.fake.state().running.unwrap();
    stage.fake.push_text(&client, &many_nodes(&prompt_id, 1_000));
    stage.fake.push(&client, Raw::Text("{\"type\":\"progress_state\",\"data\":".repeat(1_000)));
    stage.fake.release();
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    stage.live.catch_up().await;
    assert_frames(&stage.live.of(&queue_id));
    let generation = assert_ended(&stage.monitor, &queue_id).await;
    // The graph's own and at most 200 more.
    assert!(generation["nodes"].as_array().unwrap().len() <= 207);
    let largest = stage.live.of(&queue_id).iter().map(|frame| frame.to_string().len()).max().unwrap();
    assert!(largest <= 256 << 10, "a frame of {largest} bytes");
    stage.finish(&[]).await;
}

#[tokio::test]
async fn file_names_that_want_out_of_the_media_folder_stay_in() {
    let output = json!({"images": file_names(), "text": ["a\u{0}b"]});
    let mut stage = scripted(Script::new().node("9", NodeScript::new().output(output))).await;
    let queue_id = stage.submit().await;
    let end = stage.live.end_of(&queue_id).await;
    assert_eq!(end["type"], "completed", "{end}");
    stage.live.catch_up().await;
    assert_frames(&stage.live.of(&queue_id));
    let generation = assert_ended(&stage.monitor, &queue_id).await;
    for output in generation["outputs"].as_array().unwrap() {
        if let Some(url) = output["url"].as_str() {
            let response = stage.monitor.request(reqwest::Method::GET, url).send().await.unwrap();
            assert!(response.headers().get("x-header").is_none(), "a header was smuggled in by {output}");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        } else {
            assert!(output["reason"].is_string() || output["text"].is_string(), "{output}");
        }
    }
    let media = stage.folder.data().join("media");
    for file in files(stage.folder.outside()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let is_store = file.parent() == Some(&stage.folder.data()) && name.starts_with("monitor.");
        assert!(file.starts_with(&media) || is_store, "outside: {}", file.display());
        assert!(name.is_ascii() && name.len() < 120 && !name.contains("escape"), "{name}");
    }
    stage.finish(&["an output could not be fetched"]).await;
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test]
async fn a_flood_of_previews_and_messages_does_not_hold_up_the_end() {
    let mut stage = scripted(crate::workflows::held()).await;
    let client = stage.monitor.connected().await["clientId"].as_str().unwrap().to_owned();
    let queue_id = stage.submit().await;
    stage.held().await;
    let prompt_id = stage.fake.state().running.unwrap();
    let step: Value =
        json!({"type": "progress", "data": {"value": 11, "max": 24, "prompt_id": prompt_id, "node": "3"}});
    let mut preview = vec![0, 0, 0, 1, 0, 0, 0, 1];
    preview.resize(200_000, 7);
    for _ in 0..300 {
        stage.fake.push_text(&client, &step);
        stage.fake.push(&client, Raw::Binary(preview.clone().into()));
    }
    stage.fake.release();
    stage.completes(&queue_id).await;
    stage.finish(&[]).await;
}
