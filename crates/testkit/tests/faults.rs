//! What can be made to go wrong, goes wrong as told.

mod client;

use std::time::Duration;

use client::{Frame, Socket, get, kinds, patiently, post, raw, submit};
use monitor_testkit::{FakeComfy, Faults, Script, Times, demo};
use serde_json::{Value, json};

fn portrait() -> Value {
    json!({"prompt": demo::portrait(), "client_id": "me"})
}

#[allow(clippy::unwrap_used)]
async fn with(faults: Faults) -> (FakeComfy, Socket) {
    let script = Script::new().previews(false);
    let fake = FakeComfy::builder().faults(faults).script(script).speed(0.0).start().await.unwrap();
    let socket = Socket::open(&fake, "me").await;
    (fake, socket)
}

/// What one job tells, with these faults.
async fn heard(faults: Faults) -> Vec<Value> {
    let (fake, mut socket) = with(faults).await;
    submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    // A message of ours after all of the job's; a fault may befall it too, so it is pushed until it comes.
    let mut frames = Vec::new();
    loop {
        fake.push_text("me", &json!({"type": "end of test"}));
        let frame = socket.next().await;
        if frame.kind() == "end of test" {
            return frames;
        }
        frames.push(json!([frame.kind(), frame.data()["node"], frame.data()["value"]]));
    }
}

#[tokio::test]
async fn messages_are_dropped_doubled_and_exchanged_by_the_seed_and_always_the_same() {
    let clean = heard(Faults::default()).await;
    for faults in [
        Faults { drop: 0.3, seed: 5, ..Faults::default() },
        Faults { duplicate: 0.3, seed: 5, ..Faults::default() },
        Faults { reorder: 0.3, seed: 5, ..Faults::default() },
    ] {
        let (one, other) = (heard(faults.clone()).await, heard(faults.clone()).await);
        assert_eq!(one, other);
        match faults {
            Faults { drop, .. } if drop > 0.0 => assert!(one.len() < clean.len()),
            Faults { duplicate, .. } if duplicate > 0.0 => assert!(one.len() > clean.len()),
            _ => {
                assert_ne!(one, clean);
                let sorted = |mut messages: Vec<Value>| {
                    messages.sort_by_key(Value::to_string);
                    messages
                };
                assert_eq!(sorted(one), sorted(clean.clone()), "nothing is lost");
            }
        }
    }
}

#[tokio::test]
async fn a_socket_is_cut_after_so_many_messages_each_number_once() {
    let (fake, mut socket) = with(Faults { cut_after: vec![5, 3], hold_after: Some(30), ..Faults::default() }).await;
    submit(&fake, &portrait()).await;
    assert_eq!(kinds(&socket.job().await).len(), 4, "three messages and the end");
    patiently("the end of the socket", fake.wait_until(|state| state.open_sockets == 0 && state.held)).await;
    let mut socket = Socket::open(&fake, "me").await;
    fake.faults(|faults| faults.hold_after = None);
    fake.release();
    let frames = socket.job().await;
    assert_eq!((frames[0].kind(), frames.last()), ("executing", Some(&Frame::End(false))));
    assert_eq!(frames.len(), 7, "executing on connect, five messages and the end");
    fake.wait_idle().await;
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait()).await;
    assert!(kinds(&socket.job().await).contains(&"execution_success"));
}

#[tokio::test]
async fn a_forgotten_socket_stays_open_and_hears_no_more() {
    let (fake, mut socket) = with(Faults { forget_after: Some(4), ..Faults::default() }).await;
    submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    for kind in ["status", "status", "execution_start", "execution_cached"] {
        assert_eq!(socket.next().await.kind(), kind);
    }
    assert!(socket.is_answered().await);
    assert_eq!(fake.state().clients, Vec::<String>::new());
}

#[tokio::test]
async fn the_send_loop_hangs_after_so_many_messages() {
    let (fake, mut socket) = with(Faults { stall_after: Some(3), ..Faults::default() }).await;
    submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    for _ in 0..3 {
        socket.next().await;
    }
    assert!(socket.is_answered().await);
    fake.resume();
    assert!(kinds(&socket.job().await).contains(&"execution_success"));
}

#[tokio::test]
async fn the_server_dies_after_so_many_job_messages_and_comes_back_empty() {
    let faults = Faults { kill_after: Some(7), down_for: Some(Duration::ZERO), ..Faults::default() };
    let (fake, mut socket) = with(faults).await;
    submit(&fake, &portrait()).await;
    let frames = socket.job().await;
    assert_eq!(frames.last(), Some(&Frame::End(false)));
    assert_eq!(frames.len(), 10, "two of status, seven of the job, the end");
    patiently("the restart", fake.wait_until(|state| state.alive && state.open_sockets == 0)).await;
    assert_eq!(get(&fake, "/history").await.json(), json!({}));
    let id = submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(fake.state().history, [id], "it dies once");
}

#[tokio::test]
async fn the_answer_to_a_submission_may_come_after_the_jobs_first_messages() {
    let (fake, mut socket) = with(Faults { answer_after: Some(6), hold_after: Some(5), ..Faults::default() }).await;
    let body = portrait();
    let answer = post(&fake, "/prompt", &body);
    let order = async {
        socket.until("executing").await;
        fake.release();
    };
    let (reply, ()) = tokio::join!(answer, order);
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn an_old_server_chooses_its_own_ids_and_tells_only_progress() {
    let (fake, mut socket) =
        with(Faults { own_prompt_ids: true, old_messages: true, interrupt_ignores_id: true, ..Faults::default() })
            .await;
    let mut body = portrait();
    body["prompt_id"] = json!("4753d324-f318-4fb0-b5c6-bc92576d8ba5");
    assert_ne!(submit(&fake, &body).await, body["prompt_id"]);
    let frames = socket.job().await;
    assert!(!kinds(&frames).contains(&"progress_state"));
    assert!(kinds(&frames).contains(&"progress"));

    fake.faults(|faults| faults.hold_after = Some(5));
    submit(&fake, &body).await;
    patiently("the hold", fake.wait_until(|state| state.held)).await;
    post(&fake, "/interrupt", &json!({"prompt_id": "another"})).await;
    assert!(kinds(&socket.job().await).contains(&"execution_interrupted"));
}

#[tokio::test]
async fn an_old_server_lacks_routes_and_does_not_answer_feature_flags() {
    let missing_routes = vec!["/api/jobs".to_owned(), "/features".to_owned()];
    let (fake, mut socket) = with(Faults { missing_routes, old_messages: true, ..Faults::default() }).await;
    assert_eq!(get(&fake, "/api/jobs").await.status, 404);
    assert_eq!(get(&fake, "/features").await.status, 404);
    assert_eq!(get(&fake, "/history").await.status, 200);
    socket.send(&json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}})).await;
    patiently("the flags", fake.wait_until(|_| !fake.heard().is_empty())).await;
    assert!(socket.is_answered().await, "nothing came before the pong");
}

#[tokio::test]
async fn a_kill_does_not_wait_for_requests_under_way() {
    let (fake, _socket) = with(Faults { answer_after: Some(10), hold_after: Some(5), ..Faults::default() }).await;
    let head = "POST /prompt HTTP/1.1";
    let body = portrait().to_string();
    let kill = async {
        patiently("the hold", fake.wait_until(|state| state.held)).await;
        patiently("the death", fake.kill()).await;
    };
    let (reply, ()) = tokio::join!(raw(&fake, head, body.as_bytes()), kill);
    assert!(reply.is_err(), "{reply:?}");
    assert!(!fake.state().alive);
}

#[tokio::test]
async fn submissions_are_refused_as_often_as_told() {
    let (fake, _socket) = with(Faults { refuse: Times::Next(2), ..Faults::default() }).await;
    for _ in 0..2 {
        let reply = post(&fake, "/prompt", &portrait()).await;
        assert_eq!(
            (reply.status, reply.json()["error"]["type"].clone()),
            (400, json!("prompt_outputs_failed_validation"))
        );
    }
    submit(&fake, &portrait()).await;
    let refused: Vec<_> = fake.submitted().iter().map(|submitted| submitted.prompt_id.is_none()).collect();
    assert_eq!(refused, [true, true, false]);
}

#[tokio::test]
async fn history_queue_and_view_fail_as_often_as_told() {
    let (fake, _socket) = with(Faults::default()).await;
    let id = submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    let file = "/view?filename=portrait_00001_.png&subfolder=demo";
    fake.faults(|faults| {
        faults.history_fails = Times::Next(2);
        faults.queue_fails = Times::Next(1);
        faults.view_fails = Times::Next(1);
        faults.view_cut = Times::Next(1);
    });
    assert_eq!(get(&fake, "/queue").await.status, 500);
    assert_eq!(get(&fake, "/queue").await.status, 200);
    assert_eq!(get(&fake, &format!("/history/{id}")).await.status, 500);
    assert_eq!(get(&fake, "/api/jobs").await.status, 500);
    assert_eq!(get(&fake, &format!("/history/{id}")).await.status, 200);
    assert_eq!(get(&fake, file).await.status, 500);
    let cut = get(&fake, file).await;
    let announced: usize = cut.headers["content-length"].parse().unwrap();
    assert!(cut.body.len() < announced, "{} of {announced}", cut.body.len());
    assert_eq!(get(&fake, file).await.body.len(), announced);
}

#[tokio::test]
async fn while_object_info_is_built_no_message_leaves_the_server() {
    let takes = Duration::from_millis(300);
    let (fake, mut socket) = with(Faults { object_info_takes: takes, ..Faults::default() }).await;
    let push = async {
        let request = get(&fake, "/object_info/KSampler");
        tokio::pin!(request);
        let mut beat = tokio::time::interval(Duration::from_millis(2));
        let reply = loop {
            tokio::select! {
                reply = &mut request => break reply,
                _ = beat.tick() => fake.push_text("me", &json!({"type": "beat"})),
            }
        };
        fake.push_text("me", &json!({"type": "last"}));
        reply
    };
    let listen = async {
        let (mut before, mut longest) = (std::time::Instant::now(), Duration::ZERO);
        while socket.next().await.kind() == "beat" {
            longest = longest.max(before.elapsed());
            before = std::time::Instant::now();
        }
        longest.max(before.elapsed())
    };
    let (reply, silence) = tokio::join!(push, listen);
    assert_eq!(reply.status, 200);
    assert!(silence >= takes / 2, "the longest silence was {silence:?}");
}
