//! Pictures of what a sampler is at, from the server to a page that asked for them.

use crate::stage::{Stage, scripted};
use crate::workflows::held;
use monitor_testkit::FakeComfy;
use serde_json::Value;

/// What the first job asked the server for.
fn asked(stage: &Stage) -> Value {
    stage.fake.submitted()[0].body["extra_data"]["preview_method"].clone()
}

#[tokio::test]
async fn a_job_asks_for_previews_and_a_page_that_asked_gets_the_newest_of_what_came() {
    let mut stage = scripted(held()).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    assert_eq!(asked(&stage), "auto");
    // The last one before the sampler stands still; those before it may have been passed over.
    while stage.live.previews.last().is_none_or(|preview| preview["value"] != 10.0) {
        assert!(stage.live.step().await, "the connection ended");
    }
    let preview = stage.live.previews.last().unwrap();
    assert_eq!((&preview["queueId"], &preview["nodeId"]), (&queue_id.clone().into(), &"3".into()), "{preview}");
    assert_eq!((&preview["contentType"], &preview["max"]), (&"image/jpeg".into(), &24.0.into()), "{preview}");
    stage.fake.release();
    stage.completes(&queue_id).await;
    stage.finish(&[]).await;
}

#[tokio::test]
async fn where_previews_are_off_none_are_asked_for_and_none_are_passed_on() {
    let builder = FakeComfy::builder().script(held()).speed(0.0);
    let mut stage = Stage::configured("[previews]\nenabled = false\n", builder).await;
    let queue_id = stage.submit().await;
    stage.held().await;
    // This server sends them all the same.
    stage.fake.release();
    stage.completes(&queue_id).await;
    assert_eq!(asked(&stage), Value::Null);
    assert!(stage.live.previews.is_empty(), "{:?}", stage.live.previews);
    stage.finish(&[]).await;
}
