//! What nodes took is remembered.

use crate::stage::{Stage, scripted};
use monitor_testkit::Script;
use serde_json::Value;
use std::collections::BTreeMap;

/// Runs by class, as the events of these prompts tell them.
async fn told(stage: &Stage, prompts: &[String]) -> BTreeMap<String, u64> {
    let mut runs = BTreeMap::new();
    for prompt_id in prompts {
        for event in stage.monitor.events(prompt_id).await {
            if let Some(class_type) = event["detail"]["work"]["classType"].as_str() {
                *runs.entry(class_type.to_owned()).or_default() += 1;
            }
        }
    }
    runs
}

async fn performance(stage: &Stage) -> Vec<Value> {
    let answer = stage.monitor.fetch("/v1/performance").await;
    answer["items"].as_array().unwrap().clone()
}

fn runs(items: &[Value]) -> BTreeMap<String, u64> {
    items.iter().map(|item| (item["classType"].as_str().unwrap().to_owned(), item["runs"].as_u64().unwrap())).collect()
}

async fn completed(stage: &mut Stage) -> String {
    let queue_id = stage.submit().await;
    stage.completes(&queue_id).await["promptId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_run_counts_once_and_a_kill_changes_nothing() {
    let mut stage = scripted(Script::default()).await;
    let first = completed(&mut stage).await;
    let items = performance(&stage).await;
    assert!(runs(&items).contains_key("KSampler"), "{items:?}");
    assert_eq!(runs(&items), told(&stage, std::slice::from_ref(&first)).await);

    let mut stage = stage.crash(&[]).await;
    stage.monitor.connected().await;
    assert_eq!(performance(&stage).await, items);
    let second = completed(&mut stage).await;
    assert_eq!(runs(&performance(&stage).await), told(&stage, &[first, second]).await);
    stage.finish(&[]).await;
}
