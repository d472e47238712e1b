//! The monitor with the real adapter against a fake `ComfyUI`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is test")]

mod support;

use monitor_backends::comfy::Options;
use monitor_core::event::{Body, InterruptReason};
use monitor_core::generation::InstanceState;
use monitor_pipeline::monitor::{Sent, Timing};
use monitor_testkit::{FakeComfy, Hostile, NodeScript, Script};
use serde_json::json;
use std::time::{Duration, Instant};
use support::{CLIENT, Watched, graph, has, is_completed, sampling_for, submission};

async fn quick_fake() -> FakeComfy {
    FakeComfy::builder().script(sampling_for(Duration::from_millis(300))).start().await.unwrap()
}

/// The fake keeps a record, and tells nobody when it grows.
async fn until(wanted: impl Fn() -> bool) {
    let waiting = async {
        while !wanted() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
}

fn is_accepted(sent: &Sent) -> bool {
    matches!(sent, Sent::Accepted { .. })
}

#[tokio::test]
async fn a_job_is_told_from_its_submission_to_its_end() {
    let fake = quick_fake().await;
    let watched = Watched::of(&fake);
    let status = watched.connected().await;
    assert_eq!(status.comfyui_version.as_deref(), Some("0.33.0"));
    assert!(!status.devices.is_empty() && status.memory.is_some());

    let job = submission();
    let sent = watched.monitor.submit(job.clone(), Some("latent2rgb".into())).await;
    assert!(is_accepted(&sent), "{sent:?}");
    assert!(is_completed(&watched.until_end(&job.prompt_id).await));

    let told = watched.told();
    let place = |what: &str| told.iter().position(|line| line.starts_with(what)).unwrap_or_else(|| panic!("{told:#?}"));
    let order =
        ["Monitor Initialized", "Job Queued", "Job Started", "Workflow Nodes", "Node Executed", "Job Completed"];
    assert!(order.map(place).is_sorted(), "{told:#?}");
    let body = &fake.submitted()[0].body;
    assert_eq!(body["client_id"], CLIENT);
    assert_eq!(body["prompt_id"], job.prompt_id);
    assert_eq!(body["extra_data"]["preview_method"], "latent2rgb");
}

#[tokio::test]
async fn the_feature_flags_are_the_first_thing_said_on_every_connection() {
    let fake = quick_fake().await;
    let _watched = Watched::of(&fake);
    until(|| fake.heard().len() == 1).await;
    fake.cut_sockets();
    until(|| fake.heard().len() == 2).await;
    for message in fake.heard() {
        assert_eq!(message.client_id, CLIENT);
        assert_eq!(message.data, json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}}));
    }
}

#[tokio::test]
async fn previews_come_with_their_node_because_the_flags_count() {
    let fake = FakeComfy::builder().script(sampling_for(Duration::ZERO).previews(true)).start().await.unwrap();
    let watched = Watched::of(&fake);
    watched.connected().await;
    watched.monitor.submit(submission(), None).await;
    watched.until("a preview", |heard| heard.previews > 0).await;
}

#[tokio::test]
async fn a_job_that_ends_while_the_connection_is_cut_ends_once_all_the_same() {
    let fake = FakeComfy::builder()
        .script(Script::new().pace(0.0).class("KSampler", NodeScript::new().steps(4).held_at(2)))
        .start()
        .await
        .unwrap();
    let watched = Watched::of(&fake);
    watched.connected().await;
    let job = submission();
    watched.monitor.submit(job.clone(), None).await;
    fake.wait_until(|state| state.held).await;
    fake.cut_sockets();
    fake.release();
    fake.wait_idle().await;
    assert!(is_completed(&watched.until_end(&job.prompt_id).await));
    watched.until("reconnected", |heard| has(heard, "Monitor Reconnected")).await;
    assert_eq!(watched.ends(), [job.prompt_id]);
    assert!(
        fake.requests()
            .iter()
            .filter(|request| request.path.contains("clientId="))
            .all(|request| request.path.contains(CLIENT))
    );
}

#[tokio::test]
async fn reconnecting_never_leaves_two_sockets_and_the_last_one_hears() {
    let fake = quick_fake().await;
    let watched = Watched::of(&fake);
    for round in 1..=5_u64 {
        watched.until_status("connected again", |status| status.state == InstanceState::Connected).await;
        fake.wait_until(|state| state.clients == [CLIENT] && state.open_sockets == 1).await;
        watched.monitor.reconnect().await;
        watched
            .until("reconnected", |heard| {
                heard.events.iter().filter(|event| matches!(event.body, Body::MonitorReconnected(_))).count() as u64
                    == round
            })
            .await;
        assert!(fake.state().open_sockets <= 1);
    }
    let job = submission();
    watched.monitor.submit(job.clone(), None).await;
    assert!(is_completed(&watched.until_end(&job.prompt_id).await));
    watched.until("steps", |heard| has(heard, "Node Progress Update")).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_waited_for() {
    let fake = quick_fake().await;
    fake.kill().await;
    let watched = Watched::of(&fake);
    let status = watched.until_status("a reason", |status| status.reason.is_some()).await;
    assert_eq!(status.state, InstanceState::Disconnected);
    assert!(status.reason.unwrap().contains("nothing listens at"));
    assert!(status.next_try_at.is_some());
    let sent = watched.monitor.submit(submission(), None).await;
    assert!(matches!(sent, Sent::Away { .. }), "{sent:?}");
    assert!(watched.told().is_empty());

    fake.restart().await.unwrap();
    watched.connected().await;
    watched.until("initialized", |heard| has(heard, "Monitor Initialized")).await;
}

#[tokio::test]
async fn jobs_of_a_server_that_was_killed_are_lost_and_told_so_within_ten_seconds_of_its_return() {
    let fake = FakeComfy::builder().script(sampling_for(Duration::from_mins(10))).start().await.unwrap();
    let watched = Watched::of(&fake);
    watched.connected().await;
    let (runs, waits) = (submission(), submission());
    watched.monitor.submit(runs.clone(), None).await;
    watched.monitor.submit(waits.clone(), None).await;
    watched.until("started", |heard| has(heard, "Job Started")).await;
    fake.kill().await;
    watched.until("disconnected", |heard| has(heard, "Monitor Disconnected")).await;
    fake.restart().await.unwrap();
    let back = Instant::now();
    for job in [&runs, &waits] {
        let end = watched.until_end(&job.prompt_id).await;
        assert!(matches!(&end.body, Body::JobFailed(failed) if failed.error.r#type == "instance_lost"), "{end:?}");
    }
    assert!(back.elapsed() < Duration::from_secs(10), "{:?}", back.elapsed());
}

#[tokio::test]
async fn a_socket_that_the_server_has_forgotten_is_noticed_within_five_seconds_and_replaced() {
    let fake = FakeComfy::builder().script(sampling_for(Duration::from_mins(10))).start().await.unwrap();
    let watched = Watched::of(&fake);
    watched.connected().await;
    fake.forget(CLIENT);
    // Somebody else's job: nobody tells us but `status`.
    let body = json!({"prompt": support::graph(7), "client_id": "somebody"});
    fake.submit(body.as_object().unwrap()).unwrap();
    let changed = Instant::now();
    watched.until("disconnected", |heard| has(heard, "Monitor Disconnected")).await;
    assert!(changed.elapsed() < Duration::from_secs(5), "{:?}", changed.elapsed());
    watched.until("reconnected", |heard| has(heard, "Monitor Reconnected")).await;
    watched
        .until_status("the job", |status| status.running.len() == 1 && status.state == InstanceState::Connected)
        .await;
}

#[tokio::test]
async fn where_a_new_connection_is_deaf_too_the_queue_is_polled_until_messages_flow_again() {
    let fake = quick_fake().await;
    let watched = Watched::of(&fake);
    watched.connected().await;
    fake.stall();
    let first = submission();
    assert!(is_accepted(&watched.monitor.submit(first.clone(), None).await));
    assert!(is_completed(&watched.until_end(&first.prompt_id).await));
    // A new connection may be the cure; that it is not shows when something happens that it does not tell.
    watched.until("reconnected", |heard| has(heard, "Monitor Reconnected")).await;
    let second = submission();
    assert!(is_accepted(&watched.monitor.submit(second.clone(), None).await));
    let status = watched.until_status("polling", |status| status.state == InstanceState::Polling).await;
    assert!(status.reason.unwrap().contains("another client"));
    let third = submission();
    assert!(is_accepted(&watched.monitor.submit(third.clone(), None).await));
    for job in [&second, &third] {
        assert!(is_completed(&watched.until_end(&job.prompt_id).await));
    }
    fake.resume();
    watched.connected().await;
    assert_eq!(watched.ends().len(), 3, "{:#?}", watched.told());
}

#[tokio::test]
async fn an_answer_that_comes_after_the_messages_of_the_job_does_no_harm() {
    let fake = quick_fake().await;
    fake.faults(|faults| faults.answer_after = Some(5));
    let watched = Watched::of(&fake);
    watched.connected().await;
    let job = submission();
    assert!(is_accepted(&watched.monitor.submit(job.clone(), None).await));
    assert!(is_completed(&watched.until_end(&job.prompt_id).await));
    let starts = watched.told().iter().filter(|line| line.starts_with("Job Started")).count();
    assert_eq!(starts, 1);
}

#[tokio::test]
async fn no_message_however_broken_ends_the_watch() {
    let fake = quick_fake().await;
    fake.faults(|faults| {
        faults.hostile = vec![
            Hostile::ShortFrames,
            Hostile::BadJson,
            Hostile::PythonJson,
            Hostile::WrongTypes,
            Hostile::Nested(10_000),
            Hostile::Huge(20 << 20),
            Hostile::ManyNodes(5_000),
            Hostile::FileNames,
        ];
    });
    let watched = Watched::of(&fake);
    watched.connected().await;
    let job = submission();
    watched.monitor.submit(job.clone(), None).await;
    assert!(is_completed(&watched.until_end(&job.prompt_id).await));
    let counts = watched.monitor.counts();
    assert!(counts.malformed > 10, "{counts:?}");
    assert_eq!((counts.connections, counts.lost), (1, 0), "{counts:?}");
}

#[tokio::test]
async fn messages_that_are_lost_doubled_and_swapped_leave_one_end_each() {
    let fake = quick_fake().await;
    fake.faults(|faults| (faults.drop, faults.duplicate, faults.reorder) = (0.1, 0.1, 0.1));
    let watched = Watched::of(&fake);
    watched.connected().await;
    let jobs = [submission(), submission(), submission(), submission()];
    for job in &jobs {
        watched.monitor.submit(job.clone(), None).await;
    }
    for job in &jobs {
        assert!(is_completed(&watched.until_end(&job.prompt_id).await));
    }
    let mut ends = watched.ends();
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), watched.ends().len(), "{:#?}", watched.told());
}

#[tokio::test]
async fn a_refused_workflow_is_told_in_words() {
    let fake = FakeComfy::builder().validation(true).start().await.unwrap();
    let watched = Watched::of(&fake);
    watched.connected().await;
    let mut job = submission();
    job.workflow["3"]["inputs"]["steps"] = json!(0);
    let sent = watched.monitor.submit(job.clone(), None).await;
    let Sent::Refused { error, node_errors } = sent else { panic!("{sent:?}") };
    assert_eq!(error.r#type, "submission_refused");
    assert_eq!(node_errors[0].input.as_deref(), Some("steps"));
    assert_eq!(node_errors[0].node_title.as_deref(), Some("K-Sampler"));
    assert!(node_errors[0].message.contains("smallest value allowed is 1"), "{node_errors:?}");
}

#[tokio::test]
async fn a_waiting_and_a_running_job_are_cancelled_each_alone() {
    for version in ["0.33.0", "0.20.0"] {
        let fake =
            FakeComfy::builder().version(version).script(sampling_for(Duration::from_mins(10))).start().await.unwrap();
        let watched = Watched::of(&fake);
        watched.connected().await;
        let (runs, waits) = (submission(), submission());
        watched.monitor.submit(runs.clone(), None).await;
        watched.monitor.submit(waits.clone(), None).await;
        watched.until("steps", |heard| has(heard, "Node Progress Update")).await;
        for job in [&waits, &runs] {
            assert!(watched.monitor.cancel(&job.prompt_id).await.unwrap());
            let end = watched.until_end(&job.prompt_id).await;
            assert!(
                matches!(&end.body, Body::JobInterrupted(end) if end.reason == InterruptReason::Cancelled),
                "{end:?}"
            );
        }
        assert!(!watched.monitor.cancel(&runs.prompt_id).await.unwrap());
        fake.wait_idle().await;
    }
}

#[tokio::test]
async fn a_proxy_with_a_login_and_a_path_is_passed_with_the_headers_of_the_instance() {
    let fake =
        FakeComfy::builder().prefix("/comfy").script(sampling_for(Duration::from_millis(100))).start().await.unwrap();
    fake.faults(|faults| faults.require_header = Some(("authorization".into(), "Bearer s3cret".into())));
    let locked = Watched::of(&fake);
    let status = locked.until_status("a reason", |status| status.reason.is_some()).await;
    let reason = status.reason.unwrap();
    assert!(reason.contains("401") && reason.contains("login"), "{reason}");

    let options = Options { url: fake.base_url(), token: Some("s3cret".into()), headers: Vec::new() };
    let watched = Watched::at(&options, Timing::default());
    watched.connected().await;
    let job = submission();
    watched.monitor.submit(job.clone(), None).await;
    assert!(is_completed(&watched.until_end(&job.prompt_id).await));
}

#[tokio::test]
async fn a_stopped_monitor_says_so_and_leaves_no_socket() {
    let fake = quick_fake().await;
    let watched = Watched::of(&fake);
    watched.connected().await;
    watched.monitor.stop("shutting down").await;
    assert!(watched.told().last().unwrap().starts_with("Monitor Stopped"));
    fake.wait_until(|state| state.open_sockets == 0).await;
    assert!(matches!(watched.monitor.submit(submission(), None).await, Sent::Away { .. }));
}

#[tokio::test]
async fn an_estimate_is_answered_as_long_as_the_monitor_runs_and_sends_nothing() {
    let fake = quick_fake().await;
    let watched = Watched::of(&fake);
    watched.connected().await;
    let estimate = watched.monitor.estimate(graph(1)).await.unwrap();
    assert_eq!(estimate.estimated_wait_time, 0, "nothing runs and nothing waits");
    assert!(fake.submitted().is_empty());
    watched.monitor.stop("shutting down").await;
    assert_eq!(watched.monitor.estimate(graph(1)).await, None);
}

#[tokio::test]
async fn memory_is_read_again_and_again() {
    let fake = quick_fake().await;
    let timing = Timing { stats: Duration::from_secs(1), ..Timing::default() };
    let watched = Watched::at(&Options { url: fake.base_url(), ..Options::default() }, timing);
    watched.connected().await;
    let broadcast = json!({"type": "crystools.monitor", "data": {"gpus": [{"vram_total": 1000, "vram_used": 250}]}});
    let first = watched.until_status("a reading", |status| status.memory.is_some()).await.memory.unwrap();
    assert!(first.total_bytes > 1_000);
    fake.push_text(CLIENT, &broadcast);
    watched
        .until_status("what the extension said", |status| status.memory.is_some_and(|memory| memory.used_bytes == 250))
        .await;
    watched.until_status("the server's own reading", |status| status.memory == Some(first)).await;
    assert!(!watched.monitor.readings(None).is_empty());
}
