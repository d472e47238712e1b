//! Events and files that wake a function.

use crate::stage::{Stage, stage};
use monitor_core::event::{Body, Event, ExecutionData, FileRef, ImagesGenerated, JobCompleted, MonitorInitialized};
use monitor_core::generation::{InstanceState, OutputStatus, Status};
use monitor_pipeline::api::Api;
use monitor_pipeline::clock;
use monitor_pipeline::hub::Topic;
use monitor_pipeline::ports::{Deliveries, GenerationRecord, MediaRecord, Roster, Store};
use monitor_testkit::conformance::sample::{Job, attempt, record, shuffled, stopped};
use serde_json::json;

fn job(number: u32) -> Job {
    Job::of(&attempt(&record(number), 1))
}

/// A job that makes one image.
fn with_an_image(job: &Job) -> Vec<Event> {
    let file = FileRef { filename: "a.png".to_owned(), subfolder: String::new(), r#type: "output".to_owned() };
    let output = json!({"images": [{"filename": "a.png", "subfolder": "", "type": "output"}]});
    let mut events = job.run();
    let end = events.pop().unwrap();
    events.push(job.event(7, ImagesGenerated { node_id: "9".to_owned(), images: vec![file], output: output.clone() }));
    let execution_data = ExecutionData { prompt_id: job.prompt_id.clone(), output: json!({"9": output}) };
    let body = JobCompleted { execution_data, duration_ms: 3000, cached_nodes: Vec::new(), peak_memory_bytes: None };
    events.push(Event { base: end.base, ..job.event(8, body) });
    events.last_mut().unwrap().base.sequence = 8;
    events
}

/// What a monitor announces of the one row that is pending.
async fn stored(stage: &Stage, job: &Job) -> MediaRecord {
    let row = stage.store.media(job.queue_id).await.unwrap().remove(0);
    MediaRecord {
        status: OutputStatus::Stored,
        key: Some("media/aa".to_owned()),
        content_type: Some("image/png".to_owned()),
        size: Some(3),
        ..row
    }
}

#[tokio::test]
async fn events_that_come_twice_and_in_any_order_leave_the_same_generation() {
    let mut expected = None;
    for seed in 0..12 {
        let (stage, job) = (stage().await, job(1));
        let events = job.run();
        for event in shuffled(&[&events[..], &events].concat(), seed) {
            stage.function.event(&event).await.unwrap();
        }
        let mut generation = stage.remote.generation(job.queue_id).await.unwrap();
        assert_eq!(generation.status, Status::Completed);
        assert_eq!(stage.store.events(job.queue_id).await.unwrap(), events);
        // Who was first says when it was made.
        generation.created_at = monitor_core::time::Timestamp::default();
        generation.attempts.iter_mut().for_each(|attempt| attempt.started_at = None);
        let expected = expected.get_or_insert_with(|| generation.clone());
        assert_eq!(&generation.nodes, &expected.nodes, "order {seed}");
        assert_eq!(generation.duration_ms, expected.duration_ms, "order {seed}");
    }
}

#[tokio::test]
async fn a_listener_is_told_a_job_from_its_start_to_its_end() {
    let (stage, job) = (stage().await, job(1));
    stage.world.listens("page", Topic::Generation(job.queue_id));
    for event in job.run() {
        stage.function.event(&event).await.unwrap();
    }
    let expected =
        ["job_queued", "job_started", "job_progress", "node_executed", "job_progress", "node_executed", "completed"];
    assert_eq!(stage.world.told("page"), expected);
}

#[tokio::test]
async fn progress_is_told_and_what_was_shown_does_not_fall_with_the_next_event() {
    let (stage, job) = (stage().await, job(1));
    stage.world.listens("page", Topic::Generation(job.queue_id));
    for event in [job.queued(1), job.started(2), job.executing(3, "3"), job.progress(4, "3")] {
        stage.function.event(&event).await.unwrap();
    }
    assert_eq!(stage.world.last("page")["overallPercentage"], json!(12.5));
    stage.function.event(&job.executing(5, "9")).await.unwrap();
    assert_eq!(stage.world.last("page")["overallPercentage"], json!(12.5));
    assert_eq!(stage.store.events(job.queue_id).await.unwrap().len(), 4, "steps are not kept");
}

#[tokio::test]
async fn those_who_watch_all_hear_of_the_status_and_not_of_every_node() {
    let (stage, job) = (stage().await, job(1));
    stage.world.listens("list", Topic::All);
    for event in job.run() {
        stage.function.event(&event).await.unwrap();
    }
    assert_eq!(stage.world.told("list"), ["generation_update"; 3]);
    assert_eq!(stage.world.last("list")["generation"]["status"], "completed");
}

#[tokio::test]
async fn a_generation_is_completed_when_its_file_was_delivered_after_its_end() {
    let (stage, job) = (stage().await, job(1));
    stage.world.listens("page", Topic::Generation(job.queue_id));
    for event in with_an_image(&job) {
        stage.function.event(&event).await.unwrap();
    }
    assert!(!stage.world.told("page").contains(&"completed".to_owned()));
    assert_eq!(stage.remote.generation(job.queue_id).await.unwrap().status, Status::Processing);
    let settled = stored(&stage, &job).await;
    stage.function.delivered(&settled).await.unwrap();
    let end = stage.world.last("page");
    assert_eq!(end["type"], "completed");
    assert_eq!(end["outputs"][0]["url"], format!("https://bucket/{}", settled.media_id));
    // And again: told or not, it stays so.
    stage.function.delivered(&settled).await.unwrap();
    let generation = stage.remote.generation(job.queue_id).await.unwrap();
    assert_eq!((generation.status, generation.outputs.len()), (Status::Completed, 1));
}

#[tokio::test]
async fn a_file_that_was_delivered_before_its_events_is_found_by_them() {
    let (stage, job) = (stage().await, job(1));
    let events = with_an_image(&job);
    // Another stage knows what the row will be.
    let elsewhere = self::stage().await;
    for event in &events {
        elsewhere.function.event(event).await.unwrap();
    }
    let settled = stored(&elsewhere, &job).await;
    stage.world.announce(&settled).await.unwrap();
    for event in &events {
        stage.function.event(event).await.unwrap();
    }
    let generation = stage.remote.generation(job.queue_id).await.unwrap();
    assert_eq!((generation.status, generation.outputs[0].status), (Status::Completed, OutputStatus::Stored));
}

#[tokio::test]
async fn a_job_that_nobody_recorded_is_listed_with_the_title_its_monitor_gave_it() {
    let (stage, job) = (stage().await, job(5));
    stage.function.event(&job.started(2)).await.unwrap();
    let mut queued = job.queued(1);
    if let monitor_core::event::Body::JobQueued(body) = &mut queued.body {
        body.title = Some("A lighthouse".to_owned());
    }
    stage.function.event(&queued).await.unwrap();
    let page = stage.remote.list(monitor_pipeline::ports::ListQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert_eq!(page.items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["A lighthouse"]);
    assert_eq!(stage.remote.job(&job.prompt_id).await.unwrap().queue_id, job.queue_id);
}

#[tokio::test]
async fn a_try_that_a_monitor_began_by_itself_is_an_attempt_here_too() {
    let (stage, first) = (stage().await, job(1));
    let second = Job { attempt: 2, prompt_id: "second".to_owned(), ..first.clone() };
    for event in [first.queued(1), first.failed(2, 10), first.retrying(3), second.queued(4), second.completed(5, 10)] {
        stage.function.event(&event).await.unwrap();
    }
    let generation = stage.remote.job("second").await.unwrap();
    assert_eq!((generation.status, generation.attempts.len()), (Status::Completed, 2));
}

#[tokio::test]
async fn what_a_monitor_says_of_itself_is_told_to_those_who_watch_all() {
    let stage = stage().await;
    stage.world.listens("list", Topic::All);
    stage.function.event(&stopped("gpu-7", 3)).await.unwrap();
    let update = stage.world.last("list");
    assert_eq!((&update["type"], &update["instance"]["state"]), (&json!("instance_update"), &json!("disconnected")));
    assert_eq!(stage.remote.instances().await[0].instance_id, "gpu-7");
    assert_eq!(stage.remote.instance_events("gpu-7", 0, 10).await.unwrap().len(), 1);
}

/// A monitor's first word.
fn initialized(client_id: &str, sequence: u64) -> Event {
    let mut event = stopped("gpu-1", sequence);
    client_id.clone_into(&mut event.base.client_id);
    event.body = Body::from(MonitorInitialized {
        comfyui_host: "127.0.0.1:8188".to_owned(),
        version: "1".to_owned(),
        comfyui_version: None,
        devices: Vec::new(),
    });
    event
}

#[tokio::test]
async fn jobs_of_a_monitor_that_comes_back_without_its_folder_are_lost_and_no_others() {
    let stage = stage().await;
    let at = |instance_id: &str, number| Job {
        instance_id: instance_id.to_owned(),
        ..Job::of(&attempt(&record(number), 1))
    };
    let (running, done, between, elsewhere) = (at("gpu-1", 1), at("gpu-1", 2), at("gpu-1", 3), at("gpu-2", 4));
    let waiting = GenerationRecord { instance_id: Some("gpu-1".to_owned()), ..record(5) };
    stage.store.create(&waiting, &attempt(&waiting, 1)).await.unwrap();
    stage.function.event(&initialized("monitor", 1)).await.unwrap();
    let started = [&running, &elsewhere].map(|job| [job.queued(1), job.started(2), job.executing(3, "3")]);
    let failed = [between.started(1), between.failed(2, 10), between.retrying(3)];
    for event in started.iter().flatten().chain(&done.run()).chain(&failed) {
        stage.function.event(event).await.unwrap();
    }
    stage.world.listens("page", Topic::Generation(running.queue_id));

    // The same monitor again: it knows its jobs.
    stage.function.event(&initialized("monitor", 2)).await.unwrap();
    let status = async |queue_id| stage.remote.generation(queue_id).await.unwrap().status;
    assert_eq!(status(running.queue_id).await, Status::Processing);

    // Another one, twice.
    for _ in 0..2 {
        stage.function.event(&initialized("another", 3)).await.unwrap();
        let lost = stage.remote.generation(running.queue_id).await.unwrap();
        assert_eq!((lost.status, lost.error.unwrap().r#type.as_str()), (Status::Failed, "instance_lost"));
        assert_eq!(status(done.queue_id).await, Status::Completed);
        assert_eq!(status(between.queue_id).await, Status::Failed);
        assert_eq!(status(elsewhere.queue_id).await, Status::Processing);
        assert_eq!(status(waiting.queue_id).await, Status::Pending);
    }
    assert_eq!(stage.world.told("page"), ["job_failed"]);
    // Steps that a page may have seen straight from the monitor came before.
    assert!(stage.world.last("page")["sequence"].as_u64().unwrap() > 100_000);
}

#[tokio::test]
async fn they_are_lost_also_where_what_the_new_monitor_says_next_comes_before_its_first_word() {
    let stage = stage().await;
    let job = Job { instance_id: "gpu-1".to_owned(), ..Job::of(&attempt(&record(1), 1)) };
    for event in [initialized("monitor", 1), job.queued(1), job.started(2)] {
        stage.function.event(&event).await.unwrap();
    }
    let next = Event { base: initialized("another", 4).base, ..stopped("gpu-1", 4) };
    stage.function.event(&next).await.unwrap();
    stage.function.event(&initialized("another", 3)).await.unwrap();
    assert_eq!(stage.remote.generation(job.queue_id).await.unwrap().status, Status::Failed);
}

#[tokio::test]
async fn a_late_word_of_a_monitor_that_is_gone_ends_nothing() {
    let stage = stage().await;
    let job = Job { instance_id: "gpu-1".to_owned(), ..Job::of(&attempt(&record(1), 1)) };
    for event in [initialized("another", 3), job.queued(1), job.started(2), initialized("monitor", 1)] {
        stage.function.event(&event).await.unwrap();
    }
    assert_eq!(stage.remote.generation(job.queue_id).await.unwrap().status, Status::Processing);
}

#[tokio::test]
async fn that_a_monitor_is_not_heard_of_any_more_is_told_though_nobody_says_it() {
    let stage = stage().await;
    stage.world.listens("list", Topic::All);
    let heard_ago = |minutes: i64| {
        let mut event = initialized("monitor", 1);
        event.base.timestamp.0 = clock::wall().0 - minutes * 60_000;
        event
    };
    stage.function.event(&heard_ago(4)).await.unwrap();
    stage.function.look_after(600_000).await.unwrap();
    assert_eq!(stage.world.last("list")["instance"]["state"], "connected");
    assert_eq!(stage.world.told("list").len(), 1);

    stage.world.heard.lock().unwrap().clear();
    stage.world.hear(&heard_ago(6)).await.unwrap();
    stage.function.look_after(600_000).await.unwrap();
    assert_eq!(stage.world.last("list")["instance"]["state"], "disconnected");
    assert_eq!(stage.remote.instances().await[0].state, InstanceState::Disconnected);
}
