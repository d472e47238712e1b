//! What the deployment on AWS takes from the code: one event of each detail type as it goes over a bus
//! (`fixtures/events`), and which handler the bus gives it to (`deploy/aws/patterns.json`). Held to be current; `make gen`
//! writes them, and `deploy/aws/check.py` holds the template to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "../../../core/tests/story/mod.rs"]
mod story;

use monitor_core::event::{
    Body, DETAIL_TYPES, Device, Event, InterruptReason, MonitorDisconnected, MonitorInitialized, MonitorReconnected,
    MonitorStopped, QueueStatusUpdated, SOURCE, SYSTEM_PROMPT,
};
use monitor_pipeline::handlers::Handler;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use story::Story;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn of_a_monitor(body: impl Into<Body>) -> Event {
    let mut event = Story::new().tell(body).events.remove(0);
    event.base.prompt_id = SYSTEM_PROMPT.into();
    event.base.queue_id = None;
    event
}

/// One of each detail type, in the contract's order.
fn golden() -> Vec<Event> {
    let device = Device {
        name: "cuda:0 NVIDIA RTX A5000".into(),
        r#type: Some("cuda".into()),
        vram_total_bytes: Some(25_757_220_864),
        vram_free_bytes: Some(25_100_000_000),
    };
    let mut events = vec![
        of_a_monitor(MonitorInitialized {
            comfyui_host: "127.0.0.1:8188".into(),
            version: "0.1.0".into(),
            comfyui_version: Some("0.33.0".into()),
            devices: vec![device],
        }),
        of_a_monitor(MonitorStopped { reason: "shutdown".into() }),
        of_a_monitor(MonitorDisconnected { reason: "connection refused".into() }),
        of_a_monitor(MonitorReconnected { missed_ms: 4_200, healed_jobs: 1 }),
        of_a_monitor(QueueStatusUpdated { queue_remaining: 2, exec_info: json!({"queue_remaining": 2}) }),
    ];
    let mut story = Story::of_a_picture(&["4"]);
    story.executing("3").step("3", 12.0, 20.0, 61.25).executed("3", 1_900).images("9", &["ComfyUI_00001_.png"]);
    story.completed();
    let mut ends = Story::new();
    ends.failed("torch.OutOfMemoryError", Some("3"), true)
        .interrupted(InterruptReason::Cancelled, Some("3"))
        .retrying(1);
    events.extend(story.events.into_iter().chain(ends.events));
    events.sort_by_key(|event| DETAIL_TYPES.iter().position(|known| *known == event.detail_type()));
    events
}

/// The ending of its function's name.
fn function(handler: Handler) -> &'static str {
    match handler {
        Handler::MonitorInit => "init",
        Handler::JobStart => "job-start",
        Handler::JobProgress => "job-progress",
        Handler::JobCompletion => "job-completion",
        Handler::JobFailure => "job-failure",
    }
}

/// `text` in `file`, written first where that is wanted.
fn is_current(file: &Path, value: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("WRITE_GENERATED").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(kept == text, "{} is not current: run `make gen`", file.display());
}

#[test]
fn there_is_one_golden_event_of_every_detail_type() {
    let told: Vec<_> = golden().iter().map(Event::detail_type).collect();
    assert_eq!(told, DETAIL_TYPES);
}

#[test]
fn the_golden_events_are_current_and_read_back_as_they_were() {
    let folder = root().join("fixtures/events");
    for event in golden() {
        let name = event.detail_type().to_lowercase().replace(' ', "-");
        is_current(&folder.join(format!("{name}.json")), &event);
        let kept = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        assert_eq!(serde_json::from_slice::<Event>(&kept).unwrap(), event);
    }
    let kept = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(kept, DETAIL_TYPES.len(), "a detail type went: remove its file from {}", folder.display());
}

#[test]
fn the_patterns_of_the_rules_are_current() {
    let mut types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in golden() {
        types.entry(function(Handler::of(&event))).or_default().push(event.detail_type());
    }
    let pattern = |types| BTreeMap::from([("source", vec![SOURCE]), ("detail-type", types)]);
    let patterns: BTreeMap<&str, _> = types.into_iter().map(|(name, types)| (name, pattern(types))).collect();
    is_current(&root().join("deploy/aws/patterns.json"), &patterns);
}
