//! Connections that are gone, slow, or have no room for all of a frame.

use crate::stage::{overall_progress, stage};
use monitor_core::event::{JobError, NodeState};
use monitor_core::frame::FrameBody::Snapshot;
use monitor_core::frame::{Frame, FrameBody, PreviewHeader, PreviewKind};
use monitor_core::generation::{Output, OutputKind, OutputStatus, Segment, Status, Summary};
use monitor_core::time::Timestamp;
use monitor_pipeline::api::Api;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Listener, PostError};
use monitor_pipeline::push::Post;
use monitor_testkit::conformance::sample::{Job, attempt, media, record, summary};
use serde_json::Value;
use uuid::Uuid;

fn frame(body: FrameBody) -> Post {
    Post::frame(&Frame { timestamp: Timestamp(0), request_id: None, job: None, body }).unwrap()
}

fn failed(message: &str, traceback: Vec<String>) -> FrameBody {
    let error = JobError { message: message.to_owned(), traceback, ..JobError::default() };
    FrameBody::JobFailed { error, message: "It failed".to_owned() }
}

#[tokio::test]
async fn a_connection_that_is_gone_is_forgotten_and_the_others_are_told() {
    let stage = stage().await;
    let job = Job::of(&attempt(&record(1), 1));
    for page in ["gone", "here"] {
        stage.world.listens(page, Topic::Generation(job.queue_id));
    }
    stage.world.refuse("gone", [PostError::Gone]);
    stage.function.event(&job.queued(1)).await.unwrap();
    stage.function.event(&job.started(2)).await.unwrap();
    assert_eq!(stage.world.told("here"), ["job_queued", "job_started"]);
    assert!(stage.world.told("gone").is_empty());
    assert!(stage.world.subscriptions.lock().unwrap().iter().all(|(_, listener)| listener.connection_id == "here"));
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_more_for_now_misses_progress_and_gets_the_rest_later() {
    let stage = stage().await;
    stage.world.refuse("slow", [PostError::Throttled, PostError::Throttled, PostError::Failed("503".to_owned())]);
    stage.function.push.to_one("slow", &[frame(overall_progress()), frame(failed("x", Vec::new()))]).await;
    assert_eq!(stage.world.told("slow"), ["job_failed"]);
}

#[tokio::test(start_paused = true)]
async fn who_never_takes_anything_holds_up_nobody_for_ever() {
    let stage = stage().await;
    stage.world.refuse("dead", vec![PostError::Throttled; 100]);
    let listeners = ["dead", "here"].map(|id| Listener { connection_id: id.to_owned(), previews: false });
    stage.function.push.to_all(&listeners, &[frame(failed("x", Vec::new()))]).await;
    assert_eq!(stage.world.told("here"), ["job_failed"]);
    assert_eq!(stage.world.refusals.lock().unwrap()["dead"].len(), 96, "four tries");
}

#[tokio::test]
async fn what_is_too_large_for_the_gateway_goes_in_a_smaller_form() {
    let stage = stage().await;
    let lines = vec!["  File \"nodes.py\", line 1".to_owned(); 20_000];
    stage.function.push.to_one("page", &[frame(failed("out of memory", lines))]).await;
    let told = stage.world.last("page");
    assert_eq!(told["error"]["message"], "out of memory");
    assert_eq!(told["error"].get("traceback"), None);
}

/// As the credentials of a role sign it.
fn link(media_id: Uuid) -> String {
    let token = "x".repeat(1_300);
    format!("https://bucket.s3.eu-central-1.amazonaws.com/media/{media_id}?X-Amz-Security-Token={token}")
}

fn output(number: u32) -> Output {
    let media_id = media(&record(1), number).media_id;
    Output {
        media_id,
        node_id: "9".to_owned(),
        kind: OutputKind::Image,
        preview: false,
        content_type: Some("image/png".to_owned()),
        size: Some(1_000_000),
        width: Some(1024),
        height: Some(1024),
        sha256: None,
        url: Some(link(media_id)),
        thumbnail_url: Some(link(media_id)),
        original_filename: Some(format!("ComfyUI_{number}.png")),
        text: None,
        status: OutputStatus::Stored,
        reason: None,
    }
}

fn ids(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn of_a_hundred_outputs_the_newest_are_told_and_that_there_are_more() {
    let stage = stage().await;
    let outputs: Vec<Output> = (0..100).map(output).collect();
    stage.function.event(&Job::of(&attempt(&record(1), 1)).queued(1)).await.unwrap();
    let Snapshot { generation: Some(Some(mut generation)), .. } =
        stage.remote.snapshot(Some(record(1).queue_id)).await.unwrap()
    else {
        panic!("it is known")
    };
    generation.outputs.clone_from(&outputs);
    let snapshot = Snapshot {
        queue_id: generation.queue_id.to_string(),
        sequence: Some(9),
        generation: Some(Some(generation)),
        generations: None,
        instances: None,
        truncated: false,
    };
    let completed = FrameBody::Completed {
        outputs: outputs.clone(),
        truncated: false,
        duration_ms: None,
        message: "Completed".to_owned(),
    };
    let changed = FrameBody::Outputs { outputs, truncated: false };
    stage.function.push.to_one("page", &[frame(snapshot), frame(changed), frame(completed)]).await;
    assert_eq!(stage.world.told("page"), ["snapshot", "outputs", "completed"]);
    for (_, frame) in stage.world.posts.lock().unwrap().iter() {
        let told = if frame["type"] == "snapshot" { &frame["generation"]["outputs"] } else { &frame["outputs"] };
        let told = ids(told, "originalFilename");
        assert!((20..40).contains(&told.len()), "{told:?}");
        assert_eq!(told.last().unwrap(), "ComfyUI_99.png");
        assert_eq!(frame["truncated"], true);
    }
}

/// The newest first, `open` of them among the oldest.
async fn list_told(ended: u32, open: u32) -> Value {
    let of = |number: u32, status| Summary {
        thumbnail_url: Some(link(record(number).queue_id)),
        strip: vec![Segment { state: NodeState::Finished, ms: 1_000 }; 32],
        ..summary(&record(number), status, 9)
    };
    let running = |number| if number == 0 { Status::Processing } else { Status::Pending };
    let list = (0..open).rev().map(|number| of(number, running(number)));
    let list = list.chain((open..open + ended).rev().map(|number| of(number, Status::Completed)));
    let snapshot = Snapshot {
        queue_id: "*".to_owned(),
        sequence: None,
        generation: None,
        generations: Some(list.collect()),
        instances: Some(Vec::new()),
        truncated: false,
    };
    let stage = stage().await;
    stage.function.push.to_one("page", &[frame(snapshot)]).await;
    stage.world.last("page")
}

#[tokio::test]
async fn of_a_long_list_all_that_is_open_is_told_and_what_has_ended_goes_first() {
    let told = list_told(240, 60).await;
    assert_eq!(told["truncated"], true);
    let ids = ids(&told["generations"], "queueId");
    for number in 0..60 {
        assert!(ids.contains(&record(number).queue_id.to_string()), "{number} is open");
    }
    // Ended ones that fit without their pictures stay.
    let told = list_told(50, 5).await;
    assert_eq!(told["generations"].as_array().unwrap().len(), 55);
    let shown = |of: &Value| of.get("thumbnailUrl").is_some();
    let list = told["generations"].as_array().unwrap();
    assert!(list[..5].iter().all(shown) && shown(&list[5]) && !shown(&list[54]), "{list:?}");
}

#[tokio::test]
async fn of_more_open_ones_than_fit_those_stay_that_run_next() {
    let ids = ids(&list_told(50, 600).await["generations"], "queueId");
    assert!(ids.len() >= 100, "{}", ids.len());
    let wanted: Vec<String> = (0..ids.len() as u32).rev().map(|number| record(number).queue_id.to_string()).collect();
    assert_eq!(ids, wanted);
}

#[test]
fn a_preview_is_text_with_its_image_in_base64_and_none_where_it_would_be_too_large() {
    let header = PreviewHeader {
        kind: PreviewKind::Preview,
        queue_id: Uuid::from_u128(1),
        prompt_id: "p".to_owned(),
        node_id: "3".to_owned(),
        content_type: "image/jpeg".to_owned(),
        sequence: 7,
        value: Some(1.0),
        max: None,
    };
    let post = format!("{:?}", Post::preview(&header, &[0xff, 0xd8]).unwrap());
    for part in ["\\\"type\\\":\\\"preview\\\"", "\\\"data\\\":\\\"/9g=\\\"", "\\\"value\\\":1.0"] {
        assert!(post.contains(part), "{part} in {post}");
    }
    assert!(Post::preview(&header, &vec![0; 128 * 1024]).is_none());
}
