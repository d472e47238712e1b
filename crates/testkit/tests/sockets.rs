//! Who hears what: the map of client ids, its faults, and what is told on connect.

mod client;

use client::{Frame, Socket, get, patiently, submit};
use monitor_testkit::{FakeComfy, NodeScript, Script, demo};
use serde_json::{Value, json};

#[allow(clippy::unwrap_used)]
async fn fake() -> FakeComfy {
    let script = Script::new().node("3", NodeScript::new().held_at(2));
    FakeComfy::builder().script(script).speed(0.0).start().await.unwrap()
}

fn portrait(client: &str) -> Value {
    json!({"prompt": demo::portrait(), "client_id": client})
}

#[tokio::test]
async fn only_the_submitter_hears_a_job_and_all_hear_the_queue() {
    let fake = fake().await;
    let (mut mine, mut other) = (Socket::open(&fake, "me").await, Socket::open(&fake, "other").await);
    fake.release();
    submit(&fake, &portrait("me")).await;
    assert!(client::kinds(&mine.job().await).contains(&"progress"));
    for expected in [1, 1, 0] {
        let frame = other.next().await;
        assert_eq!(
            (frame.kind(), &frame.data()["status"]["exec_info"]["queue_remaining"]),
            ("status", &json!(expected))
        );
    }
    fake.push_text("other", &json!({"type": "the next", "data": null}));
    assert_eq!(other.next().await.kind(), "the next");
}

#[tokio::test]
async fn a_job_for_a_client_that_is_not_there_is_told_to_nobody() {
    let fake = fake().await;
    let mut observer = Socket::open(&fake, "observer").await;
    fake.release();
    let id = submit(&fake, &portrait("nobody-is-here")).await;
    patiently("the end", fake.wait_idle()).await;
    for _ in 0..3 {
        assert_eq!(observer.next().await.kind(), "status");
    }
    assert_eq!(get(&fake, &format!("/history/{id}")).await.json()[&id]["status"]["status_str"], "success");
}

#[tokio::test]
async fn the_second_socket_of_an_id_takes_over_and_the_first_stays_open_and_deaf() {
    let fake = fake().await;
    let mut first = Socket::open(&fake, "me").await;
    let mut second = Socket::open(&fake, "me").await;
    fake.release();
    submit(&fake, &portrait("me")).await;
    assert!(client::kinds(&second.job().await).contains(&"execution_start"));
    assert!(first.is_answered().await, "a ping is answered, and nothing was heard before it");
}

#[tokio::test]
async fn when_the_old_socket_ends_later_the_new_one_is_forgotten() {
    let fake = fake().await;
    let first = Socket::open(&fake, "me").await;
    let mut second = Socket::open(&fake, "me").await;
    first.close().await;
    let state = patiently("the end of the first", fake.wait_until(|state| state.open_sockets == 1)).await;
    assert!(state.clients.is_empty());
    fake.release();
    submit(&fake, &portrait("me")).await;
    patiently("the end", fake.wait_idle()).await;
    assert!(second.is_answered().await, "not even a status came before the pong");

    let mut third = Socket::open(&fake, "me").await;
    fake.release();
    submit(&fake, &portrait("me")).await;
    assert!(client::kinds(&third.job().await).contains(&"execution_success"));
}

#[tokio::test]
async fn a_reconnect_in_a_job_is_told_the_node_that_started_last_and_then_hears_on() {
    let fake = fake().await;
    let mut socket = Socket::open(&fake, "me").await;
    submit(&fake, &portrait("me")).await;
    socket.until("progress").await;
    patiently("the hold", fake.wait_until(|state| state.held)).await;
    fake.cut_sockets();
    assert_eq!(socket.job().await.last(), Some(&Frame::End(false)));
    patiently("the end of the socket", fake.wait_until(|state| state.open_sockets == 0)).await;
    let mut socket = Socket::open(&fake, "me").await;
    let again = socket.next().await;
    assert_eq!((again.kind(), again.data()), ("executing", &json!({"node": "3"})));
    let mut stranger = Socket::open(&fake, "stranger").await;
    fake.release();
    assert_eq!(socket.next().await.kind(), "progress_state");
    assert_eq!(stranger.next().await.kind(), "status", "whose job it is not hears no executing");
}

#[tokio::test]
async fn feature_flags_count_only_as_the_first_message_and_only_for_this_connection() {
    let fake = fake().await;
    let flags = json!({"type": "feature_flags", "data": {"supports_preview_metadata": true}});
    let mut socket = Socket::open(&fake, "me").await;
    socket.send(&flags).await;
    assert_eq!(socket.next().await.kind(), "feature_flags");
    let preview = async |socket: &mut Socket| {
        fake.release();
        submit(&fake, &portrait("me")).await;
        let Frame::Binary(frame) = socket.until("binary").await else { unreachable!() };
        socket.job().await;
        frame[3]
    };
    assert_eq!(preview(&mut socket).await, 4);
    socket.close().await;
    patiently("the end of the socket", fake.wait_until(|state| state.open_sockets == 0)).await;

    let mut socket = Socket::open(&fake, "me").await;
    socket.send(&json!({"type": "something else"})).await;
    socket.send(&flags).await;
    patiently("both messages", fake.wait_until(|_| fake.heard().len() == 3)).await;
    assert_eq!(preview(&mut socket).await, 1);
}

#[tokio::test]
async fn without_a_client_id_the_server_makes_one_and_tells_it() {
    let fake = fake().await;
    let mut socket = Socket::open_unread(&fake, "").await;
    let sid = socket.next().await.data()["sid"].as_str().unwrap().to_owned();
    assert!(sid.len() == 32 && sid.chars().all(|letter| letter.is_ascii_hexdigit()), "{sid}");
    fake.release();
    submit(&fake, &portrait(&sid)).await;
    socket.until("execution_success").await;
}

#[tokio::test]
async fn while_the_send_loop_hangs_jobs_go_on_unheard_and_new_sockets_get_their_first_status() {
    let fake = fake().await;
    let mut socket = Socket::open(&fake, "me").await;
    fake.stall();
    fake.release();
    submit(&fake, &portrait("me")).await;
    patiently("the end", fake.wait_idle()).await;
    assert!(socket.is_answered().await, "nothing was heard before the pong");
    let mut second = Socket::open(&fake, "second").await;
    fake.resume();
    assert!(client::kinds(&socket.job().await).contains(&"execution_success"), "all that piled up comes");
    assert_eq!(second.next().await.kind(), "status");
}

#[tokio::test]
async fn one_client_that_does_not_read_stops_messages_for_all_until_it_is_cut() {
    let fake = FakeComfy::builder().speed(0.0).send_buffer(4096).start().await.unwrap();
    let mut good = Socket::open(&fake, "good").await;
    let stalled = Socket::open(&fake, "stalled").await;
    for _ in 0..100 {
        fake.push_text("stalled", &json!({"type": "big", "data": "x".repeat(200_000)}));
    }
    fake.push_text("good", &json!({"type": "behind", "data": null}));
    assert!(good.is_answered().await, "the connection lives, and nothing was heard");
    fake.cut_socket("stalled");
    assert_eq!(good.next().await.kind(), "behind");
    drop(stalled);
}
