//! What can be made to go wrong, goes wrong as told.

mod client;

use std::time::Duration;

use client::{Frame, Socket, get, kinds, patiently, post, raw, submit};
use monitor_testkit::hostile::{self, Hostile};
use monitor_testkit::{Builder, FakeComfy, Faults, NodeScript, Raw, Script, Times, demo};
use serde_json::{Value, json};

fn portrait() -> Value {
    json!({"prompt": demo::portrait(), "client_id": "me"})
}

#[allow(clippy::unwrap_used)]
async fn start(builder: Builder) -> (FakeComfy, Socket) {
    let fake = builder
        .speed(0.0)
        .script(Script::new().previews(false))
        .start()
        .await
        .unwrap();
    let socket = Socket::open(&fake, "me").await;
    (fake, socket)
}

async fn with(faults: Faults) -> (FakeComfy, Socket) {
    start(FakeComfy::builder().faults(faults)).await
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
        frames.push(json!([
            frame.kind(),
            frame.data()["node"],
            frame.data()["value"]
        ]));
    }
}

#[tokio::test]
async fn messages_are_dropped_doubled_and_exchanged_by_the_seed_and_always_the_same() {
    let clean = heard(Faults::default()).await;
    for faults in [
        Faults {
            drop: 0.3,
            seed: 5,
            ..Faults::default()
        },
        Faults {
            duplicate: 0.3,
            seed: 5,
            ..Faults::default()
        },
        Faults {
            reorder: 0.3,
            seed: 5,
            ..Faults::default()
        },
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
    let (fake, mut socket) = with(Faults {
        cut_after: vec![5, 3],
        hold_after: Some(30),
        ..Faults::default()
    })
    .await;
    submit(&fake, &portrait()).await;
    assert_eq!(
        kinds(&socket.job().await).len(),
        4,
        "three messages and the end"
    );
    patiently(
        "the end of the socket",
        fake.wait_until(|state| state.open_sockets == 0 && state.held),
    )
    .await;
    let mut socket = Socket::open(&fake, "me").await;
    fake.faults(|faults| faults.hold_after = None);
    fake.release();
    let frames = socket.job().await;
    assert_eq!(
        (frames[0].kind(), frames.last()),
        ("executing", Some(&Frame::End(false)))
    );
    assert_eq!(
        frames.len(),
        7,
        "executing on connect, five messages and the end"
    );
    fake.wait_idle().await;
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait()).await;
    assert!(kinds(&socket.job().await).contains(&"execution_success"));
}

#[tokio::test]
async fn a_forgotten_socket_stays_open_and_hears_no_more() {
    let (fake, mut socket) = with(Faults {
        forget_after: Some(4),
        ..Faults::default()
    })
    .await;
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
    let (fake, mut socket) = with(Faults {
        stall_after: Some(3),
        ..Faults::default()
    })
    .await;
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
    let faults = Faults {
        kill_after: Some(7),
        down_for: Some(Duration::ZERO),
        ..Faults::default()
    };
    let (fake, mut socket) = with(faults).await;
    submit(&fake, &portrait()).await;
    let frames = socket.job().await;
    assert_eq!(frames.last(), Some(&Frame::End(false)));
    assert_eq!(frames.len(), 10, "two of status, seven of the job, the end");
    patiently(
        "the restart",
        fake.wait_until(|state| state.alive && state.open_sockets == 0),
    )
    .await;
    assert_eq!(get(&fake, "/history").await.json(), json!({}));
    let id = submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(fake.state().history, [id], "it dies once");
}

#[tokio::test]
async fn the_answer_to_a_submission_may_come_after_the_jobs_first_messages() {
    let (fake, mut socket) = with(Faults {
        answer_after: Some(6),
        hold_after: Some(5),
        ..Faults::default()
    })
    .await;
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
    let (fake, mut socket) = with(Faults {
        own_prompt_ids: true,
        old_messages: true,
        interrupt_ignores_id: true,
        ..Faults::default()
    })
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
    let (fake, mut socket) = with(Faults {
        missing_routes,
        old_messages: true,
        ..Faults::default()
    })
    .await;
    assert_eq!(get(&fake, "/api/jobs").await.status, 404);
    assert_eq!(get(&fake, "/features").await.status, 404);
    assert_eq!(get(&fake, "/history").await.status, 200);
    socket
        .send(&json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}}))
        .await;
    patiently("the flags", fake.wait_until(|_| !fake.heard().is_empty())).await;
    assert!(socket.is_answered().await, "nothing came before the pong");
}

#[tokio::test]
async fn a_kill_does_not_wait_for_requests_under_way() {
    let (fake, _socket) = with(Faults {
        answer_after: Some(10),
        hold_after: Some(5),
        ..Faults::default()
    })
    .await;
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
    let (fake, _socket) = with(Faults {
        refuse: Times::Next(2),
        ..Faults::default()
    })
    .await;
    for _ in 0..2 {
        let reply = post(&fake, "/prompt", &portrait()).await;
        assert_eq!(
            (reply.status, reply.json()["error"]["type"].clone()),
            (400, json!("prompt_outputs_failed_validation"))
        );
    }
    submit(&fake, &portrait()).await;
    let refused: Vec<_> = fake
        .submitted()
        .iter()
        .map(|submitted| submitted.prompt_id.is_none())
        .collect();
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
    assert!(
        cut.body.len() < announced,
        "{} of {announced}",
        cut.body.len()
    );
    assert_eq!(get(&fake, file).await.body.len(), announced);
}

#[tokio::test]
async fn while_object_info_is_built_no_message_leaves_the_server() {
    let (fake, mut socket) = with(Faults {
        object_info_takes: Duration::from_millis(300),
        ..Faults::default()
    })
    .await;
    let began = std::time::Instant::now();
    let push = async {
        patiently(
            "the request",
            fake.wait_until(|_| {
                fake.requests()
                    .iter()
                    .any(|request| request.path == "/object_info/KSampler")
            }),
        )
        .await;
        // The handler holds the loop from its first moment; this message queues behind it or slips in before it.
        for _ in 0..50 {
            fake.push_text("me", &json!({"type": "behind"}));
            tokio::task::yield_now().await;
        }
        for _ in 0..50 {
            socket.until("behind").await;
        }
        began.elapsed()
    };
    let (reply, last) = tokio::join!(get(&fake, "/object_info/KSampler"), push);
    assert_eq!(reply.status, 200);
    assert!(
        last >= Duration::from_millis(300),
        "the last came after {last:?}"
    );
}

#[tokio::test]
async fn an_authenticating_proxy_lets_in_only_who_has_the_header_and_serves_under_its_prefix() {
    let faults = Faults {
        require_header: Some(("authorization".into(), "Bearer secret".into())),
        ..Faults::default()
    };
    let fake = FakeComfy::builder()
        .faults(faults)
        .prefix("comfy")
        .start()
        .await
        .unwrap();
    assert!(fake.base_url().ends_with("/comfy"));
    assert_eq!(get(&fake, "/comfy/queue").await.status, 401);
    let with_header = async |path: &str| {
        raw(
            &fake,
            &format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer secret"),
            b"",
        )
        .await
        .unwrap()
        .status
    };
    assert_eq!(with_header("/comfy/queue").await, 200);
    assert_eq!(with_header("/comfy/api/queue").await, 200);
    assert_eq!(with_header("/queue").await, 404);
}

#[tokio::test]
async fn foreign_origins_are_refused() {
    let fake = FakeComfy::builder().start().await.unwrap();
    let with = async |header: &str| {
        raw(&fake, &format!("GET /queue HTTP/1.1\r\n{header}"), b"")
            .await
            .unwrap()
            .status
    };
    assert_eq!(with("Sec-Fetch-Site: cross-site").await, 403);
    assert_eq!(with("Origin: http://evil.example").await, 403);
    assert_eq!(with(&format!("Origin: http://{}", fake.addr())).await, 200);
}

#[tokio::test]
async fn hostile_frames_go_out_as_they_are() {
    let all = vec![
        Hostile::ShortFrames,
        Hostile::BadJson,
        Hostile::PythonJson,
        Hostile::WrongTypes,
        Hostile::Nested(10),
        Hostile::Huge(3_000_000),
        Hostile::ManyNodes(1_000),
        Hostile::FileNames,
    ];
    let count: usize = all.iter().map(|kind| kind.frames().len()).sum();
    let (fake, mut socket) = with(Faults {
        hostile: all,
        ..Faults::default()
    })
    .await;
    submit(&fake, &portrait()).await;
    socket.until("execution_start").await;
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(socket.next().await);
    }
    assert_eq!(socket.next().await.kind(), "execution_cached");
    assert!(frames.contains(&Frame::Binary(Vec::new())));
    assert!(frames.contains(&Frame::Text(Value::String("{nope".into()))));
    assert!(frames.iter().any(|frame| {
        frame.kind() == "huge"
            && frame
                .data()
                .as_str()
                .is_some_and(|data| data.len() == 3_000_000)
    }));
    assert!(frames.iter().any(|frame| {
        frame.data()["nodes"]
            .as_object()
            .is_some_and(|nodes| nodes.len() == 1_000)
    }));
    fake.broadcast(Raw::Binary(vec![0, 0, 3, 233].into()));
    assert_eq!(
        socket.until("binary").await,
        Frame::Binary(vec![0, 0, 3, 233])
    );
}

#[tokio::test]
async fn a_node_can_name_hostile_files_and_none_of_them_reads_a_disk() {
    let output = json!({"images": hostile::file_names()});
    let script = Script::new()
        .previews(false)
        .node("9", NodeScript::new().output(output.clone()));
    let fake = FakeComfy::builder()
        .script(script)
        .speed(0.0)
        .start()
        .await
        .unwrap();
    let id = submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(
        get(&fake, &format!("/history/{id}")).await.json()[&id]["outputs"]["9"],
        output
    );
    assert_eq!(
        get(&fake, "/view?filename=../../escape.png").await.status,
        400
    );
    assert_eq!(
        get(&fake, "/view?filename=passwd&subfolder=/etc")
            .await
            .status,
        403
    );
}
