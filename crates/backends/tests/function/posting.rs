//! Connections that are gone, slow, or have no room for all of a frame.

use crate::stage::{overall_progress, stage};
use monitor_core::event::JobError;
use monitor_core::frame::{Frame, FrameBody, PreviewHeader, PreviewKind};
use monitor_core::time::Timestamp;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Listener, PostError};
use monitor_pipeline::push::Post;
use monitor_testkit::conformance::sample::{Job, attempt, record};
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

#[tokio::test]
async fn a_gateway_that_finds_it_too_large_gets_the_smaller_form_as_well() {
    let stage = stage().await;
    stage.world.refuse("page", [PostError::TooLarge]);
    stage.function.push.to_one("page", &[frame(failed("x", vec!["line".to_owned()]))]).await;
    assert_eq!(stage.world.last("page")["error"].get("traceback"), None);
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
