//! What no honest server sends, and what stands in front of one.

mod client;

use client::{Frame, Socket, get, patiently, raw, submit};
use monitor_testkit::hostile::{self, Hostile};
use monitor_testkit::{FakeComfy, Faults, NodeScript, Raw, Script, demo};
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
    let (fake, mut socket) = with(Faults { hostile: all, ..Faults::default() }).await;
    submit(&fake, &portrait()).await;
    socket.until("execution_start").await;
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(socket.next().await);
    }
    assert_eq!(socket.next().await.kind(), "execution_cached");
    assert!(frames.contains(&Frame::Binary(Vec::new())));
    assert!(frames.contains(&Frame::Text(Value::String("{nope".into()))));
    assert!(
        frames.iter().any(|frame| {
            frame.kind() == "huge" && frame.data().as_str().is_some_and(|data| data.len() == 3_000_000)
        })
    );
    assert!(frames.iter().any(|frame| { frame.data()["nodes"].as_object().is_some_and(|nodes| nodes.len() == 1_000) }));
    fake.broadcast(Raw::Binary(vec![0, 0, 3, 233].into()));
    assert_eq!(socket.until("binary").await, Frame::Binary(vec![0, 0, 3, 233]));
}

#[tokio::test]
async fn a_node_can_name_hostile_files_and_none_of_them_reads_a_disk() {
    let output = json!({"images": hostile::file_names()});
    let script = Script::new().previews(false).node("9", NodeScript::new().output(output.clone()));
    let fake = FakeComfy::builder().script(script).speed(0.0).start().await.unwrap();
    let id = submit(&fake, &portrait()).await;
    patiently("the end", fake.wait_idle()).await;
    assert_eq!(get(&fake, &format!("/history/{id}")).await.json()[&id]["outputs"]["9"], output);
    assert_eq!(get(&fake, "/view?filename=../../escape.png").await.status, 400);
    assert_eq!(get(&fake, "/view?filename=passwd&subfolder=/etc").await.status, 403);
}

#[tokio::test]
async fn an_authenticating_proxy_lets_in_only_who_has_the_header_and_serves_under_its_prefix() {
    let faults = Faults { require_header: Some(("authorization".into(), "Bearer secret".into())), ..Faults::default() };
    let fake = FakeComfy::builder().faults(faults).prefix("comfy").start().await.unwrap();
    assert!(fake.base_url().ends_with("/comfy"));
    assert_eq!(get(&fake, "/comfy/queue").await.status, 401);
    let with_header = async |path: &str| {
        raw(&fake, &format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer secret"), b"").await.unwrap().status
    };
    assert_eq!(with_header("/comfy/queue").await, 200);
    assert_eq!(with_header("/comfy/api/queue").await, 200);
    assert_eq!(with_header("/queue").await, 404);
}

#[tokio::test]
async fn foreign_origins_are_refused() {
    let fake = FakeComfy::builder().start().await.unwrap();
    let with = async |header: &str| raw(&fake, &format!("GET /queue HTTP/1.1\r\n{header}"), b"").await.unwrap().status;
    assert_eq!(with("Sec-Fetch-Site: cross-site").await, 403);
    assert_eq!(with("Origin: http://evil.example").await, 403);
    assert_eq!(with(&format!("Origin: http://{}", fake.addr())).await, 200);
}
